/* What rules see of a match, shared by the engine (simplify.c), the conditions and the builders of views (views.c). */
#ifndef COMPILE_SIMPLIFY_H
#define COMPILE_SIMPLIFY_H

#include "compile/rewrite.h"

enum { MATCH_VARS = 4, MATCH_OPS = 4 };

typedef struct MatchOp {
  CxOpcode op;
  const void *attrs;
  const CxVar *in;
  uint32_t nin;
} MatchOp;

typedef struct Match {
  Rewrite *r;
  const Pending *p;
  CxVar x[MATCH_VARS];    /* x y z p; 0: not bound */
  CxVar c[2];             /* c d: their splats are constants */
  MatchOp op[MATCH_OPS];  /* the ops of the pattern in the order they are written; op[0] is the root */
  uint32_t n_ops;
} Match;

typedef bool Condition(const Match *m);
typedef CxVar Builder(Match *m); /* 0: the rule does not apply */

/* A number ('n'), all bits ('o'), the lowest ('l') or highest ('h') value of a dtype; false if it has none. */
bool pattern_bits(char what, double number, CxDtype d, void *to);
CxVal pattern_scalar(char what, double number, CxDtype d); /* a weak scalar; a new reference or NULL */

#define CONDITIONS(X) X(always) X(power_of_two) X(reciprocal_exact) X(shifts_in_width) X(which_bool) X(same_type) X(through_wider) X(through_wider_and_back)
#define X(name) Condition condition_##name;
CONDITIONS(X)
#undef X

#define RULE(...)
#define VIEW(name, pattern, builder, why) Builder builder;
#include "compile/rules.def"
#undef RULE
#undef VIEW

/* Elementwise ops read scalars and extents of 1 as they are, so a broadcast in front of one is dropped; if all operands are
 * broadcast scalars, the op works on the scalars. 0: nothing to do. */
CxVar elementwise_narrow(Rewrite *r, const Pending *p);

#endif
