/* scan: a loop of known length. Operands: consts, carry, xs; the body graph maps (consts, carry, slices of xs) to (carry, slices of ys).
 * Every rule transforms the body (op/derive.c) and finds the fixed point of what holds for the carry. */
#include "op/attrs.h"
#include "op/derive.h"
#include "runtime/execute.h"
#include <cuirax/control.h>

static const CxField scan_fields[] = {{"_split_transpose", CX_FIELD_BOOL, offsetof(CxScanAttrs, split_transpose), 0, NULL},
                                      CX_FIELD(CxScanAttrs, jaxpr, GRAPH, 0, NULL),
                                      CX_FIELD(CxScanAttrs, length, INT, 0, NULL),
                                      CX_FIELD(CxScanAttrs, linear, INTS, 0, NULL),
                                      CX_FIELD(CxScanAttrs, num_carry, INT, 0, NULL),
                                      CX_FIELD(CxScanAttrs, num_consts, INT, 0, NULL),
                                      CX_FIELD(CxScanAttrs, reverse, BOOL, 0, NULL),
                                      CX_FIELD(CxScanAttrs, unroll, INT, 0, NULL),
                                      CX_FIELDS_END};

static uint32_t n_consts(const CxScanAttrs *s) { return (uint32_t)s->num_consts; }
static uint32_t n_carry(const CxScanAttrs *s) { return (uint32_t)s->num_carry; }

static uint32_t scan_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  return ((const CxScanAttrs *)attrs)->jaxpr->out.n;
}

static const CxType *stacked(const CxType *t, int64_t length) {
  int64_t dims[CX_MAX_RANK + 1] = {length};
  if (!t) return NULL;
  if (t->rank) memcpy(dims + 1, t->dims, (size_t)t->rank * sizeof *dims);
  return cx_type(t->dtype, t->rank + 1, dims, t->weak);
}

static bool operand_fail(const CxApp *a, uint32_t i, const char *what, const CxType *want) {
  char have[256], need[256];
  return type_fail(a, "%s %u has type %s, the body wants %s", what, i, cx_type_text(a->types[i], have, sizeof have), cx_type_text(want, need, sizeof need));
}

static bool scan_type(const CxApp *a, const CxType **out) {
  const CxScanAttrs *s = a->attrs;
  const CxGraph *g = s->jaxpr;
  if (!g || s->num_consts < 0 || s->num_carry < 0 || s->length < 0 || s->num_consts + s->num_carry > a->nin || a->nin != g->in.n || s->num_carry > g->out.n)
    return type_fail(a, "the numbers of operands do not fit the body");
  for (uint32_t i = 0; i < a->nin; i++) {
    bool whole = i < n_consts(s) + n_carry(s);
    const CxType *want = graph_type(g, g->in.v[i]);
    if (!whole) TRY(want = stacked(want, s->length));
    if (!type_fits(a->types[i], want)) return operand_fail(a, i, whole ? "operand" : "scanned operand", want);
  }
  for (uint32_t i = 0; i < g->out.n; i++) {
    const CxType *t = graph_type(g, g->out.v[i]);
    bool carry = i < n_carry(s);
    if (carry && !type_fits(t, graph_type(g, g->in.v[n_consts(s) + i]))) return type_fail(a, "carry %u changes its type from input to output of the body", i);
    TRY(out[i] = carry ? t : stacked(t, s->length));
  }
  return true;
}

/* ---- execution ---- */

static CxVal slice_of(CxVal xs, const CxType *type, int64_t i) { return node_array_sharing(type, xs, (size_t)i * type_bytes(type)); }

static bool scan_step(const CxApp *a, const CxScanAttrs *s, int64_t at, CxVal *carry, CxVal *ys, CxVal *io) {
  CxGraph *g = s->jaxpr;
  uint32_t nc = n_consts(s), nk = n_carry(s);
  CxVal *in = io, *out = io + g->in.n;
  for (uint32_t i = 0; i < nc; i++) in[i] = cx_retain(a->in[i]);
  for (uint32_t i = 0; i < nk; i++) in[nc + i] = carry[i], carry[i] = NULL;
  for (uint32_t i = nc + nk; i < g->in.n; i++) in[i] = slice_of(a->in[i], graph_type(g, g->in.v[i]), at);
  TRY(graph_run(g, in, g->in.n, out));
  for (uint32_t i = 0; i < nk; i++) TRY(carry[i] = node_as(out[i], graph_type(g, g->in.v[nc + i])));
  for (uint32_t i = nk; i < g->out.n; i++) {
    size_t bytes = type_bytes(out[i]->type);
    memcpy(ys[i - nk]->array.data + (size_t)at * bytes, out[i]->array.data, bytes);
    cx_release(out[i]);
  }
  return true;
}

static bool scan_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxScanAttrs *s = a->attrs;
  uint32_t nc = n_consts(s), nk = n_carry(s), ny = a->nout - nk;
  CxVal *io = cx_calloc(a->nin + a->nout + 1, sizeof *io);
  bool ok = io != NULL;
  for (uint32_t i = 0; i < a->nout; i++) out[i] = NULL;
  for (uint32_t i = 0; ok && i < nk; i++) out[i] = cx_retain(a->in[nc + i]);
  for (uint32_t i = 0; ok && i < ny; i++) ok = (out[nk + i] = node_array(types[nk + i])) != NULL;
  for (int64_t k = 0; ok && k < s->length; k++) {
    ok = scan_step(a, s, s->reverse ? s->length - 1 - k : k, out, out + nk, io);
    if (ok && (k & 255) == 255) ok = execute_poll();
  }
  for (uint32_t i = 0; ok && i < nk; i++) ok = (out[i] = node_as(out[i], types[i])) != NULL;
  if (!ok)
    for (uint32_t i = 0; i < a->nout; i++) cx_release(out[i]), out[i] = NULL;
  cx_free(io);
  return ok;
}

/* ---- helpers of the rules ---- */

typedef struct Mem { /* scratch of a rule; one free */
  CxArena arena;
} Mem;
#define NEW(mem, type, n) ((type *)arena_alloc(&(mem)->arena, ((size_t)(n) + 1) * sizeof(type)))

static const CxType *strong(const CxType *t) { return cx_type_with_dtype(t, t->dtype, false); }
static const CxType *body_in(const CxScanAttrs *s, uint32_t i) { return graph_type(s->jaxpr, s->jaxpr->in.v[i]); }

/* makes room for operands grouped as consts, carry, xs: where each new input of the body goes */
typedef struct Groups {
  uint32_t n[3];
  int32_t *order[3]; /* new input numbers by group, in the derived graph's numbering */
} Groups;

static bool groups_init(Mem *m, Groups *g, uint32_t cap) {
  *g = (Groups){0};
  for (int k = 0; k < 3; k++) TRY(g->order[k] = NEW(m, int32_t, cap));
  return true;
}
static void groups_add(Groups *g, int group, uint32_t input) { g->order[group][g->n[group]++] = (int32_t)input; }
static int group_of(const CxScanAttrs *s, uint32_t i) { return i < n_consts(s) ? 0 : i < n_consts(s) + n_carry(s) ? 1 : 2; }

/* the derived body with inputs in groups order, and results as listed */
static CxGraph *regroup(Mem *m, CxGraph *g, const Groups *q, uint32_t n_out, const int32_t *out_from) {
  const CxType **types = NEW(m, const CxType *, g->in.n);
  int32_t *in_of = NEW(m, int32_t, g->in.n);
  int32_t at = 0;
  if (!types || !in_of) return NULL;
  for (int k = 0; k < 3; k++)
    for (uint32_t i = 0; i < q->n[k]; i++) {
      in_of[q->order[k][i]] = at;
      types[at++] = graph_type(g, g->in.v[q->order[k][i]]);
    }
  return derive_rewired(g, (uint32_t)at, types, in_of, n_out, out_from);
}

static bool scan_bind(const CxApp *a, CxGraph *body, const Groups *q, bool reverse, const CxVal *in, CxVal *out) {
  CxScanAttrs attrs = *(const CxScanAttrs *)a->attrs;
  attrs.jaxpr = body;
  attrs.num_consts = q->n[0];
  attrs.num_carry = q->n[1];
  attrs.reverse = reverse;
  attrs.linear = CX_NO_INTS;
  return cx_bind(CX_OP_SCAN, in, q->n[0] + q->n[1] + q->n[2], &attrs, out, body->out.n);
}

/* ---- jvp ---- */

static void scan_jvp_in(Mem *m, const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxScanAttrs *s = a->attrs;
  uint32_t nc = n_consts(s), nk = n_carry(s);
  bool *nonzero = NEW(m, bool, a->nin), *inst = NEW(m, bool, a->nout);
  if (!nonzero || !inst) return;
  for (uint32_t i = 0; i < a->nin; i++) nonzero[i] = t[i] != NULL;
  const CxDerivedGraph *d = NULL;
  for (bool changed = true; changed;) {
    for (uint32_t i = 0; i < nk; i++) inst[i] = nonzero[nc + i];
    if (!(d = derive_jvp(s->jaxpr, nonzero, inst))) return;
    changed = false;
    for (uint32_t i = 0; i < nk; i++)
      if (d->mask[i] && !nonzero[nc + i]) nonzero[nc + i] = changed = true;
  }
  Groups q;
  CxVal *in = NEW(m, CxVal, 2 * a->nin), *both = NEW(m, CxVal, 2 * a->nout);
  int32_t *from = NEW(m, int32_t, 2 * a->nout);
  if (!groups_init(m, &q, 2 * a->nin) || !in || !both || !from) return;
  uint32_t at = 0, n = 0;
  for (int k = 0; k < 3; k++) { /* primals of the group, then its tangents */
    for (uint32_t i = 0; i < a->nin; i++)
      if (group_of(s, i) == k) groups_add(&q, k, i), in[at++] = a->in[i];
    for (uint32_t i = 0, j = a->nin; i < a->nin; i++) {
      if (!nonzero[i]) continue;
      if (group_of(s, i) == k) groups_add(&q, k, j), in[at++] = cx_instantiate(t[i], a->types[i]);
      j++;
    }
  }
  int32_t *t_at = NEW(m, int32_t, a->nout);
  if (!t_at) return;
  for (uint32_t i = 0, j = a->nout; i < a->nout; i++) t_at[i] = d->mask[i] ? (int32_t)j++ : -1;
  uint32_t *place = NEW(m, uint32_t, 2 * a->nout);
  if (!place) return;
  for (int part = 0; part < 2; part++) { /* carry and its tangents, ys and theirs */
    uint32_t lo = part ? nk : 0, hi = part ? a->nout : nk;
    for (uint32_t i = lo; i < hi; i++) place[i] = n, from[n++] = (int32_t)i;
    for (uint32_t i = lo; i < hi; i++)
      if (t_at[i] >= 0) place[a->nout + i] = n, from[n++] = t_at[i];
  }
  CxGraph *body = regroup(m, d->graph, &q, n, from);
  if (!body || !scan_bind(a, body, &q, s->reverse, in, both)) return;
  for (uint32_t i = 0; i < a->nout; i++) {
    out[i] = both[place[i]];
    tout[i] = t_at[i] >= 0 ? both[place[a->nout + i]] : NULL;
  }
}

static void scan_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  Mem m = {0};
  scan_jvp_in(&m, a, t, out, tout);
  arena_free(&m.arena);
}

/* ---- batch: carries and consts batched along axis 0, xs and ys along axis 1 ---- */

static void scan_batch_in(Mem *m, const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxScanAttrs *s = a->attrs;
  uint32_t nc = n_consts(s), nk = n_carry(s);
  bool *batched = NEW(m, bool, a->nin), *force = NEW(m, bool, a->nout);
  CxVal *in = NEW(m, CxVal, a->nin);
  if (!batched || !force || !in) return;
  for (uint32_t i = 0; i < a->nin; i++) batched[i] = axis[i] >= 0;
  const CxDerivedGraph *d = NULL;
  const char *axis_name = cx_thread.batching ? cx_thread.batching->axis_name : NULL;
  for (bool changed = true; changed;) {
    for (uint32_t i = 0; i < nk; i++) force[i] = batched[nc + i];
    if (!(d = derive_batch(s->jaxpr, batched, force, size, axis_name))) return;
    changed = false;
    for (uint32_t i = 0; i < nk; i++)
      if (d->mask[i] && !batched[nc + i]) batched[nc + i] = changed = true;
  }
  for (uint32_t i = 0; i < a->nin; i++) in[i] = batched[i] ? batch_move(a->in[i], axis[i], group_of(s, i) == 2 ? 1 : 0, size) : a->in[i];
  Groups q = {.n = {nc, nk, a->nin - nc - nk}};
  if (!scan_bind(a, d->graph, &q, s->reverse, in, out)) return;
  for (uint32_t i = 0; i < a->nout; i++) out_axis[i] = d->mask[i] ? (i < nk ? 0 : 1) : -1;
}

static void scan_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  Mem m = {0};
  scan_batch_in(&m, a, axis, size, out, out_axis);
  arena_free(&m.arena);
}

/* ---- partial evaluation: a scan of what is known that also stacks residuals, and a scan of the rest ---- */

static const CxPartialGraph *scan_split(Mem *m, const CxApp *a, const CxScanAttrs *s, const CxTrace *t, bool *unknown) {
  uint32_t nc = n_consts(s), nk = n_carry(s);
  bool *force = NEW(m, bool, a->nout);
  const CxPartialGraph *p = NULL;
  if (!force) return NULL;
  for (uint32_t i = 0; i < a->nin; i++) unknown[i] = a->in[i]->trace == t;
  for (bool changed = true; changed;) {
    for (uint32_t i = 0; i < nk; i++) force[i] = unknown[nc + i];
    if (!(p = derive_partial(s->jaxpr, unknown, force))) return NULL;
    changed = false;
    for (uint32_t i = 0; i < nk; i++)
      if (!p->known_out[i] && !unknown[nc + i]) unknown[nc + i] = changed = true;
  }
  return p;
}

static void scan_partial_in(Mem *m, CxTrace *t, const CxApp *a, CxVal *out) {
  const CxScanAttrs *s = a->attrs;
  uint32_t nc = n_consts(s), nk = n_carry(s);
  bool *unknown = NEW(m, bool, a->nin);
  const CxPartialGraph *p = unknown ? scan_split(m, a, s, t, unknown) : NULL;
  if (!p) return;
  /* known scan */
  uint32_t cap = a->nin + p->n_res + a->nout + 4, at = 0, n_from = 0, extra = 0;
  Groups q;
  CxVal *in = NEW(m, CxVal, cap), *known = NEW(m, CxVal, cap);
  int32_t *from = NEW(m, int32_t, cap), *known_input = NEW(m, int32_t, a->nin), *res_y = NEW(m, int32_t, cap);
  if (!groups_init(m, &q, cap) || !in || !known || !from || !known_input || !res_y) return;
  for (uint32_t i = 0, k = 0; i < a->nin; i++) {
    if (unknown[i]) continue;
    known_input[k] = (int32_t)i;
    groups_add(&q, group_of(s, i), k++);
    in[at++] = a->in[i];
  }
  uint32_t n_known = 0, known_carry = 0;
  for (uint32_t i = 0; i < a->nout; i++)
    if (p->known_out[i]) from[n_from++] = (int32_t)n_known++, known_carry += i < nk;
  for (uint32_t r = 0; r < p->n_res; r++) {
    res_y[r] = -1; /* passed around: a const or an xs */
    if (p->res_input[r] < 0) res_y[r] = (int32_t)n_from, from[n_from++] = (int32_t)(n_known + extra++);
    else if (group_of(s, (uint32_t)known_input[p->res_input[r]]) == 1) res_y[r] = (int32_t)n_from, from[n_from++] = -1 - p->res_input[r];
  }
  /* results that are inputs are named by new input number, which regroup keeps for known graphs: groups are in input order */
  if (n_from) {
    CxGraph *body = regroup(m, p->known, &q, n_from, from);
    CxTrace *was = trace_enter(t->parent);
    bool ok = body && scan_bind(a, body, &q, s->reverse, in, known);
    trace_leave(was);
    if (!ok) return;
  }
  for (uint32_t i = 0, k = 0; i < a->nout; i++)
    if (p->known_out[i]) out[i] = known[k++];
  if (!p->unknown->out.n) return;
  /* unknown scan: residuals first in the unknown graph's inputs */
  Groups u;
  CxVal *uin = NEW(m, CxVal, cap), *uout = NEW(m, CxVal, cap);
  if (!groups_init(m, &u, cap) || !uin || !uout) return;
  at = 0;
  for (int k = 0; k < 3; k++) {
    for (uint32_t r = 0; r < p->n_res; r++) {
      int32_t src = p->res_input[r] >= 0 ? known_input[p->res_input[r]] : -1;
      int group = src >= 0 && group_of(s, (uint32_t)src) == 0 ? 0 : 2;
      if (group != k) continue;
      groups_add(&u, k, r);
      uin[at++] = res_y[r] >= 0 ? known[res_y[r]] : a->in[src];
    }
    for (uint32_t i = 0, j = p->n_res; i < a->nin; i++) {
      if (!unknown[i]) continue;
      if (group_of(s, i) == k) groups_add(&u, k, j), uin[at++] = a->in[i];
      j++;
    }
  }
  for (uint32_t i = 0; i < p->unknown->out.n; i++) from[i] = (int32_t)i;
  CxGraph *body = regroup(m, p->unknown, &u, p->unknown->out.n, from);
  if (!body) return;
  CxScanAttrs attrs = *s;
  attrs.jaxpr = body;
  attrs.num_consts = u.n[0];
  attrs.num_carry = u.n[1];
  attrs.linear = CX_NO_INTS;
  const CxType **types = NEW(m, const CxType *, at);
  for (uint32_t i = 0; types && i < at; i++)
    if (!(types[i] = cx_type_of(uin[i]))) return;
  CxApp b = {.op = CX_OP_SCAN, .def = a->def, .attrs = &attrs, .nin = at, .nout = body->out.n, .in = uin, .types = types};
  if (types) stage_append(t, &b, uout);
  (void)nc;
  for (uint32_t i = 0, k = 0; i < a->nout; i++)
    if (!p->known_out[i]) out[i] = uout[k++];
}

static void scan_partial(CxTrace *t, const CxApp *a, CxVal *out) {
  Mem m = {0};
  scan_partial_in(&m, t, a, out);
  arena_free(&m.arena);
}

/* ---- transpose: the body's transpose, run the other way, with the cotangents of consts summed in the carry ---- */

static CxGraph *transposed_body(Mem *m, const CxScanAttrs *s, const CxDerivedGraph *d, const bool *linear, const bool *has_ct, uint32_t n_lin_consts) {
  const CxGraph *g = s->jaxpr;
  uint32_t nc = n_consts(s), nk = n_carry(s);
  CxFrame f;
  CxVals args = {0}, results = {0}, outs = {0}, accum = {0}, res_consts = {0}, carry = {0}, cts = {0}, res_xs = {0};
  (void)m;
  bool ok = frame_open(&f, g->name);
#define INPUT(list, type)                                     \
  do {                                                        \
    CxVal v_ = ok ? frame_input(&f, type) : NULL;             \
    ok = ok && v_ && cx_vals_push(&(list), v_);               \
  } while (0)
  for (uint32_t i = 0; i < nc; i++)
    if (!linear[i]) INPUT(res_consts, body_in(s, i));
  for (uint32_t i = 0; i < nc; i++)
    if (linear[i]) INPUT(accum, strong(body_in(s, i)));
  for (uint32_t i = 0; i < nk; i++) INPUT(carry, strong(graph_type(g, g->out.v[i])));
  for (uint32_t i = nk; i < g->out.n; i++)
    if (has_ct[i]) INPUT(cts, strong(graph_type(g, g->out.v[i])));
  for (uint32_t i = nc + nk; i < g->in.n; i++)
    if (!linear[i]) INPUT(res_xs, body_in(s, i));
#undef INPUT
  const CxVals *order[] = {&res_consts, &res_xs, &carry, &cts};
  for (int k = 0; k < 4; k++)
    for (uint32_t i = 0; ok && i < order[k]->n; i++) ok = cx_vals_push(&args, order[k]->v[i]);
  ok = ok && graph_apply(d->graph, args.v, args.n, &results);
  for (uint32_t i = 0; ok && i < results.n; i++) ok = cx_vals_push(&outs, i < n_lin_consts ? cx_add_any(accum.v[i], results.v[i]) : results.v[i]);
  CxGraph *made = frame_close(&f, ok, &outs);
  cx_vals_free(&args), cx_vals_free(&results), cx_vals_free(&outs), cx_vals_free(&accum);
  cx_vals_free(&res_consts), cx_vals_free(&carry), cx_vals_free(&cts), cx_vals_free(&res_xs);
  return made;
}

static void scan_transpose_in(Mem *m, const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxScanAttrs *s = a->attrs;
  uint32_t nc = n_consts(s), nk = n_carry(s), n_lin = 0, at = 0;
  bool *linear = NEW(m, bool, a->nin), *has_ct = NEW(m, bool, a->nout);
  CxVal *in = NEW(m, CxVal, a->nin + a->nout), *out = NEW(m, CxVal, a->nin);
  if (!linear || !has_ct || !in || !out) return;
  for (uint32_t i = 0; i < a->nin; i++) linear[i] = !a->in[i], n_lin += i < nc && linear[i];
  for (uint32_t i = 0; i < nk; i++) linear[nc + i] = true; /* a known initial carry (zeros) takes no cotangent, but the body is linear in it */
  for (uint32_t i = 0; i < a->nout; i++) has_ct[i] = i < nk || ct[i] != NULL;
  const CxDerivedGraph *d = derive_transpose(s->jaxpr, linear, has_ct, true);
  CxGraph *body = d ? transposed_body(m, s, d, linear, has_ct, n_lin) : NULL;
  if (!body) return;
  Groups q = {0};
  for (uint32_t i = 0; i < nc; i++)
    if (!linear[i]) in[at++] = a->in[i], q.n[0]++;
  for (uint32_t i = 0; i < nc; i++)
    if (linear[i]) in[at++] = cx_instantiate(NULL, a->types[i]), q.n[1]++;
  for (uint32_t i = 0; i < nk; i++) in[at++] = cx_instantiate(ct[i], a->types[nc + i]), q.n[1]++;
  for (uint32_t i = nk; i < a->nout; i++)
    if (has_ct[i]) in[at++] = ct[i], q.n[2]++;
  for (uint32_t i = nc + nk; i < a->nin; i++)
    if (!linear[i]) in[at++] = a->in[i], q.n[2]++;
  if (scan_bind(a, body, &q, !s->reverse, in, out))
    for (uint32_t i = 0, k = 0; i < a->nin; i++)
      if (linear[i]) {
        if (!a->in[i]) ct_in[i] = out[k];
        k++;
      }
  ref_release(body);
}

static void scan_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  Mem m = {0};
  scan_transpose_in(&m, a, ct, ct_in);
  arena_free(&m.arena);
}

const CxOp cx_op_SCAN = {.name = "scan", .doc = "carry, y_i = body(consts, carry, x_i) for i = 0 … length - 1 (reverse: downwards); the last carry and all y",
                         .nin = -1, .nout = -1, .flags = CX_OP_REFS, .fields = scan_fields, .attrs_bytes = sizeof(CxScanAttrs), .nout_rule = scan_nout,
                         .type = scan_type, .exec = scan_exec, .jvp = scan_jvp, .transpose = scan_transpose, .batch = scan_batch,
                         .partial = scan_partial, .fold = rule_nofold};

bool cx_scan(CxGraph *body, uint32_t consts, uint32_t carry, int64_t length, bool reverse, int64_t unroll, const CxVal *args, uint32_t n_args, CxVals *out) {
  CxScanAttrs attrs = {.jaxpr = body, .length = length, .linear = CX_NO_INTS, .num_carry = carry, .num_consts = consts, .reverse = reverse, .unroll = unroll};
  CxVal *results = cx_calloc(body->out.n + 1, sizeof *results);
  bool ok = results && cx_bind(CX_OP_SCAN, args, n_args, &attrs, results, body->out.n);
  for (uint32_t i = 0; ok && i < body->out.n; i++) ok = cx_vals_push(out, results[i]);
  cx_free(results);
  return ok;
}
