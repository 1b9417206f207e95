/* Constant folding by the reference executor. Assumes operands of the new graph are final. Ensures: results are small, the whole work of a
 * run is bounded, and an equation that would fail is left to fail when the program runs. Views that only repeat elements stay, because an
 * array in memory is no better than an index map. */
#include "compile/rewrite.h"
#include "trace/trace.h"

static bool foldable(const Rewrite *r, const Pending *p) {
  if (!p->nin || p->def->flags & (CX_OP_REFS) || !pending_pure(p)) return false;
  if (p->op == CX_OP_BROADCAST_IN_DIM || p->op == CX_OP_TILE) return false;
  for (uint32_t i = 0; i < p->nin; i++)
    if (!r->vars[p->in[i]].value) return false;
  for (uint32_t i = 0; i < p->nout; i++)
    if (!p->types[i]) return false;
  return true;
}

/* Elements of the operands times elements of the results bounds every op without regions. */
static bool affordable(Rewrite *r, const Pending *p) {
  uint64_t in = 0, out = 0, work, limit = r->run->options->fold_bytes;
  for (uint32_t i = 0; i < p->nin; i++) in += type_bytes(rewrite_type(r, p->in[i])) + 1;
  for (uint32_t i = 0; i < p->nout; i++) {
    if (type_bytes(p->types[i]) > limit) return false;
    out += type_bytes(p->types[i]) + 1;
  }
  if (out > limit || __builtin_mul_overflow(in, p->def->flags & CX_OP_ELEMENTWISE ? 1 : out, &work)) return false;
  if (work > r->run->fold_left) return false;
  r->run->fold_left -= work;
  return true;
}

static bool fold_run(Rewrite *r, const Pending *p, CxVal *in, CxVal *values) {
  const CxType **types = arena_alloc(r->arena, (p->nin + (size_t)p->nout) * sizeof *types);
  if (!types) return false;
  for (uint32_t i = 0; i < p->nin; i++) in[i] = r->vars[p->in[i]].value, types[i] = in[i]->type;
  for (uint32_t i = 0; i < p->nout; i++) types[p->nin + i] = p->types[i];
  CxApp a = {.op = p->op, .def = p->def, .attrs = p->attrs, .nin = p->nin, .nout = p->nout, .in = in, .types = types};
  CxTrace *was = trace_enter(NULL);
  CxScope scope;
  cx_scope_open(&scope);
  bool ok = p->def->exec(&a, types + p->nin, values);
  cx_scope_close(&scope);
  trace_leave(was);
  for (uint32_t i = 0; !ok && i < p->nout; i++) cx_release(values[i]);
  if (!ok && cx_failed() && cx_error()->code != CX_ERR_MEMORY) cx_error_clear();
  return ok;
}

bool fold_apply(Rewrite *r, const Pending *p, CxVar *out) {
  if (!foldable(r, p) || !affordable(r, p)) return false;
  CxVal *in = arena_alloc(r->arena, (p->nin + (size_t)p->nout) * sizeof *in), *values = in ? in + p->nin : NULL;
  if (!in || !fold_run(r, p, in, values)) return false;
  bool ok = true;
  for (uint32_t i = 0; i < p->nout; i++) {
    CxVal v = values[i];
    if (!v->type->rank && !v->literal) { /* it may be an operand of somebody else: mark a node of our own */
      CxVal own = node_array_sharing(v->type, v, 0);
      if (own) own->literal = true, cx_release(v), v = own;
    }
    ok = ok && (out[i] = rewrite_const(r, v)) != 0;
    cx_release(v);
  }
  return ok;
}
