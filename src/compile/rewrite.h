/* The rewriter that the passes are made of. It walks the equations of one graph and appends to a new one; every equation, whether copied
 * from the old graph or made by a rule, goes through rewrite_apply, which may answer it by a variable that is already there.
 * So operands are always in their final form when an equation is looked at, and one sweep reaches what rules can reach.
 * Regions are rewritten once each, however often they are shared. */
#ifndef COMPILE_REWRITE_H
#define COMPILE_REWRITE_H

#include "base/error.h"
#include "compile/passes.h"
#include "ir/node.h"
#include "op/attrs.h"
#include <cuirax/graph.h>
#include <string.h>

typedef enum PassFlag { PASS_INLINE = 1, PASS_SIMPLIFY = 2, PASS_FOLD = 4, PASS_CSE = 8, PASS_HOIST = 16 } PassFlag;

/* What a run knows about a graph that it met. */
typedef struct Met {
  const CxGraph *graph;
  CxGraph *result; /* a reference, or NULL: not rewritten yet */
  uint64_t size;   /* equations once its calls are inlined */
  uint32_t uses;   /* equations that call it */
} Met;

/* One pass over a graph and its regions. */
typedef struct PassRun {
  const PassOptions *options;
  uint32_t flags;
  CxGraph *(*pass)(struct PassRun *run, CxGraph *g); /* a new reference */
  uint64_t fold_left, visited, rewritten, appended;
  Met *met; /* hash table */
  uint32_t n_met, cap_met;
  uint32_t depth;
} PassRun;

Met *run_met(PassRun *run, const CxGraph *g);          /* its entry, made on first sight; valid until the next call */
CxGraph *run_graph(PassRun *run, CxGraph *g);          /* the rewritten region, borrowed; NULL with an error */
bool run_tick(PassRun *run);                           /* counts an equation; false with an error when a limit or deadline is passed */
/* Attributes with their regions rewritten: `attrs` itself if none changed, else a copy in the arena. */
const void *run_attrs(PassRun *run, CxArena *arena, const CxOp *def, const void *attrs);

/* What is known of a variable of the new graph. */
typedef struct NewVar {
  uint32_t eqn; /* 1 + the equation that makes it; 0: an input or a constant */
  CxVal value;  /* its value, if a constant; borrowed from the graph */
  CxVal splat;  /* a scalar that all its elements equal (at least one element); borrowed from `held` or the graph */
} NewVar;

typedef struct CseSlot {
  uint64_t hash;
  uint32_t eqn; /* 1 + index; 0: empty */
} CseSlot;

typedef struct Rewrite {
  PassRun *run;
  CxGraph *to;
  NewVar *vars; /* by variable of `to` */
  uint32_t cap_vars;
  CxWhere where; /* of the equation that is being rewritten: what rules make stands there too */
  const char *name_stack;
  const char *stack_outer, *stack_from, *stack_to; /* the last name stack copied */
  CseSlot *cse;
  uint32_t n_cse, cap_cse;
  CxVar *consts; /* hash table by value */
  uint32_t n_consts, cap_consts;
  VEC(CxVal) held;  /* scalars that splats point to */
  CxArena *arena;   /* of the equation at hand */
  int depth;        /* rules within rules */
  bool changed;
} Rewrite;

/* An application that is to become an equation or something simpler. */
typedef struct Pending {
  CxOpcode op;
  const CxOp *def;
  const CxVar *in;
  uint32_t nin, nout;
  const void *attrs;
  const CxType *const *types; /* of results; NULL: dropped */
} Pending;

static inline const CxType *rewrite_type(const Rewrite *r, CxVar v) { return r->to->types.v[v]; }
/* The equation that makes v, if it is this op; else NULL. */
static inline const CxEqn *rewrite_def(const Rewrite *r, CxVar v, CxOpcode op) {
  uint32_t e = r->vars[v].eqn;
  return e && r->to->eqns.v[e - 1].op == op ? &r->to->eqns.v[e - 1] : NULL;
}

bool rewrite_apply(Rewrite *r, const Pending *p, CxVar *out);
/* A new equation with one result, simplified in turn; 0 with an error. */
CxVar rewrite_emit(Rewrite *r, CxOpcode op, const CxVar *in, uint32_t nin, const void *attrs);
CxVar rewrite_const(Rewrite *r, CxVal value);                  /* equal scalars share a variable */
CxVar rewrite_adapt(Rewrite *r, CxVar v, const CxType *type); /* broadcast, or of other weakness, to this type; 0 if it cannot be */
CxVar rewrite_splat(Rewrite *r, CxVal scalar, const CxType *type); /* all elements equal to the scalar */
void rewrite_hold(Rewrite *r, CxVal v);                        /* takes over a reference */
/* Appends g's equations with its inputs bound to `in`; out gets the variables of its results. */
bool rewrite_splice(Rewrite *r, const CxGraph *g, const CxVar *in, CxVar *out);

const char *rewrite_stack(Rewrite *r, const char *outer, const char *inner); /* "outer/inner" in the new graph's arena */

/* The parts, each in its file: true with out filled if they have an answer. */
bool inline_apply(Rewrite *r, const Pending *p, CxVar *out);
bool inline_measure(PassRun *run, const CxGraph *g); /* before a run with PASS_INLINE */
bool simplify_ready(void); /* reads the rules; false with an error if they do not read */
bool fold_apply(Rewrite *r, const Pending *p, CxVar *out);
bool simplify_apply(Rewrite *r, const Pending *p, CxVar *out);
bool hoist_loop(Rewrite *r, Pending *p); /* changes p; false with an error */
bool cse_find(Rewrite *r, const Pending *p, uint64_t *hash, CxVar *out);
bool cse_add(Rewrite *r, uint64_t hash, uint32_t eqn);
bool pending_pure(const Pending *p);

CxGraph *pass_rewrite(PassRun *run, CxGraph *g);
CxGraph *pass_dce(PassRun *run, CxGraph *g);

#endif
