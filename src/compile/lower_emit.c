/* See lower_emit.h: writes clusters as loops. Consecutive clusters share a program (one native function); variables that only they use live in its
 * scratch memory. Sums over more than a block go through partial results, combined in the order that kernels/reduce.h fixes. */
#include "compile/lower_emit.h"

#include "op/attrs.h"
#include <string.h>

enum { BLOCK = 256, SCRATCH_ALIGN = 64, SCRATCH_PAD = 64, FEW_PAIRS = 4, SHARED_SIZE = 1 << 16, SEGMENT_BLOCK = 512, SEGMENT_COST = 64, SEGMENT_LEAST = 64 };

/* ---- memory ---- */

uint32_t emit_scratch(Emit *e, CxDtype dtype, int64_t count) {
  int64_t bytes = count * cx_dtype_bytes(dtype) + SCRATCH_PAD;
  LoopBuffer b = {.where = LOOP_SCRATCH, .dtype = dtype, .count = count, .offset = e->p->scratch};
  e->p->scratch += (bytes + SCRATCH_ALIGN - 1) / SCRATCH_ALIGN * SCRATCH_ALIGN;
  return loop_buffer(e->p, b);
}

bool emit_in_scratch(const Emit *e, CxVar v) {
  const Var *d = &e->l->var[v];
  return d->kind == VAR_MEMBER && !d->escapes && e->group[d->cluster] == e->group[d->last > d->cluster ? d->last : d->cluster];
}

const Place *emit_place(Emit *e, CxVar v) {
  if (e->place_stamp[v] == e->program) return &e->place[v];
  const CxType *t = graph_type(e->l->g, v);
  e->place_stamp[v] = e->program;
  e->place[v] = (Place){.buffer = emit_in_scratch(e, v) ? emit_scratch(e, t->dtype, t->size)
                                                        : loop_buffer(e->p, (LoopBuffer){.where = LOOP_VARIABLE, .var = v, .dtype = t->dtype, .count = t->size})};
  return &e->place[v];
}

/* ---- accesses ---- */

/* step[] is by axis of the domain, or of the rows only. */
static LoopAccess access_at(const Emit *e, const Place *place, int64_t offset, const int64_t *step, bool row) {
  LoopAccess a = {.buffer = place->buffer, .offset = place->offset + offset};
  int64_t *stride = a.stride + e->base;
  int k = 0;
  for (; k < e->base; k++) a.stride[k] = place->stride[k];
  for (k = 0; k < e->outer; k++) stride[k] = step[e->last[k]];
  if (row || k == e->groups) return a;
  int64_t s = step[e->last[k]];
  a.offset += e->inner_base * s;
  if (e->block) stride[k++] = e->block * s;
  stride[k] = s;
  return a;
}

static LoopAccess access_dense(Emit *e, CxVar v, bool row) {
  int64_t step[SHAPE_RANK], dense = 1;
  int rank = row ? e->c->split : e->c->rank;
  for (int i = rank - 1; i >= 0; i--) step[i] = dense, dense *= e->c->dims[i];
  return access_at(e, emit_place(e, v), 0, step, row);
}

/* Kept values fill a row; in a cluster that is cut, a block. */
static LoopAccess access_kept(const Emit *e, uint32_t buffer) {
  LoopAccess a = {.buffer = buffer, .offset = e->segment ? 0 : e->inner_base};
  int k = e->base + e->outer;
  if (e->block) a.stride[k++] = e->segment ? 0 : e->block;
  if (k < e->base + e->groups + (e->block > 0)) a.stride[k] = 1;
  return a;
}

/* ---- loops of a cluster ---- */

static bool steps_merge(const int64_t *step, const int64_t *dims, int i) { return step[i] == step[i + 1] * dims[i + 1]; }

/* Neighbouring axes become one loop if every access allows it. */
static void cluster_loops(Emit *e) {
  const Cluster *c = e->c;
  bool merge[SHAPE_RANK];
  for (int i = 0; i < SHAPE_RANK; i++) merge[i] = i + 1 < c->rank && i + 1 != c->split;
  for (uint32_t m = 0; m < c->members.n; m++)
    for (uint32_t k = 0; k < c->members.v[m].nin; k++) {
      const MemberOperand *o = &c->members.v[m].in[k];
      int rank = c->members.v[m].row ? c->split : c->rank;
      if (!o->external) continue;
      for (int i = 0; i + 1 < rank; i++) merge[i] &= steps_merge(o->step, c->dims, i);
    }
  e->groups = 0;
  e->outer = 0;
  for (int i = 0; i < c->rank; i++) {
    bool with = i > 0 && merge[i - 1];
    if (with) e->extent[e->groups - 1] *= c->dims[i];
    else e->extent[e->groups++] = c->dims[i];
    e->last[e->groups - 1] = i;
    if (i < c->split) e->outer = e->groups;
  }
  if (c->split < 0 && e->groups > 0) e->outer = e->groups - 1;
}

/* ---- which values each phase computes ---- */

static void need_operands(Emit *e, const Member *m, int phase) {
  for (uint32_t k = 0; k < m->nin; k++) {
    const MemberOperand *o = &m->in[k];
    if (o->external || o->row) continue;
    Var *d = &e->l->var[o->root];
    if (d->phase < phase && d->cost >= DEAR) d->kept |= !d->stored;
    else e->need[d->member] |= (uint8_t)(1u << phase);
  }
}

static void cluster_needs(Emit *e) {
  const Cluster *c = e->c;
  for (int phase = c->phases - 1; phase >= 0; phase--)
    for (uint32_t i = c->members.n; i-- > 0;) {
      const Member *m = &c->members.v[i];
      Var *d = &e->l->var[e->l->g->eqns.v[m->eqn].out[0]];
      if (m->row) continue;
      if (m->phase == phase && (m->fold || d->stored || d->kept)) e->need[i] |= (uint8_t)(1u << phase);
      if (e->need[i] >> phase & 1) need_operands(e, m, phase);
    }
}

/* ---- values ---- */

static CxVar member_var(const Emit *e, const Member *m) { return e->l->g->eqns.v[m->eqn].out[0]; }

/* Outside of all loops a value is visible to the end of the program. */
static bool value_global(const Emit *e, bool row) { return e->c->rank == 0 || (row && e->outer == 0); }


static void value_set(Emit *e, CxVar v, LoopValue x, bool row) {
  e->value[v] = x;
  e->stamp[v] = row ? 0 : e->sweep_stamp;
  if (value_global(e, row)) e->global[v] = e->program;
}

static LoopValue operand_external(Emit *e, const MemberOperand *o, bool row) {
  const Var *d = &e->l->var[o->root];
  const CxType *t = graph_type(e->l->g, o->root);
  if (d->literal) return loop_const(e->p, t->dtype, d->literal);
  if (e->global[o->root] == e->program) return e->value[o->root];
  if (o->iota) {
    LoopAccess number = access_at(e, &(Place){0}, o->offset, o->step, row);
    return loop_index(e->p, t->dtype, &number);
  }
  Loaded *seen = &e->loaded[o->root];
  if (!row && seen->stamp == e->sweep_stamp && seen->offset == o->offset && memcmp(seen->step, o->step, (size_t)e->c->rank * sizeof *o->step) == 0)
    return seen->value;
  LoopAccess a = access_at(e, emit_place(e, o->root), o->offset, o->step, row);
  LoopValue x = loop_load(e->p, t->dtype, &a);
  if (!row) *seen = (Loaded){e->sweep_stamp, o->offset, o->step, x};
  return x;
}

static LoopValue operand_value(Emit *e, const MemberOperand *o, bool row) {
  if (o->external) return operand_external(e, o, row);
  if (o->row) return e->value[o->root];
  if (e->stamp[o->root] == e->sweep_stamp) return e->value[o->root];
  const Var *d = &e->l->var[o->root]; /* of an earlier phase, kept in memory */
  LoopAccess a = d->stored ? access_dense(e, o->root, false) : access_kept(e, e->kept[o->root]);
  LoopValue x = loop_load(e->p, graph_type(e->l->g, o->root)->dtype, &a);
  value_set(e, o->root, x, false);
  return x;
}

/* The offset of a dynamic slice is made once per cluster, before its loops. */
static LoopValue start_offset(Emit *e, const DynamicStart *s) {
  LoopValue sum = 0;
  for (uint32_t k = 0; k < s->n; k++)
    if (s->most[k] > 0) sum = loop_offset(e->p, sum, emit_element(e, s->start[k]), s->most[k], s->scale[k]);
  return sum;
}

static LoopValue member_slice(Emit *e, const Member *m) {
  const MemberOperand *o = &m->in[0];
  LoopAccess a = access_at(e, emit_place(e, o->root), o->offset, o->step, m->row);
  a.dynamic = e->start[m - e->c->members.v];
  return loop_load(e->p, graph_type(e->l->g, o->root)->dtype, &a);
}

/* The sum over k of x[.., k] y[k, ..], in turn. */
static LoopValue member_dot(Emit *e, const Member *m) {
  CxDtype d = graph_type(e->l->g, member_var(e, m))->dtype;
  LoopValue sum = 0;
  for (uint32_t k = 0; k < m->nin; k += 2) {
    LoopValue in[2] = {operand_value(e, &m->in[k], m->row), operand_value(e, &m->in[k + 1], m->row)};
    LoopValue both[2] = {sum, loop_apply(e->p, CX_OP_MUL, NULL, d, 2, in)};
    sum = sum ? loop_apply(e->p, CX_OP_ADD, NULL, d, 2, both) : both[1];
  }
  return sum;
}

static LoopValue member_apply(Emit *e, const Member *m) {
  const CxEqn *q = &e->l->g->eqns.v[m->eqn];
  if (m->start) return member_slice(e, m);
  if (q->op == CX_OP_DOT_GENERAL) return member_dot(e, m);
  LoopValue in[LOOP_OPERANDS];
  for (uint32_t k = 0; k < m->nin; k++) in[k] = operand_value(e, &m->in[k], m->row);
  return loop_apply(e->p, q->op, q->attrs, graph_type(e->l->g, q->out[0])->dtype, m->nin, in);
}

static void value_store(Emit *e, CxVar v, LoopValue x, bool row) {
  const Var *d = &e->l->var[v];
  CxDtype dtype = graph_type(e->l->g, v)->dtype;
  if (value_global(e, row) && emit_in_scratch(e, v)) return;
  if (d->stored) {
    LoopAccess a = access_dense(e, v, row);
    loop_store(e->p, dtype, &a, x);
  } else if (d->kept && !row) {
    if (!e->kept[v]) e->kept[v] = emit_scratch(e, dtype, e->segment ? SEGMENT_BLOCK : e->extent[e->outer]);
    LoopAccess a = access_kept(e, e->kept[v]);
    loop_store(e->p, dtype, &a, x);
  }
}

/* ---- folds ---- */

static bool dtype_narrow(CxDtype d) { return cx_dtype_kind(d) == 'f' && cx_dtype_bytes(d) < 4; }
static CxDtype fold_dtype(CxDtype d) { return dtype_narrow(d) ? CX_F32 : d; }
static const CxConvertAttrs to_f32 = {CX_F32, false};

static bool fold_ordered(CxOpcode op, CxDtype d) { return (op == CX_OP_REDUCE_SUM || op == CX_OP_REDUCE_PROD) && cx_dtype_kind(d) == 'f'; }

static CxDtype member_dtype(const Emit *e, const Member *m) { return graph_type(e->l->g, member_var(e, m))->dtype; }
static CxOpcode member_op(const Emit *e, const Member *m) { return e->l->g->eqns.v[m->eqn].op; }

static void fold_take(Emit *e, uint32_t i, LoopValue x) {
  const Member *m = &e->c->members.v[i];
  if (dtype_narrow(member_dtype(e, m))) x = loop_apply(e->p, CX_OP_CONVERT_ELEMENT_TYPE, &to_f32, CX_F32, 1, &x);
  loop_fold(e->p, e->accumulator[i], x);
}

static void fold_result(Emit *e, const Member *m, LoopValue x) {
  CxDtype d = member_dtype(e, m);
  if (dtype_narrow(d)) {
    CxConvertAttrs *back = arena_alloc(&e->p->arena, sizeof *back);
    if (!back) return;
    back->new_dtype = d;
    x = loop_apply(e->p, CX_OP_CONVERT_ELEMENT_TYPE, back, d, 1, &x);
  }
  value_set(e, member_var(e, m), x, true);
  value_store(e, member_var(e, m), x, true);
}

static LoopValue load_at(Emit *e, uint32_t buffer, int64_t index) {
  LoopAccess a = {.buffer = buffer, .offset = index};
  return loop_load(e->p, e->p->failed ? CX_F32 : e->p->buffers.v[buffer].dtype, &a);
}

/* One level of the tree: neighbours of `from` combine into `to`. */
static void tree_level(Emit *e, CxOpcode op, CxDtype d, uint32_t from, uint32_t to, int64_t pairs) {
  for (int64_t i = 0; pairs <= FEW_PAIRS && i < pairs; i++) {
    LoopAccess at = {.buffer = to, .offset = i};
    loop_store(e->p, d, &at, loop_merge(e->p, op, load_at(e, from, 2 * i), load_at(e, from, 2 * i + 1)));
  }
  if (pairs <= FEW_PAIRS) return;
  LoopAccess x = {.buffer = from}, y = {.buffer = from, .offset = 1}, z = {.buffer = to};
  x.stride[e->base + e->outer] = y.stride[e->base + e->outer] = 2;
  z.stride[e->base + e->outer] = 1;
  loop_for(e->p, pairs);
  LoopValue left = loop_load(e->p, d, &x), right = loop_load(e->p, d, &y);
  loop_store(e->p, d, &z, loop_merge(e->p, op, left, right));
  loop_end(e->p);
}

/* The binary counter of kernels/reduce.c over n partial results: equal neighbours first, what is left from the last to the first. */
static LoopValue tree(Emit *e, CxOpcode op, CxDtype d, const uint32_t *partial, int64_t n) {
  uint32_t odd_buffer[64];
  int64_t odd_index[64];
  int odd = 0, side = 0;
  for (; n > 1; n /= 2, side = !side) {
    if (n & 1) odd_buffer[odd] = partial[side], odd_index[odd++] = n - 1;
    tree_level(e, op, d, partial[side], partial[!side], n / 2);
  }
  LoopValue rest = 0;
  for (int k = 0; k < odd; k++) {
    LoopValue x = load_at(e, odd_buffer[k], odd_index[k]);
    rest = rest ? loop_merge(e->p, op, x, rest) : x;
  }
  LoopValue top = load_at(e, partial[side], 0);
  return rest ? loop_merge(e->p, op, top, rest) : top;
}

/* ---- sweeps over a row ---- */

static bool folds_here(const Emit *e, uint32_t i, int phase) { return e->c->members.v[i].fold && e->c->members.v[i].phase == phase; }

static void sweep_members(Emit *e, int phase) {
  for (uint32_t i = 0; i < e->c->members.n; i++) {
    const Member *m = &e->c->members.v[i];
    if (!(e->need[i] >> phase & 1)) continue;
    if (m->fold) {
      fold_take(e, i, operand_value(e, &m->in[0], false));
      continue;
    }
    LoopValue x = member_apply(e, m);
    value_set(e, member_var(e, m), x, false);
    if (m->phase == phase) value_store(e, member_var(e, m), x, false);
  }
}

/* `extent` elements from inner_base; blocks > 0: that many in each of `blocks` blocks. Results of folds become the row's, or partial ones. */
static void sweep(Emit *e, int phase, int64_t blocks, int64_t extent, int64_t partial_index) {
  e->sweep_stamp++;
  e->block = blocks > 0 ? BLOCK : 0;
  if (e->block) loop_for(e->p, blocks);
  for (uint32_t i = 0; i < e->c->members.n; i++)
    if (folds_here(e, i, phase)) e->accumulator[i] = loop_fold_new(e->p, member_op(e, &e->c->members.v[i]), fold_dtype(member_dtype(e, &e->c->members.v[i])));
  loop_for(e->p, extent);
  sweep_members(e, phase);
  loop_end(e->p);
  for (uint32_t i = 0; i < e->c->members.n; i++) {
    if (!folds_here(e, i, phase)) continue;
    LoopValue x = loop_fold_end(e->p, e->accumulator[i]);
    if (partial_index < 0) {
      fold_result(e, &e->c->members.v[i], x);
      continue;
    }
    LoopAccess a = {.buffer = e->partial[i][0], .offset = partial_index};
    if (e->block) a.stride[e->base + e->outer] = 1;
    loop_store(e->p, fold_dtype(member_dtype(e, &e->c->members.v[i])), &a, x);
  }
  if (e->block) loop_end(e->p);
  e->block = 0;
}

static bool phase_ordered(const Emit *e, int phase) {
  for (uint32_t i = 0; i < e->c->members.n; i++)
    if (folds_here(e, i, phase) && fold_ordered(member_op(e, &e->c->members.v[i]), member_dtype(e, &e->c->members.v[i]))) return true;
  return false;
}

static bool phase_sweeps(const Emit *e, int phase) {
  for (uint32_t i = 0; i < e->c->members.n; i++)
    if (e->need[i] >> phase & 1) return true;
  return false;
}

static void phase_in_blocks(Emit *e, int phase, int64_t n) {
  int64_t blocks = n / BLOCK, rest = n % BLOCK, partials = blocks + (rest > 0);
  for (uint32_t i = 0; i < e->c->members.n; i++)
    for (int k = 0; folds_here(e, i, phase) && k < 2; k++)
      e->partial[i][k] = emit_scratch(e, fold_dtype(member_dtype(e, &e->c->members.v[i])), partials);
  e->inner_base = 0;
  sweep(e, phase, blocks, BLOCK, 0);
  e->inner_base = blocks * BLOCK;
  if (rest > 0) sweep(e, phase, 0, rest, blocks);
  e->inner_base = 0;
  for (uint32_t i = 0; i < e->c->members.n; i++) {
    const Member *m = &e->c->members.v[i];
    if (folds_here(e, i, phase)) fold_result(e, m, tree(e, member_op(e, m), fold_dtype(member_dtype(e, m)), e->partial[i], partials));
  }
}

static void phase_emit(Emit *e, int phase) {
  if (phase_sweeps(e, phase)) {
    int64_t n = e->extent[e->outer];
    if (n > BLOCK && phase_ordered(e, phase)) phase_in_blocks(e, phase, n);
    else sweep(e, phase, 0, n, -1);
  }
  for (uint32_t i = 0; i < e->c->members.n; i++) {
    const Member *m = &e->c->members.v[i];
    if (!m->row || m->phase != phase) continue;
    LoopValue x = member_apply(e, m);
    value_set(e, member_var(e, m), x, true);
    value_store(e, member_var(e, m), x, true);
  }
}

/* ---- long clusters: several short loops over a block that stays in cache, instead of one with more values than registers ---- */

static uint32_t member_cost(CxOpcode op) {
  switch ((int)op) {
    case CX_OP_SIN: case CX_OP_COS: case CX_OP_TAN: case CX_OP_TANH: case CX_OP_LOG1P: case CX_OP_EXPM1: case CX_OP_ERF: case CX_OP_ERFC: return 32;
    case CX_OP_POW: case CX_OP_LGAMMA: case CX_OP_DIGAMMA: case CX_OP_ERF_INV: case CX_OP_ATAN2: return 64;
    case CX_OP_EXP: case CX_OP_EXP2: case CX_OP_LOG: case CX_OP_LOGISTIC: case CX_OP_ATAN: case CX_OP_SINH: case CX_OP_COSH: return 20;
    case CX_OP_MAX: case CX_OP_MIN: case CX_OP_CLAMP: case CX_OP_INTEGER_POW: return 6;
    case CX_OP_DOT_GENERAL: return 16;
    default: return 1;
  }
}

/* Cuts the members; false: they fit one loop. Values that a later segment needs are kept. */
static bool cluster_cut(Emit *e) {
  const Cluster *c = e->c;
  uint32_t cost = 0, segments = 1;
  uint32_t *segment = arena_alloc(&e->l->arena, (c->members.n + 1) * sizeof *segment);
  if (c->split >= 0 || !segment || c->rank == 0 || e->extent[e->groups - 1] < SEGMENT_LEAST || e->base + e->groups + 1 > LOOP_DEPTH) return false;
  for (uint32_t i = 0; i < c->members.n; i++) {
    segment[i] = segments - 1;
    if (!e->need[i]) continue;
    cost += member_cost(member_op(e, &c->members.v[i]));
    if (cost >= SEGMENT_COST) segments++, cost = 0;
  }
  if (segments <= 2) return false;
  e->segment = segment;
  for (uint32_t i = 0; i < c->members.n; i++)
    for (uint32_t k = 0; e->need[i] && k < c->members.v[i].nin; k++) {
      const MemberOperand *o = &c->members.v[i].in[k];
      Var *d = &e->l->var[o->root];
      if (!o->external && segment[d->member] < segment[i]) d->kept |= !d->stored;
    }
  return true;
}

/* All segments, one after the other, over `extent` elements. */
static void segments_sweep(Emit *e, int64_t extent) {
  const Cluster *c = e->c;
  for (uint32_t i = 0; i < c->members.n;) {
    uint32_t segment = e->segment[i];
    e->sweep_stamp++;
    loop_for(e->p, extent);
    for (; i < c->members.n && e->segment[i] == segment; i++) {
      const Member *m = &c->members.v[i];
      if (!e->need[i]) continue;
      LoopValue x = member_apply(e, m);
      value_set(e, member_var(e, m), x, false);
      value_store(e, member_var(e, m), x, false);
    }
    loop_end(e->p);
  }
}

static bool program_start(Emit *e);

/* A program that threads share is one loop: what is left over after whole blocks is a program of its own. */
static bool emit_cut(Emit *e) {
  int64_t n = e->extent[e->groups - 1], blocks = n / SEGMENT_BLOCK, rest = n % SEGMENT_BLOCK;
  bool apart = e->p->shared && e->outer == 0;
  if (blocks > 0) {
    e->block = SEGMENT_BLOCK;
    loop_for(e->p, blocks);
    segments_sweep(e, SEGMENT_BLOCK);
    loop_end(e->p);
  }
  e->block = 0;
  e->inner_base = blocks * SEGMENT_BLOCK;
  if (rest > 0 && apart && blocks > 0) {
    if (!program_start(e)) return false;
    for (uint32_t i = 0; i < e->c->members.n; i++) e->kept[member_var(e, &e->c->members.v[i])] = 0;
  }
  if (apart && blocks == 0) e->p->shared = false;
  if (rest > 0) segments_sweep(e, rest);
  e->inner_base = 0;
  return true;
}

/* A domain of one element has no loops. */
static void emit_scalar(Emit *e) {
  e->sweep_stamp++;
  sweep_members(e, 0);
}

static bool cluster_emit(Emit *e) {
  const Cluster *c = e->c;
  size_t n = c->members.n;
  e->need = arena_alloc(&e->l->arena, n + 1);
  e->accumulator = arena_alloc(&e->l->arena, (n + 1) * sizeof *e->accumulator);
  e->partial = arena_alloc(&e->l->arena, (n + 1) * sizeof *e->partial);
  e->start = arena_alloc(&e->l->arena, (n + 1) * sizeof *e->start);
  if (!e->need || !e->accumulator || !e->partial || !e->start) return false;
  cluster_loops(e);
  cluster_needs(e);
  for (uint32_t i = 0; i < n; i++)
    if (c->members.v[i].start) e->start[i] = start_offset(e, c->members.v[i].start);
  if (c->rank == 0) return emit_scalar(e), !e->p->failed;
  bool cut = cluster_cut(e);
  for (int k = 0; k < e->outer; k++) loop_for(e->p, e->extent[k]);
  if (cut && !emit_cut(e)) return false;
  for (int phase = 0; !cut && phase < c->phases; phase++) phase_emit(e, phase);
  for (int k = 0; k < e->outer; k++) loop_end(e->p);
  e->segment = NULL;
  return !e->p->failed;
}

/* ---- steps ---- */

static bool step_push(Lowering *l, LoweredStep s) { return vec_push(&l->out->steps, s); }

static bool program_start(Emit *e) {
  LoopProgram *p = loop_new();
  if (!p) return false;
  if (!step_push(e->l, (LoweredStep){.kind = STEP_LOOPS, .loops = p})) return loop_free(p), false;
  e->p = p;
  e->program++;
  return true;
}

static bool step_of_call(Lowering *l, const Cluster *c) {
  if (c->alias) return step_push(l, (LoweredStep){.kind = STEP_ALIAS, .var = c->alias, .of = c->of});
  return step_push(l, (LoweredStep){.kind = STEP_CALL, .eqn = c->eqn});
}

/* Large clusters with an outer loop are programs of their own, which threads share. */
static bool cluster_shared(const Lowering *l, const Cluster *c) {
  if (l->depth > 0 || c->call || c->region || c->rank == 0 || c->split == 0) return false;
  return c->size >= SHARED_SIZE && c->dims[0] > 1;
}

static bool program_between(const Lowering *l, uint32_t i) {
  const Cluster *before = &l->clusters.v[i - 1], *c = &l->clusters.v[i];
  return before->call || c->call || cluster_shared(l, before) || cluster_shared(l, c);
}

static void groups_number(const Lowering *l, uint32_t *group) {
  for (uint32_t i = 1, n = 0; i < l->clusters.n; i++) group[i] = n += program_between(l, i);
}

/* Clusters in order: those of a region belong to the program around it. */
static bool emit_all(Emit *e, bool region) {
  Lowering *l = e->l;
  for (uint32_t i = 1; i < l->clusters.n; i++) {
    e->c = &l->clusters.v[i];
    if (e->c->call) {
      if (!step_of_call(l, e->c)) return false;
      continue;
    }
    if (!region && program_between(l, i) && !program_start(e)) return false;
    if (cluster_shared(l, e->c)) e->p->shared = true;
    if (!(e->c->region ? emit_region(e, i) : cluster_emit(e))) return false;
  }
  return true;
}

bool emit_clusters(Emit *e) { return emit_all(e, true); }

bool emit_open(Emit *e, Lowering *l) {
  size_t n = l->g->types.n;
  e->l = l;
  e->group = arena_alloc(&l->arena, (l->clusters.n + 1) * sizeof *e->group);
  e->value = arena_alloc(&l->arena, n * sizeof *e->value);
  e->stamp = arena_alloc(&l->arena, n * sizeof *e->stamp);
  e->place = arena_alloc(&l->arena, n * sizeof *e->place);
  e->place_stamp = arena_alloc(&l->arena, n * sizeof *e->place_stamp);
  e->kept = arena_alloc(&l->arena, n * sizeof *e->kept);
  e->global = arena_alloc(&l->arena, n * sizeof *e->global);
  e->loaded = arena_alloc(&l->arena, n * sizeof *e->loaded);
  e->owned = arena_alloc(&l->arena, n * sizeof *e->owned);
  if (!e->owned || !e->group || !e->value || !e->stamp || !e->place || !e->place_stamp || !e->kept || !e->global || !e->loaded) return false;
  groups_number(l, e->group);
  return true;
}

bool lower_emit(Lowering *l) {
  Emit e = {0};
  return emit_open(&e, l) && emit_all(&e, false);
}
