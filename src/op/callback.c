/* debug_callback, pure_callback, io_callback: calls of host functions on concrete arrays. */
#include "op/derive.h"
#include "runtime/execute.h"
#include <cuirax/callback.h>
#include <cuirax/control.h>

typedef struct CxCallbackAttrs {
  CxFn *callback;
  CxTypes result_avals;
  bool ordered;
  int32_t vmap_method;
} CxCallbackAttrs;

static uint32_t callback_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  return (uint32_t)((const CxCallbackAttrs *)attrs)->result_avals.n;
}

static bool callback_type(const CxApp *a, const CxType **out) {
  const CxCallbackAttrs *c = a->attrs;
  for (int i = 0; i < c->result_avals.n; i++) out[i] = c->result_avals.v[i];
  return true;
}

static bool results_fit(const CxApp *a, const CxType *const *types, const CxVals *r) {
  char want[256], have[256];
  if (r->n != a->nout) return cx_fail(CX_ERR_RUNTIME, "%s: the callback returned %u values, %u were declared", a->def->name, r->n, a->nout);
  for (uint32_t i = 0; i < a->nout; i++)
    if (r->v[i]->type->dtype != types[i]->dtype || !cx_type_same_dims(r->v[i]->type, types[i]))
      return cx_fail(CX_ERR_RUNTIME, "Incorrect output types for return value #%u: Expected: %s, Actual: %s", i, cx_type_text(types[i], want, sizeof want),
                     cx_type_text(r->v[i]->type, have, sizeof have));
  return true;
}

static bool callback_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxCallbackAttrs *c = a->attrs;
  CxScope s;
  CxVals r = {0};
  if (!c->callback) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "%s: this program was read from text and has no host function", a->def->name);
  cx_scope_open(&s);
  CxTrace *was = trace_enter(NULL);
  bool ok = fn_call(c->callback, a->in, a->nin, &r) && results_fit(a, types, &r);
  trace_leave(was);
  for (uint32_t i = 0; ok && i < a->nout; i++) out[i] = r.v[i]->type == types[i] ? cx_retain(r.v[i]) : node_array_sharing(types[i], r.v[i], 0);
  cx_vals_free(&r);
  cx_scope_close(&s);
  return ok;
}

static void debug_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  (void)t, (void)tout;
  cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
}

static void pure_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  (void)t, (void)out, (void)tout;
  cx_fail(CX_ERR_VALUE, "%s do not support JVP. Please use `jax.custom_jvp` to use callbacks while taking gradients.", a->op == CX_OP_IO_CALLBACK ? "IO callbacks" : "Pure callbacks");
}

static CxVal element(CxVal x, int axis, int64_t i) {
  int64_t n = axis;
  return axis < 0 ? x : cx_squeeze(cx_slice_axis(x, axis, i, i + 1), (CxInts){.v = &n, .n = 1});
}

static void debug_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)out, (void)out_axis;
  CxVal small[16], *in = small;
  if (a->nin > 16 && !(in = cx_malloc(a->nin * sizeof *in))) return;
  for (int64_t i = 0; i < size && !cx_failed(); i++) {
    for (uint32_t k = 0; k < a->nin; k++) in[k] = element(a->in[k], axis[k], i);
    cx_bind(a->op, in, a->nin, a->attrs, NULL, 0);
  }
  if (in != small) cx_free(in);
}

/* one call with a leading batch axis on operands (extent 1, or repeated) and results */
static void batch_whole(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxCallbackAttrs *c = a->attrs;
  CxArena m = {0};
  CxVal *in = arena_alloc(&m, (a->nin + 1) * sizeof *in);
  const CxType **types = arena_alloc(&m, (a->nout + 1) * sizeof *types);
  bool ok = in && types;
  for (uint32_t i = 0; ok && i < a->nin; i++)
    in[i] = axis[i] >= 0 ? cx_move_axis(a->in[i], axis[i], 0) : c->vmap_method == CX_CALLBACK_BROADCAST_ALL ? batch_to_front(a->in[i], -1, size) : cx_expand_dims(a->in[i], cx_ints(0));
  for (uint32_t i = 0; ok && i < a->nout; i++) {
    const CxType *t = c->result_avals.v[i];
    int64_t dims[CX_MAX_RANK + 1] = {size};
    if (t->rank) memcpy(dims + 1, t->dims, (size_t)t->rank * sizeof *dims);
    ok = (types[i] = cx_type(t->dtype, t->rank + 1, dims, t->weak)) != NULL;
    out_axis[i] = 0;
  }
  CxCallbackAttrs attrs = *c;
  attrs.result_avals.v = types;
  if (ok) cx_bind(a->op, in, a->nin, &attrs, out, a->nout);
  arena_free(&m);
}

/* a scan over the batch: one call per element, in order */
static void batch_sequential(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  CxFrame f;
  CxVals consts = {0}, xs = {0}, inner = {0}, results = {0}, r = {0};
  CxVal *in = cx_calloc((size_t)a->nin + a->nout + 1, sizeof *in);
  bool ok = in != NULL;
  for (uint32_t i = 0; ok && i < a->nin; i++) ok = axis[i] < 0 ? cx_vals_push(&consts, a->in[i]) : cx_vals_push(&xs, cx_move_axis(a->in[i], axis[i], 0));
  ok = frame_open(&f, a->def->name) && ok;
  for (uint32_t i = 0; ok && i < consts.n; i++) ok = cx_vals_push(&inner, frame_input(&f, cx_type_of(consts.v[i])));
  for (uint32_t i = 0; ok && i < xs.n; i++) {
    const CxType *t = cx_type_of(xs.v[i]);
    ok = t && cx_vals_push(&inner, frame_input(&f, cx_type(t->dtype, t->rank - 1, t->dims + 1, t->weak)));
  }
  for (uint32_t i = 0, c = 0, x = consts.n; ok && i < a->nin; i++) in[i] = inner.v[axis[i] < 0 ? c++ : x++];
  ok = ok && cx_bind(a->op, in, a->nin, a->attrs, in + a->nin, a->nout);
  for (uint32_t i = 0; ok && i < a->nout; i++) ok = cx_vals_push(&results, in[a->nin + i]);
  CxGraph *body = frame_close(&f, ok, &results);
  uint32_t nc = consts.n;
  for (uint32_t i = 0; body && i < xs.n; i++) cx_vals_push(&consts, xs.v[i]);
  if (body && cx_scan(body, nc, 0, size, false, 1, consts.v, consts.n, &r))
    for (uint32_t i = 0; i < a->nout; i++) out[i] = r.v[i], out_axis[i] = 0;
  ref_release(body);
  cx_free(in);
  cx_vals_free(&consts), cx_vals_free(&xs), cx_vals_free(&inner), cx_vals_free(&results), cx_vals_free(&r);
}

static void pure_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  switch ((CxCallbackMapping)((const CxCallbackAttrs *)a->attrs)->vmap_method) {
    case CX_CALLBACK_SEQUENTIAL: batch_sequential(a, axis, size, out, out_axis); return;
    case CX_CALLBACK_EXPAND_DIMS:
    case CX_CALLBACK_BROADCAST_ALL: batch_whole(a, axis, size, out, out_axis); return;
    case CX_CALLBACK_NO_VMAP: break;
  }
  cx_fail(CX_ERR_NOT_IMPLEMENTED, "vmap is only supported in pure_callback when vmap_method is set to 'sequential', 'expand_dims' or 'broadcast_all'");
}

static void io_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  if (((const CxCallbackAttrs *)a->attrs)->ordered) cx_fail(CX_ERR_VALUE, "Cannot `vmap` ordered IO callback.");
  else batch_sequential(a, axis, size, out, out_axis);
}

static const char *const method_names[] = {"None", "sequential", "expand_dims", "broadcast_all", NULL};
static const CxField callback_fields[] = {CX_FIELD(CxCallbackAttrs, callback, FN, 0, NULL), CX_FIELD(CxCallbackAttrs, ordered, BOOL, 0, NULL),
                                          CX_FIELD(CxCallbackAttrs, result_avals, TYPES, 0, NULL), CX_FIELD(CxCallbackAttrs, vmap_method, ENUM, 0, method_names),
                                          CX_FIELDS_END};

#define CALLBACK(ID, text, doc_text, flag, jvp_, batch_)                                                                                      \
  const CxOp cx_op_##ID = {.name = text, .doc = doc_text, .nin = -1, .nout = -1, .flags = CX_OP_REFS | (flag), .fields = callback_fields,        \
      .attrs_bytes = sizeof(CxCallbackAttrs), .nout_rule = callback_nout, .type = callback_type, .exec = callback_exec, .jvp = jvp_,             \
      .transpose = rule_nonlinear, .batch = batch_, .partial = rule_partial_default, .fold = rule_nofold};
CALLBACK(DEBUG_CALLBACK, "debug_callback", "calls a host function for its effect", CX_OP_EFFECT, debug_jvp, debug_batch)
CALLBACK(DEBUG_PRINT, "debug_print", "prints through a host function", CX_OP_EFFECT, debug_jvp, debug_batch)
CALLBACK(PURE_CALLBACK, "pure_callback", "the results of a host function of the operands alone", 0, pure_jvp, pure_batch)
CALLBACK(IO_CALLBACK, "io_callback", "the results of a host function with effects", CX_OP_EFFECT, pure_jvp, io_batch)

bool cx_debug_callback(CxFn *f, bool ordered, const CxVal *in, uint32_t nin) {
  return cx_bind(CX_OP_DEBUG_CALLBACK, in, nin, &(CxCallbackAttrs){.callback = f, .ordered = ordered}, NULL, 0);
}

static bool with_results(CxOpcode op, const CxCallbackAttrs *attrs, const CxVal *in, uint32_t nin, CxVals *out) {
  uint32_t n = (uint32_t)attrs->result_avals.n;
  CxVal *r = cx_calloc(n + 1, sizeof *r);
  bool ok = r && cx_bind(op, in, nin, attrs, r, n);
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(out, r[i]);
  cx_free(r);
  return ok;
}

bool cx_pure_callback(CxFn *f, const CxType *const *types, uint32_t n, CxCallbackMapping method, const CxVal *in, uint32_t nin, CxVals *out) {
  return with_results(CX_OP_PURE_CALLBACK, &(CxCallbackAttrs){.callback = f, .result_avals = {types, (int32_t)n}, .vmap_method = (int32_t)method}, in, nin, out);
}
bool cx_io_callback(CxFn *f, const CxType *const *types, uint32_t n, bool ordered, const CxVal *in, uint32_t nin, CxVals *out) {
  return with_results(CX_OP_IO_CALLBACK, &(CxCallbackAttrs){.callback = f, .result_avals = {types, (int32_t)n}, .ordered = ordered}, in, nin, out);
}
