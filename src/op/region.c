/* Regions over scalars. See region.h. A region is applied to arrays by batching its graph over their elements. */
#include "op/region.h"

#include "op/derive.h"
#include <math.h>

static bool apply_into(const CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out, const CxType *shape) {
  CxVals got = {0};
  bool ok = graph_apply(g, in, nin, &got);
  for (uint32_t i = 0; ok && i < got.n; i++) ok = (out[i] = shape ? cx_reshape(got.v[i], shape->rank, shape->dims) : got.v[i]) != NULL;
  cx_vals_free(&got);
  return ok;
}

/* Applies g, batched over the elements of operands of these extents. */
static bool map_graph(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out) {
  const CxType *shape = in[0]->type;
  if (!shape->rank) return apply_into(g, in, nin, out, NULL);
  bool small[32], *all = small;
  uint32_t n = nin > g->out.n ? nin : g->out.n;
  CxVal flat_small[32], *flat = flat_small;
  if (n > 32) all = cx_malloc(n), flat = cx_malloc(n * sizeof *flat);
  bool ok = all && flat;
  for (uint32_t i = 0; ok && i < n; i++) all[i] = true;
  for (uint32_t i = 0; ok && i < nin; i++) ok = (flat[i] = cx_reshape(in[i], 1, &shape->size)) != NULL;
  const CxDerivedGraph *d = ok ? derive_batch(g, all, all, shape->size, NULL) : NULL;
  ok = d && apply_into(d->graph, flat, nin, out, shape);
  if (n > 32) cx_free(all), cx_free(flat);
  return ok;
}

bool region_map(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out) {
  for (uint32_t i = 0; i < nin; i++)
    if (!in[i]) return false;
  return map_graph(g, in, nin, out);
}

static const CxDerivedGraph *inexact_jvp(CxGraph *g) {
  bool in[256], out[256];
  if (g->in.n > 256 || g->out.n > 256) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "regions of more than 256 values are not differentiated"), NULL;
  for (uint32_t i = 0; i < g->in.n; i++) in[i] = is_inexact(graph_type(g, g->in.v[i]));
  for (uint32_t i = 0; i < g->out.n; i++) out[i] = is_inexact(graph_type(g, g->out.v[i]));
  return derive_jvp(g, in, out);
}

bool region_map_jvp(CxGraph *g, const CxVal *in, const CxVal *t, uint32_t nin, CxVal *out, CxVal *tout) {
  const CxDerivedGraph *d = inexact_jvp(g);
  CxVal *all = d ? cx_calloc(2 * nin + d->graph->out.n, sizeof *all) : NULL, *got = all + 2 * nin;
  bool ok = all != NULL;
  uint32_t n = nin, k = g->out.n;
  for (uint32_t i = 0; ok && i < nin; i++) {
    ok = (all[i] = in[i]) != NULL;
    if (ok && is_inexact(in[i]->type)) ok = (all[n++] = cx_instantiate(t[i], in[i]->type)) != NULL;
  }
  ok = ok && map_graph(d->graph, all, n, got);
  for (uint32_t i = 0; ok && i < g->out.n; i++) out[i] = got[i], tout[i] = is_inexact(got[i]->type) ? got[k++] : NULL;
  cx_free(all);
  return ok;
}

enum { DERIVE_REGION_JVP = 64 };

/* The jvp graph takes (left, right, left tangents, right tangents): the middle two change places. */
static CxGraph *jvp_permuted(const CxGraph *jvp, uint32_t n) {
  uint32_t m = (jvp->in.n - 2 * n) / 2, starts[] = {0, 2 * n, n, 2 * n + m}, counts[] = {n, m, n, m};
  CxTrace *stage = trace_new(&trace_stage, NULL, jvp->name);
  CxVals outs = {0}, captured = {0};
  CxScope scope;
  cx_scope_open(&scope);
  CxTrace *was = trace_enter(stage);
  CxVal *in = stage ? cx_calloc(jvp->in.n, sizeof *in) : NULL;
  for (uint32_t part = 0; in && part < 4; part++)
    for (uint32_t i = starts[part]; i < starts[part] + counts[part]; i++) in[i] = stage_input(stage, graph_type(jvp, jvp->in.v[i]));
  bool ok = in && graph_apply(jvp, in, jvp->in.n, &outs);
  trace_leave(was);
  CxGraph *g = ok ? stage_finish(stage, outs.v, outs.n, &captured) : NULL;
  if (stage) stage->alive = false;
  ref_release(stage);
  cx_scope_close(&scope);
  cx_free(in);
  cx_vals_free(&outs), cx_vals_free(&captured);
  return g;
}

CxGraph *region_jvp(CxGraph *g) {
  CxGraph *found = graph_derived_find(g, DERIVE_REGION_JVP, "", 0);
  if (found) return found;
  const CxDerivedGraph *d = inexact_jvp(g);
  CxGraph *made = d ? jvp_permuted(d->graph, g->in.n / 2) : NULL;
  return made ? graph_derived_keep(g, DERIVE_REGION_JVP, "", 0, made) : NULL;
}

CxOpcode region_monoid(const CxGraph *g) {
  if (g->in.n != 2 || g->out.n != 1 || g->eqns.n != 1) return CX_OP_NONE;
  const CxEqn *e = &g->eqns.v[0];
  CxVar a = g->in.v[0], b = g->in.v[1];
  if (e->nin != 2 || e->out[0] != g->out.v[0] || !((e->in[0] == a && e->in[1] == b) || (e->in[0] == b && e->in[1] == a))) return CX_OP_NONE;
  switch (e->op) {
    case CX_OP_ADD: case CX_OP_MUL: case CX_OP_MAX: case CX_OP_MIN: case CX_OP_AND: case CX_OP_OR: case CX_OP_XOR: return e->op;
    default: return CX_OP_NONE;
  }
}

bool region_check(const CxApp *a, const CxGraph *g, uint32_t n, const CxType *const *operands) {
  if (!g) return type_fail(a, "needs a region");
  if (g->in.n != 2 * n || g->out.n != n)
    return type_fail(a, "region must take %u scalars and give %u, it takes %u and gives %u", 2 * n, n, g->in.n, g->out.n);
  for (uint32_t i = 0; i < n; i++) {
    const CxType *in[] = {graph_type(g, g->in.v[i]), graph_type(g, g->in.v[n + i]), graph_type(g, g->out.v[i])};
    for (int k = 0; k < 3; k++)
      if (in[k]->rank || in[k]->dtype != operands[i]->dtype) {
        char text[128];
        return type_fail(a, "region must be over scalars of the operands' dtypes, got %s", cx_type_text(in[k], text, sizeof text));
      }
  }
  return true;
}

CxVal monoid_identity_scalar(CxOpcode op, CxDtype d) {
  char kind = cx_dtype_kind(d);
  int bits = cx_dtype_bits(d);
  if (op == CX_OP_ADD || op == CX_OP_OR || op == CX_OP_XOR) return cx_scalar(d, 0);
  if (op == CX_OP_MUL) return cx_scalar(d, 1);
  if (op == CX_OP_AND) return kind == 'b' ? cx_scalar(d, 1) : cx_scalar_i64(d, -1);
  bool high = op == CX_OP_MIN;
  if (kind == 'b') return cx_scalar(d, high);
  if (kind == 'u') return cx_scalar_i64(d, high ? -1 : 0);
  if (kind == 'i') return cx_scalar_i64(d, high ? (int64_t)(UINT64_MAX >> (65 - bits)) : -(int64_t)(UINT64_MAX >> (65 - bits)) - 1);
  return cx_scalar(d, high ? INFINITY : -INFINITY); /* saturates where there is no infinity */
}
