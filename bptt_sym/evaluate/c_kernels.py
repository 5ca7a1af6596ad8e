"""The C that every generated module starts with: elementary functions and one matrix kernel.

Kept as text because it is emitted: the generated file depends on nothing but the C library.
"""

PRELUDE = r"""#include <math.h>
#include <stdint.h>
#include <string.h>

/* exp(x) and exp(x) - 1 for x <= 0, by x = k ln 2 + r: 2^k times the Taylor polynomial of
   degree 13, whose relative error on |r| <= ln(2)/2 is 2e-17. Straight-line code, so that loops
   over it become vector instructions. exp(x) is 0 below -708, where it would be subnormal. */
static inline __attribute__((always_inline)) void exp_pair(double x, double *e, double *em1)
{
    const double shift = 0x1.8p52;
    double z = x > -708.0 ? x : -708.0;
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
    double keep = x > -708.0 ? 1.0 : 0.0;
    *em1 = s * p + (s - 1.0);
    *e = keep * (s + s * p);
}

/* tanh and the logistic function with their derivatives. The derivatives are 4E/(1+E)^2 and
   E/(1+E)^2: 1 - h^2 would lose its digits when |h| is near 1. */
static inline __attribute__((always_inline)) double act_tanh(double a)
{
    double e, m;
    exp_pair(-2.0 * fabs(a), &e, &m);
    return copysign(m / (2.0 + m), a);
}

static inline __attribute__((always_inline)) double act_tanh_d1(double a)
{
    double e, m;
    exp_pair(-2.0 * fabs(a), &e, &m);
    return 4.0 * e / ((1.0 + e) * (1.0 + e));
}

static inline __attribute__((always_inline)) double act_sigma(double a)
{
    double e, m;
    exp_pair(-fabs(a), &e, &m);
    double top = a >= 0.0 ? 1.0 : e;
    return top / (1.0 + e);
}

static inline __attribute__((always_inline)) double act_sigma_d1(double a)
{
    double e, m;
    exp_pair(-fabs(a), &e, &m);
    return e / ((1.0 + e) * (1.0 + e));
}

static inline double act_relu(double a) { return a > 0.0 ? a : 0.0; }
static inline double act_relu_d1(double a) { return a > 0.0 ? 1.0 : 0.0; }
static inline double act_abs_d1(double a) { return a > 0.0 ? 1.0 : -1.0; }

/* Matrix products. Y (rows x N) = X (rows x K) M (K x N), M packed into panels of WIDTH columns
   so that a panel is read from front to back. X has element (i, k) at i * si + k * sk. */
#ifdef __AVX512F__
#define LANES 8
#else
#define LANES 4
#endif
#define WIDTH (2 * LANES)
typedef double vec __attribute__((vector_size(8 * LANES), aligned(8)));

/* M[k][n] = W[n * K + k] if transposed, else W[k * N + n]; the last panel is filled with 0. */
static void pack(double *restrict panels, const double *restrict W, long K, long N, int transposed)
{
    for (long j0 = 0; j0 < N; j0 += WIDTH)
        for (long k = 0; k < K; k++)
            for (long j = j0; j < j0 + WIDTH; j++)
                *panels++ = j >= N ? 0.0 : transposed ? W[j * K + k] : W[k * N + j];
}

static long packed_size(long K, long N) { return (N + WIDTH - 1) / WIDTH * WIDTH * K; }

#define TILE(ROWS)                                                                              \
    static inline __attribute__((always_inline)) void tile_##ROWS(                              \
        double *Y, long ldy, const double *X, long si, long sk, const double *panel, long K,    \
        long width, int add)                                                                    \
    {                                                                                           \
        vec acc[ROWS][2] = {{{0}}};                                                             \
        for (long k = 0; k < K; k++) {                                                          \
            const vec b0 = *(const vec *)(panel + k * WIDTH);                                   \
            const vec b1 = *(const vec *)(panel + k * WIDTH + LANES);                           \
            _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++) {                            \
                const double a = X[i * si + k * sk];                                            \
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
                double out[WIDTH];                                                              \
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
    double *Y, const double *X, long sk, const double *panel, long K, long width, int add)
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
    double out[WIDTH];
    a0 += b0;
    a1 += b1;
    memcpy(out, &a0, sizeof a0);
    memcpy(out + LANES, &a1, sizeof a1);
    for (long j = 0; j < width; j++)
        Y[j] = add ? Y[j] + out[j] : out[j];
}

static __attribute__((noinline)) void product(
    double *Y, long rows, long N, const double *X, long si, long sk, const double *panels, long K,
    int add)
{
    for (long j = 0; j < N; j += WIDTH) {
        const double *panel = panels + j * K;
        const long width = N - j < WIDTH ? N - j : WIDTH;
        long i = 0;
        for (; i + 8 <= rows; i += 8)
            tile_8(Y + i * N + j, N, X + i * si, si, sk, panel, K, width, add);
        for (; i + 4 <= rows; i += 4)
            tile_4(Y + i * N + j, N, X + i * si, si, sk, panel, K, width, add);
        for (; i < rows; i++)
            tile_1(Y + i * N + j, X + i * si, sk, panel, K, width, add);
    }
}

/* The sum over rows of outer products: Y (N x M) = G^T X with G (rows x N), X (rows x M), taken
   BLOCK rows at a time so that the packed part of X stays in the cache. */
#define BLOCK 192
static void outer_sum(
    double *Y, const double *G, long N, const double *X, long M, long rows, double *scratch)
{
    memset(Y, 0, sizeof(double) * N * M);
    for (long r = 0; r < rows; r += BLOCK) {
        const long count = rows - r < BLOCK ? rows - r : BLOCK;
        pack(scratch, X + r * M, count, M, 0);
        product(Y, N, M, G + r * N, 1, N, scratch, count, 1);
    }
}

static void column_sum(double *Y, const double *G, long N, long rows)
{
    memset(Y, 0, sizeof(double) * N);
    for (long r = 0; r < rows; r++)
        for (long j = 0; j < N; j++)
            Y[j] += G[r * N + j];
}
"""
