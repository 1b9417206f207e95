/* Random keys and bits. A key is an element of a key dtype that stores 2 or 4 uint32 words; nothing here has state, but rng_uniform.
 * Bits are JAX's: for an rbg key among many, XLA's generator runs on the first key for all of them, as JAX's batching does. */
#include "op/attrs.h"
#include "op/random.h"

#include "kernels/convert.h"
#include "kernels/move.h"
#include "kernels/random.h"

bool random_partitionable = true;

static const char *const impl_names[] = {"fry", "rbg", "urbg", NULL};
static const char *const algorithm_names[] = {"RNG_DEFAULT", "RNG_THREE_FRY", "RNG_PHILOX", NULL};

static CxDtype impl_dtype(const CxApp *a) { return (CxDtype)(CX_KEY_FRY + ((const CxImplAttrs *)a->attrs)->impl); }
static int key_words(CxDtype d) { return cx_dtype_bytes(d) / 4; }

static bool keys_ok(const CxApp *a) {
  if (kind_in(a->types[0], "k")) return true;
  return cx_fail(CX_ERR_TYPE, "%s takes key array operand, got keys.dtype=%s", a->def->name, cx_dtype_name(a->types[0]->dtype));
}

/* dims of t, then those of `more` */
static const CxType *type_append(const CxType *t, CxDtype dtype, const CxInts *more) {
  int64_t dims[CX_MAX_RANK];
  int rank = t->rank;
  FAIL_IF(rank + more->n > CX_MAX_RANK, CX_ERR_VALUE, "the rank of the random bits would exceed %d", CX_MAX_RANK);
  for (int i = 0; i < t->rank; i++) dims[i] = t->dims[i];
  for (int i = 0; i < more->n; i++) dims[rank++] = more->v[i];
  return cx_type(dtype, rank, dims, false);
}

static int64_t ints_product(const CxInts *v) {
  int64_t n = 1;
  for (int i = 0; i < v->n; i++) n *= v->v[i];
  return n;
}

static void state_of(const uint32_t *key, uint64_t state[2]) {
  state[0] = (uint64_t)key[1] << 32 | key[0];
  state[1] = (uint64_t)key[3] << 32 | key[2];
}

/* A batch axis of the operand stays where it is. */
static void same_axis_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
  *out_axis = axis[0];
}

/* Operands broadcast against each other: batched ones get the axis in front, the others extents of 1. */
static void broadcast_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  CxVal in[4];
  int rank = 0;
  bool same = true;
  for (uint32_t i = 0; i < a->nin; i++) {
    int r = a->types[i]->rank - (axis[i] >= 0);
    if (r > rank) rank = r;
    same &= axis[i] == axis[0] && a->types[i]->rank == a->types[0]->rank;
  }
  for (uint32_t i = 0; i < a->nin && !same; i++) {
    int64_t dims[CX_MAX_RANK];
    in[i] = axis[i] < 0 ? a->in[i] : cx_move_axis(a->in[i], axis[i], 0);
    if (!in[i] || (axis[i] < 0 && !in[i]->type->rank) || in[i]->type->rank == rank + 1) continue;
    dims[0] = axis[i] < 0 ? 1 : in[i]->type->dims[0];
    for (int k = 0; k < rank; k++) dims[k + 1] = axis[i] < 0 ? in[i]->type->dims[k] : 1;
    in[i] = cx_reshape(in[i], rank + 1, dims);
  }
  cx_bind(a->op, same ? a->in : in, a->nin, a->attrs, out, a->nout);
  for (uint32_t i = 0; i < a->nout; i++) out_axis[i] = same ? axis[0] : 0;
}

static bool broadcast_dims(const CxApp *a, int *rank, int64_t *dims) {
  char text[512];
  *rank = 0;
  for (uint32_t i = 0; i < a->nin; i++) {
    const CxType *t = a->types[i];
    if (!t->rank) continue;
    FAIL_IF(*rank && t->rank != *rank, CX_ERR_TYPE, "%s: arrays must have same number of dimensions, got %s", a->def->name,
            shapes_text(a, text, sizeof text));
    for (int k = 0; k < t->rank; k++) {
      if (!*rank || dims[k] == 1) dims[k] = t->dims[k];
      else FAIL_IF(t->dims[k] != 1 && t->dims[k] != dims[k], CX_ERR_TYPE, "%s got incompatible shapes for broadcasting: %s.", a->def->name,
                   shapes_text(a, text, sizeof text));
    }
    *rank = t->rank;
  }
  return true;
}

/* Strides of an operand as it broadcasts to `to`. */
static void broadcast_strides(const CxType *t, const CxType *to, int64_t *strides) {
  int64_t step = 1;
  for (int i = to->rank - 1; i >= 0; i--) {
    strides[i] = t->rank && t->dims[i] != 1 ? step : 0;
    if (t->rank) step *= t->dims[i];
  }
}

/* ---- threefry2x32 ---- */

static bool threefry_type(const CxApp *a, const CxType **out) {
  int64_t dims[CX_MAX_RANK];
  int rank;
  char text[512];
  for (uint32_t i = 0; i < 4; i++)
    FAIL_IF(a->types[i]->dtype != CX_U32, CX_ERR_TYPE, "Arguments to threefry2x32 must have uint32 type, got %s", app_types_text(a, text, sizeof text));
  TRY(broadcast_dims(a, &rank, dims));
  return (out[0] = out[1] = cx_type(CX_U32, rank, dims, false)) != NULL;
}

/* Operand i with all elements in place; a copy, kept by the scope, if it broadcasts. */
static const uint32_t *broadcast_words(const CxApp *a, uint32_t i, const CxType *to) {
  int64_t strides[CX_MAX_RANK];
  if (cx_type_same_dims(a->types[i], to)) return (const uint32_t *)(void *)a->in[i]->array.data;
  CxVal v = cx_keep(node_array(to));
  if (!v) return NULL;
  broadcast_strides(a->types[i], to, strides);
  CxView from = {a->in[i]->array.data, CX_U32, to->rank, to->dims, strides}, into = node_view(v);
  kernel_copy(&from, &into);
  return (const uint32_t *)(void *)v->array.data;
}

static bool threefry_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  bool one_key = a->types[0]->size == 1 && a->types[1]->size == 1;
  const uint32_t *in[4];
  CxScope scope;
  cx_scope_open(&scope);
  bool ok = true;
  for (uint32_t i = 0; i < 4 && ok; i++)
    ok = (in[i] = i < 2 && one_key ? (const uint32_t *)(void *)a->in[i]->array.data : broadcast_words(a, i, types[0])) != NULL;
  ok = ok && exec_alloc(a, types, out);
  if (ok)
    random_threefry(types[0]->size, in[0], in[1], one_key ? 0 : 1, in[2], in[3], (uint32_t *)(void *)out[0]->array.data,
                    (uint32_t *)(void *)out[1]->array.data);
  cx_scope_close(&scope);
  return ok;
}

const CxOp cx_op_THREEFRY2X32 = {.name = "threefry2x32", .doc = "the Threefry-2x32 hash of a two-word counter under a two-word key", .nin = 4,
                                 .nout = 2, .type = threefry_type, .exec = threefry_exec, .jvp = rule_nondiff, .transpose = rule_nonlinear,
                                 .batch = broadcast_batch, .partial = rule_partial_default, .fold = rule_nofold};

bool cx_threefry2x32(CxVal k0, CxVal k1, CxVal x0, CxVal x1, CxVal *out) {
  return cx_bind(CX_OP_THREEFRY2X32, (CxVal[]){k0, k1, x0, x1}, 4, NULL, out, 2);
}

/* ---- rng_bit_generator ---- */

static bool generator_type(const CxApp *a, const CxType **out) {
  const CxGeneratorAttrs *g = a->attrs;
  const CxType *t = a->types[0];
  bool words = t->rank == 1 && ((t->dtype == CX_U32 && t->dims[0] == 4) || (t->dtype == CX_U64 && t->dims[0] == 2));
  FAIL_IF(!words, CX_ERR_TYPE, "rng_bit_generator: the key must be uint32[4] or uint64[2]");
  FAIL_IF(g->dtype != CX_U8 && g->dtype != CX_U16 && g->dtype != CX_U32 && g->dtype != CX_U64, CX_ERR_TYPE,
          "rng_bit_generator: unsupported dtype %s", cx_dtype_name(g->dtype));
  out[0] = t;
  return (out[1] = cx_type(g->dtype, g->shape.n, g->shape.v, false)) != NULL;
}

static bool generator_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxGeneratorAttrs *g = a->attrs;
  uint64_t state[2];
  TRY(exec_alloc(a, types, out));
  memcpy(state, a->in[0]->array.data, sizeof state);
  if (g->algorithm == 1) random_generator_threefry_bits(state, types[1]->dims, types[1]->rank, cx_dtype_bits(g->dtype), out[1]->array.data);
  else random_philox_bits(state, types[1]->size, cx_dtype_bits(g->dtype), out[1]->array.data);
  memcpy(out[0]->array.data, state, sizeof state);
  return true;
}

/* One run on the first state makes the bits of all. */
static void generator_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxGeneratorAttrs *g = a->attrs;
  int64_t shape[CX_MAX_RANK + 1] = {size};
  CxVal states = cx_move_axis(a->in[0], axis[0], 0), first[2];
  if (!states || g->shape.n >= CX_MAX_RANK || !size) {
    cx_fail(CX_ERR_VALUE, "vmap of rng_bit_generator: no states, or a rank above %d", CX_MAX_RANK);
    return;
  }
  for (int i = 0; i < g->shape.n; i++) shape[i + 1] = g->shape.v[i];
  CxVal state = cx_squeeze(cx_slice_axis(states, 0, 0, 1), cx_ints(0));
  cx_rng_bit_generator(state, g->dtype, (CxInts){.v = shape, .n = g->shape.n + 1}, g->algorithm, first);
  CxVal zero = cx_scalar_i64(CX_I32, 0);
  out[0] = cx_dynamic_update_slice(states, cx_expand_dims(first[0], cx_ints(0)), (CxVal[]){zero, zero});
  out[1] = first[1];
  out_axis[0] = out_axis[1] = 0;
}

static const CxField generator_fields[] = {CX_FIELD(CxGeneratorAttrs, algorithm, ENUM, 0, algorithm_names), CX_FIELD(CxGeneratorAttrs, dtype, DTYPE, 0, NULL),
                                           CX_FIELD(CxGeneratorAttrs, out_sharding, STR, 0, NULL), CX_FIELD(CxGeneratorAttrs, shape, INTS, 0, NULL),
                                           CX_FIELDS_END};
const CxOp cx_op_RNG_BIT_GENERATOR = {.name = "rng_bit_generator", .doc = "XLA's bit generator: a state to the next state and bits", .nin = 1,
                                      .nout = 2, .fields = generator_fields, .attrs_bytes = sizeof(CxGeneratorAttrs), .type = generator_type,
                                      .exec = generator_exec, .jvp = rule_nondiff, .transpose = rule_nonlinear, .batch = generator_batch,
                                      .partial = rule_partial_default, .fold = rule_nofold};

bool cx_rng_bit_generator(CxVal state, CxDtype dtype, CxInts shape, int algorithm, CxVal *out) {
  return cx_bind(CX_OP_RNG_BIT_GENERATOR, &state, 1, &(CxGeneratorAttrs){algorithm, dtype, NULL, shape}, out, 2);
}

/* ---- rng_uniform: the one stateful op; each application takes the next counters of the process ---- */

static bool uniform_type(const CxApp *a, const CxType **out) {
  const CxInts *s = &((const CxShapeAttrs *)a->attrs)->shape;
  const CxType *lo = a->types[0], *hi = a->types[1];
  char text[256];
  FAIL_IF(lo->dtype != hi->dtype, CX_ERR_VALUE, "Arguments to rng_uniform must have identical dtypes, got %s and %s.", cx_dtype_name(lo->dtype),
          cx_dtype_name(hi->dtype));
  FAIL_IF(lo->rank || hi->rank, CX_ERR_VALUE, "Arguments to rng_uniform must be scalars; got shapes %s.", shapes_text(a, text, sizeof text));
  FAIL_IF(!kind_in(lo, "fiu"), CX_ERR_TYPE, "rng_uniform does not accept dtype %s.", cx_dtype_name(lo->dtype));
  return (out[0] = cx_type(lo->dtype, s->n, s->v, lo->weak && hi->weak)) != NULL;
}

static bool uniform_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  static _Atomic uint64_t used;
  CxDtype d = types[0]->dtype;
  bool whole = !strchr("f", cx_dtype_kind(d));
  int64_t n = types[0]->size, lo = cx_to_int(a->in[0]);
  double low = cx_to_double(a->in[0]), high = cx_to_double(a->in[1]);
  uint64_t range = (uint64_t)cx_to_int(a->in[1]) - (uint64_t)lo;
  TRY(exec_alloc(a, types, out));
  uint64_t *bits = cx_malloc((size_t)n * sizeof *bits + 1);
  if (!bits) return cx_release(out[0]), out[0] = NULL, false;
  random_threefry_bits(0x243F6A88u, 0x85A308D3u, atomic_fetch_add(&used, (uint64_t)n), n, 64, bits);
  for (int64_t i = 0; i < n; i++) {
    double *x = (double *)(void *)&bits[i], u = (double)(bits[i] >> 11) * 0x1p-53 * (high - low) + low;
    if (whole) bits[i] = (uint64_t)lo + (range ? bits[i] % range : 0);
    else *x = u;
  }
  CxView from = {bits, whole ? CX_I64 : CX_F64, types[0]->rank, types[0]->dims, NULL}, to = node_view(out[0]);
  bool ok = kernel_convert(&from, &to);
  cx_free(bits);
  return ok;
}

static const CxField shape_fields[] = {CX_FIELD(CxShapeAttrs, shape, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_RNG_UNIFORM = {.name = "rng_uniform", .doc = "uniform numbers in [x, y), others at each application", .nin = 2, .nout = 1,
                                .fields = shape_fields, .attrs_bytes = sizeof(CxShapeAttrs), .type = uniform_type, .exec = uniform_exec,
                                .jvp = rule_jvp_nojvp, .transpose = rule_nonlinear, .batch = rule_nobatch, .partial = rule_partial_default,
                                .fold = rule_nofold};

CxVal cx_rng_uniform(CxVal lo, CxVal hi, CxInts shape) { return cx_bind1(CX_OP_RNG_UNIFORM, (CxVal[]){lo, hi}, 2, &(CxShapeAttrs){shape}); }

/* ---- random_seed: the high and the low word of the seed; rbg keys hold them twice ---- */

static bool seed_type(const CxApp *a, const CxType **out) {
  FAIL_IF(!kind_in(a->types[0], "iu"), CX_ERR_TYPE, "PRNG key seed must be an integer; got %s", cx_dtype_name(a->types[0]->dtype));
  return (out[0] = cx_type_with_dtype(a->types[0], impl_dtype(a), false)) != NULL;
}

static void seed_key(uint64_t seed, int words, uint32_t *key) {
  for (int w = 0; w < words; w += 2) key[w] = (uint32_t)(seed >> 32), key[w + 1] = (uint32_t)seed;
}

static bool seed_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = a->types[0];
  int64_t one = 1;
  int words = key_words(types[0]->dtype), bytes = cx_dtype_bytes(t->dtype);
  TRY(exec_alloc(a, types, out));
  for (int64_t i = 0; i < t->size; i++) {
    int64_t seed;
    CxView from = {a->in[0]->array.data + i * bytes, t->dtype, 1, &one, NULL}, to = {&seed, CX_I64, 1, &one, NULL};
    TRY(kernel_convert(&from, &to));
    seed_key(cx_dtype_bits(t->dtype) < 64 ? (uint32_t)seed : (uint64_t)seed, words, (uint32_t *)(void *)out[0]->array.data + i * words);
  }
  return true;
}

static const CxField impl_fields[] = {CX_FIELD(CxImplAttrs, impl, ENUM, 0, impl_names), CX_FIELDS_END};
const CxOp cx_op_RANDOM_SEED = {.name = "random_seed", .doc = "keys from integers", .nin = 1, .nout = 1, .fields = impl_fields,
                                .attrs_bytes = sizeof(CxImplAttrs), .type = seed_type, .exec = seed_exec, .jvp = rule_nondiff,
                                .transpose = rule_nonlinear, .batch = same_axis_batch, .partial = rule_partial_default, .fold = rule_nofold};

static bool is_key_dtype(CxDtype d) {
  if (cx_dtype_kind(d) == 'k') return true;
  return cx_fail(CX_ERR_TYPE, "%s is not a dtype of random keys", cx_dtype_name(d));
}

CxVal cx_random_seed(CxVal seeds, CxDtype key_dtype) {
  if (!is_key_dtype(key_dtype)) return NULL;
  return cx_bind1(CX_OP_RANDOM_SEED, &seeds, 1, &(CxImplAttrs){(int32_t)(key_dtype - CX_KEY_FRY)});
}

/* ---- random_split ---- */

static bool split_type(const CxApp *a, const CxType **out) {
  TRY(keys_ok(a));
  return (out[0] = type_append(a->types[0], a->types[0]->dtype, &((const CxShapeAttrs *)a->attrs)->shape)) != NULL;
}

static bool split_pairs(const uint32_t *key, int64_t n, uint32_t *out) {
  if (!random_partitionable) return random_threefry_words(key[0], key[1], 2 * n, out);
  random_threefry_pairs(key[0], key[1], 0, n, out);
  return true;
}

static bool split_halves(const uint32_t *key, int64_t n, uint32_t *out) { /* each half of an rbg key on its own */
  uint32_t *pairs = cx_malloc((size_t)n * 2 * sizeof *pairs + 1);
  bool ok = pairs != NULL;
  for (int h = 0; h < 4 && ok; h += 2) {
    ok = split_pairs(key + h, n, pairs);
    for (int64_t i = 0; i < n && ok; i++) out[4 * i + h] = pairs[2 * i], out[4 * i + h + 1] = pairs[2 * i + 1];
  }
  cx_free(pairs);
  return ok;
}

static bool split_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = a->types[0];
  int64_t n = ints_product(&((const CxShapeAttrs *)a->attrs)->shape);
  const uint32_t *keys = (const uint32_t *)(void *)a->in[0]->array.data;
  TRY(exec_alloc(a, types, out));
  uint32_t *to = (uint32_t *)(void *)out[0]->array.data;
  bool ok = true;
  if (t->dtype == CX_KEY_FRY)
    for (int64_t i = 0; i < t->size && ok; i++) ok = split_pairs(keys + 2 * i, n, to + 2 * i * n);
  else if (t->dtype == CX_KEY_RBG)
    for (int64_t i = 0; i < t->size && ok; i++) ok = split_halves(keys + 4 * i, n, to + 4 * i * n);
  else if (t->size) { /* every tenth block of the first key's generator */
    uint64_t state[2];
    state_of(keys, state);
    for (int64_t i = 0; i < t->size * n; i++) random_philox_block(state, (uint64_t)i * 10, to + 4 * i);
  }
  if (!ok) cx_release(out[0]), out[0] = NULL;
  return ok;
}

const CxOp cx_op_RANDOM_SPLIT = {.name = "random_split", .doc = "new keys from each key", .nin = 1, .nout = 1, .fields = shape_fields,
                                 .attrs_bytes = sizeof(CxShapeAttrs), .type = split_type, .exec = split_exec, .jvp = rule_nondiff,
                                 .transpose = rule_nonlinear, .batch = same_axis_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_random_split(CxVal keys, CxInts shape) { return cx_bind1(CX_OP_RANDOM_SPLIT, &keys, 1, &(CxShapeAttrs){shape}); }

/* ---- random_fold_in ---- */

static bool fold_in_type(const CxApp *a, const CxType **out) {
  int64_t dims[CX_MAX_RANK];
  int rank;
  TRY(keys_ok(a));
  FAIL_IF(!kind_in(a->types[1], "iu"), CX_ERR_TYPE, "random_fold_in takes integer data, got %s", cx_dtype_name(a->types[1]->dtype));
  TRY(broadcast_dims(a, &rank, dims));
  return (out[0] = cx_type(a->types[0]->dtype, rank, dims, false)) != NULL;
}

/* `number` counts the data, not the results. */
static void fold_in_one(CxDtype d, const uint32_t *key, const uint32_t *data, int64_t number, uint32_t *to) {
  uint32_t zero = 0, seed[4], mask[4];
  uint64_t state[2];
  int words = key_words(d);
  if (d != CX_KEY_URBG) {
    for (int w = 0; w < words; w += 2) random_threefry(1, key + w, key + w + 1, 0, &zero, data + number, to + w, to + w + 1);
    return;
  }
  seed_key(data[0], 4, seed); /* as for bits, the first one's generator serves all */
  state_of(seed, state);
  random_philox_block(state, (uint64_t)number * 10 + 9, mask);
  for (int w = 0; w < 4; w++) to[w] = key[w] ^ mask[w];
}

static bool fold_in_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *to = types[0], *t = a->types[1];
  int64_t key_strides[CX_MAX_RANK], data_strides[CX_MAX_RANK], index[CX_MAX_RANK] = {0}, key = 0, number = 0;
  int words = key_words(to->dtype);
  TRY(exec_alloc(a, types, out));
  CxVal data = node_array(cx_type_with_dtype(t, CX_U32, false));
  if (!data) return cx_release(out[0]), out[0] = NULL, false;
  CxView from = node_view(a->in[1]), into = node_view(data);
  bool ok = kernel_convert(&from, &into);
  broadcast_strides(a->types[0], to, key_strides);
  broadcast_strides(t, to, data_strides);
  for (int64_t i = 0; i < to->size && ok; i++) {
    fold_in_one(to->dtype, (const uint32_t *)(void *)a->in[0]->array.data + key * words, (const uint32_t *)(void *)data->array.data, number,
                (uint32_t *)(void *)out[0]->array.data + i * words);
    for (int k = to->rank - 1; k >= 0; k--) {
      key += key_strides[k], number += data_strides[k];
      if (++index[k] < to->dims[k]) break;
      key -= key_strides[k] * to->dims[k], number -= data_strides[k] * to->dims[k];
      index[k] = 0;
    }
  }
  cx_release(data);
  return ok;
}

const CxOp cx_op_RANDOM_FOLD_IN = {.name = "random_fold_in", .doc = "a new key from a key and an integer", .nin = 2, .nout = 1,
                                   .type = fold_in_type, .exec = fold_in_exec, .jvp = rule_nondiff, .transpose = rule_nonlinear,
                                   .batch = broadcast_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_random_fold_in(CxVal keys, CxVal data) { return cx_bind1(CX_OP_RANDOM_FOLD_IN, (CxVal[]){keys, data}, 2, NULL); }

/* ---- random_bits ---- */

static bool bits_type(const CxApp *a, const CxType **out) {
  const CxBitsAttrs *b = a->attrs;
  CxDtype d = b->bit_width == 8 ? CX_U8 : b->bit_width == 16 ? CX_U16 : b->bit_width == 32 ? CX_U32 : b->bit_width == 64 ? CX_U64 : CX_NO_DTYPE;
  TRY(keys_ok(a));
  FAIL_IF(d == CX_NO_DTYPE, CX_ERR_TYPE, "requires 8-, 16-, 32- or 64-bit field width.");
  return (out[0] = type_append(a->types[0], d, &b->shape)) != NULL;
}

static bool bits_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxBitsAttrs *b = a->attrs;
  const CxType *t = a->types[0];
  const uint32_t *keys = (const uint32_t *)(void *)a->in[0]->array.data;
  int64_t n = ints_product(&b->shape);
  int width = (int)b->bit_width;
  TRY(exec_alloc(a, types, out));
  if (t->dtype != CX_KEY_FRY) {
    uint64_t state[2];
    if (t->size) state_of(keys, state), random_philox_bits(state, types[0]->size, width, out[0]->array.data);
    return true;
  }
  bool ok = true;
  for (int64_t i = 0; i < t->size && ok; i++, keys += 2) {
    char *to = out[0]->array.data + i * n * (width / 8);
    if (random_partitionable) random_threefry_bits(keys[0], keys[1], 0, n, width, to);
    else ok = random_threefry_bits_unparted(keys[0], keys[1], n, width, to);
  }
  if (!ok) cx_release(out[0]), out[0] = NULL;
  return ok;
}

static const CxField bits_fields[] = {CX_FIELD(CxBitsAttrs, bit_width, INT, 0, NULL), CX_FIELD(CxBitsAttrs, shape, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_RANDOM_BITS = {.name = "random_bits", .doc = "random unsigned integers from each key", .nin = 1, .nout = 1, .fields = bits_fields,
                                .attrs_bytes = sizeof(CxBitsAttrs), .type = bits_type, .exec = bits_exec, .jvp = rule_nondiff,
                                .transpose = rule_nonlinear, .batch = same_axis_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_random_bits(CxVal keys, int bit_width, CxInts shape) { return cx_bind1(CX_OP_RANDOM_BITS, &keys, 1, &(CxBitsAttrs){bit_width, shape}); }

/* ---- random_wrap, random_unwrap: words to keys and back, in the same memory ---- */

static bool same_memory(const CxApp *a, const CxType *const *types, CxVal *out) {
  return (out[0] = node_array_sharing(types[0], a->in[0], 0)) != NULL;
}

static bool wrap_type(const CxApp *a, const CxType **out) {
  const CxType *t = a->types[0];
  CxDtype d = impl_dtype(a);
  char text[512];
  FAIL_IF(t->rank < 1, CX_ERR_TYPE, "JAX encountered invalid PRNG key data: expected key_data.ndim >= 1; got ndim=0");
  FAIL_IF(t->dims[t->rank - 1] != key_words(d), CX_ERR_TYPE,
          "JAX encountered invalid PRNG key data: expected key_data.shape to end with (%d,); got shape=%s for impl=%s", key_words(d),
          dims_text(t->dims, t->rank, text, sizeof text), impl_names[((const CxImplAttrs *)a->attrs)->impl]);
  FAIL_IF(t->dtype != CX_U32, CX_ERR_TYPE, "JAX encountered invalid PRNG key data: expected key_data.dtype = uint32; got dtype=%s",
          cx_dtype_name(t->dtype));
  return (out[0] = cx_type(d, t->rank - 1, t->dims, false)) != NULL;
}

static void wrap_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  CxVal x = cx_move_axis(a->in[0], axis[0], 0);
  *out = cx_bind1(CX_OP_RANDOM_WRAP, &x, 1, a->attrs);
  *out_axis = 0;
}

static bool unwrap_type(const CxApp *a, const CxType **out) {
  TRY(keys_ok(a));
  int64_t words = key_words(a->types[0]->dtype);
  return (out[0] = type_append(a->types[0], CX_U32, &(CxInts){.v = &words, .n = 1})) != NULL;
}

const CxOp cx_op_RANDOM_WRAP = {.name = "random_wrap", .doc = "keys from their words", .nin = 1, .nout = 1, .fields = impl_fields,
                                .attrs_bytes = sizeof(CxImplAttrs), .type = wrap_type, .exec = same_memory, .jvp = rule_nondiff,
                                .transpose = rule_nonlinear, .batch = wrap_batch, .partial = rule_partial_default, .fold = rule_nofold};
const CxOp cx_op_RANDOM_UNWRAP = {.name = "random_unwrap", .doc = "the words of keys", .nin = 1, .nout = 1, .type = unwrap_type,
                                  .exec = same_memory, .jvp = rule_nondiff, .transpose = rule_nonlinear, .batch = same_axis_batch,
                                  .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_random_wrap(CxVal words, CxDtype key_dtype) {
  if (!is_key_dtype(key_dtype)) return NULL;
  return cx_bind1(CX_OP_RANDOM_WRAP, &words, 1, &(CxImplAttrs){(int32_t)(key_dtype - CX_KEY_FRY)});
}
CxVal cx_random_unwrap(CxVal keys) { return cx_bind1(CX_OP_RANDOM_UNWRAP, &keys, 1, NULL); }

/* ---- random_gamma: Marsaglia and Tsang's rejection method, all elements at once, those rejected again and again ---- */

static bool gamma_type(const CxApp *a, const CxType **out) {
  const CxType *k = a->types[0], *t = a->types[1];
  TRY(keys_ok(a));
  FAIL_IF(!kind_in(t, "f"), CX_ERR_TYPE, "random_gamma does not accept dtype %s.", cx_dtype_name(t->dtype));
  for (int i = 0; i < k->rank; i++)
    FAIL_IF(k->rank > t->rank || k->dims[i] != t->dims[i], CX_ERR_TYPE, "random_gamma: the keys' shape must be a prefix of the parameter's shape");
  return out[0] = t, true;
}

static CxVal key_column(CxVal keys, int i) { return cx_squeeze(cx_slice_axis(keys, 1, i, i + 1), cx_ints(1)); }

/* Uniform in [0, 1): random mantissa bits under the exponent of 1. */
static CxVal uniform_unit(CxVal keys, CxDtype d) {
  int bits = cx_dtype_bits(d), mantissa = d == CX_F64 ? 52 : d == CX_F32 ? 23 : d == CX_F16 ? 10 : 7, drawn = mantissa < 8 ? 8 : bits;
  CxDtype word = bits == 64 ? CX_U64 : bits == 32 ? CX_U32 : CX_U16;
  CxVal u = cx_convert(cx_random_bits(keys, drawn, CX_NO_INTS), word);
  u = cx_or(cx_shift_right_logical(u, cx_scalar_i64(word, drawn - mantissa)), cx_bitcast(cx_scalar(d, 1), word));
  return cx_sub(cx_bitcast(u, d), cx_scalar(d, 1));
}

static CxVal normals(CxVal keys, CxDtype d) {
  CxVal lo = cx_nextafter(cx_scalar(d, -1), cx_scalar(d, 0)), one = cx_scalar(d, 1);
  CxVal u = cx_max(lo, cx_add(cx_mul(uniform_unit(keys, d), cx_sub(one, lo)), lo));
  return cx_mul(cx_scalar(d, 1.4142135623730951), cx_erf_inv(u));
}

/* Numbers of the true elements, as index vectors [m, 1]. */
static CxVal which(CxVal mask) {
  int64_t n = mask->type->size, m = 0;
  const bool *b = (const bool *)(void *)mask->array.data;
  for (int64_t i = 0; i < n; i++) m += b[i];
  CxVal v = cx_array(CX_I64, 2, (int64_t[]){m, 1}, NULL);
  if (!v) return NULL;
  int64_t *to = (int64_t *)(void *)v->array.data;
  for (int64_t i = 0; i < n; i++)
    if (b[i]) *to++ = i;
  return v;
}

static CxVal take(CxVal x, CxVal where) {
  CxGatherDims d = {.collapsed_slice_dims = cx_ints(0), .start_index_map = cx_ints(0), .indices_are_sorted = true, .unique_indices = true};
  return cx_gather(x, where, d, (int64_t[]){1}, CX_INDEX_CLIP, CX_NO_NUMBER);
}

static CxVal put(CxVal x, CxVal where, CxVal values) {
  CxScatterDims d = {.inserted_window_dims = cx_ints(0), .scatter_dims_to_operand_dims = cx_ints(0), .indices_are_sorted = true, .unique_indices = true};
  return cx_scatter(x, where, values, d, CX_INDEX_CLIP);
}

/* x normal and v = 1 + c x > 0 */
static void positive_normals(CxVal keys, CxVal c, CxDtype d, CxVal *x, CxVal *v) {
  CxVal both = cx_random_split(keys, cx_ints(2));
  *x = normals(key_column(both, 1), d);
  *v = cx_add(cx_scalar(d, 1), cx_mul(*x, c));
  CxVal bad = cx_le(*v, cx_scalar(d, 0)), again = bad ? which(bad) : NULL, x2, v2;
  if (!again || !again->type->size) return;
  positive_normals(take(key_column(both, 0), again), take(c, again), d, &x2, &v2);
  *x = put(*x, again, x2);
  *v = put(*v, again, v2);
}

/* v^3 for each element; gamma(alpha) = d v^3 with d = alpha - 1/3, c = 1 / (3 sqrt d) */
static CxVal gamma_cubes(CxVal keys, CxVal d, CxVal c) {
  CxDtype t = d->type->dtype;
  CxVal all = cx_zeros(d->type), where = NULL, one = cx_scalar(t, 1);
  while (!cx_failed()) {
    CxVal three = cx_random_split(keys, cx_ints(3)), x, v;
    positive_normals(key_column(three, 1), c, t, &x, &v);
    CxVal square = cx_mul(x, x), cube = cx_mul(cx_mul(v, v), v), u = uniform_unit(key_column(three, 2), t);
    all = where ? put(all, where, cube) : cube;
    CxVal quick = cx_ge(u, cx_sub(one, cx_mul(cx_scalar(t, 0.0331), cx_mul(square, square))));
    CxVal bound = cx_add(cx_mul(square, cx_scalar(t, 0.5)), cx_mul(d, cx_add(cx_sub(one, cube), cx_log(cube))));
    CxVal rejected = cx_and(quick, cx_ge(cx_log(u), bound)), again = rejected ? which(rejected) : NULL;
    if (!again || !again->type->size) break;
    keys = take(key_column(three, 0), again);
    d = take(d, again), c = take(c, again);
    where = where ? cx_expand_dims(take(cx_squeeze(where, cx_ints(1)), again), cx_ints(1)) : again;
  }
  return all;
}

static CxVal gamma_samples(CxVal keys, CxVal alpha, bool log_space) {
  CxDtype t = alpha->type->dtype;
  CxVal one = cx_scalar(t, 1), big = cx_ge(alpha, one), third = cx_scalar(t, 1.0 / 3);
  CxVal d = cx_sub(cx_select(big, alpha, cx_add(alpha, one)), third), c = cx_div(third, cx_sqrt(d));
  CxVal two = cx_random_split(keys, cx_ints(2)), cube = gamma_cubes(key_column(two, 0), d, c);
  CxVal u = uniform_unit(key_column(two, 1), t), power = cx_div(one, alpha);
  if (!log_space) return cx_mul(cx_mul(d, cube), cx_select(big, cx_broadcast_like(one, alpha->type), cx_pow(cx_sub(one, u), power)));
  CxVal logs = cx_log1p(cx_neg(u)), none = cx_scalar(t, 0);
  CxVal boost = cx_select(cx_or(big, cx_eq(logs, none)), cx_broadcast_like(none, alpha->type), cx_mul(logs, power));
  return cx_add(cx_add(cx_log(d), cx_log(cube)), boost);
}

/* One by one: under an algorithm whose bits depend on the other keys of a batch, JAX takes each sample on its own. */
static CxVal gamma_each(CxVal keys, CxVal alpha, bool log_space) {
  CxVal all = cx_array(alpha->type->dtype, 1, alpha->type->dims, NULL);
  int64_t n = alpha->type->size, bytes = cx_dtype_bytes(alpha->type->dtype);
  for (int64_t i = 0; i < n && all; i++) {
    CxScope scope;
    cx_scope_open(&scope);
    CxVal z = gamma_samples(cx_slice_axis(keys, 0, i, i + 1), cx_slice_axis(alpha, 0, i, i + 1), log_space);
    if (z) memcpy(all->array.data + i * bytes, z->array.data, (size_t)bytes);
    else all = NULL;
    cx_scope_close(&scope);
  }
  return all;
}

/* Built from other ops, run at once. */
static bool gamma_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *k = a->types[0], *t = types[0];
  int64_t each = 1, n = t->size;
  CxScope scope;
  cx_scope_open(&scope);
  CxTrace *was = trace_enter(NULL);
  for (int i = k->rank; i < t->rank; i++) each *= t->dims[i];
  CxVal keys = cx_reshape(cx_random_split(a->in[0], (CxInts){.v = &each, .n = 1}), 1, &n);
  CxVal alpha = cx_reshape(cx_convert(a->in[1], t->dtype), 1, &n);
  CxVal z = NULL;
  if (keys && alpha) z = (k->dtype == CX_KEY_FRY ? gamma_samples : gamma_each)(keys, alpha, ((const CxGammaAttrs *)a->attrs)->log_space);
  out[0] = z && !cx_failed() ? node_array_sharing(t, z, 0) : NULL;
  trace_leave(was);
  cx_scope_close(&scope);
  return out[0] != NULL;
}

static double tiniest(CxDtype d) { return d == CX_F64 ? 0x1p-1022 : d == CX_F16 ? 0x1p-14 : 0x1p-126; }

static void gamma_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(CX_OP_RANDOM_GAMMA, a->in, 2, a->attrs, out, 1);
  if (!t[1] || !out[0]) return;
  if (!((const CxGammaAttrs *)a->attrs)->log_space) {
    tout[0] = cx_mul(t[1], cx_random_gamma_grad(a->in[1], out[0]));
    return;
  }
  CxVal x = cx_exp(out[0]);
  x = cx_select(cx_eq(x, cx_like(x, 0)), cx_broadcast_like(cx_like(x, tiniest(a->types[1]->dtype)), a->types[1]), x);
  tout[0] = cx_mul(t[1], cx_div(cx_random_gamma_grad(a->in[1], x), x));
}

static void gamma_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  *out = cx_random_gamma(batch_to_front(a->in[0], axis[0], size), batch_to_front(a->in[1], axis[1], size), ((const CxGammaAttrs *)a->attrs)->log_space);
  *out_axis = 0;
}

static const CxField gamma_fields[] = {CX_FIELD(CxGammaAttrs, log_space, BOOL, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_RANDOM_GAMMA = {.name = "random_gamma", .doc = "samples of the gamma distribution with shape y; of their logarithm in log_space",
                                 .nin = 2, .nout = 1, .fields = gamma_fields, .attrs_bytes = sizeof(CxGammaAttrs), .type = gamma_type,
                                 .exec = gamma_exec, .jvp = gamma_jvp, .transpose = rule_nonlinear, .batch = gamma_batch,
                                 .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_random_gamma(CxVal keys, CxVal a, bool log_space) {
  return cx_bind1(CX_OP_RANDOM_GAMMA, (CxVal[]){keys, a}, 2, &(CxGammaAttrs){log_space});
}
