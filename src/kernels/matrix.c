/* See matrix.h. Each kernel walks its stack: our own loops in parallel over matrices, or LAPACK on a column-major copy of each. */
#include "kernels/matrix.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/convert.h"
#include "kernels/lapack.h"
#include "kernels/matrix_own.h"
#include "kernels/move.h"
#include "runtime/pool.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { OWN_UP_TO = 8 }; /* extents for which our loops beat a LAPACK call */

static size_t item_of(CxDtype d) { return (size_t)cx_dtype_bytes(d); }
static bool is_complex(CxDtype d) { return d == CX_C64 || d == CX_C128; }
static size_t real_item(CxDtype d) { return is_complex(d) ? item_of(d) / 2 : item_of(d); }

static bool extents_fit(int64_t a, int64_t b) {
  FAIL_IF(a > INT_MAX || b > INT_MAX, CX_ERR_VALUE, "LAPACK takes extents up to 2147483647, got a matrix of %lld x %lld", (long long)a, (long long)b);
  return true;
}

/* Memory for a x b items, never empty. */
static void *scratch_new(size_t item, int64_t a, int64_t b) {
  size_t bytes;
  if (!size_mul(item, (size_t)a, &bytes) || !size_mul(bytes, (size_t)b, &bytes)) return cx_fail(CX_ERR_MEMORY, "a matrix is too large to work on"), NULL;
  return cx_malloc(bytes + 64);
}

static void fill_nan(CxDtype d, void *to, int64_t n) {
  int64_t reals = is_complex(d) ? 2 * n : n;
  for (int64_t i = 0; i < reals; i++) {
    if (real_item(d) == 4) ((float *)to)[i] = NAN;
    else ((double *)to)[i] = (double)NAN;
  }
}
static void to_columns(CxDtype d, int64_t m, int64_t n, void *columns, const void *rows) {
  move_strided((int)item_of(d), 2, (int64_t[]){m, n}, columns, (int64_t[]){1, m}, rows, (int64_t[]){n, 1});
}
static void to_rows(CxDtype d, int64_t m, int64_t n, void *rows, const void *columns) {
  move_strided((int)item_of(d), 2, (int64_t[]){m, n}, rows, (int64_t[]){n, 1}, columns, (int64_t[]){1, m});
}
static void conjugate(CxDtype d, int64_t n, void *to) {
  if (d == CX_C64)
    for (int64_t i = 0; i < n; i++) ((float *)to)[2 * i + 1] *= -1;
  if (d == CX_C128)
    for (int64_t i = 0; i < n; i++) ((double *)to)[2 * i + 1] *= -1;
}

/* ---- stacks by our own loops, shared among threads ---- */

typedef struct Stack {
  const MatrixOwn *own;
  CxDtype d;
  size_t item;
  int64_t m, n, k;
  const char *in0, *in1, *in2;
  char *out0, *out1, *out2;
  int32_t *index;
  const int32_t *from;
  CxTriangular how;
  int mode;
  bool left, transpose;
} Stack;

typedef bool Part(void *env, int64_t begin, int64_t end);
static bool stack_run(int64_t batch, int64_t work, const Stack *s, Part *part) {
  Stack copy = *s;
  return pool_for(batch, 1 + 20000 / (work + 1), part, &copy);
}
static Stack stack_of(CxDtype d, int64_t m, int64_t n) { return (Stack){.own = &matrix_own[lapack_dtype(d)], .d = d, .item = item_of(d), .m = m, .n = n}; }

/* ---- cholesky ---- */

static bool cholesky_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  for (int64_t i = begin; i < end; i++) {
    char *a = s->out0 + (size_t)(i * s->n * s->n) * s->item;
    if (!s->own->cholesky(s->n, a)) fill_nan(s->d, a, s->n * s->n);
  }
  return true;
}

/* Row-major lower is column-major upper: A = U^H U there is A = L L^H here, as conjugation and transposition cancel. */
bool matrix_cholesky(CxDtype d, int64_t batch, int64_t n, void *a) {
  typedef void Potrf(const char *, const int *, void *, const int *, int *, size_t);
  Potrf *potrf = n > OWN_UP_TO ? (Potrf *)lapack_get(LAPACK_POTRF, d) : NULL;
  Stack s = stack_of(d, n, n);
  s.out0 = a;
  if (!potrf) return stack_run(batch, n * n * n / 3, &s, cholesky_part);
  TRY(extents_fit(n, n));
  for (int64_t i = 0; i < batch; i++, s.out0 += (size_t)(n * n) * s.item) {
    int size = (int)n, info = 0;
    potrf("U", &size, s.out0, &size, &info, 1);
    if (info) fill_nan(d, s.out0, n * n);
  }
  return true;
}

void matrix_cholesky_update(CxDtype d, int64_t n, void *r, void *w) {
#define UPDATE(T, root, magnitude)                                                                                                   \
  for (int64_t k = 0; k < n; k++) {                                                                                                  \
    T *row = (T *)r + k * n, *z = w, x = row[k], y = z[k], c = 1, s = 0;                                                              \
    if (y != 0) {                                                                                                                     \
      T scale = magnitude(x) > magnitude(y) ? magnitude(x) : magnitude(y), h;                                                         \
      x /= scale, y /= scale, h = 1 / root(x * x + y * y), c = x * h, s = -y * h;                                                      \
    }                                                                                                                                 \
    for (int64_t j = 0; j < n; j++) {                                                                                                 \
      T p = c * row[j] - s * z[j];                                                                                                    \
      z[j] = c * z[j] + s * row[j], row[j] = p;                                                                                       \
    }                                                                                                                                 \
  }
  if (d == CX_F32) {
    UPDATE(float, sqrtf, fabsf)
  } else {
    UPDATE(double, sqrt, fabs)
  }
#undef UPDATE
}

/* ---- lu ---- */

static void permutation_of(int64_t k, int64_t m, const int32_t *pivots, int32_t *to) {
  for (int64_t i = 0; i < m; i++) to[i] = (int32_t)i;
  for (int64_t i = 0; i < k && i < m; i++) {
    int32_t p = pivots[i];
    if (p < 0 || p >= m) continue; /* XLA drops updates outside of the array */
    int32_t t = to[i];
    to[i] = to[p], to[p] = t;
  }
}
void matrix_permutation(int64_t batch, int64_t k, int64_t m, const int32_t *pivots, int32_t *permutation) {
  for (int64_t i = 0; i < batch; i++) permutation_of(k, m, pivots + i * k, permutation + i * m);
}

static bool lu_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  int64_t k = s->m < s->n ? s->m : s->n;
  for (int64_t i = begin; i < end; i++) {
    s->own->lu(s->m, s->n, s->out0 + (size_t)(i * s->m * s->n) * s->item, s->index + i * k);
    permutation_of(k, s->m, s->index + i * k, (int32_t *)(void *)s->out1 + i * s->m);
  }
  return true;
}

bool matrix_lu(CxDtype d, int64_t batch, int64_t m, int64_t n, void *a, int32_t *pivots, int32_t *permutation) {
  typedef void Getrf(const int *, const int *, void *, const int *, int *, int *);
  int64_t k = m < n ? m : n;
  Getrf *getrf = k > OWN_UP_TO ? (Getrf *)lapack_get(LAPACK_GETRF, d) : NULL;
  Stack s = stack_of(d, m, n);
  s.out0 = a, s.out1 = (char *)permutation, s.index = pivots;
  if (!getrf) return stack_run(batch, m * n * k / 2, &s, lu_part);
  TRY(extents_fit(m, n));
  char *columns = scratch_new(s.item, m, n);
  for (int64_t i = 0; columns && i < batch; i++) {
    char *one = s.out0 + (size_t)(i * m * n) * s.item;
    int rows = (int)m, cols = (int)n, info = 0;
    to_columns(d, m, n, columns, one);
    getrf(&rows, &cols, columns, &rows, pivots + i * k, &info);
    for (int64_t j = 0; j < k; j++) pivots[i * k + j]--;
    to_rows(d, m, n, one, columns);
    if (info < 0) fill_nan(d, one, m * n);
    permutation_of(k, m, pivots + i * k, permutation + i * m);
  }
  cx_free(columns);
  return columns != NULL;
}

/* ---- solves ---- */

static bool triangular_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  int64_t side = s->how.left ? s->m : s->n;
  for (int64_t i = begin; i < end; i++)
    s->own->triangular(s->in0 + (size_t)(i * side * side) * s->item, s->m, s->n, s->out0 + (size_t)(i * s->m * s->n) * s->item, &s->how);
  return true;
}

typedef void Trsm(const char *, const char *, const char *, const char *, const int *, const int *, const void *, const void *, const int *, void *, const int *,
                  size_t, size_t, size_t, size_t);
static const float one_f32[2] = {1, 0};
static const double one_f64[2] = {1, 0};

/* The transposed equation, for row-major memory seen as columns: sides and triangles change places. conjugate only with transpose. */
static void trsm_rows(Trsm *trsm, CxDtype d, int64_t m, int64_t n, const void *a, void *b, CxTriangular how) {
  int rows = (int)n, cols = (int)m, lda = (int)(how.left ? m : n);
  trsm(how.left ? "R" : "L", how.lower ? "U" : "L", how.transpose ? how.conjugate ? "C" : "T" : "N", how.unit ? "U" : "N", &rows, &cols,
       real_item(d) == 4 ? (const void *)one_f32 : one_f64, a, &lda, b, &rows, 1, 1, 1, 1);
}

bool matrix_triangular_solve(CxDtype d, int64_t batch, int64_t m, int64_t n, const void *a, void *b, CxTriangular how) {
  int64_t side = how.left ? m : n;
  Trsm *trsm = side > OWN_UP_TO && m > 0 && n > 0 ? (Trsm *)lapack_get(LAPACK_TRSM, d) : NULL;
  Stack s = stack_of(d, m, n);
  s.in0 = a, s.out0 = b, s.how = how;
  how.conjugate &= is_complex(d);
  bool copy = how.conjugate && !how.transpose;
  if (!trsm) return stack_run(batch, m * n * side / 2, &s, triangular_part);
  TRY(extents_fit(m, n));
  char *conj = copy ? scratch_new(s.item, side, side) : NULL;
  if (copy && !conj) return false;
  for (int64_t i = 0; i < batch; i++) {
    const char *one = s.in0 + (size_t)(i * side * side) * s.item;
    if (copy) memcpy(conj, one, (size_t)(side * side) * s.item), conjugate(d, side * side, conj);
    trsm_rows(trsm, d, m, n, copy ? conj : one, s.out0 + (size_t)(i * m * n) * s.item, how);
  }
  cx_free(conj);
  return true;
}

static bool lu_solve_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  char local[1024], *scratch = (size_t)(s->n * s->k) * s->item <= sizeof local || !s->mode ? local : scratch_new(s->item, s->n, s->k);
  for (int64_t i = begin; scratch && i < end; i++) {
    size_t b = (size_t)(i * s->n * s->k) * s->item;
    s->own->lu_solve(s->n, s->k, s->in0 + (size_t)(i * s->n * s->n) * s->item, s->from + i * s->n, s->in1 + b, s->out0 + b, scratch, s->mode);
  }
  if (scratch != local) cx_free(scratch);
  return scratch != NULL;
}

static void rows_permuted(const Stack *s, const int32_t *perm, const char *from, char *to, bool back) {
  size_t row = (size_t)s->k * s->item;
  for (int64_t i = 0; i < s->n; i++) memcpy(to + (size_t)(back ? perm[i] : i) * row, from + (size_t)(back ? i : perm[i]) * row, row);
}

bool matrix_lu_solve(CxDtype d, int64_t batch, int64_t n, int64_t k, const void *lu, const int32_t *permutation, const void *b, void *to, int trans) {
  Trsm *trsm = n > OWN_UP_TO && k > 0 ? (Trsm *)lapack_get(LAPACK_TRSM, d) : NULL;
  Stack s = stack_of(d, n, n);
  s.k = k, s.in0 = lu, s.in1 = b, s.out0 = to, s.from = permutation, s.mode = trans;
  for (int64_t i = 0; i < batch * n; i++)
    FAIL_IF(permutation[i] < 0 || permutation[i] >= n, CX_ERR_VALUE, "solve: entry %d of the permutation is not below %lld", permutation[i], (long long)n);
  if (!trsm) return stack_run(batch, n * n * k, &s, lu_solve_part);
  TRY(extents_fit(n, k));
  char *scratch = scratch_new(s.item, n, k);
  CxTriangular l = {true, true, trans != 0, trans == 2, true}, u = {true, false, trans != 0, trans == 2, false};
  for (int64_t i = 0; scratch && i < batch; i++) {
    const char *a = s.in0 + (size_t)(i * n * n) * s.item, *from = s.in1 + (size_t)(i * n * k) * s.item;
    char *x = s.out0 + (size_t)(i * n * k) * s.item;
    if (!trans) rows_permuted(&s, permutation + i * n, from, x, false);
    else memcpy(scratch, from, (size_t)(n * k) * s.item);
    trsm_rows(trsm, d, n, k, a, trans ? scratch : x, trans ? u : l);
    trsm_rows(trsm, d, n, k, a, trans ? scratch : x, trans ? l : u);
    if (trans) rows_permuted(&s, permutation + i * n, scratch, x, true);
  }
  cx_free(scratch);
  return scratch != NULL;
}

static bool tridiagonal_solve_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  char *scratch = scratch_new(s->item, s->n, 4);
  for (int64_t i = begin; scratch && i < end; i++) {
    size_t v = (size_t)(i * s->n) * s->item;
    char *b = s->out0 + v * (size_t)s->k;
    if (!s->own->tridiagonal(s->n, s->k, s->in0 + v, s->in1 + v, s->in2 + v, b, scratch)) fill_nan(s->d, b, s->n * s->k);
  }
  cx_free(scratch);
  return scratch != NULL;
}
bool matrix_tridiagonal_solve(CxDtype d, int64_t batch, int64_t n, int64_t k, const void *dl, const void *diagonal, const void *du, void *b) {
  Stack s = stack_of(d, n, n);
  s.k = k, s.in0 = dl, s.in1 = diagonal, s.in2 = du, s.out0 = b;
  return stack_run(batch, 8 * n * (k + 1), &s, tridiagonal_solve_part);
}

/* ---- qr ---- */

/* The workspace a routine asked for in its first number. */
static int work_asked(CxDtype d, const void *first) {
  double x = real_item(d) == 4 ? *(const float *)first : *(const double *)first;
  return x >= 1 && x < INT_MAX ? (int)x + 1 : 1;
}

static bool qr_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  int64_t k = s->m < s->n ? s->m : s->n;
  for (int64_t i = begin; i < end; i++) s->own->qr(s->m, s->n, s->out0 + (size_t)(i * s->m * s->n) * s->item, s->out1 + (size_t)(i * k) * s->item);
  return true;
}

typedef void Geqrf(const int *, const int *, void *, const int *, void *, void *, const int *, int *);
bool matrix_qr(CxDtype d, int64_t batch, int64_t m, int64_t n, void *a, void *taus) {
  int64_t k = m < n ? m : n;
  Geqrf *geqrf = k > OWN_UP_TO ? (Geqrf *)lapack_get(LAPACK_GEQRF, d) : NULL;
  Stack s = stack_of(d, m, n);
  s.out0 = a, s.out1 = taus;
  if (!geqrf) return stack_run(batch, 2 * m * n * k, &s, qr_part);
  TRY(extents_fit(m, n));
  double first[2] = {0};
  int rows = (int)m, cols = (int)n, ask = -1, info = 0;
  geqrf(&rows, &cols, a, &rows, taus, first, &ask, &info);
  int lwork = work_asked(d, first);
  char *columns = scratch_new(s.item, m, n), *work = scratch_new(s.item, lwork, 1);
  bool ok = columns && work;
  for (int64_t i = 0; ok && i < batch; i++) {
    char *one = s.out0 + (size_t)(i * m * n) * s.item;
    to_columns(d, m, n, columns, one);
    geqrf(&rows, &cols, columns, &rows, s.out1 + (size_t)(i * k) * s.item, work, &lwork, &info);
    to_rows(d, m, n, one, columns);
  }
  cx_free(columns), cx_free(work);
  return ok;
}

bool matrix_qr_pivoted(CxDtype d, int64_t batch, int64_t m, int64_t n, void *a, int32_t *pivots, void *taus) {
  typedef void RealGeqp3(const int *, const int *, void *, const int *, int *, void *, void *, const int *, int *);
  typedef void ComplexGeqp3(const int *, const int *, void *, const int *, int *, void *, void *, const int *, void *, int *);
  CxLapackFn *f = lapack_need(LAPACK_GEQP3, d, "qr with pivoting");
  int64_t k = m < n ? m : n;
  TRY(f && extents_fit(m, n));
  double first[2] = {0};
  int rows = (int)m, cols = (int)n, lwork = -1, info = 0;
  char *reals = scratch_new(real_item(d), n, 2), *columns = scratch_new(item_of(d), m, n), *work = NULL;
  bool ok = reals && columns;
#define CALL(at, jpvt, tau, work)                                                                    \
  (is_complex(d) ? ((ComplexGeqp3 *)f)(&rows, &cols, at, &rows, jpvt, tau, work, &lwork, reals, &info) \
                 : ((RealGeqp3 *)f)(&rows, &cols, at, &rows, jpvt, tau, work, &lwork, &info))
  if (ok) {
    CALL(columns, pivots, taus, first);
    lwork = work_asked(d, first);
    ok = (work = scratch_new(item_of(d), lwork, 1)) != NULL;
  }
  for (int64_t i = 0; ok && i < batch; i++) {
    char *one = (char *)a + (size_t)(i * m * n) * item_of(d);
    to_columns(d, m, n, columns, one);
    CALL(columns, pivots + i * n, (char *)taus + (size_t)(i * k) * item_of(d), work);
    to_rows(d, m, n, one, columns);
  }
#undef CALL
  cx_free(reals), cx_free(columns), cx_free(work);
  return ok;
}

static bool make_q_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  for (int64_t i = begin; i < end; i++)
    s->own->make_q(s->m, s->n, s->k, s->out0 + (size_t)(i * s->m * s->n) * s->item, s->in0 + (size_t)(i * s->k) * s->item);
  return true;
}

bool matrix_make_q(CxDtype d, int64_t batch, int64_t m, int64_t n, int64_t k, void *a, const void *taus) {
  typedef void Orgqr(const int *, const int *, const int *, void *, const int *, const void *, void *, const int *, int *);
  Orgqr *orgqr = n > OWN_UP_TO ? (Orgqr *)lapack_get(LAPACK_ORGQR, d) : NULL;
  Stack s = stack_of(d, m, n);
  s.k = k, s.out0 = a, s.in0 = taus;
  if (!orgqr) return stack_run(batch, 2 * m * n * k, &s, make_q_part);
  TRY(extents_fit(m, n));
  double first[2] = {0};
  int rows = (int)m, cols = (int)n, count = (int)k, ask = -1, info = 0;
  orgqr(&rows, &cols, &count, a, &rows, taus, first, &ask, &info);
  int lwork = work_asked(d, first);
  char *columns = scratch_new(s.item, m, n), *work = scratch_new(s.item, lwork, 1);
  bool ok = columns && work;
  for (int64_t i = 0; ok && i < batch; i++) {
    char *one = s.out0 + (size_t)(i * m * n) * s.item;
    to_columns(d, m, n, columns, one);
    orgqr(&rows, &cols, &count, columns, &rows, s.in0 + (size_t)(i * k) * s.item, work, &lwork, &info);
    to_rows(d, m, n, one, columns);
  }
  cx_free(columns), cx_free(work);
  return ok;
}

static bool multiply_q_part(void *env, int64_t begin, int64_t end) {
  const Stack *s = env;
  const int64_t *shape = (const int64_t *)(const void *)s->in2; /* m, rows, cols */
  for (int64_t i = begin; i < end; i++)
    s->own->multiply_q(s->n, s->k, s->in0 + (size_t)(i * shape[0] * s->n) * s->item, s->in1 + (size_t)(i * s->k) * s->item, shape[1], shape[2],
                       s->out0 + (size_t)(i * shape[1] * shape[2]) * s->item, s->left, s->transpose);
  return true;
}
bool matrix_multiply_q(CxDtype d, int64_t batch, int64_t m, int64_t n, int64_t k, const void *a, const void *taus, int64_t rows, int64_t cols, void *c,
                       bool left, bool transpose) {
  const int64_t shape[] = {m, rows, cols};
  Stack s = stack_of(d, m, n);
  s.k = k, s.in0 = a, s.in1 = taus, s.in2 = (const char *)shape, s.out0 = c, s.left = left, s.transpose = transpose;
  return stack_run(batch, 2 * rows * cols * k, &s, multiply_q_part);
}
