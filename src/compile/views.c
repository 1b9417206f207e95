/* Rules for ops that only move elements, and for elementwise ops that read broadcast operands.
 * Each builder assumes that its pattern in rules.def matched, and answers with a variable or 0; the engine brings it to the type. */
#include "compile/simplify.h"

typedef struct Dims {
  int n;
  int64_t v[CX_MAX_RANK];
} Dims;

static CxInts ints(const Dims *d) { return (CxInts){.v = d->v, .n = d->n}; }
static const CxType *type_of(const Match *m, CxVar v) { return rewrite_type(m->r, v); }
static CxVar emit1(Match *m, CxOpcode op, CxVar x, const void *attrs) { return rewrite_emit(m->r, op, &x, 1, attrs); }
static CxVar emit_reshape(Match *m, CxVar x, const CxType *t) {
  return emit1(m, CX_OP_RESHAPE, x, &(CxReshapeAttrs){{.v = t->dims, .n = t->rank}});
}
static CxVar emit_broadcast(Match *m, CxVar x, const CxType *t, const Dims *where) {
  return emit1(m, CX_OP_BROADCAST_IN_DIM, x, &(CxBroadcastAttrs){{.v = t->dims, .n = t->rank}, ints(where)});
}

/* ---- identities ---- */

static bool all_are(const CxInts *x, int64_t value) {
  for (int i = 0; i < x->n; i++)
    if (x->v[i] != value) return false;
  return true;
}

static bool is_identity(const Pending *p) {
  switch (p->op) {
    case CX_OP_TRANSPOSE: {
      const CxInts *perm = &((const CxTransposeAttrs *)p->attrs)->permutation;
      for (int i = 0; i < perm->n; i++)
        if (perm->v[i] != i) return false;
      return true;
    }
    case CX_OP_PAD: return all_are(&((const CxPadAttrs *)p->attrs)->padding_config, 0);
    case CX_OP_TILE: return all_are(&((const CxTileAttrs *)p->attrs)->reps, 1);
    case CX_OP_REDUCE_SUM:
    case CX_OP_REDUCE_PROD: /* a sum may start from 0, which makes -0 + 0 */
      if (strchr("fc", cx_dtype_kind(p->types[0]->dtype))) return false;
      return !((const CxReduceAttrs *)p->attrs)->axes.n;
    case CX_OP_REDUCE_MAX:
    case CX_OP_REDUCE_MIN: /* complex: one NaN part makes both NaN */
      if (cx_dtype_kind(p->types[0]->dtype) == 'c') return false;
      return !((const CxReduceAttrs *)p->attrs)->axes.n;
    case CX_OP_REDUCE_AND:
    case CX_OP_REDUCE_OR:
    case CX_OP_REDUCE_XOR: return !((const CxReduceAttrs *)p->attrs)->axes.n;
    default: return true; /* reshape, broadcast_in_dim, slice: equal extents suffice */
  }
}

CxVar view_same(Match *m) { return cx_type_same_dims(type_of(m, m->x[0]), m->p->types[0]) && is_identity(m->p) ? m->x[0] : 0; }

CxVar view_of_splat(Match *m) {
  CxVal s = m->r->vars[m->x[0]].splat;
  return s && m->p->types[0]->size ? rewrite_splat(m->r, s, m->p->types[0]) : 0;
}

CxVar view_to_reshape(Match *m) { return emit_reshape(m, m->x[0], m->p->types[0]); }

CxVar view_reduce_one(Match *m) {
  if (strchr("fc", cx_dtype_kind(m->p->types[0]->dtype)) || m->p->types[0]->size != type_of(m, m->x[0])->size) return 0;
  return m->p->types[0]->size ? emit_reshape(m, m->x[0], m->p->types[0]) : 0;
}

/* ---- transpose ---- */

static const CxInts *permutation(const Match *m, int i) { return &((const CxTransposeAttrs *)m->op[i].attrs)->permutation; }

CxVar view_transpose_ones(Match *m) {
  const CxInts *perm = permutation(m, 0);
  const CxType *t = type_of(m, m->x[0]);
  int64_t last = -1;
  for (int i = 0; i < perm->n; i++) {
    if (t->dims[perm->v[i]] == 1) continue;
    if (perm->v[i] < last) return 0;
    last = perm->v[i];
  }
  return emit_reshape(m, m->x[0], m->p->types[0]);
}

CxVar view_transpose_transpose(Match *m) {
  const CxInts *outer = permutation(m, 0), *inner = permutation(m, 1);
  Dims perm = {.n = outer->n};
  for (int i = 0; i < outer->n; i++) perm.v[i] = inner->v[outer->v[i]];
  return emit1(m, CX_OP_TRANSPOSE, m->x[0], &(CxTransposeAttrs){ints(&perm)});
}

/* out axis k is broadcast axis perm[k]; operand axes are taken in the order in which they come out */
CxVar view_transpose_broadcast(Match *m) {
  const CxInts *perm = permutation(m, 0), *where = &((const CxBroadcastAttrs *)m->op[1].attrs)->broadcast_dimensions;
  Dims order = {0}, to = {0};
  for (int k = 0; k < perm->n; k++)
    for (int i = 0; i < where->n; i++)
      if (where->v[i] == perm->v[k]) order.v[order.n++] = i, to.v[to.n++] = k;
  CxVar x = emit1(m, CX_OP_TRANSPOSE, m->x[0], &(CxTransposeAttrs){ints(&order)});
  return x ? emit_broadcast(m, x, m->p->types[0], &to) : 0;
}

/* ---- reshape ---- */

CxVar view_reshape_reshape(Match *m) { return emit_reshape(m, m->x[0], m->p->types[0]); }

/* Pairs the axes of two shapes that differ by extents of 1: to[i] is b's axis for a's axis i, or -1 for an extent of 1 that went. */
static bool pair_axes(const CxType *a, const CxType *b, int64_t *to) {
  int k = 0;
  for (int i = 0; i < a->rank; i++) {
    to[i] = -1;
    if (a->dims[i] == 1) continue;
    while (k < b->rank && b->dims[k] == 1) k++;
    if (k >= b->rank || b->dims[k] != a->dims[i]) return false;
    to[i] = k++;
  }
  while (k < b->rank && b->dims[k] == 1) k++;
  return k == b->rank;
}

CxVar view_reshape_broadcast(Match *m) {
  const CxInts *where = &((const CxBroadcastAttrs *)m->op[1].attrs)->broadcast_dimensions;
  const CxType *wide = type_of(m, m->p->in[0]);
  int64_t to[CX_MAX_RANK];
  Dims at = {0};
  if (!pair_axes(wide, m->p->types[0], to)) return 0;
  for (int i = 0; i < where->n; i++) {
    if (to[where->v[i]] < 0) return 0;
    at.v[at.n++] = to[where->v[i]];
  }
  return emit_broadcast(m, m->x[0], m->p->types[0], &at);
}

/* ---- broadcast_in_dim ---- */

static const CxInts *mapped(const Match *m, int i) { return &((const CxBroadcastAttrs *)m->op[i].attrs)->broadcast_dimensions; }

CxVar view_broadcast_ones(Match *m) {
  const CxType *t = type_of(m, m->x[0]);
  if (t->size != m->p->types[0]->size || !t->size || !t->rank || m->r->vars[m->x[0]].splat) return 0;
  return emit_reshape(m, m->x[0], m->p->types[0]);
}

CxVar view_broadcast_broadcast(Match *m) {
  const CxInts *outer = mapped(m, 0), *inner = mapped(m, 1);
  Dims where = {.n = inner->n};
  for (int i = 0; i < inner->n; i++) where.v[i] = outer->v[inner->v[i]];
  return emit_broadcast(m, m->x[0], m->p->types[0], &where);
}

CxVar view_broadcast_reshape(Match *m) {
  const CxType *t = type_of(m, m->x[0]), *wide = type_of(m, m->p->in[0]);
  const CxInts *outer = mapped(m, 0);
  int64_t to[CX_MAX_RANK];
  Dims where = {0};
  if (!pair_axes(t, wide, to)) return 0;
  for (int i = 0; i < t->rank; i++) {
    if (to[i] < 0) return 0;
    where.v[where.n++] = outer->v[to[i]];
  }
  return emit_broadcast(m, m->x[0], m->p->types[0], &where);
}

/* ---- slice ---- */

static const CxSliceAttrs *slice_at(const Match *m, int i) { return m->op[i].attrs; }
static int64_t stride(const CxSliceAttrs *s, int i) { return s->strides.n ? s->strides.v[i] : 1; }

static CxVar emit_slice(Match *m, CxVar x, const Dims *start, const Dims *limit, const Dims *step) {
  bool unit = true;
  for (int i = 0; i < step->n; i++) unit &= step->v[i] == 1;
  CxInts steps = unit ? (CxInts){.v = step->v, .none = true} : ints(step);
  return emit1(m, CX_OP_SLICE, x, &(CxSliceAttrs){ints(limit), ints(start), steps});
}

CxVar view_slice_slice(Match *m) {
  const CxSliceAttrs *outer = slice_at(m, 0), *inner = slice_at(m, 1);
  const CxType *t = m->p->types[0];
  Dims start = {.n = t->rank}, limit = start, step = start;
  for (int i = 0; i < t->rank; i++) {
    start.v[i] = inner->start_indices.v[i] + stride(inner, i) * outer->start_indices.v[i];
    if (__builtin_mul_overflow(stride(inner, i), stride(outer, i), &step.v[i])) return 0;
    limit.v[i] = t->dims[i] ? start.v[i] + (t->dims[i] - 1) * step.v[i] + 1 : start.v[i];
    if (t->dims[i] <= 1) step.v[i] = 1;
  }
  return emit_slice(m, m->x[0], &start, &limit, &step);
}

CxVar view_slice_concatenate(Match *m) {
  const CxSliceAttrs *s = slice_at(m, 0);
  int64_t axis = ((const CxConcatenateAttrs *)m->op[1].attrs)->dimension, n = m->p->types[0]->dims[axis], base = 0;
  int64_t first = s->start_indices.v[axis], last = first + (n - 1) * stride(s, (int)axis);
  for (uint32_t k = 0; n && k < m->op[1].nin && k < 64; k++) {
    CxVar x = m->op[1].in[k];
    int64_t extent = type_of(m, x)->dims[axis];
    if (first >= base && last < base + extent) {
      Dims start = {.n = s->start_indices.n}, limit = start, step = start;
      for (int i = 0; i < start.n; i++) start.v[i] = s->start_indices.v[i], limit.v[i] = s->limit_indices.v[i], step.v[i] = stride(s, i);
      start.v[axis] = first - base;
      limit.v[axis] = last - base + 1;
      return emit_slice(m, x, &start, &limit, &step);
    }
    base += extent;
  }
  return 0;
}

/* The mapped axes are sliced in the operand, the repeated ones have fewer repetitions. */
CxVar view_slice_broadcast(Match *m) {
  const CxSliceAttrs *s = slice_at(m, 0);
  const CxInts *where = mapped(m, 1);
  const CxType *t = type_of(m, m->x[0]), *out = m->p->types[0];
  Dims start = {.n = t->rank}, limit = start, step = start, to = start;
  for (int i = 0; i < t->rank; i++) {
    int k = (int)where->v[i];
    bool repeated = t->dims[i] == 1;
    if (repeated && !out->dims[k]) return 0;
    to.v[i] = k;
    start.v[i] = repeated ? 0 : s->start_indices.v[k];
    limit.v[i] = repeated ? 1 : s->limit_indices.v[k];
    step.v[i] = repeated ? 1 : stride(s, k);
  }
  CxVar x = t->rank ? emit_slice(m, m->x[0], &start, &limit, &step) : m->x[0];
  return x ? emit_broadcast(m, x, out, &to) : 0;
}

/* ---- rev ---- */

static uint64_t reversed(const Match *m, int i) {
  const CxInts *d = &((const CxRevAttrs *)m->op[i].attrs)->dimensions;
  uint64_t set = 0;
  for (int k = 0; k < d->n; k++) set |= (uint64_t)1 << d->v[k];
  return set;
}

static CxVar emit_rev(Match *m, uint64_t set) {
  Dims d = {0};
  for (int i = 0; i < CX_MAX_RANK; i++)
    if (set >> i & 1) d.v[d.n++] = i;
  return d.n ? emit1(m, CX_OP_REV, m->x[0], &(CxRevAttrs){ints(&d)}) : m->x[0];
}

CxVar view_rev_drop(Match *m) {
  uint64_t set = reversed(m, 0), left = set;
  const CxType *t = m->p->types[0];
  for (int i = 0; i < t->rank; i++)
    if (t->dims[i] <= 1) left &= ~((uint64_t)1 << i);
  return left != set || !set ? emit_rev(m, left) : 0;
}

CxVar view_rev_rev(Match *m) { return emit_rev(m, reversed(m, 0) ^ reversed(m, 1)); }

/* ---- dynamic slices ---- */

CxVar view_dynamic_slice(Match *m) {
  const Pending *p = m->p;
  const CxType *t = type_of(m, p->in[0]), *out = p->types[0];
  Dims start = {.n = t->rank}, limit = start, step = start;
  if (cx_type_same_dims(t, out)) return p->in[0];
  for (int i = 0; i < t->rank; i++) {
    CxVal index = m->r->vars[p->in[i + 1]].splat;
    int64_t most = t->dims[i] - out->dims[i], at = 0;
    if (most && !index) return 0;
    if (most) at = cx_to_int(index);
    if (most && at < 0 && cx_dtype_kind(index->type->dtype) == 'u') at = most; /* beyond int64 */
    start.v[i] = at < 0 ? 0 : at > most ? most : at;
    limit.v[i] = start.v[i] + out->dims[i];
    step.v[i] = 1;
  }
  return emit_slice(m, p->in[0], &start, &limit, &step);
}

CxVar view_update_whole(Match *m) { return type_of(m, m->p->in[0]) == type_of(m, m->p->in[1]) ? m->p->in[1] : 0; }

/* ---- concatenate ---- */

enum { JOIN_MAX = 64 };

CxVar view_concatenate(Match *m) {
  const Pending *p = m->p;
  int64_t axis = ((const CxConcatenateAttrs *)p->attrs)->dimension;
  CxVar keep[JOIN_MAX];
  uint32_t n = 0;
  if (p->nin > JOIN_MAX) return 0;
  for (uint32_t i = 0; i < p->nin; i++)
    if (type_of(m, p->in[i])->dims[axis]) keep[n++] = p->in[i];
  if (n == 0) return p->in[0];
  if (n == 1) return keep[0];
  return n < p->nin ? rewrite_emit(m->r, CX_OP_CONCATENATE, keep, n, p->attrs) : 0;
}

CxVar view_concatenate_flat(Match *m) {
  const Pending *p = m->p;
  CxVar flat[JOIN_MAX];
  uint32_t n = 0;
  bool nested = false;
  for (uint32_t i = 0; i < p->nin; i++) {
    const CxEqn *e = rewrite_def(m->r, p->in[i], CX_OP_CONCATENATE);
    bool open = e && ((const CxConcatenateAttrs *)e->attrs)->dimension == ((const CxConcatenateAttrs *)p->attrs)->dimension;
    uint32_t count = open ? e->nin : 1;
    if (n + count > JOIN_MAX) return 0;
    memcpy(flat + n, open ? e->in : &p->in[i], count * sizeof *flat);
    n += count;
    nested |= open;
  }
  return nested ? rewrite_emit(m->r, CX_OP_CONCATENATE, flat, n, p->attrs) : 0;
}

/* ---- select_n ---- */

CxVar view_select_known(Match *m) {
  const Pending *p = m->p;
  CxVal which = m->r->vars[p->in[0]].splat;
  if (!which) return 0;
  int64_t k = cx_to_int(which), last = (int64_t)p->nin - 2;
  return p->in[1 + (k < 0 ? 0 : k > last ? last : k)];
}

/* ---- elementwise ops ---- */

/* The operand of a broadcast that an elementwise op can read itself: a scalar, or the same axes with extents of 1. */
static CxVar narrow_operand(const Rewrite *r, CxVar v) {
  const CxEqn *e = rewrite_def(r, v, CX_OP_BROADCAST_IN_DIM);
  if (!e) return 0;
  const CxType *t = rewrite_type(r, e->in[0]);
  const CxInts *where = &((const CxBroadcastAttrs *)e->attrs)->broadcast_dimensions;
  if (t->rank && t->rank != rewrite_type(r, v)->rank) return 0;
  for (int i = 0; i < where->n; i++)
    if (where->v[i] != i) return 0;
  return e->in[0];
}

static CxVar on_scalars(Rewrite *r, const Pending *p, CxVar *in) {
  bool any = false;
  for (uint32_t i = 0; i < p->nin; i++) {
    CxVar from = narrow_operand(r, p->in[i]);
    in[i] = rewrite_type(r, p->in[i])->rank ? from : p->in[i];
    any |= in[i] != p->in[i];
    if (!in[i] || rewrite_type(r, in[i])->rank) return 0;
  }
  return any ? rewrite_emit(r, p->op, in, p->nin, p->attrs) : 0;
}

CxVar elementwise_narrow(Rewrite *r, const Pending *p) {
  CxVar in[8], done;
  if (p->nin > 8) return 0;
  if ((done = on_scalars(r, p, in)) || cx_failed()) return done;
  memcpy(in, p->in, p->nin * sizeof *in);
  bool changed = false;
  for (uint32_t i = 0; i < p->nin; i++) {
    CxVar from = narrow_operand(r, in[i]);
    bool other = false; /* another operand has all the extents */
    for (uint32_t k = 0; k < p->nin; k++) other |= k != i && cx_type_same_dims(rewrite_type(r, in[k]), p->types[0]);
    if (from && other) in[i] = from, changed = true;
  }
  return changed ? rewrite_emit(r, p->op, in, p->nin, p->attrs) : 0;
}
