/* Tracing: what happens to an operation depends on the innermost trace of the thread. NULL means run it now (eval).
 *
 *   stage   append to a graph (jit, make_jaxpr, bodies of scan/while/cond): everything is staged
 *   linear  partial evaluation: operations on known values go to the parent, the others into a linear graph
 *   jvp     pairs of primal and tangent, over its parent
 *   batch   values with a batched axis, over its parent
 *
 * Invariant: a trace processes values of its own, of its ancestors and concrete arrays; anything else has leaked. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "base/thread.h"
#include "ir/graph.h"
#include "ir/node.h"

typedef struct CxTraceKind {
  const char *name;
  void (*process)(CxTrace *t, const CxApp *a, CxVal *out); /* fills out[nout]; poison on error */
  void (*drop_payload)(CxVal v);
} CxTraceKind;

typedef struct CxCaptured {
  CxVal value; /* retained */
  CxVar var;
} CxCaptured;

struct CxTrace {
  CxRef ref;
  const CxTraceKind *kind;
  CxTrace *parent; /* retained; NULL: eval */
  bool alive;      /* false once the transformation that made it has returned */
  const char *what; /* the function being traced, for messages; owned */
  CxGraph *made;    /* a stage trace that has ended: its graph, which leaked values name their place by */
  /* stage, linear */
  CxGraph *graph;
  VEC(CxCaptured) captured; /* outer values used, in order of first use */
  uint32_t *captured_at;    /* hash table over captured: index + 1 */
  uint32_t captured_cap;
  /* batch */
  int64_t size;
  const char *axis_name; /* or NULL; owned */
};

/* Settings. Each has a value of the process and perhaps one of the thread, set by context managers. */
typedef struct CxConfig {
  int8_t x64, disable_jit, debug_nans, debug_infs, checking_leaks, log_compiles;
  int8_t rank_promotion; /* 0 allow, 1 warn, 2 raise */
  int8_t strict_dtypes;
} CxConfig;
extern CxConfig cx_config; /* of the process */
#define CX_SETTING(name) (cx_thread.own.name >= 0 ? cx_thread.own.name : cx_config.name)

typedef struct CxThread {
  CxTrace *trace;          /* innermost; borrowed: whoever entered it holds it */
  CxTrace *batching;       /* the batch trace whose rule runs */
  CxWhere (*where)(void);  /* the user's place in the host language, or NULL */
  const char *name_stack;
  CxConfig own;            /* -1: as the process */
} CxThread;
extern CX_THREAD_LOCAL CxThread cx_thread;

extern const CxTraceKind trace_stage, trace_linear, trace_jvp, trace_batch;

CxTrace *trace_new(const CxTraceKind *kind, CxTrace *parent, const char *what);
static inline CxTrace *trace_enter(CxTrace *t) {
  CxTrace *was = cx_thread.trace;
  cx_thread.trace = t;
  return was;
}
static inline void trace_leave(CxTrace *was) { cx_thread.trace = was; }
/* Is the operand usable under t: concrete, or of a living trace? Otherwise UnexpectedTracerError. */
bool trace_accepts(const CxTrace *t, CxVal v);

/* Applies an op under the current trace. out[nout] get handles owned by the innermost scope, or poison. */
bool cx_bind(CxOpcode op, const CxVal *in, uint32_t nin, const void *attrs, CxVal *out, uint32_t nout);
CxVal cx_bind1(CxOpcode op, const CxVal *in, uint32_t nin, const void *attrs);

/* The variable of v in t's graph (stage or linear); lifts outer values to captured ones. */
CxVar stage_var(CxTrace *t, CxVal v);
CxVal stage_input(CxTrace *t, const CxType *type);
/* Appends the equation whatever its operands are. */
void stage_append(CxTrace *t, const CxApp *a, CxVal *out);
/* Ends a stage trace: its graph with these outputs. Concrete captured values become constants, tracers become leading inputs and are
 * pushed to `captured` (handles in the current scope). The trace dies. */
CxGraph *stage_finish(CxTrace *t, const CxVal *outs, uint32_t nout, CxVals *captured);

CxVal jvp_val(CxTrace *t, CxVal primal, CxVal tangent); /* tangent NULL: gives primal itself */
CxVal batch_val(CxTrace *t, CxVal value, int axis);     /* axis -1: gives value itself */

/* Runs an op on concrete arrays now. */
bool eval_apply(const CxApp *a, CxVal *out);

/* Axis names (vmap with axis_name): the innermost batch trace with this name at or above the current one, or NULL. */
CxTrace *trace_axis(const char *name);
extern bool (*trace_describe_place)(CxWhere w, char *to, size_t n); /* set by the host */
/* jax_check_tracer_leaks: are values of this ended trace still alive? The caller holds one reference. False with an error. */
bool trace_check_leaks(const CxTrace *t);
extern void (*trace_collect_garbage)(void); /* set by the host */
extern char *(*trace_describe_leaks)(const CxTrace *t); /* set by the host: which values, and who holds them; cx_malloc'd, or NULL */
extern void (*trace_warn)(const char *text); /* set by the host: a warning to the user */
void trace_debug_changed(void); /* after debug_nans or debug_infs is set: graphs are checked too */
bool config_x64(void);

#endif
