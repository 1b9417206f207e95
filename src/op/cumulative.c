/* Cumulative reductions along one axis: cumsum, cumprod, cummax, cummin, cumlogsumexp. cumsum is linear. The tangents of the others come
 * from an associative scan of (value, tangent) pairs: O(log n) depth, O(n) work, no division. */
#include "op/attrs.h"
#include "kernels/reduce.h"
#include "op/rules.h"
#include <math.h>

static bool cumulative_type(const CxApp *a, const CxType **out) {
  const CxCumulativeAttrs *c = a->attrs;
  const CxType *t = a->types[0];
  FAIL_IF(c->axis < 0, CX_ERR_VALUE, "XLA operations do not allow negative axes");
  FAIL_IF(c->axis >= t->rank, CX_ERR_VALUE, "axis %lld is out of bounds for array of rank %d", (long long)c->axis, t->rank);
  if (!kind_in(t, "iufc"))
    return cx_fail(CX_ERR_TYPE, "%s does not accept dtype %s. Accepted dtypes are subtypes of number.", a->def->name, cx_dtype_name(t->dtype));
  return out[0] = t, true;
}

static bool cumulative_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxCumulativeAttrs *c = a->attrs;
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  return kernel_cumulative(a->op, &in, (int)c->axis, c->reverse, &to);
}

static void cumulative_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  CxCumulativeAttrs c = *(const CxCumulativeAttrs *)a->attrs;
  c.axis += c.axis >= axis[0];
  *out = cx_bind1(a->op, a->in, 1, &c);
  *out_axis = axis[0];
}

static void cumsum_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxCumulativeAttrs *c = a->attrs;
  if (ct[0]) ct_in[0] = cx_cumsum(ct[0], (int)c->axis, !c->reverse);
}

/* ---- tangents by an associative scan ---- */

typedef struct Dual { CxVal x, t; } Dual;
typedef Dual Combine(Dual a, Dual b);

static Dual combine_mul(Dual a, Dual b) { return (Dual){cx_mul(a.x, b.x), cx_add_any(cx_mul(a.t, b.x), cx_mul(a.x, b.t))}; }

/* the tangent of the winner; of equals, half of each */
static Dual combine_extreme(Dual a, Dual b, CxVal z) {
  CxVal zero = cx_like(z, 0), one = cx_like(z, 1), half = cx_like(z, 0.5), wins_a = cx_eq(a.x, z), wins_b = cx_eq(b.x, z);
  CxVal share_a = cx_select(wins_a, cx_select(wins_b, half, one), zero), share_b = cx_select(wins_b, cx_select(wins_a, half, one), zero);
  return (Dual){z, cx_add_any(cx_mul(a.t, share_a), cx_mul(b.t, share_b))};
}
static Dual combine_max(Dual a, Dual b) { return combine_extreme(a, b, cx_max(a.x, b.x)); }
static Dual combine_min(Dual a, Dual b) { return combine_extreme(a, b, cx_min(a.x, b.x)); }

static CxVal infinity_to_zero(CxVal x) { /* +inf becomes 0, so that inf - inf does no harm */
  if (!x || kind_in(x->type, "c")) return x;
  return cx_select(cx_eq(x, cx_like(x, INFINITY)), cx_like(x, 0), x);
}

/* log(e^a + e^b) = max + log1p(e^-|a - b|) */
static CxVal log_add_exp(CxVal a, CxVal b) {
  CxVal top = cx_max(a, b);
  if (a && kind_in(a->type, "c")) return cx_add(top, cx_log1p(cx_exp(cx_sub(cx_add(a, b), cx_mul(cx_like(top, 2), top)))));
  CxVal d = cx_sub(a, b), z = cx_add(top, cx_log1p(cx_exp(cx_neg(cx_abs(d)))));
  return cx_select(cx_ne(d, d), cx_add(a, b), z);
}

static Dual combine_log_add_exp(Dual a, Dual b) {
  CxVal z = log_add_exp(a.x, b.x), z0 = infinity_to_zero(z);
  CxVal share_a = cx_exp(cx_sub(infinity_to_zero(a.x), z0)), share_b = cx_exp(cx_sub(infinity_to_zero(b.x), z0));
  return (Dual){z, cx_add_any(cx_mul(a.t, share_a), cx_mul(b.t, share_b))};
}

static CxVal every_other(CxVal x, int axis, int64_t start, int64_t limit, int64_t step) {
  if (!x) return NULL;
  int64_t from[CX_MAX_RANK] = {0}, to[CX_MAX_RANK], by[CX_MAX_RANK];
  for (int i = 0; i < x->type->rank; i++) to[i] = x->type->dims[i], by[i] = 1;
  from[axis] = start, to[axis] = limit, by[axis] = step;
  return cx_slice(x, from, to, by);
}

static Dual dual_slice(Dual d, int axis, int64_t start, int64_t limit, int64_t step) {
  return (Dual){every_other(d.x, axis, start, limit, step), every_other(d.t, axis, start, limit, step)};
}

static CxVal interleave(CxVal even, CxVal odd, int axis) { /* even has as many elements as odd, or one more */
  if (!even || !odd) return NULL;
  bool longer = even->type->dims[axis] > odd->type->dims[axis];
  int64_t config[3 * CX_MAX_RANK] = {0};
  config[3 * axis + 1] = longer ? 0 : 1, config[3 * axis + 2] = 1;
  CxVal e = cx_pad(even, cx_like(even, 0), config);
  config[3 * axis] = 1, config[3 * axis + 1] = longer ? 1 : 0;
  return cx_add(e, cx_pad(odd, cx_like(odd, 0), config));
}

/* Inclusive scan: pairs are combined, scanned, and fill in the odd places; the even ones follow from their left neighbours. */
static Dual dual_scan(Dual d, int axis, Combine *combine) {
  if (!d.x || !d.t) return (Dual){0};
  int64_t n = d.x->type->dims[axis];
  if (n < 2) return d;
  Dual odd = dual_scan(combine(dual_slice(d, axis, 0, n - 1, 2), dual_slice(d, axis, 1, n, 2)), axis, combine);
  Dual first = dual_slice(d, axis, 0, 1, 1), even = first;
  if (n > 2) {
    Dual rest = combine(dual_slice(odd, axis, 0, (n - 1) / 2, 1), dual_slice(d, axis, 2, n, 2));
    even = (Dual){cx_concatenate(2, (CxVal[]){first.x, rest.x}, axis), cx_concatenate(2, (CxVal[]){first.t, rest.t}, axis)};
  }
  return (Dual){interleave(even.x, odd.x, axis), interleave(even.t, odd.t, axis)};
}

static void cumulative_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxCumulativeAttrs *c = a->attrs;
  cx_bind(a->op, a->in, 1, c, out, 1);
  if (!t[0] || !out[0] || !is_inexact(out[0]->type)) return;
  Combine *combine = a->op == CX_OP_CUMPROD ? combine_mul : a->op == CX_OP_CUMMAX ? combine_max
                   : a->op == CX_OP_CUMMIN ? combine_min : combine_log_add_exp;
  CxInts axis = {.v = &c->axis, .n = 1};
  Dual d = {a->in[0], t[0]};
  if (c->reverse) d = (Dual){cx_rev(d.x, axis), cx_rev(d.t, axis)};
  CxVal got = dual_scan(d, (int)c->axis, combine).t;
  tout[0] = c->reverse ? cx_rev(got, axis) : got;
}

static const CxField cumulative_fields[] = {CX_FIELD(CxCumulativeAttrs, axis, INT, 0, NULL), CX_FIELD(CxCumulativeAttrs, reverse, BOOL, 0, NULL),
                                            CX_FIELDS_END};

#define CUMULATIVE(ID, id, doc_text, flag, jvp_, transpose_)                                                                            \
  const CxOp cx_op_##ID = {.name = #id, .doc = doc_text, .nin = 1, .nout = 1, .flags = flag, .fields = cumulative_fields,                  \
      .attrs_bytes = sizeof(CxCumulativeAttrs), .type = cumulative_type, .exec = cumulative_exec, .jvp = jvp_, .transpose = transpose_,      \
      .batch = cumulative_batch, .partial = rule_partial_default, .fold = rule_nofold};                                                    \
  CxVal cx_##id(CxVal x, int axis, bool reverse) { return cx_bind1(CX_OP_##ID, &x, 1, &(CxCumulativeAttrs){axis, reverse}); }

CUMULATIVE(CUMSUM, cumsum, "z[i] = sum of x[j] for j <= i along an axis (j >= i in reverse)", CX_OP_LINEAR, rule_jvp_linear_first, cumsum_transpose)
CUMULATIVE(CUMPROD, cumprod, "z[i] = product of x[j] for j <= i along an axis (j >= i in reverse)", 0, cumulative_jvp, rule_nonlinear)
CUMULATIVE(CUMMAX, cummax, "z[i] = greatest x[j] for j <= i along an axis (j >= i in reverse)", 0, cumulative_jvp, rule_nonlinear)
CUMULATIVE(CUMMIN, cummin, "z[i] = least x[j] for j <= i along an axis (j >= i in reverse)", 0, cumulative_jvp, rule_nonlinear)
CUMULATIVE(CUMLOGSUMEXP, cumlogsumexp, "z[i] = log of the sum of e^x[j] for j <= i along an axis (j >= i in reverse)", 0, cumulative_jvp, rule_nonlinear)
