/* The operators of arrays with NumPy's meaning: operands are promoted to one dtype and rank, then one or a few primitives. */
#ifndef NP_ARITH_H
#define NP_ARITH_H

#include <cuirax/value.h>

CxVal cx_np_add(CxVal x, CxVal y);
CxVal cx_np_subtract(CxVal x, CxVal y);
CxVal cx_np_multiply(CxVal x, CxVal y);
CxVal cx_np_true_divide(CxVal x, CxVal y);
CxVal cx_np_floor_divide(CxVal x, CxVal y);
CxVal cx_np_remainder(CxVal x, CxVal y);
bool np_divide_both(CxVal x, CxVal y, CxVal *quotient, CxVal *remainder); /* divmod */
CxVal cx_np_power(CxVal x, CxVal y); /* a concrete integer exponent becomes integer_pow */
CxVal np_matrix_product(CxVal x, CxVal y);
CxVal cx_np_minimum(CxVal x, CxVal y);
CxVal cx_np_maximum(CxVal x, CxVal y);

CxVal cx_np_negative(CxVal x);
CxVal cx_np_positive(CxVal x);
CxVal cx_np_absolute(CxVal x);
CxVal cx_np_invert(CxVal x);
CxVal cx_np_real(CxVal x);
CxVal cx_np_imag(CxVal x);
CxVal cx_np_conjugate(CxVal x);

CxVal cx_np_equal(CxVal x, CxVal y);
CxVal cx_np_not_equal(CxVal x, CxVal y);
CxVal cx_np_less(CxVal x, CxVal y); /* complex numbers compare by real, then imaginary part */
CxVal cx_np_less_equal(CxVal x, CxVal y);
CxVal cx_np_greater(CxVal x, CxVal y);
CxVal cx_np_greater_equal(CxVal x, CxVal y);

CxVal cx_np_bitwise_and(CxVal x, CxVal y);
CxVal cx_np_bitwise_or(CxVal x, CxVal y);
CxVal cx_np_bitwise_xor(CxVal x, CxVal y);
CxVal cx_np_left_shift(CxVal x, CxVal y);
CxVal cx_np_right_shift(CxVal x, CxVal y);

#endif
