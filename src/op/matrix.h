/* What the rules of matrix ops and the functions of linear algebra are written with: the last two axes are matrices, the others a batch. */
#ifndef OP_MATRIX_H
#define OP_MATRIX_H

#include "op/rules.h"

CxVal mat_t(CxVal x);                              /* transposed */
CxVal mat_h(CxVal x);                              /* conjugate transposed */
CxVal mat_mul(CxVal x, CxVal y);                   /* equal batch extents */
CxVal mat_tril(CxVal x, int64_t k);                /* zeros above the k-th diagonal */
CxVal mat_triu(CxVal x, int64_t k);                /* zeros below it */
CxVal mat_eye(CxDtype d, int rank, int64_t rows, int64_t cols); /* batch extents of 1 */
CxVal mat_diag(CxVal x);                           /* the main diagonal of square matrices */
CxVal mat_from_diag(CxVal s);                      /* square matrices with it */
CxVal mat_rows(CxVal x, CxVal index);              /* x's rows at [batch…, m] indices */
CxVal mat_block(CxVal x, int64_t r0, int64_t r1, int64_t c0, int64_t c1); /* rows r0 … r1, columns c0 … c1 */
CxVal mat_pad(CxVal x, int64_t above, int64_t below, int64_t left, int64_t right); /* with zeros */
CxVal mat_real_as(CxVal x, CxDtype d);             /* a real array as elements of d */

static inline int64_t mat_m(const CxType *t) { return t->dims[t->rank - 2]; }
static inline int64_t mat_n(const CxType *t) { return t->dims[t->rank - 1]; }
static inline CxDtype mat_real(CxDtype d) { return d == CX_C64 ? CX_F32 : d == CX_C128 ? CX_F64 : d; }
static inline CxDtype mat_complex(CxDtype d) { return d == CX_F32 ? CX_C64 : d == CX_F64 ? CX_C128 : d; }
static inline bool mat_is_complex(CxVal x) { return x->type->dtype == CX_C64 || x->type->dtype == CX_C128; }

/* Checks of type rules: operand i ends in ranks[i] axes of its own; the batch axes before them agree; dtypes are equal floats, or int32 where
 * ranks[i] is negative (the number of axes, negated). */
bool mat_types(const CxApp *a, const int *ranks);
bool mat_square(const CxApp *a, const char *what);
/* The type of operand 0's batch, then these extents; weak if all operands are. */
const CxType *mat_type(const CxApp *a, int own, CxDtype d, int rank, const int64_t *dims);
int64_t mat_batch(const CxType *t, int own); /* the number of stacked items that take the last `own` axes */
/* A result that starts as a copy of operand i, or its memory. */
CxVal mat_exec_copy(const CxApp *a, uint32_t i, const CxType *type);

#define MATRIX_OP(ID, op_name, doc_text, n_in, n_out, field_list, bytes, jvp_, transpose_, batch_, ...)                              \
  const CxOp cx_op_##ID = {.name = op_name, .doc = doc_text, .nin = n_in, .nout = n_out, .fields = field_list, .attrs_bytes = bytes,   \
                           .jvp = jvp_, .transpose = transpose_, .batch = batch_, .partial = rule_partial_default, .fold = rule_nofold, __VA_ARGS__}

CxBatchRule mat_batch_rule; /* all operands batched along a new first axis */

#endif
