/* A graph as JAX 0.10 prints a jaxpr: the same words, order of parameters, names of variables and line breaks.
 *
 * Regions that occur more than once, or have more than ten equations, come first as `let name = { … } in`. Variables are named a … z, ba …
 * in order of printing, over all regions together; a variable that nothing uses is `_`. Scalar literals stand where they are used. */
#include "ir/print.h"

#include "base/error.h"
#include "base/hash.h"
#include "ir/doc.h"
#include "ir/node.h"
#include "ir/scalar.h"
#include "ir/verify.h"
#include <cuirax/custom.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- where JAX's parameters differ from the attributes ---- */

enum {
  HIDE_NONE = 1,    /* parameters that are None */
  HIDE_EMPTY = 2,   /* empty tuples */
  HIDE_ZERO = 4,    /* zero and False */
  NAME_FIRST = 8,   /* name= leads */
  SAME_NAMES = 16,  /* the region's operands and results take the names of the equation's */
  NAME_OF_CALL = 32, /* name= is that of the region call_jaxpr */
  SCATTERS = 64     /* update_jaxpr: the combining op on two scalars */
};

typedef struct JaxRule {
  CxOpcode op;
  int flags;
  const char *hidden; /* names, each followed by a space */
  const char *added;  /* name=value, each followed by a space */
  const char *renamed; /* attribute=parameter, each followed by a space; or NULL */
} JaxRule;

static const JaxRule jax_rules[] = {
    {CX_OP_JIT, NAME_FIRST | SAME_NAMES | HIDE_NONE | HIDE_EMPTY | HIDE_ZERO, "inline ", "", NULL},
    {CX_OP_CUSTOM_JVP_CALL, NAME_FIRST | NAME_OF_CALL, "num_consts ", "", "jvp_jaxpr_fun=jvp "},
    {CX_OP_CUSTOM_VJP_CALL, NAME_FIRST | NAME_OF_CALL, "num_consts out_trees ", "", "fwd_jaxpr_thunk=fwd "},
    {CX_OP_REMAT, 0, "keep names ", "", NULL},
    {CX_OP_SCAN, 0, "_split_transpose linear ", "", NULL},
    {CX_OP_CUSTOM_LIN, 0, "out_avals ", "", NULL},
    {CX_OP_BROADCAST_IN_DIM, HIDE_EMPTY, "shape sharding ", "", NULL},
    {CX_OP_CONVERT_ELEMENT_TYPE, 0, "sharding ", "", NULL},
    {CX_OP_DOT_GENERAL, HIDE_NONE, "out_sharding ", "", NULL},
    {CX_OP_CONV_GENERAL_DILATED, 0, "", "out_sharding=None ", NULL},
    {CX_OP_MUL, HIDE_NONE, "", "", NULL},
    {CX_OP_RESHAPE, 0, "", "dimensions=None sharding=None ", NULL},
    {CX_OP_IOTA, 0, "", "sharding=None ", NULL},
    {CX_OP_REDUCE_SUM, 0, "", "out_sharding=None ", NULL},
    {CX_OP_RNG_BIT_GENERATOR, 0, "", "out_sharding=None ", NULL},
    {CX_OP_REDUCE_WINDOW, 0, "", "consts=() ", NULL},
    {CX_OP_SCATTER, 0, "", "update_consts=() update_jaxpr=None ", NULL},
    {CX_OP_SCATTER_ADD, SCATTERS, "", "update_consts=() ", NULL},
    {CX_OP_SCATTER_SUB, SCATTERS, "", "update_consts=() ", NULL},
    {CX_OP_SCATTER_MUL, SCATTERS, "", "update_consts=() ", NULL},
    {CX_OP_SCATTER_MIN, SCATTERS, "", "update_consts=() ", NULL},
    {CX_OP_SCATTER_MAX, SCATTERS, "", "update_consts=() ", NULL},
    {CX_OP_PSUM, 0, "", "axis_index_groups=None ", NULL},
    {CX_OP_PMAX, 0, "", "axis_index_groups=None ", NULL},
    {CX_OP_PMIN, 0, "", "axis_index_groups=None ", NULL},
    {CX_OP_ALL_GATHER, 0, "", "axis_index_groups=None ", NULL},
    {CX_OP_ALL_TO_ALL, 0, "", "axis_index_groups=None ", NULL},
    {CX_OP_PURE_CALLBACK, 0, "", "sharding=None ", NULL},
    {CX_OP_IO_CALLBACK, 0, "", "sharding=None ", NULL},
};

static const JaxRule *jax_rule(CxOpcode op) {
  static const JaxRule plain = {CX_OP_NONE, 0, "", "", NULL};
  for (size_t i = 0; i < sizeof jax_rules / sizeof *jax_rules; i++)
    if (jax_rules[i].op == op) return &jax_rules[i];
  return &plain;
}

/* ---- the regions ---- */

enum { NAME_NEW = -1, NAME_DROPPED = -2, NAME_LITERAL = -3 /* - index of the constant */ };

typedef struct Region {
  const CxGraph *graph;
  uint32_t uses;
  const char *name;  /* of the equation that calls it first, or NULL */
  char *shared;      /* set: printed first under this name; owned */
  int64_t *names;    /* by variable */
} Region;

typedef struct Printer {
  CxDoc doc;
  VEC(Region) regions; /* in order of discovery, breadth first; 0 is the outermost */
  uint32_t *table, table_cap; /* hash of graph -> index + 1 */
  VEC(int64_t) taken;  /* numbers of the variable names that shared regions have, ascending */
  uint32_t taken_at;
  int64_t fresh;
  bool types;
  int depth;
} Printer;

static uint32_t *table_slot(const Printer *p, const CxGraph *g) {
  uint32_t at = (uint32_t)hash_mix((uintptr_t)g, 9) & (p->table_cap - 1);
  while (p->table[at] && p->regions.v[p->table[at] - 1].graph != g) at = (at + 1) & (p->table_cap - 1);
  return &p->table[at];
}

static bool table_grow(Printer *p) {
  uint32_t cap = p->table_cap ? p->table_cap * 2 : 16;
  uint32_t *fresh = cx_calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  cx_free(p->table);
  p->table = fresh;
  p->table_cap = cap;
  for (uint32_t i = 0; i < p->regions.n; i++) *table_slot(p, p->regions.v[i].graph) = i + 1;
  return true;
}

static Region *region_of(const Printer *p, const CxGraph *g) { return &p->regions.v[*table_slot(p, g) - 1]; }

static int64_t *names_new(const CxGraph *g) {
  int64_t *names = cx_malloc((size_t)g->types.n * sizeof *names);
  if (!names) return NULL;
  for (uint32_t i = 0; i < g->types.n; i++) names[i] = NAME_NEW;
  names[0] = NAME_DROPPED;
  for (uint32_t i = 0; i < g->consts.n; i++)
    if (g->consts.v[i].value->literal && g->consts.v[i].value->type->rank == 0) names[g->consts.v[i].var] = NAME_LITERAL - (int64_t)i;
  return names;
}

/* The index of a region, found or made. */
static bool region_index(Printer *p, const CxGraph *g, const char *name, uint32_t *index) {
  if (p->regions.n * 2 >= p->table_cap) TRY(table_grow(p));
  uint32_t *slot = table_slot(p, g);
  if (!*slot) {
    int64_t *names = names_new(g);
    if (!names) return false;
    if (!vec_push(&p->regions, ((Region){.graph = g, .names = names}))) return cx_free(names), false;
    *slot = p->regions.n;
  }
  *index = *slot - 1;
  if (!p->regions.v[*index].name) p->regions.v[*index].name = name;
  return true;
}

static const CxField *field_named(const CxOp *def, const char *name) {
  for (const CxField *f = def->fields; f && f->name; f++)
    if (!strcmp(f->name, name)) return f;
  return NULL;
}

static const char *eqn_name(const CxEqn *e) {
  const CxField *f = field_named(cx_ops[e->op], "name");
  if (!f || f->kind != CX_FIELD_STR || jax_rule(e->op)->flags & NAME_OF_CALL) return NULL;
  return *(const char *const *)((const char *)e->attrs + f->offset);
}

typedef VEC(uint32_t) Queue;

static bool enqueue(Printer *p, Queue *q, const CxGraph *g, const char *name) {
  uint32_t i;
  if (!g) return true;
  return region_index(p, g, name, &i) && vec_push(q, i);
}

static bool enqueue_regions(Printer *p, Queue *q, const CxGraph *g) {
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    const CxOp *def = cx_ops[e->op];
    if (!(def->flags & CX_OP_REFS)) continue;
    const char *name = eqn_name(e);
    for (const CxField *f = def->fields; f->name; f++) {
      const void *at = (const char *)e->attrs + f->offset;
      if (f->kind == CX_FIELD_GRAPH) TRY(enqueue(p, q, *(CxGraph *const *)at, name));
      if (f->kind == CX_FIELD_GRAPHS)
        for (int k = 0; k < ((const CxGraphs *)at)->n; k++) TRY(enqueue(p, q, ((const CxGraphs *)at)->v[k], name));
    }
  }
  return true;
}

/* Counts how often each region would be printed; twice is as good as more, so each is walked at most twice. */
static bool count_regions(Printer *p, const CxGraph *g) {
  Queue q = {0};
  bool ok = enqueue(p, &q, g, NULL);
  for (uint32_t head = 0; ok && head < q.n; head++) {
    Region *r = &p->regions.v[q.v[head]];
    bool again = r->uses >= 2 && r->graph->eqns.n <= 10;
    again |= r->uses >= 4;
    r->uses += r->graph != g && r->graph->eqns.n > 10 ? 2 : 1;
    if (!again) ok = enqueue_regions(p, &q, r->graph);
  }
  vec_free(&q);
  return ok;
}

/* ---- names ---- */

static void add_name(CxText *t, int64_t n) { /* a … z, ba, bb … */
  char buf[24], *s = buf + sizeof buf;
  *--s = 0;
  do *--s = (char)('a' + n % 26);
  while ((n /= 26) > 0);
  text_add(t, s);
}

/* The number of the variable that would be called s; -1: none. */
static int64_t name_number(const char *s) {
  int64_t n = 0;
  if (!*s || strlen(s) > 12 || (s[0] == 'a' && s[1])) return -1;
  for (; *s; s++) {
    if (*s < 'a' || *s > 'z') return -1;
    n = n * 26 + (*s - 'a');
  }
  return n;
}

static int64_t name_fresh(Printer *p) {
  while (p->taken_at < p->taken.n && p->taken.v[p->taken_at] <= p->fresh)
    if (p->taken.v[p->taken_at++] == p->fresh) p->fresh++;
  return p->fresh++;
}

static int64_t name_of(Printer *p, Region *r, CxVar v) {
  if (r->names[v] == NAME_NEW) r->names[v] = name_fresh(p);
  return r->names[v];
}

static int number_order(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

typedef struct NameCount {
  const char *name; /* in the arena */
  uint32_t n;
} NameCount;
typedef VEC(NameCount) NameCounts;

static NameCount *name_count(NameCounts *counts, const char *name) {
  for (uint32_t i = 0; i < counts->n; i++)
    if (!strcmp(counts->v[i].name, name)) return &counts->v[i];
  return vec_push(counts, ((NameCount){name, 0})) ? &counts->v[counts->n - 1] : NULL;
}

static char *region_base_name(CxArena *arena, const Region *r) { /* <lambda> gives lambda */
  char *s = arena_string(arena, r->name ? r->name : "jaxpr");
  if (!s) return NULL;
  s += strspn(s, "<>");
  for (size_t n = strlen(s); n && strchr("<>", s[n - 1]); n--) s[n - 1] = 0;
  return s;
}

static bool name_shared_with(Printer *p, NameCounts *counts, CxArena *arena) {
  for (uint32_t i = 0; i < p->regions.n; i++) {
    Region *r = &p->regions.v[i];
    if (r->uses < 2) continue;
    const char *base = region_base_name(arena, r);
    NameCount *c = base ? name_count(counts, base) : NULL;
    if (!c) return false;
    CxText t = {0};
    text_add(&t, base);
    if (c->n) {
      text_addf(&t, "%u", c->n);
      c->n++;
      char *numbered = t.s ? arena_string(arena, t.s) : NULL;
      c = numbered ? name_count(counts, numbered) : NULL;
    }
    if (c) c->n++;
    r->shared = t.s;
    if (!c || cx_failed()) return false;
    int64_t number = name_number(t.s);
    TRY(number < 0 || vec_push(&p->taken, number));
  }
  if (p->taken.n) qsort(p->taken.v, p->taken.n, sizeof *p->taken.v, number_order);
  return true;
}

static bool name_shared(Printer *p) {
  NameCounts counts = {0};
  CxArena arena = {0};
  bool ok = name_shared_with(p, &counts, &arena);
  vec_free(&counts);
  arena_free(&arena);
  return ok;
}

/* Results of the outermost graph that nothing uses are dropped. */
static bool name_dropped(Region *r) {
  const CxGraph *g = r->graph;
  bool *used = cx_calloc(g->types.n, sizeof *used);
  if (!used) return false;
  for (uint32_t i = 0; i < g->out.n; i++) used[g->out.v[i]] = true;
  for (uint32_t i = 0; i < g->eqns.n; i++)
    for (uint32_t k = 0; k < g->eqns.v[i].nin; k++) used[g->eqns.v[i].in[k]] = true;
  for (uint32_t i = 0; i < g->eqns.n; i++)
    for (uint32_t k = 0; k < g->eqns.v[i].nout; k++)
      if (!used[g->eqns.v[i].out[k]]) r->names[g->eqns.v[i].out[k]] = NAME_DROPPED;
  cx_free(used);
  return true;
}

/* Variables of a region take the names of the variables outside that they stand for, each name once. */
static void name_alike(Printer *p, Region *inner, const CxVar *in, uint32_t n_in, Region *outer, const CxVar *like, uint32_t n) {
  bool *used = n_in == n ? cx_calloc(outer->graph->types.n, sizeof *used) : NULL;
  for (uint32_t i = 0; used && i < n; i++) {
    if (inner->names[in[i]] != NAME_NEW || outer->names[like[i]] <= NAME_LITERAL || used[like[i]]) continue;
    used[like[i]] = like[i] != 0;
    inner->names[in[i]] = name_of(p, outer, like[i]);
  }
  cx_free(used);
}

/* ---- variables ---- */

static void put_literal(Printer *p, CxVal v) {
  char type[64];
  text_add_scalar(&p->doc.chars, v->type->dtype, v->array.data);
  if (p->types) text_addf(&p->doc.chars, ":%s", cx_type_text(v->type, type, sizeof type));
}

static void put_var(Printer *p, Region *r, CxVar v, bool with_type) {
  size_t begin = doc_text_begin(&p->doc);
  int64_t name = name_of(p, r, v);
  if (name <= NAME_LITERAL) put_literal(p, r->graph->consts.v[NAME_LITERAL - name].value);
  else if (name == NAME_DROPPED) text_add(&p->doc.chars, "_");
  else add_name(&p->doc.chars, name);
  if (with_type && p->types) {
    char type[1024];
    const CxType *t = r->graph->types.v[v];
    text_addf(&p->doc.chars, ":%s", !t ? "?" : t->dtype == CX_TOKEN ? "Tok" : cx_type_text(t, type, sizeof type));
  }
  doc_text_end(&p->doc, begin);
}

static void put_gap(Printer *p, const char *separator) { /* a break of its own */
  doc_text(&p->doc, separator);
  doc_group(&p->doc);
  doc_break(&p->doc, " ");
  doc_close(&p->doc);
}

static void put_vars(Printer *p, Region *r, const CxVar *v, uint32_t n, const char *separator, bool with_types) {
  doc_nest(&p->doc, 2);
  doc_group(&p->doc);
  for (uint32_t i = 0; i < n; i++) {
    if (i) put_gap(p, separator);
    put_var(p, r, v[i], with_types);
  }
  doc_close(&p->doc);
  doc_close(&p->doc);
}

/* ---- parameters ---- */

typedef struct Param {
  const char *name;
  size_t name_n;
  const CxField *field; /* or: */
  const char *text;
  size_t text_n;
} Param;
typedef VEC(Param) Params;

static void put_graph(Printer *p, Region *r);

static void add_ints(CxText *t, const CxInts *x, const char *open, const char *close) {
  if (x->none) {
    text_add(t, "None");
    return;
  }
  text_add(t, open);
  for (int i = 0; i < x->n; i++) text_addf(t, "%s%" PRId64, i ? ", " : "", x->v[i]);
  if (x->n == 1 && *open == '(') text_add(t, ",");
  text_add(t, close);
}

static void add_groups(CxText *t, const CxInts *x, int group) {
  text_add(t, "(");
  for (int i = 0; i < x->n; i += group) {
    if (i) text_add(t, ", ");
    add_ints(t, &(CxInts){.v = x->v + i, .n = group}, "(", ")");
  }
  text_add(t, x->n == group ? ",)" : ")");
}

static void add_dims(CxText *t, const CxField *f, const CxInts *x) {
  if (!*f->names[0]) { /* (([1], [0]), ([], [])) */
    text_add(t, "(");
    for (int i = 0; i < f->group; i++) {
      text_add(t, i == 0 ? "(" : i % 2 ? ", " : "), (");
      add_ints(t, &x[i], "[", "]");
    }
    text_add(t, "))");
    return;
  }
  text_addf(t, "%s(", f->names[0]);
  for (int i = 0; i < f->group; i++) {
    text_addf(t, "%s%s=", i ? ", " : "", f->names[i + 1]);
    add_ints(t, &x[i], "(", ")");
  }
  text_add(t, ")");
}

static void add_number(CxText *t, const CxNumber *x) {
  double parts[2] = {x->re, x->im};
  unsigned char truth = (unsigned char)(x->i != 0);
  switch (x->kind) {
    case 'b': text_add_scalar(t, CX_BOOL, &truth); return;
    case 'i': text_add_scalar(t, CX_I64, &x->i); return;
    case 'u': text_add_scalar(t, CX_U64, &x->i); return;
    case 'f': text_add_double(t, x->re); return;
    case 'c': text_add_scalar(t, CX_C128, parts); return;
    default: text_add(t, "None");
  }
}

static void add_strs(CxText *t, const CxStrs *x) {
  text_add(t, "(");
  for (int i = 0; i < x->n; i++) text_addf(t, "%s'%s'", i ? ", " : "", x->v[i]);
  text_add(t, x->n == 1 ? ",)" : ")");
}

static void add_types(CxText *t, const CxTypes *x) {
  text_add(t, "(");
  for (int i = 0; i < x->n; i++) {
    text_addf(t, "%sShapedArray(%s[", i ? ", " : "", cx_dtype_name(x->v[i]->dtype));
    for (int k = 0; k < x->v[i]->rank; k++) text_addf(t, "%s%" PRId64, k ? "," : "", x->v[i]->dims[k]);
    text_add(t, x->v[i]->weak ? "], weak_type=True)" : "])");
  }
  text_add(t, x->n == 1 ? ",)" : ")");
}

static void add_value(CxText *t, const CxField *f, const void *at) {
  switch (f->kind) {
    case CX_FIELD_INT: text_addf(t, "%" PRId64, *(const int64_t *)at); return;
    case CX_FIELD_BOOL: text_add(t, *(const bool *)at ? "True" : "False"); return;
    case CX_FIELD_FLOAT: text_add_double(t, *(const double *)at); return;
    case CX_FIELD_DTYPE: text_add(t, *(const CxDtype *)at ? cx_dtype_name(*(const CxDtype *)at) : "None"); return;
    case CX_FIELD_ENUM: text_add(t, f->names[*(const int32_t *)at]); return;
    case CX_FIELD_INTS:
      if (f->group > 1 && !((const CxInts *)at)->none) add_groups(t, at, f->group);
      else add_ints(t, at, "(", ")");
      return;
    case CX_FIELD_DIMS: add_dims(t, f, at); return;
    case CX_FIELD_STR: text_add(t, *(const char *const *)at ? *(const char *const *)at : "None"); return;
    case CX_FIELD_STRS: add_strs(t, at); return;
    case CX_FIELD_NUMBER: add_number(t, at); return;
    case CX_FIELD_FN: text_add(t, *(CxFn *const *)at ? fn_name(*(CxFn *const *)at) : "None"); return;
    case CX_FIELD_TYPES: add_types(t, at); return;
    case CX_FIELD_END:
    case CX_FIELD_GRAPH:
    case CX_FIELD_GRAPHS: return;
  }
}

static void put_region(Printer *p, const CxGraph *g) {
  Region *r = g ? region_of(p, g) : NULL;
  if (!r) doc_text(&p->doc, "None");
  else if (r->shared) doc_text(&p->doc, r->shared);
  else put_graph(p, r);
}

static void put_regions(Printer *p, const CxGraphs *x) {
  doc_group(&p->doc);
  doc_nest(&p->doc, 2);
  doc_text(&p->doc, "(");
  doc_break(&p->doc, "");
  for (int i = 0; i < x->n; i++) {
    if (i) doc_break(&p->doc, " ");
    put_region(p, x->v[i]);
  }
  doc_close(&p->doc);
  doc_break(&p->doc, "");
  doc_text(&p->doc, ")");
  doc_close(&p->doc);
}

/* update_jaxpr={ lambda ; a:f32[] b:f32[]. let c:f32[] = add a b in (c,) } of a scatter */
static void put_update(Printer *p, const CxEqn *e, const CxType *t) {
  const char *combine = strchr(cx_ops[e->op]->name, '-') + 1, *type = cx_dtype_short(t->dtype);
  CxText a = {0}, b = {0}, c = {0};
  CxText *chars = &p->doc.chars;
  add_name(&a, name_fresh(p));
  add_name(&b, name_fresh(p));
  add_name(&c, name_fresh(p));
  doc_group(&p->doc);
  doc_nest(&p->doc, 2);
  size_t begin = doc_text_begin(&p->doc);
  text_addf(chars, "{ lambda ; %s:%s[] %s:%s[]. let", a.s, type, b.s, type);
  doc_text_end(&p->doc, begin);
  doc_nest(&p->doc, 2);
  doc_break(&p->doc, " ");
  begin = doc_text_begin(&p->doc);
  text_addf(chars, "%s:%s[] = %s %s %s", c.s, type, combine, a.s, b.s);
  doc_text_end(&p->doc, begin);
  doc_close(&p->doc);
  doc_break(&p->doc, " ");
  begin = doc_text_begin(&p->doc);
  text_addf(chars, "in (%s,)", c.s);
  doc_text_end(&p->doc, begin);
  doc_close(&p->doc);
  doc_text(&p->doc, " }");
  doc_close(&p->doc);
  text_free(&a);
  text_free(&b);
  text_free(&c);
}

static const void *attr_at(const CxEqn *e, const char *name) {
  const CxField *f = cx_ops[e->op]->fields;
  while (strcmp(f->name, name) != 0) f++;
  return (const char *)e->attrs + f->offset;
}

/* A policy of checkpoint as Python prints it; addresses are left out, as JAX does. */
static void add_policy(CxText *t, const CxEqn *e) {
  static const char *const texts[] = {
      "None", "<function everything_saveable at 0xXXXXXXXXXXXX>", "DotsSaveable(only_if_no_batch_dims=False)", "DotsSaveable(only_if_no_batch_dims=True)",
      "SaveOnlyTheseNames(saveable_names=frozenset(", "<function save_anything_except_these_names.<locals>.<lambda> at 0xXXXXXXXXXXXX>",
      "SaveAnyNamesButThese(names=frozenset(", "<function nothing_saveable at 0xXXXXXXXXXXXX>"};
  int32_t policy = *(const int32_t *)attr_at(e, "policy");
  const CxFn *keep = *(CxFn *const *)attr_at(e, "keep");
  const CxStrs *names = attr_at(e, "names");
  text_add(t, policy == CX_REMAT_BY_FUNCTION ? keep ? fn_name(keep) : "None" : texts[policy]);
  if (policy != CX_REMAT_ONLY_NAMES && policy != CX_REMAT_NAMED_EXCEPT_NAMES) return;
  for (int i = 0; i < names->n; i++) text_addf(t, "%s'%s'", i ? ", " : "{", names->v[i]);
  text_add(t, names->n ? "}))" : "))");
}

static void put_param(Printer *p, const Region *r, const CxEqn *e, const Param *x) {
  size_t begin = doc_text_begin(&p->doc);
  text_add_n(&p->doc.chars, x->name, x->name_n);
  text_add(&p->doc.chars, "=");
  const void *at = x->field ? (const char *)e->attrs + x->field->offset : NULL;
  CxFieldKind kind = x->field ? x->field->kind : CX_FIELD_END;
  if (!x->field && x->text) text_add_n(&p->doc.chars, x->text, x->text_n);
  if (e->op == CX_OP_REMAT && kind == CX_FIELD_ENUM) add_policy(&p->doc.chars, e);
  else if (x->field) add_value(&p->doc.chars, x->field, at);
  doc_text_end(&p->doc, begin);
  if (kind == CX_FIELD_GRAPH) put_region(p, *(CxGraph *const *)at);
  if (kind == CX_FIELD_GRAPHS) put_regions(p, at);
  if (!x->field && !x->text) put_update(p, e, r->graph->types.v[e->in[0]]);
}

static bool listed(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *s = list; (s = strstr(s, name)); s += n)
    if ((s == list || s[-1] == ' ') && s[n] == ' ') return true;
  return false;
}

static bool is_trivial(const CxField *f, const void *at, int flags) {
  switch (f->kind) {
    case CX_FIELD_INT: return flags & HIDE_ZERO && !*(const int64_t *)at;
    case CX_FIELD_BOOL: return flags & HIDE_ZERO && !*(const bool *)at;
    case CX_FIELD_DTYPE: return flags & HIDE_NONE && !*(const CxDtype *)at;
    case CX_FIELD_ENUM: return flags & HIDE_NONE && !strcmp(f->names[*(const int32_t *)at], "None");
    case CX_FIELD_STR: return flags & HIDE_NONE && !*(const char *const *)at;
    case CX_FIELD_INTS: {
      const CxInts *x = at;
      bool zero = true;
      for (int i = 0; i < x->n; i++) zero &= x->v[i] == 0;
      return x->none ? flags & HIDE_NONE : x->n ? zero && flags & HIDE_ZERO : flags & HIDE_EMPTY;
    }
    default: return false;
  }
}

static int param_order(const Param *a, const Param *b) {
  size_t n = a->name_n < b->name_n ? a->name_n : b->name_n;
  int c = memcmp(a->name, b->name, n);
  return c ? c : (a->name_n > b->name_n) - (a->name_n < b->name_n);
}

static bool params_insert(Params *list, Param x, uint32_t from) {
  TRY(vec_push(list, x));
  uint32_t i = list->n - 1;
  for (; i > from && param_order(&x, &list->v[i - 1]) < 0; i--) list->v[i] = list->v[i - 1];
  list->v[i] = x;
  return true;
}

static bool params_add_texts(Params *list, const CxOp *def, const char *texts, uint32_t from) {
  for (const char *s = texts; *s;) {
    const char *equals = strchr(s, '='), *end = strchr(equals, ' ');
    char name[40];
    snprintf(name, sizeof name, "%.*s", (int)(equals - s), s);
    if (!field_named(def, name))
      TRY(params_insert(list, (Param){s, (size_t)(equals - s), NULL, equals + 1, (size_t)(end - equals - 1)}, from));
    s = end + 1;
  }
  return true;
}

/* name= of custom_jvp_call and custom_vjp_call is that of the function */
static bool params_add_call_name(Params *list, const CxEqn *e) {
  const CxField *f = field_named(cx_ops[e->op], "call_jaxpr");
  const CxGraph *g = f && f->kind == CX_FIELD_GRAPH ? *(CxGraph *const *)((const char *)e->attrs + f->offset) : NULL;
  const char *name = g && g->name ? g->name : "None";
  return vec_push(list, ((Param){"name", 4, NULL, name, strlen(name)}));
}

/* The parameter that shows a field, with its name in JAX. */
static Param param_of_field(const JaxRule *rule, const CxField *f) {
  size_t n = strlen(f->name);
  for (const char *s = rule->renamed; s && *s; s = strchr(s, ' ') + 1)
    if (!strncmp(s, f->name, n) && s[n] == '=') return (Param){s + n + 1, strcspn(s + n + 1, " "), f, NULL, 0};
  return (Param){f->name, n, f, NULL, 0};
}

static bool params_collect(Params *list, const CxEqn *e) {
  const CxOp *def = cx_ops[e->op];
  const JaxRule *rule = jax_rule(e->op);
  const CxField *name = rule->flags & NAME_FIRST ? field_named(def, "name") : NULL;
  if (name) TRY(vec_push(list, ((Param){name->name, 4, name, NULL, 0})));
  else if (rule->flags & NAME_OF_CALL) TRY(params_add_call_name(list, e));
  uint32_t from = list->n;
  for (const CxField *f = def->fields; f && f->name; f++) {
    if (f == name || listed(rule->hidden, f->name) || is_trivial(f, (const char *)e->attrs + f->offset, rule->flags)) continue;
    TRY(params_insert(list, param_of_field(rule, f), from));
  }
  if (rule->flags & SCATTERS && !field_named(def, "update_jaxpr")) TRY(params_insert(list, (Param){"update_jaxpr", 12, NULL, NULL, 0}, from));
  return params_add_texts(list, def, rule->added, from);
}

static void put_params(Printer *p, const Region *r, const CxEqn *e) {
  Params list = {0};
  if (params_collect(&list, e) && list.n) {
    doc_group(&p->doc);
    doc_nest(&p->doc, 2);
    doc_text(&p->doc, "[");
    doc_break(&p->doc, "");
    for (uint32_t i = 0; i < list.n; i++) {
      if (i) doc_break(&p->doc, " ");
      put_param(p, r, e, &list.v[i]);
    }
    doc_close(&p->doc);
    doc_break(&p->doc, "");
    doc_text(&p->doc, "]");
    doc_close(&p->doc);
  }
  vec_free(&list);
}

/* ---- equations and graphs ---- */

static void put_eqn(Printer *p, Region *r, const CxEqn *e) {
  const CxField *f = jax_rule(e->op)->flags & SAME_NAMES ? field_named(cx_ops[e->op], "jaxpr") : NULL;
  Region *inner = f && f->kind == CX_FIELD_GRAPH ? region_of(p, *(CxGraph *const *)((const char *)e->attrs + f->offset)) : NULL;
  if (inner && !inner->shared) {
    name_alike(p, inner, inner->graph->in.v, inner->graph->in.n, r, e->in, e->nin);
    name_alike(p, inner, inner->graph->out.v, inner->graph->out.n, r, e->out, e->nout);
  }
  put_vars(p, r, e->out, e->nout, "", true);
  if (e->nout) doc_text(&p->doc, " = ");
  doc_text(&p->doc, cx_ops[e->op]->name);
  put_params(p, r, e);
  doc_text(&p->doc, " ");
  put_vars(p, r, e->in, e->nin, "", false);
}

static void put_constvars(Printer *p, Region *r) {
  const CxGraph *g = r->graph;
  bool first = true;
  doc_nest(&p->doc, 2);
  doc_group(&p->doc);
  for (uint32_t i = 0; i < g->consts.n; i++) {
    if (r->names[g->consts.v[i].var] <= NAME_LITERAL) continue;
    if (!first) put_gap(p, "");
    put_var(p, r, g->consts.v[i].var, true);
    first = false;
  }
  doc_close(&p->doc);
  doc_close(&p->doc);
}

static void put_graph(Printer *p, Region *r) {
  const CxGraph *g = r->graph;
  if (++p->depth > REGION_DEPTH_MAX) cx_fail(CX_ERR_VALUE, "the graph cannot be printed: its regions nest deeper than %d", REGION_DEPTH_MAX);
  if (cx_failed()) return;
  doc_group(&p->doc);
  doc_nest(&p->doc, 2);
  doc_text(&p->doc, "{ lambda ");
  put_constvars(p, r);
  doc_text(&p->doc, "; ");
  put_vars(p, r, g->in.v, g->in.n, "", true);
  doc_text(&p->doc, ". let");
  doc_nest(&p->doc, 2);
  doc_break(&p->doc, " ");
  for (uint32_t i = 0; i < g->eqns.n && !cx_failed(); i++) {
    if (i) doc_break(&p->doc, "; ");
    put_eqn(p, r, &g->eqns.v[i]);
  }
  doc_close(&p->doc);
  doc_break(&p->doc, " ");
  doc_text(&p->doc, "in (");
  put_vars(p, r, g->out.v, g->out.n, ",", false);
  doc_text(&p->doc, g->out.n == 1 ? ",)" : ")");
  doc_close(&p->doc);
  doc_text(&p->doc, " }");
  doc_close(&p->doc);
  p->depth--;
}

static void put_shared(Printer *p, Region *r) {
  doc_text(&p->doc, "let ");
  doc_text(&p->doc, r->shared);
  doc_text(&p->doc, " = ");
  put_graph(p, r);
  doc_text(&p->doc, " in");
  doc_break(&p->doc, " ");
}

static bool print_all(Printer *p, const CxGraph *g, CxText *to, int width) {
  TRY(count_regions(p, g) && name_shared(p) && name_dropped(&p->regions.v[0]));
  for (uint32_t i = 1; i < p->regions.n; i++)
    if (p->regions.v[i].shared) put_shared(p, &p->regions.v[i]);
  put_graph(p, &p->regions.v[0]);
  return !cx_failed() && doc_format(&p->doc, width, to);
}

bool graph_print_jax(const CxGraph *g, CxText *to, const CxJaxprStyle *style) {
  if (cx_failed()) return false;
  Printer p = {.types = !style || !style->no_types};
  bool ok = print_all(&p, g, to, style && style->width ? style->width : 80);
  for (uint32_t i = 0; i < p.regions.n; i++) {
    cx_free(p.regions.v[i].names);
    cx_free(p.regions.v[i].shared);
  }
  vec_free(&p.regions);
  vec_free(&p.taken);
  cx_free(p.table);
  doc_free(&p.doc);
  return ok;
}
