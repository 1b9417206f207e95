/* See fft_plan.h. Plans in use are counted; the table keeps the most recently used ones. */
#include "kernels/fft_plan.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/fft_run.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

__extension__ typedef __int128 Int128;
enum { FFT_KEPT = 24 };
static pthread_mutex_t plans_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the three below */
static FftPlan *plans[FFT_KEPT];
static uint64_t plans_clock;

/* The angle is brought into the first eighth of the circle by integers, so that sine and cosine are correct to the last bit or so. */
void fft_root(int64_t k, int64_t n, double *re, double *im) {
  Int128 a = (Int128)(k % n) * 8;
  int octant = (int)(a / n);
  Int128 rest = a - (Int128)octant * n; /* in [0, n): the angle is 2 pi (octant + rest / n) / 8 */
  bool odd = octant & 1;
  double x = 0.78539816339744830962 * (double)(odd ? n - (int64_t)rest : (int64_t)rest) / (double)n, c = cos(x), s = sin(x), swap = c;
  if (odd) c = s, s = swap; /* angle pi / 2 - x within the quarter */
  int quarter = octant / 2;
  double cc = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s, ss = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
  *re = cc, *im = -ss;
}

static void put(bool wide, void *to, int64_t i, double x) {
  if (wide) ((double *)to)[i] = x;
  else ((float *)to)[i] = (float)x;
}
static void *numbers(bool wide, int64_t n) {
  size_t bytes;
  if (!size_mul(wide ? 8 : 4, (size_t)n, &bytes)) return cx_fail(CX_ERR_MEMORY, "a Fourier transform of %lld elements is too long", (long long)n), NULL;
  return cx_malloc(bytes + 64);
}

static void plan_free(FftPlan *p) {
  if (!p) return;
  for (int i = 0; i < p->steps; i++) cx_free(p->step[i].re), cx_free(p->step[i].im);
  cx_free(p->root_re), cx_free(p->root_im), cx_free(p->chirp_re), cx_free(p->chirp_im), cx_free(p->spectrum_re), cx_free(p->spectrum_im);
  fft_plan_release(p->inner);
  cx_free(p);
}
void fft_plan_release(FftPlan *p) {
  if (p && atomic_fetch_sub(&p->count, 1) == 1) plan_free(p);
}

/* The radices of n, 4 before 2, then odd ones; 0 if a prime is too large. */
static int radices(int64_t n, int64_t *to) {
  int k = 0;
  while (n % 4 == 0) to[k++] = 4, n /= 4;
  if (n % 2 == 0) to[k++] = 2, n /= 2;
  for (int64_t f = 3; f <= FFT_MAX_PRIME && n > 1; f += 2)
    while (n % f == 0) to[k++] = f, n /= f;
  return n == 1 ? k : 0;
}

static bool step_make(FftPlan *p, FftStep *s, int64_t length, int64_t radix) {
  int64_t m = length / radix, own = (radix - 1) * m;
  s->radix = radix, s->m = m;
  TRY((s->re = numbers(p->wide, own + radix)) && (s->im = numbers(p->wide, own + radix)));
  double re, im;
  for (int64_t k = 1; k < radix; k++)
    for (int64_t i = 0; i < m; i++) {
      fft_root(k * i, length, &re, &im);
      put(p->wide, s->re, (k - 1) * m + i, re), put(p->wide, s->im, (k - 1) * m + i, im);
    }
  for (int64_t j = 0; j < radix; j++) {
    fft_root(j, radix, &re, &im);
    put(p->wide, s->re, own + j, re), put(p->wide, s->im, own + j, im);
  }
  return true;
}

static int64_t smooth_at_least(int64_t n) { /* 2^a 3^b 5^c */
  for (;; n++) {
    int64_t k = n;
    while (k % 2 == 0) k /= 2;
    while (k % 3 == 0) k /= 3;
    while (k % 5 == 0) k /= 5;
    if (k == 1) return n;
  }
}

/* X_k = c_k sum over j of (x_j c_j) conj(c_(k - j)), c_j = exp(-pi i j^2 / n): a convolution of length m >= 2 n - 1 */
static bool bluestein_make(FftPlan *p) {
  int64_t n = p->n;
  FAIL_IF(n > INT64_MAX / 16, CX_ERR_MEMORY, "a Fourier transform of %lld elements is too long", (long long)n);
  int64_t m = smooth_at_least(2 * n - 1);
  TRY(p->inner = fft_plan(m, p->wide));
  TRY((p->chirp_re = numbers(p->wide, n)) && (p->chirp_im = numbers(p->wide, n)) && (p->spectrum_re = numbers(p->wide, m)) && (p->spectrum_im = numbers(p->wide, m)));
  size_t bytes = (size_t)m * (p->wide ? 8 : 4);
  char *br = cx_calloc(1, 4 * bytes + 64), *bi = br + bytes;
  TRY(br);
  double re, im;
  for (int64_t j = 0; j < n; j++) {
    fft_root((int64_t)((Int128)j * j % (2 * n)), 2 * n, &re, &im);
    put(p->wide, p->chirp_re, j, re), put(p->wide, p->chirp_im, j, im);
    put(p->wide, br, j, re / (double)m), put(p->wide, bi, j, -im / (double)m);
    if (j) put(p->wide, br, m - j, re / (double)m), put(p->wide, bi, m - j, -im / (double)m);
  }
  const void *r, *i;
  fft_lines(p->inner, 1, br, bi, bi + bytes, bi + 2 * bytes, &r, &i);
  memcpy(p->spectrum_re, r, bytes), memcpy(p->spectrum_im, i, bytes);
  cx_free(br);
  return true;
}

static FftPlan *plan_make(int64_t n, bool wide) {
  int64_t list[FFT_STEPS], length = n;
  FftPlan *p = cx_calloc(1, sizeof *p);
  if (!p) return NULL;
  atomic_init(&p->count, 1);
  p->n = n, p->wide = wide;
  int count = radices(n, list);
  bool ok = true;
  if (!count && n > 1) ok = bluestein_make(p);
  for (int i = 0; ok && i < count; length /= list[i++]) p->steps = i + 1, ok = step_make(p, &p->step[i], length, list[i]);
  ok = ok && (p->root_re = numbers(wide, n + 1)) && (p->root_im = numbers(wide, n + 1));
  for (int64_t j = 0; ok && j <= n; j++) { /* of the packed real transform of length 2 n: half steps */
    double re, im;
    fft_root(j, 2 * n, &re, &im);
    put(wide, p->root_re, j, re), put(wide, p->root_im, j, im);
  }
  if (!ok) plan_free(p), p = NULL;
  return p;
}

static FftPlan *plan_found(int64_t n, bool wide) {
  for (int i = 0; i < FFT_KEPT; i++)
    if (plans[i] && plans[i]->n == n && plans[i]->wide == wide) {
      plans[i]->used = ++plans_clock;
      atomic_fetch_add(&plans[i]->count, 1);
      return plans[i];
    }
  return NULL;
}

FftPlan *fft_plan(int64_t n, bool wide) {
  pthread_mutex_lock(&plans_lock);
  FftPlan *p = plan_found(n, wide);
  pthread_mutex_unlock(&plans_lock);
  if (p || !(p = plan_make(n, wide))) return p;
  pthread_mutex_lock(&plans_lock);
  int oldest = 0;
  for (int i = 1; i < FFT_KEPT && plans[oldest]; i++)
    if (!plans[i] || plans[i]->used < plans[oldest]->used) oldest = i;
  FftPlan *was = plans[oldest];
  plans[oldest] = p;
  p->used = ++plans_clock;
  atomic_fetch_add(&p->count, 1);
  pthread_mutex_unlock(&plans_lock);
  fft_plan_release(was);
  return p;
}
