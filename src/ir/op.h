/* What an op is: one CxOp with all its rules, and the typed attributes that printer, parser, hash, equality, verifier and
 * Python reflection all read through one field table. */
#ifndef IR_OP_H
#define IR_OP_H

#include "base/ref.h"
#include "ir/opcode.h"
#include <cuirax/ops.h>

typedef struct CxGraph CxGraph;
typedef struct CxTrace CxTrace;
typedef struct CxOp CxOp;
typedef struct CxFn CxFn; /* a counted function on flat values: trace/fn.h */

typedef struct CxGraphs {
  CxGraph *const *v;
  int32_t n;
} CxGraphs;

typedef struct CxStrs {
  const char *const *v;
  int32_t n;
} CxStrs;

typedef enum CxFieldKind {
  CX_FIELD_END = 0,
  CX_FIELD_INT,    /* int64_t */
  CX_FIELD_BOOL,   /* bool */
  CX_FIELD_FLOAT,  /* double */
  CX_FIELD_DTYPE,  /* CxDtype; CX_NO_DTYPE prints None */
  CX_FIELD_ENUM,   /* int32_t, index into field.names */
  CX_FIELD_INTS,   /* CxInts; field.group > 1 prints as tuples of that many */
  CX_FIELD_STR,    /* const char *; NULL prints None */
  CX_FIELD_STRS,   /* CxStrs */
  CX_FIELD_GRAPH,  /* CxGraph *: a closed region */
  CX_FIELD_GRAPHS, /* CxGraphs */
  CX_FIELD_FN,     /* CxFn *: a host function; printed by name, never parsed */
  CX_FIELD_TYPES,  /* CxTypes: result types of callbacks */
  CX_FIELD_DIMS,   /* a struct of field.group CxInts; names: its class ("" prints the members as nested pairs of lists), then the members */
  CX_FIELD_NUMBER, /* CxNumber; None, True, 3, 1.5, nan, (1+2j) */
} CxFieldKind;

typedef struct CxTypes {
  const CxType *const *v;
  int32_t n;
} CxTypes;

typedef struct CxField {
  const char *name; /* JAX's parameter name */
  CxFieldKind kind;
  uint32_t offset;
  int32_t group;
  const char *const *names; /* ENUM, DIMS: NULL-terminated */
} CxField;

#define CX_FIELD(type, member, KIND, ...) {#member, CX_FIELD_##KIND, (uint32_t)offsetof(type, member), __VA_ARGS__}
#define CX_FIELDS_END {NULL, CX_FIELD_END, 0, 0, NULL}

/* One application of an op, as its rules see it. */
typedef struct CxApp {
  CxOpcode op;
  const CxOp *def;
  const void *attrs;           /* the op's attribute struct, or NULL if it has none */
  uint32_t nin, nout;
  const CxVal *in;             /* operands; in `transpose`, NULL marks the linear ones; in `type`, not set */
  const CxType *const *types;  /* operand types, always set */
  uint64_t dying;              /* exec only: bit i says that operand i is not used again */
} CxApp;

/* The rules, one column each. Rules build with the builders under whatever trace is current; they never check for errors. */
typedef bool CxTypeRule(const CxApp *a, const CxType **out);                       /* out[nout]; false with an error */
typedef bool CxExecRule(const CxApp *a, const CxType *const *out_types, CxVal *out); /* reference execution; owned nodes into out */
/* Quick execution: what of `exec` depends on types only is done once, when a graph is planned. `prepare` returns NULL where nothing is to
 * gain; operands known beforehand (constants) are in a->in, NULL marks the others. `run` is then `exec` for these types. */
struct CxArena;
typedef const void *CxPrepareRule(struct CxArena *arena, const CxApp *a, const CxType *const *out_types);
typedef bool CxRunRule(const void *prepared, const CxVal *in, uint64_t dying, CxVal *out);
typedef void CxJvpRule(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout);   /* t, tout: NULL is a zero tangent */
typedef void CxTransposeRule(const CxApp *a, const CxVal *ct, CxVal *ct_in);       /* ct NULL is zero; fill ct_in of linear operands */
typedef void CxBatchRule(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis); /* -1: not batched */
typedef void CxPartialRule(CxTrace *t, const CxApp *a, CxVal *out);                /* known/unknown split; NULL: all unknown */
typedef CxVal CxFoldRule(const CxApp *a);                                          /* an operand or constant that equals out[0]; NULL: no */

/* The same type but for weakness: what regions of control flow ask of their operands. NULL (of a graph that is not verified yet) fits nothing. */
static inline bool type_fits(const CxType *a, const CxType *b) { return a && b && (a == b || (a->dtype == b->dtype && cx_type_same_dims(a, b))); }

enum {
  CX_OP_ELEMENTWISE = 1, /* result i depends on elements i of the operands; scalars and extents of 1 broadcast */
  CX_OP_LINEAR = 2,      /* linear in all operands jointly */
  CX_OP_EFFECT = 4,      /* must not be removed or reordered */
  CX_OP_REFS = 8,        /* attributes hold graphs or functions */
  CX_OP_INLINE_NAME = 16 /* printed by attrs name */
};

struct CxOp {
  const char *name;
  const char *doc;      /* meaning as an equation or a sentence */
  int nin;              /* -1 - n: variable, at least n; the type rule relies on it */
  int nout;             /* -1: nout_rule tells */
  uint32_t flags;
  const CxField *fields; /* NULL: no attributes */
  uint32_t attrs_bytes;
  uint32_t (*nout_rule)(uint32_t nin, const void *attrs);
  CxTypeRule *type;
  CxExecRule *exec;
  CxJvpRule *jvp;
  CxTransposeRule *transpose;
  CxBatchRule *batch;
  CxPartialRule *partial;
  CxFoldRule *fold;
  CxPrepareRule *prepare; /* with `run`, or both NULL */
  CxRunRule *run;
  const void *row;       /* what a regular family keeps per op (op/<family>.c) */
};

extern const CxOp *const cx_ops[CX_OP_COUNT]; /* op/table.c */
uint32_t op_nout(CxOpcode op, uint32_t nin, const void *attrs);
bool op_uses_axis(const CxApp *a, const char *name); /* a collective over this axis name */
const char *fn_name(const CxFn *f); /* "" if it has none; trace/fn.c */
CxOpcode op_from_name(const char *name); /* CX_OP_NONE if unknown */

/* Attributes: deep copy into an arena (graphs and functions are retained; attrs_release undoes that), equality, hash. */
const void *attrs_copy(struct CxArena *arena, const CxOp *def, const void *attrs);
void attrs_release(const CxOp *def, const void *attrs);
bool attrs_equal(const CxOp *def, const void *a, const void *b);
uint64_t attrs_hash(const CxOp *def, const void *attrs, uint64_t seed);

#endif
