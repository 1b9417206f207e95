/* Plans of one-dimensional transforms, and the tables of loops that run them. */
#ifndef KERNELS_FFT_PLAN_H
#define KERNELS_FFT_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { FFT_STEPS = 64, FFT_MAX_PRIME = 23 };

typedef struct FftStep {
  int64_t radix, m;   /* length before this step = radix * m */
  void *re, *im;      /* twiddles w^(k p), k = 1 … radix - 1, p < m, w = exp(-2 pi i / (radix m)) */
} FftStep;

typedef struct FftPlan {
  atomic_int count;
  int64_t n;
  bool wide;          /* double */
  int steps;
  FftStep step[FFT_STEPS];
  void *root_re, *root_im;         /* exp(-2 pi i j / n), j < n: only of small primes' and packed real transforms' need (n / 2 + 1) */
  struct FftPlan *inner;           /* Bluestein: of the convolution's length */
  void *chirp_re, *chirp_im;       /* exp(-pi i j^2 / n), j < n */
  void *spectrum_re, *spectrum_im; /* of the conjugate chirp, scaled */
  uint64_t used;
} FftPlan;

typedef struct FftLoops { /* xr, xi to yr, yi: s lines side by side */
  void (*step[2])(const FftStep *p, int64_t s, const void *xr, const void *xi, void *yr, void *yi); /* f32, f64 */
  void (*multiply[2])(int64_t n, void *xr, void *xi, const void *wr, const void *wi, const void *ar, const void *ai); /* x = a w */
} FftLoops;
extern const FftLoops fft_base, fft_avx2, fft_avx512;

/* The plan of length n, made or found; NULL with an error. */
FftPlan *fft_plan(int64_t n, bool wide);
void fft_plan_release(FftPlan *p);
/* exp(-2 pi i k / n) */
void fft_root(int64_t k, int64_t n, double *re, double *im);

#endif
