/* Histograms, interpolation, convolution of vectors, differences, covariance, windows. */
#include "np/build.h"

#include <float.h>
#include <math.h>

/* ---- bins ---- */

CxVal cx_np_digitize(CxVal x, CxVal bins, CxNpDigitize o) {
  if (!x || !bins) return NULL;
  if (bins->type->rank != 1) return cx_fail(CX_ERR_VALUE, "digitize: bins must be a 1-dimensional array, got rank %d", bins->type->rank), NULL;
  int64_t n = np_len(bins);
  if (!n) return cx_full(cx_type_with_dtype(x->type, CX_I32, false), 0);
  const char *side = o.right ? "left" : "right";
  CxVal up = np_searchsorted(bins, x, .side = side, .method = o.method), down = np_searchsorted(vflip(bins, 0), x, .side = side, .method = o.method);
  return vwhere(vge(vpick(bins, 0, n - 1), vpick(bins, 0, 0)), up, vsub(vint(n), down));
}

static CxVal limits(CxVal a, CxVal range, CxDtype d, CxVal *hi) {
  CxVal lo;
  if (range) {
    if (range->type->rank != 1 || range->type->size != 2) return cx_fail(CX_ERR_VALUE, "`range` must be either None or a sequence of two scalars"), NULL;
    range = vcast(range, d);
    lo = vpick(range, 0, 0), *hi = vpick(range, 0, 1);
  } else {
    lo = vcast(np_min(a, .axis = {.none = true}), d), *hi = vcast(np_max(a, .axis = {.none = true}), d);
  }
  CxVal flat = veq(vsub(*hi, lo), vint(0));
  CxVal low = vwhere(flat, vsub(lo, vnum(0.5)), lo);
  *hi = vwhere(flat, vadd(*hi, vnum(0.5)), *hi);
  return low;
}

static CxVal bin_edges(CxVal a, CxChoice bins, CxVal range) {
  CxVal hi = NULL, edges = NULL;
  if (!a) return NULL;
  if (bins.name) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "string values for `bins` not implemented."), NULL;
  CxDtype d = np_to_inexact(a->type->dtype);
  if (bins.val && bins.val->type->rank == 1) return vcast(bins.val, d);
  CxVal n = bins.val ? np_concrete(bins.val, "bins argument of histogram_bin_edges") : vint(10);
  if (!n) return NULL;
  if (!kind_in(n->type, "iu") || n->type->rank) return cx_fail(CX_ERR_TYPE, "bins must be an integer or a vector of edges"), NULL;
  CxVal lo = limits(a, range, d, &hi);
  CxVals out = {0};
  if (lo && hi && cx_np_linspace(lo, hi, (CxNpLinspace){.num = cx_to_int(n) + 1, .endpoint = true, .dtype = d}, &out)) edges = out.v[0];
  cx_vals_free(&out);
  return edges;
}

CxVal cx_np_histogram_bin_edges(CxVal a, CxNpHistogramBinEdges o) { return bin_edges(a, o.bins, o.range); }

bool cx_np_histogram(CxVal a, CxNpHistogram o, CxVals *out) {
  if (!a) return false;
  FAIL_IF(o.bins.name, CX_ERR_TYPE, "histogram requires ndarray or scalar arguments, got <class 'str'> at position 1.");
  FAIL_IF(o.weights && !cx_type_same_dims(o.weights->type, a->type), CX_ERR_VALUE, "weights should have the same shape as a.");
  CxVal v[2] = {a, o.weights};
  TRY(np_promote_inexact(o.weights ? 2 : 1, v));
  CxVal weights = o.weights ? v[1] : cx_full(cx_type_with_dtype(v[0]->type, v[0]->type->dtype, false), 1), edges = bin_edges(v[0], o.bins, o.range);
  if (!edges) return false;
  int64_t n = np_len(edges);
  FAIL_IF(n == 0, CX_ERR_INDEX, "histogram: there are no edges of bins");
  CxVal at = vwhere(veq(v[0], vpick(edges, 0, n - 1)), vint(n - 1), np_searchsorted(edges, v[0], .side = "right"));
  CxVal counts = vcut(np_put_at(np_vector(weights->type->dtype, n, 0), at, weights, NP_UPDATE_ADD), 0, 1, n);
  if (o.density) counts = vdiv(vdiv(counts, np_diff(edges, .n = 1)), vsumto(counts));
  return cx_vals_push(out, counts) && cx_vals_push(out, edges);
}

CxVal cx_np_histogramdd_of(CxVal sample, CxVals edges, CxNpHistogramddOf o) {
  CxVal v[2] = {sample, o.weights}, at[CX_MAX_RANK];
  int64_t dims[CX_MAX_RANK], total = 1, start[CX_MAX_RANK], limit[CX_MAX_RANK];
  int n = (int)edges.n;
  if (!sample || !(o.weights ? np_promote_dtypes(2, v) : true)) return NULL;
  for (int i = 0; i < (o.weights ? 2 : 1); i++) v[i] = np_inexact(v[i]);
  if (o.weights && (o.weights->type->rank != 1 || np_len(o.weights) != np_len(sample))) return cx_fail(CX_ERR_VALUE, "should have one weight for each sample."), NULL;
  if (sample->type->rank != 2 || sample->type->dims[1] != n) return cx_fail(CX_ERR_VALUE, "should be a bin for each dimension."), NULL;
  for (int i = 0; i < n; i++) {
    CxVal x = vpick(v[0], 1, i), e = edges.v[i], k = np_searchsorted(e, x, .side = "right");
    if (!k) return NULL;
    dims[i] = np_len(e) + 1, start[i] = 1, limit[i] = np_len(e);
    at[i] = vwhere(veq(x, vpick(e, 0, np_len(e) - 1)), vsub(k, vint(1)), k);
    if (__builtin_mul_overflow(total, dims[i], &total)) return cx_fail(CX_ERR_VALUE, "histogramdd: too many bins"), NULL;
  }
  CxVal flat = cx_np_ravel_multi_index((CxVals){.v = at, .n = (uint32_t)n}, (CxInts){dims, n, false}, (CxNpRavelMultiIndex){.mode = "clip", .order = "C"});
  CxVal hist = np_bincount(flat, .weights = o.weights ? v[1] : NULL, .length = {true, total});
  hist = hist ? cx_slice(cx_reshape(hist, n, dims), start, limit, NULL) : NULL;
  if (!hist || !o.density) return hist;
  hist = vcast(hist, v[0]->type->dtype);
  hist = vdiv(hist, vsumto(hist));
  for (int i = 0; i < n; i++) {
    CxVal width = np_diff(edges.v[i], .n = 1);
    for (int k = 0; k < n; k++) dims[k] = k == i ? np_len(edges.v[i]) - 1 : 1;
    hist = vdiv(hist, cx_reshape(width, n, dims));
  }
  return hist;
}

/* ---- interpolation ---- */

static bool end_of(const char *name, CxChoice given, bool *extrapolate) {
  FAIL_IF(given.name && strcmp(given.name, "extrapolate"), CX_ERR_VALUE, "the only valid string value of `%s` is 'extrapolate', but got: '%s'", name, given.name);
  *extrapolate = given.name != NULL;
  return true;
}

static bool around(CxVal period, CxVal *x, CxVal *xp, CxVal *fp) { /* points before and after the first period */
  CxVal p = vabs(period), sorted[2];
  FAIL_IF(period->type->rank, CX_ERR_VALUE, "period must be a scalar");
  int64_t n = np_len(*xp);
  *x = vmod(*x, p), *xp = vmod(*xp, p);
  TRY(*x && *xp && cx_sort(2, (CxVal[]){*xp, *fp}, 0, true, 1, sorted));
  *xp = vjoin(vjoin(vcast(vsub(vcut(sorted[0], 0, n - 1, n), p), sorted[0]->type->dtype), sorted[0], 0), vcast(vadd(vcut(sorted[0], 0, 0, 1), p), sorted[0]->type->dtype), 0);
  *fp = vjoin(vjoin(vcut(sorted[1], 0, n - 1, n), sorted[1], 0), vcut(sorted[1], 0, 0, 1), 0);
  return *xp && *fp;
}

CxVal cx_np_interp(CxVal x, CxVal xp, CxVal fp, CxNpInterp o) {
  bool extend_left, extend_right;
  if (!x || !xp || !fp) return NULL;
  if (xp->type->rank != 1 || !cx_type_same_dims(xp->type, fp->type)) return cx_fail(CX_ERR_VALUE, "xp and fp must be one-dimensional arrays of equal size"), NULL;
  if (kind_in(x->type, "c") || kind_in(xp->type, "c")) return cx_fail(CX_ERR_VALUE, "jnp.interp: complex x values not supported."), NULL;
  CxVal v[2] = {x, xp};
  CxDtype d;
  bool weak;
  if (!end_of("left", o.left, &extend_left) || !end_of("right", o.right, &extend_right) || !np_common_type(2, v, &d, &weak)) return NULL;
  d = np_to_inexact(d);
  x = np_convert(x, d, weak), xp = np_convert(xp, d, weak), fp = np_inexact(fp);
  if (o.period && !around(o.period, &x, &xp, &fp)) return NULL;
  int64_t n = np_len(xp);
  CxVal i = np_clip(np_searchsorted(xp, x, .side = "right"), .min = vint(1), .max = vint(n - 1));
  CxVal before = i ? vsub(i, vint(1)) : NULL, f0 = np_at(fp, 0, before), x0 = np_at(xp, 0, before);
  CxVal df = vsub(np_at(fp, 0, i), f0), dx = vsub(np_at(xp, 0, i), x0), delta = vsub(x, x0);
  double eps = d == CX_F64 ? DBL_EPSILON : d == CX_F32 ? (double)FLT_EPSILON : d == CX_F16 ? 0x1p-10 : 0x1p-7, tiny = d == CX_F64 ? eps * eps : d == CX_F32 ? 0x1p-46 : d == CX_F16 ? 0x1p-20 : 0x1p-14;
  CxVal same = dx ? cx_le(cx_abs(dx), cx_like(dx, tiny)) : NULL;
  CxVal f = vwhere(same, f0, vadd(f0, vmul(vdiv(delta, vwhere(same, vint(1), dx)), df)));
  if (!extend_left && !o.period) f = vwhere(vlt(x, vpick(xp, 0, 0)), o.left.val ? o.left.val : vpick(fp, 0, 0), f);
  if (!extend_right && !o.period) f = vwhere(vgt(x, vpick(xp, 0, n - 1)), o.right.val ? o.right.val : vpick(fp, 0, n - 1), f);
  return f;
}

/* ---- convolution ---- */

static bool conv_operands(const char *name, CxVal *v, CxDtype preferred) {
  if (!v[0] || !v[1]) return false;
  FAIL_IF(v[0]->type->rank != 1 || v[1]->type->rank != 1, CX_ERR_VALUE, "%s() only support 1-dimensional inputs.", name);
  TRY(preferred ? np_promote_dtypes(2, v) : np_promote_inexact(2, v));
  FAIL_IF(!np_len(v[0]) || !np_len(v[1]), CX_ERR_VALUE, "%s: inputs cannot be empty, got lengths %lld and %lld.", name, (long long)np_len(v[0]), (long long)np_len(v[1]));
  return true;
}

static CxVal slide(CxVal x, CxVal y, const char *mode, CxPrecision precision, CxDtype preferred) {
  int64_t n = np_len(y), pad[2] = {0, 0};
  if (!strcmp(mode, "same")) pad[0] = n / 2, pad[1] = n - n / 2 - 1;
  else if (!strcmp(mode, "full")) pad[0] = pad[1] = n - 1;
  else if (strcmp(mode, "valid")) return cx_fail(CX_ERR_VALUE, "mode must be one of ['full', 'same', 'valid']"), NULL;
  static const int64_t axes[3] = {0, 1, 2}, one[1] = {1};
  CxInts spec = {axes, 3, false}, ones = {one, 1, false};
  CxConv conv = {.window_strides = ones, .padding = {pad, 2, false}, .lhs_dilation = ones, .rhs_dilation = ones, .dims = {spec, spec, spec},
                 .feature_group_count = 1, .batch_group_count = 1, .precision = precision, .preferred = preferred};
  CxVal r = cx_conv_general_dilated(cx_reshape(x, 3, (int64_t[]){1, 1, np_len(x)}), cx_reshape(y, 3, (int64_t[]){1, 1, n}), &conv);
  return r ? cx_reshape(r, 1, &r->type->size) : NULL;
}

CxVal cx_np_convolve(CxVal a, CxVal v, CxNpConvolve o) {
  CxVal p[2] = {a, v};
  if (!conv_operands("convolve", p, o.preferred_element_type)) return NULL;
  bool swap = np_len(p[0]) < np_len(p[1]);
  return slide(p[swap], vflip(p[!swap], 0), o.mode, o.precision, o.preferred_element_type);
}

CxVal cx_np_correlate(CxVal a, CxVal v, CxNpCorrelate o) {
  CxVal p[2] = {a, v};
  if (!conv_operands("correlate", p, o.preferred_element_type)) return NULL;
  p[1] = cx_np_conjugate(p[1]);
  bool swap = np_len(p[0]) < np_len(p[1]);
  CxVal r = slide(p[swap], p[!swap], o.mode, o.precision, o.preferred_element_type);
  return swap ? vflip(r, 0) : r;
}

/* ---- differences ---- */

static CxVal middle(CxVal a, CxVal h, int axis, int64_t n) { /* distances differ: weights of the three points */
  CxVal dx1 = vsub(vcut(h, axis, 1, n - 1), vcut(h, axis, 0, n - 2)), dx2 = vsub(vcut(h, axis, 2, n), vcut(h, axis, 1, n - 1)), both = vadd(dx1, dx2);
  CxVal p = vdiv(vneg(dx2), vmul(dx1, both)), q = vdiv(vsub(dx2, dx1), vmul(dx1, dx2)), r = vdiv(dx1, vmul(dx2, both));
  return vadd(vadd(vmul(p, vcut(a, axis, 0, n - 2)), vmul(q, vcut(a, axis, 1, n - 1))), vmul(r, vcut(a, axis, 2, n)));
}

static CxVal slope(CxVal a, CxVal h, int axis) {
  int64_t n = a->type->dims[axis], shape[CX_MAX_RANK];
  CxVal first = vsub(vcut(a, axis, 1, 2), vcut(a, axis, 0, 1)), last = vsub(vcut(a, axis, n - 1, n), vcut(a, axis, n - 2, n - 1)), inner;
  if (h->type->rank > 1) return cx_fail(CX_ERR_VALUE, "Spacing arrays must be 1D arrays or scalars."), NULL;
  if (h->type->rank == 0) {
    inner = vdiv(vmul(vsub(vcut(a, axis, 2, n), vcut(a, axis, 0, n - 2)), vnum(0.5)), h);
    return cx_concatenate(3, (CxVal[]){vdiv(first, h), inner, vdiv(last, h)}, axis);
  }
  if (np_len(h) != n) return cx_fail(CX_ERR_VALUE, "Spacing arrays must have the same length as the dimension along which the gradient is calculated."), NULL;
  for (int i = 0; i < a->type->rank; i++) shape[i] = i == axis ? n : 1;
  h = cx_reshape(h, a->type->rank, shape);
  first = vdiv(first, vsub(vcut(h, axis, 1, 2), vcut(h, axis, 0, 1)));
  last = vdiv(last, vsub(vcut(h, axis, n - 1, n), vcut(h, axis, n - 2, n - 1)));
  return cx_concatenate(3, (CxVal[]){first, middle(a, h, axis, n), last}, axis);
}

bool cx_np_gradient(CxVal f, CxVals varargs, CxNpGradient o, CxVals *out) {
  CxVal v[CX_MAX_RANK + 1] = {f};
  int64_t axes[CX_MAX_RANK];
  CxDtype d;
  bool weak;
  if (!f) return false;
  CxInts list = np_axes(o.axis, f->type->rank, axes);
  if (list.n < 0) return false;
  FAIL_IF(varargs.n > 1 && (int)varargs.n != list.n, CX_ERR_TYPE, "Invalid number of spacing arguments %u", varargs.n);
  for (uint32_t i = 0; i < varargs.n; i++) v[i + 1] = varargs.v[i];
  TRY(np_common_type(varargs.n + 1, v, &d, &weak));
  for (uint32_t i = 0; i <= varargs.n; i++) v[i] = np_convert(v[i], np_to_inexact(d), weak);
  for (int i = 0; i < list.n; i++)
    FAIL_IF(f->type->dims[axes[i]] < 2, CX_ERR_VALUE, "Shape of array too small to calculate a numerical gradient, at least 2 elements are required.");
  for (int i = 0; i < list.n; i++) TRY(cx_vals_push(out, slope(v[0], varargs.n ? v[varargs.n == 1 ? 1 : i + 1] : vnum(1), (int)axes[i])));
  return true;
}

CxVal cx_np_unwrap(CxVal p, CxNpUnwrap o) {
  CxVal v[2] = {p, o.period ? o.period : vnum(6.283185307179586)};
  if (!p || !np_promote_dtypes(2, v)) return NULL;
  if (kind_in(v[0]->type, "c")) return cx_fail(CX_ERR_VALUE, "jnp.unwrap does not support complex inputs."), NULL;
  int axis = np_axis(o.axis, p->type->rank);
  if (axis < 0) return NULL;
  int64_t n = p->type->dims[axis];
  if (!n) return v[0];
  CxVal period = v[1], half = vdiv(period, vint(2)), interval = kind_in(period->type, "iub") ? vfloordiv(period, vint(2)) : half;
  CxVal step = np_diff(v[0], .n = 1, .axis = axis), folded = vsub(vmod(vadd(step, interval), period), interval);
  folded = vwhere(vand(veq(folded, vneg(interval)), vgt(step, vint(0))), interval, folded);
  CxVal change = vwhere(vlt(vabs(step), o.discont ? o.discont : half), vint(0), vsub(folded, step));
  CxVal parts[2] = {vcut(v[0], axis, 0, 1), vadd(vcut(v[0], axis, 1, n), np_cumsum(change, .axis = {true, axis}))};
  return np_promote_dtypes(2, parts) ? cx_concatenate(2, parts, axis) : NULL;
}

/* ---- covariance ---- */

static CxVal as_rows(CxVal x, bool transposed) {
  if (x && x->type->rank < 2) x = cx_reshape(x, 2, (int64_t[]){1, x->type->size});
  return x && transposed ? cx_transpose(x, (int64_t[]){1, 0}) : x;
}

static bool cov_weights(const char *name, CxVal w, int64_t n, bool counts) {
  FAIL_IF(w->type->rank > 1, CX_ERR_RUNTIME, "cannot handle multidimensional %s", name);
  FAIL_IF(w->type->rank == 0, CX_ERR_INDEX, "%s must be a vector", name);
  FAIL_IF(np_len(w) != n, CX_ERR_RUNTIME, "incompatible numbers of samples and %s", name);
  FAIL_IF(counts && !kind_in(w->type, "iu"), CX_ERR_TYPE, "fweights must be integer.");
  return true;
}

static CxVal cov_of(CxVal x, CxVal f, CxVal a, int64_t ddof, CxDtype d) {
  int64_t n = x->type->dims[1];
  CxVal w = NULL, avg, total;
  if (f && !(cov_weights("fweights", f, n, true) && (w = vabs(f)))) return NULL;
  if (a && !cov_weights("aweights", a, n, false)) return NULL;
  if (a) a = vabs(a), w = w ? vmul(w, a) : a;
  if (d) x = vcast(x, d), w = w ? vcast(w, d) : NULL;
  CxVals out = {0};
  bool ok = cx_np_average(x, (CxNpAverage){.axis = cx_ints(1), .weights = w, .returned = true}, &out);
  avg = ok ? out.v[0] : NULL, total = ok ? vpick(out.v[1], 0, 0) : NULL;
  cx_vals_free(&out);
  if (!avg || !total) return NULL;
  CxVal over = !w ? vint(n - ddof) : !ddof ? total : !a ? vsub(total, vint(ddof)) : vsub(total, vdiv(vmul(vint(ddof), vsumto(vmul(w, a))), total));
  x = vsub(x, vnewaxis(avg, 1));
  CxVal weighted = w ? vmul(x, vnewaxis(w, 0)) : x;
  CxVal c = weighted ? vdiv(np_dot(x, cx_np_conjugate(cx_transpose(weighted, (int64_t[]){1, 0})), .preferred_element_type = CX_NO_DTYPE), over) : NULL;
  return c ? np_squeeze(c, .axis = {.none = true}) : NULL;
}

static CxVal cov(CxVal m, CxVal y, bool rowvar, bool bias, CxOptInt ddof, CxVal f, CxVal a, CxDtype d) {
  CxVal v[2] = {m, y};
  if (!m) return NULL;
  CxDtype common;
  bool weak;
  if (!np_common_type(y ? 2 : 1, v, &common, &weak)) return NULL;
  for (int i = 0; i < (y ? 2 : 1); i++) v[i] = np_convert(v[i], np_to_inexact(common), weak);
  if (m->type->rank > 2 || (y && y->type->rank > 2)) return cx_fail(CX_ERR_VALUE, "%s has more than 2 dimensions", m->type->rank > 2 ? "m" : "y"), NULL;
  if (d && !strchr("fc", cx_dtype_kind(d))) return cx_fail(CX_ERR_VALUE, "cov: dtype must be a subclass of float or complex; got dtype=%s", cx_dtype_name(d)), NULL;
  CxVal x = as_rows(v[0], !rowvar && m->type->rank != 1);
  if (!x) return NULL;
  if (!np_len(x)) return cx_full(cx_type(CX_F32, 2, (int64_t[]){0, 0}, false), 0);
  if (y) {
    CxVal other = as_rows(v[1], false);
    if (other && !rowvar && np_len(other) != 1) other = as_rows(other, true);
    if (!(x = vjoin(x, other, 0))) return NULL;
  }
  if (!x->type->dims[1]) return cx_full(cx_type(x->type->dtype, np_len(x) == 1 ? 0 : 2, (int64_t[]){np_len(x), np_len(x)}, false), NAN);
  return cov_of(x, f, a, ddof.given ? ddof.v : !bias, d);
}

CxVal cx_np_cov(CxVal m, CxNpCov o) { return cov(m, o.y, o.rowvar, o.bias, o.ddof, o.fweights, o.aweights, o.dtype); }

CxVal cx_np_corrcoef(CxVal x, CxNpCorrcoef o) {
  CxVal c = cov(x, o.y, o.rowvar, false, (CxOptInt){0}, NULL, NULL, o.dtype);
  if (!c) return NULL;
  if (!c->type->rank) return vdiv(c, c);
  CxVal sd = np_convert(cx_sqrt(cx_np_real(np_diag(c, .k = 0))), c->type->dtype, c->type->weak);
  c = vdiv(vdiv(c, vnewaxis(sd, 1)), vnewaxis(sd, 0));
  CxVal re = np_clip(cx_np_real(c), .min = vint(-1), .max = vint(1));
  return c && kind_in(c->type, "c") ? cx_complex(re, np_clip(cx_np_imag(c), .min = vint(-1), .max = vint(1))) : re;
}

/* ---- windows ---- */

static CxVal window_points(int64_t n) { return cx_iota(np_canonical(CX_F64), 1, &n, 0); }
static CxVal window_short(int64_t n) { return np_vector(np_canonical(CX_F64), n, 1); }
static CxVal wave(int64_t n, double turns) { /* cos(turns * pi * i / (n - 1)) */
  return cx_np_cos(vdiv(vmul(vnum(turns * 3.14159265358979323846), window_points(n)), vint(n - 1)));
}

CxVal cx_np_bartlett(int64_t M) {
  if (M <= 1) return window_short(M);
  CxVal i = window_points(M);
  return vsub(vint(1), vdiv(vabs(vsub(vadd(vmul(vint(2), i), vint(1)), vint(M))), vint(M - 1)));
}
CxVal cx_np_blackman(int64_t M) {
  return M <= 1 ? window_short(M) : vadd(vsub(vnum(0.42), vmul(vnum(0.5), wave(M, 2))), vmul(vnum(0.08), wave(M, 4)));
}
CxVal cx_np_hamming(int64_t M) { return M <= 1 ? window_short(M) : vsub(vnum(0.54), vmul(vnum(0.46), wave(M, 2))); }
CxVal cx_np_hanning(int64_t M) { return M <= 1 ? window_short(M) : vmul(vnum(0.5), vsub(vint(1), wave(M, 2))); }
CxVal cx_np_kaiser(int64_t M, CxVal beta) {
  if (M <= 1) return window_short(M);
  double alpha = 0.5 * (double)(M - 1);
  CxVal t = vdiv(vsub(window_points(M), vnum(alpha)), vnum(alpha));
  return vdiv(cx_np_i0(vmul(beta, cx_np_sqrt(vsub(vint(1), cx_np_square(t))))), cx_np_i0(beta));
}
