/* The passes: programs before and after (tests/passes), random programs against the reference executor bit for bit, limits, growth. */
#include "base/alloc.h"
#include "check.h"
#include "graph_fuzz.h"
#include "compile/passes.h"
#include "ir/node.h"
#include "pass_check.h"
#include "random_soup.h"

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
enum { EXACT, ANY_NAN, UNSAFE };
static const int rule_levels[] = {
#define RULE(name, level, ...) level,
#define VIEW(name, ...) EXACT,
#include "compile/rules.def"
#undef RULE
#undef VIEW
};
static uint32_t hits[RULES];

static long from_environment(const char *name, long otherwise) {
  const char *s = getenv(name);
  return s ? strtol(s, NULL, 10) : otherwise;
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
    pass_check_error("error");
    if (out) pass_check_show("made", out);
  }
  cx_graph_release(in), cx_graph_release(want), cx_graph_release(out);
}

/* Variants of the program, with a token or two changed: those that are still programs keep their results. */
static int mutants;
static void run_mutants(const char *text, size_t n, const char *other, size_t other_n) {
  static char room[1 << 14];
  for (uint64_t seed = 1; seed <= 600 && n < sizeof room; seed++) {
    CxRandom r = {.state = seed};
    size_t len = n;
    memcpy(room, text, n);
    for (uint32_t k = 1 + random_below(&r, 2); k-- > 0;) len = graph_mutate(&r, room, len, sizeof room, other, other_n);
    FuzzResult result = pass_fuzz(room, len);
    mutants += result == FUZZ_ACCEPTED;
    if (!CHECK(result != FUZZ_BROKEN)) fprintf(stderr, "mutant:\n%.*s\n", (int)len, room);
  }
}

static int run_cases(const char *text) {
  int n = 0;
  for (const char *at = strstr(text, "\n== "); at;) {
    const char *eol = strchr(++at, '\n'), *next = eol ? strstr(eol, "\n== ") : NULL, *end = next ? next + 1 : at + strlen(at);
    const char *mid = eol ? strstr(eol, "\n--\n") : NULL;
    if (!CHECK(mid && mid < end)) return n;
    run_case(at + 3, (size_t)(eol - at - 3), eol + 1, (size_t)(mid - eol), mid + 4, (size_t)(end - mid - 4));
    run_mutants(eol + 1, (size_t)(mid - eol), mid + 4, (size_t)(end - mid - 4));
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
  printf("%d programs before and after, %d variants\n", cases, mutants);
  CHECK(mutants > 200);
  CHECK(cases >= 20);
}

/* ---- random programs: the optimised one gives the same bits ---- */

static bool draws(const CxGraph *g) { /* rng_uniform gives other numbers each time */
  char *s = cx_graph_text(g);
  bool found = s && strstr(s, "rng_uniform");
  cx_string_free(s);
  return found;
}

static const char *const lists[] = {"inline+simplify+fold+cse+hoist,dce", "simplify", "simplify,cse,dce", "fold,simplify", "inline,cse,simplify,hoist,dce", "cse+simplify+hoist"};

/* With any_nan, only real floats: a sign that a NaN lost shows in no other dtype. */
static void test_soups_any_nan(void) {
  static const CxDtype dtypes[] = {CX_F32, CX_F64, CX_F16, CX_BF16};
  PassOptions o = {.verify = 1, .rule_hits = hits, .any_nan = true};
  PassCheck count = {.any_nan = true};
  for (long i = 0, n = from_environment("PASSES_SOUPS", 6000) / 4; i < n; i++) {
    CxRandom r = {.state = (uint64_t)i * 77773};
    CxGraph *g = random_soup(&r, 4 + random_below(&r, 24), dtypes[i % 4]);
    if (g && !CHECK(pass_check(&r, g, lists[i % 6], &o, &count))) fprintf(stderr, "any_nan soup %ld\n", i), n = i;
    cx_graph_release(g);
  }
}

static void test_soups(void) {
  static const CxDtype dtypes[] = {CX_F32, CX_I32, CX_U32, CX_F64, CX_F16, CX_BF16, CX_I8, CX_U8, CX_BOOL, CX_I4, CX_U2, CX_I64, CX_C64, CX_U64, CX_I2, CX_U4, CX_I16};
  long n = from_environment("PASSES_SOUPS", 6000), seed = from_environment("PASSES_SEED", 1), failures = 0;
  PassOptions o = {.verify = 1, .rule_hits = hits};
  PassCheck count = {0};
  for (long i = 0; i < n && failures < 3; i++) {
    CxRandom r = {.state = (uint64_t)seed * 1000003 + (uint64_t)i};
    CxGraph *g = random_soup(&r, 4 + random_below(&r, 24), dtypes[i % 17]);
    if (g && !CHECK(pass_check(&r, g, lists[i % 6], &o, &count))) failures++, fprintf(stderr, "soup %ld of seed %ld\n", i, seed);
    cx_graph_release(g);
  }
  printf("%d soups compared, %d became smaller\n", count.compared, count.shrunk);
  CHECK(count.compared * 10 > n * 9);
}

static void test_graphs(void) {
  long n = from_environment("PASSES_GRAPHS", 3000), seed = from_environment("PASSES_SEED", 1), failures = 0;
  PassOptions o = {.verify = 1, .rule_hits = hits};
  PassCheck count = {0};
  for (long i = 0; i < n && failures < 3; i++) {
    CxRandom r = {.state = (uint64_t)seed * 7000003 + (uint64_t)i, .quiet = true};
    CxGraph *g = random_graph(&r, &(RandomGraphOptions){.eqns = 4 + random_below(&r, 20), .depth = (int)random_below(&r, 3)});
    if (g && draws(g)) cx_graph_release(g), g = NULL;
    if (g && !CHECK(pass_check(&r, g, lists[i % 6], &o, &count))) failures++, fprintf(stderr, "graph %ld of seed %ld\n", i, seed);
    cx_graph_release(g);
  }
  printf("%d random graphs compared, %d became smaller\n", count.compared, count.shrunk);
  CHECK(count.compared * 3 > n);
}

/* ---- rules that are off by default ---- */

static bool becomes(const char *before, const PassOptions *o, const char *after) {
  CxGraph *in = cx_graph_parse(before, strlen(before)), *want = cx_graph_parse(after, strlen(after)), *out = NULL;
  bool ok = in && want && passes_run(in, "simplify,dce", o, NULL, &out) && cx_graph_equal(out, want);
  pass_check_error("levels");
  if (!ok && out) pass_check_show("made", out);
  cx_graph_release(in), cx_graph_release(want), cx_graph_release(out);
  return ok;
}

static void test_levels(void) {
  static const char sign[] = "cuirax-graph 1 graph(%x: f32[2], %y: f32[2]) { %a: f32[2] = neg(%y) %b: f32[2] = add(%x, %a) return(%b) }";
  static const char signless[] = "cuirax-graph 1 graph(%x: f32[2], %y: f32[2]) { %b: f32[2] = sub(%x, %y) return(%b) }";
  static const char zero[] = "cuirax-graph 1 graph(%x: f32[2]) { literal %z: f32[] = {00000000} %b: f32[2] = add(%x, %z) return(%b) }";
  static const char zeroless[] = "cuirax-graph 1 graph(%x: f32[2]) { return(%x) }";
  CHECK(becomes(sign, &(PassOptions){0}, sign));
  CHECK(becomes(sign, &(PassOptions){.any_nan = true}, signless));
  CHECK(becomes(zero, &(PassOptions){.any_nan = true}, zero));
  CHECK(becomes(zero, &(PassOptions){.unsafe_math = true}, zeroless));
}

/* ---- errors and limits ---- */

static bool fails(const char *list, const PassOptions *o, CxErr code) {
  static const char text[] = "cuirax-graph 1 graph(%x: f32[2]) { %a: f32[2] = sin(%x) %b: f32[2] = cos(%a) return(%b) }";
  CxGraph *in = cx_graph_parse(text, strlen(text)), *out = in;
  bool ok = in && passes_run(in, list, o, NULL, &out);
  CxErr got = cx_error_take(NULL);
  cx_graph_release(in);
  if (ok) cx_graph_release(out);
  return !ok && !out && got == code;
}

static bool at_once(void *env) { return env != NULL; }

static void test_stop(void) {
  CxRandom r = {.state = 5};
  CxGraph *g = random_soup(&r, 300, CX_F32), *out = NULL;
  CHECK(g && !passes_run(g, "cse", &(PassOptions){.stop = at_once, .stop_env = &r}, NULL, &out) && !out);
  CHECK(cx_error_take(NULL) == CX_ERR_RUNTIME);
  cx_graph_release(g);
}

static void test_errors(void) {
  CHECK(fails("simplfy", NULL, CX_ERR_VALUE));
  CHECK(fails("", NULL, CX_OK) == false); /* an empty list is a list */
  CHECK(fails("dce+cse", NULL, CX_ERR_VALUE));
  CHECK(fails("cse+", NULL, CX_ERR_VALUE));
  CHECK(fails("cse", &(PassOptions){.equations = 1}, CX_ERR_VALUE));
}

/* Doubling calls, 100 deep: 2^100 equations if inlined blindly. */
static void test_doubling(void) {
  char text[16384];
  int n = snprintf(text, sizeof text, "cuirax-graph 1\n@1 = graph(%%x: f32[]) { %%y: f32[] = sin(%%x) return(%%y) }\n");
  for (int i = 2; i < 100; i++)
    n += snprintf(text + n, sizeof text - (size_t)n, "@%d = graph(%%x: f32[]) { %%y: f32[] = jit[name=none inline=false jaxpr=@%d](%%x) "
                  "%%z: f32[] = jit[name=none inline=false jaxpr=@%d](%%y) return(%%z) }\n", i, i - 1, i - 1);
  n += snprintf(text + n, sizeof text - (size_t)n, "graph(%%x: f32[]) { %%y: f32[] = jit[name=none inline=false jaxpr=@99](%%x) return(%%y) }\n");
  CxGraph *in = cx_graph_parse(text, (size_t)n), *out = NULL;
  PassReports reports = {0};
  CHECK(in && passes_run(in, "inline+cse,dce", &(PassOptions){.verify = 1}, &reports, &out));
  pass_check_error("doubling");
  CHECK(reports.n == 2 && reports.v[0].after < 100 * 33);
  cx_graph_release(in), cx_graph_release(out);
}

/* ---- every allocation fails once: MemoryError, nothing left behind (the sanitizers watch), and the same work succeeds after ---- */

static void test_allocation(void) {
  static const char text[] =
      "cuirax-graph 1 graph(%x: f32[3], %y: f32[3]) {\n"
      "  literal %c: f32[] = {3f800000} literal %d: f32[] = {40000000} const %e: f32[3] = {40000000 40000000 40000000}\n"
      "  %a: f32[3] = mul(%x, %c) %b: f32[3] = add(%a, %e) %f: f32[] = add(%c, %d) %g: f32[3] = mul(%b, %f) %h: f32[3] = mul(%b, %f)\n"
      "  %i: f32[1,3] = reshape[new_sizes=(1, 3)](%g) %j: f32[3,1] = transpose[permutation=(1, 0)](%i)\n"
      "  %k: f32[3] = jit[name=\"g\" inline=false jaxpr=graph(%p: f32[3]) { %q: f32[3] = sin(%p) return(%q) }](%h)\n"
      "  %l: f32[3], %m: f32[3] = scan[_split_transpose=false jaxpr=graph(%p: f32[3], %q: f32[3]) { %r: f32[3] = cos(%p) return(%r, %q) }\n"
      "    length=4 linear=() num_carry=2 num_consts=0 reverse=false unroll=1](%k, %y)\n"
      "  return(%j, %l) }";
  CxGraph *in = cx_graph_parse(text, strlen(text)), *whole = NULL, *out = NULL;
  long done = 0;
  if (!CHECK(in && passes_run(in, passes_default, NULL, NULL, &whole))) pass_check_error("allocation");
  for (long k = 1; k < 2000 && !done; k++) {
    cx_alloc_fail_after(k, false);
    bool ok = passes_run(in, passes_default, NULL, NULL, &out);
    if (cx_alloc_fail_after(0, false) < k) done = k;
    CxErr code = cx_error_take(NULL);
    if (!CHECK(ok ? code == CX_OK && cx_graph_equal(out, whole) : !out && code == CX_ERR_MEMORY)) fprintf(stderr, "  allocation %ld\n", k);
    cx_graph_release(out);
  }
  printf("%ld allocations failed in turn\n", done);
  CHECK(done > 20);
  cx_graph_release(in), cx_graph_release(whole);
}

/* ---- growth: work per equation does not depend on the number of equations ---- */

static CxGraph *long_graph(uint32_t n) { /* sin, and what rules, folding and cse have to do with */
  CxRandom r = {.state = n};
  CxGraph *g = random_soup(&r, n, CX_F32);
  for (CxVar v = 3; g && v < g->types.n; v += 5)
    if (g->types.v[v]) graph_output(g, v);
  return g;
}

static void test_growth(void) {
  double first = 0;
  for (uint32_t n = 100; n <= 100000; n *= 10) {
    CxGraph *g = long_graph(n), *out = NULL;
    PassReports reports = {0};
    CHECK(g && g->eqns.n >= n * 9 / 10 && passes_run(g, passes_default, NULL, &reports, &out));
    pass_check_error("growth");
    double seconds = 0, visited = 0;
    for (uint32_t i = 0; i < reports.n; i++) seconds += reports.v[i].seconds, visited += (double)reports.v[i].visited;
    double per = g ? visited / g->eqns.n : 0;
    if (n == 100) first = per;
    printf("%6u equations -> %6llu: %.2f us each, %.2f visits each\n", n, (unsigned long long)reports.v[reports.n ? reports.n - 1 : 0].after,
           1e6 * seconds / n, per);
    CHECK(per >= 1 && per <= 1.3 * first);
    cx_graph_release(g), cx_graph_release(out);
  }
}

static void test_every_rule_fires(void) {
  int silent = 0;
  for (int i = 0; i < RULES; i++)
    if (!hits[i] && (CHECK(rule_levels[i] != EXACT), ++silent)) printf("  never used: %s\n", rule_names[i]);
  printf("%d of %d rules used\n", RULES - silent, RULES);
}

int main(void) {
  test_files();
  test_soups();
  test_soups_any_nan();
  test_graphs();
  test_levels();
  test_errors();
  test_stop();
  test_allocation();
  test_doubling();
  test_growth();
  test_every_rule_fires();
  return check_report();
}
