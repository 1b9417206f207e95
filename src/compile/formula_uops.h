/* The elementwise functions of kernels/formula.h as micro-ops: the bits of the kernels. */
#ifndef COMPILE_FORMULA_UOPS_H
#define COMPILE_FORMULA_UOPS_H

#include "emit/uop.h"
#include "ir/opcode.h"
#include <cuirax/dtype.h>

bool formula_known(CxOpcode op, CxDtype dtype); /* f32 and f64 only: narrower floats compute in f32 */

/* The value of op on operands of dtype's lane size; 0 if there is no formula, or poison in. sin, cos, tan and rem contain an IF for
 * arguments beyond FORMULA_NEAR or FORMULA_QUOTIENT. */
UopVal formula_emit(UopCode *c, CxOpcode op, CxDtype dtype, const UopVal *operands);

/* The same without an IF, a quarter of the code: lanes in the mask *beyond (0: there are none ever) have no meaning. */
UopVal formula_emit_near(UopCode *c, CxOpcode op, CxDtype dtype, const UopVal *operands, UopVal *beyond);

#endif
