/* Graphs: building, equality, hash, dead code, the cache of derived graphs. See graph.h. */
#include "ir/graph.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/thread.h"
#include "ir/node.h"

void (*graph_host_retain)(const void *);
void (*graph_host_release)(const void *);
void (*graph_plan_free)(void *);
void (*graph_executable_free)(void *);

static void graph_drop(CxRef *ref) {
  CxGraph *g = (CxGraph *)ref;
  for (uint32_t i = 0; i < g->eqns.n; i++) attrs_release(cx_ops[g->eqns.v[i].op], g->eqns.v[i].attrs);
  for (uint32_t i = 0; i < g->consts.n; i++) cx_release(g->consts.v[i].value);
  for (uint32_t i = 0; i < g->hosts.n; i++) graph_host_release(g->hosts.v[i]);
  for (CxDerived *d = g->derived, *next; d; d = next) {
    next = d->next;
    ref_release(d->result);
    cx_free(d->data);
    cx_free(d);
  }
  if (g->plan) graph_plan_free(g->plan);
  if (g->executable) graph_executable_free(g->executable);
  vec_free(&g->types);
  vec_free(&g->eqns);
  vec_free(&g->in);
  vec_free(&g->out);
  vec_free(&g->consts);
  vec_free(&g->hosts);
  arena_free(&g->arena);
  cx_free(g);
}

CxGraph *graph_new(const char *name) {
  CxGraph *g = cx_calloc(1, sizeof *g);
  if (!g) return NULL;
  ref_init(&g->ref, graph_drop);
  g->name = name ? arena_string(&g->arena, name) : NULL;
  if (!vec_push(&g->types, NULL)) return ref_release(g), NULL;
  return g;
}

CxVar graph_var(CxGraph *g, const CxType *type) {
  if (!type || !vec_push(&g->types, type)) return 0;
  return g->types.n - 1;
}

CxVar graph_input(CxGraph *g, const CxType *type) {
  CxVar v = graph_var(g, type);
  return v && vec_push(&g->in, v) ? v : 0;
}

CxVar graph_const(CxGraph *g, CxVal value) {
  CxVar v = value ? graph_var(g, value->type) : 0;
  if (!v || !vec_push(&g->consts, ((CxConst){v, value}))) return 0;
  cx_retain(value);
  return v;
}

bool graph_output(CxGraph *g, CxVar v) { return vec_push(&g->out, v); }

static void graph_note_host(CxGraph *g, const void *host) {
  if (!host || !graph_host_retain) return;
  for (uint32_t i = g->hosts.n; i-- > 0 && g->hosts.n - i <= 4;)
    if (g->hosts.v[i] == host) return;
  if (vec_push(&g->hosts, host)) graph_host_retain(host);
}

bool eqn_has_effect(const CxEqn *e) {
  const CxOp *def = cx_ops[e->op];
  if (def->flags & CX_OP_EFFECT) return true;
  if (!(def->flags & CX_OP_REFS)) return false;
  for (const CxField *f = def->fields; f->name; f++) {
    const void *p = (const char *)e->attrs + f->offset;
    if (f->kind == CX_FIELD_GRAPH && *(CxGraph *const *)p && (*(CxGraph *const *)p)->has_effects) return true;
    if (f->kind == CX_FIELD_GRAPHS)
      for (int i = 0; i < ((const CxGraphs *)p)->n; i++)
        if (((const CxGraphs *)p)->v[i]->has_effects) return true;
  }
  return false;
}

bool graph_eqn(CxGraph *g, CxOpcode op, uint32_t nin, const CxVar *in, const void *attrs, uint32_t nout,
               const CxType *const *out_types, CxVar *out, CxWhere where) {
  const CxOp *def = cx_ops[op];
  CxVar *vars = arena_alloc(&g->arena, ((size_t)nin + nout) * sizeof *vars);
  TRY(vars && vec_reserve(&g->eqns, g->eqns.n + 1) && vec_reserve(&g->types, g->types.n + nout));
  const void *copy = attrs_copy(&g->arena, def, attrs);
  TRY(copy || !def->fields);
  if (nin) memcpy(vars, in, nin * sizeof *in);
  for (uint32_t i = 0; i < nout; i++) out[i] = vars[nin + i] = graph_var(g, out_types[i]);
  graph_note_host(g, where.host);
  g->eqns.v[g->eqns.n++] = (CxEqn){.op = op, .nin = nin, .nout = nout, .in = vars, .out = vars + nin, .attrs = copy, .where = where};
  if (eqn_has_effect(&g->eqns.v[g->eqns.n - 1])) g->has_effects = true;
  return true;
}

const CxType *graph_type(const CxGraph *g, CxVar v) { return v < g->types.n ? g->types.v[v] : NULL; }

CxVal graph_const_value(const CxGraph *g, CxVar v) {
  for (uint32_t i = 0; i < g->consts.n; i++)
    if (g->consts.v[i].var == v) return g->consts.v[i].value;
  return NULL;
}

/* ---- canonical numbering: variables are numbered in order of definition, so names do not matter ---- */

static uint32_t *graph_number(const CxGraph *g) {
  uint32_t *num = cx_calloc(g->types.n, sizeof *num), n = 0;
  if (!num) return NULL;
  for (uint32_t i = 0; i < g->consts.n; i++) num[g->consts.v[i].var] = ++n;
  for (uint32_t i = 0; i < g->in.n; i++) num[g->in.v[i]] = ++n;
  for (uint32_t e = 0; e < g->eqns.n; e++)
    for (uint32_t i = 0; i < g->eqns.v[e].nout; i++) num[g->eqns.v[e].out[i]] = ++n;
  return num;
}

static uint64_t const_hash(uint64_t h, CxVal v) {
  return hash_bytes(hash_mix(h, v->type->hash), v->array.data, type_bytes(v->type));
}

static uint64_t eqn_hash(const CxEqn *e, const uint32_t *num, const CxGraph *g, uint64_t h) {
  h = attrs_hash(cx_ops[e->op], e->attrs, hash_mix(h, (uint64_t)e->op << 32 | e->nin));
  for (uint32_t i = 0; i < e->nin; i++) h = hash_mix(h, num[e->in[i]]);
  for (uint32_t i = 0; i < e->nout; i++) h = hash_mix(h, g->types.v[e->out[i]] ? g->types.v[e->out[i]]->hash : 0);
  return h;
}

uint64_t graph_hash(const CxGraph *g) {
  uint64_t h = g->hash;
  if (h) return h;
  uint32_t *num = graph_number(g);
  if (!num) return 1;
  h = hash_mix(g->in.n, g->out.n);
  for (uint32_t i = 0; i < g->consts.n; i++) h = const_hash(h, g->consts.v[i].value);
  for (uint32_t i = 0; i < g->in.n; i++) h = hash_mix(h, graph_type(g, g->in.v[i])->hash);
  for (uint32_t e = 0; e < g->eqns.n; e++) h = eqn_hash(&g->eqns.v[e], num, g, h);
  for (uint32_t i = 0; i < g->out.n; i++) h = hash_mix(h, num[g->out.v[i]]);
  cx_free(num);
  ((CxGraph *)(uintptr_t)g)->hash = h ? h : 1;
  return h ? h : 1;
}

static bool eqn_equal(const CxEqn *a, const CxEqn *b, const uint32_t *na, const uint32_t *nb, const CxGraph *ga, const CxGraph *gb) {
  if (a->op != b->op || a->nin != b->nin || a->nout != b->nout || !attrs_equal(cx_ops[a->op], a->attrs, b->attrs)) return false;
  for (uint32_t i = 0; i < a->nin; i++)
    if (na[a->in[i]] != nb[b->in[i]]) return false;
  for (uint32_t i = 0; i < a->nout; i++)
    if (ga->types.v[a->out[i]] != gb->types.v[b->out[i]]) return false;
  return true;
}

static bool graph_equal_numbered(const CxGraph *a, const CxGraph *b, const uint32_t *na, const uint32_t *nb) {
  for (uint32_t i = 0; i < a->consts.n; i++) {
    CxVal x = a->consts.v[i].value, y = b->consts.v[i].value;
    if (x != y && (x->type != y->type || memcmp(x->array.data, y->array.data, type_bytes(x->type)))) return false;
  }
  for (uint32_t i = 0; i < a->in.n; i++)
    if (graph_type(a, a->in.v[i]) != graph_type(b, b->in.v[i])) return false;
  for (uint32_t i = 0; i < a->eqns.n; i++)
    if (!eqn_equal(&a->eqns.v[i], &b->eqns.v[i], na, nb, a, b)) return false;
  for (uint32_t i = 0; i < a->out.n; i++)
    if (na[a->out.v[i]] != nb[b->out.v[i]]) return false;
  return true;
}

static bool graph_compare(const CxGraph *a, const CxGraph *b) {
  if (!a || !b || a->in.n != b->in.n || a->out.n != b->out.n || a->eqns.n != b->eqns.n || a->consts.n != b->consts.n) return false;
  if (graph_hash(a) != graph_hash(b)) return false;
  uint32_t *na = graph_number(a), *nb = graph_number(b);
  bool same = na && nb && graph_equal_numbered(a, b, na, nb);
  cx_free(na);
  cx_free(nb);
  return same;
}

/* Regions may be shared many times over: pairs found equal within the outermost call are not compared again. */
enum { EQUAL_PAIRS = 256 };
typedef struct EqualPairs {
  struct {
    const CxGraph *a, *b;
  } seen[EQUAL_PAIRS];
} EqualPairs;
static CX_THREAD_LOCAL EqualPairs *equal_pairs; /* of the outermost comparison under way */

static bool graph_equal_seen(EqualPairs *p, const CxGraph *a, const CxGraph *b) {
  uint32_t at = (uint32_t)hash_mix((uintptr_t)a, (uintptr_t)b) % EQUAL_PAIRS;
  if (p->seen[at].a == a && p->seen[at].b == b) return true;
  bool same = graph_compare(a, b);
  if (same) p->seen[at].a = a, p->seen[at].b = b;
  return same;
}

bool graph_equal(const CxGraph *a, const CxGraph *b) {
  if (a == b) return true;
  if (equal_pairs) return graph_equal_seen(equal_pairs, a, b);
  EqualPairs pairs = {0};
  equal_pairs = &pairs;
  bool same = graph_equal_seen(&pairs, a, b);
  equal_pairs = NULL;
  return same;
}

/* ---- dead code ---- */

static bool eqn_is_live(const CxEqn *e, const bool *used) {
  if (eqn_has_effect(e)) return true;
  for (uint32_t i = 0; i < e->nout; i++)
    if (used[e->out[i]]) return true;
  return false;
}

void graph_dce(CxGraph *g) {
  bool *used = cx_calloc(g->types.n, sizeof *used), *live = cx_calloc(g->eqns.n + 1, sizeof *live);
  if (!used || !live) {
    cx_free(used);
    cx_free(live);
    return;
  }
  for (uint32_t i = 0; i < g->out.n; i++) used[g->out.v[i]] = true;
  for (uint32_t i = g->eqns.n; i-- > 0;) {
    CxEqn *e = &g->eqns.v[i];
    live[i] = eqn_is_live(e, used);
    for (uint32_t k = 0; live[i] && k < e->nin; k++) used[e->in[k]] = true;
  }
  uint32_t n = 0;
  g->has_effects = false;
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    if (!live[i]) {
      attrs_release(cx_ops[g->eqns.v[i].op], g->eqns.v[i].attrs);
      continue;
    }
    if (eqn_has_effect(&g->eqns.v[i])) g->has_effects = true;
    g->eqns.v[n++] = g->eqns.v[i];
  }
  g->eqns.n = n;
  n = 0;
  for (uint32_t i = 0; i < g->consts.n; i++) {
    if (used[g->consts.v[i].var]) g->consts.v[n++] = g->consts.v[i];
    else cx_release(g->consts.v[i].value);
  }
  g->consts.n = n;
  cx_free(used);
  cx_free(live);
}

/* ---- derived graphs: a lock-free list; two threads may build the same one, the first kept wins ---- */

static CxRef *derived_in(CxDerived *d, uint64_t kind, uint64_t h, const void *key, size_t bytes) {
  for (; d; d = d->next)
    if (d->key[0] == kind && d->key[1] == h && d->bytes == bytes && !memcmp(d->data, key, bytes)) return d->result;
  return NULL;
}

void *graph_derived_find(CxGraph *g, uint64_t kind, const void *key, size_t bytes) {
  return derived_in(g->derived, kind, hash_bytes(kind, key, bytes), key, bytes);
}

void *graph_derived_keep(CxGraph *g, uint64_t kind, const void *key, size_t bytes, void *result) {
  if (!result) return NULL;
  CxDerived *d = cx_calloc(1, sizeof *d);
  if (d) d->data = cx_malloc(bytes);
  if (!d || !d->data) return cx_free(d), ref_release(result), NULL;
  memcpy(d->data, key, bytes);
  d->key[0] = kind;
  d->key[1] = hash_bytes(kind, key, bytes);
  d->bytes = bytes;
  d->result = result;
  d->next = g->derived;
  while (!atomic_compare_exchange_weak(&g->derived, &d->next, d)) {}
  return result;
}
