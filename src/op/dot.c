/* dot_general and conv_general_dilated: bilinear ops. Each transpose is the op itself with other dimension numbers. */
#include "kernels/dot.h"
#include "kernels/convert.h"
#include "op/rules.h"
#include <stdio.h>

typedef struct CxDotAttrs {
  CxDotDims dimension_numbers;
  const char *out_sharding; /* always None */
  int32_t precision;
  CxDtype preferred_element_type;
} CxDotAttrs;

typedef struct CxConvAttrs {
  int64_t batch_group_count;
  CxConvDims dimension_numbers;
  int64_t feature_group_count;
  CxInts lhs_dilation;
  const char *out_sharding; /* always None */
  CxInts padding;
  int32_t precision;
  CxDtype preferred_element_type;
  CxInts rhs_dilation, window_strides;
} CxConvAttrs;

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

/* An operand of another dtype than the one computed in, converted; owned by the caller. */
static CxVal operand_as(CxVal x, CxDtype dtype) {
  if (x->type->dtype == dtype) return cx_retain(x);
  CxVal as = node_array(cx_type_with_dtype(x->type, dtype, false));
  if (!as) return NULL;
  CxView from = node_view(x), to = node_view(as);
  if (kernel_convert(&from, &to)) return as;
  cx_release(as);
  return NULL;
}

typedef bool BilinearKernel(const CxApp *a, const CxView *x, const CxView *y, const CxView *out);

/* Runs a kernel of one dtype: operands are converted to the wider of their own dtype and the result's. */
static bool bilinear_exec(const CxApp *a, const CxType *type, CxDtype dtype, BilinearKernel *kernel, CxVal *out) {
  CxVal x = operand_as(a->in[0], dtype), y = operand_as(a->in[1], dtype);
  CxVal wide = x && y ? node_array(cx_type_with_dtype(type, dtype, type->weak && dtype == type->dtype)) : NULL;
  bool ok = wide != NULL;
  if (ok) {
    CxView vx = node_view(x), vy = node_view(y), to = node_view(wide);
    ok = kernel(a, &vx, &vy, &to);
  }
  if (ok) ok = (out[0] = dtype == type->dtype ? cx_retain(wide) : operand_as(wide, type->dtype)) != NULL;
  cx_release(x), cx_release(y), cx_release(wide);
  return ok;
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
  CxDtype dtype;
  TRY(dot_dtype(a, d->preferred_element_type, d->precision >= CX_PRECISION_ALG_DEFAULT, &dtype));
  return (out[0] = cx_type(dtype, rank, dims, a->types[0]->weak && a->types[1]->weak)) != NULL;
}

static bool dot_kernel(const CxApp *a, const CxView *x, const CxView *y, const CxView *out) {
  return kernel_dot_general(x, y, &((const CxDotAttrs *)a->attrs)->dimension_numbers, out);
}

static bool dot_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  CxDtype d;
  TRY(dot_operand_dtype(a, &d));
  CxDtype z = types[0]->dtype;
  bool same = a->types[0]->dtype == z && a->types[1]->dtype == z;
  if (dot_rank_compare(dot_rank(z), dot_rank(d)) > 0) d = z;
  if (!same && dtype_narrow(d)) d = CX_F32; /* one narrow float need not hold another */
  return bilinear_exec(a, types[0], d, dot_kernel, out);
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
