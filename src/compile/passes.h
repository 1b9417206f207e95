/* Passes over graphs. A pass reads one graph and gives another that computes the same: bit for bit for integers, IEEE-exactly for
 * floats (NaNs too), effects kept in order. The graph given is never changed. Every pass is linear, or n log n, in the equations.
 *
 *   inline    calls become their bodies, when they are used once or are small; a cond of a known index becomes its branch
 *   simplify  the rules of rules.def, and the same for views (chains of transpose, reshape, broadcast, slice …)
 *   fold      equations on small constants are run now; work and results are bounded, and what would fail stays
 *   cse       equal equations become one; effects and barriers are left alone
 *   hoist     what a loop computes from its constants alone is computed once, in front of it
 *   dce       what no result and no effect needs goes, in regions too: unused results and operands of calls, branches and loops
 *
 * In a list, "a,b" runs one pass after the other; "a+b" runs them in one sweep (not dce). */
#ifndef COMPILE_PASSES_H
#define COMPILE_PASSES_H

#include "ir/graph.h"

typedef struct PassReport {
  char name[48];
  double seconds;
  uint64_t before, after; /* equations, of regions too, each distinct region once */
  uint64_t visited;       /* equations looked at: the measure of the pass's work */
  uint64_t rewritten;     /* equations replaced or removed */
} PassReport;

enum { PASS_REPORTS = 16 };
typedef struct PassReports {
  PassReport v[PASS_REPORTS];
  uint32_t n;
} PassReports;

/* Zero is the default everywhere. */
typedef struct PassOptions {
  bool any_nan;          /* rules that may change the sign or payload of a NaN */
  bool unsafe_math;      /* rules that are wrong for infinities, NaNs, signed zeros or the last bit */
  uint64_t fold_bytes;   /* the largest result that is folded [4096] */
  uint64_t fold_work;    /* bytes read and written by all folding of a run [2^20] */
  uint32_t inline_small; /* equations of a body that is copied to every call [32] */
  uint64_t equations;    /* limit for the result; exceeding it is an error [2^32] */
  bool (*stop)(void *env); /* asked now and then: true ends the run with an error (a deadline) */
  void *stop_env;
  uint32_t *rule_hits;   /* counted by rule, in the order of rules.def; or NULL */
  int verify;            /* 1: verify after each pass, -1: never [in builds with assertions of our own: CX_VERIFY_PASSES] */
} PassOptions;

extern const char passes_default[]; /* the list that the compiler uses */

/* Runs a list of passes. *out is a new reference (perhaps to `in` itself). False with an error; then *out is NULL. */
bool passes_run(CxGraph *in, const char *list, const PassOptions *options, PassReports *reports, CxGraph **out);

uint64_t graph_equations(const CxGraph *g); /* with regions, each distinct one once; UINT64_MAX when memory is out */

#endif
