/* Operators of arrays. See arith.h. */
#include "np/arith.h"

#include "np/promote.h"

/* ---- operands ---- */

static bool float0_fail(const char *name) {
  return cx_fail(CX_ERR_TYPE,
                 "Called %s with a float0 array. float0s do not support any operations, because they stand for tangents of integers. Use "
                 "np.zeros_like(arr, dtype=float) to make a regular array of zeros; if a float0 is a surprise, a gradient was taken with respect "
                 "to an integer argument.", name);
}

static bool operands_check(const char *name, CxVal x, CxVal y) {
  if (!x || !y) return false;
  CxDtype a = x->type->dtype, b = y->type->dtype;
  if (a == CX_FLOAT0 || b == CX_FLOAT0) return float0_fail(name);
  if (a != b && (cx_dtype_kind(a) == 'k' || cx_dtype_kind(b) == 'k'))
    return cx_fail(CX_ERR_TYPE, "%s does not accept dtypes %s, %s.", name, cx_dtype_name(a), cx_dtype_name(b));
  return true;
}

typedef bool Promotion(uint32_t n, CxVal *v);
static bool operands(const char *name, CxVal *v, Promotion *promotion) { return operands_check(name, v[0], v[1]) && promotion(2, v); }

static char kind(CxVal v) { return cx_dtype_kind(v->type->dtype); }
static bool is_integer(CxVal v) { return kind(v) == 'i' || kind(v) == 'u'; }
static bool is_zero_dim(CxVal v) { return v->type->rank == 0; }
static CxVal like(CxVal x, double value) { return x ? np_convert(cx_like(x, value), x->type->dtype, x->type->weak) : NULL; } /* as weak as x */
static CxVal where(CxVal which, CxVal on_true, CxVal on_false) { /* scalars broadcast, but not all at once to nothing */
  CxVal v[2] = {on_true, on_false};
  return v[0] && v[1] && np_promote_dtypes(2, v) ? cx_select(which, v[0], v[1]) : NULL;
}

/* ---- arithmetic ---- */

CxVal cx_np_add(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  if (!operands("add", v, np_promote)) return NULL;
  return kind(v[0]) == 'b' ? cx_or(v[0], v[1]) : cx_add(v[0], v[1]);
}

CxVal cx_np_subtract(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("subtract", v, np_promote) ? cx_sub(v[0], v[1]) : NULL;
}

CxVal cx_np_multiply(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  if (!operands("multiply", v, np_promote)) return NULL;
  return kind(v[0]) == 'b' ? cx_and(v[0], v[1]) : cx_mul(v[0], v[1]);
}

CxVal cx_np_true_divide(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("true_divide", v, np_promote_inexact) ? cx_div(v[0], v[1]) : NULL;
}

/* Truncation becomes floor where signs differ and something remains. */
static CxVal int_floor_divide(CxVal x, CxVal y) {
  CxVal q = cx_div(x, y), remains = cx_ne(cx_rem(x, y), like(x, 0));
  return where(cx_and(cx_ne(cx_sign(x), cx_sign(y)), remains), cx_sub(q, like(x, 1)), q);
}

static bool float_divmod(CxVal x, CxVal y, CxVal *div, CxVal *mod) {
  CxVal m = cx_rem(x, y);
  CxVal d = cx_div(where(cx_eq(y, like(y, 0)), x, cx_sub(x, m)), y);
  if (!m || !d) return false;
  CxVal adjust = cx_and(cx_ne(m, like(m, 0)), cx_ne(cx_sign(y), cx_sign(m)));
  *mod = cx_select(adjust, cx_add(m, y), m);
  *div = cx_round(cx_select(adjust, cx_sub(d, like(d, 1)), d), 0);
  return *mod && *div;
}

static CxVal floor_divide(CxVal x, CxVal y) {
  CxVal d, m;
  switch (kind(x)) {
  case 'u': return cx_div(x, y);
  case 'i': return int_floor_divide(x, y);
  case 'c': return cx_fail(CX_ERR_TYPE, "floor_divide does not support complex-valued inputs"), NULL;
  default: return float_divmod(x, y, &d, &m) ? d : NULL;
  }
}

static CxVal remainder_of(CxVal x, CxVal y) {
  CxVal zero = like(x, 0);
  if (is_integer(y)) y = where(cx_eq(y, zero), like(y, 1), y);
  CxVal m = cx_rem(x, y);
  CxVal adjust = cx_and(cx_ne(cx_lt(m, zero), cx_lt(y, zero)), cx_ne(m, zero));
  return cx_select(adjust, cx_add(m, y), m);
}

CxVal cx_np_floor_divide(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("floor_divide", v, np_promote_numeric) ? floor_divide(v[0], v[1]) : NULL;
}

CxVal cx_np_remainder(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("remainder", v, np_promote_numeric) ? remainder_of(v[0], v[1]) : NULL;
}

bool np_divide_both(CxVal x, CxVal y, CxVal *quotient, CxVal *rest) {
  CxVal v[2] = {x, y};
  if (!operands("divmod", v, np_promote_numeric)) return false;
  if (!is_integer(v[0])) return float_divmod(v[0], v[1], quotient, rest);
  return (*quotient = floor_divide(v[0], v[1])) && (*rest = remainder_of(v[0], v[1]));
}

/* x^y by squaring, six bits of y (larger exponents overflow every integer but 0, 1 and -1); x^y is 0 for x = 0, y < 0 too */
static CxVal pow_int_int(CxVal x, CxVal y) {
  CxVal zero = cx_like(y, 0), one = cx_like(y, 1);
  CxVal result = where(cx_and(cx_eq(x, zero), cx_ne(y, zero)), zero, one);
  for (int bit = 0; bit < 6 && y; bit++) {
    CxVal odd = cx_convert(cx_and(y, one), CX_BOOL);
    result = where(odd, cx_mul(result, x), result);
    x = cx_mul(x, x);
    y = cx_shift_right_logical(y, one);
  }
  return result;
}

static bool concrete_exponent(CxVal y) { return node_is_array(y) && is_zero_dim(y) && (is_integer(y) || (kind(y) == 'b' && y->literal)); }

static CxVal int_power(CxVal x, int64_t y) {
  char type[256];
  if (y >= 0 || !is_integer(x)) return cx_integer_pow(x, y);
  cx_type_text(x->type, type, sizeof type);
  return cx_fail(CX_ERR_TYPE, "Integers cannot be raised to negative powers, got integer_pow(%s, %lld)", type, (long long)y), NULL;
}

CxVal cx_np_power(CxVal x, CxVal y) {
  if (!operands_check("power", x, y)) return NULL;
  if (concrete_exponent(y)) return np_promote_numeric(1, &x) ? int_power(x, cx_to_int(y)) : NULL;
  CxVal v[2] = {x, y};
  if (!np_promote_shapes(2, v)) return NULL;
  x = v[0], y = v[1];
  if (!np_promote_numeric(2, v)) return NULL;
  if (is_integer(v[0])) return pow_int_int(v[0], v[1]);
  return is_inexact(x->type) && is_integer(y) ? cx_pow(x, y) : cx_pow(v[0], v[1]);
}

CxVal cx_np_minimum(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("minimum", v, np_promote) ? cx_min(v[0], v[1]) : NULL;
}

CxVal cx_np_maximum(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("maximum", v, np_promote) ? cx_max(v[0], v[1]) : NULL;
}

/* ---- one operand ---- */

static bool operand(const char *name, CxVal x) { return x && (x->type->dtype != CX_FLOAT0 || float0_fail(name)); }

CxVal cx_np_negative(CxVal x) { return operand("negative", x) ? cx_neg(x) : NULL; }
CxVal cx_np_positive(CxVal x) { return operand("positive", x) ? x : NULL; }
CxVal cx_np_absolute(CxVal x) { return !operand("absolute", x) ? NULL : kind(x) == 'b' || kind(x) == 'u' ? x : cx_abs(x); }
CxVal cx_np_invert(CxVal x) { return operand("invert", x) ? cx_not(x) : NULL; }
CxVal cx_np_real(CxVal x) { return !x ? NULL : kind(x) == 'c' ? cx_real(x) : x; }
CxVal cx_np_imag(CxVal x) { return !x ? NULL : kind(x) == 'c' ? cx_imag(x) : np_convert(cx_full(x->type, 0), x->type->dtype, x->type->weak); }
CxVal cx_np_conjugate(CxVal x) { return !x ? NULL : kind(x) == 'c' ? cx_conj(x) : x; }

/* ---- comparison ---- */

CxVal cx_np_equal(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("equal", v, np_promote) ? cx_eq(v[0], v[1]) : NULL;
}

CxVal cx_np_not_equal(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  return operands("not_equal", v, np_promote) ? cx_ne(v[0], v[1]) : NULL;
}

static CxVal ordered(const char *name, CxVal (*compare)(CxVal, CxVal), CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  if (!operands(name, v, np_promote)) return NULL;
  if (kind(v[0]) != 'c') return compare(v[0], v[1]);
  CxVal a = cx_real(v[0]), b = cx_real(v[1]);
  return cx_select(cx_eq(a, b), compare(cx_imag(v[0]), cx_imag(v[1])), compare(a, b));
}

CxVal cx_np_less(CxVal x, CxVal y) { return ordered("less", cx_lt, x, y); }
CxVal cx_np_less_equal(CxVal x, CxVal y) { return ordered("less_equal", cx_le, x, y); }
CxVal cx_np_greater(CxVal x, CxVal y) { return ordered("greater", cx_gt, x, y); }
CxVal cx_np_greater_equal(CxVal x, CxVal y) { return ordered("greater_equal", cx_ge, x, y); }

/* ---- bits ---- */

static CxVal bitwise(const char *name, CxVal (*op)(CxVal, CxVal), CxVal x, CxVal y, Promotion *promotion) {
  CxVal v[2] = {x, y};
  return operands(name, v, promotion) ? op(v[0], v[1]) : NULL;
}

CxVal cx_np_bitwise_and(CxVal x, CxVal y) { return bitwise("bitwise_and", cx_and, x, y, np_promote); }
CxVal cx_np_bitwise_or(CxVal x, CxVal y) { return bitwise("bitwise_or", cx_or, x, y, np_promote); }
CxVal cx_np_bitwise_xor(CxVal x, CxVal y) { return bitwise("bitwise_xor", cx_xor, x, y, np_promote); }
CxVal cx_np_left_shift(CxVal x, CxVal y) { return bitwise("left_shift", cx_shift_left, x, y, np_promote_numeric); }

CxVal cx_np_right_shift(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  if (!operands("right_shift", v, np_promote_numeric)) return NULL;
  return kind(v[0]) == 'u' ? cx_shift_right_logical(v[0], v[1]) : cx_shift_right_arithmetic(v[0], v[1]);
}

/* ---- matmul ---- */

/* How the batch axes of both operands become those of dot_general. Axes of extent 1 are dropped and come back at the end. */
typedef struct Matmul {
  int64_t squeeze[2][CX_MAX_RANK], batch[2][CX_MAX_RANK], both[CX_MAX_RANK];
  int nsqueeze[2], nbatch, nboth;
  int other[2][CX_MAX_RANK];  /* result axes that only one operand has */
  int shared[CX_MAX_RANK], nother[2], nshared;
} Matmul;

static void drop_axis(Matmul *m, int which) {
  m->squeeze[which][m->nsqueeze[which]] = m->nshared + m->nother[which] + m->nsqueeze[which];
  m->nsqueeze[which]++;
}

static bool batch_axis(Matmul *m, int i, int64_t a, int64_t b) { /* extents, -1 where an operand lacks the axis */
  if (a < 0) return m->other[1][m->nother[1]++] = i, true;
  if (b < 0) return m->other[0][m->nother[0]++] = i, true;
  if (a == 1 && b == 1) return drop_axis(m, 0), drop_axis(m, 1), m->both[m->nboth++] = i, true;
  if (a == 1) return drop_axis(m, 0), m->other[1][m->nother[1]++] = i, true;
  if (b == 1) return drop_axis(m, 1), m->other[0][m->nother[0]++] = i, true;
  if (a != b) return false;
  m->batch[0][m->nbatch] = m->nshared + m->nother[0];
  m->batch[1][m->nbatch++] = m->nshared + m->nother[1];
  m->shared[m->nshared++] = i;
  return true;
}

static bool matmul_fail(const CxType *a, const CxType *b, bool contracting) {
  char ta[256], tb[256];
  cx_type_text(a, ta, sizeof ta);
  cx_type_text(b, tb, sizeof tb);
  if (!contracting) return cx_fail(CX_ERR_VALUE, "Incompatible types for matmul arguments: %s and %s", ta, tb);
  return cx_fail(CX_ERR_TYPE, "dot_general requires contracting dimensions to have the same shape: matmul of %s and %s, whose inner extents differ", ta, tb);
}

static bool matmul_plan(Matmul *m, const CxType *a, const CxType *b) {
  int na = a->rank > 2 ? a->rank - 2 : 0, nb = b->rank > 2 ? b->rank - 2 : 0, n = na > nb ? na : nb;
  for (int i = 0; i < n; i++) {
    int ia = i - (n - na), ib = i - (n - nb);
    if (!batch_axis(m, i, ia < 0 ? -1 : a->dims[ia], ib < 0 ? -1 : b->dims[ib])) return matmul_fail(a, b, false);
  }
  if (a->dims[a->rank - 1] != b->dims[b->rank > 1 ? b->rank - 2 : 0]) return matmul_fail(a, b, true);
  return true;
}

/* Axes of dot_general's result in the places where matmul wants them. */
static CxVal matmul_finish(const Matmul *m, CxVal z, int batch_rank, bool a_row, bool b_column) {
  if (!z) return NULL;
  int from[CX_MAX_RANK], n = 0, kept[CX_MAX_RANK], rank = z->type->rank;
  int dropped[CX_MAX_RANK] = {0};
  for (int i = 0; i < m->nboth; i++) dropped[m->both[i]] = 1;
  for (int i = 0, k = 0; i < batch_rank; i++) kept[i] = dropped[i] ? -1 : k++;
  int next = rank - a_row - b_column;
  for (int i = 0; i < m->nshared; i++) from[n++] = kept[m->shared[i]];
  for (int i = 0; i < m->nother[0]; i++) from[n++] = kept[m->other[0][i]];
  if (a_row) from[n++] = next;
  for (int i = 0; i < m->nother[1]; i++) from[n++] = kept[m->other[1][i]];
  if (b_column) from[n++] = next + a_row;
  int64_t permutation[CX_MAX_RANK];
  bool identity = true;
  for (int i = 0; i < n; i++) {
    permutation[from[i]] = i;
    identity &= from[i] == i;
  }
  if (!identity) z = cx_transpose(z, permutation);
  return m->nboth ? cx_expand_dims(z, (CxInts){m->both, m->nboth, false}) : z;
}

CxVal np_matrix_product(CxVal x, CxVal y) {
  CxVal v[2] = {x, y};
  if (!operands_check("matmul", x, y)) return NULL;
  for (int i = 0; i < 2; i++)
    if (is_zero_dim(v[i])) return cx_fail(CX_ERR_VALUE, "matmul input operand %d must have ndim at least 1, but it has ndim 0", i), NULL;
  CxDtype d;
  bool weak;
  Matmul m = {0};
  if (!np_common_type(2, v, &d, &weak) || !matmul_plan(&m, x->type, y->type)) return NULL;
  int nx = x->type->rank, ny = y->type->rank;
  int batch_rank = (nx > ny ? nx : ny) > 2 ? (nx > ny ? nx : ny) - 2 : 0;
  bool a_row = nx > 1, b_column = ny > 1;
  for (int i = 0; i < 2; i++) {
    v[i] = np_convert(v[i], d, false);
    if (m.nsqueeze[i]) v[i] = cx_squeeze(v[i], (CxInts){m.squeeze[i], m.nsqueeze[i], false});
    if (!v[i]) return NULL;
  }
  int64_t ca = v[0]->type->rank - 1, cb = v[1]->type->rank - (b_column ? 2 : 1);
  CxDotDims dims = {.lhs_contract = {&ca, 1, false}, .rhs_contract = {&cb, 1, false},
                    .lhs_batch = {m.batch[0], m.nbatch, false}, .rhs_batch = {m.batch[1], m.nbatch, false}};
  CxVal z = matmul_finish(&m, cx_dot_general(v[0], v[1], dims, d), batch_rank, a_row, b_column);
  return weak ? np_convert(z, d, true) : z;
}
