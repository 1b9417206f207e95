/* Our own matrix products, compiled once per instruction set: the including file sets the target, the bytes of a vector
 * (VECTOR), the rows of a register tile (TILE_ROWS), the table's name (GEMM_LOOPS) and FMA_F32 and FMA_F64.
 *
 * f32 and f64: register tiles of TILE_ROWS rows by two vectors, k in blocks; b is read in place where its rows are
 * contiguous and the product is small, and packed into panels otherwise. Other types: row sums in a small buffer. */

typedef float VF32 __attribute__((vector_size(VECTOR)));
typedef double VF64 __attribute__((vector_size(VECTOR)));

/* c[rows][2 or 1 vectors] (+)= a b; b points at the panel's first element, b_row apart. */
#define TILE(T, V, FMA, SUFFIX)                                                                                          \
  static inline __attribute__((always_inline)) void tile_##SUFFIX(int rows, int vectors, bool add, int64_t k, const T *a,  \
                                                                  int64_t a_row, int64_t a_col, const T *b, int64_t b_row, \
                                                                  T *c, int64_t c_row) {                                   \
    enum { L = VECTOR / sizeof(T) };                                                                                     \
    V sum[TILE_ROWS][2];                                                                                                 \
    for (int r = 0; r < rows; r++)                                                                                       \
      for (int v = 0; v < vectors; v++) sum[r][v] = (V){0};                                                              \
    for (int64_t p = 0; p < k; p++) {                                                                                    \
      V x[2];                                                                                                            \
      for (int v = 0; v < vectors; v++) memcpy(&x[v], b + p * b_row + v * L, VECTOR);                                    \
      for (int r = 0; r < rows; r++)                                                                                     \
        for (int v = 0; v < vectors; v++) sum[r][v] = FMA(a[r * a_row + p * a_col], x[v], sum[r][v]);                    \
    }                                                                                                                    \
    for (int r = 0; r < rows; r++)                                                                                       \
      for (int v = 0; v < vectors; v++) {                                                                                \
        T *to = c + r * c_row + v * L;                                                                                   \
        V old;                                                                                                           \
        memcpy(&old, to, VECTOR);                                                                                        \
        old = add ? old + sum[r][v] : sum[r][v];                                                                         \
        memcpy(to, &old, VECTOR);                                                                                        \
      }                                                                                                                  \
  }                                                                                                                      \
  static void tile_rows_##SUFFIX(int rows, int vectors, const GemmBlock *g, const T *a, const T *b, int64_t b_row, T *c, \
                                 int64_t c_row) {                                                                        \
    switch (rows * 2 + vectors - 1) {                                                                                    \
      TILE_CASE(SUFFIX, 1) TILE_CASE(SUFFIX, 2) TILE_CASE(SUFFIX, 3) TILE_CASE(SUFFIX, 4) TILE_CASE_BIG(SUFFIX)          \
      default: return;                                                                                                   \
    }                                                                                                                    \
  }                                                                                                                      \
  /* All rows against one panel of `width` columns, at most two vectors; a narrow one goes through a buffer. */          \
  static void panel_##SUFFIX(const GemmBlock *g, const T *b, int64_t b_row, T *c, int64_t c_row, int64_t width) {        \
    enum { L = VECTOR / sizeof(T) };                                                                                     \
    int vectors = width > L ? 2 : 1;                                                                                     \
    bool whole = width == L * vectors;                                                                                   \
    T edge[TILE_ROWS][2 * L];                                                                                            \
    for (int64_t i = 0; i < g->m; i += TILE_ROWS) {                                                                      \
      int rows = (int)(g->m - i < TILE_ROWS ? g->m - i : TILE_ROWS);                                                     \
      const T *a = (const T *)g->a + i * g->a_row;                                                                       \
      T *to = c + i * c_row;                                                                                             \
      if (whole) {                                                                                                       \
        tile_rows_##SUFFIX(rows, vectors, g, a, b, b_row, to, c_row);                                                    \
        continue;                                                                                                        \
      }                                                                                                                  \
      for (int r = 0; r < rows; r++)                                                                                     \
        for (int64_t j = 0; j < 2 * L; j++) edge[r][j] = g->add && j < width ? to[r * c_row + j] : 0;                    \
      tile_rows_##SUFFIX(rows, vectors, g, a, b, b_row, edge[0], 2 * L);                                                 \
      for (int r = 0; r < rows; r++)                                                                                     \
        for (int64_t j = 0; j < width; j++) to[r * c_row + j] = edge[r][j];                                              \
    }                                                                                                                    \
  }                                                                                                                      \
  static void block_##SUFFIX(const GemmBlock *g) {                                                                       \
    enum { N = 2 * VECTOR / sizeof(T) };                                                                                 \
    T *packed = g->scratch;                                                                                              \
    for (int64_t j = 0; j < g->n; j += N) {                                                                              \
      int64_t width = g->n - j < N ? g->n - j : N;                                                                       \
      const T *b = (const T *)g->b + j * g->b_col;                                                                       \
      bool vectors = width == N || width == N / 2;                                                                       \
      T *c = (T *)g->c + j;                                                                                              \
      if (g->b_col == 1 && vectors && g->in_place) {                                                                     \
        panel_##SUFFIX(g, b, g->b_row, c, g->c_row, width);                                                              \
        continue;                                                                                                        \
      }                                                                                                                  \
      if (g->b_col == 1)                                                                                                 \
        for (int64_t p = 0; p < g->k; p++) {                                                                             \
          for (int64_t x = 0; x < width; x++) packed[p * N + x] = b[p * g->b_row + x];                                   \
          for (int64_t x = width; x < N; x++) packed[p * N + x] = 0;                                                     \
        }                                                                                                                \
      else                                                                                                               \
        for (int64_t x = 0; x < N; x++)                                                                                  \
          for (int64_t p = 0; p < g->k; p++) packed[p * N + x] = x < width ? b[p * g->b_row + x * g->b_col] : 0;         \
      panel_##SUFFIX(g, packed, N, c, g->c_row, width);                                                                  \
    }                                                                                                                    \
  }                                                                                                                      \
  /* One row of a times columns of b that are contiguous: c[j] = <a, b_j>. */                                            \
  static void inner_##SUFFIX(const GemmBlock *g) {                                                                       \
    enum { L = VECTOR / sizeof(T) };                                                                                     \
    const T *a = g->a;                                                                                                   \
    for (int64_t j = 0; j < g->n; j++) {                                                                                 \
      const T *b = (const T *)g->b + j * g->b_col;                                                                       \
      V sum[4] = {{0}, {0}, {0}, {0}};                                                                                   \
      T total = 0;                                                                                                       \
      int64_t p = 0;                                                                                                     \
      for (; p + 4 * L <= g->k; p += 4 * L)                                                                              \
        for (int v = 0; v < 4; v++) {                                                                                    \
          V x, y;                                                                                                        \
          memcpy(&x, a + p + v * L, VECTOR);                                                                             \
          memcpy(&y, b + p + v * L, VECTOR);                                                                             \
          sum[v] = sum[v] + x * y;                                                                                       \
        }                                                                                                                \
      for (; p < g->k; p++) total += a[p] * b[p];                                                                        \
      sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);                                                                    \
      for (int l = 0; l < (int)L; l++) total += sum[0][l];                                                               \
      ((T *)g->c)[j] = total;                                                                                            \
    }                                                                                                                    \
  }

#define TILE_ONE(SUFFIX, ROWS, VECTORS)                                                                 \
  case ROWS * 2 + VECTORS - 1:                                                                          \
    tile_##SUFFIX(ROWS, VECTORS, g->add, g->k, a, g->a_row, g->a_col, b, b_row, c, c_row);              \
    return;
#define TILE_CASE(SUFFIX, ROWS) TILE_ONE(SUFFIX, ROWS, 1) TILE_ONE(SUFFIX, ROWS, 2)
#if TILE_ROWS == 8
#define TILE_CASE_BIG(SUFFIX) TILE_CASE(SUFFIX, 5) TILE_CASE(SUFFIX, 6) TILE_CASE(SUFFIX, 7) TILE_CASE(SUFFIX, 8)
#elif TILE_ROWS == 6
#define TILE_CASE_BIG(SUFFIX) TILE_CASE(SUFFIX, 5) TILE_CASE(SUFFIX, 6)
#else
#define TILE_CASE_BIG(SUFFIX)
#endif

TILE(float, VF32, FMA_F32, f32)
TILE(double, VF64, FMA_F64, f64)

/* c[i][..] = sum over p of a[i][p] * b[p][..], in strips of STRIP columns; b's rows are contiguous. */
enum { STRIP = 64 };
#define ROWS(T, SUFFIX, ZERO, MUL_ADD)                                                   \
  static void rows_##SUFFIX(const GemmBlock *g) {                                        \
    for (int64_t i = 0; i < g->m; i++)                                                   \
      for (int64_t j = 0; j < g->n; j += STRIP) {                                        \
        int64_t width = g->n - j < STRIP ? g->n - j : STRIP;                             \
        T sum[STRIP];                                                                    \
        const T *a = (const T *)g->a + i * g->a_row;                                     \
        for (int64_t x = 0; x < STRIP; x++) sum[x] = ZERO;                               \
        for (int64_t p = 0; p < g->k; p++, a += g->a_col) {                              \
          const T *b = (const T *)g->b + p * g->b_row + j;                               \
          if (width == STRIP)                                                            \
            for (int64_t x = 0; x < STRIP; x++) sum[x] = MUL_ADD(*a, b[x], sum[x]);      \
          else                                                                           \
            for (int64_t x = 0; x < width; x++) sum[x] = MUL_ADD(*a, b[x], sum[x]);      \
        }                                                                                \
        memcpy((T *)g->c + i * g->c_row + j, sum, sizeof(T) * (size_t)width);            \
      }                                                                                  \
  }

#define INT_MUL_ADD(a, b, s) ((a) * (b) + (s))
#define C64_MUL_ADD(a, b, s) \
  ((GemmC64){(s).re + ((a).re * (b).re - (a).im * (b).im), (s).im + ((a).re * (b).im + (a).im * (b).re)})
#define C128_MUL_ADD(a, b, s) \
  ((GemmC128){(s).re + ((a).re * (b).re - (a).im * (b).im), (s).im + ((a).re * (b).im + (a).im * (b).re)})
ROWS(uint32_t, u32, 0, INT_MUL_ADD)
ROWS(uint64_t, u64, 0, INT_MUL_ADD)
ROWS(GemmC64, c64, (GemmC64){0}, C64_MUL_ADD)
ROWS(GemmC128, c128, (GemmC128){0}, C128_MUL_ADD)

const GemmLoops GEMM_LOOPS = {
    .vector = VECTOR, .block = {block_f32, block_f64}, .inner = {inner_f32, inner_f64},
    .rows_u32 = rows_u32, .rows_u64 = rows_u64, .rows_c64 = rows_c64, .rows_c128 = rows_c128,
};
