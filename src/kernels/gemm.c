/* See gemm.h: chooses between the BLAS and our own loops, and cuts our own products into blocks that fit the caches. */
#include "kernels/gemm.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/blas.h"
#include "kernels/gemm_block.h"
#include "kernels/move.h"
#include "runtime/pool.h"

enum {
  GEMM_SMALL = 32 * 32 * 32, /* multiplications that are not worth a call to a BLAS */
  GEMM_DEPTH = 256,          /* of a block: a panel of b, two vectors wide, stays in the first-level cache */
  GEMM_STACK = 4096          /* bytes of scratch that need no allocation */
};

static const GemmLoops *gemm_loops(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return &gemm_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &gemm_avx2;
#endif
  return &gemm_base;
}

/* ---- BLAS ---- */

bool gemm_strides_plain(int64_t rows, int64_t cols, int64_t row, int64_t col) {
  if ((col == 1 || cols == 1) && (row >= cols || rows == 1)) return true;
  return (row == 1 || rows == 1) && (col >= rows || cols == 1);
}

typedef struct BlasMatrix {
  int transposed, leading;
} BlasMatrix;

/* How a BLAS would name the matrix; false if it has no name for it. */
static bool blas_matrix(int64_t rows, int64_t cols, int64_t row, int64_t col, BlasMatrix *to) {
  if (!gemm_strides_plain(rows, cols, row, col)) return false;
  bool by_rows = (col == 1 || cols == 1) && (row >= cols || rows == 1);
  int64_t width = by_rows ? cols : rows, leading = by_rows ? (rows == 1 ? cols : row) : (cols == 1 ? rows : col);
  if (leading < width) leading = width;
  to->transposed = by_rows ? BLAS_PLAIN : BLAS_TRANSPOSED;
  to->leading = (int)leading;
  return rows <= INT32_MAX && cols <= INT32_MAX && leading <= INT32_MAX;
}

static bool gemm_large(const CxGemm *g) {
  int64_t area, volume;
  return __builtin_mul_overflow(g->m, g->n, &area) || __builtin_mul_overflow(area, g->k, &volume) || volume > GEMM_SMALL;
}

static bool gemm_by_blas(const CxGemm *g) {
  BlasMatrix a, b;
  const CxBlas *blas;
  if (g->dtype == CX_U32 || g->dtype == CX_U64 || !gemm_large(g) || g->c_row > INT32_MAX) return false;
  if (!blas_matrix(g->m, g->k, g->a_row, g->a_col, &a) || !blas_matrix(g->k, g->n, g->b_row, g->b_col, &b)) return false;
  if (!(blas = blas_get())) return false;
  int m = (int)g->m, n = (int)g->n, k = (int)g->k, c_row = (int)(g->c_row < g->n ? g->n : g->c_row);
  int ta = a.transposed, tb = b.transposed, lda = a.leading, ldb = b.leading;
  const float one_f[2] = {1, 0}, zero_f[2] = {0, 0};
  const double one_d[2] = {1, 0}, zero_d[2] = {0, 0};
  switch (g->dtype) {
    case CX_F32: blas->sgemm(BLAS_ROW_MAJOR, ta, tb, m, n, k, 1, g->a, lda, g->b, ldb, 0, g->c, c_row); return true;
    case CX_F64: blas->dgemm(BLAS_ROW_MAJOR, ta, tb, m, n, k, 1, g->a, lda, g->b, ldb, 0, g->c, c_row); return true;
    case CX_C64: blas->cgemm(BLAS_ROW_MAJOR, ta, tb, m, n, k, one_f, g->a, lda, g->b, ldb, zero_f, g->c, c_row); return true;
    case CX_C128: blas->zgemm(BLAS_ROW_MAJOR, ta, tb, m, n, k, one_d, g->a, lda, g->b, ldb, zero_d, g->c, c_row); return true;
    default: return false;
  }
}

/* ---- our own ---- */

static GemmBlock gemm_block(const CxGemm *g) {
  return (GemmBlock){.m = g->m, .n = g->n, .k = g->k, .a = g->a, .b = g->b, .a_row = g->a_row, .a_col = g->a_col,
                     .b_row = g->b_row, .b_col = g->b_col, .c = g->c, .c_row = g->c_row};
}

static bool gemm_by_tiles(const CxGemm *g, const GemmLoops *loops) {
  int which = g->dtype == CX_F64, item = cx_dtype_bytes(g->dtype);
  GemmBlock block = gemm_block(g);
  if (g->m == 1 && g->a_col == 1 && g->b_row == 1 && g->b_col != 1) {
    loops->inner[which](&block);
    return true;
  }
  int64_t depth = g->k < GEMM_DEPTH ? g->k : GEMM_DEPTH;
  size_t bytes = (size_t)depth * 2 * (size_t)loops->vector;
  _Alignas(64) char stack[GEMM_STACK];
  void *scratch = bytes <= sizeof stack ? stack : cx_malloc(bytes);
  TRY(scratch);
  block.scratch = scratch;
  block.in_place = g->m <= 32 || !gemm_large(g);
  for (int64_t p = 0; p < g->k; p += depth) {
    block.k = g->k - p < depth ? g->k - p : depth;
    block.add = p > 0;
    block.a = (const char *)g->a + p * g->a_col * item;
    block.b = (const char *)g->b + p * g->b_row * item;
    loops->block[which](&block);
  }
  if (scratch != stack) cx_free(scratch);
  return true;
}

/* The row loops read b along its rows: one that is not contiguous that way is copied. */
static bool gemm_by_rows(const CxGemm *g, GemmFn *fn) {
  GemmBlock block = gemm_block(g);
  void *copy = NULL;
  if (g->b_col != 1 && g->n > 1) {
    int item = cx_dtype_bytes(g->dtype);
    size_t bytes;
    FAIL_IF(!size_mul((size_t)g->k, (size_t)g->n, &bytes) || !size_mul(bytes, (size_t)item, &bytes), CX_ERR_MEMORY,
            "a product of matrices is too large");
    TRY(copy = cx_malloc(bytes));
    move_strided(item, 2, (int64_t[]){g->k, g->n}, copy, (int64_t[]){g->n, 1}, g->b, (int64_t[]){g->b_row, g->b_col});
    block.b = copy;
    block.b_row = g->n;
  }
  fn(&block);
  cx_free(copy);
  return true;
}

static bool gemm_by_loops(const CxGemm *g) {
  const GemmLoops *loops = gemm_loops();
  switch (g->dtype) {
    case CX_F32: case CX_F64: return gemm_by_tiles(g, loops);
    case CX_U32: return gemm_by_rows(g, loops->rows_u32);
    case CX_U64: return gemm_by_rows(g, loops->rows_u64);
    case CX_C64: return gemm_by_rows(g, loops->rows_c64);
    case CX_C128: return gemm_by_rows(g, loops->rows_c128);
    default: return cx_fail(CX_ERR_INTERNAL, "no matrix product for dtype %s", cx_dtype_name(g->dtype));
  }
}

static bool gemm_alone(const CxGemm *g) { return gemm_by_blas(g) || gemm_by_loops(g); }

/* ---- shared among threads: in pieces of rows or of columns whose extents depend on the shape only ---- */

enum { PIECE_WORK = 1 << 21, PIECE_LEAST = 64, PIECE_MOST = 256 };

typedef struct Pieces {
  const CxGemm *whole;
  int64_t rows, cols; /* of a piece */
} Pieces;

static bool gemm_piece(void *env, int64_t begin, int64_t end) {
  const Pieces *p = env;
  CxGemm g = *p->whole;
  int64_t item = cx_dtype_bytes(g.dtype);
  bool by_rows = p->rows < g.m;
  for (int64_t i = begin; i < end; i++) {
    int64_t row = by_rows ? i * p->rows : 0, col = by_rows ? 0 : i * p->cols;
    g.m = p->whole->m - row < p->rows ? p->whole->m - row : p->rows;
    g.n = p->whole->n - col < p->cols ? p->whole->n - col : p->cols;
    g.a = (const char *)p->whole->a + row * g.a_row * item;
    g.b = (const char *)p->whole->b + col * g.b_col * item;
    g.c = (char *)p->whole->c + (row * g.c_row + col) * item;
    TRY(gemm_alone(&g));
  }
  return true;
}

static int64_t piece_extent(int64_t n) {
  int64_t part = (n / 4 + 15) & ~(int64_t)15;
  return part < PIECE_LEAST ? PIECE_LEAST : part > PIECE_MOST ? PIECE_MOST : part;
}

static bool gemm_shared(const CxGemm *g) {
  if ((double)g->m * (double)g->n * (double)g->k < PIECE_WORK) return gemm_alone(g);
  Pieces p = {g, g->m, g->n};
  if (g->m >= 2 * PIECE_LEAST) p.rows = piece_extent(g->m);
  else if (g->n >= 2 * PIECE_LEAST) p.cols = piece_extent(g->n);
  int64_t n = p.rows < g->m ? (g->m + p.rows - 1) / p.rows : (g->n + p.cols - 1) / p.cols;
  return n > 1 ? pool_for(n, 1, gemm_piece, &p) : gemm_alone(g);
}

bool gemm_run(const CxGemm *g) {
  if (g->m == 0 || g->n == 0) return true;
  if (g->k == 0) {
    int item = cx_dtype_bytes(g->dtype);
    for (int64_t i = 0; i < g->m; i++) memset((char *)g->c + i * g->c_row * item, 0, (size_t)(g->n * item));
    return true;
  }
  if (g->n == 1 && g->m > 1 && g->c_row == 1) { /* a column is a row of the transposed product */
    CxGemm t = {g->dtype, 1, g->m, g->k, g->b, g->a, g->b_col, g->b_row, g->a_col, g->a_row, g->c, g->m};
    return gemm_run(&t);
  }
  return gemm_shared(g);
}
