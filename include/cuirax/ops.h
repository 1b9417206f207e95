/* Builders: one function per primitive, with the primitive's own strictness (no promotion; scalars and extents of 1 broadcast in
 * elementwise ops). They act under the current trace: compute now, append to a graph, differentiate or batch. Poison in gives poison out. */
#ifndef CUIRAX_OPS_H
#define CUIRAX_OPS_H

#include <cuirax/value.h>

typedef struct CxInts {
  const int64_t *v;
  int32_t n;
  bool none; /* Python's None, where it is allowed */
} CxInts;
#define cx_ints(...) \
  ((CxInts){.v = (const int64_t[]){__VA_ARGS__}, .n = (int32_t)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))})
#define CX_NO_INTS ((CxInts){.v = (const int64_t[]){0}, .n = 0})

/* A number given by the user, in the form it was given. */
typedef struct CxNumber {
  char kind; /* 0 None, b bool, i signed, u unsigned, f float, c complex */
  int64_t i; /* b, i; the bits of u */
  double re, im;
} CxNumber;
#define CX_NO_NUMBER ((CxNumber){0})
#define CX_FLOAT(x) ((CxNumber){.kind = 'f', .re = (x)})
#define CX_INT(x) ((CxNumber){.kind = 'i', .i = (x)})

/* clang-format off */
#define CX_UNARY_BUILDERS(X) \
  X(NEG, neg) X(SIGN, sign) X(FLOOR, floor) X(CEIL, ceil) X(IS_FINITE, is_finite) X(EXP, exp) X(EXP2, exp2) X(LOG, log) X(EXPM1, expm1) \
  X(LOG1P, log1p) X(TANH, tanh) X(LOGISTIC, logistic) X(SIN, sin) X(COS, cos) X(TAN, tan) X(ASIN, asin) X(ACOS, acos) X(ATAN, atan) \
  X(SINH, sinh) X(COSH, cosh) X(ASINH, asinh) X(ACOSH, acosh) X(ATANH, atanh) X(LGAMMA, lgamma) X(DIGAMMA, digamma) \
  X(BESSEL_I0E, bessel_i0e) X(BESSEL_I1E, bessel_i1e) X(ERF, erf) X(ERFC, erfc) X(ERF_INV, erf_inv) X(REAL, real) X(IMAG, imag) \
  X(CONJ, conj) X(ABS, abs) X(SQRT, sqrt) X(RSQRT, rsqrt) X(CBRT, cbrt) X(NOT, not) X(POPULATION_COUNT, population_count) X(CLZ, clz) \
  X(SQUARE, square) X(COPY, copy) X(STOP_GRADIENT, stop_gradient)
#define CX_BINARY_BUILDERS(X) \
  X(ADD, add) X(SUB, sub) X(MUL, mul) X(DIV, div) X(REM, rem) X(POW, pow) X(MAX, max) X(MIN, min) X(AND, and) X(OR, or) X(XOR, xor) \
  X(SHIFT_LEFT, shift_left) X(SHIFT_RIGHT_ARITHMETIC, shift_right_arithmetic) X(SHIFT_RIGHT_LOGICAL, shift_right_logical) X(ATAN2, atan2) \
  X(NEXTAFTER, nextafter) X(COMPLEX, complex) X(EQ, eq) X(NE, ne) X(LT, lt) X(LE, le) X(GT, gt) X(GE, ge) X(EQ_TO, eq_to) X(LT_TO, lt_to) \
  X(LE_TO, le_to) X(IGAMMA, igamma) X(IGAMMAC, igammac) X(IGAMMA_GRAD_A, igamma_grad_a) X(RANDOM_GAMMA_GRAD, random_gamma_grad) \
  X(ZETA, zeta) X(POLYGAMMA, polygamma) X(MULHI, mulhi) X(ADD_ANY, add_any)
/* clang-format on */

#define X(id, name) CxVal cx_##name(CxVal x);
CX_UNARY_BUILDERS(X)
#undef X
#define X(id, name) CxVal cx_##name(CxVal x, CxVal y);
CX_BINARY_BUILDERS(X)
#undef X
CxVal cx_clamp(CxVal lo, CxVal x, CxVal hi);
CxVal cx_select_n(CxVal which, uint32_t n, const CxVal *cases);     /* which: bool (n <= 2) or int32 */
CxVal cx_select(CxVal which, CxVal on_true, CxVal on_false);        /* which: bool */
CxVal cx_regularized_incomplete_beta(CxVal a, CxVal b, CxVal x);
CxVal cx_integer_pow(CxVal x, int64_t y);
CxVal cx_round(CxVal x, int method);                                /* 0 away from zero, 1 to nearest even */
CxVal cx_reduce_precision(CxVal x, int exponent_bits, int mantissa_bits);
CxVal cx_name(CxVal x, const char *name);                           /* jax.ad_checkpoint.checkpoint_name */
CxVal cx_convert(CxVal x, CxDtype dtype);                           /* convert_element_type to a strong type; x itself if it has it */
CxVal cx_convert_weak(CxVal x, CxDtype dtype, bool weak);

/* A scalar constant of x's dtype. */
CxVal cx_like(CxVal x, double value);
CxVal cx_zeros(const CxType *type);                                 /* a filled array: broadcast_in_dim of a scalar */
CxVal cx_full(const CxType *type, double value);

CxVal cx_broadcast_in_dim(CxVal x, int rank, const int64_t *dims, const int64_t *where); /* operand axis i goes to where[i] */
CxVal cx_broadcast_to(CxVal x, int rank, const int64_t *dims);      /* NumPy's rule: trailing axes align */
CxVal cx_broadcast_like(CxVal x, const CxType *type);               /* elementwise rule: same rank or scalar */
CxVal cx_reshape(CxVal x, int rank, const int64_t *dims);
CxVal cx_transpose(CxVal x, const int64_t *permutation);
CxVal cx_squeeze(CxVal x, CxInts axes);
CxVal cx_expand_dims(CxVal x, CxInts axes);                         /* axes of the result */
CxVal cx_move_axis(CxVal x, int from, int to);
CxVal cx_concatenate(uint32_t n, const CxVal *xs, int axis);
CxVal cx_pad(CxVal x, CxVal value, const int64_t *config);          /* rank triples: low, high, interior */
CxVal cx_slice(CxVal x, const int64_t *start, const int64_t *limit, const int64_t *strides_or_null);
CxVal cx_slice_axis(CxVal x, int axis, int64_t start, int64_t limit);
CxVal cx_dynamic_slice(CxVal x, const CxVal *start, const int64_t *sizes);
CxVal cx_dynamic_update_slice(CxVal x, CxVal update, const CxVal *start);
CxVal cx_rev(CxVal x, CxInts axes);
CxVal cx_iota(CxDtype dtype, int rank, const int64_t *dims, int axis);
CxVal cx_bitcast(CxVal x, CxDtype dtype);                           /* a narrower dtype adds a trailing axis, a wider one takes it */
bool cx_split(CxVal x, CxInts sizes, int axis, CxVal *out);         /* out[sizes.n] */
CxVal cx_tile(CxVal x, const int64_t *reps);                        /* one count per axis */

/* What happens to a window that an index puts outside of the array. */
typedef enum CxIndexMode {
  CX_INDEX_CLIP,         /* the start moves so that the window fits */
  CX_INDEX_FILL_OR_DROP, /* gather reads the fill value; scatter drops the window */
  CX_INDEX_PROMISE       /* "in bounds" by promise, checked: gather clips, scatter drops */
} CxIndexMode;

/* The last axis of the indices holds the index vectors. Lists are sorted where JAX asks for it; those of batching pair up. */
typedef struct CxGatherDims {
  CxInts offset_dims, collapsed_slice_dims, start_index_map, operand_batching_dims, start_indices_batching_dims;
  bool indices_are_sorted, unique_indices;
} CxGatherDims;
typedef struct CxScatterDims {
  CxInts update_window_dims, inserted_window_dims, scatter_dims_to_operand_dims, operand_batching_dims, scatter_indices_batching_dims;
  bool indices_are_sorted, unique_indices;
} CxScatterDims;
/* fill: read outside of the array under CX_INDEX_FILL_OR_DROP; CX_NO_NUMBER is NaN, the least signed or the greatest unsigned integer. */
CxVal cx_gather(CxVal x, CxVal indices, CxGatherDims dims, const int64_t *slice_sizes, CxIndexMode mode, CxNumber fill);
CxVal cx_scatter(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, CxIndexMode mode); /* the last of equal indices stays */
CxVal cx_scatter_add(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, CxIndexMode mode);
CxVal cx_scatter_sub(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, CxIndexMode mode);
CxVal cx_scatter_mul(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, CxIndexMode mode);
CxVal cx_scatter_min(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, CxIndexMode mode);
CxVal cx_scatter_max(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, CxIndexMode mode);

/* Random bits as functions of keys. A key type (CX_KEY_FRY, …) names the algorithm. Keys of any shape: a result's shape starts with it. */
bool cx_threefry2x32(CxVal k0, CxVal k1, CxVal x0, CxVal x1, CxVal *out); /* out[2] */
bool cx_rng_bit_generator(CxVal state, CxDtype dtype, CxInts shape, int algorithm, CxVal *out); /* 0 default, 1 Threefry, 2 Philox; out[2]: state, bits */
CxVal cx_rng_uniform(CxVal lo, CxVal hi, CxInts shape);                   /* stateful */
CxVal cx_random_seed(CxVal seeds, CxDtype key_dtype);
CxVal cx_random_split(CxVal keys, CxInts shape);
CxVal cx_random_fold_in(CxVal keys, CxVal data);                          /* data: uint32 */
CxVal cx_random_bits(CxVal keys, int bit_width, CxInts shape);
CxVal cx_random_wrap(CxVal words, CxDtype key_dtype);                     /* the last axis holds a key's words */
CxVal cx_random_unwrap(CxVal keys);
CxVal cx_random_gamma(CxVal keys, CxVal a, bool log_space);

CxVal cx_reduce_sum(CxVal x, CxInts axes);
CxVal cx_reduce_prod(CxVal x, CxInts axes);
CxVal cx_reduce_max(CxVal x, CxInts axes);
CxVal cx_reduce_min(CxVal x, CxInts axes);
CxVal cx_reduce_and(CxVal x, CxInts axes);
CxVal cx_reduce_or(CxVal x, CxInts axes);
CxVal cx_reduce_xor(CxVal x, CxInts axes);
CxVal cx_argmax(CxVal x, int axis, CxDtype index_dtype);
CxVal cx_argmin(CxVal x, int axis, CxDtype index_dtype);
/* Any computation, as a graph of 2n scalars (accumulators, elements) -> n scalars; results into out[n]. */
struct CxGraph;
bool cx_reduce(uint32_t n, const CxVal *xs, const CxVal *inits, struct CxGraph *region, CxInts axes, CxVal *out);
/* Sliding windows. Lists have one entry per axis, padding two (low, high); lists left out are ones, padding is 0. */
typedef struct CxWindow {
  CxInts dimensions, strides, padding, base_dilation, window_dilation;
} CxWindow;
CxVal cx_reduce_window_sum(CxVal x, const CxWindow *w);
CxVal cx_reduce_window_max(CxVal x, const CxWindow *w);
CxVal cx_reduce_window_min(CxVal x, const CxWindow *w);
bool cx_reduce_window(uint32_t n, const CxVal *xs, const CxVal *inits, struct CxGraph *region, const CxWindow *w, CxVal *out);
/* In every window of x, select(chosen, candidate) keeps the chosen place if true; scatter(old, source) updates it. No dilations. */
CxVal cx_select_and_scatter(CxVal x, CxVal source, CxVal init, struct CxGraph *select, struct CxGraph *scatter, const CxWindow *w);
CxVal cx_select_and_scatter_add(CxVal source, CxVal x, bool least, const CxWindow *w); /* at the greatest or least element of each window */
CxVal cx_select_and_gather_add(CxVal t, CxVal x, bool least, const CxWindow *w);       /* t's element there */
CxVal cx_cumsum(CxVal x, int axis, bool reverse);
CxVal cx_cumprod(CxVal x, int axis, bool reverse);
CxVal cx_cummax(CxVal x, int axis, bool reverse);
CxVal cx_cummin(CxVal x, int axis, bool reverse);
CxVal cx_cumlogsumexp(CxVal x, int axis, bool reverse);

/* xs[n] together, by the first num_keys of them; results into out[n]. NaN last, -0 equals 0. */
bool cx_sort(uint32_t n, const CxVal *xs, int dimension, bool is_stable, uint32_t num_keys, CxVal *out);
bool cx_top_k(CxVal x, int64_t k, int axis, CxVal *values, CxVal *indices); /* indices: int32 */

bool cx_optimization_barrier(uint32_t n, const CxVal *xs, CxVal *out); /* out[n] */
bool cx_closed_call(struct CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out); /* out: one per result of g */

typedef struct CxDotDims {
  CxInts lhs_contract, rhs_contract, lhs_batch, rhs_batch;
} CxDotDims;
/* Multiplication precision, as lax.Precision for both operands or a lax.DotAlgorithmPreset; results here always have full precision. */
/* clang-format off */
#define CX_PRECISIONS(X) \
  X(NONE, "None") \
  X(DEFAULT, "(Precision.DEFAULT, Precision.DEFAULT)") X(DEFAULT_HIGH, "(Precision.DEFAULT, Precision.HIGH)") \
  X(DEFAULT_HIGHEST, "(Precision.DEFAULT, Precision.HIGHEST)") X(HIGH_DEFAULT, "(Precision.HIGH, Precision.DEFAULT)") \
  X(HIGH, "(Precision.HIGH, Precision.HIGH)") X(HIGH_HIGHEST, "(Precision.HIGH, Precision.HIGHEST)") \
  X(HIGHEST_DEFAULT, "(Precision.HIGHEST, Precision.DEFAULT)") X(HIGHEST_HIGH, "(Precision.HIGHEST, Precision.HIGH)") \
  X(HIGHEST, "(Precision.HIGHEST, Precision.HIGHEST)") \
  X(ALG_DEFAULT, "DEFAULT") X(ALG_ANY_F8_ANY_F8_F32, "ANY_F8_ANY_F8_F32") \
  X(ALG_ANY_F8_ANY_F8_F32_FAST_ACCUM, "ANY_F8_ANY_F8_F32_FAST_ACCUM") X(ALG_ANY_F8_ANY_F8_ANY, "ANY_F8_ANY_F8_ANY") \
  X(ALG_ANY_F8_ANY_F8_ANY_FAST_ACCUM, "ANY_F8_ANY_F8_ANY_FAST_ACCUM") X(ALG_F16_F16_F16, "F16_F16_F16") \
  X(ALG_F16_F16_F32, "F16_F16_F32") X(ALG_BF16_BF16_BF16, "BF16_BF16_BF16") X(ALG_BF16_BF16_F32, "BF16_BF16_F32") \
  X(ALG_BF16_BF16_F32_X3, "BF16_BF16_F32_X3") X(ALG_BF16_BF16_F32_X6, "BF16_BF16_F32_X6") \
  X(ALG_BF16_BF16_F32_X9, "BF16_BF16_F32_X9") X(ALG_TF32_TF32_F32, "TF32_TF32_F32") X(ALG_TF32_TF32_F32_X3, "TF32_TF32_F32_X3") \
  X(ALG_F32_F32_F32, "F32_F32_F32") X(ALG_F64_F64_F64, "F64_F64_F64")
/* clang-format on */
typedef enum CxPrecision {
#define X(id, text) CX_PRECISION_##id,
  CX_PRECISIONS(X)
#undef X
} CxPrecision;
CxVal cx_dot_general(CxVal x, CxVal y, CxDotDims dims, CxDtype preferred);
CxVal cx_dot_general_with(CxVal x, CxVal y, CxDotDims dims, CxPrecision precision, CxDtype preferred);

typedef struct CxConvDims { /* batch, feature, spatial axes of lhs; out feature, in feature, spatial of rhs; batch, feature, spatial of the result */
  CxInts lhs_spec, rhs_spec, out_spec;
} CxConvDims;
typedef struct CxConv {
  CxInts window_strides, padding; /* padding: low, high per spatial axis */
  CxInts lhs_dilation, rhs_dilation;
  CxConvDims dims;
  int64_t feature_group_count, batch_group_count;
  CxPrecision precision;
  CxDtype preferred;
} CxConv;
CxVal cx_conv_general_dilated(CxVal lhs, CxVal rhs, const CxConv *conv);

/* Collectives over a named axis of vmap. n_axes names, or one. Outside of such a vmap: "unbound axis name". */
int64_t cx_axis_size(const char *axis_name);                              /* -1 with an error if it is unbound */
CxVal cx_axis_index(const char *axis_name);                               /* int32 */
CxVal cx_psum(CxVal x, int n_axes, const char *const *axes);              /* bool sums as int32 */
CxVal cx_pmax(CxVal x, int n_axes, const char *const *axes);
CxVal cx_pmin(CxVal x, int n_axes, const char *const *axes);
CxVal cx_all_gather(CxVal x, const char *axis_name, int axis, bool tiled); /* tiled: concatenated along axis instead of stacked */
CxVal cx_ppermute(CxVal x, const char *axis_name, CxInts pairs);          /* source, destination, …; zeros where nothing arrives */
CxVal cx_pbroadcast(CxVal x, const char *axis_name, int64_t source);
CxVal cx_all_to_all(CxVal x, const char *axis_name, int split_axis, int concat_axis, bool tiled);

#endif
