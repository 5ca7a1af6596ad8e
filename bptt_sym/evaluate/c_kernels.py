"""The C that every generated module starts with: elementary functions and matrix products.

Kept as text because it is emitted: the generated file depends on nothing but the C library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import final

import numpy as np

from bptt_sym.evaluate.c_products import PRODUCTS


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
    rest = re.sub(r"\b(fabs|copysign|log)\(", rf"\1{precision.suffix}(", _REST + PRODUCTS)
    rest = rest.replace("PLACE", "int32_t" if single else "int64_t")
    whole = head + re.sub(r"(\d\.\d+)", rf"\1{precision.suffix}", rest)
    # Which of the products are used depends on the cell.
    return re.sub(r"(?m)^static (?!inline)", "static __attribute__((unused)) ", whole)


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
    const real q = 1.0 / (2.0 + m);
    return copysign(m * q, a);
}

static inline __attribute__((always_inline)) real act_tanh_d1(real a)
{
    real e, m;
    exp_pair(-2.0 * fabs(a), &e, &m);
    const real q = 1.0 / (2.0 + m);
    return 4.0 * e * q * q;
}

static inline __attribute__((always_inline)) real act_sigma(real a)
{
    real e, m;
    exp_pair(-fabs(a), &e, &m);
    real top = a >= 0.0 ? 1.0 : e;
    const real q = 1.0 / (1.0 + e);
    return top * q;
}

static inline __attribute__((always_inline)) real act_sigma_d1(real a)
{
    real e, m;
    exp_pair(-fabs(a), &e, &m);
    const real q = 1.0 / (1.0 + e);
    return e * q * q;
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
