/* What the rules of several op families share. */
#ifndef OP_RULES_H
#define OP_RULES_H

#include "base/error.h"
#include "trace/trace.h"
#include <cuirax/ops.h>
#include <string.h>

/* Named cells for "there is no such rule": a table with an empty cell does not pass `make check`. */
CxJvpRule rule_nondiff;            /* results have zero tangents (integers, comparisons) */
CxTransposeRule rule_nonlinear;    /* not linear: an internal error if reached */
CxFoldRule rule_nofold;
CxBatchRule rule_nobatch;          /* no batching: NotImplementedError naming the op */
CxJvpRule rule_jvp_nojvp;          /* not differentiable: NotImplementedError naming the op */
CxPartialRule rule_partial_default; /* stage everything unknown */

/* Tangent rule of an op linear in operand 0 with the other operands constant: the op applied to the tangent. */
CxJvpRule rule_jvp_linear_first;
/* Tangent rule of an op jointly linear in all operands: zeros are filled in. */
CxJvpRule rule_jvp_linear_all;

/* A type error, prefixed by the op's name and listing the operand types. */
bool type_fail(const CxApp *a, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
char *app_types_text(const CxApp *a, char *buf, size_t n); /* "f32[3], i32[]" */

char *dims_text(const int64_t *v, int n, char *buf, size_t size); /* "(2, 3)", "(2,)" */
char *shapes_text(const CxApp *a, char *buf, size_t size);        /* "(2, 3), (4,)" */

/* low + n spread by a dilation + high (n > 0 gives 1 + by * (n - 1)): what a window slides over, or a dilated window. Checked: attributes
 * may come from anybody. */
bool extent_spread(const CxApp *a, int64_t n, int64_t by, int64_t low, int64_t high, int64_t *out);

/* Results for exec rules: fresh arrays of the result types. */
bool exec_alloc(const CxApp *a, const CxType *const *types, CxVal *out);
/* A result of this type that starts as a copy of operand i is to be made: operand i's own memory if nobody will miss it. */
CxVal exec_take(const CxApp *a, uint32_t i, const CxType *type);

/* An exec rule made of builders: build fills nout values of the result types, which are run now. */
typedef bool CxBuildRule(const CxApp *a, const CxType *const *types, CxVal *out);
bool exec_build(const CxApp *a, const CxType *const *types, CxBuildRule *build, CxVal *out);

CxVal cx_instantiate(CxVal tangent, const CxType *type); /* NULL (and no error pending) becomes zeros of type's tangent type */
CxVal cx_add_tangents(CxVal a, CxVal b);                 /* either may be NULL = zero */
CxVal cx_unbroadcast(CxVal ct, const CxType *type);      /* sums over the axes along which type was broadcast */

/* Batching helpers. */
CxVal batch_to_front(CxVal x, int axis, int64_t size);   /* axis -1: broadcasts along a new axis 0 */
CxVal batch_move(CxVal x, int axis, int to, int64_t size);

static inline bool kind_in(const CxType *t, const char *kinds) { return strchr(kinds, cx_dtype_kind(t->dtype)) != NULL; }
static inline bool is_inexact(const CxType *t) { return kind_in(t, "fc"); }

#endif
