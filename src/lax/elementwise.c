/* Elementwise functions of jax.lax: the primitives themselves, which check their operands. */
#include "op/rules.h"
#include <cuirax/library.h>

/* clang-format off */
#define UNARY(name, op) CxVal cx_lax_##name(CxVal x) { return cx_##op(x); }
#define BINARY(name, op) CxVal cx_lax_##name(CxVal x, CxVal y) { return cx_##op(x, y); }
UNARY(neg, neg)
UNARY(sign, sign)
UNARY(floor, floor)
UNARY(ceil, ceil)
UNARY(is_finite, is_finite)
UNARY(exp, exp)
UNARY(exp2, exp2)
UNARY(log, log)
UNARY(log1p, log1p)
UNARY(expm1, expm1)
UNARY(tanh, tanh)
UNARY(logistic, logistic)
UNARY(sin, sin)
UNARY(cos, cos)
UNARY(tan, tan)
UNARY(asin, asin)
UNARY(acos, acos)
UNARY(atan, atan)
UNARY(sinh, sinh)
UNARY(cosh, cosh)
UNARY(asinh, asinh)
UNARY(acosh, acosh)
UNARY(atanh, atanh)
UNARY(lgamma, lgamma)
UNARY(digamma, digamma)
UNARY(bessel_i0e, bessel_i0e)
UNARY(bessel_i1e, bessel_i1e)
UNARY(erf, erf)
UNARY(erfc, erfc)
UNARY(erf_inv, erf_inv)
UNARY(real, real)
UNARY(imag, imag)
UNARY(abs, abs)
UNARY(sqrt, sqrt)
UNARY(rsqrt, rsqrt)
UNARY(cbrt, cbrt)
UNARY(population_count, population_count)
UNARY(clz, clz)
UNARY(square, square)
UNARY(bitwise_not, not)
BINARY(add, add)
BINARY(sub, sub)
BINARY(div, div)
BINARY(rem, rem)
BINARY(pow, pow)
BINARY(max, max)
BINARY(min, min)
BINARY(bitwise_and, and)
BINARY(bitwise_or, or)
BINARY(bitwise_xor, xor)
BINARY(shift_left, shift_left)
BINARY(shift_right_arithmetic, shift_right_arithmetic)
BINARY(shift_right_logical, shift_right_logical)
BINARY(atan2, atan2)
BINARY(nextafter, nextafter)
BINARY(complex, complex)
BINARY(eq, eq)
BINARY(ne, ne)
BINARY(lt, lt)
BINARY(le, le)
BINARY(gt, gt)
BINARY(ge, ge)
BINARY(igamma, igamma)
BINARY(igammac, igammac)
BINARY(igamma_grad_a, igamma_grad_a)
BINARY(random_gamma_grad, random_gamma_grad)
BINARY(zeta, zeta)
BINARY(polygamma, polygamma)
BINARY(mulhi, mulhi)
/* clang-format on */

CxVal cx_lax_mul(CxVal x, CxVal y, CxLaxMul o) {
  return o.out_dtype ? cx_mul(cx_convert(x, o.out_dtype), cx_convert(y, o.out_dtype)) : cx_mul(x, y);
}
CxVal cx_lax_reciprocal(CxVal x) {
  FAIL_IF(!kind_in(x->type, "fc"), CX_ERR_TYPE, "reciprocal takes floating-point and complex operands, got %s", cx_dtype_name(x->type->dtype));
  return cx_integer_pow(x, -1);
}
CxVal cx_lax_conj(CxVal x) { return cx_conj(x); }
CxVal cx_lax_integer_pow(CxVal x, int64_t y) {
  if (x && y < 0 && !is_inexact(x->type)) return cx_fail(CX_ERR_TYPE, "Integers cannot be raised to negative powers, got integer_pow(%s, %lld)", cx_dtype_name(x->type->dtype), (long long)y), NULL;
  return cx_integer_pow(x, y);
}
CxVal cx_lax_round(CxVal x, CxLaxRound o) { return cx_round(x, o.rounding_method); }
CxVal cx_lax_betainc(CxVal a, CxVal b, CxVal x) { return cx_regularized_incomplete_beta(a, b, x); }
CxVal cx_lax_clamp(CxVal min, CxVal x, CxVal max) {
  if (!kind_in(x->type, "bc")) return cx_clamp(min, x, max);
  FAIL_IF(min->type->dtype != x->type->dtype || max->type->dtype != x->type->dtype, CX_ERR_TYPE, "clamp requires arguments to have the same dtypes, got %s, %s, %s",
          cx_dtype_name(min->type->dtype), cx_dtype_name(x->type->dtype), cx_dtype_name(max->type->dtype));
  if (!min->type->rank) min = cx_broadcast_in_dim(min, x->type->rank, x->type->dims, NULL);
  if (!max->type->rank) max = cx_broadcast_in_dim(max, x->type->rank, x->type->dims, NULL);
  return cx_min(cx_max(x, min), max);
}
CxVal cx_lax_reduce_precision(CxVal x, int64_t exponent_bits, int64_t mantissa_bits) {
  return cx_reduce_precision(x, (int)exponent_bits, (int)mantissa_bits);
}
static bool which_check(CxVal which, CxVal x) {
  if (!which || !x || !which->type->rank || cx_type_same_dims(which->type, x->type)) return which && x;
  char a[256], b[256];
  return cx_fail(CX_ERR_TYPE, "select `which` must be scalar or have the same shape as cases, got `which` shape %s but case shape %s.",
                 dims_text(which->type->dims, which->type->rank, a, sizeof a), dims_text(x->type->dims, x->type->rank, b, sizeof b));
}
CxVal cx_lax_select(CxVal pred, CxVal on_true, CxVal on_false) { return which_check(pred, on_true) ? cx_select(pred, on_true, on_false) : NULL; }
CxVal cx_lax_select_n(CxVal which, CxVals cases) {
  if (!cases.n) return cx_fail(CX_ERR_VALUE, "select_n() must have at least one case"), NULL;
  return which_check(which, cases.v[0]) ? cx_select_n(which, cases.n, cases.v) : NULL;
}
CxVal cx_lax_convert_element_type(CxVal x, CxDtype dtype) { return cx_convert(x, dtype); }
CxVal cx_lax_bitcast_convert_type(CxVal x, CxDtype dtype) { return cx_bitcast(x, dtype); }
