/* Control flow over closed graphs: loops and branches as single operations, with every transformation. */
#ifndef CUIRAX_CONTROL_H
#define CUIRAX_CONTROL_H

#include <cuirax/transform.h>

/* scan: body is a graph (consts…, carry…, one slice of each xs…) -> (carry…, one slice of each ys…). args are consts, initial carry, xs
 * (stacked along axis 0, extent `length`). Results: final carry, stacked ys. reverse runs from the last slice to the first. */
bool cx_scan(CxGraph *body, uint32_t n_consts, uint32_t n_carry, int64_t length, bool reverse, int64_t unroll, const CxVal *args, uint32_t n_args, CxVals *out);

/* while: cond is (cond_consts…, carry…) -> bool scalar, body is (body_consts…, carry…) -> (carry…). args are cond_consts, body_consts, carry. */
bool cx_while(CxGraph *cond, uint32_t n_cond_consts, CxGraph *body, uint32_t n_body_consts, const CxVal *args, uint32_t n_args, CxVals *out);

/* cond and switch: branches[clamp(index)] on the operands; index is an int32 scalar; all branches have the same operand and result types. */
bool cx_cond(CxVal index, CxGraph *const *branches, uint32_t n_branches, const CxVal *args, uint32_t n_args, CxVals *out);

#endif
