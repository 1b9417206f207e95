/* Elementwise primitives as micro-ops: the compiled meaning of one element's operation, bit for bit that of the kernels.
 *
 * A value of dtype d is held in lanes of element_size(d) bytes: small integers extended to 32 bits, f16 and bf16 as the f32 of the same value,
 * bool as a mask in lanes of either size. */
#ifndef COMPILE_ELEMENT_H
#define COMPILE_ELEMENT_H

#include "emit/uop.h"
#include "ir/op.h"

typedef struct Element {
  UopVal v;
  CxDtype dtype;
} Element;

bool element_dtype(CxDtype d);         /* held in lanes at all? */
unsigned element_size(CxDtype d);      /* bytes of a lane */
UopType element_memory(CxDtype d);     /* as loads and stores see it */
UopVal element_mask(UopCode *c, UopVal mask, unsigned size); /* the same mask in lanes of that size */

/* Is there code for op on operands in[n] giving out? */
bool element_can(CxOpcode op, const void *attrs, CxDtype out, uint32_t n, const CxDtype *in);
/* With `beyond`, sin, cos and tan take a short form; lanes for which it has no meaning are added to the mask *beyond (0: none yet). */
UopVal element_apply(UopCode *c, CxOpcode op, const void *attrs, CxDtype out, uint32_t n, const Element *in, UopVal *beyond);

/* Reductions: REDUCE_SUM … REDUCE_XOR over dtype d. */
bool element_can_fold(CxOpcode op, CxDtype d);
UopVal element_identity(UopCode *c, CxOpcode op, CxDtype d, unsigned lanes);
UopVal element_combine(UopCode *c, CxOpcode op, CxDtype d, UopVal a, UopVal b);

#endif
