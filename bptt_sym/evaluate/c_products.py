"""The C of matrix products and of sums of outer products, emitted with every module.

Matrices are packed into panels as in Goto & van de Geijn, "Anatomy of high-performance matrix
multiplication" (ACM TOMS 34, 2008), where enough rows are multiplied by them.
"""

from __future__ import annotations

PRODUCTS = r"""
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
typedef PLACE places __attribute__((vector_size(BYTES)));

/* Blocks of the workspace begin at a cache line: a vector that lies across two costs twice. One
   line more keeps blocks of equal size off the same sets of the cache. */
#define LINE (64 / (long)sizeof(real))
static long padded(long n) { return (n + LINE - 1) / LINE * LINE + LINE; }

/* A square of LANES x LANES, transposed: log2(LANES) times the two halves are interleaved. */
static inline __attribute__((always_inline)) void transpose(
    real *restrict y, long ldy, const real *restrict x, long ldx)
{
#if defined(__GNUC__) && !defined(__clang__)
    places low, high;
    vec v[LANES], w[LANES];
    _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) {
        low[i] = i / 2 + i % 2 * LANES;
        high[i] = i / 2 + i % 2 * LANES + LANES / 2;
        v[i] = *(const vec *)(x + i * ldx);
    }
    _Pragma("GCC unroll 4") for (int half = 1; half < LANES; half *= 2) {
        _Pragma("GCC unroll 8") for (int i = 0; i < LANES / 2; i++) {
            w[2 * i] = __builtin_shuffle(v[i], v[i + LANES / 2], low);
            w[2 * i + 1] = __builtin_shuffle(v[i], v[i + LANES / 2], high);
        }
        _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
            v[i] = w[i];
    }
    _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
        *(vec *)(y + i * ldy) = v[i];
#else
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++)
            y[j * ldy + i] = x[i * ldx + j];
#endif
}

/* The sum of each of LANES vectors, into the first: pairs of vectors are interleaved and added. */
static inline __attribute__((always_inline)) void lane_sums(vec *v)
{
#if defined(__GNUC__) && !defined(__clang__)
    places low, high;
    _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) {
        low[i] = i / 2 + i % 2 * LANES;
        high[i] = i / 2 + i % 2 * LANES + LANES / 2;
    }
    _Pragma("GCC unroll 4") for (int half = LANES / 2; half; half /= 2)
        _Pragma("GCC unroll 8") for (int i = 0; i < half; i++)
            v[i] = __builtin_shuffle(v[i], v[i + half], low)
                   + __builtin_shuffle(v[i], v[i + half], high);
#else
    vec sums = {0};
    for (int i = 0; i < LANES; i++)
        for (int l = 0; l < LANES; l++)
            sums[i] += v[i][l];
    v[0] = sums;
#endif
}

/* M (K x N): its rows or, if across, its columns are the rows of the parts, one after another. */
typedef struct {
    long K, N;
    int across, parts;
    const real *const *part;
    const long *rows;
} matrix;

static long packed_size(long K, long N) { return (N + WIDTH - 1) / WIDTH * WIDTH * K; }

/* Columns j .. j + WIDTH of M; filled with 0 where M has fewer. */
static void pack_panel(real *restrict panel, const matrix *M, long j)
{
    const long K = M->K, width = M->N - j < WIDTH ? M->N - j : WIDTH;
    if (width < WIDTH)
        memset(panel, 0, sizeof(real) * WIDTH * K);
    for (long p = 0, at = 0; p < M->parts; at += M->rows[p++]) {
        const real *restrict W = M->part[p];
        if (!M->across) {
            for (long k = 0; k < M->rows[p]; k++)
                if (width == WIDTH)
                    memcpy(panel + (at + k) * WIDTH, W + k * M->N + j, WIDTH * sizeof(real));
                else
                    memcpy(panel + (at + k) * WIDTH, W + k * M->N + j, width * sizeof(real));
            continue;
        }
        const long last = at + M->rows[p] < j + width ? at + M->rows[p] : j + width;
        for (long n = at > j ? at : j, some; n < last; n += some) {
            real *to = panel + n - j;
            const real *from = W + (n - at) * K;
            long k = 0;
            some = (n - j) % LANES == 0 && last - n >= LANES ? LANES : 1;
            if (some == LANES)
                for (; k + LANES <= K; k += LANES) {
                    for (int l = 0; l < LANES; l++)
                        __builtin_prefetch(from + (LANES + l) * K + k);
                    transpose(to + k * WIDTH, WIDTH, from + k, K);
                }
            for (; k < K; k++)
                for (long i = 0; i < some; i++)
                    to[k * WIDTH + i] = from[i * K + k];
        }
    }
}

static __attribute__((noinline)) void pack(real *panels, const matrix *M)
{
    for (long j = 0; j < M->N; j += WIDTH)
        pack_panel(panels + j * M->K, M, j);
}

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

static inline __attribute__((always_inline)) void panel_product(
    real *Y, long ldy, long rows, const real *X, long si, long sk, const real *panel, long K,
    long width, int add)
{
    long i = 0;
    for (; i + 8 <= rows; i += 8)
        tile_8(Y + i * ldy, ldy, X + i * si, si, sk, panel, K, width, add);
    for (; i + 4 <= rows; i += 4)
        tile_4(Y + i * ldy, ldy, X + i * si, si, sk, panel, K, width, add);
    for (; i < rows; i++)
        tile_1(Y + i * ldy, X + i * si, sk, panel, K, width, add);
}

/* Y = X M, or Y + X M if add, M packed: for matrices that are used at every step. Every other step
   begins at the end, which is still in the cache of a matrix that does not fit into it. */
static __attribute__((noinline)) void product(
    real *Y, long ldy, long rows, long N, const real *X, long si, long sk, const real *panels,
    long K, int add, int from_end)
{
    const long last = (N - 1) / WIDTH * WIDTH;
    for (long i = 0; i < N; i += WIDTH) {
        const long j = from_end ? last - i : i;
        panel_product(
            Y + j, ldy, rows, X, si, sk, panels + j * K, K, N - j < WIDTH ? N - j : WIDTH, add);
    }
}

/* For a few rows it is not worth the time to pack a matrix whose columns lie in memory one after
   another: so many products of a row and a column are summed side by side. */
#define FEW 16
#define AT_ONCE (BYTES == 64 && LANES == 16 ? 1 : BYTES == 64 || LANES == 4 ? 3 : 1)
static inline __attribute__((always_inline)) void dots(
    real *Y, long ldy, int rows, const real *X, long ldx, const real *W, int columns, long K,
    int add, const real *next, int lines)
{
    vec sums[AT_ONCE][LANES] = {{{0}}};
    long k = 0;
    for (; k + LANES <= K; k += LANES) {
        for (int l = 0; l < lines; l++, next += LINE)
            __builtin_prefetch(next);
        _Pragma("GCC unroll 16") for (int l = 0; l < columns; l++) {
            const vec w = *(const vec *)(W + l * K + k);
            _Pragma("GCC unroll 3") for (int i = 0; i < rows; i++)
                sums[i][l] += w * *(const vec *)(X + i * ldx + k);
        }
    }
    _Pragma("GCC unroll 3") for (int i = 0; i < rows; i++) {
        lane_sums(sums[i]);
        vec total = sums[i][0];
        for (long rest = k; rest < K; rest++)
            for (int l = 0; l < columns; l++)
                total[l] += X[i * ldx + rest] * W[l * K + rest];
        real *y = Y + i * ldy;
        if (columns == LANES)
            *(vec *)y = add ? *(vec *)y + total : total;
        else
            for (int l = 0; l < columns; l++)
                y[l] = add ? y[l] + total[l] : total[l];
    }
}

static __attribute__((noinline)) void product_few(
    real *Y, long ldy, long rows, const real *X, long ldx, const matrix *M, int add)
{
    const long K = M->K, turns = rows / AT_ONCE + rows % AT_ONCE;
    // Each turn sends for its share of the next columns, which are as many cache lines.
    const int lines = (LANES * BYTES / 64 + turns - 1) / turns;
    const long share = K / LANES * lines * LINE;
    for (int p = 0; p < M->parts; Y += M->rows[p++]) {
        const real *W = M->part[p];
        long n = 0, i;
        for (; n + LANES <= M->rows[p]; n += LANES) {
            const real *next = W + (n + LANES) * K;
            for (i = 0; i + AT_ONCE <= rows; i += AT_ONCE, next += share)
                dots(
                    Y + i * ldy + n, ldy, AT_ONCE, X + i * ldx, ldx, W + n * K, LANES, K, add, next,
                    lines);
            for (; i < rows; i++, next += share)
                dots(
                    Y + i * ldy + n, ldy, 1, X + i * ldx, ldx, W + n * K, LANES, K, add, next,
                    lines);
        }
        for (; n < M->rows[p]; n++)
            for (i = 0; i < rows; i++)
                dots(Y + i * ldy + n, ldy, 1, X + i * ldx, ldx, W + n * K, 1, K, add, W, 0);
    }
}

/* The same for a matrix that is used once, for all rows there are: panel by panel if all rows fit
   into the nearest cache, else so many rows at a time. */
#define NEAR (16384 / (long)sizeof(real))
static __attribute__((noinline)) void product_once(
    real *Y, long ldy, long rows, const real *X, long ldx, const matrix *M, int add,
    real *panels)
{
    const long K = M->K, N = M->N, some = NEAR / (K + 1) < 16 ? 16 : NEAR / (K + 1) / 8 * 8;
    if (rows == 0)
        return;
    if (M->across && rows < FEW) {
        product_few(Y, ldy, rows, X, ldx, M, add);
        return;
    }
    if (rows <= 4 * some) {
        for (long j = 0; j < N; j += WIDTH) {
            pack_panel(panels, M, j);
            panel_product(
                Y + j, ldy, rows, X, ldx, 1, panels, K, N - j < WIDTH ? N - j : WIDTH, add);
        }
        return;
    }
    pack(panels, M);
    for (long i = 0; i < rows; i += some)
        product(
            Y + i * ldy, ldy, rows - i < some ? rows - i : some, N, X + i * ldx, ldx, 1, panels,
            K, add, 0);
}

/* Y = X M^T, or Y + X M^T if add, from the panels of M: for a few rows in all it is not worth the
   time to pack M^T as well. The last places of X are copied for the last panel. */
static __attribute__((noinline)) void product_turned(
    real *Y, long ldy, long rows, long N, const real *X, long ldx, const real *panels, long K,
    int add, int from_end)
{
    const long whole = N / WIDTH * WIDTH, end = (K - 1) / LANES * LANES;
    for (long at = 0; at < K; at += LANES) {
        const long k = from_end ? end - at : at;
        const long some = K - k < LANES ? K - k : LANES;
        for (long i = 0; i < rows; i++) {
            real last[WIDTH] = {0}, *y = Y + i * ldy + k;
            memcpy(last, X + i * ldx + whole, sizeof(real) * (N - whole));
            vec sums[LANES] = {{0}};
            for (long j = 0; j < N; j += WIDTH) {
                const vec *x = (const vec *)(j < whole ? X + i * ldx + j : last);
                const vec *panel = (const vec *)(panels + j * K + k * WIDTH);
                if (some == LANES)
                    _Pragma("GCC unroll 16") for (int l = 0; l < LANES; l++)
                        sums[l] += x[0] * panel[2 * l] + x[1] * panel[2 * l + 1];
                else
                    for (int l = 0; l < some; l++)
                        sums[l] += x[0] * panel[2 * l] + x[1] * panel[2 * l + 1];
            }
            lane_sums(sums);
            if (some == LANES)
                *(vec *)y = add ? *(vec *)y + sums[0] : sums[0];
            else
                for (long l = 0; l < some; l++)
                    y[l] = add ? y[l] + sums[0][l] : sums[0][l];
        }
    }
}

/* The sum over rows of outer products: Y (N x M) = G^T X with G (rows x N) and X (rows x M), whose
   rows begin every ldg and ldx places. Y comes in parts of some rows each, as the gradients of
   gates that were stacked do. Taken at most BLOCK rows at a time, X packed into panels and G into
   strips of 8 columns: both stay in the caches while they are used, and each is read once, row
   after row. Y is written 8 rows at a time; if it is larger than FAR it is far away, and is sent
   for before it is needed. */
#define BLOCK 64
#define FAR (262144 / (long)sizeof(real))
static long outer_scratch(long N, long M)
{
    return packed_size(BLOCK, M) + (N + 7) / 8 * 8 * BLOCK;
}

static void pack_rows(real *restrict panels, const real *restrict X, long ldx, long K, long N)
{
    for (long j = 0; j < N; j += WIDTH, panels += K * WIDTH) {
        const long width = N - j < WIDTH ? N - j : WIDTH;
        if (width < WIDTH)
            memset(panels, 0, sizeof(real) * WIDTH * K);
        for (long k = 0; k < K; k++)
            if (width == WIDTH)
                memcpy(panels + k * WIDTH, X + k * ldx + j, WIDTH * sizeof(real));
            else
                for (long l = 0; l < width; l++)
                    panels[k * WIDTH + l] = X[k * ldx + j + l];
    }
}

static void pack_strips(real *restrict strips, const real *restrict G, long ldg, long K, long N)
{
    for (long k = 0; k < K; k++, G += ldg) {
        long i = 0;
        for (; i + 8 <= N; i += 8)
            memcpy(strips + i * K + k * 8, G + i, 8 * sizeof(real));
        for (long l = i; l < N; l++)
            strips[i * K + k * 8 + l - i] = G[l];
    }
}

static __attribute__((noinline)) void outer_sum(
    int parts, real *const *Y, const long *N, const real *G, long ldg, const real *X, long ldx,
    long M, long rows, real *scratch)
{
    if (rows == 0)
        for (int part = 0; part < parts; part++)
            memset(Y[part], 0, sizeof(real) * N[part] * M);
    long all = 0;
    for (int part = 0; part < parts; part++)
        all += N[part];
    const int far = all * M > FAR;
    const long blocks = (rows + BLOCK - 1) / BLOCK;
    for (long block = 0, r = 0, count; block < blocks; block++, r += count) {
        count = (rows - r) / (blocks - block);
        const real *g = G + r * ldg;
        real *strips = scratch + packed_size(count, M);
        pack_rows(scratch, X + r * ldx, ldx, count, M);
        for (int part = 0; part < parts; g += N[part++]) {
            pack_strips(strips, g, ldg, count, N[part]);
            for (long i = 0; i < N[part]; i += 8) {
                real *y = Y[part] + i * M;
                for (long j = 0; j < M; j += WIDTH) {
                    if (far) // the next 8 rows, in the order in which they lie in memory
                        for (int l = 0; l < 16; l++)
                            __builtin_prefetch(y + 8 * (M + j) + l * LANES, 1);
                    panel_product(
                        y + j, M, N[part] - i < 8 ? N[part] - i : 8, strips + i * count, 1, 8,
                        scratch + j * count, count, M - j < WIDTH ? M - j : WIDTH, r > 0);
                }
            }
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
"""
