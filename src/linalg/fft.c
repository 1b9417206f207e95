/* jax.numpy.fft and jax.lax.fft: the transformed axes come last, are cut or padded to their lengths, transformed, scaled, moved back. */
#include "linalg/shapes.h"
#include <math.h>

enum { FORWARD, INVERSE, REAL, REAL_BACK };

CxVal cx_lax_fft_typed(CxVal x, int64_t type, CxInts lengths) {
  if (!x) return NULL;
  CxDtype d = np_to_inexact(x->type->dtype);
  if (type == REAL) {
    FAIL_IF(cx_dtype_kind(d) == 'c', CX_ERR_VALUE, "only real valued inputs supported for rfft");
    return cx_fft(np_convert(x, d, false), REAL, lengths);
  }
  if (cx_dtype_kind(d) != 'c') d = d == CX_F64 ? CX_C128 : CX_C64;
  x = np_convert(x, d, false);
  return lengths.n ? cx_fft(x, (int)type, lengths) : x;
}

/* At most three axes at a time, as XLA takes them. */
static CxVal transformed(CxVal x, int type, const int64_t *s, int n) {
  if (!x || n <= 3) return cx_lax_fft_typed(x, type, (CxInts){s, n, false});
  int few = n == 4 ? 2 : 3, rank = x->type->rank, left = n - few;
  int64_t from[CX_MAX_RANK], to[CX_MAX_RANK];
  for (int i = 0; i < left; i++) from[i] = rank - n + i, to[i] = rank - left + i;
  CxInts src = {from, left, false}, dst = {to, left, false};
  if (type == REAL || type == FORWARD) {
    x = cx_np_moveaxis(cx_lax_fft_typed(x, type, (CxInts){s + left, few, false}), src, dst);
    return cx_np_moveaxis(transformed(x, FORWARD, s, left), dst, src);
  }
  x = cx_np_moveaxis(transformed(cx_np_moveaxis(x, src, dst), INVERSE, s, left), dst, src);
  return cx_lax_fft_typed(x, type, (CxInts){s + left, few, false});
}

/* x with its last n axes cut or padded to these extents. */
static CxVal fitted(CxVal x, const int64_t *s, int n) {
  int64_t config[3 * CX_MAX_RANK] = {0};
  bool pad = false;
  for (int i = 0; x && i < n; i++) {
    int axis = x->type->rank - n + i;
    int64_t have = x->type->dims[axis];
    if (have > s[i]) x = cx_slice_axis(x, axis, 0, s[i]);
    if (have < s[i]) config[3 * axis + 1] = s[i] - have, pad = true;
  }
  return x && pad ? cx_pad(x, cx_like(x, 0), config) : x;
}

static bool norm_factor(const char *norm, bool inverse, const int64_t *s, int n, double *by) {
  double count = 1;
  *by = 1;
  if (!norm || !strcmp(norm, "backward")) return true;
  for (int i = 0; i < n; i++) count *= (double)s[i];
  bool ortho = !strcmp(norm, "ortho");
  FAIL_IF(!ortho && strcmp(norm, "forward") != 0, CX_ERR_VALUE, "Invalid norm value %s; should be \"backward\",\"ortho\" or \"forward\".", norm);
  if (ortho) count = sqrt(count);
  *by = inverse ? count : 1 / count;
  return true;
}

static CxVal fft_core(const char *name, int type, CxVal x, CxInts s, CxInts axes, const char *norm) {
  int64_t from[CX_MAX_RANK], to[CX_MAX_RANK], length[CX_MAX_RANK], in[CX_MAX_RANK];
  if (!x) return NULL;
  int rank = x->type->rank, n = axes.none ? s.none ? rank : s.n : axes.n;
  for (int i = 0; !s.none && i < s.n; i++) FAIL_IF(s.v[i] <= 0, CX_ERR_VALUE, "Shape should be positive.");
  FAIL_IF(!s.none && !axes.none && s.n != axes.n, CX_ERR_VALUE, "Shape and axes have different lengths.");
  FAIL_IF(n > rank, CX_ERR_VALUE, "jax.numpy.fft.%s: %d axes to transform in an array of %d", name, n, rank);
  for (int i = 0; i < n; i++) {
    from[i] = axes.none ? rank - n + i : np_axis(axes.v[i], rank), to[i] = rank - n + i;
    if (from[i] < 0) return NULL;
    for (int k = 0; k < i; k++) FAIL_IF(from[k] == from[i], CX_ERR_VALUE, "jax.numpy.fft.%s does not support repeated axes.", name);
  }
  if (!axes.none) x = cx_np_moveaxis(x, (CxInts){from, n, false}, (CxInts){to, n, false});
  if (!x) return NULL;
  for (int i = 0; i < n; i++) {
    int64_t have = x->type->dims[rank - n + i];
    bool half = type == REAL_BACK && i == n - 1;
    length[i] = !s.none ? s.v[i] : half ? (have > 1 ? 2 * (have - 1) : 0) : have;
    in[i] = !s.none && half ? length[i] / 2 + 1 : s.none ? have : length[i];
  }
  double by;
  if (!norm_factor(norm, name[0] == 'i', length, n, &by)) return NULL;
  CxVal z = transformed(fitted(x, in, n), type, length, n);
  if (z && norm && strcmp(norm, "backward") != 0) z = cx_mul(z, cx_like(z, by));
  return z && !axes.none ? cx_np_moveaxis(z, (CxInts){to, n, false}, (CxInts){from, n, false}) : z;
}

static CxVal along(const char *name, int type, CxVal x, CxOptInt n, CxOptInt axis, const char *norm) {
  CxInts s = n.given ? cx_ints(n.v) : (CxInts){.none = true}, axes = axis.given ? cx_ints(axis.v) : (CxInts){.none = true};
  return fft_core(name, type, x, s, axes, norm);
}
static CxVal over_two(const char *name, int type, CxVal x, CxInts s, CxInts axes, const char *norm) {
  FAIL_IF(axes.none || axes.n != 2, CX_ERR_VALUE, "jax.numpy.fft.%s only supports 2 axes. Got %d.", name, axes.none ? 0 : axes.n);
  return fft_core(name, type, x, s, axes, norm);
}

CxVal cx_fft_fft(CxVal a, CxFftFft o) { return along("fft", FORWARD, a, o.n, o.axis, o.norm); }
CxVal cx_fft_ifft(CxVal a, CxFftIfft o) { return along("ifft", INVERSE, a, o.n, o.axis, o.norm); }
CxVal cx_fft_rfft(CxVal a, CxFftRfft o) { return along("rfft", REAL, a, o.n, o.axis, o.norm); }
CxVal cx_fft_irfft(CxVal a, CxFftIrfft o) { return along("irfft", REAL_BACK, a, o.n, o.axis, o.norm); }
CxVal cx_fft_fft2(CxVal a, CxFftFft2 o) { return over_two("fft2", FORWARD, a, o.s, o.axes, o.norm); }
CxVal cx_fft_ifft2(CxVal a, CxFftIfft2 o) { return over_two("ifft2", INVERSE, a, o.s, o.axes, o.norm); }
CxVal cx_fft_rfft2(CxVal a, CxFftRfft2 o) { return over_two("rfft2", REAL, a, o.s, o.axes, o.norm); }
CxVal cx_fft_irfft2(CxVal a, CxFftIrfft2 o) { return over_two("irfft2", REAL_BACK, a, o.s, o.axes, o.norm); }
CxVal cx_fft_fftn(CxVal a, CxFftFftn o) { return fft_core("fftn", FORWARD, a, o.s, o.axes, o.norm); }
CxVal cx_fft_ifftn(CxVal a, CxFftIfftn o) { return fft_core("ifftn", INVERSE, a, o.s, o.axes, o.norm); }
CxVal cx_fft_rfftn(CxVal a, CxFftRfftn o) { return fft_core("rfftn", REAL, a, o.s, o.axes, o.norm); }
CxVal cx_fft_irfftn(CxVal a, CxFftIrfftn o) { return fft_core("irfftn", REAL_BACK, a, o.s, o.axes, o.norm); }

static int64_t extent_at(CxVal a, CxOptInt axis) { /* -1 with an error */
  int k = axis.given ? np_axis(axis.v, a->type->rank) : a->type->rank == 1 ? 0 : -1;
  if (!axis.given && k < 0) cx_fail(CX_ERR_TYPE, "an axis must be given");
  return k < 0 ? -1 : a->type->dims[k];
}

CxVal cx_fft_hfft(CxVal a, CxFftHfft o) {
  if (!a) return NULL;
  int64_t have = extent_at(a, o.axis), n = o.n.given ? o.n.v : 2 * (have - 1);
  if (have < 0) return NULL;
  CxVal z = along("hfft", REAL_BACK, cx_np_conjugate(a), o.n, o.axis, o.norm);
  return z ? cx_mul(z, cx_like(z, (double)n)) : NULL;
}
CxVal cx_fft_ihfft(CxVal a, CxFftIhfft o) {
  if (!a) return NULL;
  int64_t have = extent_at(a, o.axis), n = o.n.given ? o.n.v : have;
  if (have < 0) return NULL;
  CxVal z = along("ihfft", REAL, a, o.n, o.axis, o.norm);
  return z ? cx_mul(cx_conj(z), cx_like(z, 1 / (double)n)) : NULL;
}

/* ---- frequencies and shifts ---- */

static CxVal frequencies(CxVal k, CxVal d, int64_t n) { /* k / (d n) */
  CxVal step = d ? cx_np_multiply(d, cx_weak_scalar(np_canonical(CX_F64), (double)n)) : cx_scalar(k->type->dtype, (double)n);
  return step ? cx_np_true_divide(k, np_convert(step, k->type->dtype, false)) : NULL;
}

CxVal cx_fft_fftfreq(int64_t n, CxFftFftfreq o) {
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_F64), f = np_to_inexact(d);
  FAIL_IF(n < 0, CX_ERR_VALUE, "fftfreq: n must not be negative");
  int64_t half = (n + 1) / 2;
  CxVal i = cx_iota(CX_I32, 1, &n, 0);
  if (!i) return NULL;
  CxVal k = cx_select(cx_lt(i, cx_scalar_i64(CX_I32, half)), i, cx_sub(i, cx_scalar_i64(CX_I32, n)));
  CxVal z = frequencies(cx_convert(k, f), o.d, n);
  return z ? np_convert(z, d, false) : NULL;
}
CxVal cx_fft_rfftfreq(int64_t n, CxFftRfftfreq o) {
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_F64);
  FAIL_IF(n < 0, CX_ERR_VALUE, "rfftfreq: n must not be negative");
  CxVal k = cx_iota(CX_I32, 1, (int64_t[]){n / 2 + 1}, 0);
  return k ? frequencies(cx_convert(k, d), o.d, n) : NULL;
}

static CxVal shifted(CxVal x, CxInts axes, bool back) {
  int64_t store[CX_MAX_RANK];
  if (!x) return NULL;
  CxInts list = np_axes(axes, x->type->rank, store);
  if (list.n < 0) return NULL;
  for (int i = 0; x && i < list.n; i++) {
    int axis = (int)list.v[i];
    int64_t n = x->type->dims[axis], cut = back ? n / 2 : n - n / 2;
    if (n < 2) continue;
    CxVal parts[2] = {cx_slice_axis(x, axis, cut, n), cx_slice_axis(x, axis, 0, cut)};
    x = cx_concatenate(2, parts, axis);
  }
  return x;
}
CxVal cx_fft_fftshift(CxVal x, CxFftFftshift o) { return shifted(x, o.axes, false); }
CxVal cx_fft_ifftshift(CxVal x, CxFftIfftshift o) { return shifted(x, o.axes, true); }
