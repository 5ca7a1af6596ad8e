"""The C that every generated module starts with: elementary functions and one matrix kernel.

Kept as text because it is emitted: the generated file depends on nothing but the C library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import final

import numpy as np


@final
@dataclass(frozen=True)
class Precision:
    """One of C's two formats: the type's name, what its literals and functions end in."""

    name: str
    suffix: str
    dtype: type[np.floating]


DOUBLE, SINGLE = Precision("double", "", np.float64), Precision("float", "f", np.float32)


def prelude(precision: Precision = DOUBLE) -> str:
    """Includes, exponentials, activations and products in one precision, as C."""
    single = precision is SINGLE
    head = _HEAD.replace("REAL", precision.name) + (_EXP_SINGLE if single else _EXP_DOUBLE)
    rest = re.sub(r"\b(fabs|copysign|log)\(", rf"\1{precision.suffix}(", _REST)
    return head + re.sub(r"(\d\.\d+)", rf"\1{precision.suffix}", rest)


_HEAD = r"""#include <math.h>
#include <stdint.h>
#include <string.h>

typedef REAL real;"""

_EXP_DOUBLE = r"""
/* exp(x) and exp(x) - 1 for x <= 0, by x = k ln 2 + r: 2^k times the Taylor polynomial of
   degree 13, whose relative error on |r| <= ln(2)/2 is 2e-17. Straight-line code, so that loops
   over it become vector instructions. exp(x) is 0 below -708, where it would be subnormal. */
static inline __attribute__((always_inline)) void exp_pair(double x, double *e, double *em1)
{
    const double shift = 0x1.8p52;
    double z = x < -708.0 ? -708.0 : x;
    double kd = z * 1.4426950408889634 + shift;
    int64_t bits;
    memcpy(&bits, &kd, 8);
    kd -= shift;
    double r = z - kd * 0x1.62e42fefa3800p-1;
    r = r - kd * 0x1.ef35793c76730p-45;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = r + p * (r * r);
    bits = (int64_t)((uint64_t)bits << 52) + INT64_C(0x3ff0000000000000);
    double s;
    memcpy(&s, &bits, 8);
    double keep = x < -708.0 ? 0.0 : 1.0;
    *em1 = s * p + (s - 1.0);
    *e = keep * (s + s * p);
}

"""

_EXP_SINGLE = r"""
/* exp(x) and exp(x) - 1 for x <= 0, by x = k ln 2 + r: 2^k times the Taylor polynomial of
   degree 7, whose relative error on |r| <= ln(2)/2 is 6e-9. Straight-line code, so that loops
   over it become vector instructions. exp(x) is 0 below -87, where it would be subnormal. */
static inline __attribute__((always_inline)) void exp_pair(float x, float *e, float *em1)
{
    const float shift = 0x1.8p23f;
    float z = x < -87.0f ? -87.0f : x;
    float kd = z * 1.44269504f + shift;
    int32_t bits;
    memcpy(&bits, &kd, 4);
    kd -= shift;
    float r = z - kd * 0x1.62e4p-1f;
    r = r - kd * 0x1.7f7d1cp-20f;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = r + p * (r * r);
    bits = (int32_t)((uint32_t)bits << 23) + INT32_C(0x3f800000);
    float s;
    memcpy(&s, &bits, 4);
    float keep = x < -87.0f ? 0.0f : 1.0f;
    *em1 = s * p + (s - 1.0f);
    *e = keep * (s + s * p);
}

"""

_REST = r"""
/* tanh and the logistic function with their derivatives. The derivatives are 4E/(1+E)^2 and
   E/(1+E)^2: 1 - h^2 would lose its digits when |h| is near 1. */
static inline __attribute__((always_inline)) real act_tanh(real a)
{
    real e, m;
    exp_pair(-2.0 * fabs(a), &e, &m);
    return copysign(m / (2.0 + m), a);
}

static inline __attribute__((always_inline)) real act_tanh_d1(real a)
{
    real e, m;
    exp_pair(-2.0 * fabs(a), &e, &m);
    return 4.0 * e / ((1.0 + e) * (1.0 + e));
}

static inline __attribute__((always_inline)) real act_sigma(real a)
{
    real e, m;
    exp_pair(-fabs(a), &e, &m);
    real top = a >= 0.0 ? 1.0 : e;
    return top / (1.0 + e);
}

static inline __attribute__((always_inline)) real act_sigma_d1(real a)
{
    real e, m;
    exp_pair(-fabs(a), &e, &m);
    return e / ((1.0 + e) * (1.0 + e));
}

static inline real act_relu(real a) { return a > 0.0 ? a : 0.0; }
static inline real act_relu_d1(real a) { return a > 0.0 ? 1.0 : 0.0; }
static inline real act_abs_d1(real a) { return a > 0.0 ? 1.0 : -1.0; }

/* exp for x <= 0. */
static inline __attribute__((always_inline)) real act_exp(real x)
{
    real e, m;
    exp_pair(x, &e, &m);
    return e;
}

/* Matrix products. Y (rows x N) = X (rows x K) M (K x N), M packed into panels of WIDTH columns
   so that a panel is read from front to back. X has element (i, k) at i * si + k * sk, a row of
   Y begins every ldy places. */
#ifdef __AVX512F__
#define BYTES 64
#else
#define BYTES 32
#endif
#define LANES (BYTES / (long)sizeof(real))
#define WIDTH (2 * LANES)
typedef real vec __attribute__((vector_size(BYTES), aligned(sizeof(real))));

/* M[k][n] = W[n * ldw + k] if transposed, else W[k * ldw + n]; the last panel is filled with 0. */
static void pack(
    real *restrict panels, const real *restrict W, long ldw, long K, long N, int transposed)
{
    for (long j0 = 0; j0 < N; j0 += WIDTH, panels += WIDTH * K) {
        const long width = N - j0 < WIDTH ? N - j0 : WIDTH;
        if (width < WIDTH)
            memset(panels, 0, sizeof(real) * WIDTH * K);
        if (transposed)
            for (long j = 0; j < width; j++)
                for (long k = 0; k < K; k++)
                    panels[k * WIDTH + j] = W[(j0 + j) * ldw + k];
        else if (width == WIDTH)
            for (long k = 0; k < K; k++)
                memcpy(panels + k * WIDTH, W + k * ldw + j0, WIDTH * sizeof(real));
        else
            for (long k = 0; k < K; k++)
                memcpy(panels + k * WIDTH, W + k * ldw + j0, width * sizeof(real));
    }
}

static long packed_size(long K, long N) { return (N + WIDTH - 1) / WIDTH * WIDTH * K; }

#define TILE(ROWS)                                                                              \
    static inline __attribute__((always_inline)) void tile_##ROWS(                              \
        real *Y, long ldy, const real *X, long si, long sk, const real *panel, long K,    \
        long width, int add)                                                                    \
    {                                                                                           \
        vec acc[ROWS][2] = {{{0}}};                                                             \
        for (long k = 0; k < K; k++) {                                                          \
            const vec b0 = *(const vec *)(panel + k * WIDTH);                                   \
            const vec b1 = *(const vec *)(panel + k * WIDTH + LANES);                           \
            _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++) {                            \
                const real a = X[i * si + k * sk];                                            \
                acc[i][0] += a * b0;                                                            \
                acc[i][1] += a * b1;                                                            \
            }                                                                                   \
        }                                                                                       \
        _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++) {                                \
            if (width == WIDTH) {                                                               \
                vec *y = (vec *)(Y + i * ldy);                                                  \
                y[0] = add ? y[0] + acc[i][0] : acc[i][0];                                      \
                y[1] = add ? y[1] + acc[i][1] : acc[i][1];                                      \
            } else {                                                                            \
                real out[WIDTH];                                                              \
                memcpy(out, acc[i], sizeof out);                                                \
                for (long j = 0; j < width; j++)                                                \
                    Y[i * ldy + j] = add ? Y[i * ldy + j] + out[j] : out[j];                    \
            }                                                                                   \
        }                                                                                       \
    }
TILE(8)
TILE(4)

/* One row: two steps of k at once, for more additions in flight. */
static inline __attribute__((always_inline)) void tile_1(
    real *Y, const real *X, long sk, const real *panel, long K, long width, int add)
{
    vec a0 = {0}, a1 = {0}, b0 = {0}, b1 = {0};
    long k = 0;
    for (; k + 1 < K; k += 2) {
        const vec *p = (const vec *)(panel + k * WIDTH);
        a0 += X[k * sk] * p[0];
        a1 += X[k * sk] * p[1];
        b0 += X[(k + 1) * sk] * p[2];
        b1 += X[(k + 1) * sk] * p[3];
    }
    if (k < K) {
        const vec *p = (const vec *)(panel + k * WIDTH);
        a0 += X[k * sk] * p[0];
        a1 += X[k * sk] * p[1];
    }
    real out[WIDTH];
    a0 += b0;
    a1 += b1;
    memcpy(out, &a0, sizeof a0);
    memcpy(out + LANES, &a1, sizeof a1);
    for (long j = 0; j < width; j++)
        Y[j] = add ? Y[j] + out[j] : out[j];
}

static __attribute__((noinline)) void product(
    real *Y, long ldy, long rows, long N, const real *X, long si, long sk, const real *panels,
    long K, int add)
{
    for (long j = 0; j < N; j += WIDTH) {
        const real *panel = panels + j * K;
        const long width = N - j < WIDTH ? N - j : WIDTH;
        long i = 0;
        for (; i + 8 <= rows; i += 8)
            tile_8(Y + i * ldy + j, ldy, X + i * si, si, sk, panel, K, width, add);
        for (; i + 4 <= rows; i += 4)
            tile_4(Y + i * ldy + j, ldy, X + i * si, si, sk, panel, K, width, add);
        for (; i < rows; i++)
            tile_1(Y + i * ldy + j, X + i * si, sk, panel, K, width, add);
    }
}

/* The sum over rows of outer products: Y (N x M) = G^T X with G (rows x N) and X (rows x M), whose
   rows begin every ldg and ldx places. Taken BLOCK rows at a time, X packed into panels and G into
   strips of 8 columns: both stay in the caches while they are used. */
#define BLOCK 192
static long outer_scratch(long M) { return packed_size(BLOCK, M) + 8 * BLOCK; }

static __attribute__((noinline)) void outer_sum(
    real *Y, const real *G, long ldg, long N, const real *X, long ldx, long M, long rows,
    real *scratch)
{
    real *strip = scratch + packed_size(BLOCK, M);
    if (rows == 0)
        memset(Y, 0, sizeof(real) * N * M);
    for (long r = 0; r < rows; r += BLOCK) {
        const long count = rows - r < BLOCK ? rows - r : BLOCK;
        pack(scratch, X + r * ldx, ldx, count, M, 0);
        for (long i = 0; i < N; i += 8) {
            const long high = N - i < 8 ? N - i : 8;
            const real *g = G + r * ldg + i;
            if (high == 8)
                for (long k = 0; k < count; k++)
                    memcpy(strip + k * 8, g + k * ldg, 8 * sizeof(real));
            else
                for (long k = 0; k < count; k++)
                    memcpy(strip + k * 8, g + k * ldg, high * sizeof(real));
            product(Y + i * M, M, high, M, strip, 1, 8, scratch, count, r > 0);
        }
    }
}

static void column_sum(real *Y, const real *G, long ldg, long N, long rows)
{
    memset(Y, 0, sizeof(real) * N);
    for (long r = 0; r < rows; r++)
        for (long j = 0; j < N; j++)
            Y[j] += G[r * ldg + j];
}

/* A row's softmax, or its logarithm; x may be y. */
static inline void softmax(real *y, const real *x, long width)
{
    real peak = -INFINITY, total = 0.0;
    for (long j = 0; j < width; j++)
        peak = x[j] > peak ? x[j] : peak;
    for (long j = 0; j < width; j++)
        y[j] = act_exp(x[j] - peak);
    for (long j = 0; j < width; j++)
        total += y[j];
    for (long j = 0; j < width; j++)
        y[j] /= total;
}

static inline void logsoftmax(real *y, const real *x, long width)
{
    real peak = -INFINITY, total = 0.0;
    for (long j = 0; j < width; j++)
        peak = x[j] > peak ? x[j] : peak;
    for (long j = 0; j < width; j++)
        y[j] = act_exp(x[j] - peak);
    for (long j = 0; j < width; j++)
        total += y[j];
    total = log(total);
    for (long j = 0; j < width; j++)
        y[j] = x[j] - peak - total;
}
"""
