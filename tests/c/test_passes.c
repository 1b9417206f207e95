/* The passes: programs before and after (tests/passes), random programs against the reference executor bit for bit, limits, growth. */
#include "base/alloc.h"
#include "check.h"
#include "compile/passes.h"
#include "ir/node.h"
#include "ir/verify.h"
#include "random_soup.h"
#include "runtime/execute.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static const char *const rule_names[] = {
#define RULE(name, ...) #name,
#define VIEW(name, ...) #name,
#include "compile/rules.def"
#undef RULE
#undef VIEW
};
enum { RULES = sizeof rule_names / sizeof *rule_names };
static uint32_t hits[RULES];

static long from_environment(const char *name, long otherwise) {
  const char *s = getenv(name);
  return s ? strtol(s, NULL, 10) : otherwise;
}

static void show(const char *what, const CxGraph *g) {
  char *s = cx_graph_text(g);
  fprintf(stderr, "--- %s\n%s\n", what, s ? s : "(no text)");
  cx_string_free(s);
}

static void show_error(const char *what) {
  CxError e;
  if (cx_error_take(&e)) fprintf(stderr, "  %s: %s: %s\n", what, cx_error_name(e.code), e.text);
}

/* ---- programs before and after ----
 * A file holds cases: a line `== name: passes`, the program, a line `--`, the program expected. */

static void run_case(const char *title, size_t title_n, const char *before, size_t before_n, const char *after, size_t after_n) {
  char list[200] = "";
  const char *colon = memchr(title, ':', title_n);
  if (!CHECK(colon && title_n - (size_t)(colon - title) < sizeof list)) return;
  memcpy(list, colon + 1, title_n - (size_t)(colon + 1 - title));
  PassOptions o = {.verify = 1, .rule_hits = hits};
  for (char *p; (p = strchr(list, ' '));) memmove(p, p + 1, strlen(p));
  CxGraph *in = cx_graph_parse(before, before_n), *want = in ? cx_graph_parse(after, after_n) : NULL, *out = NULL;
  bool ok = want && passes_run(in, list, &o, NULL, &out) && cx_graph_equal(out, want);
  if (!CHECK(ok)) {
    fprintf(stderr, "case %.*s\n", (int)title_n, title);
    show_error("error");
    if (out) show("made", out);
  }
  cx_graph_release(in), cx_graph_release(want), cx_graph_release(out);
}

static int run_cases(const char *text) {
  int n = 0;
  for (const char *at = strstr(text, "\n== "); at;) {
    const char *eol = strchr(++at, '\n'), *next = eol ? strstr(eol, "\n== ") : NULL, *end = next ? next + 1 : at + strlen(at);
    const char *mid = eol ? strstr(eol, "\n--\n") : NULL;
    if (!CHECK(mid && mid < end)) return n;
    run_case(at + 3, (size_t)(eol - at - 3), eol + 1, (size_t)(mid - eol), mid + 4, (size_t)(end - mid - 4));
    n++;
    at = next;
  }
  return n;
}

static void test_files(void) {
  static char text[1 << 18];
  DIR *d = opendir("tests/passes");
  int cases = 0;
  if (!CHECK(d)) return;
  for (struct dirent *e; (e = readdir(d));) {
    char path[400];
    if (!strstr(e->d_name, ".txt")) continue;
    snprintf(path, sizeof path, "tests/passes/%.300s", e->d_name);
    FILE *f = fopen(path, "rb");
    if (!CHECK(f)) continue;
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    cases += run_cases(text);
  }
  closedir(d);
  printf("%d programs before and after\n", cases);
  CHECK(cases >= 20);
}

/* ---- random programs: the optimised one gives the same bits ---- */

static int polls;
static bool impatient(void) { return polls++ > 20 && !cx_fail(CX_ERR_RUNTIME, "the random loop takes too long"); }

static bool result_equal(uint32_t i, CxVal a, CxVal b) {
  if (a->type == b->type && !memcmp(a->array.data, b->array.data, type_bytes(a->type))) return true;
  char at[200], bt[200];
  fprintf(stderr, "  result %u: %s, %s\n", i, cx_type_text(a->type, at, sizeof at), cx_type_text(b->type, bt, sizeof bt));
  for (size_t k = 0; a->type == b->type && k < type_bytes(a->type) && k < 256; k++)
    fprintf(stderr, "%02x/%02x ", a->array.data[k] & 255, b->array.data[k] & 255);
  return fprintf(stderr, "\n"), false;
}

static bool results_equal(const CxGraph *g, const CxVal *a, const CxVal *b) {
  for (uint32_t i = 0; i < g->out.n; i++)
    if (!result_equal(i, a[i], b[i])) return false;
  return true;
}

static bool run_on(CxGraph *g, const CxVal *in, CxVal *out) {
  polls = 0;
  memset(out, 0, 16 * sizeof *out);
  CxScope scope;
  cx_scope_open(&scope);
  bool ok = graph_run_borrowed(g, in, g->in.n, out);
  cx_scope_close(&scope);
  return ok;
}

static void release_all(CxVal *v) {
  for (int i = 0; i < 16; i++) cx_release(v[i]);
}

static bool draws(const CxGraph *g) { /* rng_uniform gives other numbers each time */
  char *s = cx_graph_text(g);
  bool found = s && strstr(s, "rng_uniform");
  cx_string_free(s);
  return found;
}

static int compared, shrunk;

/* True unless the optimised program differs. */
static bool same_results(CxRandom *r, CxGraph *g, const char *list, const PassOptions *o) {
  CxVal in[16] = {0}, want[16] = {0}, got[16] = {0};
  CxGraph *out = NULL;
  if (g->in.n > 16 || g->out.n > 16) return true;
  for (uint32_t i = 0; i < g->in.n; i++) in[i] = soup_value(r, graph_type(g, g->in.v[i]), false);
  bool ok = run_on(g, in, want), same = true;
  cx_error_clear();
  if (ok) { /* what fails may fail otherwise */
    same = passes_run(g, list, o, NULL, &out) && run_on(out, in, got) && results_equal(g, want, got);
    compared++;
    if (out) shrunk += out->eqns.n < g->eqns.n;
  }
  if (!same) show_error(list), show("before", g);
  if (!same && out) show("after", out);
  release_all(in), release_all(want), release_all(got);
  cx_graph_release(out);
  return same;
}

static const char *const lists[] = {"inline+simplify+fold+cse,dce", "simplify", "simplify,cse,dce", "fold,simplify", "inline,cse,simplify,dce", "cse+simplify"};

static void test_soups(void) {
  static const CxDtype dtypes[] = {CX_F32, CX_I32, CX_U32, CX_F64, CX_F16, CX_BF16, CX_I8, CX_U8, CX_BOOL, CX_I4, CX_U2, CX_I64, CX_C64, CX_U64, CX_I2, CX_U4, CX_I16};
  long n = from_environment("PASSES_SOUPS", 6000), seed = from_environment("PASSES_SEED", 1), failures = 0;
  PassOptions o = {.verify = 1, .rule_hits = hits};
  compared = shrunk = 0;
  for (long i = 0; i < n && failures < 3; i++) {
    CxRandom r = {.state = (uint64_t)seed * 1000003 + (uint64_t)i};
    CxGraph *g = random_soup(&r, 4 + random_below(&r, 24), dtypes[i % 17]);
    if (g && !CHECK(same_results(&r, g, lists[i % 6], &o))) failures++, fprintf(stderr, "soup %ld of seed %ld\n", i, seed);
    cx_graph_release(g);
  }
  printf("%d soups compared, %d became smaller\n", compared, shrunk);
  CHECK(compared * 10 > n * 9);
}

static void test_graphs(void) {
  long n = from_environment("PASSES_GRAPHS", 3000), seed = from_environment("PASSES_SEED", 1), failures = 0;
  PassOptions o = {.verify = 1, .rule_hits = hits};
  compared = shrunk = 0;
  for (long i = 0; i < n && failures < 3; i++) {
    CxRandom r = {.state = (uint64_t)seed * 7000003 + (uint64_t)i, .quiet = true};
    CxGraph *g = random_graph(&r, &(RandomGraphOptions){.eqns = 4 + random_below(&r, 20), .depth = (int)random_below(&r, 3)});
    if (g && draws(g)) cx_graph_release(g), g = NULL;
    if (g && !CHECK(same_results(&r, g, lists[i % 6], &o))) failures++, fprintf(stderr, "graph %ld of seed %ld\n", i, seed);
    cx_graph_release(g);
  }
  printf("%d random graphs compared, %d became smaller\n", compared, shrunk);
  CHECK(compared * 3 > n);
}

static void test_every_rule_fires(void) {
  int silent = 0;
  for (int i = 0; i < RULES; i++)
    if (!hits[i]) silent++, printf("  never used: %s\n", rule_names[i]);
  printf("%d of %d rules used\n", RULES - silent, RULES);
}

int main(void) {
  execute_interrupted = impatient;
  test_files();
  test_soups();
  test_graphs();
  test_every_rule_fires();
  return check_report();
}
