/* Ops that hold a program together without computing: optimization_barrier and custom_lin. */
#include "op/custom_lin.h"
#include "op/rules.h"
#include "trace/fn.h"

/* ---- optimization_barrier: z_i = x_i; nothing moves across it ---- */

static uint32_t same_nout(uint32_t nin, const void *attrs) {
  (void)attrs;
  return nin;
}

static bool barrier_type(const CxApp *a, const CxType **out) {
  for (uint32_t i = 0; i < a->nin; i++) out[i] = a->types[i];
  return true;
}

static bool barrier_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  (void)types;
  for (uint32_t i = 0; i < a->nin; i++) out[i] = cx_retain(a->in[i]);
  return true;
}

/* The zeros of operands without a tangent are made, as long as any has one. */
static bool any_of(const CxVal *t, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (t[i]) return true;
  return false;
}

static void barrier_tangents(const CxApp *a, const CxVal *t, CxVal *tout) {
  CxVal *in = cx_calloc(2 * a->nin, sizeof *in), *moved = in + a->nin;
  uint32_t n = 0;
  for (uint32_t i = 0; in && i < a->nin; i++)
    if (is_inexact(a->types[i])) in[n++] = cx_instantiate(t[i], a->types[i]);
  if (in && cx_bind(a->op, in, n, NULL, moved, n))
    for (uint32_t i = 0, k = 0; i < a->nin; i++)
      if (is_inexact(a->types[i])) tout[i] = moved[k++];
  cx_free(in);
}

static void barrier_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, a->nin, NULL, out, a->nout);
  if (any_of(t, a->nin)) barrier_tangents(a, t, tout);
}

static void barrier_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (any_of(ct, a->nout)) barrier_tangents(a, ct, ct_in);
}

static void barrier_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  cx_bind(a->op, a->in, a->nin, NULL, out, a->nout);
  for (uint32_t i = 0; i < a->nin; i++) out_axis[i] = axis[i];
}

const CxOp cx_op_OPTIMIZATION_BARRIER = {
    .name = "optimization_barrier", .doc = "the operands; no pass moves computations across", .nin = -1, .nout = -1, .flags = CX_OP_LINEAR,
    .nout_rule = same_nout, .type = barrier_type, .exec = barrier_exec, .jvp = barrier_jvp, .transpose = barrier_transpose,
    .batch = barrier_batch, .partial = rule_partial_default, .fold = rule_nofold};

bool cx_optimization_barrier(uint32_t n, const CxVal *xs, CxVal *out) { return cx_bind(CX_OP_OPTIMIZATION_BARRIER, xs, n, NULL, out, n); }

/* ---- custom_lin ---- */

static uint32_t lin_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  return (uint32_t)((const CxCustomLinAttrs *)attrs)->out_avals.n;
}

static bool lin_type(const CxApp *a, const CxType **out) {
  const CxCustomLinAttrs *l = a->attrs;
  int64_t tangents = 0;
  for (int i = 0; i < l->in_zeros.n; i++) tangents += !l->in_zeros.v[i];
  if (l->num_res < 0 || l->num_res + tangents != a->nin)
    return type_fail(a, "takes %lld residuals and %lld tangents, got %u values", (long long)l->num_res, (long long)tangents, a->nin);
  for (int i = 0; i < l->out_avals.n; i++) out[i] = l->out_avals.v[i];
  return true;
}

static bool lin_forward(void) { return cx_fail(CX_ERR_TYPE, "can't apply forward-mode autodiff (jvp) to a custom_vjp function."); }

static bool lin_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  (void)a, (void)types, (void)out;
  return lin_forward();
}

static void lin_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  (void)a, (void)t, (void)out, (void)tout;
  lin_forward();
}

static void lin_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)a, (void)axis, (void)size, (void)out, (void)out_axis;
  lin_forward();
}

static void lin_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxCustomLinAttrs *l = a->attrs;
  CxVals in = {0}, back = {0};
  uint32_t res = (uint32_t)l->num_res, at = res;
  bool ok = true;
  for (uint32_t i = 0; ok && i < res; i++) ok = cx_vals_push(&in, a->in[i]);
  for (uint32_t i = 0; ok && i < a->nout; i++)
    ok = cx_vals_push(&in, ct[i] || l->symbolic_zeros ? ct[i] : cx_instantiate(NULL, l->out_avals.v[i]));
  ok = ok && fn_call(l->bwd, in.v, in.n, &back);
  if (ok && back.n != (uint32_t)l->in_zeros.n)
    ok = cx_fail(CX_ERR_TYPE, "the backward rule of a custom_vjp function must give one cotangent per input: %d, it gave %u", l->in_zeros.n, back.n);
  for (uint32_t i = 0; ok && i < back.n; i++)
    if (!l->in_zeros.v[i]) ct_in[at++] = back.v[i];
  cx_vals_free(&in), cx_vals_free(&back);
}

static const CxField lin_fields[] = {CX_FIELD(CxCustomLinAttrs, bwd, FN, 0, NULL), CX_FIELD(CxCustomLinAttrs, in_zeros, INTS, 0, NULL),
                                     CX_FIELD(CxCustomLinAttrs, num_res, INT, 0, NULL), CX_FIELD(CxCustomLinAttrs, out_avals, TYPES, 0, NULL),
                                     CX_FIELD(CxCustomLinAttrs, symbolic_zeros, BOOL, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_CUSTOM_LIN = {
    .name = "custom_lin", .doc = "the derivative of a custom_vjp function, known by its transpose alone", .nin = -1, .nout = -1,
    .flags = CX_OP_REFS, .fields = lin_fields, .attrs_bytes = sizeof(CxCustomLinAttrs), .nout_rule = lin_nout, .type = lin_type,
    .exec = lin_exec, .jvp = lin_jvp, .transpose = lin_transpose, .batch = lin_batch, .partial = rule_partial_default, .fold = rule_nofold};
