/* See graph_fuzz.h. */
#include "graph_fuzz.h"

#include "base/text.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "runtime/execute.h"
#include "trace/trace.h"
#include <stdio.h>
#include <string.h>

static const CxLimits limits = {.operations = 10000, .constant_bytes = 1 << 20, .elements = (uint64_t)1 << 40};

static FuzzResult broken(const char *why, const char *text, size_t n) {
  fprintf(stderr, "%s%s%s\n%.*s\n", why, cx_failed() ? ": " : "", cx_failed() ? cx_error()->text : "", (int)n, text);
  cx_error_clear();
  return FUZZ_BROKEN;
}

static FuzzResult refused(const char *text, size_t n) {
  const CxError *e = cx_error();
  if (!e || !*e->text) return broken("refused without an error", text, n);
  if (e->code != CX_ERR_PARSE && e->code != CX_ERR_VERIFY) return broken("an error of another class", text, n);
  if (!e->line || !e->column || e->line > n + 1 || e->column > n + 1) return broken("an error without a place", text, n);
  cx_error_clear();
  return FUZZ_REFUSED;
}

/* ---- what is accepted can be run: every small graph without loops gives values of its types, or an error ---- */

bool graph_is_small(const CxGraph *g, int depth) {
  int64_t size = 0;
  if (g->eqns.n > 40 || depth > 3) return false;
  for (uint32_t i = 1; i < g->types.n; i++)
    if (g->types.v[i]->size > 3000 || (size += g->types.v[i]->size) > 20000) return false;
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    CxOpcode op = g->eqns.v[i].op;
    if (op == CX_OP_WHILE || op == CX_OP_SCAN || cx_ops[op]->flags & CX_OP_EFFECT) return false;
    for (const CxField *f = cx_ops[op]->fields; f && f->name; f++) {
      const void *at = (const char *)g->eqns.v[i].attrs + f->offset;
      if (f->kind == CX_FIELD_GRAPH && !graph_is_small(*(CxGraph *const *)at, depth + 1)) return false;
      if (f->kind == CX_FIELD_FN) return false;
      if (f->kind == CX_FIELD_GRAPHS)
        for (int k = 0; k < ((const CxGraphs *)at)->n; k++)
          if (!graph_is_small(((const CxGraphs *)at)->v[k], depth + 1)) return false;
    }
  }
  return true;
}

static bool run(CxGraph *g) {
  CxScope scope;
  CxVals in = {0};
  cx_scope_open(&scope);
  bool ok = true;
  for (uint32_t i = 0; ok && i < g->in.n; i++) {
    CxVal v = cx_keep(node_array(graph_type(g, g->in.v[i])));
    if (v) memset(v->array.data, v->type->dtype == CX_FLOAT0 ? 0 : 1, type_bytes(v->type));
    ok = v && cx_vals_push(&in, v);
  }
  CxVal *out = cx_calloc(g->out.n + 1, sizeof *out);
  ok = ok && out && graph_run_borrowed(g, in.v, g->in.n, out);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = out[i] && out[i]->type == graph_type(g, g->out.v[i]);
  for (uint32_t i = 0; out && i < g->out.n; i++) cx_release(out[i]);
  cx_free(out);
  cx_vals_free(&in);
  bool said = cx_failed();
  cx_error_clear();
  cx_scope_close(&scope);
  return ok || said;
}

FuzzResult graph_fuzz(const char *text, size_t n) {
  CxGraph *g = graph_parse_within(text, n, &limits);
  if (!g) return refused(text, n);
  if (cx_failed()) return broken("accepted with an error", text, n);
  CxText a = {0}, b = {0}, jax = {0};
  CxGraph *again = NULL;
  FuzzResult result = FUZZ_ACCEPTED;
  if (!graph_verify(g, NULL)) result = broken("accepted, but does not verify", text, n);
  else if (!graph_print(g, &a) || !(again = graph_parse(a.s, a.n))) result = broken("does not read back", text, n);
  else if (!graph_equal(g, again) || graph_hash(g) != graph_hash(again)) result = broken("reads back as another graph", text, n);
  else if (!graph_print(again, &b) || a.n != b.n || memcmp(a.s, b.s, a.n)) result = broken("prints differently the second time", text, n);
  else if (!graph_print_jax(g, &jax, NULL)) result = broken("does not print as a jaxpr", text, n);
  else if (graph_is_small(g, 0) && !run(g)) result = broken("gives wrong types when run", text, n);
  cx_graph_release(again);
  cx_graph_release(g);
  text_free(&a);
  text_free(&b);
  text_free(&jax);
  return result;
}

/* ---- mutation ---- */

typedef struct Piece {
  size_t at, n;
} Piece;

static bool in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '%' || c == '.' || c == '-';
}

/* The token at or after a random place. */
static Piece random_token(CxRandom *r, const char *text, size_t n) {
  size_t at = random_below(r, (uint32_t)n), end;
  while (at && in_word(text[at]) && in_word(text[at - 1])) at--;
  while (at < n && (text[at] == ' ' || text[at] == '\n')) at++;
  for (end = at; end < n && in_word(text[end]); end++) {}
  return (Piece){at, end > at ? end - at : at < n};
}

static Piece random_line(CxRandom *r, const char *text, size_t n) {
  size_t at = random_below(r, (uint32_t)n), end = at;
  while (at && text[at - 1] != '\n') at--;
  while (end < n && text[end] != '\n') end++;
  return (Piece){at, end < n ? end - at + 1 : end - at};
}

static size_t replace(char *text, size_t n, size_t max, Piece p, const char *with, size_t with_n) {
  if (n - p.n + with_n > max) return n;
  memmove(text + p.at + with_n, text + p.at + p.n, n - p.at - p.n);
  memcpy(text + p.at, with, with_n);
  return n - p.n + with_n;
}

static size_t random_number_text(CxRandom *r, char *buf, size_t n) {
  static const char *const some[] = {"-1", "0", "1", "2", "3", "64", "65", "4294967296", "9223372036854775807", "-9223372036854775808",
                                     "99999999999999999999", "1e5", "2147483648", "1000000", "-2"};
  return (size_t)snprintf(buf, n, "%s", some[random_below(r, sizeof some / sizeof *some)]);
}

static size_t random_word_text(CxRandom *r, char *buf, size_t n) {
  static const char *const some[] = {"none", "true", "false", "graph", "return", "const", "literal", "@1", "@2", "(", ")", "{", "}", "[", "]", "<",
                                     "f32[2]", "i32[]", "bool[]", "key<fry>[]", "token[]", "float0[0]", "{weak}", "_", "=", "%0", "%1", "nan", "\"\\xff\"", "scope \"s\"", "()", "(0)", "(0, 1)"};
  uint32_t i = random_below(r, CX_OP_COUNT + CX_DTYPE_COUNT + 40);
  if (i > 0 && i < CX_OP_COUNT && cx_ops[i]) return (size_t)snprintf(buf, n, "%s", cx_ops[i]->name);
  if (i >= CX_OP_COUNT && i < CX_OP_COUNT + CX_DTYPE_COUNT) return (size_t)snprintf(buf, n, "%s", cx_dtype_short((CxDtype)(i - CX_OP_COUNT)));
  return (size_t)snprintf(buf, n, "%s", some[random_below(r, sizeof some / sizeof *some)]);
}

static size_t mutate_once(CxRandom *r, char *text, size_t n, size_t max, const char *other, size_t other_n) {
  char buf[256];
  if (!n) return replace(text, 0, max, (Piece){0, 0}, "cuirax-graph 1\n", 15);
  Piece p = random_token(r, text, n), q = random_token(r, text, n), line = random_line(r, text, n);
  switch (random_below(r, 13)) {
    case 0: return replace(text, n, max, p, "", 0);
    case 1: /* copy a token over another */
    case 2:
      if (q.n > sizeof buf) return n;
      memcpy(buf, text + q.at, q.n);
      return replace(text, n, max, p, buf, q.n);
    case 3: return replace(text, n, max, p, buf, random_number_text(r, buf, sizeof buf));
    case 4:
    case 5: return replace(text, n, max, p, buf, random_word_text(r, buf, sizeof buf));
    case 6: /* a number a little up or down, or a digit of it */
      for (size_t i = p.at; i < p.at + p.n; i++)
        if (text[i] >= '0' && text[i] <= '9') return text[i] = (char)('0' + random_below(r, 10)), n;
      return n;
    case 7: return replace(text, n, max, line, "", 0);
    case 8: /* double a line */
      if (line.n > sizeof buf) return n;
      memcpy(buf, text + line.at, line.n);
      return replace(text, n, max, (Piece){line.at, 0}, buf, line.n);
    case 9: return random_below(r, 8) ? n : random_below(r, (uint32_t)n + 1); /* cut off */
    case 10: text[random_below(r, (uint32_t)n)] = (char)random_next(r); return n;
    case 11: return replace(text, n, max, (Piece){p.at, 0}, buf, random_word_text(r, buf, sizeof buf));
    default: /* a line of the other text */
      if (!other_n) return n;
      q = random_line(r, other, other_n);
      return replace(text, n, max, (Piece){line.at, 0}, other + q.at, q.n);
  }
}

size_t graph_mutate(CxRandom *r, char *text, size_t n, size_t max, const char *other, size_t other_n) {
  for (uint32_t k = 1 + random_below(r, 3); k-- > 0;) n = mutate_once(r, text, n, max, other, other_n);
  return n;
}
