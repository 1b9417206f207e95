/* jax.scipy.fft: cosine transforms by one complex transform of the same length (even elements ascending, odd ones descending). */
#include "linalg/shapes.h"
#include <math.h>

typedef CxVal Cosine(CxVal x, int axis, bool ortho);

static CxVal strided(CxVal x, int axis, int64_t start) { /* every second element */
  int64_t from[CX_MAX_RANK], to[CX_MAX_RANK], step[CX_MAX_RANK];
  for (int i = 0; i < x->type->rank; i++) from[i] = 0, to[i] = x->type->dims[i], step[i] = 1;
  from[axis] = start < to[axis] ? start : to[axis], step[axis] = 2;
  return cx_slice(x, from, to, step);
}

/* x times a number that depends on the place along an axis: f(k, n), complex if x is */
typedef void Factor(double k, double n, bool ortho, double *re, double *im);
static CxVal weighed(CxVal x, int axis, Factor *f, bool ortho) {
  if (!x) return NULL;
  int64_t n = x->type->dims[axis], dims[CX_MAX_RANK];
  CxVal w = cx_array(CX_C128, 1, &n, NULL);
  if (!w) return NULL;
  double *to = (double *)(void *)w->array.data;
  for (int64_t k = 0; k < n; k++) f((double)k, (double)n, ortho, &to[2 * k], &to[2 * k + 1]);
  for (int i = 0; i < x->type->rank; i++) dims[i] = i == axis ? n : 1;
  w = cx_convert(mat_is_complex(x) ? w : cx_real(w), x->type->dtype);
  return cx_mul(x, cx_broadcast_to(cx_reshape(w, x->type->rank, dims), x->type->rank, x->type->dims));
}

static void forward_factor(double k, double n, bool ortho, double *re, double *im) { /* 2 exp(-i pi k / 2n) */
  double by = 2 / (ortho ? sqrt((k == 0 ? 4 : 2) * n) : 1), angle = -1.57079632679489661923 * k / n;
  *re = by * cos(angle), *im = by * sin(angle);
}
static void back_factor(double k, double n, bool ortho, double *re, double *im) {
  double root = sqrt((k == 0 ? 4 : 2) * n), by = 2 * n / (ortho ? root : root * root), angle = 1.57079632679489661923 * k / n;
  *re = by * cos(angle), *im = by * sin(angle);
}

static CxVal dct_axis(CxVal x, int axis, bool ortho) {
  CxVal parts[2] = {strided(x, axis, 0), cx_rev(strided(x, axis, 1), cx_ints(axis))};
  CxVal z = fft_fft(cx_concatenate(2, parts, axis), .axis = {true, axis});
  z = weighed(z, axis, forward_factor, ortho);
  return z ? cx_real(z) : NULL;
}

static CxVal idct_axis(CxVal x, int axis, bool ortho) {
  x = linalg_inexact(x);
  CxVal z = x ? weighed(cx_convert(x, mat_complex(x->type->dtype)), axis, back_factor, ortho) : NULL;
  z = z ? cx_real(fft_ifft(z, .axis = {true, axis})) : NULL;
  if (!z) return NULL;
  int64_t n = z->type->dims[axis], half = (n + 1) / 2, even[3 * CX_MAX_RANK] = {0}, odd[3 * CX_MAX_RANK] = {0};
  even[3 * axis + 2] = odd[3 * axis + 2] = 1, even[3 * axis + 1] = n % 2 ? 0 : 1, odd[3 * axis] = 1, odd[3 * axis + 1] = n % 2 ? 1 : 0;
  CxVal zero = cx_like(z, 0), a = cx_pad(cx_slice_axis(z, axis, 0, half), zero, even);
  if (n < 2) return a;
  return cx_add(a, cx_pad(cx_rev(cx_slice_axis(z, axis, half, n), cx_ints(axis)), zero, odd));
}

static CxVal fitted(CxVal x, int axis, int64_t n) {
  int64_t config[3 * CX_MAX_RANK] = {0};
  config[3 * axis + 1] = n - x->type->dims[axis];
  return cx_pad(x, cx_like(x, 0), config);
}

static bool checked(const char *name, int64_t type, const char *norm) {
  FAIL_IF(type != 2, CX_ERR_NOT_IMPLEMENTED, "Only DCT type 2 is implemented.");
  FAIL_IF(norm && strcmp(norm, "backward") != 0 && strcmp(norm, "ortho") != 0, CX_ERR_VALUE, "jax.scipy.fft.%s: norm='%s' is not implemented", name, norm);
  return true;
}

static CxVal over_axes(CxVal x, const int64_t *axes, int n, CxInts s, bool ortho, Cosine *f) {
  if (x && cx_dtype_kind(x->type->dtype) == 'c')
    return cx_complex(over_axes(cx_real(x), axes, n, s, ortho, f), over_axes(cx_imag(x), axes, n, s, ortho, f));
  for (int i = 0; x && !s.none && i < n; i++) x = fitted(x, (int)axes[i], s.v[i]);
  for (int i = 0; x && i < n; i++) x = f(x, (int)axes[i], ortho);
  return x;
}

static CxVal along(const char *name, CxVal x, int64_t type, CxOptInt n, int64_t axis, const char *norm, Cosine *f) {
  if (!x || !checked(name, type, norm)) return NULL;
  int64_t at = np_axis(axis, x->type->rank);
  if (at < 0) return NULL;
  return over_axes(x, &at, 1, n.given ? cx_ints(n.v) : (CxInts){.none = true}, norm && norm[0] == 'o', f);
}

static CxVal along_all(const char *name, CxVal x, int64_t type, CxInts s, CxInts axes, const char *norm, Cosine *f) {
  int64_t store[CX_MAX_RANK];
  if (!x || !checked(name, type, norm)) return NULL;
  int rank = x->type->rank;
  FAIL_IF(!s.none && s.n > rank, CX_ERR_VALUE, "s must have at most x.ndim (%d) elements, got %d", rank, s.n);
  CxInts list = np_axes(axes, rank, store);
  if (list.n < 0) return NULL;
  const int64_t *v = list.v;
  int n = list.n;
  if (axes.none && !s.none) v += n - s.n, n = s.n;
  FAIL_IF(!s.none && s.n != n, CX_ERR_VALUE, "s and axes must have equal lengths, got %d and %d", s.n, n);
  return over_axes(x, v, n, s, norm && norm[0] == 'o', f);
}

CxVal cx_sfft_dct(CxVal x, CxSfftDct o) { return along("dct", x, o.type, o.n, o.axis, o.norm, dct_axis); }
CxVal cx_sfft_idct(CxVal x, CxSfftIdct o) { return along("idct", x, o.type, o.n, o.axis, o.norm, idct_axis); }
CxVal cx_sfft_dctn(CxVal x, CxSfftDctn o) { return along_all("dctn", x, o.type, o.s, o.axes, o.norm, dct_axis); }
CxVal cx_sfft_idctn(CxVal x, CxSfftIdctn o) { return along_all("idctn", x, o.type, o.s, o.axes, o.norm, idct_axis); }
