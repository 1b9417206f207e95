/* What rules with symbolic_zeros see: SymbolicZero in the place of a zero tangent or cotangent, CustomVJPPrimal in that of a forward
 * rule's operand. */
#ifndef PYTHON_SYMBOLIC_H
#define PYTHON_SYMBOLIC_H

#include "python/call.h"

PyObject *py_symbolic_zero(const CxType *primal); /* the zero of values of this type */
bool py_is_symbolic_zero(PyObject *o);
/* PyCall.wrap of a tangent rule (primals, then tangents) and of a forward rule (operands, then which are perturbed). */
PyObject *py_wrap_or_zero(const CxVal *in, uint32_t i, uint32_t n);
PyObject *py_wrap_perturbed(const CxVal *in, uint32_t i, uint32_t n);
bool py_symbolic_register(PyObject *m);

#endif
