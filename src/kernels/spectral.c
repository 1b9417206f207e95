/* Eigenvalues and singular values of stacks of matrices. See matrix.h. LAPACK's own scaling and checks need finite input: others give NaN. */
#include "kernels/matrix.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/lapack.h"
#include "kernels/matrix_own.h"
#include "kernels/move.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static size_t item_of(CxDtype d) { return (size_t)cx_dtype_bytes(d); }
static bool is_complex(CxDtype d) { return d == CX_C64 || d == CX_C128; }
static CxDtype real_of(CxDtype d) { return d == CX_C64 ? CX_F32 : d == CX_C128 ? CX_F64 : d; }
static CxDtype complex_of(CxDtype d) { return d == CX_F32 ? CX_C64 : d == CX_F64 ? CX_C128 : d; }
static bool is_single(CxDtype d) { return real_of(d) == CX_F32; }

static void fill_nan(CxDtype d, void *to, int64_t n) {
  int64_t reals = is_complex(d) ? 2 * n : n;
  for (int64_t i = 0; to && i < reals; i++) {
    if (is_single(d)) ((float *)to)[i] = NAN;
    else ((double *)to)[i] = (double)NAN;
  }
}
static bool all_finite(CxDtype d, const void *from, int64_t n) {
  int64_t reals = is_complex(d) ? 2 * n : n;
  double bad = 0;
  for (int64_t i = 0; i < reals; i++) bad += is_single(d) ? (double)(((const float *)from)[i] * 0) : ((const double *)from)[i] * 0;
  return bad == 0;
}
static void to_columns(CxDtype d, int64_t m, int64_t n, void *columns, const void *rows) {
  move_strided((int)item_of(d), 2, (int64_t[]){m, n}, columns, (int64_t[]){1, m}, rows, (int64_t[]){n, 1});
}
static void to_rows(CxDtype d, int64_t m, int64_t n, void *rows, const void *columns) {
  move_strided((int)item_of(d), 2, (int64_t[]){m, n}, rows, (int64_t[]){n, 1}, columns, (int64_t[]){1, m});
}

/* What one call works in: pieces of memory that are freed together, and the sizes asked for. */
typedef struct Work {
  void *piece[8];
  int n;
  int lwork, lreal, lint;
  double ask[2], ask_real[2];
  int ask_int;
  bool ok;
} Work;

static void *work_get(Work *w, size_t item, int64_t a, int64_t b) {
  size_t bytes;
  if (!w->ok || w->n == 8) return NULL;
  w->ok = size_mul(item, (size_t)(a > 0 ? a : 1), &bytes) && size_mul(bytes, (size_t)(b > 0 ? b : 1), &bytes);
  if (!w->ok) return cx_fail(CX_ERR_MEMORY, "a matrix is too large to work on"), NULL;
  void *p = cx_malloc(bytes + 64);
  w->ok = p != NULL;
  return w->piece[w->n++] = p;
}
static Work work_start(int64_t m, int64_t n) {
  Work w = {.lwork = -1, .lreal = -1, .lint = -1, .ok = m <= INT_MAX && n <= INT_MAX};
  if (!w.ok) cx_fail(CX_ERR_VALUE, "LAPACK takes extents up to 2147483647, got a matrix of %lld x %lld", (long long)m, (long long)n);
  return w;
}
static bool work_end(Work *w) {
  for (int i = 0; i < w->n; i++) cx_free(w->piece[i]);
  return w->ok;
}
static int asked(CxDtype d, const void *first) {
  double x = is_single(d) ? *(const float *)first : *(const double *)first;
  return x >= 1 && x < INT_MAX - 64 ? (int)x + 1 + (int)(x * 1e-6) : 1;
}

/* ---- eigh ---- */

typedef void Syevd(const char *, const char *, const int *, void *, const int *, void *, void *, const int *, int *, const int *, int *, size_t, size_t);
typedef void Heevd(const char *, const char *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, int *, const int *, int *,
                   size_t, size_t);

static int eigh_call(CxLapackFn *f, CxDtype d, int n, bool lower, void *a, void *w, void *work, void *reals, int *ints, const Work *sizes) {
  int info = 0;
  const char *triangle = lower ? "L" : "U";
  if (is_complex(d)) ((Heevd *)f)("V", triangle, &n, a, &n, w, work, &sizes->lwork, reals, &sizes->lreal, ints, &sizes->lint, &info, 1, 1);
  else ((Syevd *)f)("V", triangle, &n, a, &n, w, work, &sizes->lwork, ints, &sizes->lint, &info, 1, 1);
  return info;
}

static bool eigh_own(CxDtype d, int64_t batch, int64_t n, bool lower, char *a, char *w) {
  Work work = work_start(n, n);
  void *scratch = work_get(&work, item_of(d), 2 * n, n);
  for (int64_t i = 0; work.ok && i < batch; i++) {
    char *one = a + (size_t)(i * n * n) * item_of(d), *values = w + (size_t)(i * n) * item_of(real_of(d));
    if (all_finite(d, one, n * n)) matrix_own[lapack_dtype(d)].eigh(n, lower, one, values, scratch);
    else fill_nan(d, one, n * n), fill_nan(real_of(d), values, n);
  }
  return work_end(&work);
}

bool matrix_eigh(CxDtype d, int64_t batch, int64_t n, bool lower, void *a, void *w) {
  CxLapackFn *f = lapack_get(LAPACK_SYEVD, d);
  if (!f) return eigh_own(d, batch, n, lower, a, w);
  if (!n || !batch) return true;
  Work s = work_start(n, n);
  if (s.ok) {
    eigh_call(f, d, (int)n, lower, a, w, s.ask, s.ask_real, &s.ask_int, &s);
    s.lwork = asked(d, s.ask), s.lreal = is_complex(d) ? asked(d, s.ask_real) : 1, s.lint = s.ask_int > 0 ? s.ask_int : 1;
  }
  void *columns = work_get(&s, item_of(d), n, n), *work = work_get(&s, item_of(d), s.lwork, 1), *reals = work_get(&s, item_of(real_of(d)), s.lreal, 1),
       *ints = work_get(&s, sizeof(int), s.lint, 1);
  for (int64_t i = 0; s.ok && i < batch; i++) {
    char *one = (char *)a + (size_t)(i * n * n) * item_of(d), *values = (char *)w + (size_t)(i * n) * item_of(real_of(d));
    int info = !all_finite(d, one, n * n);
    to_columns(d, n, n, columns, one);
    if (!info) info = eigh_call(f, d, (int)n, lower, columns, values, work, reals, ints, &s);
    to_rows(d, n, n, one, columns);
    if (info) fill_nan(d, one, n * n), fill_nan(real_of(d), values, n);
  }
  return work_end(&s);
}

/* ---- eig ---- */

typedef void RealGeev(const char *, const char *, const int *, void *, const int *, void *, void *, void *, const int *, void *, const int *, void *, const int *,
                      int *, size_t, size_t);
typedef void ComplexGeev(const char *, const char *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, void *, const int *, void *,
                         int *, size_t, size_t);

typedef struct Eig {
  CxLapackFn *f;
  CxDtype d;
  int n;
  bool left, right;
  void *re, *im, *vl, *vr, *reals;
} Eig;

static int eig_call(const Eig *e, void *a, void *work, int lwork) {
  int info = 0;
  const char *l = e->left ? "V" : "N", *r = e->right ? "V" : "N";
  if (is_complex(e->d)) ((ComplexGeev *)e->f)(l, r, &e->n, a, &e->n, e->re, e->vl, &e->n, e->vr, &e->n, work, &lwork, e->reals, &info, 1, 1);
  else ((RealGeev *)e->f)(l, r, &e->n, a, &e->n, e->re, e->im, e->vl, &e->n, e->vr, &e->n, work, &lwork, &info, 1, 1);
  return info;
}

static double real_at(CxDtype d, const void *p, int64_t i) { return is_single(d) ? (double)((const float *)p)[i] : ((const double *)p)[i]; }
static void complex_put(CxDtype d, void *p, int64_t i, double re, double im) {
  if (is_single(d)) ((float *)p)[2 * i] = (float)re, ((float *)p)[2 * i + 1] = (float)im;
  else ((double *)p)[2 * i] = re, ((double *)p)[2 * i + 1] = im;
}

/* Real routines pack the vectors of a conjugate pair as real part and imaginary part in neighbouring columns. */
static void vectors_unpack(const Eig *e, const void *packed, void *to) {
  int64_t n = e->n;
  for (int64_t j = 0; j < n; j++) {
    bool pair = real_at(e->d, e->im, j) != 0 && j + 1 < n;
    for (int64_t i = 0; i < n; i++) {
      double re = real_at(e->d, packed, j * n + i), im = pair ? real_at(e->d, packed, (j + 1) * n + i) : 0;
      complex_put(e->d, to, i * n + j, re, im);
      if (pair) complex_put(e->d, to, i * n + j + 1, re, -im);
    }
    j += pair;
  }
}

static void eig_store(const Eig *e, void *w, void *left, void *right) {
  if (is_complex(e->d)) {
    memcpy(w, e->re, (size_t)e->n * item_of(e->d));
    if (left) to_rows(e->d, e->n, e->n, left, e->vl);
    if (right) to_rows(e->d, e->n, e->n, right, e->vr);
    return;
  }
  for (int64_t i = 0; i < e->n; i++) complex_put(e->d, w, i, real_at(e->d, e->re, i), real_at(e->d, e->im, i));
  if (left) vectors_unpack(e, e->vl, left);
  if (right) vectors_unpack(e, e->vr, right);
}

bool matrix_eig(CxDtype d, int64_t batch, int64_t n, const void *a, void *w, void *left, void *right) {
  if (!n || !batch) return true;
  Eig e = {lapack_need(LAPACK_GEEV, d, "eig"), d, (int)n, left != NULL, right != NULL, NULL, NULL, NULL, NULL, NULL};
  TRY(e.f);
  Work s = work_start(n, n);
  size_t item = item_of(d), wide = item_of(complex_of(d));
  void *columns = work_get(&s, item, n, n);
  e.re = work_get(&s, item, n, 1), e.im = work_get(&s, item, n, 1), e.vl = work_get(&s, item, n, n), e.vr = work_get(&s, item, n, n), e.reals = work_get(&s, item, 2 * n, 1);
  if (s.ok) eig_call(&e, columns, s.ask, -1);
  s.lwork = asked(d, s.ask);
  void *work = work_get(&s, item, s.lwork, 1);
  for (int64_t i = 0; s.ok && i < batch; i++) {
    const char *one = (const char *)a + (size_t)(i * n * n) * item;
    char *wi = (char *)w + (size_t)(i * n) * wide, *li = left ? (char *)left + (size_t)(i * n * n) * wide : NULL, *ri = right ? (char *)right + (size_t)(i * n * n) * wide : NULL;
    bool good = all_finite(d, one, n * n);
    to_columns(d, n, n, columns, one);
    if (good && !eig_call(&e, columns, work, s.lwork)) eig_store(&e, wi, li, ri);
    else fill_nan(complex_of(d), wi, n), fill_nan(complex_of(d), li, n * n), fill_nan(complex_of(d), ri, n * n);
  }
  return work_end(&s);
}

/* ---- svd ---- */

typedef void RealGesdd(const char *, const int *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, void *, const int *, int *, int *,
                       size_t);
typedef void ComplexGesdd(const char *, const int *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, void *, const int *, void *,
                          int *, int *, size_t);
typedef void RealGesvd(const char *, const char *, const int *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, void *, const int *,
                       int *, size_t, size_t);
typedef void ComplexGesvd(const char *, const char *, const int *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, void *,
                          const int *, void *, int *, size_t, size_t);

typedef struct Svd {
  CxLapackFn *f;
  CxDtype d;
  bool by_qr;
  const char *job;
  int m, n, rows_vt;
  void *s, *u, *vt, *reals;
  int *ints;
} Svd;

static int svd_call(const Svd *v, void *a, void *work, int lwork) {
  int info = 0;
  const int *m = &v->m, *n = &v->n;
  if (v->by_qr && is_complex(v->d)) ((ComplexGesvd *)v->f)(v->job, v->job, m, n, a, m, v->s, v->u, m, v->vt, &v->rows_vt, work, &lwork, v->reals, &info, 1, 1);
  else if (v->by_qr) ((RealGesvd *)v->f)(v->job, v->job, m, n, a, m, v->s, v->u, m, v->vt, &v->rows_vt, work, &lwork, &info, 1, 1);
  else if (is_complex(v->d)) ((ComplexGesdd *)v->f)(v->job, m, n, a, m, v->s, v->u, m, v->vt, &v->rows_vt, work, &lwork, v->reals, v->ints, &info, 1);
  else ((RealGesdd *)v->f)(v->job, m, n, a, m, v->s, v->u, m, v->vt, &v->rows_vt, work, &lwork, v->ints, &info, 1);
  return info;
}

static bool svd_own(CxDtype d, int64_t batch, int64_t m, int64_t n, const char *a, char *s, char *u, char *vt, bool full) {
  int64_t k = m < n ? m : n, big = m < n ? n : m, mu = full ? m : k, nv = full ? n : k;
  size_t item = item_of(d), real = item_of(real_of(d));
  Work w = work_start(m, n);
  void *scratch = work_get(&w, item, big + k + 1, big + k + 1);
  for (int64_t i = 0; w.ok && i < batch; i++) {
    const char *one = a + (size_t)(i * m * n) * item;
    char *si = s + (size_t)(i * k) * real, *ui = u ? u + (size_t)(i * m * mu) * item : NULL, *vi = vt ? vt + (size_t)(i * nv * n) * item : NULL;
    if (all_finite(d, one, m * n)) matrix_own[lapack_dtype(d)].svd(m, n, one, si, ui, mu, vi, nv, scratch);
    else fill_nan(real_of(d), si, k), fill_nan(d, ui, m * mu), fill_nan(d, vi, nv * n);
  }
  return work_end(&w);
}

bool matrix_svd(CxDtype d, int64_t batch, int64_t m, int64_t n, const void *a, void *sv, void *u, void *vt, bool full, bool by_qr) {
  int64_t k = m < n ? m : n, mu = full ? m : k, nv = full ? n : k;
  if (!k || !batch) return true;
  Svd v = {lapack_get(by_qr ? LAPACK_GESVD : LAPACK_GESDD, d), d, by_qr, !u ? "N" : full ? "A" : "S", (int)m, (int)n, (int)nv, NULL, NULL, NULL, NULL, NULL};
  if (!v.f) return svd_own(d, batch, m, n, a, sv, u, vt, full);
  size_t item = item_of(d), real = item_of(real_of(d));
  int64_t big = m < n ? n : m, lreal = !is_complex(d) ? 1 : by_qr ? 5 * k : k * ((5 * k + 7) > (2 * big + 2 * k + 1) ? 5 * k + 7 : 2 * big + 2 * k + 1) + 7 * k;
  Work s = work_start(m, n);
  void *columns = work_get(&s, item, m, n);
  v.u = work_get(&s, item, m, u ? mu : 1), v.vt = work_get(&s, item, nv, u ? n : 1), v.reals = work_get(&s, real, lreal, 1), v.ints = work_get(&s, sizeof(int), 8, k);
  v.s = sv;
  if (s.ok) svd_call(&v, columns, s.ask, -1);
  s.lwork = asked(d, s.ask);
  void *work = work_get(&s, item, s.lwork, 1);
  for (int64_t i = 0; s.ok && i < batch; i++) {
    const char *one = (const char *)a + (size_t)(i * m * n) * item;
    char *ui = u ? (char *)u + (size_t)(i * m * mu) * item : NULL, *vi = vt ? (char *)vt + (size_t)(i * nv * n) * item : NULL;
    bool good = all_finite(d, one, m * n);
    v.s = (char *)sv + (size_t)(i * k) * real;
    to_columns(d, m, n, columns, one);
    good = good && !svd_call(&v, columns, work, s.lwork);
    if (good && u) to_rows(d, m, mu, ui, v.u), to_rows(d, nv, n, vi, v.vt);
    if (!good) fill_nan(real_of(d), v.s, k), fill_nan(d, ui, m * mu), fill_nan(d, vi, nv * n);
  }
  return work_end(&s);
}

/* ---- schur, hessenberg, tridiagonal ---- */

typedef void RealGees(const char *, const char *, void *, const int *, void *, const int *, int *, void *, void *, void *, const int *, void *, const int *, int *, int *,
                      size_t, size_t);
typedef void ComplexGees(const char *, const char *, void *, const int *, void *, const int *, int *, void *, void *, const int *, void *, const int *, void *, int *, int *,
                         size_t, size_t);

static int schur_call(CxLapackFn *f, CxDtype d, int n, void *a, const char *job, void *re, void *im, void *vs, void *work, int lwork, void *reals, int *flags) {
  int info = 0, sdim = 0;
  if (is_complex(d)) ((ComplexGees *)f)(job, "N", NULL, &n, a, &n, &sdim, re, vs, &n, work, &lwork, reals, flags, &info, 1, 1);
  else ((RealGees *)f)(job, "N", NULL, &n, a, &n, &sdim, re, im, vs, &n, work, &lwork, flags, &info, 1, 1);
  return info;
}

bool matrix_schur(CxDtype d, int64_t batch, int64_t n, void *a, void *vectors) {
  if (!n || !batch) return true;
  CxLapackFn *f = lapack_need(LAPACK_GEES, d, "schur");
  TRY(f);
  size_t item = item_of(d);
  const char *job = vectors ? "V" : "N";
  Work s = work_start(n, n);
  void *columns = work_get(&s, item, n, n), *vs = work_get(&s, item, n, n), *re = work_get(&s, item, n, 1), *im = work_get(&s, item, n, 1), *reals = work_get(&s, item, n, 1);
  int *flags = work_get(&s, sizeof(int), n, 1);
  if (s.ok) schur_call(f, d, (int)n, columns, job, re, im, vs, s.ask, -1, reals, flags);
  s.lwork = asked(d, s.ask);
  void *work = work_get(&s, item, s.lwork, 1);
  for (int64_t i = 0; s.ok && i < batch; i++) {
    char *one = (char *)a + (size_t)(i * n * n) * item, *v = vectors ? (char *)vectors + (size_t)(i * n * n) * item : NULL;
    bool good = all_finite(d, one, n * n);
    to_columns(d, n, n, columns, one);
    good = good && !schur_call(f, d, (int)n, columns, job, re, im, vs, work, s.lwork, reals, flags);
    to_rows(d, n, n, one, columns);
    if (good && v) to_rows(d, n, n, v, vs);
    if (!good) fill_nan(d, one, n * n), fill_nan(d, v, n * n);
  }
  return work_end(&s);
}

typedef void Gehrd(const int *, const int *, const int *, void *, const int *, void *, void *, const int *, int *);
bool matrix_hessenberg(CxDtype d, int64_t batch, int64_t n, void *a, void *taus) {
  if (n < 1 || !batch) return true;
  Gehrd *gehrd = (Gehrd *)lapack_need(LAPACK_GEHRD, d, "hessenberg");
  TRY(gehrd);
  size_t item = item_of(d);
  int size = (int)n, low = 1, info = 0;
  Work s = work_start(n, n);
  void *columns = work_get(&s, item, n, n), *tau = work_get(&s, item, n, 1);
  if (s.ok) gehrd(&size, &low, &size, columns, &size, tau, s.ask, &s.lwork, &info);
  s.lwork = asked(d, s.ask);
  void *work = work_get(&s, item, s.lwork, 1);
  for (int64_t i = 0; s.ok && i < batch; i++) {
    char *one = (char *)a + (size_t)(i * n * n) * item;
    to_columns(d, n, n, columns, one);
    gehrd(&size, &low, &size, columns, &size, tau, work, &s.lwork, &info);
    to_rows(d, n, n, one, columns);
    memcpy((char *)taus + (size_t)(i * (n - 1)) * item, tau, (size_t)(n - 1) * item);
  }
  return work_end(&s);
}

typedef void Sytrd(const char *, const int *, void *, const int *, void *, void *, void *, void *, const int *, int *, size_t);
bool matrix_tridiagonal(CxDtype d, int64_t batch, int64_t n, bool lower, void *a, void *diagonal, void *off, void *taus) {
  if (n < 1 || !batch) return true;
  Sytrd *sytrd = (Sytrd *)lapack_need(LAPACK_SYTRD, d, "tridiagonal");
  TRY(sytrd);
  size_t item = item_of(d), real = item_of(real_of(d));
  int size = (int)n, info = 0;
  Work s = work_start(n, n);
  void *columns = work_get(&s, item, n, n), *tau = work_get(&s, item, n, 1), *e = work_get(&s, real, n, 1);
  if (s.ok) sytrd(lower ? "L" : "U", &size, columns, &size, diagonal, e, tau, s.ask, &s.lwork, &info, 1);
  s.lwork = asked(d, s.ask);
  void *work = work_get(&s, item, s.lwork, 1);
  for (int64_t i = 0; s.ok && i < batch; i++) {
    char *one = (char *)a + (size_t)(i * n * n) * item;
    to_columns(d, n, n, columns, one);
    sytrd(lower ? "L" : "U", &size, columns, &size, (char *)diagonal + (size_t)(i * n) * real, e, tau, work, &s.lwork, &info, 1);
    to_rows(d, n, n, one, columns);
    memcpy((char *)taus + (size_t)(i * (n - 1)) * item, tau, (size_t)(n - 1) * item);
    memcpy((char *)off + (size_t)(i * (n - 1)) * real, e, (size_t)(n - 1) * real);
  }
  return work_end(&s);
}
