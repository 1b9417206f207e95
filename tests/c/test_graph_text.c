/* The exact text of graphs: round trips over random graphs of the whole op table, the verifier, errors with their places. */
#include "check.h"
#include "ir/node.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "random_graph.h"
#include <stdlib.h>
#include <string.h>

/* ---- every op's attributes are sound for the text ---- */

static void test_field_tables(void) {
  for (int op = 1; op < CX_OP_COUNT; op++) {
    const CxOp *def = cx_ops[op];
    if (!def) continue;
    bool refs = false;
    int fields = 0;
    for (const CxField *f = def->fields; f && f->name; f++, fields++) {
      refs |= f->kind == CX_FIELD_GRAPH || f->kind == CX_FIELD_GRAPHS || f->kind == CX_FIELD_FN;
      if (f->kind == CX_FIELD_ENUM || f->kind == CX_FIELD_DIMS) CHECK(f->names && f->names[0]);
      CHECK(f->offset < def->attrs_bytes);
    }
    if (!CHECK(fields < 32) || !CHECK(refs == ((def->flags & CX_OP_REFS) != 0)) || !CHECK((int)op_from_name(def->name) == op))
      fprintf(stderr, "  op %s\n", def->name);
  }
}

/* ---- round trips ---- */

static bool round_trips(const CxGraph *g) {
  CxText a = {0}, b = {0};
  bool ok = graph_print(g, &a);
  CxGraph *back = ok ? graph_parse(a.s, a.n) : NULL;
  ok = back && graph_equal(g, back) && graph_hash(g) == graph_hash(back) && graph_print(back, &b) && a.n == b.n && !memcmp(a.s, b.s, a.n);
  if (!ok) fprintf(stderr, "%s\n%s\n---\n%s\n", cx_failed() ? cx_error()->text : "not equal", a.s ? a.s : "", b.s ? b.s : "");
  cx_error_clear();
  ref_release(back);
  text_free(&a);
  text_free(&b);
  return ok;
}

static void test_random_graphs(void) {
  static uint32_t made[CX_OP_COUNT];
  for (uint64_t seed = 1; seed <= 1500; seed++) {
    CxRandom r = {.state = seed};
    RandomGraphOptions o = {.eqns = 1 + (uint32_t)seed % 20, .depth = (int)(seed % 3)};
    CxGraph *g = random_graph(&r, &o);
    if (!CHECK(g)) return;
    for (uint32_t i = 0; i < g->eqns.n; i++) made[g->eqns.v[i].op]++;
    bool ok = graph_verify(g, NULL);
    if (!CHECK(ok)) fprintf(stderr, "  seed %d: %s\n", (int)seed, cx_error()->text);
    cx_error_clear();
    if (ok && !CHECK(round_trips(g))) fprintf(stderr, "  seed %d\n", (int)seed);
    CxText t = {0};
    CHECK(graph_print_jax(g, &t, NULL));
    text_free(&t);
    ref_release(g);
  }
}

/* One op at a time: nearly every op must be reachable by the generator, or the round trip above proves little. */
static void test_every_op(void) {
  int reached = 0, known = 0;
  for (int op = 1; op < CX_OP_COUNT; op++) {
    if (!cx_ops[op]) continue;
    bool fn = false, made = false;
    for (const CxField *f = cx_ops[op]->fields; f && f->name; f++) fn |= f->kind == CX_FIELD_FN;
    if (fn) continue;
    known++;
    for (uint64_t seed = 1; seed <= 12 && !made; seed++) {
      CxRandom r = {.state = seed * 977 + (uint64_t)op};
      CxGraph *g = random_graph(&r, &(RandomGraphOptions){.eqns = 2, .depth = 2, .only = (CxOpcode)op});
      for (uint32_t i = 0; g && i < g->eqns.n; i++) made |= g->eqns.v[i].op == (CxOpcode)op;
      if (made) CHECK(graph_verify(g, NULL) && round_trips(g));
      cx_error_clear();
      ref_release(g);
    }
    reached += made;
    if (!made && getenv("CUIRAX_VERBOSE")) fprintf(stderr, "not reached: %s\n", cx_ops[op]->name);
  }
  CHECK(reached * 100 >= known * 90);
}

int main(void) {
  CxScope s;
  cx_scope_open(&s);
  test_field_tables();
  test_random_graphs();
  test_every_op();
  cx_scope_close(&s);
  return check_report();
}
