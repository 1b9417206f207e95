/* Products and convolutions, jax.lax. */
#include "base/thread.h"
#include "lax/pads.h"
#include "np/axes.h"
#include "np/promote.h"

CxVal cx_lax_dot_general(CxVal x, CxVal y, CxDotDims dims, CxLaxDotGeneral o) {
  return cx_dot_general_with(x, y, dims, o.precision, o.preferred_element_type);
}

CxVal cx_lax_dot(CxVal x, CxVal y, CxLaxDot o) {
  char text[2][256];
  if (!x || !y) return NULL;
  bool given = o.dimension_numbers.lhs_contract.v || o.dimension_numbers.lhs_batch.v;
  int a = x->type->rank, b = y->type->rank;
  if (!given && (a < 1 || a > 2 || b < 1 || b > 2 || x->type->dims[a - 1] != y->type->dims[0]))
    return cx_fail(CX_ERR_VALUE, "dot takes vectors and matrices whose inner extents agree, or dimension_numbers; got shapes %s and %s.", dims_text(x->type->dims, a, text[0], sizeof text[0]),
                   dims_text(y->type->dims, b, text[1], sizeof text[1])), NULL;
  int64_t last = a - 1, first = 0;
  CxDotDims dims = given ? o.dimension_numbers : (CxDotDims){.lhs_contract = {&last, 1, false}, .rhs_contract = {&first, 1, false}, .lhs_batch = CX_NO_INTS, .rhs_batch = CX_NO_INTS};
  return cx_dot_general_with(x, y, dims, o.precision, o.preferred_element_type);
}

CxVal cx_lax_batch_matmul(CxVal x, CxVal y, CxLaxBatchMatmul o) {
  if (!x || !y) return NULL;
  int n = x->type->rank;
  if (n < 2 || y->type->rank < 2) return cx_fail(CX_ERR_VALUE, "Arguments to batch_matmul must be at least 2D, got %d, %d", n, y->type->rank), NULL;
  if (n != y->type->rank) return cx_fail(CX_ERR_VALUE, "Arguments to batch_matmul must have same ndim, got %d, %d", n, y->type->rank), NULL;
  int64_t batch[CX_MAX_RANK], a = n - 1, b = n - 2;
  for (int i = 0; i < n - 2; i++) batch[i] = i;
  CxInts all = {batch, n - 2, false};
  return cx_dot_general_with(x, y, (CxDotDims){{&a, 1, false}, {&b, 1, false}, all, all}, o.precision, CX_NO_DTYPE);
}

/* ---- padding ---- */

static bool name_is(const char *s, const char *name) {
  for (; *s && *name; s++, name++)
    if ((*s >= 'a' && *s <= 'z' ? *s - 32 : *s) != *name) return false;
  return !*s && !*name;
}

bool lax_pads(CxPads pads, int n, const int64_t *extent, const int64_t *window, const int64_t *stride, int64_t *out) {
  if (!pads.name) {
    FAIL_IF(pads.v.n != 2 * n, CX_ERR_VALUE, "padding must hold a (low, high) pair for each of the %d windowed axes, got %d numbers", n, pads.v.n);
    for (int i = 0; i < 2 * n; i++) out[i] = pads.v.v[i];
    return true;
  }
  bool lower = name_is(pads.name, "SAME_LOWER"), same = lower || name_is(pads.name, "SAME");
  FAIL_IF(!same && !name_is(pads.name, "VALID"), CX_ERR_RUNTIME, "Unrecognized padding type: expected 'VALID', 'SAME', or 'SAME_LOWER', got %s.", pads.name);
  for (int i = 0; i < n; i++) {
    FAIL_IF(stride[i] < 1, CX_ERR_VALUE, "window strides must be positive, got %lld", (long long)stride[i]);
    int64_t windows = (extent[i] + stride[i] - 1) / stride[i], total = same ? (windows - 1) * stride[i] + window[i] - extent[i] : 0;
    if (total < 0) total = 0;
    out[2 * i] = lower ? total - total / 2 : total / 2;
    out[2 * i + 1] = total - out[2 * i];
  }
  return true;
}

CxInts cx_lax_padding_pairs(CxInts in, CxInts window, CxInts stride, CxPads padding) {
  int64_t *out = thread_ints();
  if (!out) return CX_NO_INTS;
  if (in.n > CX_MAX_RANK || window.n != in.n || stride.n != in.n) return cx_fail(CX_ERR_VALUE, "padtype_to_pads: lists of different lengths"), CX_NO_INTS;
  return lax_pads(padding, in.n, in.v, window.v, stride.v, out) ? (CxInts){out, 2 * in.n, false} : CX_NO_INTS;
}

/* ---- convolutions ---- */

typedef struct Conv { /* lists of a convolution, completed */
  int64_t iota[CX_MAX_RANK], lhs[CX_MAX_RANK], rhs[CX_MAX_RANK], pads[2 * CX_MAX_RANK];
  CxConv c;
} Conv;

static CxInts or_ones(CxInts v, int n, int64_t *store) {
  if (v.v && !v.none) return v;
  for (int i = 0; i < n; i++) store[i] = 1;
  return (CxInts){store, n, false};
}

static bool conv_specs(CxVal x, CxVal k, CxConvDims *d, int64_t *iota) {
  char a[256], b[256];
  int n = x->type->rank;
  if (n != k->type->rank) return cx_fail(CX_ERR_TYPE, "convolution requires lhs and rhs ndim to be equal, got %d and %d.", n, k->type->rank);
  if (n < 2) return cx_fail(CX_ERR_VALUE, "convolution operands need a batch and a feature axis, got ndim %d", n);
  for (int i = 0; i < n; i++) iota[i] = i;
  CxInts all = {iota, n, false};
  if (!d->lhs_spec.v) *d = (CxConvDims){all, all, all};
  if (d->lhs_spec.n == n && d->rhs_spec.n == n && d->out_spec.n == n) return true;
  return cx_fail(CX_ERR_TYPE, "convolution dimension_numbers must have len equal to the ndim of lhs and rhs, got %d for lhs and rhs shapes %s and %s.", d->lhs_spec.n,
                 dims_text(x->type->dims, n, a, sizeof a), dims_text(k->type->dims, n, b, sizeof b));
}

/* Extents of the spatial axes that a spec lists, dilated. */
static void spatial(CxVal x, CxInts spec, CxInts dilation, int64_t *out) {
  for (int i = 0; i + 2 < spec.n; i++) {
    int64_t n = spec.v[i + 2] >= 0 && spec.v[i + 2] < x->type->rank ? x->type->dims[spec.v[i + 2]] : 0;
    out[i] = n ? (n - 1) * dilation.v[i] + 1 : 0;
  }
}

static CxVal conv_run(CxVal x, CxVal k, CxConv c, CxPads padding, bool dilated_lhs) {
  Conv s = {.c = c};
  int64_t in[CX_MAX_RANK], window[CX_MAX_RANK], one[CX_MAX_RANK];
  if (!x || !k || !conv_specs(x, k, &s.c.dims, s.iota)) return NULL;
  int n = x->type->rank - 2;
  s.c.lhs_dilation = or_ones(c.lhs_dilation, n, s.lhs);
  s.c.rhs_dilation = or_ones(c.rhs_dilation, n, s.rhs);
  if (c.window_strides.n != n || s.c.lhs_dilation.n != n || s.c.rhs_dilation.n != n)
    return cx_fail(CX_ERR_TYPE, "convolution strides and dilations must have one entry for each of the %d spatial axes", n), NULL;
  spatial(x, s.c.dims.lhs_spec, dilated_lhs ? s.c.lhs_dilation : or_ones((CxInts){0}, n, one), in);
  spatial(k, s.c.dims.rhs_spec, s.c.rhs_dilation, window);
  if (!lax_pads(padding, n, in, window, c.window_strides.v, s.pads)) return NULL;
  s.c.padding = (CxInts){s.pads, 2 * n, false};
  return cx_conv_general_dilated(x, k, &s.c);
}

CxVal cx_lax_conv_general_dilated(CxVal x, CxVal k, CxInts strides, CxPads padding, CxLaxConvGeneralDilated o) {
  if (o.lhs_dilation.v && !o.lhs_dilation.none && padding.name && !name_is(padding.name, "VALID"))
    for (int i = 0; i < o.lhs_dilation.n; i++)
      if (o.lhs_dilation.v[i] != 1)
        return cx_fail(CX_ERR_VALUE, "String padding is not implemented for transposed convolution using this op. Please either exactly specify the required padding or use conv_transpose."), NULL;
  CxConv c = {.window_strides = strides, .lhs_dilation = o.lhs_dilation, .rhs_dilation = o.rhs_dilation, .dims = o.dimension_numbers,
              .feature_group_count = o.feature_group_count, .batch_group_count = o.batch_group_count, .precision = o.precision, .preferred = o.preferred_element_type};
  return conv_run(x, k, c, padding, false);
}

CxVal cx_lax_conv(CxVal x, CxVal k, CxInts strides, CxPads padding, CxLaxConv o) {
  return conv_run(x, k, (CxConv){.window_strides = strides, .feature_group_count = 1, .batch_group_count = 1, .precision = o.precision, .preferred = o.preferred_element_type}, padding, false);
}

CxVal cx_lax_conv_with_general_padding(CxVal x, CxVal k, CxInts strides, CxPads padding, CxInts lhs_dilation, CxInts rhs_dilation, CxLaxConvWithGeneralPadding o) {
  CxConv c = {.window_strides = strides, .lhs_dilation = lhs_dilation, .rhs_dilation = rhs_dilation, .feature_group_count = 1, .batch_group_count = 1,
              .precision = o.precision, .preferred = o.preferred_element_type};
  return conv_run(x, k, c, padding, false);
}

/* Padding of the stretched operand so that a window of extent k at this stride undoes SAME, VALID or explicit amounts. */
static void transpose_pads(int64_t k, int64_t stride, const char *name, const int64_t *pair, int64_t *out) {
  int64_t total = k + stride - 2;
  if (!name) {
    out[0] = k - 1 - pair[0];
    out[1] = k - 1 - pair[1];
    return;
  }
  bool same = name_is(name, "SAME");
  int64_t extra = k - stride > 0 ? k - stride : 0;
  out[0] = same ? (stride > k - 1 ? k - 1 : (total + 1) / 2) : k - 1;
  out[1] = (same ? total : total + extra) - out[0];
}

static CxConvDims channels_last(int n, int64_t store[3][CX_MAX_RANK]) {
  for (int i = 0; i < n - 2; i++) store[0][i + 2] = i + 1, store[1][i + 2] = i;
  store[0][0] = 0, store[0][1] = n - 1;
  store[1][0] = n - 1, store[1][1] = n - 2;
  return (CxConvDims){{store[0], n, false}, {store[1], n, false}, {store[0], n, false}};
}

CxVal cx_lax_conv_transpose(CxVal x, CxVal k, CxInts strides, CxPads padding, CxLaxConvTranspose o) {
  int64_t iota[CX_MAX_RANK], store[3][CX_MAX_RANK], one[CX_MAX_RANK], window[CX_MAX_RANK], pads[2 * CX_MAX_RANK], ones[CX_MAX_RANK], spec[CX_MAX_RANK];
  if (!x || !k) return NULL;
  int n = x->type->rank - 2;
  CxConvDims d = o.dimension_numbers.lhs_spec.v || n < 0 ? o.dimension_numbers : channels_last(n + 2, store);
  if (!conv_specs(x, k, &d, iota)) return NULL;
  CxInts dilation = or_ones(o.rhs_dilation, n, ones);
  FAIL_IF(strides.n != n || dilation.n != n, CX_ERR_VALUE, "conv_transpose: strides and rhs_dilation must have %d entries", n);
  spatial(k, d.rhs_spec, dilation, window);
  bool named = padding.name && (name_is(padding.name, "SAME") || name_is(padding.name, "VALID"));
  if (named || o.use_consistent_padding) {
    FAIL_IF(!padding.name && padding.v.n != 2 * n, CX_ERR_VALUE, "conv_transpose: padding must hold %d pairs", n);
    for (int i = 0; i < n; i++) transpose_pads(window[i], strides.v[i], padding.name, padding.name ? NULL : padding.v.v + 2 * i, pads + 2 * i);
    padding = (CxPads){{pads, 2 * n, false}, NULL};
  }
  if (o.transpose_kernel) { /* flipped, and its channels exchanged */
    k = cx_rev(k, (CxInts){d.rhs_spec.v + 2, n, false});
    for (int i = 0; i < n + 2; i++) spec[i] = d.rhs_spec.v[i];
    spec[0] = d.rhs_spec.v[1], spec[1] = d.rhs_spec.v[0];
    d.rhs_spec.v = spec;
  }
  CxConv c = {.window_strides = or_ones((CxInts){0}, n, one), .lhs_dilation = strides, .rhs_dilation = dilation, .dims = d, .feature_group_count = 1,
              .batch_group_count = 1, .precision = o.precision, .preferred = o.preferred_element_type};
  return conv_run(x, k, c, padding, true);
}

CxInts cx_lax_conv_permutations(CxConvDims d, int64_t ndim, int64_t which) {
  int64_t *iota = thread_ints();
  if (!iota) return CX_NO_INTS;
  CxInts spec = which == 0 ? d.lhs_spec : which == 1 ? d.rhs_spec : d.out_spec;
  if (spec.v) {
    if (spec.n != ndim) return cx_fail(CX_ERR_TYPE, "convolution dimension_numbers[%d] must have len equal to the ndim of lhs and rhs, got %d for ndim %d", (int)which, spec.n, (int)ndim), CX_NO_INTS;
    return spec;
  }
  for (int i = 0; i < ndim && i < CX_MAX_RANK; i++) iota[i] = i;
  return (CxInts){iota, (int32_t)ndim, false};
}
