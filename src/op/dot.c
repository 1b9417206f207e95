/* dot_general and conv_general_dilated: bilinear ops. Each transpose is the op itself with other dimension numbers. */
#include "op/attrs.h"
#include "kernels/dot.h"
#include "op/rules.h"
#include <stdio.h>

static const char *const precision_names[] = {
#define X(id, text) text,
    CX_PRECISIONS(X)
#undef X
    NULL};

/* ---- shared ---- */

static void bilinear_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, 2, a->attrs, out, 1);
  for (int i = 0; i < 2; i++)
    if (t[i]) tout[0] = cx_add_tangents(tout[0], cx_bind1(a->op, i ? (CxVal[]){a->in[0], t[1]} : (CxVal[]){t[0], a->in[1]}, 2, a->attrs));
}

/* ---- the result's dtype ---- */

typedef struct DotRank { int complex, exponent, mantissa, bits, is_signed; } DotRank;

static DotRank dot_rank(CxDtype d) {
  static const struct { CxDtype d; int exponent, mantissa; } floats[] = {
      {CX_F4E2M1FN, 3, 1}, {CX_F8E3M4, 4, 4}, {CX_F8E4M3, 8, 3}, {CX_F8E4M3B11FNUZ, 5, 3}, {CX_F8E4M3FN, 9, 3}, {CX_F8E4M3FNUZ, 8, 3},
      {CX_F8E5M2, 16, 2}, {CX_F8E5M2FNUZ, 16, 2}, {CX_F8E8M0FNU, 128, 0}, {CX_F16, 16, 10}, {CX_BF16, 128, 7}, {CX_F32, 128, 23},
      {CX_F64, 1024, 52}};
  bool complex = cx_dtype_kind(d) == 'c';
  if (complex) d = d == CX_C64 ? CX_F32 : CX_F64;
  DotRank r = {complex, -1, -1, cx_dtype_bits(d), cx_dtype_kind(d) != 'u'};
  for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
    if (floats[i].d == d) r.exponent = floats[i].exponent, r.mantissa = floats[i].mantissa;
  return r;
}

static int dot_rank_compare(DotRank a, DotRank b) {
  if (a.complex != b.complex) return a.complex - b.complex;
  if (a.exponent != b.exponent) return a.exponent - b.exponent;
  if (a.mantissa != b.mantissa) return a.mantissa - b.mantissa;
  if (a.bits != b.bits) return a.bits - b.bits;
  return a.is_signed - b.is_signed;
}

static bool numeric_operands(const CxApp *a) {
  for (int i = 0; i < 2; i++)
    if (!kind_in(a->types[i], "biufc"))
      return cx_fail(CX_ERR_TYPE, "%s does not accept dtype %s.", a->def->name, cx_dtype_name(a->types[i]->dtype));
  return true;
}

static bool dot_operand_dtype(const CxApp *a, CxDtype *d) {
  CxDtype x = a->types[0]->dtype, y = a->types[1]->dtype;
  int order = dot_rank_compare(dot_rank(x), dot_rank(y));
  if (!order && x != y) return cx_fail(CX_ERR_TYPE, "lax.dot_general argument type error: %s, %s", cx_dtype_name(x), cx_dtype_name(y));
  *d = order >= 0 ? x : y;
  return true;
}

static bool dot_dtype(const CxApp *a, CxDtype preferred, bool any_width, CxDtype *d) {
  TRY(numeric_operands(a) && dot_operand_dtype(a, d));
  if (!preferred || preferred == *d) return true;
  if (!any_width && cx_dtype_kind(*d) != 'f' && cx_dtype_bits(preferred) < cx_dtype_bits(*d))
    return cx_fail(CX_ERR_TYPE,
                   "`preferred_element_type` must not be narrower than the original type, got preferred_element_type of %s for result "
                   "type of %s.", cx_dtype_name(preferred), cx_dtype_name(*d));
  *d = preferred;
  return true;
}

/* ---- dot_general: z[b, i, j] = sum over k of x[b, i, k] * y[b, j, k] ---- */

static char *ints_text(const CxInts *x, char *buf, size_t n) { /* "(1, 2)" */
  size_t at = (size_t)snprintf(buf, n, "(");
  for (int i = 0; i < x->n && at + 24 < n; i++) at += (size_t)snprintf(buf + at, n - at, "%s%lld", i ? ", " : "", (long long)x->v[i]);
  snprintf(buf + at, n - at, x->n == 1 ? ",)" : ")");
  return buf;
}

/* Marks the axes of one operand: 'k' contracted, 'b' batch. */
static bool dot_mark(const CxApp *a, int operand, const CxInts *contract, const CxInts *batch, char *mark) {
  const CxInts *lists[] = {batch, contract};
  const char *side = operand ? "rhs" : "lhs";
  char text[2][256];
  int rank = a->types[operand]->rank;
  for (int l = 0; l < 2; l++)
    for (int i = 0; i < lists[l]->n; i++) {
      int64_t axis = lists[l]->v[i];
      if (axis < 0 || axis >= rank)
        return cx_fail(CX_ERR_TYPE,
                       "dot_general requires %s dimension numbers to be nonnegative and less than the number of axes of the %s value, got "
                       "%s_batch of %s and %s_contracting of %s for %s of rank %d", side, side, side, ints_text(batch, text[0], 256), side,
                       ints_text(contract, text[1], 256), side, rank);
      if (mark[axis] == "bk"[l])
        return cx_fail(CX_ERR_TYPE, "dot_general requires %s %s dimensions to be distinct, got %s_%s %s.", side,
                       l ? "contracting" : "batch", side, l ? "contracting" : "batch", ints_text(lists[l], text[0], 256));
      if (mark[axis])
        return cx_fail(CX_ERR_TYPE, "dot_general requires %s batch dimensions to be disjoint from contracting dimensions, got %s_batch %s "
                       "and %s_contracting %s.", side, side, ints_text(batch, text[0], 256), side, ints_text(contract, text[1], 256));
      mark[axis] = "bk"[l];
    }
  return true;
}

static bool dot_pairs_ok(const CxApp *a, const CxInts *x, const CxInts *y, const char *what) {
  if (x->n != y->n)
    return cx_fail(CX_ERR_TYPE, "dot_general requires equal numbers of lhs_%s and rhs_%s dimensions, got %d and %d.", what, what, x->n, y->n);
  for (int i = 0; i < x->n; i++)
    if (a->types[0]->dims[x->v[i]] != a->types[1]->dims[y->v[i]])
      return cx_fail(CX_ERR_TYPE, "dot_general requires %s dimensions to have the same shape, got extents %lld and %lld.", what,
                     (long long)a->types[0]->dims[x->v[i]], (long long)a->types[1]->dims[y->v[i]]);
  return true;
}

static bool dot_type(const CxApp *a, const CxType **out) {
  const CxDotAttrs *d = a->attrs;
  const CxDotDims *n = &d->dimension_numbers;
  char mark[2][CX_MAX_RANK] = {{0}};
  int64_t dims[CX_MAX_RANK];
  int rank = 0;
  TRY(dot_mark(a, 0, &n->lhs_contract, &n->lhs_batch, mark[0]) && dot_mark(a, 1, &n->rhs_contract, &n->rhs_batch, mark[1]));
  TRY(dot_pairs_ok(a, &n->lhs_batch, &n->rhs_batch, "batch") && dot_pairs_ok(a, &n->lhs_contract, &n->rhs_contract, "contracting"));
  if (a->types[0]->rank + a->types[1]->rank - 2 * n->lhs_contract.n - n->lhs_batch.n > CX_MAX_RANK)
    return cx_fail(CX_ERR_VALUE, "dot_general: the result's rank would exceed %d", CX_MAX_RANK);
  for (int i = 0; i < n->lhs_batch.n; i++) dims[rank++] = a->types[0]->dims[n->lhs_batch.v[i]];
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < a->types[side]->rank; i++)
      if (!mark[side][i]) dims[rank++] = a->types[side]->dims[i];
  CxDtype dtype = CX_NO_DTYPE;
  TRY(dot_dtype(a, d->preferred_element_type, d->precision >= CX_PRECISION_ALG_DEFAULT, &dtype));
  return (out[0] = cx_type(dtype, rank, dims, a->types[0]->weak && a->types[1]->weak)) != NULL;
}

static bool dot_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  TRY(exec_alloc(a, types, out));
  CxView x = node_view(a->in[0]), y = node_view(a->in[1]), to = node_view(out[0]);
  return kernel_dot_general(&x, &y, &((const CxDotAttrs *)a->attrs)->dimension_numbers, &to);
}

static bool ints_has(const CxInts *x, int64_t v) {
  for (int i = 0; i < x->n; i++)
    if (x->v[i] == v) return true;
  return false;
}

static int free_axes(int rank, const CxInts *contract, const CxInts *batch, int64_t *to) {
  int n = 0;
  for (int i = 0; i < rank; i++)
    if (!ints_has(contract, i) && !ints_has(batch, i)) to[n++] = i;
  return n;
}

/* The cotangent of x, the operand with these dimension numbers; y is the other one. The result's axes are batch, x's free, y's free
 * (x_first) or batch, y's free, x's free. */
static CxVal dot_transpose_operand(const CxApp *a, CxVal ct, CxVal y, const CxType *x, const CxDotDims *n, bool x_first) {
  const CxDotAttrs *attrs = a->attrs;
  int64_t x_free[CX_MAX_RANK], y_free[CX_MAX_RANK], ct_y[CX_MAX_RANK], ct_batch[CX_MAX_RANK], place[CX_MAX_RANK], back[CX_MAX_RANK];
  int nb = n->lhs_batch.n, nx = free_axes(x->rank, &n->lhs_contract, &n->lhs_batch, x_free);
  int ny = free_axes(y->type->rank, &n->rhs_contract, &n->rhs_batch, y_free);
  for (int i = 0; i < nb; i++) ct_batch[i] = i;
  for (int i = 0; i < ny; i++) ct_y[i] = nb + (x_first ? nx : 0) + i;
  CxDotDims dims = {{.v = ct_y, .n = ny}, {.v = y_free, .n = ny}, {.v = ct_batch, .n = nb}, n->rhs_batch};
  CxVal got = cx_dot_general_with(ct, y, dims, (CxPrecision)attrs->precision, attrs->preferred_element_type);
  /* got's axes: batch, x's free, then x's contracted ones in the order in which y has them */
  int at = 0;
  for (int i = 0; i < nb; i++) place[at++] = n->lhs_batch.v[i];
  for (int i = 0; i < nx; i++) place[at++] = x_free[i];
  for (int j = 0; j < y->type->rank; j++)
    for (int i = 0; i < n->rhs_contract.n; i++)
      if (n->rhs_contract.v[i] == j) place[at++] = n->lhs_contract.v[i];
  for (int i = 0; i < at; i++) back[place[i]] = i;
  return cx_convert_weak(cx_transpose(got, back), x->dtype, got && got->type->dtype == x->dtype ? got->type->weak : x->weak);
}

static void dot_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxDotDims n = ((const CxDotAttrs *)a->attrs)->dimension_numbers;
  const CxDotDims swapped = {n.rhs_contract, n.lhs_contract, n.rhs_batch, n.lhs_batch};
  if (!ct[0]) return;
  if (!a->in[0] && !a->in[1]) {
    rule_nonlinear(a, ct, ct_in);
    return;
  }
  if (!a->in[0]) ct_in[0] = dot_transpose_operand(a, ct[0], a->in[1], a->types[0], &n, true);
  else ct_in[1] = dot_transpose_operand(a, ct[0], a->in[0], a->types[1], &swapped, false);
}

static CxInts bumped(const CxInts *x, int axis, bool lead, int64_t *to) { /* axes from `axis` on move up; `lead` puts it first */
  int n = 0;
  if (lead) to[n++] = axis;
  for (int i = 0; i < x->n; i++) to[n++] = x->v[i] + (axis >= 0 && x->v[i] >= axis);
  return (CxInts){.v = to, .n = n};
}

/* Both batched: one more batch axis, first. One batched: one more free axis of that operand; nothing moves. */
static void dot_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  CxDotAttrs d = *(const CxDotAttrs *)a->attrs;
  const CxDotDims n = d.dimension_numbers;
  int64_t buf[4][CX_MAX_RANK + 1], free_[CX_MAX_RANK];
  bool both = axis[0] >= 0 && axis[1] >= 0;
  if (both) {
    *out_axis = 0;
  } else {
    int side = axis[0] >= 0 ? 0 : 1;
    int count = free_axes(a->types[side]->rank - 1, side ? &n.rhs_contract : &n.lhs_contract, side ? &n.rhs_batch : &n.lhs_batch, free_);
    *out_axis = side ? a->types[0]->rank - n.lhs_contract.n : n.lhs_batch.n;
    for (int i = 0; i < count; i++) *out_axis += free_[i] < axis[side];
  }
  d.dimension_numbers = (CxDotDims){bumped(&n.lhs_contract, axis[0], false, buf[0]), bumped(&n.rhs_contract, axis[1], false, buf[1]),
                                    bumped(&n.lhs_batch, axis[0], both, buf[2]), bumped(&n.rhs_batch, axis[1], both, buf[3])};
  *out = cx_bind1(a->op, a->in, 2, &d);
}

static const char *const dot_dims_names[] = {"", "lhs_contracting", "rhs_contracting", "lhs_batch", "rhs_batch", NULL};
static const CxField dot_fields[] = {CX_FIELD(CxDotAttrs, dimension_numbers, DIMS, 4, dot_dims_names),
                                     CX_FIELD(CxDotAttrs, out_sharding, STR, 0, NULL),
                                     CX_FIELD(CxDotAttrs, precision, ENUM, 0, precision_names),
                                     CX_FIELD(CxDotAttrs, preferred_element_type, DTYPE, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_DOT_GENERAL = {
    .name = "dot_general", .doc = "z[b, i, j] = sum over k of x[b, i, k] * y[b, j, k], each letter any number of axes", .nin = 2, .nout = 1,
    .fields = dot_fields, .attrs_bytes = sizeof(CxDotAttrs), .type = dot_type, .exec = dot_exec, .jvp = bilinear_jvp,
    .transpose = dot_transpose, .batch = dot_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_dot_general_with(CxVal x, CxVal y, CxDotDims dims, CxPrecision precision, CxDtype preferred) {
  return cx_bind1(CX_OP_DOT_GENERAL, (CxVal[]){x, y}, 2, &(CxDotAttrs){dims, NULL, (int32_t)precision, preferred});
}
CxVal cx_dot_general(CxVal x, CxVal y, CxDotDims dims, CxDtype preferred) {
  return cx_dot_general_with(x, y, dims, CX_PRECISION_NONE, preferred);
}

/* ---- conv_general_dilated: z[n, o, p] = sum over i, q of lhs[n, i, p * stride + q * rhs_dilation - low] * rhs[o, i, q] ---- */

static int64_t dilated(int64_t n, int64_t by) { return n <= 0 ? 0 : 1 + by * (n - 1); }

static bool conv_spec_ok(const CxApp *a, const CxInts *spec, int rank, const char *what) {
  bool seen[CX_MAX_RANK] = {0};
  if (spec->n != rank) return type_fail(a, "%s must have one entry per axis, got %d for rank %d", what, spec->n, rank);
  for (int i = 0; i < rank; i++) {
    if (spec->v[i] < 0 || spec->v[i] >= rank || seen[spec->v[i]]) return type_fail(a, "%s is not a permutation of the axes", what);
    seen[spec->v[i]] = true;
  }
  return true;
}

static bool conv_lists_ok(const CxApp *a, const CxConvAttrs *c, int spatial) {
  if (c->window_strides.n != spatial)
    return cx_fail(CX_ERR_VALUE, "conv_general_dilated window and window_strides must have the same number of dimensions, but got %d and %d",
                   spatial, c->window_strides.n);
  if (c->padding.n != 2 * spatial)
    return cx_fail(CX_ERR_TYPE, "Wrong number of explicit pads for convolution: expected %d, got %d.", spatial, c->padding.n / 2);
  if (c->lhs_dilation.n != spatial || c->rhs_dilation.n != spatial)
    return cx_fail(CX_ERR_VALUE, "conv_general_dilated lhs_dilation and rhs_dilation must have one entry per spatial dimension (%d), got %d and %d",
                   spatial, c->lhs_dilation.n, c->rhs_dilation.n);
  for (int i = 0; i < spatial; i++)
    if (c->window_strides.v[i] < 1 || c->lhs_dilation.v[i] < 1 || c->rhs_dilation.v[i] < 1)
      return type_fail(a, "strides and dilations must be positive");
  return true;
}

static bool conv_groups_ok(const CxApp *a, const CxConvAttrs *c) {
  const CxConvDims *d = &c->dimension_numbers;
  int64_t features = a->types[0]->dims[d->lhs_spec.v[1]], batch = a->types[0]->dims[d->lhs_spec.v[0]];
  int64_t in = a->types[1]->dims[d->rhs_spec.v[1]], outs = a->types[1]->dims[d->rhs_spec.v[0]];
  int64_t fg = c->feature_group_count, bg = c->batch_group_count;
  FAIL_IF(fg <= 0, CX_ERR_VALUE, "conv_general_dilated feature_group_count must be a positive integer, got %lld.", (long long)fg);
  FAIL_IF(features % fg, CX_ERR_VALUE,
          "conv_general_dilated feature_group_count must divide lhs feature dimension size, but %lld does not divide %lld.", (long long)fg,
          (long long)features);
  FAIL_IF(features / fg != in, CX_ERR_VALUE,
          "conv_general_dilated lhs feature dimension size divided by feature_group_count must equal the rhs input feature dimension size, but "
          "%lld // %lld != %lld.", (long long)features, (long long)fg, (long long)in);
  FAIL_IF(outs % fg, CX_ERR_VALUE,
          "conv_general_dilated rhs output feature dimension size must be a multiple of feature_group_count, but %lld is not a multiple of %lld.",
          (long long)outs, (long long)fg);
  FAIL_IF(bg <= 0, CX_ERR_VALUE, "conv_general_dilated batch_group_count must be a positive integer, got %lld.", (long long)bg);
  FAIL_IF(batch % bg, CX_ERR_VALUE, "conv_general_dilated batch_group_count must divide lhs batch dimension size, but %lld does not divide %lld.",
          (long long)bg, (long long)batch);
  FAIL_IF(outs % bg, CX_ERR_VALUE,
          "conv_general_dilated rhs output feature dimension size must be a multiple of batch_group_count, but %lld is not a multiple of %lld.",
          (long long)outs, (long long)bg);
  FAIL_IF(bg > 1 && fg > 1, CX_ERR_VALUE,
          "At most one of batch_group_count and feature_group_count may be > 1, got batch_group_count=%lld and feature_group_count=%lld",
          (long long)bg, (long long)fg);
  return true;
}

static bool conv_dtype(const CxApp *a, CxDtype preferred, CxDtype *d) {
  TRY(numeric_operands(a));
  *d = a->types[0]->dtype;
  if (*d != a->types[1]->dtype)
    return cx_fail(CX_ERR_TYPE,
                   "lax.conv_general_dilated requires arguments to have the same dtypes, got %s, %s. (Tip: jnp.conv_general_dilated is a "
                   "similar function that does automatic type promotion on inputs).", cx_dtype_name(*d), cx_dtype_name(a->types[1]->dtype));
  if (!preferred) return true;
  char from = cx_dtype_kind(*d), to = cx_dtype_kind(preferred);
  bool integral = strchr("iu", from) != NULL;
  if (!(integral && to == 'f')) {
    if ((integral && !strchr("iu", to)) || (strchr("fc", from) && from != to))
      return cx_fail(CX_ERR_TYPE, "Input type is incompatible with `preferred_element_type`. The compatible combinations of (input_type, "
                                  "preferred_element_type) are (integral, integral), (integral, floating), (floating, floating), (complex, complex.");
    if (from == 'i' && to != 'i') return cx_fail(CX_ERR_TYPE, "`preferred_element_type` must have the same signedness as the original type.");
  }
  if (cx_dtype_bytes(preferred) < cx_dtype_bytes(*d)) return cx_fail(CX_ERR_TYPE, "`preferred_element_type` must not be narrower than the original type.");
  *d = preferred;
  return true;
}

static bool conv_type(const CxApp *a, const CxType **out) {
  const CxConvAttrs *c = a->attrs;
  const CxConvDims *d = &c->dimension_numbers;
  const CxType *x = a->types[0], *w = a->types[1];
  int64_t dims[CX_MAX_RANK];
  int spatial = x->rank - 2;
  if (x->rank != w->rank)
    return cx_fail(CX_ERR_VALUE, "conv_general_dilated lhs and rhs must have the same number of dimensions, but got ranks %d and %d.", x->rank, w->rank);
  if (spatial < 0) return type_fail(a, "operands must have at least a batch and a feature axis");
  TRY(conv_spec_ok(a, &d->lhs_spec, x->rank, "lhs_spec") && conv_spec_ok(a, &d->rhs_spec, x->rank, "rhs_spec") &&
      conv_spec_ok(a, &d->out_spec, x->rank, "out_spec") && conv_groups_ok(a, c) && conv_lists_ok(a, c, spatial));
  dims[d->out_spec.v[0]] = x->dims[d->lhs_spec.v[0]] / c->batch_group_count;
  dims[d->out_spec.v[1]] = w->dims[d->rhs_spec.v[0]];
  for (int i = 0; i < spatial; i++) {
    int64_t in, window;
    TRY(extent_spread(a, x->dims[d->lhs_spec.v[i + 2]], c->lhs_dilation.v[i], c->padding.v[2 * i], c->padding.v[2 * i + 1], &in) &&
        extent_spread(a, w->dims[d->rhs_spec.v[i + 2]], c->rhs_dilation.v[i], 0, 0, &window));
    FAIL_IF(in < 0, CX_ERR_VALUE, "Negative padding is larger than the size of the corresponding dimension: got padding=(%lld, %lld) for lhs "
            "extent %lld", (long long)c->padding.v[2 * i], (long long)c->padding.v[2 * i + 1], (long long)x->dims[d->lhs_spec.v[i + 2]]);
    dims[d->out_spec.v[i + 2]] = in < window ? 0 : (in - window) / c->window_strides.v[i] + 1;
  }
  CxDtype dtype = CX_NO_DTYPE;
  TRY(conv_dtype(a, c->preferred_element_type, &dtype));
  return (out[0] = cx_type(dtype, x->rank, dims, x->weak && w->weak)) != NULL;
}

static bool conv_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxConvAttrs *c = a->attrs;
  CxConvShape shape = {c->dimension_numbers, c->window_strides.v, c->padding.v, c->lhs_dilation.v, c->rhs_dilation.v,
                       c->feature_group_count, c->batch_group_count};
  TRY(exec_alloc(a, types, out));
  CxView x = node_view(a->in[0]), y = node_view(a->in[1]), to = node_view(out[0]);
  return kernel_conv(&x, &y, &shape, &to);
}

/* Axis `from` merged into axis `to` (counted without `from`), as its slower part. */
static CxVal merge_axis(CxVal x, int from, int to) {
  if (!x) return NULL;
  int64_t dims[CX_MAX_RANK];
  int n = 0;
  for (int i = 0; i < x->type->rank; i++)
    if (i != from) dims[n++] = x->type->dims[i];
  dims[to] *= x->type->dims[from];
  return cx_reshape(cx_move_axis(x, from, to), n, dims);
}

/* Axis `at` split in two, the slower part of this extent. */
static CxVal split_axis(CxVal x, int at, int64_t extent) {
  if (!x || !extent) return NULL;
  int64_t dims[CX_MAX_RANK];
  int n = 0;
  for (int i = 0; i < x->type->rank; i++) {
    if (i == at) dims[n++] = extent;
    dims[n++] = i == at ? x->type->dims[i] / extent : x->type->dims[i];
  }
  return cx_reshape(x, n, dims);
}

static CxInts spec_swapped(const CxInts *spec, int64_t *to) { /* the first two exchanged */
  memcpy(to, spec->v, (size_t)spec->n * sizeof *to);
  to[0] = spec->v[1], to[1] = spec->v[0];
  return (CxInts){.v = to, .n = spec->n};
}

static CxVal conv_bind(CxVal x, CxVal y, const CxConvAttrs *c) { return cx_bind1(CX_OP_CONV_GENERAL_DILATED, (CxVal[]){x, y}, 2, c); }

/* [m, gk] [k, gj] -> [m, gj]: features of the kernel change sides, group by group, and space is reversed. */
static CxVal conv_transpose_lhs(const CxApp *a, CxVal ct, CxVal rhs) {
  CxConvAttrs c = *(const CxConvAttrs *)a->attrs;
  const CxConvDims d = c.dimension_numbers;
  const CxType *x = a->types[0];
  int64_t spec[CX_MAX_RANK], pads[2 * CX_MAX_RANK], groups = c.feature_group_count > 1 ? c.feature_group_count : c.batch_group_count;
  for (int i = 0; i < x->rank - 2; i++) {
    int64_t window = dilated(rhs->type->dims[d.rhs_spec.v[i + 2]], c.rhs_dilation.v[i]);
    int64_t in = dilated(x->dims[d.lhs_spec.v[i + 2]], c.lhs_dilation.v[i]);
    pads[2 * i] = window - c.padding.v[2 * i] - 1;
    pads[2 * i + 1] = in + window - 1 - dilated(ct->type->dims[d.out_spec.v[i + 2]], c.window_strides.v[i]) - pads[2 * i];
  }
  if (groups > 1) rhs = merge_axis(split_axis(rhs, (int)d.rhs_spec.v[0], groups), (int)d.rhs_spec.v[0], (int)d.rhs_spec.v[1]);
  rhs = cx_convert(cx_rev(rhs, (CxInts){.v = d.rhs_spec.v + 2, .n = x->rank - 2}), ct->type->dtype);
  int64_t batch_groups = c.batch_group_count;
  CxInts strides = c.window_strides;
  c.window_strides = c.lhs_dilation, c.lhs_dilation = strides, c.padding.v = pads;
  c.feature_group_count = groups, c.batch_group_count = 1;
  c.dimension_numbers = (CxConvDims){d.out_spec, spec_swapped(&d.rhs_spec, spec), d.lhs_spec};
  CxVal got = conv_bind(ct, rhs, &c);
  if (got && got->type->dtype != x->dtype) got = cx_convert(got, x->dtype);
  if (batch_groups > 1) got = merge_axis(split_axis(got, (int)d.lhs_spec.v[1], batch_groups), (int)d.lhs_spec.v[1], (int)d.lhs_spec.v[0]);
  return got;
}

/* [gj, m] [m, gk] -> [j, gk]: feature groups become batch groups and the other way round. */
static CxVal conv_transpose_rhs(const CxApp *a, CxVal ct, CxVal lhs) {
  CxConvAttrs c = *(const CxConvAttrs *)a->attrs;
  const CxConvDims d = c.dimension_numbers;
  const CxType *w = a->types[1];
  if (!ct->type->size) return NULL; /* a zero cotangent */
  int64_t spec[3][CX_MAX_RANK], pads[2 * CX_MAX_RANK];
  for (int i = 0; i < w->rank - 2; i++) {
    int64_t window = dilated(w->dims[d.rhs_spec.v[i + 2]], c.rhs_dilation.v[i]);
    int64_t in = dilated(lhs->type->dims[d.lhs_spec.v[i + 2]], c.lhs_dilation.v[i]);
    pads[2 * i] = c.padding.v[2 * i];
    pads[2 * i + 1] = dilated(ct->type->dims[d.out_spec.v[i + 2]], c.window_strides.v[i]) - in + window - pads[2 * i] - 1;
  }
  int64_t groups = c.feature_group_count;
  CxInts strides = c.window_strides;
  c.window_strides = c.rhs_dilation, c.rhs_dilation = strides, c.padding.v = pads;
  c.feature_group_count = c.batch_group_count, c.batch_group_count = groups;
  c.dimension_numbers = (CxConvDims){spec_swapped(&d.lhs_spec, spec[0]), spec_swapped(&d.out_spec, spec[1]), spec_swapped(&d.rhs_spec, spec[2])};
  CxVal got = conv_bind(cx_convert(lhs, ct->type->dtype), ct, &c);
  return got && got->type->dtype != w->dtype ? cx_convert(got, w->dtype) : got;
}

static void conv_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (!ct[0]) return;
  if (!a->in[0] && !a->in[1]) rule_nonlinear(a, ct, ct_in);
  else if (!a->in[0]) ct_in[0] = conv_transpose_lhs(a, ct[0], a->in[1]);
  else ct_in[1] = conv_transpose_rhs(a, ct[0], a->in[0]);
}

/* An axis of extent `size` at `at` joins axis `into` (counted without it) inside its groups: group, new axis, rest. */
static CxVal merge_in_groups(CxVal x, int at, int into, int64_t groups) {
  x = split_axis(x, into + (at <= into), groups);
  x = merge_axis(x, at + (into < at), into + 1);
  return merge_axis(x, into, into);
}

static bool conv_batch_empty(const CxApp *a, const int *axis, CxVal *out) { /* an empty batch: the type of one example, no elements */
  const CxType *types[2], *one;
  for (int i = 0; i < 2; i++) {
    const CxType *t = a->types[i];
    int64_t dims[CX_MAX_RANK];
    int n = 0;
    for (int k = 0; k < t->rank; k++)
      if (k != axis[i]) dims[n++] = t->dims[k];
    TRY(types[i] = cx_type(t->dtype, n, dims, t->weak));
  }
  CxApp b = *a;
  b.types = types;
  TRY(conv_type(&b, &one));
  int64_t dims[CX_MAX_RANK] = {0};
  memcpy(dims + 1, one->dims, (size_t)one->rank * sizeof *dims);
  return (*out = cx_zeros(cx_type(one->dtype, one->rank + 1, dims, false))) != NULL;
}

/* The batch joins the features in groups (both operands), the batch axis (lhs alone) or the output features (rhs alone). */
static void conv_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  CxConvAttrs c = *(const CxConvAttrs *)a->attrs;
  const CxConvDims *d = &c.dimension_numbers;
  int lhs_batch = (int)d->lhs_spec.v[0], lhs_feature = (int)d->lhs_spec.v[1], rhs_out = (int)d->rhs_spec.v[0];
  int64_t groups = c.feature_group_count > 1 ? c.feature_group_count : c.batch_group_count;
  CxVal x = a->in[0], w = a->in[1];
  *out_axis = 0;
  if (!size) {
    conv_batch_empty(a, axis, out);
    return;
  }
  if (axis[0] >= 0 && axis[1] >= 0) {
    bool by_batch = c.batch_group_count > 1;
    x = merge_axis(x, axis[0], by_batch ? lhs_batch : lhs_feature);
    w = merge_axis(w, axis[1], rhs_out);
    if (by_batch) c.batch_group_count *= size;
    else c.feature_group_count *= size;
    *out_axis = (int)d->out_spec.v[1];
  } else if (axis[0] >= 0) {
    x = c.batch_group_count == 1 ? merge_axis(x, axis[0], lhs_batch) : merge_in_groups(x, axis[0], lhs_batch, c.batch_group_count);
    *out_axis = (int)d->out_spec.v[0];
  } else {
    w = groups == 1 ? merge_axis(w, axis[1], rhs_out) : merge_in_groups(w, axis[1], rhs_out, groups);
    *out_axis = (int)d->out_spec.v[1];
  }
  CxVal z = conv_bind(x, w, &c);
  if (axis[0] >= 0 || groups == 1) {
    *out = split_axis(z, *out_axis, size);
    return;
  }
  z = split_axis(split_axis(z, *out_axis, groups), *out_axis + 1, size);
  *out = merge_axis(z, *out_axis, *out_axis + 1);
}

static const char *const conv_dims_names[] = {"ConvDimensionNumbers", "lhs_spec", "rhs_spec", "out_spec", NULL};
static const CxField conv_fields[] = {CX_FIELD(CxConvAttrs, batch_group_count, INT, 0, NULL),
                                      CX_FIELD(CxConvAttrs, dimension_numbers, DIMS, 3, conv_dims_names),
                                      CX_FIELD(CxConvAttrs, feature_group_count, INT, 0, NULL),
                                      CX_FIELD(CxConvAttrs, lhs_dilation, INTS, 0, NULL),
                                      CX_FIELD(CxConvAttrs, out_sharding, STR, 0, NULL),
                                      CX_FIELD(CxConvAttrs, padding, INTS, 2, NULL),
                                      CX_FIELD(CxConvAttrs, precision, ENUM, 0, precision_names),
                                      CX_FIELD(CxConvAttrs, preferred_element_type, DTYPE, 0, NULL),
                                      CX_FIELD(CxConvAttrs, rhs_dilation, INTS, 0, NULL),
                                      CX_FIELD(CxConvAttrs, window_strides, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_CONV_GENERAL_DILATED = {
    .name = "conv_general_dilated", .doc = "z[n, o, p] = sum over i, q of padded lhs[n, i, p * stride + q * rhs_dilation] * rhs[o, i, q]",
    .nin = 2, .nout = 1, .fields = conv_fields, .attrs_bytes = sizeof(CxConvAttrs), .type = conv_type, .exec = conv_exec,
    .jvp = bilinear_jvp, .transpose = conv_transpose, .batch = conv_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_conv_general_dilated(CxVal lhs, CxVal rhs, const CxConv *c) {
  return conv_bind(lhs, rhs, &(CxConvAttrs){c->batch_group_count, c->dims, c->feature_group_count, c->lhs_dilation, NULL, c->padding,
                                            (int32_t)c->precision, c->preferred, c->rhs_dilation, c->window_strides});
}
