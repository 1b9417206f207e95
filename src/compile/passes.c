/* The driver: a list of passes by name, each over the graph and its regions; reports, limits, the verifier between. */
#include "compile/passes.h"

#include "compile/rewrite.h"
#include "ir/verify.h"
#include <stdio.h>
#include <time.h>

const char passes_default[] = "inline+simplify+fold+cse+hoist,dce";

static const struct {
  const char *name;
  uint32_t flag; /* of a pass that may share a sweep */
  CxGraph *(*pass)(PassRun *run, CxGraph *g);
} passes[] = {
    {"inline", PASS_INLINE, pass_rewrite}, {"simplify", PASS_SIMPLIFY, pass_rewrite}, {"fold", PASS_FOLD, pass_rewrite},
    {"cse", PASS_CSE, pass_rewrite},       {"hoist", PASS_HOIST, pass_rewrite},
    {"dce", 0, pass_dce},
};

static bool pass_named(const char *s, size_t n, PassRun *run) {
  for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
    if (strlen(passes[i].name) != n || strncmp(passes[i].name, s, n)) continue;
    FAIL_IF(run->pass && (!passes[i].flag || !run->flags), CX_ERR_VALUE, "%s cannot share a sweep with other passes: use ',' instead of '+'",
            run->flags ? passes[i].name : "dce");
    run->flags |= passes[i].flag;
    run->pass = passes[i].pass;
    return true;
  }
  return cx_fail(CX_ERR_VALUE, "there is no pass '%.*s'; the passes are inline, simplify, fold, cse, hoist, dce", (int)n, s);
}

/* One element of the list: names joined by '+'. */
static bool sweep_named(const char *s, size_t n, PassRun *run) {
  for (const char *end = s + n; s <= end;) {
    const char *plus = memchr(s, '+', (size_t)(end - s)), *stop = plus ? plus : end;
    TRY(pass_named(s, (size_t)(stop - s), run));
    s = stop + 1;
  }
  return true;
}

static PassOptions with_defaults(const PassOptions *given) {
  PassOptions o = given ? *given : (PassOptions){0};
  if (!o.fold_bytes) o.fold_bytes = 4096;
  if (!o.fold_work) o.fold_work = 1 << 20;
  if (!o.inline_small) o.inline_small = 32;
  if (!o.equations) o.equations = (uint64_t)1 << 32;
#ifdef CX_VERIFY_PASSES
  if (!o.verify) o.verify = 1;
#endif
  return o;
}

static void run_close(PassRun *run) {
  for (uint32_t i = 0; i < run->cap_met; i++)
    if (run->met[i].graph) cx_graph_release(run->met[i].result);
  cx_free(run->met);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool check(const char *name, size_t n, const CxGraph *g) {
  if (graph_verify(g, NULL)) return true;
  CxError e;
  cx_error_take(&e);
  return cx_fail(e.code == CX_ERR_MEMORY ? CX_ERR_MEMORY : CX_ERR_INTERNAL, "the pass %.*s broke the graph: %s", (int)n, name, e.text);
}

static void report(PassReports *to, const char *s, size_t n, const PassRun *run, double seconds, const CxGraph *before, const CxGraph *after) {
  if (!to || to->n >= PASS_REPORTS) return;
  PassReport *r = &to->v[to->n++];
  *r = (PassReport){.seconds = seconds, .visited = run->visited, .rewritten = run->rewritten};
  snprintf(r->name, sizeof r->name, "%.*s", (int)n, s);
  r->before = graph_equations(before);
  r->after = graph_equations(after);
}

static bool run_one(CxGraph **g, const char *s, size_t n, const PassOptions *o, PassReports *reports) {
  PassRun run = {.options = o, .fold_left = o->fold_work};
  double start = now();
  bool ok = sweep_named(s, n, &run) && simplify_ready() && (!(run.flags & PASS_INLINE) || inline_measure(&run, *g));
  CxGraph *result = ok ? cx_graph_retain(run_graph(&run, *g)) : NULL;
  run_close(&run);
  if (result && o->verify > 0 && !check(s, n, result)) cx_graph_release(result), result = NULL;
  if (!result) return false;
  report(reports, s, n, &run, now() - start, *g, result);
  cx_graph_release(*g);
  *g = result;
  return true;
}

bool passes_run(CxGraph *in, const char *list, const PassOptions *options, PassReports *reports, CxGraph **out) {
  PassOptions o = with_defaults(options);
  CxGraph *g = cx_graph_retain(in);
  *out = NULL;
  bool ok = in && !cx_failed();
  for (const char *s = list; ok && *s;) {
    size_t n = strcspn(s, ",");
    ok = run_one(&g, s, n, &o, reports);
    s += n + (s[n] == ',');
  }
  if (!ok) return cx_graph_release(g), false;
  *out = g;
  return true;
}

CxGraph *cx_graph_optimize(CxGraph *g, const char *list) {
  CxGraph *out = NULL;
  return g && passes_run(g, list ? list : passes_default, NULL, NULL, &out) ? out : NULL;
}

/* ---- counting ---- */

static uint64_t count(PassRun *run, const CxGraph *g) {
  Met *m = run_met(run, g);
  if (!m || m->size || run->depth > 256) return 0;
  m->size = 1;
  run->depth++;
  uint64_t n = g->eqns.n;
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxOp *def = cx_ops[g->eqns.v[i].op];
    for (const CxField *f = def->fields; def->flags & CX_OP_REFS && f->name; f++) {
      const void *p = (const char *)g->eqns.v[i].attrs + f->offset;
      if (f->kind == CX_FIELD_GRAPH && *(CxGraph *const *)p) n += count(run, *(CxGraph *const *)p);
      for (int k = 0; f->kind == CX_FIELD_GRAPHS && k < ((const CxGraphs *)p)->n; k++) n += count(run, ((const CxGraphs *)p)->v[k]);
    }
  }
  run->depth--;
  return n;
}

uint64_t graph_equations(const CxGraph *g) {
  PassRun run = {0};
  uint64_t n = count(&run, g);
  cx_free(run.met);
  return n;
}
