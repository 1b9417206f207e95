/* The exact text of a graph.
 *
 *   file   = "cuirax-graph" "1" { "@"N "=" graph } graph
 *   graph  = "graph" [string] "(" [var ":" type {"," var ":" type}] ")" "{" {const} {eqn} "return" "(" [var {"," var}] ")" "}"
 *   const  = ("const" | "literal") var ":" type "=" "{" {hex word} "}"        literal: JAX prints it where it is used
 *   eqn    = [result {"," result} "="] op ["[" {name "=" value} "]"] "(" [var {"," var}] ")" ["scope" string]
 *   result = var ":" type | "_"
 *   type   = dtype "[" [extent {"," extent}] "]" ["{weak}"]
 *   value  = integer | "true" | "false" | float | number | dtype | string | "none" | graph | "@"N | "<fn" string ">" | "(" [value {"," value}] ")"
 *   number = ("b" | "i" | "u") integer | "f" float | "c" float float          as Python gave it
 *
 * Regions that occur once stand where they are used; the others are defined first, each before its uses. "#" starts a comment. */
#include "ir/print.h"

#include "base/error.h"
#include "base/hash.h"
#include "ir/node.h"
#include "ir/scalar.h"
#include "ir/verify.h"
#include <inttypes.h>

typedef struct Seen {
  const CxGraph *graph;
  uint32_t uses;
  uint32_t id; /* 0: printed in place */
} Seen;

typedef struct Printer {
  CxText *to;
  Seen *seen; /* hash table */
  uint32_t n, cap;
  VEC(const CxGraph *) order; /* every graph after its regions */
  int indent;
} Printer;

/* ---- which regions are shared ---- */

static Seen *seen_slot(Seen *seen, uint32_t cap, const CxGraph *g) {
  uint32_t at = (uint32_t)hash_mix((uintptr_t)g, 5) & (cap - 1);
  while (seen[at].graph && seen[at].graph != g) at = (at + 1) & (cap - 1);
  return &seen[at];
}

static Seen *seen_get(Printer *p, const CxGraph *g) {
  if (p->n * 2 >= p->cap) {
    uint32_t cap = p->cap ? p->cap * 2 : 16;
    Seen *fresh = cx_calloc(cap, sizeof *fresh);
    if (!fresh) return NULL;
    for (uint32_t i = 0; i < p->cap; i++)
      if (p->seen[i].graph) *seen_slot(fresh, cap, p->seen[i].graph) = p->seen[i];
    cx_free(p->seen);
    p->seen = fresh;
    p->cap = cap;
  }
  Seen *s = seen_slot(p->seen, p->cap, g);
  if (!s->graph) s->graph = g, p->n++;
  return s;
}

static bool collect(Printer *p, const CxGraph *g, int depth) {
  FAIL_IF(depth > REGION_DEPTH_MAX, CX_ERR_VALUE, "the graph cannot be printed: its regions nest deeper than %d", REGION_DEPTH_MAX);
  Seen *s = seen_get(p, g);
  if (!s) return false;
  if (s->uses++) return true;
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxOp *def = cx_ops[g->eqns.v[i].op];
    if (!(def->flags & CX_OP_REFS)) continue;
    for (const CxField *f = def->fields; f->name; f++) {
      const void *at = (const char *)g->eqns.v[i].attrs + f->offset;
      if (f->kind == CX_FIELD_GRAPH && *(CxGraph *const *)at) TRY(collect(p, *(CxGraph *const *)at, depth + 1));
      if (f->kind == CX_FIELD_GRAPHS)
        for (int k = 0; k < ((const CxGraphs *)at)->n; k++) TRY(collect(p, ((const CxGraphs *)at)->v[k], depth + 1));
    }
  }
  return vec_push(&p->order, g);
}

/* ---- pieces ---- */

static void line(Printer *p) {
  text_add(p->to, "\n");
  for (int i = 0; i < p->indent; i++) text_add(p->to, "  ");
}

void text_add_quoted(CxText *t, const char *s) {
  text_add(t, "\"");
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\') text_addf(t, "\\%c", c);
    else if (c == '\n') text_add(t, "\\n");
    else if (c == '\t') text_add(t, "\\t");
    else if (c < 32 || c > 126) text_addf(t, "\\x%02x", c);
    else text_add_n(t, s, 1);
  }
  text_add(t, "\"");
}

static void add_type(CxText *to, const CxType *t) {
  text_addf(to, "%s[", cx_dtype_short(t->dtype));
  for (int i = 0; i < t->rank; i++) text_addf(to, "%s%" PRId64, i ? "," : "", t->dims[i]);
  text_add(to, t->weak ? "]{weak}" : "]");
}

static bool is_word(const char *s) {
  if (!*s || (*s >= '0' && *s <= '9') || *s == '.' || *s == '-') return false;
  for (; *s; s++)
    if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *s)) return false;
  return true;
}

/* Elements as hexadecimal words of their storage: complex numbers are two, keys one per 32 bits. */
static size_t word_bytes(CxDtype d) {
  if (d == CX_C64 || cx_dtype_kind(d) == 'k') return 4;
  return d == CX_C128 ? 8 : (size_t)cx_dtype_bytes(d);
}

static void add_elements(Printer *p, CxVal v) {
  size_t word = word_bytes(v->type->dtype), n = word ? type_bytes(v->type) / word : 0;
  text_add(p->to, "{");
  for (size_t i = 0; i < n; i++) {
    if (i && i % 16 == 0) line(p), text_add(p->to, "   ");
    uint64_t w = 0;
    for (size_t b = 0; b < word; b++) w |= (uint64_t)((unsigned char *)v->array.data)[i * word + b] << (8 * b);
    text_addf(p->to, "%s%0*" PRIx64, i % 16 ? " " : "", (int)word * 2, w);
  }
  text_add(p->to, "}");
}

static void add_comment(Printer *p, CxVal v) { /* small constants for the eye */
  if (v->type->size < 1 || v->type->size > 8 || !strchr("biufc", cx_dtype_kind(v->type->dtype))) return;
  text_add(p->to, "  #");
  for (int64_t i = 0; i < v->type->size; i++) {
    text_add(p->to, " ");
    text_add_scalar(p->to, v->type->dtype, v->array.data + i * cx_dtype_bytes(v->type->dtype));
  }
}

/* ---- attributes ---- */

static void print_graph(Printer *p, const CxGraph *g);

static void print_region(Printer *p, const CxGraph *g) {
  const Seen *s = g ? seen_slot(p->seen, p->cap, g) : NULL;
  if (!s) text_add(p->to, "none");
  else if (s->id) text_addf(p->to, "@%u", s->id);
  else print_graph(p, g);
}

static void print_ints(CxText *to, const CxInts *x) {
  if (x->none) {
    text_add(to, "none");
    return;
  }
  text_add(to, "(");
  for (int i = 0; i < x->n; i++) text_addf(to, "%s%" PRId64, i ? ", " : "", x->v[i]);
  text_add(to, ")");
}

static void print_float(CxText *to, double d) {
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  if (d == d || bits == 0x7ff8000000000000u) text_add_double(to, d);
  else text_addf(to, "nan{%016" PRIx64 "}", bits);
}

static void print_number(CxText *to, const CxNumber *x) {
  if (!x->kind) {
    text_add(to, "none");
    return;
  }
  text_addf(to, "%c ", x->kind);
  if (x->kind == 'u') text_addf(to, "%" PRIu64, (uint64_t)x->i);
  else if (x->kind == 'f' || x->kind == 'c') print_float(to, x->re);
  else text_addf(to, "%" PRId64, x->i);
  if (x->kind == 'c') text_add(to, " "), print_float(to, x->im);
}

static void print_string(CxText *to, const char *s) {
  if (s) text_add_quoted(to, s);
  else text_add(to, "none");
}

static void print_fn(CxText *to, const CxFn *f) {
  if (!f) {
    text_add(to, "none");
    return;
  }
  text_add(to, "<fn ");
  print_string(to, fn_name(f));
  text_add(to, ">");
}

static void print_list(Printer *p, const CxField *f, const void *at) {
  const CxStrs *s = at; /* all lists are a pointer and a length */
  text_add(p->to, "(");
  for (int i = 0; i < s->n; i++) {
    if (i) text_add(p->to, ", ");
    if (f->kind == CX_FIELD_STRS) text_add_quoted(p->to, s->v[i]);
    if (f->kind == CX_FIELD_TYPES) add_type(p->to, ((const CxTypes *)at)->v[i]);
    if (f->kind == CX_FIELD_GRAPHS) print_region(p, ((const CxGraphs *)at)->v[i]);
  }
  text_add(p->to, ")");
}

static void print_value(Printer *p, const CxField *f, const void *at) {
  CxText *to = p->to;
  switch (f->kind) {
    case CX_FIELD_END: return;
    case CX_FIELD_INT: text_addf(to, "%" PRId64, *(const int64_t *)at); return;
    case CX_FIELD_BOOL: text_add(to, *(const bool *)at ? "true" : "false"); return;
    case CX_FIELD_FLOAT: print_float(to, *(const double *)at); return;
    case CX_FIELD_DTYPE: text_add(to, cx_dtype_short(*(const CxDtype *)at)); return;
    case CX_FIELD_ENUM:
      if (is_word(f->names[*(const int32_t *)at])) text_add(to, f->names[*(const int32_t *)at]);
      else text_add_quoted(to, f->names[*(const int32_t *)at]);
      return;
    case CX_FIELD_INTS: print_ints(to, at); return;
    case CX_FIELD_DIMS:
      for (int i = 0; i < f->group; i++) {
        text_add(to, i ? ", " : "(");
        print_ints(to, (const CxInts *)at + i);
      }
      text_add(to, ")");
      return;
    case CX_FIELD_STR: print_string(to, *(const char *const *)at); return;
    case CX_FIELD_GRAPH: print_region(p, *(CxGraph *const *)at); return;
    case CX_FIELD_NUMBER: print_number(to, at); return;
    case CX_FIELD_FN: print_fn(to, *(CxFn *const *)at); return;
    case CX_FIELD_STRS:
    case CX_FIELD_GRAPHS:
    case CX_FIELD_TYPES: print_list(p, f, at); return;
  }
}

static void print_attrs(Printer *p, const CxEqn *e) {
  const CxField *f = cx_ops[e->op]->fields;
  if (!f || !f->name) return;
  text_add(p->to, " [");
  for (const char *gap = ""; f->name; f++, gap = " ") {
    text_addf(p->to, "%s%s=", gap, f->name);
    print_value(p, f, (const char *)e->attrs + f->offset);
  }
  text_add(p->to, "]");
}

/* ---- graphs ---- */

static void print_defs(Printer *p, const CxGraph *g, uint32_t n, const CxVar *vars, uint32_t *num, uint32_t *next) {
  for (uint32_t i = 0; i < n; i++) {
    if (i) text_add(p->to, ", ");
    if (!vars[i]) {
      text_add(p->to, "_");
      continue;
    }
    num[vars[i]] = (*next)++;
    text_addf(p->to, "%%%u: ", num[vars[i]]);
    add_type(p->to, g->types.v[vars[i]]);
  }
}

static void print_uses(Printer *p, uint32_t n, const CxVar *vars, const uint32_t *num) {
  text_add(p->to, "(");
  for (uint32_t i = 0; i < n; i++) text_addf(p->to, "%s%%%u", i ? ", " : "", num[vars[i]]);
  text_add(p->to, ")");
}

static void print_eqn(Printer *p, const CxGraph *g, const CxEqn *e, uint32_t *num, uint32_t *next) {
  line(p);
  print_defs(p, g, e->nout, e->out, num, next);
  text_addf(p->to, "%s%s", e->nout ? " = " : "", cx_ops[e->op]->name);
  print_attrs(p, e);
  print_uses(p, e->nin, e->in, num);
  if (!e->name_stack) return;
  text_add(p->to, " scope ");
  text_add_quoted(p->to, e->name_stack);
}

static void print_body(Printer *p, const CxGraph *g, uint32_t *num) {
  uint32_t next = 0;
  text_add(p->to, "graph ");
  if (g->name) text_add_quoted(p->to, g->name), text_add(p->to, " ");
  text_add(p->to, "(");
  print_defs(p, g, g->in.n, g->in.v, num, &next);
  text_add(p->to, ") {");
  p->indent++;
  for (uint32_t i = 0; i < g->consts.n; i++) {
    CxVal v = g->consts.v[i].value;
    line(p);
    text_add(p->to, v->literal ? "literal " : "const ");
    print_defs(p, g, 1, &g->consts.v[i].var, num, &next);
    text_add(p->to, " = ");
    add_elements(p, v);
    add_comment(p, v);
  }
  for (uint32_t i = 0; i < g->eqns.n; i++) print_eqn(p, g, &g->eqns.v[i], num, &next);
  line(p);
  text_add(p->to, "return ");
  print_uses(p, g->out.n, g->out.v, num);
  p->indent--;
  line(p);
  text_add(p->to, "}");
}

static void print_graph(Printer *p, const CxGraph *g) {
  uint32_t *num = cx_calloc(g->types.n + 1, sizeof *num);
  if (num) print_body(p, g, num);
  cx_free(num);
}

bool graph_print(const CxGraph *g, CxText *to) {
  Printer p = {.to = to};
  if (!cx_failed() && collect(&p, g, 0)) {
    text_add(to, "cuirax-graph 1\n");
    uint32_t id = 0;
    for (uint32_t i = 0; i < p.order.n && !cx_failed(); i++) {
      Seen *s = seen_slot(p.seen, p.cap, p.order.v[i]);
      if (s->uses < 2) continue;
      text_addf(to, "@%u = ", id + 1);
      print_graph(&p, s->graph);
      text_add(to, "\n");
      s->id = ++id;
    }
    print_graph(&p, g);
  }
  cx_free(p.seen);
  vec_free(&p.order);
  return !cx_failed();
}
