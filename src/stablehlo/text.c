/* Reads StableHLO text: "stablehlo.add"(%0, %1) : (…) -> … and the pretty form %2 = stablehlo.add %0, %1 : …, mixed as they come.
 *
 * Pretty forms differ by operation, but all are a list of items (operands, words, name = value, …) before a colon and types; so one loose
 * grammar takes the items, and a table says which attribute each name is. The types of operands are known from their definitions:
 * of the types after the colon only the results' are used, and operands' compared where both are written. */
#include "stablehlo/text_reader.h"

#include "base/error.h"
#include "base/hash.h"
#include <string.h>

/* ---- values by name ---- */

static uint32_t bucket_of(TextSpan name) { return (uint32_t)(hash_bytes(0, name.s, name.n) % NAME_BUCKETS); }

static bool define(TextReader *r, TextSpan name, HloId first, uint32_t n) {
  uint32_t b = bucket_of(name);
  TRY(vec_push(&r->names, ((TextName){name, first, n, r->buckets[b], b})));
  r->buckets[b] = r->names.n;
  return true;
}

static void forget_from(TextReader *r, uint32_t n) {
  while (r->names.n > n) {
    const TextName *last = &r->names.v[--r->names.n];
    r->buckets[last->bucket] = last->next;
  }
}

static const TextName *find_name(const TextReader *r, TextSpan name) {
  for (uint32_t i = r->buckets[bucket_of(name)]; i > r->scope; i = r->names.v[i - 1].next) {
    const TextName *t = &r->names.v[i - 1];
    if (t->name.n == name.n && !memcmp(t->name.s, name.s, name.n)) return t;
  }
  return NULL;
}

static bool new_value(TextReader *r, const HloType *type, HloId *id) {
  *id = r->module->types.n;
  return vec_push(&r->module->types, type);
}

static bool take_value_name(TextReader *r, TextSpan *name) {
  TRY(expect(r, "%"));
  *name = take_name(r);
  return name->n ? true : text_fail(r, "expected a name after '%%'");
}

static bool take_operand(TextReader *r, HloId *id) {
  TextSpan name;
  int64_t k = 0;
  TRY(take_value_name(r, &name));
  const TextName *t = find_name(r, name);
  if (!t) return text_fail(r, "the value %%%.*s is not defined here", name.n > 60 ? 60 : (int)name.n, name.s);
  if (r->at < r->end && *r->at == '#') {
    r->at++;
    TRY(take_int(r, &k));
  }
  if (k < 0 || k >= t->n) return text_fail(r, "the value %%%.*s has %u parts", name.n > 60 ? 60 : (int)name.n, name.s, t->n);
  *id = t->first + (HloId)k;
  return true;
}

/* ---- an operation being read ---- */

typedef VEC(HloId) IdVec;
typedef VEC(HloNamed) NamedVec;
typedef VEC(const HloType *) TypeVec;
typedef VEC(HloRegion) RegionVec;
typedef VEC(HloOp) OpVec;

typedef struct Draft {
  char *name;
  IdVec in, inits;      /* inits: of reduce, which stand between its operands */
  NamedVec attrs;
  TypeVec results;
  TypeVec in_types;     /* as written; empty if not */
  RegionVec regions;
  struct { TextSpan name; uint32_t n; } to[256];
  uint32_t nto, place;
  TextSpan words[4];    /* LT, SIGNED, … */
  uint32_t nwords;
} Draft;

static void draft_free(Draft *d) {
  vec_free(&d->in), vec_free(&d->inits), vec_free(&d->attrs), vec_free(&d->results), vec_free(&d->in_types), vec_free(&d->regions);
  cx_free(d);
}

static bool add_attr(Draft *d, const char *name, const HloAttr *value) { return value && vec_push(&d->attrs, ((HloNamed){name, value})); }

static bool add_dict(TextReader *r, Draft *d, const char *close) {
  HloNamed *named;
  uint32_t n;
  TRY(text_dict(r, close, &named, &n));
  for (uint32_t i = 0; i < n; i++) TRY(vec_push(&d->attrs, named[i]));
  return true;
}

static bool read_op(TextReader *r, OpVec *to);

/* ---- regions ---- */

/* Operations up to the closing brace, after the arguments. */
static bool read_body(TextReader *r, HloRegion *g) {
  OpVec ops = {0};
  bool ok = true;
  g->has_block = true;
  while (ok && !accept(r, "}")) ok = peek(r) ? read_op(r, &ops) : text_fail(r, "a region is not closed");
  g->nops = ops.n;
  g->ops = ok ? arena_copy(&r->module->arena, ops.n ? (const void *)ops.v : "", ops.n * sizeof *ops.v) : NULL;
  g->end = r->module->types.n;
  vec_free(&ops);
  return ok && (g->ops || !g->nops);
}

/* %a: type, %b: type) */
static bool read_args(TextReader *r, HloRegion *g) {
  if (accept(r, ")")) return true;
  do {
    TextSpan name;
    HloId id;
    TRY(take_value_name(r, &name) && expect(r, ":"));
    const HloType *t = text_type(r);
    TRY(t && new_value(r, t, &id) && define(r, name, id, 1));
    if (!g->nargs++) g->args = id;
    if (see(r, "{")) TRY(skip_balanced(r));
    TRY(skip_location(r));
  } while (accept(r, ","));
  return expect(r, ")");
}

/* { ^bb0(%a: type): ops } */
static bool read_region(TextReader *r, HloRegion *g) {
  uint32_t outer = r->names.n;
  *g = (HloRegion){.first = r->module->types.n};
  TRY(expect(r, "{") && text_deeper(r));
  if (accept(r, "^")) {
    take_name(r);
    if (accept(r, "(")) TRY(read_args(r, g));
    TRY(expect(r, ":"));
  }
  TRY(read_body(r, g));
  if (!g->nops && !g->nargs) g->has_block = false;
  forget_from(r, outer);
  r->depth--;
  return true;
}

static bool add_region(TextReader *r, Draft *d) {
  HloRegion g;
  return read_region(r, &g) && vec_push(&d->regions, g);
}

/* ---- types after the colon ---- */

static bool push_function(Draft *d, const HloType *t) {
  for (uint32_t i = 0; i < t->n; i++) TRY(vec_push(&d->in_types, t->of[i]));
  for (uint32_t i = 0; i < t->m; i++) TRY(vec_push(&d->results, t->of[t->n + i]));
  return true;
}

static uint32_t results_of(const Draft *d) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->nto; i++) n += d->to[i].n;
  return n;
}

static bool read_arrow_results(TextReader *r, Draft *d) { /* chlo: type -> type, type -> (type, …) */
  bool many = accept(r, "(");
  do {
    const HloType *t = text_type(r);
    TRY(t && vec_push(&d->results, t));
  } while (many && accept(r, ","));
  return !many || expect(r, ")");
}

/* (types) -> types; or one type for all; or the types of all results; the last of other lists is the result's */
static bool read_types(TextReader *r, Draft *d) {
  TypeVec list = {0};
  const HloType *t = NULL;
  bool ok = true;
  do ok = (t = text_type(r)) && vec_push(&list, t);
  while (ok && accept(r, ","));
  if (ok && list.n == 1 && t->kind == HLO_FUNCTION) ok = push_function(d, t);
  else if (ok && accept(r, "->")) ok = read_arrow_results(r, d);
  else if (ok) {
    uint32_t n = results_of(d);
    for (uint32_t i = 0; ok && i < n; i++) ok = vec_push(&d->results, list.n == n ? list.v[i] : t);
  }
  vec_free(&list);
  return ok;
}

static bool types_agree(TextReader *r, const Draft *d) {
  if (!d->in_types.n) return true;
  if (d->in_types.n != d->in.n) return text_fail(r, "%s has %u operands and types for %u", d->name, d->in.n, d->in_types.n);
  for (uint32_t i = 0; i < d->in.n; i++) {
    const HloType *is = r->module->types.v[d->in.v[i]], *said = d->in_types.v[i];
    if (is->kind != said->kind || is->tensor != said->tensor) return text_fail(r, "operand %u of %s does not have the type that is written", i, d->name);
  }
  return true;
}

/* ---- the generic form: (operands) <{properties}> ({regions}) {attributes} : type ---- */

static bool read_operands(TextReader *r, IdVec *to) {
  if (accept(r, ")")) return true;
  do {
    HloId id;
    TRY(take_operand(r, &id) && vec_push(to, id));
  } while (accept(r, ","));
  return expect(r, ")");
}

static bool read_generic(TextReader *r, Draft *d) {
  TRY(expect(r, "(") && read_operands(r, &d->in));
  if (see(r, "[")) return text_fail(r, "jumps between blocks are not part of StableHLO");
  if (accept(r, "<{")) TRY(add_dict(r, d, "}") && expect(r, ">"));
  if (accept(r, "(")) {
    do TRY(add_region(r, d));
    while (accept(r, ","));
    TRY(expect(r, ")"));
  }
  if (accept(r, "{")) TRY(add_dict(r, d, "}"));
  TRY(expect(r, ":"));
  return read_types(r, d);
}

/* ---- pretty forms ---- */

typedef struct Spelling { /* name = value in the pretty form of an operation */
  const char *op, *spelt, *attr, *second; /* second: of value x value */
} Spelling;
static const Spelling spellings[] = {
    {"all_gather", "all_gather_dim", "all_gather_dim", NULL},
    {"broadcast", "sizes", "broadcast_sizes", NULL},
    {"broadcast_in_dim", "dims", "broadcast_dimensions", NULL},
    {"concatenate", "dim", "dimension", NULL},
    {"dot_general", "batching_dims", "lhs_batching_dimensions", "rhs_batching_dimensions"},
    {"dot_general", "contracting_dims", "lhs_contracting_dimensions", "rhs_contracting_dimensions"},
    {"dynamic_broadcast_in_dim", "dims", "broadcast_dimensions", NULL},
    {"dynamic_iota", "dim", "iota_dimension", NULL},
    {"dynamic_slice", "sizes", "slice_sizes", NULL},
    {"fft", "length", "fft_length", NULL},
    {"get_dimension_size", "dim", "dimension", NULL},
    {"iota", "dim", "iota_dimension", NULL},
    {"map", "dims", "dimensions", NULL},
    {"pad", "high", "edge_padding_high", NULL},
    {"pad", "interior", "interior_padding", NULL},
    {"pad", "low", "edge_padding_low", NULL},
    {"reverse", "dims", "dimensions", NULL},
    {"rng", "distribution", "rng_distribution", NULL},
    {"rng_bit_generator", "algorithm", "rng_algorithm", NULL},
    {"set_dimension_size", "dim", "dimension", NULL},
    {"transpose", "dims", "permutation", NULL}};

static const Spelling *spelling_of(const char *op, const char *spelt) {
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
    if (!strcmp(spellings[i].op, op) && !strcmp(spellings[i].spelt, spelt)) return &spellings[i];
  return NULL;
}

/* A bare word is an enumerator: FFT, DEFAULT; also within lists. */
static const HloAttr *read_setting(TextReader *r) {
  if (see_word(r) && !see(r, "true") && !see(r, "false") && !see(r, "dense") && !see(r, "array")) {
    char *word = span_string(r, take_name(r));
    return word ? text_attr_string(r, HLO_ENUM, word) : NULL;
  }
  char c = peek(r);
  int64_t v;
  if (c == '-' || (c >= '0' && c <= '9')) return take_int(r, &v) ? text_attr_int(r, v) : NULL; /* the colon after it is the operation's */
  TextReader ahead = *r;
  if (!accept(&ahead, "[") || !see_word(&ahead) || see(&ahead, "true") || see(&ahead, "false")) return text_attr(r);
  const HloAttr *items[64];
  uint32_t n = 0;
  TRY(expect(r, "["));
  do {
    skip_space(r);
    char *word = n < 64 ? span_string(r, take_name(r)) : NULL;
    if (!word) return text_fail(r, "expected a list of enumerators"), NULL;
    TRY(items[n++] = text_attr_string(r, HLO_ENUM, word));
  } while (accept(r, ","));
  HloAttr *a = expect(r, "]") ? text_attr_new(r, HLO_ARRAY) : NULL;
  if (a) a->n = n, a->items = arena_copy(&r->module->arena, items, n * sizeof *items);
  return a && a->items ? a : NULL;
}

/* format = e8m23 */
static bool read_format(TextReader *r, Draft *d) {
  int64_t exponent, mantissa;
  TRY(expect(r, "e") && take_int(r, &exponent) && expect(r, "m") && take_int(r, &mantissa));
  return add_attr(d, "exponent_bits", text_attr_int(r, exponent)) && add_attr(d, "mantissa_bits", text_attr_int(r, mantissa));
}

/* window = {stride = [..], pad = [..], lhs_dilate = [..], rhs_dilate = [..], reverse = [..]} */
static bool read_window(TextReader *r, Draft *d) {
  static const char *const names[5][2] = {{"stride", "window_strides"}, {"pad", "padding"}, {"lhs_dilate", "lhs_dilation"}, {"rhs_dilate", "rhs_dilation"},
                                          {"reverse", "window_reversal"}};
  TRY(expect(r, "{"));
  if (accept(r, "}")) return true;
  do {
    int which = -1;
    for (int i = 0; i < 5 && which < 0; i++)
      if (accept_word(r, names[i][0])) which = i;
    if (which < 0) return text_fail(r, "expected stride, pad, lhs_dilate, rhs_dilate or reverse");
    TRY(expect(r, "=") && add_attr(d, names[which][1], text_attr(r)));
  } while (accept(r, ","));
  return expect(r, "}");
}

static bool flatten_pairs(TextReader *r, Draft *d) { /* padding = [[1, 2], [3, 4]] is a list of numbers */
  for (uint32_t i = 0; i < d->attrs.n; i++) {
    const HloAttr *a = d->attrs.v[i].value;
    if (strcmp(d->attrs.v[i].name, "padding") || a->kind != HLO_ARRAY) continue;
    const HloAttr **items = arena_alloc(&r->module->arena, (2 * (size_t)a->n + 1) * sizeof *items);
    HloAttr *flat = text_attr_new(r, HLO_ARRAY);
    if (!items || !flat) return false;
    for (uint32_t k = 0; k < a->n; k++) {
      if (a->items[k]->kind != HLO_ARRAY || a->items[k]->n != 2) return text_fail(r, "expected pairs of paddings");
      items[2 * k] = a->items[k]->items[0], items[2 * k + 1] = a->items[k]->items[1];
    }
    flat->items = items, flat->n = 2 * a->n;
    d->attrs.v[i].value = flat;
  }
  return true;
}

static bool read_named(TextReader *r, Draft *d, const char *name) {
  const Spelling *s = spelling_of(d->name, name);
  if (!strcmp(name, "format")) return read_format(r, d);
  if (!strcmp(name, "window")) return read_window(r, d) && flatten_pairs(r, d);
  if (!strcmp(name, "dim_numbers")) return add_attr(d, "dimension_numbers", text_conv_dims(r));
  if (!strcmp(name, "precision")) return add_attr(d, "precision_config", read_setting(r));
  if (!strcmp(name, "type") && !strcmp(d->name, "fft")) return add_attr(d, "fft_type", read_setting(r));
  if (!strcmp(name, "algorithm") && see(r, "<")) return skip_balanced(r); /* of a product: full precision here */
  TRY(add_attr(d, s ? s->attr : name, read_setting(r)));
  return !s || !s->second || (expect(r, "x") && add_attr(d, s->second, read_setting(r)));
}

/* [0:3, 1:7:2] */
static bool read_ranges(TextReader *r, Draft *d) {
  static const char *const names[3] = {"start_indices", "limit_indices", "strides"};
  VEC(const HloAttr *) lists[3] = {0};
  bool ok = true;
  TRY(expect(r, "["));
  while (ok && !accept(r, "]")) {
    int64_t v[3] = {0, 0, 1};
    ok = (!lists[0].n || expect(r, ",")) && take_int(r, &v[0]) && expect(r, ":") && take_int(r, &v[1]) && (!accept(r, ":") || take_int(r, &v[2]));
    for (int i = 0; ok && i < 3; i++) {
      const HloAttr *a = text_attr_int(r, v[i]);
      ok = a && vec_push(&lists[i], a);
    }
  }
  for (int i = 0; i < 3; i++) {
    HloAttr *a = ok ? text_attr_new(r, HLO_ARRAY) : NULL;
    if (a && lists[i].n) a->items = arena_copy(&r->module->arena, lists[i].v, lists[i].n * sizeof *lists[i].v);
    if (a) a->n = lists[i].n;
    ok = ok && a && (a->items || !a->n) && add_attr(d, names[i], a);
    vec_free(&lists[i]);
  }
  return ok;
}

/* (%a, %b), (%x init: %y), (%x, k = 3) */
static bool read_group(TextReader *r, Draft *d) {
  if (accept(r, ")")) return true;
  do {
    HloId id;
    skip_space(r);
    char *key = see(r, "%") ? NULL : span_string(r, take_name(r));
    if (key) TRY(expect(r, "=") && read_named(r, d, key));
    else TRY(take_operand(r, &id) && vec_push(&d->in, id));
    if (accept(r, "init:")) TRY(take_operand(r, &id) && vec_push(&d->inits, id));
  } while (accept(r, ","));
  return expect(r, ")");
}

static bool push_word(TextReader *r, Draft *d, TextSpan word) {
  if (d->nwords == 4) return text_fail(r, "too many words before the types");
  d->words[d->nwords++] = word;
  return true;
}

/* reducer(%a: t, %b: t) (%c: t, %d: t) { … }: accumulators first, then elements */
static bool read_reducer(TextReader *r, Draft *d) {
  HloRegion g = {.first = r->module->types.n};
  struct { TextSpan name; const HloType *type; } args[2][64];
  uint32_t n = 0, outer = r->names.n;
  for (; accept(r, "("); n++) {
    if (n == 64) return text_fail(r, "too many operands to reduce");
    for (int k = 0; k < 2; k++) {
      TRY((!k || expect(r, ",")) && take_value_name(r, &args[k][n].name) && expect(r, ":") && (args[k][n].type = text_type(r)));
      TRY(skip_location(r));
    }
    TRY(expect(r, ")"));
  }
  for (uint32_t i = 0; i < 2 * n; i++) {
    HloId id;
    TRY(new_value(r, args[i / n][i % n].type, &id) && define(r, args[i / n][i % n].name, id, 1));
    if (!i) g.args = id;
  }
  g.nargs = 2 * n;
  TRY(expect(r, "{") && text_deeper(r) && read_body(r, &g));
  r->depth--;
  forget_from(r, outer);
  return vec_push(&d->regions, g);
}

/* applies stablehlo.add: the region of that operation on scalars */
static bool build_applied(TextReader *r, Draft *d, const char *name) {
  HloModule *m = r->module;
  HloRegion g = {.has_block = true, .first = m->types.n, .nops = 2};
  uint32_t n = d->in.n;
  HloOp *ops = arena_alloc(&m->arena, 2 * sizeof *ops);
  HloId *in = arena_alloc(&m->arena, 3 * sizeof *in), id = 0;
  if (!ops || !in) return false;
  if (n != 1) return text_fail(r, "'applies' needs one operand and its initial value");
  const HloType *x = m->types.v[d->in.v[0]];
  const HloType *element = hlo_type(m, HLO_SCALAR, x->dtype, x->text), *t = element ? hlo_tensor(m, element, 0, NULL) : NULL;
  for (int i = 0; i < 3; i++) TRY(t && new_value(r, t, &id) && (in[i] = id, true));
  g.args = in[0], g.nargs = 2, g.end = id + 1, g.ops = ops;
  ops[0] = (HloOp){.name = name, .nin = 2, .nout = 1, .in = in, .out = in[2], .place = d->place};
  ops[1] = (HloOp){.name = "return", .nin = 1, .in = in + 2, .place = d->place};
  return vec_push(&d->regions, g);
}

static const char *plain_name(char *name) {
  if (!strncmp(name, "stablehlo.", 10)) return name + 10;
  return !strncmp(name, "func.", 5) ? name + 5 : name;
}

static bool read_word_item(TextReader *r, Draft *d) {
  skip_space(r);
  TextSpan word = take_name(r);
  char *name = span_string(r, word);
  TRY(name);
  if (!strcmp(name, "applies")) {
    skip_space(r);
    char *op = span_string(r, take_name(r));
    return op && build_applied(r, d, plain_name(op));
  }
  if (!strcmp(name, "across")) return true; /* across dimensions = […] */
  return accept(r, "=") ? read_named(r, d, name) : push_word(r, d, word);
}

static bool read_symbol_item(TextReader *r, Draft *d) {
  char *name;
  TRY(take_symbol(r, &name));
  return add_attr(d, !strcmp(d->name, "custom_call") ? "call_target_name" : "callee", text_attr_string(r, HLO_SYMBOL, name));
}

static bool read_string_item(TextReader *r, Draft *d) {
  char *s;
  size_t n;
  return take_quoted(r, &s, &n) && add_attr(d, "name", text_attr_string(r, HLO_STRING, s));
}

/* Items up to the colon before the types. */
static bool read_items(TextReader *r, Draft *d) {
  for (HloId id; !accept(r, ":");) {
    char c = peek(r);
    bool ok;
    if (c == ',') r->at++, ok = true;
    else if (c == '%') ok = take_operand(r, &id) && vec_push(&d->in, id);
    else if (c == '(') r->at++, ok = read_group(r, d);
    else if (c == '[') ok = read_ranges(r, d);
    else if (c == '{') r->at++, ok = add_dict(r, d, "}");
    else if (c == '<') ok = skip_balanced(r); /* a sharding */
    else if (c == '@') ok = read_symbol_item(r, d);
    else if (c == '"') ok = read_string_item(r, d);
    else if (see_word(r)) ok = read_word_item(r, d);
    else ok = text_fail(r, "this does not belong to %s", d->name);
    TRY(ok);
  }
  return true;
}

static bool name_words(TextReader *r, Draft *d) {
  static const char *const of_compare[] = {"comparison_direction", "compare_type"};
  if (strcmp(d->name, "compare") || d->nwords > 2) return !d->nwords || text_fail(r, "'%.*s' does not belong to %s", (int)d->words[0].n, d->words[0].s, d->name);
  for (uint32_t i = 0; i < d->nwords; i++) {
    char *word = span_string(r, d->words[i]);
    TRY(word && add_attr(d, of_compare[i], text_attr_string(r, HLO_ENUM, word)));
  }
  return true;
}

static bool read_pretty(TextReader *r, Draft *d) {
  TRY(read_items(r, d) && name_words(r, d));
  for (uint32_t i = 0; i < d->inits.n; i++) TRY(vec_push(&d->in, d->inits.v[i]));
  TRY(read_types(r, d));
  return !accept_word(r, "reducer") || read_reducer(r, d);
}

/* {…} dense<…> : type */
static bool read_constant(TextReader *r, Draft *d) {
  if (accept(r, "{")) TRY(add_dict(r, d, "}"));
  const HloAttr *value = text_attr(r);
  TRY(value);
  if (!value->type) return text_fail(r, "a constant needs elements and their type");
  return add_attr(d, "value", value) && vec_push(&d->results, value->type);
}

/* (%a = %0, %b = %1) : types attributes {…} cond { … } do { … } */
static bool read_while(TextReader *r, Draft *d) {
  TextSpan names[256];
  uint32_t n = 0;
  TRY(expect(r, "("));
  for (HloId id; !accept(r, ")"); n++) {
    if (n == 256) return text_fail(r, "a loop of more than 256 values");
    TRY((!n || expect(r, ",")) && take_value_name(r, &names[n]) && expect(r, "=") && take_operand(r, &id) && vec_push(&d->in, id));
  }
  if (accept(r, ":")) TRY(!n || read_types(r, d));
  if (accept_word(r, "attributes")) TRY(expect(r, "{") && add_dict(r, d, "}"));
  for (int k = 0; k < 2; k++) {
    HloRegion g = {.first = r->module->types.n, .args = r->module->types.n, .nargs = n};
    uint32_t outer = r->names.n;
    TRY(expect(r, k ? "do" : "cond") && expect(r, "{") && text_deeper(r));
    for (uint32_t i = 0; i < n; i++) {
      HloId id;
      TRY(new_value(r, r->module->types.v[d->in.v[i]], &id) && define(r, names[i], id, 1));
    }
    TRY(read_body(r, &g) && vec_push(&d->regions, g));
    forget_from(r, outer);
    r->depth--;
  }
  return true;
}

/* %a, %b : types */
static bool read_return(TextReader *r, Draft *d) {
  if (accept(r, "{")) TRY(add_dict(r, d, "}"));
  if (!see(r, "%")) return true;
  do {
    HloId id;
    TRY(take_operand(r, &id) && vec_push(&d->in, id));
  } while (accept(r, ","));
  if (accept(r, "{")) TRY(add_dict(r, d, "}"));
  return expect(r, ":") && read_types(r, d);
}

/* ---- functions and modules ---- */

static bool function_attrs(TextReader *r, Draft *d, const char *name, const HloRegion *g, const HloType *const *out, uint32_t n) {
  const HloType **of = arena_alloc(&r->module->arena, ((size_t)g->nargs + n + 1) * sizeof *of);
  HloType *t = arena_alloc(&r->module->arena, sizeof *t);
  HloAttr *type = text_attr_new(r, HLO_TYPE);
  if (!of || !t || !type) return false;
  for (uint32_t i = 0; i < g->nargs; i++) of[i] = r->module->types.v[g->args + i];
  for (uint32_t i = 0; i < n; i++) of[g->nargs + i] = out[i];
  *t = (HloType){.kind = HLO_FUNCTION, .n = g->nargs, .m = n, .of = of, .text = "a function"};
  type->type = t;
  return add_attr(d, "function_type", type) && add_attr(d, "sym_name", text_attr_string(r, HLO_STRING, name));
}

static bool read_result_types(TextReader *r, TypeVec *out) {
  const HloType *t;
  if (!accept(r, "->")) return true;
  if (!accept(r, "(")) return (t = text_type(r)) && vec_push(out, t);
  if (accept(r, ")")) return true;
  do {
    TRY((t = text_type(r)) && vec_push(out, t));
    if (see(r, "{")) TRY(skip_balanced(r));
  } while (accept(r, ","));
  return expect(r, ")");
}

static bool function_inside(TextReader *r, Draft *d, HloRegion *g, TypeVec *out) {
  char *name;
  if (!accept_word(r, "public")) accept_word(r, "private");
  TRY(take_symbol(r, &name) && expect(r, "(") && read_args(r, g) && read_result_types(r, out));
  if (accept_word(r, "attributes")) TRY(expect(r, "{") && add_dict(r, d, "}"));
  TRY(function_attrs(r, d, name, g, out->v, out->n));
  if (!accept(r, "{")) return true; /* a declaration */
  return read_body(r, g);
}

/* func.func public @name(%a: type {…}, …) -> (type {…}) { … } */
static bool read_function(TextReader *r, Draft *d) {
  HloRegion g = {.first = r->module->types.n};
  TypeVec out = {0};
  uint32_t outer = r->names.n, scope = r->scope;
  r->scope = outer;
  bool ok = text_deeper(r) && function_inside(r, d, &g, &out) && vec_push(&d->regions, g);
  r->depth--;
  forget_from(r, outer);
  r->scope = scope;
  vec_free(&out);
  return ok;
}

static bool read_module(TextReader *r, Draft *d) {
  char *name;
  if (see(r, "@")) TRY(take_symbol(r, &name));
  if (accept_word(r, "attributes")) TRY(expect(r, "{") && add_dict(r, d, "}"));
  return add_region(r, d);
}

/* sdy.mesh @name = <…> {…} */
static bool read_mesh(TextReader *r) {
  char *name;
  TRY(take_symbol(r, &name) && expect(r, "="));
  if (see(r, "<")) TRY(skip_balanced(r));
  return !see(r, "{") || skip_balanced(r);
}

/* ---- operations ---- */

static bool read_form(TextReader *r, Draft *d, bool generic) {
  if (generic) return read_generic(r, d);
  if (!strcmp(d->name, "func")) return read_function(r, d);
  if (!strcmp(d->name, "module") || !strcmp(d->name, "builtin.module")) return d->name = (char *)(uintptr_t)"builtin.module", read_module(r, d);
  if (!strcmp(d->name, "sdy.mesh")) return read_mesh(r);
  if (!strcmp(d->name, "constant")) return read_constant(r, d);
  if (!strcmp(d->name, "while")) return read_while(r, d);
  if (!strcmp(d->name, "return")) return read_return(r, d);
  return read_pretty(r, d);
}

/* %a, %b:2 = */
static bool read_targets(TextReader *r, Draft *d) {
  if (!see(r, "%")) return true;
  do {
    int64_t n = 1;
    if (d->nto == 256) return text_fail(r, "an operation with more than 256 names of results");
    TRY(take_value_name(r, &d->to[d->nto].name));
    if (accept(r, ":")) TRY(take_int(r, &n));
    if (n < 1 || n > r->end - r->at) return text_fail(r, "a number of results out of range");
    d->to[d->nto++].n = (uint32_t)n;
  } while (accept(r, ","));
  return expect(r, "=");
}

static bool define_targets(TextReader *r, Draft *d, HloOp *op) {
  uint32_t n = results_of(d), at = 0;
  if (d->nto && n != d->results.n) return text_fail(r, "%s has %u results, but %u are named", d->name, d->results.n, n);
  if (!strcmp(d->name, "return")) return true;
  op->out = r->module->types.n, op->nout = d->results.n;
  for (uint32_t i = 0; i < d->results.n; i++) TRY(vec_push(&r->module->types, d->results.v[i]));
  for (uint32_t i = 0; i < d->nto; at += d->to[i++].n) TRY(define(r, d->to[i].name, op->out + at, d->to[i].n));
  return true;
}

#define KEEP(list) arena_copy(&r->module->arena, (list).v, (list).n * sizeof *(list).v)

static bool draft_keep(TextReader *r, Draft *d, HloOp *op) {
  *op = (HloOp){.name = d->name, .nin = d->in.n, .nattrs = d->attrs.n, .nregions = d->regions.n, .place = d->place};
  if (d->in.n) TRY(op->in = KEEP(d->in));
  if (d->attrs.n) TRY(op->attrs = KEEP(d->attrs));
  if (d->regions.n) TRY(op->regions = KEEP(d->regions));
  return define_targets(r, d, op);
}

static bool read_into(TextReader *r, Draft *d, HloOp *op) {
  TRY(read_targets(r, d));
  bool generic = see(r, "\"");
  size_t n;
  char *name = NULL;
  d->place = r->line;
  if (generic) TRY(take_quoted(r, &name, &n));
  else {
    if (!see_word(r)) return text_fail(r, "expected an operation");
    TRY(name = span_string(r, take_name(r)));
  }
  d->name = (char *)(uintptr_t)plain_name(name);
  return read_form(r, d, generic) && types_agree(r, d) && skip_location(r) && draft_keep(r, d, op);
}

static bool read_op(TextReader *r, OpVec *to) {
  Draft *d = cx_calloc(1, sizeof *d);
  HloOp op;
  TRY(d);
  bool ok = read_into(r, d, &op) && vec_push(to, op);
  draft_free(d);
  return ok;
}

/* ---- the text ---- */

/* #name = attribute */
static bool read_alias(TextReader *r) {
  HloNamed alias;
  TextSpan name = take_name(r);
  TRY(name.n ? (alias.name = span_string(r, name)) != NULL : text_fail(r, "expected a name after '#'"));
  return expect(r, "=") && (alias.value = text_attr(r)) && vec_push(&r->aliases, alias);
}

static bool read_top(TextReader *r, OpVec *ops) {
  while (peek(r)) TRY(accept(r, "#") ? read_alias(r) : read_op(r, ops));
  if (!ops->n) return text_fail(r, "this holds no module");
  return true;
}

/* A module, or functions without one. */
static bool read_all(TextReader *r) {
  OpVec ops = {0};
  HloModule *m = r->module;
  bool ok = read_top(r, &ops);
  if (ok && ops.n == 1 && !strcmp(ops.v[0].name, "builtin.module")) {
    ok = ops.v[0].nregions == 1 || text_fail(r, "a module has one region");
    if (ok) m->body = ops.v[0].regions[0];
  } else if (ok) {
    m->body = (HloRegion){.has_block = true, .nops = ops.n, .ops = arena_copy(&m->arena, ops.v, ops.n * sizeof *ops.v)};
    ok = m->body.ops != NULL;
  }
  vec_free(&ops);
  return ok;
}

HloModule *module_text_read(const char *text, size_t n) {
  TextReader r = {.module = module_new(true), .at = text, .end = text + n, .line_start = text, .line = 1};
  r.buckets = cx_calloc(NAME_BUCKETS, sizeof *r.buckets);
  bool ok = r.module && r.buckets && read_all(&r);
  vec_free(&r.names), vec_free(&r.aliases);
  cx_free(r.buckets);
  if (!ok) module_free(r.module);
  return ok ? r.module : NULL;
}
