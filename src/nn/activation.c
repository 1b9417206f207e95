/* Elementwise functions of jax.nn. Those whose derivative at a kink matters are written so that differentiation gives JAX's value there. */
#include "nn/build.h"

#include "base/error.h"

static CxVal zero(void) { return nn_num(0); }
static CxVal affine(CxVal x, double by) { return cx_np_add(x, nn_num(by)); }
static CxVal sqrt_of(CxVal x) { return cx_sqrt(nn_inexact(x)); }
static CxVal expm1_of(CxVal x) { return cx_expm1(nn_inexact(x)); }

CxVal cx_nn_identity(CxVal x) { return x; }

/* x where it is inside, otherwise a constant (NaN for NaN): the derivative at the edges is 0 */
static CxVal rectified(CxVal x, CxVal inside, CxVal y) { return is_inexact(y->type) ? nn_where(inside, x, nn_constant(y)) : y; }

CxVal cx_nn_relu(CxVal x) {
  CxVal y = cx_np_maximum(x, nn_int(0));
  return y ? rectified(x, cx_np_greater(x, nn_int(0)), y) : NULL;
}

CxVal cx_nn_relu6(CxVal x) {
  CxVal y = cx_np_minimum(cx_np_maximum(x, nn_int(0)), nn_num(6));
  return y ? rectified(x, cx_and(cx_np_greater(x, nn_int(0)), cx_np_less(x, nn_int(6))), y) : NULL;
}

CxVal cx_nn_sigmoid(CxVal x) { return cx_logistic(x); }
CxVal cx_nn_tanh(CxVal x) { return cx_tanh(nn_inexact(x)); }

CxVal cx_nn_squareplus(CxVal x, CxNnSquareplus o) {
  CxVal b = o.b ? o.b : nn_int(4);
  return cx_np_true_divide(cx_np_add(x, sqrt_of(cx_np_add(cx_square(x), b))), nn_int(2));
}

/* log(1 + e^x), by the form without overflow on each side of 0; the other form gets 0, so that every derivative is right */
CxVal cx_nn_softplus(CxVal x) {
  if (!(x = nn_inexact(x))) return NULL;
  CxVal none = x->type->weak ? cx_weak_scalar(x->type->dtype, 0) : cx_like(x, 0), above = cx_gt(x, none);
  CxVal up = nn_where(above, x, none), down = nn_where(above, none, x);
  return nn_where(above, cx_add(up, cx_log1p(cx_exp(cx_neg(up)))), cx_log1p(cx_exp(down)));
}

CxVal cx_nn_sparse_plus(CxVal x) {
  CxVal arc = cx_np_true_divide(cx_integer_pow(affine(x, 1), 2), nn_int(4));
  return nn_where(cx_np_less_equal(x, nn_num(-1)), zero(), nn_where(cx_np_greater_equal(x, nn_num(1)), x, arc));
}

CxVal cx_nn_soft_sign(CxVal x) { return cx_np_true_divide(x, cx_np_add(cx_np_absolute(x), nn_int(1))); }

CxVal cx_nn_sparse_sigmoid(CxVal x) { return cx_np_multiply(nn_num(0.5), cx_np_minimum(cx_np_maximum(affine(x, 1), zero()), nn_num(2))); }

CxVal cx_nn_silu(CxVal x) { return cx_mul(x, cx_logistic(x)); }
CxVal cx_nn_mish(CxVal x) { return cx_np_multiply(x, cx_tanh(cx_nn_softplus(x))); }
CxVal cx_nn_log_sigmoid(CxVal x) { return cx_neg(cx_nn_softplus(cx_np_negative(x))); }

CxVal cx_nn_elu(CxVal x, CxNnElu o) {
  CxVal above = cx_np_greater(x, nn_int(0)), alpha = o.alpha ? o.alpha : nn_num(1);
  return nn_where(above, x, cx_np_multiply(alpha, expm1_of(nn_where(above, zero(), x))));
}

CxVal cx_nn_celu(CxVal x, CxNnCelu o) {
  CxVal alpha = o.alpha ? o.alpha : nn_num(1);
  return cx_np_add(cx_np_maximum(x, zero()), cx_np_multiply(alpha, expm1_of(cx_np_true_divide(cx_np_minimum(x, zero()), alpha))));
}

CxVal cx_nn_selu(CxVal x) {
  CxVal alpha = nn_num(1.6732632423543772848170429916717);
  return cx_np_multiply(nn_num(1.0507009873554804934193349852946), nn_elu(x, .alpha = alpha));
}

CxVal cx_nn_leaky_relu(CxVal x, CxNnLeakyRelu o) {
  CxVal slope = o.negative_slope ? o.negative_slope : nn_num(1e-2);
  return nn_where(cx_np_greater_equal(x, nn_int(0)), x, cx_np_multiply(slope, x));
}

CxVal cx_nn_hard_tanh(CxVal x) {
  return nn_where(cx_np_greater(x, nn_int(1)), nn_int(1), nn_where(cx_np_less(x, nn_int(-1)), nn_int(-1), x));
}

CxVal cx_nn_hard_sigmoid(CxVal x) { return cx_np_true_divide(cx_nn_relu6(affine(x, 3)), nn_num(6)); }
CxVal cx_nn_hard_silu(CxVal x) { return cx_np_multiply(x, cx_nn_hard_sigmoid(x)); }

CxVal cx_nn_gelu(CxVal x, CxNnGelu o) {
  if (!(x = nn_inexact(x))) return NULL;
  CxVal half = cx_like(x, 0.5);
  if (!o.approximate) return cx_mul(cx_mul(half, x), cx_erfc(cx_mul(cx_neg(x), cx_like(x, 0.70710678118654752440))));
  CxVal inner = cx_add(x, cx_mul(cx_like(x, 0.044715), cx_integer_pow(x, 3)));
  return cx_mul(x, cx_mul(half, cx_add(cx_like(x, 1), cx_tanh(cx_mul(cx_like(x, 0.79788456080286535588), inner)))));
}

CxVal cx_nn_glu(CxVal x, CxNnGlu o) {
  int axis = x ? np_axis(o.axis, x->type->rank) : -1;
  if (axis < 0) return NULL;
  int64_t n = x->type->dims[axis];
  if (n % 2) return cx_fail(CX_ERR_ASSERTION, "axis size must be divisible by 2"), NULL;
  return cx_mul(cx_slice_axis(x, axis, 0, n / 2), cx_logistic(cx_slice_axis(x, axis, n / 2, n)));
}

/* log(1 - e^-x), by the form that is accurate on each side of log 2; the other form gets an operand where its derivative is finite */
CxVal cx_nn_log1mexp(CxVal x) {
  if (!(x = nn_inexact(x))) return NULL;
  CxVal half = cx_like(x, 0.69314718055994530942), near = cx_lt(x, half);
  CxVal small = nn_where(near, x, half), large = nn_where(near, half, x);
  return cx_select(near, cx_log(cx_neg(cx_expm1(cx_neg(small)))), cx_log1p(cx_neg(cx_exp(cx_neg(large)))));
}
