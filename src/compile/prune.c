/* Results nobody uses leave calls, branches and loops, then the operands that only they needed. A loop's carry goes when neither the
 * program nor what is left of the loop reads it: a fixed point over the body, each round linear; after a few rounds the rest stays.
 * Shrunken regions are kept with their source, so a region that is shared stays shared. */
#include "compile/prune.h"
#include "op/call.h"

enum { PRUNE_KIND = 0x7072756e, ROUNDS_MAX = 8 };

static bool any_missing(const bool *keep, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (!keep[i]) return true;
  return false;
}

/* Kept with g: masks are the key. Borrowed. */
static CxGraph *shrunk(CxArena *arena, CxGraph *g, const bool *in, const bool *out) {
  size_t bytes = (size_t)g->in.n + g->out.n + 1;
  bool *key = arena_alloc(arena, bytes);
  if (!key) return NULL;
  for (uint32_t i = 0; i < g->in.n; i++) key[i] = in[i];
  for (uint32_t i = 0; i < g->out.n; i++) key[g->in.n + i] = out[i];
  CxGraph *found = graph_derived_find(g, PRUNE_KIND, key, bytes);
  return found ? found : graph_derived_keep(g, PRUNE_KIND, key, bytes, graph_live_part(NULL, g, in, out));
}

static bool *mask_of(CxArena *arena, uint32_t n, bool value) {
  bool *m = arena_alloc(arena, (size_t)n + 1);
  for (uint32_t i = 0; m && i < n; i++) m[i] = value;
  return m;
}

/* ---- calls and branches ---- */

static bool prune_call(CxArena *arena, const CxEqn *e, const bool *want, Pruned *p) {
  CxJitAttrs *a = arena_copy(arena, p->attrs, cx_ops[e->op]->attrs_bytes);
  bool *in = mask_of(arena, e->nin, false), *out = arena_copy(arena, want, (size_t)e->nout + 1);
  TRY(a && in && out && graph_live_inputs(a->jaxpr, out, in));
  if (!any_missing(in, e->nin) && !any_missing(out, e->nout)) return true;
  TRY(a->jaxpr = shrunk(arena, a->jaxpr, in, out));
  *p = (Pruned){a, in, out};
  return true;
}

static bool prune_cond(CxArena *arena, const CxEqn *e, const bool *want, Pruned *p) {
  const CxGraphs *b = &((const CxCondAttrs *)p->attrs)->branches;
  bool *in = mask_of(arena, e->nin, false), *one = mask_of(arena, e->nin, false), *out = arena_copy(arena, want, (size_t)e->nout + 1);
  CxGraph **v = arena_alloc(arena, ((size_t)b->n + 1) * sizeof *v);
  CxCondAttrs *a = arena_alloc(arena, sizeof *a);
  TRY(in && one && out && v && a);
  in[0] = true;
  for (int k = 0; k < b->n; k++) {
    TRY(graph_live_inputs(b->v[k], out, one));
    for (uint32_t i = 1; i < e->nin; i++) in[i] |= one[i - 1];
  }
  if (!any_missing(in, e->nin) && !any_missing(out, e->nout)) return true;
  for (int k = 0; k < b->n; k++) TRY(v[k] = shrunk(arena, b->v[k], in + 1, out));
  a->branches = (CxGraphs){v, b->n};
  *p = (Pruned){a, in, out};
  return true;
}

/* ---- loops ---- */

/* Carries that what is kept reads are kept: out (carries first) grows until it is closed. in: the body's operands, carries from `first`. */
static bool close_carries(const CxGraph *body, uint32_t first, uint32_t carries, bool *in, bool *out) {
  for (int round = 0; round < ROUNDS_MAX; round++) {
    bool grown = false;
    TRY(graph_live_inputs(body, out, in));
    for (uint32_t k = 0; k < carries; k++) {
      if (in[first + k] && !out[k]) out[k] = grown = true;
      if (round == ROUNDS_MAX - 2 && grown) memset(out, 1, carries);
    }
    if (!grown) break;
  }
  for (uint32_t k = 0; k < carries; k++) in[first + k] = out[k];
  return true;
}

static int64_t count(const bool *keep, int64_t n) {
  int64_t kept = 0;
  for (int64_t i = 0; i < n; i++) kept += keep[i];
  return kept;
}

static bool prune_scan(CxArena *arena, const CxEqn *e, const bool *want, Pruned *p) {
  CxScanAttrs *s = arena_copy(arena, p->attrs, sizeof *s);
  bool *in = mask_of(arena, e->nin, false), *out = arena_copy(arena, want, (size_t)e->nout + 1);
  TRY(s && in && out && close_carries(s->jaxpr, (uint32_t)s->num_consts, (uint32_t)s->num_carry, in, out));
  if (!any_missing(in, e->nin) && !any_missing(out, e->nout)) return true;
  int64_t *linear = arena_alloc(arena, ((size_t)s->linear.n + 1) * sizeof *linear);
  TRY(linear && (s->jaxpr = shrunk(arena, s->jaxpr, in, out)));
  s->num_carry = count(in + s->num_consts, s->num_carry);
  s->num_consts = count(in, s->num_consts);
  int32_t n = 0;
  if (s->linear.n == (int32_t)e->nin) {
    for (uint32_t i = 0; i < e->nin; i++)
      if (in[i]) linear[n++] = s->linear.v[i];
    s->linear.v = linear;
    s->linear.n = n;
  }
  *p = (Pruned){s, in, out};
  return true;
}

/* Operands: constants of the condition, constants of the body, carries. */
static bool prune_while(CxArena *arena, const CxEqn *e, const bool *want, Pruned *p) {
  CxWhileAttrs *w = arena_copy(arena, p->attrs, sizeof *w);
  uint32_t nc = (uint32_t)w->cond_nconsts, nb = (uint32_t)w->body_nconsts, nk = e->nout;
  bool *in = mask_of(arena, e->nin, false), *out = arena_copy(arena, want, (size_t)e->nout + 1), *test = mask_of(arena, e->nin, false);
  TRY(w && in && out && test && graph_live_inputs(w->cond_jaxpr, NULL, test));
  for (uint32_t k = 0; k < nk; k++) out[k] |= test[nc + k];
  TRY(close_carries(w->body_jaxpr, nb, nk, in + nc, out));
  memcpy(in, test, nc);
  if (!any_missing(in, e->nin) && !any_missing(out, e->nout)) return true;
  memcpy(test + nc, out, nk);
  bool *all = mask_of(arena, 1, true);
  TRY(all && (w->cond_jaxpr = shrunk(arena, w->cond_jaxpr, test, all)) && (w->body_jaxpr = shrunk(arena, w->body_jaxpr, in + nc, out)));
  w->cond_nconsts = count(in, nc);
  w->body_nconsts = count(in + nc, nb);
  *p = (Pruned){w, in, out};
  return true;
}

bool prune(CxArena *arena, const CxEqn *e, const bool *want, Pruned *p) {
  switch (e->op) {
    case CX_OP_JIT:
    case CX_OP_CLOSED_CALL:
    case CX_OP_REMAT: return prune_call(arena, e, want, p);
    case CX_OP_COND: return prune_cond(arena, e, want, p);
    case CX_OP_SCAN: return prune_scan(arena, e, want, p);
    case CX_OP_WHILE: return prune_while(arena, e, want, p);
    default: return true;
  }
}
