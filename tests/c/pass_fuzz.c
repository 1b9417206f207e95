/* Hostile programs against the passes. */
#include "graph_fuzz.h"
#include "pass_check.h"

#include "ir/parse.h"
#include <cuirax/graph.h>
#include <string.h>

static const CxLimits limits = {.operations = 2000, .constant_bytes = 1 << 16, .elements = 1 << 20};

/* Bits of NaNs are seen by bitcasts, and draws differ each time. */
static bool comparable(const CxGraph *g) {
  char *s = cx_graph_text(g);
  bool ok = s && !strstr(s, "bitcast") && !strstr(s, "rng_uniform");
  cx_string_free(s);
  return ok;
}

FuzzResult pass_fuzz(const char *text, size_t n) {
  static const char *const lists[] = {"inline+simplify+fold+cse+hoist,dce", "simplify,dce", "cse+fold,hoist,inline"};
  CxGraph *g = graph_parse_within(text, n, &limits), *out = NULL;
  CxRandom r = {.state = n + 1};
  bool ok = true;
  if (!g) return cx_error_clear(), FUZZ_REFUSED;
  for (int i = 0; ok && i < 3; i++) {
    PassCheck count = {.any_nan = true};
    const PassOptions o = {.verify = 1, .fold_work = 1 << 16};
    if (graph_is_small(g, 0) && comparable(g)) ok = pass_check(&r, g, lists[i], &o, &count);
    else ok = passes_run(g, lists[i], &o, NULL, &out);
    if (!ok && !cx_failed()) break;
    if (!ok) pass_check_show("program", g), pass_check_error(lists[i]);
    cx_graph_release(out), out = NULL;
  }
  cx_graph_release(g);
  return ok ? FUZZ_ACCEPTED : FUZZ_BROKEN;
}
