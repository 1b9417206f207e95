/* Graphs: typed SSA. A CxGraph is a list of equations over 32-bit variables, closed by constants, with regions as graphs in attributes.
 * Built once by appending, then never changed; counted. Variable 0 is "dropped" (an unused result). */
#ifndef IR_GRAPH_H
#define IR_GRAPH_H

#include "base/arena.h"
#include "base/vec.h"
#include "ir/op.h"

typedef uint32_t CxVar;

/* Where the user wrote an operation: opaque to C; the host describes it (Python: a code object and an instruction index). */
typedef struct CxWhere {
  const void *host;
  int32_t at;
} CxWhere;

typedef struct CxEqn {
  CxOpcode op;
  uint32_t nin, nout;
  CxVar *in, *out;       /* in the graph's arena */
  const void *attrs;
  CxWhere where;
  const char *name_stack; /* jax.named_scope, or NULL */
} CxEqn;

typedef struct CxConst {
  CxVar var;
  CxVal value; /* a concrete array, retained */
} CxConst;

/* A graph made from this one (its jvp, its batched form, …), kept so that it is made once. */
typedef struct CxDerived {
  struct CxDerived *next;
  uint64_t key[2]; /* kind and a hash of what it depends on */
  void *data;
  size_t bytes;    /* exact key material compared byte for byte */
  CxRef *result;
} CxDerived;

struct CxGraph {
  CxRef ref;
  CxArena arena;
  const char *name;                 /* the traced function's name, or NULL */
  VEC(const CxType *) types;        /* by variable; types.v[0] is NULL */
  VEC(CxEqn) eqns;
  VEC(CxVar) in;
  VEC(CxVar) out;
  VEC(CxConst) consts;
  VEC(const void *) hosts;          /* retained host objects named by `where` */
  bool has_effects;
  _Atomic(uint64_t) hash;           /* 0: not computed yet */
  _Atomic(CxDerived *) derived;
  _Atomic(void *) plan;             /* the executor's schedule: liveness; owned; freed by graph_plan_free */
  _Atomic(void *) executable;       /* the compiled form, or NULL; owned; freed by graph_executable_free */
  _Atomic(uint32_t) runs;           /* while there is none */
};

CxGraph *graph_new(const char *name);
CxVar graph_var(CxGraph *g, const CxType *type); /* 0 with an error when memory is out */
CxVar graph_input(CxGraph *g, const CxType *type);
CxVar graph_const(CxGraph *g, CxVal value);      /* a scalar prints as a literal */
bool graph_output(CxGraph *g, CxVar v);
/* Appends an equation; types of the results go to new variables, returned in out[nout]. Attributes are copied. */
bool graph_eqn(CxGraph *g, CxOpcode op, uint32_t nin, const CxVar *in, const void *attrs, uint32_t nout,
               const CxType *const *out_types, CxVar *out, CxWhere where);
bool eqn_has_effect(const CxEqn *e); /* its own or a region's */
const CxType *graph_type(const CxGraph *g, CxVar v);
CxVal graph_const_value(const CxGraph *g, CxVar v); /* NULL if v is not a constant; linear in the constants */

bool graph_equal(const CxGraph *a, const CxGraph *b); /* same up to names of variables and functions */
uint64_t graph_hash(const CxGraph *g);                /* content hash: independent of addresses and of variable numbers */

/* Removes equations whose results are not used and that have no effect; renumbers nothing. */
void graph_dce(CxGraph *g);

/* The cache of derived graphs. find returns a borrowed result; keep takes over a reference and returns the one kept. */
void *graph_derived_find(CxGraph *g, uint64_t kind, const void *key, size_t bytes);
void *graph_derived_keep(CxGraph *g, uint64_t kind, const void *key, size_t bytes, void *result);

/* Hooks the host sets once: retain/release of `where.host`. */
extern void (*graph_host_retain)(const void *);
extern void (*graph_host_release)(const void *);
extern void (*graph_plan_free)(void *);
extern void (*graph_executable_free)(void *);

#endif
