/* See fft.h. Axes are transformed one after the other; lines go through buffers in blocks, which are shared among threads. An inverse is a forward
 * transform between exchanges of real and imaginary parts. */
#include "kernels/fft.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/fft_run.h"
#include "runtime/pool.h"

#include <pthread.h>
#include <string.h>

static const FftLoops *fft_loops(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) return &fft_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &fft_avx2;
#endif
  return &fft_base;
}

void fft_lines(const FftPlan *p, int64_t s, void *xr, void *xi, void *yr, void *yi, const void **re, const void **im) {
  const FftLoops *loops = fft_loops();
  for (int i = 0; i < p->steps; i++) {
    loops->step[p->wide](&p->step[i], s, xr, xi, yr, yi);
    s *= p->step[i].radix;
    void *r = xr, *j = xi;
    xr = yr, xi = yi, yr = r, yi = j;
  }
  *re = xr, *im = xi;
}

/* One line by convolution; x: n numbers each, room for m in all four. */
static void fft_chirped(const FftPlan *p, void *xr, void *xi, void *yr, void *yi, const void **re, const void **im) {
  const FftLoops *loops = fft_loops();
  const FftPlan *inner = p->inner;
  size_t item = p->wide ? 8 : 4, rest = (size_t)(inner->n - p->n) * item;
  const void *r, *i;
  loops->multiply[p->wide](p->n, xr, xi, p->chirp_re, p->chirp_im, xr, xi);
  memset((char *)xr + (size_t)p->n * item, 0, rest), memset((char *)xi + (size_t)p->n * item, 0, rest);
  fft_lines(inner, 1, xr, xi, yr, yi, &r, &i);
  bool in_x = r == xr;
  void *ar = in_x ? xr : yr, *ai = in_x ? xi : yi, *br = in_x ? yr : xr, *bi = in_x ? yi : xi;
  loops->multiply[p->wide](inner->n, ar, ai, p->spectrum_re, p->spectrum_im, ar, ai);
  fft_lines(inner, 1, ai, ar, bi, br, &i, &r); /* back: parts exchanged */
  bool in_a = r == ar;
  void *zr = in_a ? ar : br, *zi = in_a ? ai : bi;
  loops->multiply[p->wide](p->n, zr, zi, p->chirp_re, p->chirp_im, zr, zi);
  *re = zr, *im = zi;
}

static void fft_block(const FftPlan *p, int64_t s, void *xr, void *xi, void *yr, void *yi, const void **re, const void **im) {
  if (p->inner) fft_chirped(p, xr, xi, yr, yi, re, im);
  else fft_lines(p, s, xr, xi, yr, yi, re, im);
}

/* ---- between arrays and blocks: element j of line q at [j * step + q * line], in complex or real elements ---- */

typedef struct Lines {
  const FftPlan *plan;
  CxFftType type;
  int64_t n;           /* length of the (real) transform */
  int64_t lines, inner; /* inner: extent below the axis; lines are numbered with it fastest */
  int64_t width;       /* lines of a block */
  const char *in;
  char *out;
  int64_t in_n, out_n; /* extents of the axis in memory */
  double scale;
} Lines;

#define R float
#define FN(name) name##_f32
#include "kernels/fft_move.h"
#undef R
#undef FN
#define R double
#define FN(name) name##_f64
#include "kernels/fft_move.h"

static bool lines_part(void *env, int64_t begin, int64_t end) {
  const Lines *l = env;
  const FftPlan *p = l->plan;
  size_t item = p->wide ? 8 : 4, room = (size_t)(p->inner ? p->inner->n : p->n * l->width) * item + 128;
  char *memory = cx_malloc(4 * room);
  TRY(memory);
  void *xr = memory, *xi = memory + room, *yr = memory + 2 * room, *yi = memory + 3 * room;
  for (int64_t b = begin; b < end; b++) {
    const void *re, *im;
    int64_t blocks = (l->inner + l->width - 1) / l->width, outer, first, s;
    if (l->inner == 1) outer = b * l->width, first = 0, s = l->lines - outer < l->width ? l->lines - outer : l->width;
    else outer = b / blocks, first = b % blocks * l->width, s = l->inner - first < l->width ? l->inner - first : l->width;
    (p->wide ? take_f64 : take_f32)(l, outer, first, s, xr, xi);
    fft_block(p, s, xr, xi, yr, yi, &re, &im);
    (p->wide ? give_f64 : give_f32)(l, outer, first, s, re, im);
  }
  cx_free(memory);
  return true;
}

/* One axis: outer x n x inner. */
static bool fft_axis(CxFftType type, bool wide, int64_t outer, int64_t n, int64_t inner, int64_t in_n, int64_t out_n, const void *in, void *out, double scale) {
  bool packed = (type == CX_RFFT || type == CX_IRFFT) && n % 2 == 0;
  if (!outer || !inner || !n) return true;
  FftPlan *p = fft_plan(packed ? n / 2 : n, wide);
  TRY(p);
  int64_t width = p->inner ? 1 : inner > 1 ? (inner < 16 ? inner : 16) : n > 2048 ? 1 : outer < 8 ? outer : 8;
  Lines l = {p, type, n, inner == 1 ? outer : inner, inner, width, in, out, in_n, out_n, scale};
  int64_t blocks = inner == 1 ? (outer + width - 1) / width : outer * ((inner + width - 1) / width);
  bool ok = pool_for(blocks, 1 + 16384 / (n * width + 1), lines_part, &l);
  fft_plan_release(p);
  return ok;
}

bool kernel_fft(CxFftType type, int n_axes, const CxView *in, const CxView *out) {
  bool wide = in->dtype == CX_F64 || in->dtype == CX_C128, inverse = type == CX_IFFT || type == CX_IRFFT;
  const int64_t *dims = type == CX_IRFFT ? out->dims : in->dims;
  int rank = in->rank, first = rank - n_axes;
  double count = 1;
  int64_t all = 1;
  for (int i = 0; i < rank; i++) all *= out->dims[i];
  for (int i = first; i < rank; i++) count *= (double)dims[i];
  for (int i = 0; i < rank; i++)
    if (!in->dims[i] && all) return memset(out->data, 0, (size_t)all * (size_t)cx_dtype_bytes(out->dtype)), true;
  if (!all) return true;
  double scale = inverse ? 1 / count : 1;
  int64_t last = dims[rank - 1], rows = 1, item = cx_dtype_bytes(type == CX_IRFFT ? in->dtype : out->dtype), width = type == CX_IRFFT ? in->dims[rank - 1] : out->dims[rank - 1];
  for (int i = 0; i < rank - 1; i++) rows *= dims[i];
  const void *from = in->data;
  void *spare = NULL, *to = out->data;
  if (type != CX_IRFFT) TRY(fft_axis(type, wide, rows, last, 1, in->dims[rank - 1], width, from, to, scale));
  else if (n_axes > 1) {
    TRY(spare = to = cx_malloc((size_t)(rows * width * item) + 64));
  }
  bool ok = true;
  int64_t inner = width;
  for (int i = rank - 2; ok && i >= first; i--) { /* complex, in place; from the operand the first time for CX_IRFFT */
    int64_t outer = rows * width / (inner * dims[i]);
    bool fresh = type == CX_IRFFT && i == rank - 2;
    ok = fft_axis(inverse ? CX_IFFT : CX_FFT, wide, outer, dims[i], inner, dims[i], dims[i], fresh ? from : to, to, 1);
    inner *= dims[i];
  }
  if (type == CX_IRFFT) ok = ok && fft_axis(type, wide, rows, last, 1, width, last, spare ? spare : from, out->data, scale);
  cx_free(spare);
  return ok;
}
