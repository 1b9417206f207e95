/* See lower.h. Equations are taken in order and put into clusters that run one after the other. A cluster has a domain (extents, those of 1 left
 * out); once it holds a reduction, the domain is split into rows (the kept axes) and the elements of a row (the reduced ones):
 *
 *   for each row:  for each element: phase 0 ...; fold      values of the row from the folds      for each element: phase 1 ...; fold      ...
 *
 * So softmax, normalisation and variance are one pass over rows that stay in cache. An equation joins the cluster of its latest operand, or the
 * latest cluster of the same domain, if all its other operands come from clusters before. Equations that only rearrange are absorbed as index
 * maps (view.h). What no loop can do runs by its own kernel. All steps are linear in the size of the graph. */
#include "compile/lower.h"

#include "base/error.h"
#include "compile/element.h"
#include "compile/lower_emit.h"
#include "compile/view.h"
#include "ir/node.h"
#include "op/attrs.h"
#include "op/gather.h"
#include <string.h>

/* ---- definitions of variables ---- */

static bool is_scalar_const(const CxType *t) { return t->size == 1 && cx_dtype_bytes(t->dtype) <= 16 && cx_dtype_bytes(t->dtype) > 0; }

static bool var_mapped(const Lowering *l, CxVar v) { return l->var[v].kind == VAR_VIEW || l->var[v].kind == VAR_IOTA; }

static bool var_map(Lowering *l, CxVar v, IndexMap *m) {
  if (var_mapped(l, v)) return *m = l->var[v].map, true;
  return map_identity(&l->arena, v, graph_type(l->g, v), m);
}

/* An iota is a view of the numbers 0, 1, …: its map gives the number. */
static bool define_iota(Lowering *l, const CxEqn *e) {
  const CxType *t = graph_type(l->g, e->out[0]);
  int64_t *s = arena_alloc(&l->arena, (size_t)(t->rank + 1) * sizeof *s);
  if (!s) return false;
  s[((const CxIotaAttrs *)e->attrs)->dimension] = 1;
  l->var[e->out[0]] = (Var){.kind = VAR_IOTA, .map = {e->out[0], 0, s}};
  return true;
}

/* ---- clusters ---- */

static uint32_t cluster_of(const Lowering *l, CxVar v) { return l->var[v].cluster; }

static uint32_t cluster_new(Lowering *l, Cluster c) {
  if (!vec_push(&l->clusters, c)) return l->failed = true, 0;
  return l->clusters.n - 1;
}

/* Extents without those of 1, and where they are. */
static void shape_of(const CxType *t, Shape *s) {
  s->rank = 0;
  s->size = t->size;
  for (int i = 0; i < t->rank && s->rank <= SHAPE_RANK; i++)
    if (t->dims[i] != 1) {
      if (s->rank < SHAPE_RANK) s->dims[s->rank] = t->dims[i], s->axis[s->rank] = i;
      s->rank++;
    }
}
static bool shape_equal(const Shape *s, const int64_t *dims, int rank) {
  return s->rank == rank && memcmp(s->dims, dims, (size_t)rank * sizeof *dims) == 0;
}

/* The steps of an operand along the axes of a shape of the result. Scalars and extents of 1 broadcast. */
static void steps_of(const IndexMap *m, const CxType *operand, const Shape *s, int64_t *step) {
  for (int i = 0; i < s->rank; i++)
    step[i] = operand->rank == 0 || operand->dims[s->axis[i]] == 1 ? 0 : m->stride[s->axis[i]];
}

static bool steps_dense(const int64_t *step, const int64_t *dims, int rank) {
  int64_t dense = 1;
  for (int i = rank - 1; i >= 0; i--) {
    if (step[i] != dense) return false;
    dense *= dims[i];
  }
  return true;
}

/* The least split after which the axes are one run of even steps. */
static int steps_run(const int64_t *step, const int64_t *dims, int rank) {
  int s = rank - 1;
  while (s > 0 && step[s - 1] == step[s] * dims[s]) s--;
  return s > 0 ? s : 0;
}

/* How an operand takes part in a cluster. */
typedef struct Operand {
  CxVar root;
  bool external;    /* comes from memory */
  bool row;         /* in the cluster, one per row */
  int64_t offset, step[SHAPE_RANK];
  const CxType *type;
} Operand;

static bool operand_of(Lowering *l, CxVar v, const Shape *s, Operand *o) {
  IndexMap m;
  if (!var_map(l, v, &m)) return false;
  o->type = graph_type(l->g, v);
  o->root = m.root;
  o->offset = m.offset;
  steps_of(&m, o->type, s, o->step);
  return true;
}

static uint32_t root_position(const Lowering *l, CxVar root) { return cluster_of(l, root); } /* 0: before all */

/* Can an equation over shape s with these operands be part of cluster c? Fills external and row of the operands. */
static bool cluster_fits(const Lowering *l, uint32_t at, const Shape *s, bool row_level, Operand *o, uint32_t n, int *phase) {
  const Cluster *c = &l->clusters.v[at];
  int split = c->split < 0 ? c->rank : c->split;
  *phase = 0;
  for (uint32_t k = 0; k < n; k++) {
    const Var *root = &l->var[o[k].root];
    o[k].external = root->cluster != at;
    o[k].row = !o[k].external && root->row;
    if (o[k].external) {
      if (root->cluster > at) return false;
      if (!row_level && c->split >= 0 && steps_run(o[k].step, s->dims, s->rank) > c->split) return false;
      continue;
    }
    if (o[k].offset != 0) return false;
    if (!o[k].row) {
      if (row_level || !steps_dense(o[k].step, s->dims, s->rank)) return false;
    } else {
      if (!steps_dense(o[k].step, s->dims, split)) return false;
      for (int i = split; i < s->rank; i++)
        if (o[k].step[i] != 0) return false;
    }
    int after = root->phase + (o[k].row && !row_level ? 1 : 0);
    if (after > *phase) *phase = after;
  }
  return *phase < PHASES;
}

static bool cluster_level(const Cluster *c, const Shape *s, bool *row_level) {
  if (c->call || c->region) return false;
  *row_level = false;
  if (shape_equal(s, c->dims, c->rank)) return true;
  *row_level = c->split >= 0 && shape_equal(s, c->dims, c->split);
  return *row_level;
}

static uint64_t shape_hash(const Shape *s) {
  uint64_t h = 1469598103934665603u;
  for (int i = 0; i < s->rank; i++) h = (h ^ (uint64_t)s->dims[i]) * 1099511628211u;
  return h ^ h >> 29;
}

static uint32_t *latest_slot(Lowering *l, const Shape *s) { return &l->latest[shape_hash(s) % LATEST]; }

static uint32_t cluster_start(Lowering *l, const Shape *s) {
  Cluster c = {.rank = s->rank, .split = -1, .size = s->size};
  memcpy(c.dims, s->dims, sizeof c.dims);
  return *latest_slot(l, s) = cluster_new(l, c);
}

static uint32_t operands_latest(const Lowering *l, const Operand *o, uint32_t n) {
  uint32_t most = 0;
  for (uint32_t k = 0; k < n; k++)
    if (root_position(l, o[k].root) > most) most = root_position(l, o[k].root);
  return most;
}

/* The cluster for an elementwise equation. */
static uint32_t cluster_choose(Lowering *l, const Shape *s, Operand *o, uint32_t n, bool *row_level, int *phase) {
  uint32_t producer = operands_latest(l, o, n), latest = *latest_slot(l, s);
  uint32_t candidates[2] = {producer, latest};
  for (int i = 0; i < 2; i++) {
    uint32_t at = candidates[i];
    if (at != 0 && at >= producer && l->clusters.v[at].members.n < MEMBERS && cluster_level(&l->clusters.v[at], s, row_level) &&
        cluster_fits(l, at, s, *row_level, o, n, phase))
      return at;
  }
  *row_level = false;
  uint32_t at = cluster_start(l, s);
  cluster_fits(l, at, s, false, o, n, phase);
  return at;
}

/* ---- operands from memory ---- */

/* The variable must be there as an array before cluster `at` runs. */
static bool want(Lowering *l, CxVar v);

static uint32_t call_cluster(Lowering *l, uint32_t eqn) {
  l->impossible = true; /* counts in a region only */
  return cluster_new(l, (Cluster){.call = true, .eqn = eqn});
}

/* It stays a view for those who load through its map; an array is made beside. */
static bool want_view(Lowering *l, CxVar v) {
  const CxEqn *e = &l->g->eqns.v[l->var[v].eqn];
  if (l->var[v].cluster) return true;
  IndexMap m = l->var[v].map;
  bool alias = l->var[v].kind == VAR_VIEW && map_dense(&m, graph_type(l->g, v), graph_type(l->g, m.root)->size);
  if (!(alias ? want(l, m.root) : e->nin == 0 || want(l, e->in[0]))) return false;
  l->impossible = true;
  l->var[v].cluster = alias ? cluster_new(l, (Cluster){.call = true, .alias = v, .of = m.root}) : call_cluster(l, l->var[v].eqn);
  return !l->failed;
}

static bool want(Lowering *l, CxVar v) {
  if (var_mapped(l, v)) return want_view(l, v);
  if (l->var[v].kind == VAR_MEMBER) l->var[v].stored = l->var[v].escapes = true;
  return !l->failed;
}

/* An operand with no even steps in the innermost axis is brought into order first, where it is large. */
static bool operand_settle(Lowering *l, CxVar v, const Shape *s, Operand *o) {
  if (!operand_of(l, v, s, o)) return false;
  int64_t inner = s->rank > 0 ? o->step[s->rank - 1] : 0;
  if (l->depth == 0 && l->var[v].kind == VAR_VIEW && s->size >= 4096 && inner != 0 && inner != 1) {
    IndexMap own;
    if (!want(l, v) || !map_identity(&l->arena, v, o->type, &own)) return false;
    o->root = v;
    o->offset = 0;
    steps_of(&own, o->type, s, o->step);
  }
  return true;
}

static bool member_load(Lowering *l, uint32_t at, Operand *o, MemberOperand *to) {
  Var *root = &l->var[o->root];
  *to = (MemberOperand){.root = o->root, .external = o->external, .row = o->row, .iota = root->kind == VAR_IOTA};
  if (!o->external) return true;
  if (root->kind == VAR_MEMBER) root->stored = true;
  if (root->last < at) root->last = at;
  to->offset = o->offset;
  int64_t *step = arena_copy(&l->arena, o->step, sizeof o->step);
  to->step = step;
  return step != NULL;
}

static bool op_is_dear(CxOpcode op) {
  switch ((int)op) {
    case CX_OP_NEG: case CX_OP_ABS: case CX_OP_NOT: case CX_OP_ADD: case CX_OP_SUB: case CX_OP_MUL: case CX_OP_MAX: case CX_OP_MIN: case CX_OP_AND:
    case CX_OP_OR: case CX_OP_XOR: case CX_OP_EQ: case CX_OP_NE: case CX_OP_LT: case CX_OP_LE: case CX_OP_GT: case CX_OP_GE: case CX_OP_SELECT_N:
    case CX_OP_CONVERT_ELEMENT_TYPE: case CX_OP_SQUARE: case CX_OP_ADD_ANY: return false;
    default: return true;
  }
}

static bool member_add(Lowering *l, uint32_t at, uint32_t eqn, Operand *o, uint32_t n, bool row_level, int phase) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  Cluster *c = &l->clusters.v[at];
  Member m = {.eqn = eqn, .phase = phase, .row = row_level, .nin = n};
  m.in = arena_alloc(&l->arena, (n + 1) * sizeof *m.in);
  if (!m.in) return false;
  uint32_t cost = op_is_dear(e->op) ? DEAR : 1;
  for (uint32_t k = 0; k < n; k++) {
    if (!member_load(l, at, &o[k], &m.in[k])) return false;
    if (!row_level && o[k].external && c->rank > 0) {
      int run = steps_run(o[k].step, c->dims, c->rank);
      if (run > c->least_split) c->least_split = run;
    }
    cost += o[k].external ? 1 : o[k].row ? 0 : l->var[o[k].root].cost;
  }
  l->var[e->out[0]] = (Var){.kind = VAR_MEMBER, .cluster = at, .row = row_level, .phase = phase, .cost = cost < DEAR ? cost : DEAR, .member = c->members.n};
  if (phase + 1 > c->phases) c->phases = phase + 1;
  l->out->fused++;
  return vec_push(&c->members, m);
}

/* ---- equations ---- */

static bool lower_call(Lowering *l, uint32_t eqn) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  for (uint32_t k = 0; k < e->nin; k++)
    if (!want(l, e->in[k])) return false;
  uint32_t at = call_cluster(l, eqn);
  for (uint32_t k = 0; k < e->nout; k++) l->var[e->out[k]] = (Var){.kind = VAR_MEMORY, .cluster = at};
  l->out->called++;
  return !l->failed;
}

/* A value of a region's surroundings must lie in memory, or be one element. */
static bool region_operand(Lowering *l, CxVar v, uint32_t at) {
  if (var_mapped(l, v) && !want(l, v)) return false;
  if (l->var[v].kind == VAR_MEMBER) l->var[v].stored = true;
  if (l->var[v].last < at) l->var[v].last = at;
  return true;
}

static void regions_free(Cluster *c) {
  for (uint32_t k = 0; k < c->n_branches; k++) lowering_free(c->branches[k]);
  lowering_free(c->body);
  lowering_free(c->condition);
}

/* The equation as a region, or called when not all of its graphs can be loops. */
static bool lower_regions(Lowering *l, uint32_t eqn, Cluster c, bool possible) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  if (l->failed || !possible) regions_free(&c);
  if (l->failed) return false;
  if (!possible) return lower_call(l, eqn);
  for (uint32_t k = 0; k < e->nin; k++)
    if (var_mapped(l, e->in[k]) && !want(l, e->in[k])) return regions_free(&c), false;
  uint32_t at = cluster_new(l, c);
  if (l->failed) return regions_free(&c), false;
  for (uint32_t k = 0; k < e->nin; k++)
    if (!region_operand(l, e->in[k], at)) return false;
  for (uint32_t k = 0; k < e->nout; k++)
    if (e->out[k]) l->var[e->out[k]] = (Var){.kind = VAR_MEMBER, .cluster = at, .stored = true, .cost = DEAR};
  l->out->fused++;
  return !l->failed;
}

static bool lower_scan(Lowering *l, uint32_t eqn) {
  const CxScanAttrs *a = l->g->eqns.v[eqn].attrs;
  Cluster c = {.region = true, .eqn = eqn, .body = a->length > 0 ? lower_region(l, a->jaxpr) : NULL};
  return lower_regions(l, eqn, c, c.body != NULL);
}

static bool lower_while(Lowering *l, uint32_t eqn) {
  const CxWhileAttrs *a = l->g->eqns.v[eqn].attrs;
  Cluster c = {.region = true, .eqn = eqn, .body = lower_region(l, a->body_jaxpr)};
  c.condition = c.body ? lower_region(l, a->cond_jaxpr) : NULL;
  return lower_regions(l, eqn, c, c.condition != NULL);
}

enum { BRANCHES = 8 };

static bool lower_cond(Lowering *l, uint32_t eqn) {
  const CxGraphs *g = &((const CxCondAttrs *)l->g->eqns.v[eqn].attrs)->branches;
  Cluster c = {.region = true, .eqn = eqn};
  bool possible = g->n >= 1 && g->n <= BRANCHES && l->depth < 3;
  c.branches = arena_alloc(&l->arena, BRANCHES * sizeof *c.branches);
  if (!c.branches) return false;
  for (int k = 0; possible && k < g->n; k++) {
    possible = (c.branches[k] = lower_region(l, g->v[k])) != NULL;
    c.n_branches += possible;
  }
  return lower_regions(l, eqn, c, possible);
}

/* ---- dynamic slices and small products ---- */

/* A variable that code before a cluster reads as one element: in the cluster's program or from memory. */
static bool element_ready(Lowering *l, CxVar v, uint32_t at) {
  CxVar root = l->var[v].kind == VAR_VIEW ? l->var[v].map.root : v;
  if (l->var[root].kind == VAR_MEMBER) l->var[root].stored = true;
  if (l->var[root].last < at) l->var[root].last = at;
  return true;
}

static DynamicStart *dynamic_start(Lowering *l, const CxEqn *e, const IndexMap *m, const CxType *from, const CxType *to) {
  uint32_t n = e->nin - 1;
  DynamicStart *s = arena_alloc(&l->arena, sizeof *s);
  int64_t *most = arena_alloc(&l->arena, (n + 1) * sizeof *most), *scale = arena_alloc(&l->arena, (n + 1) * sizeof *scale);
  if (!s || !most || !scale) return NULL;
  *s = (DynamicStart){n, e->in + 1, most, scale};
  for (uint32_t k = 0; k < n; k++) {
    most[k] = from->dims[k] - to->dims[k];
    scale[k] = m->stride[k];
    char kind = cx_dtype_kind(graph_type(l->g, e->in[k + 1])->dtype);
    if (scale[k] < 0 || (kind != 'i' && kind != 'u')) s->n = UINT32_MAX;
  }
  return s;
}

static bool lower_dynamic_slice(Lowering *l, uint32_t eqn) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  const CxType *from = graph_type(l->g, e->in[0]), *to = graph_type(l->g, e->out[0]);
  IndexMap m;
  Shape s;
  Operand o = {0};
  int phase;
  shape_of(to, &s);
  if (!var_map(l, e->in[0], &m)) return false;
  const CxType *root = graph_type(l->g, m.root);
  if (s.rank > SHAPE_RANK || s.size == 0 || s.size >= 4096 || root->size >= INT32_MAX || root->size == 1 || !lower_dtype(to->dtype) || l->var[m.root].kind == VAR_IOTA ||
      l->var[m.root].literal)
    return lower_call(l, eqn);
  DynamicStart *start = dynamic_start(l, e, &m, from, to);
  if (!start) return false;
  if (start->n == UINT32_MAX) return lower_call(l, eqn);
  o = (Operand){.root = m.root, .offset = m.offset, .type = from};
  for (int i = 0; i < s.rank; i++) o.step[i] = m.stride[s.axis[i]];
  uint32_t at = cluster_start(l, &s); /* a cluster of its own: what it starts from must be known before */
  if (l->failed || !cluster_fits(l, at, &s, false, &o, 1, &phase) || !member_add(l, at, eqn, &o, 1, false, phase)) return false;
  for (uint32_t k = 0; k < start->n; k++)
    if (!element_ready(l, start->start[k], at)) return false;
  l->var[e->out[0]].cost = DEAR;
  l->clusters.v[at].members.v[0].start = start;
  return true;
}

/* ---- updates of a window in a region: in place if nobody reads the old array afterwards ---- */

static bool integer_var(const Lowering *l, CxVar v) { return strchr("iu", cx_dtype_kind(graph_type(l->g, v)->dtype)) != NULL; }

/* x and the windows must be arrays of which loops know where they lie. */
static bool update_possible(const Lowering *l, const CxEqn *e) {
  const CxType *x = graph_type(l->g, e->in[0]);
  return l->depth > 0 && x->size > 1 && x->size < INT32_MAX && x->rank <= SHAPE_RANK && e->out[0] != 0;
}

static bool lower_update(Lowering *l, uint32_t eqn, Update *u) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  uint32_t at = cluster_new(l, (Cluster){.region = true, .eqn = eqn, .update = u});
  if (!element_ready(l, u->x, at) || !element_ready(l, u->update, at)) return false;
  for (uint32_t k = 0; k < u->starts; k++)
    if (!element_ready(l, u->start[k], at)) return false;
  l->var[e->out[0]] = (Var){.kind = VAR_MEMBER, .cluster = at, .stored = true, .cost = DEAR};
  l->out->fused++;
  return !l->failed;
}

static void update_axis(Update *u, const CxType *x, int axis, CxVar start, int64_t element, int64_t window) {
  int64_t scale = 1;
  for (int i = axis + 1; i < x->rank; i++) scale *= x->dims[i];
  uint32_t k = u->starts++;
  u->start[k] = start;
  u->element[k] = element;
  u->most[k] = x->dims[axis] - window;
  u->scale[k] = scale;
}

static void update_window_axis(Update *u, const CxType *x, int axis, int64_t extent) {
  int64_t step = 1;
  for (int i = axis + 1; i < x->rank; i++) step *= x->dims[i];
  u->dims[u->window_rank] = extent;
  u->x_step[u->window_rank++] = step;
}

static bool lower_update_slice(Lowering *l, uint32_t eqn) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  const CxType *x = graph_type(l->g, e->in[0]), *w = graph_type(l->g, e->in[1]);
  Update *u = update_possible(l, e) ? arena_alloc(&l->arena, sizeof *u) : NULL;
  if (!u) return lower_call(l, eqn);
  u->x = e->in[0];
  u->update = e->in[1];
  for (int i = 0; i < x->rank; i++) {
    if (!integer_var(l, e->in[2 + i])) return lower_call(l, eqn);
    update_axis(u, x, i, e->in[2 + i], 0, w->dims[i]);
    update_window_axis(u, x, i, w->dims[i]);
  }
  return lower_update(l, eqn, u);
}

static bool ints_hold(const CxInts *list, int64_t x) {
  for (int k = 0; k < list->n; k++)
    if (list->v[k] == x) return true;
  return false;
}

/* A scatter at one index: its whole update is the window. */
static bool lower_scatter(Lowering *l, uint32_t eqn) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  const CxScatterAttrs *a = e->attrs;
  const CxType *x = graph_type(l->g, e->in[0]), *index = graph_type(l->g, e->in[1]), *w = graph_type(l->g, e->in[2]);
  const CxInts *to = &a->dims.scatter_dims_to_operand_dims;
  bool one = index->size == to->n && a->dims.update_window_dims.n == w->rank && a->dims.operand_batching_dims.n == 0 && integer_var(l, e->in[1]);
  one = one && (index->size == 1 || l->var[e->in[1]].kind == VAR_MEMORY || l->var[e->in[1]].kind == VAR_MEMBER);
  Update *u = one && update_possible(l, e) ? arena_alloc(&l->arena, sizeof *u) : NULL;
  if (!u || (e->op == CX_OP_SCATTER_ADD && !element_can_fold(CX_OP_REDUCE_SUM, x->dtype))) return lower_call(l, eqn);
  u->x = e->in[0];
  u->update = e->in[2];
  u->drops = a->mode != CX_INDEX_CLIP;
  u->adds = e->op == CX_OP_SCATTER_ADD;
  int64_t window[SHAPE_RANK];
  for (int i = 0, k = 0; i < x->rank; i++) {
    window[i] = ints_hold(&a->dims.inserted_window_dims, i) ? 1 : w->dims[k++];
    if (!ints_hold(&a->dims.inserted_window_dims, i)) update_window_axis(u, x, i, window[i]);
  }
  for (int k = 0; k < to->n; k++) update_axis(u, x, (int)to->v[k], e->in[1], k, window[to->v[k]]);
  for (uint32_t k = 0; k < u->starts; k++)
    if (u->most[k] < 0) return lower_call(l, eqn);
  return lower_update(l, eqn, u);
}

enum { DOT_TERMS = 16, DOT_WORK = 4096 };

static bool axis_in(const CxInts *axes, int i) {
  for (int k = 0; k < axes->n; k++)
    if (axes->v[k] == i) return true;
  return false;
}

/* Steps of one side of a product along the axes of the result: batch axes first, then free axes from `at` on. */
static void dot_steps(const IndexMap *m, const CxType *t, const CxInts *batch, const CxInts *contract, int at, int64_t *full) {
  for (int k = 0; k < batch->n; k++) full[k] = m->stride[batch->v[k]];
  for (int i = 0; i < t->rank; i++)
    if (!axis_in(batch, i) && !axis_in(contract, i)) full[at++] = m->stride[i];
}

static int64_t term_offset(const IndexMap *m, const CxType *t, const CxInts *contract, int64_t term) {
  int64_t offset = m->offset;
  for (int k = contract->n - 1; k >= 0; k--) {
    int64_t extent = t->dims[contract->v[k]];
    offset += term % extent * m->stride[contract->v[k]];
    term /= extent;
  }
  return offset;
}

/* Few terms and small: the terms one after the other, like an elementwise operation. */
static bool lower_dot(Lowering *l, uint32_t eqn) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  const CxDotDims *d = &((const CxDotAttrs *)e->attrs)->dimension_numbers;
  const CxType *x = graph_type(l->g, e->in[0]), *y = graph_type(l->g, e->in[1]), *t = graph_type(l->g, e->out[0]);
  Shape s;
  int64_t terms = 1, full[2][CX_MAX_RANK] = {{0}};
  for (int k = 0; k < d->lhs_contract.n; k++) terms *= x->dims[d->lhs_contract.v[k]];
  shape_of(t, &s);
  if (s.rank > SHAPE_RANK || s.size == 0 || terms < 1 || terms > DOT_TERMS || s.size * terms > DOT_WORK || x->dtype != t->dtype || y->dtype != t->dtype ||
      (t->dtype != CX_F32 && t->dtype != CX_F64))
    return lower_call(l, eqn);
  IndexMap m[2];
  Operand o[2 * DOT_TERMS] = {0};
  int phase;
  if (!var_map(l, e->in[0], &m[0]) || !var_map(l, e->in[1], &m[1])) return false;
  if (l->var[m[0].root].kind == VAR_IOTA || l->var[m[1].root].kind == VAR_IOTA) return lower_call(l, eqn);
  dot_steps(&m[0], x, &d->lhs_batch, &d->lhs_contract, d->lhs_batch.n, full[0]);
  dot_steps(&m[1], y, &d->rhs_batch, &d->rhs_contract, x->rank - d->lhs_contract.n, full[1]);
  for (int64_t k = 0; k < 2 * terms; k++) {
    int side = (int)(k & 1);
    o[k] = (Operand){.root = m[side].root, .type = side ? y : x,
                     .offset = term_offset(&m[side], side ? y : x, side ? &d->rhs_contract : &d->lhs_contract, k / 2)};
    for (int i = 0; i < s.rank; i++) o[k].step[i] = full[side][s.axis[i]];
  }
  uint32_t at = cluster_start(l, &s);
  if (l->failed || !cluster_fits(l, at, &s, false, o, (uint32_t)(2 * terms), &phase)) return false;
  return member_add(l, at, eqn, o, (uint32_t)(2 * terms), false, phase);
}

static bool lower_elementwise(Lowering *l, uint32_t eqn) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  Operand o[LOOP_OPERANDS];
  Shape s;
  bool row_level;
  int phase;
  shape_of(graph_type(l->g, e->out[0]), &s);
  if (s.rank > SHAPE_RANK || s.size == 0) return lower_call(l, eqn);
  for (uint32_t k = 0; k < e->nin; k++)
    if (!operand_settle(l, e->in[k], &s, &o[k])) return false;
  uint32_t at = cluster_choose(l, &s, o, e->nin, &row_level, &phase);
  return at != 0 && member_add(l, at, eqn, o, e->nin, row_level, phase);
}

static bool reduce_is_fold(CxOpcode op) { return op >= CX_OP_REDUCE_SUM && op <= CX_OP_REDUCE_XOR; }

/* The number of leading axes (without extents of 1) that stay, or -1 when the reduced ones are not the trailing ones. */
static int reduce_split(const CxInts *axes, const Shape *s) {
  uint64_t gone = 0;
  for (int i = 0; i < axes->n; i++) gone |= UINT64_C(1) << axes->v[i];
  int split = 0;
  while (split < s->rank && !(gone >> s->axis[split] & 1)) split++;
  for (int i = split; i < s->rank; i++)
    if (!(gone >> s->axis[i] & 1)) return -1;
  return split == s->rank ? -1 : split;
}

static bool cluster_splits(const Cluster *c, const Shape *s, int split) {
  return !c->call && !c->region && shape_equal(s, c->dims, c->rank) && (c->split < 0 ? c->least_split <= split : c->split == split);
}

static bool lower_reduce(Lowering *l, uint32_t eqn) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  const CxType *t = graph_type(l->g, e->in[0]);
  Shape s;
  Operand o;
  int phase, split;
  shape_of(t, &s);
  if (s.rank > SHAPE_RANK || s.size == 0 || (split = reduce_split(&((const CxReduceAttrs *)e->attrs)->axes, &s)) < 0) return lower_call(l, eqn);
  int64_t rows = 1;
  for (int i = 0; i < split; i++) rows *= s.dims[i];
  if (s.size / rows < 16 && rows > 64) return lower_call(l, eqn);
  if (!operand_settle(l, e->in[0], &s, &o)) return false;
  if (steps_run(o.step, s.dims, s.rank) > split && root_position(l, o.root) == 0) return lower_call(l, eqn);
  uint32_t producer = root_position(l, o.root), candidates[2] = {producer, *latest_slot(l, &s)}, at = 0;
  for (int i = 0; i < 2 && at == 0; i++) {
    uint32_t c = candidates[i];
    if (c != 0 && c >= producer && cluster_splits(&l->clusters.v[c], &s, split) && cluster_fits(l, c, &s, false, &o, 1, &phase)) at = c;
  }
  if (at == 0) {
    if (steps_run(o.step, s.dims, s.rank) > split) return lower_call(l, eqn);
    at = cluster_start(l, &s);
    if (l->failed || !cluster_fits(l, at, &s, false, &o, 1, &phase)) return false;
  }
  l->clusters.v[at].split = split;
  if (!member_add(l, at, eqn, &o, 1, false, phase)) return false;
  l->var[e->out[0]].row = true;
  l->clusters.v[at].members.v[l->clusters.v[at].members.n - 1].fold = true;
  return true;
}

static bool lower_view(Lowering *l, uint32_t eqn, bool *done) {
  const CxEqn *e = &l->g->eqns.v[eqn];
  IndexMap in, out;
  *done = false;
  if (e->op == CX_OP_IOTA) {
    if (!define_iota(l, e)) return false;
    l->var[e->out[0]].eqn = eqn;
    return *done = true;
  }
  if (e->nin != 1 || !var_map(l, e->in[0], &in)) return e->nin != 1;
  MapAnswer a = map_through(&l->arena, l->g, e, &in, &out);
  if (a != MAP_YES) return a == MAP_NO;
  l->var[e->out[0]] = (Var){.kind = l->var[in.root].kind == VAR_IOTA ? VAR_IOTA : VAR_VIEW, .map = out, .eqn = eqn, .cluster = 0};
  return *done = true;
}

static bool lower_eqn(Lowering *l, uint32_t i) {
  const CxEqn *e = &l->g->eqns.v[i];
  bool done;
  if (!lower_view(l, i, &done) || done) return done;
  if (e->op == CX_OP_SCAN) return lower_scan(l, i);
  if (e->op == CX_OP_WHILE) return lower_while(l, i);
  if (e->op == CX_OP_COND) return lower_cond(l, i);
  if (e->op == CX_OP_DYNAMIC_SLICE) return lower_dynamic_slice(l, i);
  if (e->op == CX_OP_DYNAMIC_UPDATE_SLICE) return lower_update_slice(l, i);
  if (e->op == CX_OP_SCATTER || e->op == CX_OP_SCATTER_ADD) return lower_scatter(l, i);
  if (e->op == CX_OP_DOT_GENERAL) return lower_dot(l, i);
  if (!lower_can_fuse(l->g, e)) return lower_call(l, i);
  return reduce_is_fold(e->op) ? lower_reduce(l, i) : lower_elementwise(l, i);
}

/* ---- the whole ---- */

static void live_eqns(const CxGraph *g, bool *live, bool *used) {
  for (uint32_t i = 0; i < g->out.n; i++) used[g->out.v[i]] = true;
  for (uint32_t i = g->eqns.n; i-- > 0;) {
    const CxEqn *e = &g->eqns.v[i];
    live[i] = eqn_has_effect(e);
    for (uint32_t k = 0; k < e->nout; k++) live[i] |= used[e->out[k]];
    for (uint32_t k = 0; live[i] && k < e->nin; k++) used[e->in[k]] = true;
  }
}

static void define_constants(Lowering *l) {
  for (uint32_t i = 0; i < l->g->consts.n; i++) {
    CxConst c = l->g->consts.v[i];
    l->var[c.var].kind = VAR_MEMORY;
    if (is_scalar_const(c.value->type)) l->var[c.var].literal = c.value->array.data;
  }
}

static bool lower_eqns(Lowering *l, const bool *live) {
  cluster_new(l, (Cluster){.call = true}); /* position 0: what is there before */
  define_constants(l);
  for (uint32_t i = 0; !l->failed && i < l->g->eqns.n; i++) {
    if (live[i] && !lower_eqn(l, i)) return false;
    if (l->impossible && l->depth > 0) return true;
  }
  return !l->failed;
}

static bool lower_decide(Lowering *l) {
  l->var = cx_calloc(l->g->types.n, sizeof *l->var);
  bool *live = cx_calloc((size_t)l->g->eqns.n + 1, 1), *used = cx_calloc(l->g->types.n, 1);
  bool ok = l->var && live && used;
  if (ok) {
    live_eqns(l->g, live, used);
    ok = lower_eqns(l, live);
  }
  cx_free(live);
  cx_free(used);
  return ok;
}

static void lowering_clear(Lowering *l) {
  for (uint32_t i = 0; i < l->clusters.n; i++) {
    vec_free(&l->clusters.v[i].members);
    regions_free(&l->clusters.v[i]);
  }
  vec_free(&l->clusters);
  arena_free(&l->arena);
  cx_free(l->var);
}

void lowering_free(Lowering *l) {
  if (!l) return;
  lowering_clear(l);
  cx_free(l);
}

enum { REGION_DEPTH = 4 };

Lowering *lower_region(Lowering *parent, const CxGraph *g) {
  if (parent->depth == REGION_DEPTH || g->has_effects) return NULL;
  for (uint32_t i = 1; i < g->types.n; i++)
    if (!lower_dtype(graph_type(g, i)->dtype) || graph_type(g, i)->size == 0) return NULL;
  Lowering *l = cx_calloc(1, sizeof *l);
  if (!l) return parent->failed = true, NULL;
  *l = (Lowering){.g = g, .out = parent->out, .depth = parent->depth + 1};
  bool ok = lower_decide(l);
  for (uint32_t i = 0; ok && i < g->out.n; i++) {
    CxVar root = l->var[g->out.v[i]].kind == VAR_VIEW ? l->var[g->out.v[i]].map.root : g->out.v[i];
    if (l->var[root].kind == VAR_MEMBER) l->var[root].stored = true;
    l->var[root].wanted_last = true;
  }
  if (!ok) parent->failed = true;
  if (ok && !l->impossible) return l;
  lowering_free(l);
  return NULL;
}

bool lower_graph(const CxGraph *g, Lowered *out) {
  Lowering l = {.g = g, .out = out};
  bool ok = lower_decide(&l);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = want(&l, g->out.v[i]);
  ok = ok && !l.failed && lower_emit(&l);
  lowering_clear(&l);
  return ok;
}

void lowered_free(Lowered *l) {
  for (uint32_t i = 0; i < l->steps.n; i++) loop_free(l->steps.v[i].loops);
  vec_free(&l->steps);
}
