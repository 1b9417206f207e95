/* The parser of the exact graph text: one token of look-ahead, recursive only where graphs nest. See parse.h; grammar in print.c.
 * Every function returns false (or NULL, or variable 0) with the error pending; the first error wins. */
#include "ir/parse.h"

#include "base/error.h"
#include "base/hash.h"
#include "ir/node.h"
#include "ir/verify.h"
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum TokenKind { TOK_END, TOK_WORD, TOK_NUMBER, TOK_STRING, TOK_VAR, TOK_REGION, TOK_PUNCT } TokenKind;

typedef struct Place {
  uint32_t line, column;
} Place;

typedef struct Token {
  TokenKind kind;
  const char *s; /* within the text; a variable or region without its sigil, a string without its quotes */
  size_t n;
  Place place;
} Token;

typedef struct Name { /* a variable's name in the graph being read */
  const char *s;
  size_t n;
  CxVar var;
} Name;

typedef struct Frame { /* the graph being read */
  CxGraph *graph;
  Name *names; /* hash table */
  uint32_t n, cap;
  VEC(Place) eqns; /* where each equation stands */
} Frame;

typedef struct Parser {
  const char *at, *end;
  uint32_t line;
  const char *line_start;
  Token token;
  int depth;
  VEC(CxGraph *) regions; /* every finished graph, owned here until the end */
  VEC(CxGraph *) defined; /* @1, @2, …: borrowed from regions */
  CxVerifier verifier;
  CxArena scratch;        /* attributes of the equation being read */
} Parser;

/* ---- errors ---- */

static bool fail_at(Place place, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
static bool fail_at(Place place, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (cx_failed()) return false;
  cx_fail(CX_ERR_PARSE, "line %u, column %u: %s", place.line, place.column, text);
  error_position(place.line, place.column);
  return false;
}

/* Gives a pending error of another module its place in the text. */
static bool fail_placed(Place place, CxErr as) {
  CxError error;
  cx_error_take(&error);
  if (error.code == CX_ERR_MEMORY || error.line) cx_fail(error.code, "%s", error.text);
  else cx_fail(as, "line %u, column %u: %s", place.line, place.column, error.text);
  if (error.line) error_position(error.line, error.column);
  else error_position(place.line, place.column);
  return false;
}

static bool fail_expected(const Parser *p, const char *what) {
  const Token *t = &p->token;
  if (t->kind == TOK_END) return fail_at(t->place, "expected %s, got the end of the text", what);
  int n = t->n > 40 ? 40 : (int)t->n;
  const char *sigil = t->kind == TOK_VAR ? "%" : t->kind == TOK_REGION ? "@" : t->kind == TOK_STRING ? "\"" : "";
  return fail_at(t->place, "expected %s, got '%s%.*s%s'", what, sigil, n, t->s, t->n > 40 ? "…" : "");
}

/* ---- tokens ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_name(char c) { return is_letter(c) || is_digit(c); }
static bool is_word(char c) { return is_name(c) || c == '.' || c == '-'; }

static void skip_space(Parser *p) {
  for (; p->at < p->end; p->at++) {
    if (*p->at == '#') {
      while (p->at < p->end && *p->at != '\n') p->at++;
      if (p->at == p->end) return;
    }
    if (*p->at == '\n') p->line++, p->line_start = p->at + 1;
    else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r') return;
  }
}

static void take_while(Parser *p, bool (*is)(char)) {
  while (p->at < p->end && is(*p->at)) p->at++;
}

static bool lex_string(Parser *p, Token *t) {
  t->s = ++p->at;
  for (; p->at < p->end && *p->at != '"'; p->at++) {
    if ((unsigned char)*p->at < 32 || (unsigned char)*p->at > 126) return fail_at(t->place, "this string holds a byte that must be escaped");
    if (*p->at == '\\' && ++p->at == p->end) break;
  }
  if (p->at >= p->end) return fail_at(t->place, "this string has no end");
  t->n = (size_t)(p->at++ - t->s);
  t->kind = TOK_STRING;
  return true;
}

static bool lex_sigil(Parser *p, Token *t, TokenKind kind) {
  t->s = ++p->at;
  t->kind = kind;
  take_while(p, kind == TOK_VAR ? is_name : is_digit);
  t->n = (size_t)(p->at - t->s);
  return t->n ? true : fail_at(t->place, kind == TOK_VAR ? "expected a name after '%%'" : "expected a number after '@'");
}

static void lex_number(Parser *p) { /* digits, and what a decimal fraction may hold */
  p->at++;
  while (p->at < p->end && (is_name(*p->at) || *p->at == '.' || ((*p->at == '+' || *p->at == '-') && p->at[-1] == 'e'))) p->at++;
}

static bool next(Parser *p) {
  skip_space(p);
  Token *t = &p->token;
  *t = (Token){TOK_END, p->at, 0, {p->line, (uint32_t)(p->at - p->line_start) + 1}};
  if (p->at == p->end) return true;
  char c = *p->at;
  if (c == '"') return lex_string(p, t);
  if (c == '%') return lex_sigil(p, t, TOK_VAR);
  if (c == '@') return lex_sigil(p, t, TOK_REGION);
  if (is_letter(c)) {
    t->kind = TOK_WORD;
    take_while(p, is_word);
  } else if (is_digit(c) || (c == '-' && p->at + 1 < p->end && is_name(p->at[1]))) {
    t->kind = TOK_NUMBER;
    lex_number(p);
  } else if (c && strchr("()[]{}<>=:,", c)) {
    t->kind = TOK_PUNCT;
    p->at++;
  } else {
    return fail_at(t->place, "byte 0x%02x cannot stand here", (unsigned char)c);
  }
  t->n = (size_t)(p->at - t->s);
  return true;
}

static bool is(const Parser *p, const char *what) {
  return (p->token.kind == TOK_PUNCT || p->token.kind == TOK_WORD) && p->token.n == strlen(what) && !memcmp(p->token.s, what, p->token.n);
}

static bool expect(Parser *p, const char *what) {
  char quoted[32];
  if (is(p, what)) return next(p);
  snprintf(quoted, sizeof quoted, "'%s'", what);
  return fail_expected(p, quoted);
}

/* Between entries of a list that ends with `close`: 1 another entry follows, 0 the list has ended, -1 error. */
static int list_more(Parser *p, const char *close, bool first) {
  if (is(p, close)) return next(p) ? 0 : -1;
  if (first) return 1;
  char what[32];
  if (is(p, ",")) return next(p) ? 1 : -1;
  snprintf(what, sizeof what, "',' or '%s'", close);
  fail_expected(p, what);
  return -1;
}

/* ---- literals ---- */

static bool token_copy(const Token *t, char *buf, size_t n) {
  if (t->n >= n) return false;
  memcpy(buf, t->s, t->n);
  buf[t->n] = 0;
  return true;
}

/* A decimal of at most 64 bits: the sign and the magnitude. */
static bool parse_decimal(Parser *p, bool *minus, uint64_t *magnitude) {
  const char *s = p->token.s, *end = s + p->token.n;
  if (p->token.kind != TOK_NUMBER) return fail_expected(p, "an integer");
  *minus = *s == '-';
  *magnitude = 0;
  for (s += *minus; s < end; s++) {
    if (!is_digit(*s)) return fail_expected(p, "an integer");
    if (__builtin_mul_overflow(*magnitude, 10, magnitude) || __builtin_add_overflow(*magnitude, (uint64_t)(*s - '0'), magnitude))
      return fail_at(p->token.place, "this integer does not fit in 64 bits");
  }
  return true;
}

static bool parse_int(Parser *p, int64_t *to) {
  bool minus;
  uint64_t m;
  TRY(parse_decimal(p, &minus, &m));
  if (m > (uint64_t)INT64_MAX + minus) return fail_at(p->token.place, "this integer does not fit in 64 bits");
  *to = (int64_t)(minus ? 0 - m : m);
  return next(p);
}

static bool parse_uint(Parser *p, int64_t *bits) {
  bool minus;
  uint64_t m;
  TRY(parse_decimal(p, &minus, &m));
  if (minus) return fail_expected(p, "an unsigned integer");
  *bits = (int64_t)m;
  return next(p);
}

static int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A word of exactly `digits` hexadecimal digits, read past the tokens. */
static bool raw_word(Parser *p, int digits, uint64_t *to) {
  skip_space(p);
  Place place = {p->line, (uint32_t)(p->at - p->line_start) + 1};
  uint64_t w = 0;
  for (int i = 0; i < digits; i++, p->at++) {
    int d = p->at < p->end ? hex_digit(*p->at) : -1;
    if (d < 0) return fail_at(place, "expected a word of %d hexadecimal digits", digits);
    w = w << 4 | (unsigned)d;
  }
  if (p->at < p->end && is_name(*p->at)) return fail_at(place, "expected a word of %d hexadecimal digits", digits);
  *to = w;
  return true;
}

static bool parse_float(Parser *p, double *to) {
  char text[64];
  Token t = p->token;
  if ((t.kind != TOK_NUMBER && t.kind != TOK_WORD) || !token_copy(&t, text, sizeof text)) return fail_expected(p, "a number");
  if (!strcmp(text, "nan") && p->at < p->end && *p->at == '{') {
    uint64_t bits;
    p->at++;
    TRY(raw_word(p, 16, &bits) && next(p) && expect(p, "}"));
    memcpy(to, &bits, sizeof *to);
    return *to != *to ? true : fail_at(t.place, "these bits are not a NaN");
  }
  if (!strcmp(text, "nan")) {
    uint64_t bits = 0x7ff8000000000000u;
    memcpy(to, &bits, sizeof *to);
    return next(p);
  }
  if (!strcmp(text, "inf") || !strcmp(text, "-inf")) {
    *to = *text == '-' ? -INFINITY : INFINITY;
    return next(p);
  }
  for (const char *s = text; *s; s++)
    if (!is_digit(*s) && !strchr(".e+-", *s)) return fail_expected(p, "a number");
  locale_t c = newlocale(LC_ALL_MASK, "C", NULL);
  if (!c) return cx_fail(CX_ERR_MEMORY, "out of memory: no C locale");
  char *end;
  *to = strtod_l(text, &end, c);
  freelocale(c);
  if (end == text || *end || isinf(*to)) return fail_expected(p, "a number");
  return next(p);
}

static bool parse_number(Parser *p, CxNumber *to) {
  *to = (CxNumber){0};
  if (is(p, "none")) return next(p);
  if (p->token.kind != TOK_WORD || p->token.n != 1 || !strchr("biufc", *p->token.s)) return fail_expected(p, "'none' or a number: b, i, u, f or c, and its value");
  to->kind = *p->token.s;
  TRY(next(p));
  if (to->kind == 'u') return parse_uint(p, &to->i);
  if (to->kind == 'b' || to->kind == 'i') return parse_int(p, &to->i);
  return parse_float(p, &to->re) && (to->kind != 'c' || parse_float(p, &to->im));
}

static bool parse_bool(Parser *p, bool *to) {
  *to = is(p, "true");
  if (!*to && !is(p, "false")) return fail_expected(p, "'true' or 'false'");
  return next(p);
}

static bool unescape(const Token *t, char *to) {
  for (const char *s = t->s, *end = s + t->n; s < end; s++) {
    if (*s != '\\') {
      *to++ = *s;
      continue;
    }
    s++;
    if (*s == 'n') *to++ = '\n';
    else if (*s == 't') *to++ = '\t';
    else if (*s == '"' || *s == '\\') *to++ = *s;
    else if (*s == 'x' && end - s > 2 && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0 && hex_digit(s[1]) + hex_digit(s[2])) {
      *to++ = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
      s += 2;
    } else return fail_at(t->place, "this string has an unknown escape: \\\" \\\\ \\n \\t and \\x01 to \\xff are known");
  }
  *to = 0;
  return true;
}

static bool parse_string(Parser *p, CxArena *arena, const char **to) {
  if (p->token.kind != TOK_STRING) return fail_expected(p, "a string");
  char *s = arena_alloc(arena, p->token.n + 1);
  *to = s;
  return s && unescape(&p->token, s) && next(p);
}

static bool parse_dtype(Parser *p, CxDtype *to) {
  char text[40];
  size_t at = 0;
  if (p->token.kind != TOK_WORD || p->token.n > 30) return fail_expected(p, "a dtype");
  Token t = p->token;
  token_copy(&t, text, sizeof text);
  at = t.n;
  TRY(next(p));
  if (!strcmp(text, "key")) {
    TRY(expect(p, "<"));
    if (p->token.kind != TOK_WORD || p->token.n > 8) return fail_expected(p, "a kind of key");
    snprintf(text + at, sizeof text - at, "<%.*s>", (int)p->token.n, p->token.s);
    TRY(next(p) && expect(p, ">"));
  }
  *to = cx_dtype_from_name(text);
  return *to != CX_NO_DTYPE || !strcmp(text, "none") ? true : fail_at(t.place, "there is no dtype '%s'", text);
}

static bool parse_type(Parser *p, const CxType **to) {
  Place place = p->token.place;
  CxDtype dtype;
  int64_t dims[CX_MAX_RANK];
  int rank = 0, more;
  TRY(parse_dtype(p, &dtype) && expect(p, "["));
  while ((more = list_more(p, "]", rank == 0)) > 0) {
    if (rank == CX_MAX_RANK) return fail_at(p->token.place, "the rank exceeds %d", CX_MAX_RANK);
    TRY(parse_int(p, &dims[rank++]));
  }
  bool weak = is(p, "{");
  TRY(more == 0 && (!weak || (next(p) && expect(p, "weak") && expect(p, "}"))));
  *to = cx_type(dtype, rank, dims, weak);
  return *to ? true : fail_placed(place, CX_ERR_PARSE);
}

/* ---- variables ---- */

static Name *name_slot(Name *names, uint32_t cap, const char *s, size_t n) {
  uint32_t at = (uint32_t)hash_bytes(11, s, n) & (cap - 1);
  while (names[at].s && (names[at].n != n || memcmp(names[at].s, s, n))) at = (at + 1) & (cap - 1);
  return &names[at];
}

static bool names_grow(Frame *f) {
  uint32_t cap = f->cap ? f->cap * 2 : 16;
  Name *fresh = cx_calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  for (uint32_t i = 0; i < f->cap; i++)
    if (f->names[i].s) *name_slot(fresh, cap, f->names[i].s, f->names[i].n) = f->names[i];
  cx_free(f->names);
  f->names = fresh;
  f->cap = cap;
  return true;
}

/* The definition of a name: "%x: f32[2]". The variable is bound later, by name_bind. */
static bool parse_def(Parser *p, Frame *f, Token *name, const CxType **type) {
  *name = p->token;
  if (name->kind != TOK_VAR) return fail_expected(p, "a variable");
  if (f->cap && name_slot(f->names, f->cap, name->s, name->n)->s)
    return fail_at(name->place, "%%%.*s is defined twice", name->n > 40 ? 40 : (int)name->n, name->s);
  return next(p) && expect(p, ":") && parse_type(p, type);
}

static bool name_bind(Frame *f, const Token *name, CxVar var) {
  if (f->n * 2 >= f->cap) TRY(names_grow(f));
  Name *slot = name_slot(f->names, f->cap, name->s, name->n);
  if (slot->s) return fail_at(name->place, "%%%.*s is defined twice", name->n > 40 ? 40 : (int)name->n, name->s);
  *slot = (Name){name->s, name->n, var};
  f->n++;
  return true;
}

static CxVar parse_use(Parser *p, const Frame *f) {
  const Token *t = &p->token;
  if (t->kind != TOK_VAR) return fail_expected(p, "a variable");
  const Name *slot = f->cap ? name_slot(f->names, f->cap, t->s, t->n) : NULL;
  if (!slot || !slot->s) return fail_at(t->place, "%%%.*s is not defined before this use", t->n > 40 ? 40 : (int)t->n, t->s);
  return next(p) ? slot->var : 0;
}

/* ---- attribute values ---- */

static CxGraph *parse_graph(Parser *p);

static CxGraph *parse_region(Parser *p) { /* borrowed from p->regions */
  if (p->token.kind != TOK_REGION) return is(p, "graph") ? parse_graph(p) : (fail_expected(p, "a graph"), NULL);
  uint64_t id = 0;
  for (size_t i = 0; i < p->token.n && id <= p->defined.n; i++) id = id * 10 + (uint64_t)(p->token.s[i] - '0');
  if (id == 0 || id > p->defined.n) return fail_at(p->token.place, "@%.*s is not defined", p->token.n > 20 ? 20 : (int)p->token.n, p->token.s), NULL;
  return next(p) ? p->defined.v[id - 1] : NULL;
}

static bool parse_ints(Parser *p, CxInts *to) {
  VEC(int64_t) v = {0};
  int64_t x;
  int more;
  *to = (CxInts){.none = is(p, "none")};
  if (to->none) return next(p);
  TRY(expect(p, "("));
  while ((more = list_more(p, ")", v.n == 0)) > 0)
    if (!parse_int(p, &x) || !vec_push(&v, x)) {
      more = -1;
      break;
    }
  if (v.n > INT32_MAX) more = -1;
  to->n = (int32_t)v.n;
  to->v = more == 0 ? arena_copy(&p->scratch, v.v, v.n * sizeof *v.v) : NULL;
  vec_free(&v);
  return to->v != NULL;
}

static bool parse_dims(Parser *p, CxInts *to, int n) {
  TRY(expect(p, "("));
  for (int i = 0; i < n; i++) TRY((!i || expect(p, ",")) && parse_ints(p, &to[i]));
  return expect(p, ")");
}

static bool parse_entry(Parser *p, CxFieldKind kind, const void **to) {
  if (kind == CX_FIELD_STRS) return parse_string(p, &p->scratch, (const char **)to);
  if (kind == CX_FIELD_TYPES) return parse_type(p, (const CxType **)to);
  return (*to = parse_region(p)) != NULL;
}

static bool parse_list(Parser *p, CxFieldKind kind, void *to) { /* all lists are a pointer and a length */
  VEC(const void *) v = {0};
  const void *x;
  int more;
  TRY(expect(p, "("));
  while ((more = list_more(p, ")", v.n == 0)) > 0)
    if (!parse_entry(p, kind, &x) || !vec_push(&v, x)) {
      more = -1;
      break;
    }
  CxStrs list = {.n = (int32_t)v.n};
  list.v = more == 0 && v.n <= INT32_MAX ? arena_copy(&p->scratch, v.v, v.n * sizeof *v.v) : NULL;
  memcpy(to, &list, sizeof list);
  vec_free(&v);
  return list.v != NULL;
}

static bool parse_enum(Parser *p, const CxField *f, int32_t *to) {
  char text[64], what[256];
  bool quoted = p->token.kind == TOK_STRING;
  if (quoted || p->token.kind == TOK_WORD)
    if (token_copy(&p->token, text, sizeof text))
      for (int32_t i = 0; f->names[i]; i++)
        if (!strcmp(f->names[i], text)) return *to = i, next(p);
  size_t at = (size_t)snprintf(what, sizeof what, "one of");
  for (int32_t i = 0; f->names[i] && at < sizeof what; i++) at += (size_t)snprintf(what + at, sizeof what - at, " %s", f->names[i]);
  return fail_expected(p, what);
}

static bool parse_value(Parser *p, const CxField *f, void *to) {
  bool none = is(p, "none");
  switch (f->kind) {
    case CX_FIELD_END: return false;
    case CX_FIELD_INT: return parse_int(p, to);
    case CX_FIELD_BOOL: return parse_bool(p, to);
    case CX_FIELD_FLOAT: return parse_float(p, to);
    case CX_FIELD_DTYPE: return parse_dtype(p, to);
    case CX_FIELD_ENUM: return parse_enum(p, f, to);
    case CX_FIELD_INTS: return parse_ints(p, to);
    case CX_FIELD_DIMS: return parse_dims(p, to, f->group);
    case CX_FIELD_NUMBER: return parse_number(p, to);
    case CX_FIELD_STR: return none ? next(p) : parse_string(p, &p->scratch, to);
    case CX_FIELD_GRAPH: return (*(CxGraph **)to = parse_region(p)) != NULL;
    case CX_FIELD_STRS:
    case CX_FIELD_GRAPHS:
    case CX_FIELD_TYPES: return parse_list(p, f->kind, to);
    case CX_FIELD_FN:
      if (none) return next(p);
      return fail_at(p->token.place, "%s is a function of the program that wrote this text: it cannot be read back", f->name);
  }
  return false;
}

/* The field that a token names, or NULL with an error. */
static const CxField *parse_field_name(Parser *p, const CxOp *def, const bool *given) {
  for (const CxField *f = def->fields; f && f->name; f++) {
    if (p->token.kind != TOK_WORD || p->token.n != strlen(f->name) || memcmp(p->token.s, f->name, p->token.n)) continue;
    if (given[f - def->fields]) return fail_at(p->token.place, "%s is given twice", f->name), NULL;
    return next(p) ? f : NULL;
  }
  char what[96];
  snprintf(what, sizeof what, "an attribute of %s", def->name);
  return fail_expected(p, what), NULL;
}

enum { FIELDS_MAX = 32 };

static bool parse_attrs(Parser *p, const CxOp *def, char **attrs) {
  bool given[FIELDS_MAX] = {0};
  Place place = p->token.place;
  *attrs = NULL;
  if (def->fields && !(*attrs = arena_alloc(&p->scratch, def->attrs_bytes))) return false;
  if (is(p, "[")) {
    TRY(next(p));
    while (!is(p, "]")) {
      const CxField *f = parse_field_name(p, def, given);
      TRY(f && expect(p, "=") && parse_value(p, f, *attrs + f->offset));
      given[f - def->fields] = true;
    }
    TRY(next(p));
  }
  for (const CxField *f = def->fields; f && f->name; f++)
    if (!given[f - def->fields]) return fail_at(place, "%s needs the attribute %s", def->name, f->name);
  return true;
}

/* ---- constants ---- */

static size_t word_bytes(CxDtype d) { /* as the printer has it */
  if (d == CX_C64 || cx_dtype_kind(d) == 'k') return 4;
  return d == CX_C128 ? 8 : (size_t)cx_dtype_bytes(d);
}

static bool parse_elements(Parser *p, CxVal v) {
  size_t word = word_bytes(v->type->dtype), n = word ? type_bytes(v->type) / word : 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t w;
    TRY(raw_word(p, (int)word * 2, &w));
    for (size_t b = 0; b < word; b++) ((unsigned char *)v->array.data)[i * word + b] = (unsigned char)(w >> (8 * b));
  }
  return next(p) && expect(p, "}");
}

static bool parse_const(Parser *p, Frame *f) {
  bool literal = is(p, "literal");
  Token name;
  const CxType *type;
  TRY(next(p) && parse_def(p, f, &name, &type) && expect(p, "="));
  if (!is(p, "{")) return fail_expected(p, "'{'");
  if (type_bytes(type) > (size_t)(p->end - p->at) / 2)
    return fail_at(p->token.place, "the text is too short for the %lld elements of this constant", (long long)type->size);
  CxVal v = node_array(type);
  if (!v) return false;
  v->literal = literal;
  CxVar var = parse_elements(p, v) ? graph_const(f->graph, v) : 0;
  cx_release(v);
  return var && name_bind(f, &name, var);
}

/* ---- equations ---- */

typedef struct Result {
  Token name; /* not a TOK_VAR: dropped */
  const CxType *type;
} Result;
typedef VEC(Result) Results;
typedef VEC(CxVar) Vars;

static bool parse_results(Parser *p, Frame *f, Results *results) {
  for (;;) {
    Result r = {.name = p->token};
    if (is(p, "_")) TRY(next(p));
    else TRY(parse_def(p, f, &r.name, &r.type));
    TRY(vec_push(results, r));
    if (!is(p, ",")) return expect(p, "=");
    TRY(next(p));
  }
}

static bool parse_uses(Parser *p, const Frame *f, Vars *vars) {
  int more;
  TRY(expect(p, "("));
  while ((more = list_more(p, ")", vars->n == 0)) > 0) {
    CxVar v = parse_use(p, f);
    TRY(v && vec_push(vars, v));
  }
  return more == 0;
}

static CxOpcode parse_op(Parser *p) {
  char name[64];
  if (p->token.kind != TOK_WORD) return fail_expected(p, "an operation"), CX_OP_NONE;
  CxOpcode op = token_copy(&p->token, name, sizeof name) ? op_from_name(name) : CX_OP_NONE;
  if (!op || !cx_ops[op]) return fail_at(p->token.place, "there is no operation '%.*s'", p->token.n > 40 ? 40 : (int)p->token.n, p->token.s), CX_OP_NONE;
  return next(p) ? op : CX_OP_NONE;
}

static bool eqn_append(Frame *f, CxOpcode op, const Results *r, const Vars *in, const void *attrs) {
  size_t n = r->n;
  const CxType **types = cx_malloc(n * sizeof *types + 1);
  CxVar *out = cx_malloc(n * sizeof *out + 1);
  bool ok = types && out;
  for (size_t i = 0; ok && i < n; i++) types[i] = r->v[i].type;
  ok = ok && graph_eqn(f->graph, op, in->n, in->v, attrs, r->n, types, out, (CxWhere){0});
  for (size_t i = 0; ok && i < n; i++)
    if (r->v[i].type) ok = name_bind(f, &r->v[i].name, out[i]);
  cx_free(types);
  cx_free(out);
  return ok;
}

static bool parse_scope(Parser *p, Frame *f) {
  return next(p) && parse_string(p, &f->graph->arena, &f->graph->eqns.v[f->graph->eqns.n - 1].name_stack);
}

static bool parse_eqn_into(Parser *p, Frame *f, Results *results, Vars *in) {
  char *attrs;
  if (p->token.kind == TOK_VAR || is(p, "_")) TRY(parse_results(p, f, results));
  Place place = p->token.place;
  CxOpcode op = parse_op(p);
  TRY(op && parse_attrs(p, cx_ops[op], &attrs) && parse_uses(p, f, in));
  TRY(vec_push(&f->eqns, place) && eqn_append(f, op, results, in, attrs));
  return !is(p, "scope") || parse_scope(p, f);
}

static bool parse_eqn(Parser *p, Frame *f) {
  Results results = {0};
  Vars in = {0};
  CxArena outer = p->scratch; /* an equation within a region of an attribute has its own */
  p->scratch = (CxArena){0};
  bool ok = parse_eqn_into(p, f, &results, &in);
  arena_free(&p->scratch);
  p->scratch = outer;
  vec_free(&results);
  vec_free(&in);
  return ok;
}

/* ---- graphs ---- */

static bool parse_inputs(Parser *p, Frame *f) {
  int more;
  Token name;
  const CxType *type;
  TRY(expect(p, "("));
  while ((more = list_more(p, ")", f->graph->in.n == 0)) > 0) {
    TRY(parse_def(p, f, &name, &type));
    CxVar v = graph_input(f->graph, type);
    TRY(v && name_bind(f, &name, v));
  }
  return more == 0;
}

static bool parse_outputs(Parser *p, Frame *f) {
  int more;
  bool first = true;
  TRY(next(p) && expect(p, "("));
  for (; (more = list_more(p, ")", first)) > 0; first = false) {
    CxVar v = parse_use(p, f);
    TRY(v && graph_output(f->graph, v));
  }
  return more == 0;
}

static bool parse_body(Parser *p, Frame *f) {
  TRY(parse_inputs(p, f) && expect(p, "{"));
  while (is(p, "const") || is(p, "literal")) TRY(parse_const(p, f));
  while (!is(p, "return")) TRY(parse_eqn(p, f));
  return parse_outputs(p, f) && expect(p, "}");
}

static bool graph_finish(Parser *p, const Frame *f, Place place) {
  if (verifier_check(&p->verifier, f->graph)) return true;
  int64_t i = p->verifier.bad_eqn;
  return fail_placed(i >= 0 && i < f->eqns.n ? f->eqns.v[i] : place, CX_ERR_VERIFY);
}

static CxGraph *parse_graph(Parser *p) { /* borrowed from p->regions */
  Place place = p->token.place;
  const char *name = NULL;
  if (p->depth >= REGION_DEPTH_MAX) return fail_at(place, "regions nest deeper than %d", REGION_DEPTH_MAX), NULL;
  Frame f = {.graph = expect(p, "graph") ? graph_new(NULL) : NULL};
  p->depth++;
  bool ok = f.graph && (p->token.kind != TOK_STRING || parse_string(p, &f.graph->arena, &name));
  if (ok) f.graph->name = name;
  ok = ok && parse_body(p, &f) && graph_finish(p, &f, place);
  p->depth--;
  cx_free(f.names);
  vec_free(&f.eqns);
  if (ok && vec_push(&p->regions, f.graph)) return f.graph;
  ref_release(f.graph);
  return NULL;
}

static CxGraph *parse_file(Parser *p) {
  int64_t version;
  Place place;
  TRY(next(p) && expect(p, "cuirax-graph"));
  place = p->token.place;
  TRY(parse_int(p, &version));
  if (version != 1) return fail_at(place, "this is version %lld of the text; version 1 is known", (long long)version), NULL;
  while (p->token.kind == TOK_REGION) {
    char want[16];
    int n = snprintf(want, sizeof want, "%u", p->defined.n + 1);
    if (p->token.n != (size_t)n || memcmp(p->token.s, want, (size_t)n)) return fail_at(p->token.place, "expected the definition of @%s", want), NULL;
    CxGraph *g = next(p) && expect(p, "=") ? parse_graph(p) : NULL;
    TRY(g && vec_push(&p->defined, g));
  }
  CxGraph *g = parse_graph(p);
  if (g && p->token.kind != TOK_END) return fail_expected(p, "the end of the text"), NULL;
  return ref_retain(g);
}

CxGraph *graph_parse_within(const char *text, size_t n, const CxLimits *limits) {
  if (cx_failed()) return NULL;
  Parser p = {.at = text, .end = text + n, .line = 1, .line_start = text};
  verifier_open(&p.verifier, limits);
  CxGraph *g = n > UINT32_MAX / 2 ? (fail_at((Place){1, 1}, "the text is longer than 2 GiB"), NULL) : parse_file(&p);
  verifier_close(&p.verifier);
  for (uint32_t i = p.regions.n; i-- > 0;) ref_release(p.regions.v[i]);
  vec_free(&p.regions);
  vec_free(&p.defined);
  arena_free(&p.scratch);
  return g;
}

CxGraph *graph_parse(const char *text, size_t n) { return graph_parse_within(text, n, NULL); }
