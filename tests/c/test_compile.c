/* Compiled graphs against the reference executor: the same bits (any NaN equals any), over random programs and over programs that exercise fusion:
 * rows in several phases, sums over several blocks, index maps, loops with carried elements and arrays. */
#include "check.h"
#include "random_graph.h"

#include "compile/executable.h"
#include "emit/emit.h"
#include "ir/node.h"
#include "runtime/execute.h"
#include <cuirax/error.h>
#include <cuirax/graph.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double part_at(CxDtype d, const char *p) {
  float f;
  double x = 0;
  uint16_t h;
  switch ((int)d) {
    case CX_F32:
    case CX_C64: memcpy(&f, p, 4); return (double)f;
    case CX_F64:
    case CX_C128: memcpy(&x, p, 8); return x;
    case CX_F16: memcpy(&h, p, 2); return (h & 0x7fff) > 0x7c00 ? NAN : 0;
    case CX_BF16: memcpy(&h, p, 2); return (h & 0x7fff) > 0x7f80 ? NAN : 0;
    default: return 0;
  }
}

static bool same_values(CxVal a, CxVal b) {
  const CxType *t = a->type;
  if (b->type != t) return false;
  size_t n = type_bytes(t), step = (size_t)cx_dtype_bytes(t->dtype);
  if (t->dtype == CX_C64 || t->dtype == CX_C128) step /= 2;
  if (step == 0) return true;
  for (size_t i = 0; i < n; i += step) {
    const char *x = a->array.data + i, *y = b->array.data + i;
    if (memcmp(x, y, step) != 0 && !(isnan(part_at(t->dtype, x)) && isnan(part_at(t->dtype, y)))) return false;
  }
  return true;
}

/* Moderate numbers whose sums round, so that the order of additions shows, among special values. */
static bool plain; /* no special values: one NaN would hide a whole sum */

static void fill(CxRandom *r, CxVal v) {
  static const double some[] = {0, -0.0, 1, -1, INFINITY, -INFINITY, NAN, 1e-40, 3e38, 0.1, 100, -7};
  const CxType *t = v->type;
  for (int64_t i = 0; i < t->size; i++) {
    char *p = v->array.data + (size_t)i * (size_t)cx_dtype_bytes(t->dtype);
    double x = plain || random_below(r, 10) ? ((double)random_below(r, 2001) - 1000) / 61 : some[random_below(r, 12)];
    float f = (float)x;
    uint64_t bits = random_below(r, 4) ? random_below(r, 9) - 4 : random_next(r);
    if (t->dtype == CX_BOOL) *p = (char)random_below(r, 2);
    else if (t->dtype == CX_F32) memcpy(p, &f, 4);
    else if (t->dtype == CX_F64) memcpy(p, &x, 8);
    else if (t->dtype == CX_C64) memcpy(p, &f, 4), memcpy(p + 4, &f, 4);
    else if (strchr("iuf", cx_dtype_kind(t->dtype)) && cx_dtype_bits(t->dtype) >= 8) memcpy(p, &bits, (size_t)cx_dtype_bytes(t->dtype));
    else memset(p, 0, (size_t)cx_dtype_bytes(t->dtype));
  }
}

static uint32_t compared;
static bool argument_verbose;

/* -1: the reference fails (as the compiled form then must); 0 differs; 1 equal */
static int compare(CxGraph *g, CxRandom *r) {
  uint32_t ni = g->in.n, no = g->out.n;
  CxVal *in = calloc(ni + 1, sizeof *in), *want = calloc(no + 1, sizeof *want), *got = calloc(no + 1, sizeof *got);
  for (uint32_t i = 0; i < ni; i++) fill(r, in[i] = node_array(graph_type(g, g->in.v[i])));
  execute_compiled = NULL;
  bool ok = graph_run_borrowed(g, in, ni, want);
  bool lacking = !ok && cx_failed() && cx_error()->code == CX_ERR_NOT_IMPLEMENTED; /* a library, maybe for dead code only */
  cx_error_clear();
  Executable *x = executable_new(g);
  int answer = ok ? x != NULL : -1;
  if (!x) fprintf(stderr, "not compiled: %s\n", cx_failed() ? cx_error()->text : "?");
  bool ran = x && executable_run(x, in, true, got);
  if (ran != ok && x && !lacking) answer = 0;
  if (ran && ok) {
    compared++;
    for (uint32_t i = 0; i < no; i++)
      if (!same_values(want[i], got[i])) answer = 0;
  }
  cx_error_clear();
  for (uint32_t i = 0; i < ni; i++) cx_release(in[i]);
  for (uint32_t i = 0; ok && i < no; i++) cx_release(want[i]);
  for (uint32_t i = 0; ran && i < no; i++) cx_release(got[i]);
  executable_free(x);
  free(in), free(want), free(got);
  return answer;
}

static void show(CxGraph *g) {
  char *text = cx_graph_text(g);
  fprintf(stderr, "%s\n", text ? text : "?");
  cx_string_free(text);
}

/* A random while hardly ever ends; effects and hidden state do not repeat; the order of a product's sums is not fixed. */
static bool repeats(const CxGraph *g) {
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    const CxField *f = cx_ops[e->op]->flags & CX_OP_REFS ? cx_ops[e->op]->fields : NULL;
    if (e->op == CX_OP_WHILE || e->op == CX_OP_RNG_UNIFORM || e->op == CX_OP_DOT_GENERAL || eqn_has_effect(e)) return false;
    if (e->op >= CX_OP_PSUM && e->op <= CX_OP_PBROADCAST) return false; /* fail here, unless a pass drops them */
    for (; f && f->name; f++) {
      const void *p = (const char *)e->attrs + f->offset;
      if (f->kind == CX_FIELD_GRAPH && *(CxGraph *const *)p && !repeats(*(CxGraph *const *)p)) return false;
      for (int k = 0; f->kind == CX_FIELD_GRAPHS && k < ((const CxGraphs *)p)->n; k++)
        if (!repeats(((const CxGraphs *)p)->v[k])) return false;
    }
  }
  return true;
}

static void test_random_programs(uint64_t first, uint64_t seeds) {
  for (uint64_t seed = first; seed <= seeds; seed++) {
    CxRandom r = {.state = seed};
    RandomGraphOptions o = {.eqns = 4 + random_below(&r, 30), .depth = (int)random_below(&r, 3), .floats_only = random_below(&r, 2)};
    CxGraph *g = random_graph(&r, &o);
    if (argument_verbose && g) show(g);
    int answer = g && repeats(g) ? compare(g, &r) : 1;
    if (!CHECK(answer != 0)) fprintf(stderr, "seed %llu\n", (unsigned long long)seed), show(g);
    cx_graph_release(g);
  }
}

static const char *const programs[] = {
    /* a sum over several blocks and a rest */
    "cuirax-graph 1 graph(%0: f32[7,1000]) { %3: f32[7] = reduce_sum [axes=(1)](%0) return(%3) }",
    /* neighbours of narrow floats, which f32 does not have; functions of theirs, which it computes */
    "cuirax-graph 1 graph(%0: f16[99], %1: f16[99], %2: bf16[99], %3: bf16[99]) { %4: f16[99] = nextafter(%0, %1) %5: bf16[99] = "
    "nextafter(%2, %3) %6: f16[99] = exp(%4) %7: bf16[99] = sin(%5) %8: f16[99] = pow(%0, %1) return(%4, %5, %6, %7, %8) }",
    NULL};

static void test_programs(void) {
  for (int i = 0; programs[i]; i++) {
    CxGraph *g = cx_graph_parse(programs[i], strlen(programs[i]));
    CxRandom r = {.state = (uint64_t)i + 99};
    if (!CHECK(g != NULL)) {
      fprintf(stderr, "program %d: %s\n", i, cx_error()->text);
      cx_error_clear();
      continue;
    }
    for (int round = 0; round < 2; round++) {
      plain = round == 0;
      if (!CHECK(compare(g, &r) == 1)) show(g);
    }
    plain = false;
    cx_graph_release(g);
  }
}

int main(int argc, char **argv) {
  if (emit_target_detect() == EMIT_NONE) {
    printf("this machine has no AVX2: nothing is compiled\n");
    return check_report();
  }
  argument_verbose = argc > 3;
  test_programs();
  test_random_programs(argc > 2 ? strtoull(argv[2], NULL, 10) : 1, argc > 1 ? strtoull(argv[1], NULL, 10) : 800);
  printf("%u programs compared\n", compared);
  return check_report();
}
