/* Elementwise functions of jax.numpy: promotion, then a few primitives. Regular ones are rows. */
#include "np/arith.h"
#include "np/broadcast.h"
#include "np/view.h"
#include <cuirax/control.h>
#include "np/build.h"
#include <cuirax/library.h>

static bool is_complex(CxVal x) { return np_kind(x) == 'c'; }
static CxVal truth(CxVal x, bool value) { return cx_full(cx_type_with_dtype(x->type, CX_BOOL, false), value); }

/* ---- rows ---- */

static CxVal inexact1(CxVal x, CxVal (*op)(CxVal)) { return np_promote_inexact(1, &x) ? op(x) : NULL; }
static CxVal inexact2(CxVal x, CxVal y, CxVal (*op)(CxVal, CxVal)) {
  CxVal v[2] = {x, y};
  return np_promote_inexact(2, v) ? op(v[0], v[1]) : NULL;
}
#define INEXACT1(name, op) \
  CxVal cx_np_##name(CxVal x) { return inexact1(x, op); }
#define INEXACT2(name, op) \
  CxVal cx_np_##name(CxVal x, CxVal y) { return inexact2(x, y, op); }

INEXACT1(sin, cx_sin)
INEXACT1(cos, cx_cos)
INEXACT1(tan, cx_tan)
INEXACT1(arcsin, cx_asin)
INEXACT1(arccos, cx_acos)
INEXACT1(arctan, cx_atan)
INEXACT1(sinh, cx_sinh)
INEXACT1(cosh, cx_cosh)
INEXACT1(tanh, cx_tanh)
INEXACT1(arcsinh, cx_asinh)
INEXACT1(arctanh, cx_atanh)
INEXACT1(exp, cx_exp)
INEXACT1(exp2, cx_exp2)
INEXACT1(expm1, cx_expm1)
INEXACT1(log, cx_log)
INEXACT1(log1p, cx_log1p)
INEXACT1(sqrt, cx_sqrt)
INEXACT1(cbrt, cx_cbrt)
INEXACT2(arctan2, cx_atan2)
INEXACT2(float_power, cx_pow)
INEXACT2(nextafter, cx_nextafter)

static CxVal arccosh(CxVal x) {
  CxVal y = cx_acosh(x);
  return y && is_complex(y) ? np_pick(cx_lt(cx_real(y), cx_like(cx_real(y), 0)), cx_neg(y), y) : y;
}
INEXACT1(arccosh, arccosh)

static CxVal reciprocal(CxVal x) { return cx_integer_pow(x, -1); }
INEXACT1(reciprocal, reciprocal)

/* ---- logarithms ---- */

static CxVal log_base(CxVal x, double by, bool divide) { /* log(x) times or over a constant */
  CxVal r = cx_log(x);
  if (!r) return NULL;
  CxVal k = cx_scalar(np_real_dtype(r->type->dtype), by);
  CxVal (*op)(CxVal, CxVal) = divide ? cx_div : cx_mul;
  return is_complex(r) ? cx_complex(op(cx_real(r), k), op(cx_imag(r), k)) : op(r, k);
}
static CxVal log2_of(CxVal x) { return log_base(x, 0.693147180559945309417, true); }
static CxVal log10_of(CxVal x) { return log_base(x, 0.4342944819032518, false); }
INEXACT1(log2, log2_of)
INEXACT1(log10, log10_of)

/* max + log1p(exp(-|x - y|)); -|d| as min(d, -d), whose tangent at 0 is 0. Equal infinities and NaN: x + y. */
static CxVal logaddexp(CxVal x, CxVal y, CxVal (*raise)(CxVal), double scale) {
  CxVal greatest = cx_max(x, y);
  if (!greatest) return NULL;
  if (is_complex(greatest)) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "logaddexp of complex numbers is not implemented: use log(exp(x1) + exp(x2))"), NULL;
  CxVal d = cx_sub(x, y), nan = np_is_nan(d);
  d = np_pick(nan, np_const(d, 0), d);
  CxVal sum = cx_log1p(raise(cx_min(d, cx_neg(d))));
  return np_pick(nan, cx_add(x, y), cx_add(greatest, scale == 1 ? sum : cx_mul(sum, np_const(x, scale))));
}
static CxVal logaddexp_e(CxVal x, CxVal y) { return logaddexp(x, y, cx_exp, 1); }
static CxVal logaddexp_2(CxVal x, CxVal y) { return logaddexp(x, y, cx_exp2, 1.442695040888963407360); }
INEXACT2(logaddexp, logaddexp_e)
INEXACT2(logaddexp2, logaddexp_2)

/* ---- rounding ---- */

CxVal cx_np_floor(CxVal x) { return x && np_is_integral(x) ? x : inexact1(x, cx_floor); }
CxVal cx_np_ceil(CxVal x) { return x && np_is_integral(x) ? x : inexact1(x, cx_ceil); }

CxVal cx_np_trunc(CxVal x) {
  if (!x || np_is_integral(x)) return x;
  if (is_complex(x)) return cx_complex(cx_np_trunc(cx_real(x)), cx_np_trunc(cx_imag(x)));
  return np_pick(cx_lt(x, cx_like(x, 0)), cx_ceil(x), cx_floor(x));
}

CxVal cx_np_rint(CxVal x) {
  if (!x) return NULL;
  if (np_is_integral(x)) return cx_convert(x, np_canonical(CX_F64));
  return is_complex(x) ? cx_complex(cx_round(cx_real(x), 1), cx_round(cx_imag(x), 1)) : cx_round(x, 1);
}

CxVal cx_np_round(CxVal a, CxNpRound o) { return np_round_to(a, (int)o.decimals); }

bool cx_np_modf(CxVal x, CxVals *out) {
  if (!np_promote_inexact(1, &x)) return false;
  CxVal whole = np_pick(cx_ge(x, cx_like(x, 0)), cx_floor(x), cx_ceil(x));
  return cx_vals_push(out, cx_sub(x, whole)) && cx_vals_push(out, whole);
}

/* ---- arithmetic ---- */

bool cx_np_divmod(CxVal x1, CxVal x2, CxVals *out) {
  CxVal q, r;
  return np_divide_both(x1, x2, &q, &r) && cx_vals_push(out, q) && cx_vals_push(out, r);
}

CxVal cx_np_square(CxVal x) { return np_promote_numeric(1, &x) ? cx_square(x) : NULL; }
CxVal cx_np_sign(CxVal x) { return cx_sign(x); }

CxVal cx_np_fabs(CxVal x) {
  if (x && is_complex(x)) return cx_fail(CX_ERR_TYPE, "ufunc 'fabs' does not support complex dtypes"), NULL;
  return inexact1(x, cx_abs);
}

CxVal cx_np_fmod(CxVal x1, CxVal x2) {
  CxVal v[2] = {x1, x2};
  if (!np_promote_numeric(2, v)) return NULL;
  if (strchr("iu", np_kind(v[0]))) v[1] = np_pick(cx_eq(v[1], cx_like(v[1], 0)), np_const(v[1], 1), v[1]);
  return cx_rem(v[0], v[1]);
}

static CxVal hypot_of(CxVal x, CxVal y) {
  if (is_complex(x))
    return cx_fail(CX_ERR_VALUE, "jnp.hypot is not well defined for complex-valued inputs. Please convert to real values first, such as by using abs(x)"), NULL;
  x = cx_abs(x), y = cx_abs(y);
  CxVal infinite = cx_or(cx_eq(x, cx_like(x, INFINITY)), cx_eq(y, cx_like(y, INFINITY)));
  CxVal a = cx_max(x, y), b = cx_min(x, y), zero = a ? cx_eq(a, cx_like(a, 0)) : NULL;
  CxVal ratio = cx_div(b, np_pick(zero, np_const(a, 1), a));
  CxVal r = np_pick(zero, a, cx_mul(a, cx_sqrt(cx_add(np_const(a, 1), cx_square(ratio)))));
  return np_pick(infinite, np_const(r, INFINITY), r);
}
INEXACT2(hypot, hypot_of)

static CxVal sinc(CxVal x) { /* near 0: 1 - (pi x)^2 / 6, so that derivatives there are right to second order */
  CxVal zero = cx_eq(x, np_const(x, 0)), pi_x = cx_mul(np_const(x, 3.14159265358979323846), x);
  CxVal safe = np_pick(zero, np_const(x, 1), pi_x), at_zero = cx_sub(np_const(x, 1), cx_div(cx_square(pi_x), np_const(x, 6)));
  return np_pick(zero, at_zero, cx_div(cx_sin(safe), safe));
}
INEXACT1(sinc, sinc)

static CxVal deg2rad(CxVal x) { return cx_mul(x, np_const(x, 3.14159265358979323846 / 180)); }
static CxVal rad2deg(CxVal x) { return cx_mul(x, np_const(x, 180 / 3.14159265358979323846)); }
INEXACT1(deg2rad, deg2rad)
INEXACT1(rad2deg, rad2deg)

static CxVal heaviside(CxVal x, CxVal y) {
  CxVal zero = np_const(x, 0);
  return np_pick(cx_lt(x, zero), zero, np_pick(cx_gt(x, zero), np_const(x, 1), np_pick(np_is_nan(x), x, y)));
}
INEXACT2(heaviside, heaviside)

static CxVal i0_of(CxVal x) { /* e^|x| times the scaled function */
  if (is_complex(x)) return cx_fail(CX_ERR_VALUE, "Unsupported input type to jax.numpy.i0: %s", cx_dtype_name(x->type->dtype)), NULL;
  return cx_mul(cx_exp(cx_abs(x)), cx_bessel_i0e(x));
}
INEXACT1(i0, i0_of)

/* ---- the parts of a float ---- */

typedef struct FloatForm {
  CxDtype bits;
  int mantissa, exponent;
} FloatForm;

static bool float_form(CxDtype d, const char *name, FloatForm *f) {
  switch (d) {
  case CX_F16: return *f = (FloatForm){CX_I16, 10, 5}, true;
  case CX_BF16: return *f = (FloatForm){CX_I16, 7, 8}, true;
  case CX_F32: return *f = (FloatForm){CX_I32, 23, 8}, true;
  case CX_F64: return *f = (FloatForm){CX_I64, 52, 11}, true;
  default: return cx_fail(CX_ERR_NOT_IMPLEMENTED, "jax.numpy.%s only supports 16, 32, and 64-bit types.", name);
  }
}

CxVal cx_np_signbit(CxVal x) {
  FloatForm f;
  if (!x) return NULL;
  if (np_kind(x) == 'b') return truth(x, false);
  if (np_is_integral(x)) return cx_lt(x, cx_like(x, 0));
  if (np_kind(x) != 'f') return cx_fail(CX_ERR_VALUE, "jax.numpy.signbit is not well defined for %s", cx_dtype_name(x->type->dtype)), NULL;
  return float_form(x->type->dtype, "signbit", &f) ? cx_lt(cx_bitcast(x, f.bits), cx_scalar(f.bits, 0)) : NULL;
}

static CxVal copysign_of(CxVal x, CxVal y) {
  if (is_complex(x)) return cx_fail(CX_ERR_TYPE, "copysign does not support complex-valued inputs"), NULL;
  return np_pick(cx_np_signbit(y), cx_neg(cx_abs(x)), cx_abs(x));
}
INEXACT2(copysign, copysign_of)

static CxVal spacing(CxVal x) {
  if (is_complex(x)) return cx_fail(CX_ERR_VALUE, "jnp.spacing is not defined for complex inputs."), NULL;
  FloatForm f;
  CxDtype d = x->type->dtype;
  if (!float_form(d, "spacing", &f)) return NULL;
  CxVal inf = cx_scalar(d, INFINITY);
  if (d == CX_F16) return cx_sub(cx_nextafter(x, inf), x);
  CxVal step = cx_sub(cx_nextafter(x, copysign_of(inf, x)), x);
  CxVal least = cx_bitcast(cx_scalar(f.bits, 1), d);
  return np_convert(np_pick(cx_eq(step, cx_like(step, 0)), copysign_of(least, x), step), d, false);
}
INEXACT1(spacing, spacing)

static CxVal power_of_two(CxVal e, const FloatForm *f, CxDtype d) { /* e in the range of normal numbers */
  CxVal biased = cx_add(e, cx_scalar(f->bits, ldexp(1, f->exponent - 1) - 1));
  return cx_bitcast(cx_shift_left(biased, cx_scalar(f->bits, f->mantissa)), d);
}

static CxVal scale_by_two(CxVal x, CxVal e, const FloatForm *f) { /* x 2^e in three steps, so that each factor is a normal number */
  double most = ldexp(1, f->exponent - 1) - 2;
  CxDtype d = x->type->dtype;
  for (int step = 0; step < 3; step++) {
    CxVal part = cx_clamp(cx_scalar(f->bits, -most), e, cx_scalar(f->bits, most));
    x = cx_mul(x, power_of_two(part, f, d));
    e = cx_sub(e, part);
  }
  return x;
}

CxVal cx_np_ldexp(CxVal x1, CxVal x2) {
  FloatForm f;
  if (!x1 || !x2) return NULL;
  if (is_complex(x1) || !np_is_integral(x2))
    return cx_fail(CX_ERR_VALUE, "ldexp not supported for input types (dtype('%s'), dtype('%s'))", cx_dtype_name(x1->type->dtype),
                   cx_dtype_name(x2->type->dtype)), NULL;
  if (!np_promote_inexact(1, &x1) || !float_form(x1->type->dtype, "ldexp", &f)) return NULL;
  double far = ldexp(3, f.exponent - 1) - 8;
  CxVal e = cx_clamp(cx_scalar(f.bits, -far), np_convert(x2, f.bits, false), cx_scalar(f.bits, far)), v[2] = {x1, e};
  return np_promote_shapes(2, v) ? np_convert(scale_by_two(v[0], v[1], &f), x1->type->dtype, false) : NULL;
}

bool cx_np_frexp(CxVal x, CxVals *out) {
  FloatForm f;
  if (!np_promote_inexact(1, &x)) return false;
  if (is_complex(x)) return cx_fail(CX_ERR_TYPE, "frexp does not support complex-valued inputs");
  CxDtype d = x->type->dtype;
  TRY(float_form(d, "frexp", &f));
  x = np_convert(x, d, false);
  double bias = ldexp(1, f.exponent - 1) - 2;
  CxVal tiny = cx_lt(cx_abs(x), cx_like(x, ldexp(1, 2 - (1 << (f.exponent - 1))))); /* subnormal: scaled up first */
  CxVal normal = np_pick(tiny, cx_mul(x, cx_like(x, ldexp(1, f.mantissa))), x);
  CxVal raw = cx_and(cx_shift_right_logical(cx_bitcast(normal, f.bits), cx_scalar(f.bits, f.mantissa)), cx_scalar(f.bits, ldexp(1, f.exponent) - 1));
  CxVal e = cx_sub(cx_sub(raw, cx_scalar(f.bits, bias)), np_pick(tiny, cx_scalar(f.bits, f.mantissa), cx_scalar(f.bits, 0)));
  CxVal special = cx_or(cx_not(cx_is_finite(x)), cx_eq(x, cx_like(x, 0)));
  e = np_pick(special, cx_scalar(f.bits, 0), e);
  return cx_vals_push(out, scale_by_two(x, cx_neg(e), &f)) && cx_vals_push(out, cx_convert(e, CX_I32));
}

/* ---- logic ---- */

static CxVal logical(CxVal x, CxVal y, CxVal (*op)(CxVal, CxVal)) {
  CxVal v[2] = {x, y};
  return np_promote(2, v) ? op(np_to_bool(v[0]), np_to_bool(v[1])) : NULL;
}
CxVal cx_np_logical_and(CxVal x, CxVal y) { return logical(x, y, cx_and); }
CxVal cx_np_logical_or(CxVal x, CxVal y) { return logical(x, y, cx_or); }
CxVal cx_np_logical_xor(CxVal x, CxVal y) { return logical(x, y, cx_xor); }
CxVal cx_np_logical_not(CxVal x) { return cx_not(np_to_bool(x)); }

CxVal cx_np_bitwise_count(CxVal x) {
  if (!np_promote_numeric(1, &x)) return NULL;
  return cx_convert(cx_population_count(np_kind(x) == 'u' ? x : cx_abs(x)), CX_U8);
}

/* ---- tests ---- */

CxVal cx_np_isnan(CxVal x) { return np_is_nan(x); }

static CxVal per_part(CxVal x, CxVal (*test)(CxVal), CxVal (*join)(CxVal, CxVal), bool of_integers) {
  if (!x) return NULL;
  if (np_is_integral(x)) return truth(x, of_integers);
  return is_complex(x) ? join(test(cx_real(x)), test(cx_imag(x))) : test(x);
}
static CxVal is_infinite(CxVal x) { return cx_eq(cx_abs(x), cx_like(x, INFINITY)); }
CxVal cx_np_isfinite(CxVal x) { return per_part(x, cx_is_finite, cx_and, true); }
CxVal cx_np_isinf(CxVal x) { return per_part(x, is_infinite, cx_or, false); }

static CxVal equals_infinity(CxVal x, double infinity) {
  if (!x) return NULL;
  if (is_complex(x)) return cx_fail(CX_ERR_VALUE, "isposinf/isneginf are not well defined for complex types"), NULL;
  return np_is_integral(x) ? truth(x, false) : cx_eq(x, cx_like(x, infinity));
}
CxVal cx_np_isposinf(CxVal x) { return equals_infinity(x, INFINITY); }
CxVal cx_np_isneginf(CxVal x) { return equals_infinity(x, -INFINITY); }

CxVal cx_np_isreal(CxVal x) {
  CxVal i = cx_np_imag(x);
  return cx_eq(i, np_const(i, 0));
}
CxVal cx_np_iscomplex(CxVal x) {
  CxVal i = cx_np_imag(x);
  return cx_ne(i, np_const(i, 0));
}

CxVal cx_np_angle(CxVal z, CxNpAngle o) {
  if (!z) return NULL;
  CxVal re = cx_np_real(z), im = cx_np_imag(z);
  if (np_is_integral(z) || (np_kind(z) == 'f' && !z->type->rank)) {
    re = cx_convert(re, np_canonical(CX_F64));
    im = cx_convert(im, np_canonical(CX_F64));
  }
  CxVal a = cx_atan2(im, re);
  return o.deg ? rad2deg(a) : a;
}

/* ---- choosing ---- */

static CxVal lesser_known(CxVal x, CxVal y, CxVal better) { return np_pick(cx_np_logical_or(better, cx_np_isnan(y)), x, y); }
CxVal cx_np_fmin(CxVal x1, CxVal x2) { return lesser_known(x1, x2, cx_np_less(x1, x2)); }
CxVal cx_np_fmax(CxVal x1, CxVal x2) { return lesser_known(x1, x2, cx_np_greater(x1, x2)); }

bool cx_np_where(CxVal condition, CxNpWhere o, CxVals *out) {
  if (o.x && o.y) {
    FAIL_IF(o.size.given || o.fill_value, CX_ERR_VALUE, "size and fill_value arguments cannot be used in three-term where function.");
    return cx_vals_push(out, np_pick(condition, o.x, o.y));
  }
  FAIL_IF(o.x || o.y, CX_ERR_TYPE, "Either both or neither of the x and y arguments should be provided to jax.numpy.where.");
  out->several = true;
  return np_nonzero_rows(condition, o.size, o.fill_value, out);
}

CxVal cx_np_clip(CxVal arr, CxNpClip o) {
  if (!arr) return NULL;
  if (is_complex(arr) || (o.min && is_complex(o.min)) || (o.max && is_complex(o.max)))
    return cx_fail(CX_ERR_VALUE, "Clip received a complex value either through the input or the min/max keywords. Complex values have no ordering and "
                   "cannot be clipped. Please convert to a real value or array by taking the real or imaginary components via jax.numpy.real/imag "
                   "respectively."), NULL;
  if (o.min) arr = cx_np_maximum(o.min, arr);
  return o.max ? cx_np_minimum(o.max, arr) : arr;
}

static double largest_finite(CxDtype d) {
  switch (d) {
  case CX_F16: return 65504;
  case CX_BF16: return 0x1.fep127;
  case CX_F32: return 0x1.fffffep127;
  case CX_F64: return 0x1.fffffffffffffp1023;
  case CX_F8E3M4: return 15.5;
  case CX_F8E4M3: return 240;
  case CX_F8E5M2: return 57344;
  default: return np_highest(d);
  }
}

CxVal cx_np_nan_to_num(CxVal x, CxNpNanToNum o) {
  if (!x || np_is_integral(x)) return x;
  if (is_complex(x)) return cx_complex(cx_np_nan_to_num(cx_real(x), o), cx_np_nan_to_num(cx_imag(x), o));
  CxDtype d = x->type->dtype;
  CxVal nan = o.nan ? np_convert(o.nan, d, false) : cx_like(x, 0);
  CxVal high = o.posinf ? np_convert(o.posinf, d, false) : cx_like(x, largest_finite(d));
  CxVal low = o.neginf ? np_convert(o.neginf, d, false) : cx_like(x, -largest_finite(d));
  x = np_pick(np_is_nan(x), nan, x);
  x = np_pick(cx_eq(x, cx_like(x, INFINITY)), high, x);
  return np_pick(cx_eq(x, cx_like(x, -INFINITY)), low, x);
}

static CxVal close_to(CxVal a, CxVal b, CxVal rtol, CxVal atol, bool equal_nan) {
  CxVal v[2] = {a, b};
  if (!np_promote_inexact(2, v)) return NULL;
  CxDtype d = np_real_dtype(v[0]->type->dtype);
  rtol = rtol ? np_convert(rtol, d, false) : cx_scalar(d, 1e-5);
  atol = atol ? np_convert(atol, d, false) : cx_scalar(d, 1e-8);
  CxVal t[3] = {cx_abs(cx_sub(v[0], v[1])), cx_mul(rtol, cx_abs(v[1])), atol};
  if (!np_promote_shapes(3, t)) return NULL;
  CxVal near = cx_le(t[0], cx_add(t[2], t[1])), out = cx_np_logical_or(cx_eq(v[0], v[1]), cx_np_logical_and(cx_np_isfinite(v[1]), near));
  return equal_nan ? cx_np_logical_or(out, cx_and(np_is_nan(v[0]), np_is_nan(v[1]))) : out;
}

static CxVal all_of(CxVal x) {
  int64_t axes[CX_MAX_RANK];
  for (int i = 0; x && i < x->type->rank; i++) axes[i] = i;
  return x ? cx_reduce_and(x, (CxInts){axes, x->type->rank, false}) : NULL;
}

CxVal cx_np_isclose(CxVal a, CxVal b, CxNpIsclose o) { return close_to(a, b, o.rtol, o.atol, o.equal_nan); }
CxVal cx_np_allclose(CxVal a, CxVal b, CxNpAllclose o) { return all_of(close_to(a, b, o.rtol, o.atol, o.equal_nan)); }

CxVal cx_np_array_equal(CxVal a1, CxVal a2, CxNpArrayEqual o) {
  if (!a1 || !a2) return NULL;
  if (!cx_type_same_dims(a1->type, a2->type)) return cx_scalar(CX_BOOL, 0);
  CxVal eq = cx_np_equal(a1, a2);
  return all_of(o.equal_nan ? cx_np_logical_or(eq, cx_np_logical_and(np_is_nan(a1), np_is_nan(a2))) : eq);
}

CxVal cx_np_array_equiv(CxVal a1, CxVal a2) {
  int rank;
  int64_t dims[CX_MAX_RANK];
  CxVal v[2] = {a1, a2};
  if (!a1 || !a2) return NULL;
  if (np_broadcast_dims(2, v, &rank, dims)) return all_of(cx_np_equal(a1, a2));
  cx_error_clear();
  return cx_scalar(CX_BOOL, 0);
}

CxVal cx_np_select(CxVals conditions, CxVals choices, CxNpSelect o) {
  if (conditions.n != choices.n)
    return cx_fail(CX_ERR_VALUE, "condlist must have length equal to choicelist (%u vs %u)", conditions.n, choices.n), NULL;
  if (!conditions.n) return cx_fail(CX_ERR_VALUE, "condlist must be non-empty"), NULL;
  CxVal out = o.default_ ? o.default_ : cx_weak_scalar(np_canonical(CX_I64), 0);
  CxDtype d;
  bool weak;
  CxVal all[2] = {out, out};
  for (uint32_t i = 0; i < choices.n; i++) {
    all[1] = choices.v[i];
    if (!np_common_type(2, all, &d, &weak)) return NULL;
    all[0] = np_convert(all[0], d, weak);
  }
  out = all[0];
  for (uint32_t i = choices.n; i-- > 0 && out;) out = np_pick(conditions.v[i], np_convert(choices.v[i], d, weak), out);
  return out;
}

/* ---- common divisors: Euclid's algorithm on all elements until every remainder is 0 ---- */

static bool gcd_goes_on(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  int64_t axes[CX_MAX_RANK];
  for (int i = 0; i < in[1]->type->rank; i++) axes[i] = i;
  return cx_vals_push(out, cx_reduce_or(cx_ne(in[1], cx_like(in[1], 0)), (CxInts){axes, in[1]->type->rank, false}));
}

static bool gcd_step(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  CxVal rest = cx_ne(in[1], cx_like(in[1], 0));
  CxVal a = cx_select(rest, in[1], in[0]), b = np_pick(rest, cx_rem(in[0], np_pick(rest, in[1], np_const(in[1], 1))), np_const(in[1], 0));
  return cx_vals_push(out, a) && cx_vals_push(out, b);
}

static CxGraph *staged(const char *name, bool (*call)(void *, const CxVal *, uint32_t, CxVals *), const CxVal *v) {
  const CxType *types[2] = {v[0]->type, v[1]->type};
  CxFn *f = cx_fn(name, call, NULL, NULL);
  CxVals captured = {0};
  CxGraph *g = f ? cx_stage(f, types, 2, &captured) : NULL;
  cx_vals_free(&captured);
  if (f) cx_fn_release(f);
  return g;
}

static CxVal gcd_of(CxVal *v) { /* absolute values of one type */
  CxVals out = {0};
  CxGraph *cond = staged("gcd_goes_on", gcd_goes_on, v), *body = cond ? staged("gcd_step", gcd_step, v) : NULL;
  bool ok = body && cx_while(cond, 0, body, 0, v, 2, &out);
  CxVal r = ok ? out.v[0] : NULL;
  cx_vals_free(&out);
  cx_graph_release(cond);
  cx_graph_release(body);
  return r;
}

static bool divisor_operands(CxVal *v, const char *name) {
  TRY(np_promote_dtypes(2, v));
  FAIL_IF(!strchr("iu", np_kind(v[0])), CX_ERR_VALUE, "Arguments to jax.numpy.%s must be integers.", name);
  for (int i = 0; i < 2; i++) v[i] = cx_np_absolute(v[i]);
  return np_broadcast_all(2, v);
}

CxVal cx_np_gcd(CxVal x1, CxVal x2) {
  CxVal v[2] = {x1, x2};
  return divisor_operands(v, "gcd") ? gcd_of(v) : NULL;
}

CxVal cx_np_lcm(CxVal x1, CxVal x2) {
  CxVal v[2] = {x1, x2};
  if (!divisor_operands(v, "lcm")) return NULL;
  CxVal d = gcd_of(v), zero = d ? cx_eq(d, cx_like(d, 0)) : NULL;
  return np_pick(zero, np_const(d, 0), cx_mul(v[0], cx_div(v[1], np_pick(zero, np_const(d, 1), d))));
}
