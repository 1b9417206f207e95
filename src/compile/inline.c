/* Inlining. Calls (jit, closed_call, checkpoint, custom rules: differentiation is over when a program is compiled) become their bodies if
 * they are the only call of that body or the body is small; a cond of a known index becomes its branch; a scan of one step its body.
 * Ensures: a graph of n equations gives at most n * inline_small, so the work stays linear; effects keep their order.
 * A checkpoint that stands in a backward pass gets a barrier in front of its operands, so that what it computes again is not
 * merged with what was computed before: that is its purpose. */
#include "compile/rewrite.h"
#include "op/call.h"

static CxGraph *call_body(CxOpcode op, const void *attrs) {
  switch (op) {
    case CX_OP_JIT:
    case CX_OP_CLOSED_CALL:
    case CX_OP_REMAT: return ((const CxJitAttrs *)attrs)->jaxpr;
    case CX_OP_CUSTOM_JVP_CALL:
    case CX_OP_CUSTOM_VJP_CALL: return ((const CxCustomAttrs *)attrs)->call_jaxpr;
    default: return NULL;
  }
}

/* ---- how large bodies are, and how often they are used ---- */

static bool fits(const PassRun *run, const Met *m) { return m->uses <= 1 || m->size <= run->options->inline_small; }

static bool measure(PassRun *run, const CxGraph *g, int depth);

static bool measure_use(PassRun *run, const CxGraph *g, int depth) {
  TRY(measure(run, g, depth + 1));
  Met *m = run_met(run, g);
  if (m) m->uses++;
  return m != NULL;
}

static bool measure_regions(PassRun *run, const CxEqn *e, int depth) {
  const CxOp *def = cx_ops[e->op];
  for (const CxField *f = def->fields; def->flags & CX_OP_REFS && f->name; f++) {
    const void *p = (const char *)e->attrs + f->offset;
    if (f->kind == CX_FIELD_GRAPH && *(CxGraph *const *)p) TRY(measure_use(run, *(CxGraph *const *)p, depth));
    for (int i = 0; f->kind == CX_FIELD_GRAPHS && i < ((const CxGraphs *)p)->n; i++) TRY(measure_use(run, ((const CxGraphs *)p)->v[i], depth));
  }
  return true;
}

/* Each graph once. A body that turns out to be used again later counts as large here: sizes are upper bounds. */
static bool measure(PassRun *run, const CxGraph *g, int depth) {
  Met *m = run_met(run, g);
  if (!m || m->size) return m != NULL;
  FAIL_IF(depth > 256, CX_ERR_VERIFY, "regions nest deeper than 256");
  uint64_t size = 1;
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    TRY(measure_regions(run, e, depth));
    const CxGraph *body = call_body(e->op, e->attrs);
    size += body ? run_met(run, body)->size : 1;
    if (size > UINT32_MAX) size = UINT32_MAX;
  }
  if ((m = run_met(run, g))) m->size = size;
  return m != NULL;
}

/* ---- splicing ---- */

/* Operands and results may differ from the body's in weakness. */
static bool splice(Rewrite *r, const CxGraph *g, const CxVar *in, CxVar *out) {
  CxVar *own = arena_alloc(r->arena, ((size_t)g->in.n + 1) * sizeof *own);
  TRY(own);
  for (uint32_t i = 0; i < g->in.n; i++) TRY(own[i] = rewrite_adapt(r, in[i], graph_type(g, g->in.v[i])));
  r->run->rewritten++;
  TRY(rewrite_splice(r, g, own, out));
  return true;
}

static bool splice_all(Rewrite *r, const Pending *p, const CxGraph *g, const CxVar *in, CxVar *out) {
  TRY(splice(r, g, in, out));
  for (uint32_t i = 0; i < p->nout; i++) {
    if (!p->types[i]) out[i] = 0;
    else TRY(out[i] = rewrite_adapt(r, out[i], p->types[i]));
  }
  return true;
}

static bool barrier(Rewrite *r, const Pending *p, CxVar *in) {
  const CxType **types = arena_alloc(r->arena, (p->nin + (size_t)1) * sizeof *types);
  if (!types || !p->nin) return types != NULL;
  for (uint32_t i = 0; i < p->nin; i++) types[i] = rewrite_type(r, p->in[i]);
  return rewrite_apply(r, &(Pending){CX_OP_OPTIMIZATION_BARRIER, cx_ops[CX_OP_OPTIMIZATION_BARRIER], p->in, p->nin, p->nin, NULL, types}, in);
}

static bool inline_call(Rewrite *r, const Pending *p, const CxGraph *g, CxVar *out) {
  const CxJitAttrs *a = p->attrs;
  if (p->op != CX_OP_REMAT || !a->prevent_cse || !a->differentiated) return splice_all(r, p, g, p->in, out);
  CxVar *in = arena_alloc(r->arena, (p->nin + (size_t)1) * sizeof *in);
  return in && barrier(r, p, in) && splice_all(r, p, g, in, out);
}

static bool inline_cond(Rewrite *r, const Pending *p, CxVar *out) {
  const CxGraphs *b = &((const CxCondAttrs *)p->attrs)->branches;
  CxVal index = r->vars[p->in[0]].splat;
  if (!index) return false;
  int64_t k = *(const int32_t *)(const void *)index->array.data;
  const CxGraph *g = b->v[k < 0 ? 0 : k >= b->n ? b->n - 1 : k];
  const Met *m = run_met(r->run, g);
  return m && fits(r->run, m) && splice_all(r, p, g, p->in + 1, out);
}

/* y, z = body(c, s, x[0]) of a scan of one step */
static bool step_operands(Rewrite *r, const Pending *p, const CxScanAttrs *s, CxVar *in) {
  for (uint32_t i = 0; i < p->nin; i++) {
    const CxType *t = graph_type(s->jaxpr, s->jaxpr->in.v[i]);
    CxReshapeAttrs shape = {{.v = t->dims, .n = t->rank}};
    in[i] = i < s->num_consts + s->num_carry ? p->in[i] : rewrite_emit(r, CX_OP_RESHAPE, &p->in[i], 1, &shape);
    if (!in[i]) return false;
  }
  return true;
}

static bool inline_step(Rewrite *r, const Pending *p, CxVar *out) {
  const CxScanAttrs *s = p->attrs;
  CxVar *in = arena_alloc(r->arena, (p->nin + (size_t)1) * sizeof *in);
  const Met *m = run_met(r->run, s->jaxpr);
  if (s->length != 1 || !in || !m || !fits(r->run, m) || !step_operands(r, p, s, in) || !splice(r, s->jaxpr, in, out)) return false;
  for (uint32_t i = 0; i < p->nout; i++) {
    if (!p->types[i]) {
      out[i] = 0;
      continue;
    }
    CxReshapeAttrs shape = {{.v = p->types[i]->dims, .n = p->types[i]->rank}};
    if (i >= s->num_carry) TRY(out[i] = rewrite_emit(r, CX_OP_RESHAPE, &out[i], 1, &shape));
    TRY(out[i] = rewrite_adapt(r, out[i], p->types[i]));
  }
  return true;
}

bool inline_apply(Rewrite *r, const Pending *p, CxVar *out) {
  if (p->op == CX_OP_COND) return inline_cond(r, p, out);
  if (p->op == CX_OP_SCAN) return inline_step(r, p, out);
  const CxGraph *g = call_body(p->op, p->attrs);
  const Met *m = g ? run_met(r->run, g) : NULL;
  return m && fits(r->run, m) && inline_call(r, p, g, out);
}

bool inline_measure(PassRun *run, const CxGraph *g) { return measure(run, g, 0); }
