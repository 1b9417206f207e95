/* Shared parts of the samplers. See sample.h. */
#include "random/sample.h"

#include "base/error.h"
#include <float.h>

CxDtype random_default_impl = CX_KEY_FRY;

/* ---- keys ---- */

CxVal random_keys(const char *name, CxVal key, bool *raw) {
  if (!key) return NULL;
  bool words = cx_dtype_kind(key->type->dtype) != 'k';
  if (raw) *raw = words;
  (void)name;
  return words ? cx_random_wrap(key, random_default_impl) : key;
}

CxVal random_key(const char *name, CxVal key) {
  CxVal k = random_keys(name, key, NULL);
  char text[512];
  if (!k || !k->type->rank) return k;
  return cx_fail(CX_ERR_VALUE, "%s accepts a single key, but was given a key array of shape %s != (). Use jax.vmap for batching.", name,
                 dims_text(key->type->dims, key->type->rank, text, sizeof text)), NULL;
}

bool random_split_to(CxVal key, int n, CxVal *out) {
  int64_t count = n;
  CxVal keys = cx_random_split(key, (CxInts){.v = &count, .n = 1});
  for (int i = 0; i < n; i++) out[i] = cx_squeeze(cx_slice_axis(keys, 0, i, i + 1), cx_ints(0));
  return keys != NULL;
}

/* ---- dtypes ---- */

bool random_float(const char *name, CxDtype *d) {
  if (!*d) *d = np_canonical(CX_F64);
  FAIL_IF(cx_dtype_kind(*d) != 'f', CX_ERR_VALUE, "dtype argument to `%s` must be a float dtype, got %s", name, cx_dtype_name(*d));
  return true;
}

bool random_castable(const char *name, CxDtype d, uint32_t n, const CxVal *params) {
  for (uint32_t i = 0; i < n; i++) {
    if (!params[i]) return false;
    CxDtype found, two[2] = {params[i]->type->dtype, d};
    bool weak[2] = {params[i]->type->weak, false}, w;
    TRY(np_result_type(2, two, weak, &found, &w));
    FAIL_IF(found != d, CX_ERR_VALUE, "In arguments to %s, cannot safely cast argument of type %s to %s", name, cx_dtype_name(two[0]), cx_dtype_name(d));
  }
  return true;
}

RandomFloat random_float_info(CxDtype d) {
  int bits = cx_dtype_bits(d);
  switch (d) {
  case CX_F64: return (RandomFloat){bits, 52, DBL_EPSILON, DBL_EPSILON / 2, DBL_MIN, DBL_MAX};
  case CX_F32: return (RandomFloat){bits, 23, FLT_EPSILON, FLT_EPSILON / 2, FLT_MIN, FLT_MAX};
  case CX_F16: return (RandomFloat){bits, 10, 0x1p-10, 0x1p-11, 0x1p-14, 65504};
  case CX_BF16: return (RandomFloat){bits, 7, 0x1p-7, 0x1p-8, 0x1p-126, 0x1.fep127};
  case CX_F8E3M4: return (RandomFloat){bits, 4, 0x1p-4, 0x1p-5, 0x1p-2, 15.5};
  case CX_F8E5M2: return (RandomFloat){bits, 2, 0x1p-2, 0x1p-3, 0x1p-14, 57344};
  case CX_F8E5M2FNUZ: return (RandomFloat){bits, 2, 0x1p-2, 0x1p-3, 0x1p-15, 57344};
  case CX_F8E4M3: return (RandomFloat){bits, 3, 0x1p-3, 0x1p-4, 0x1p-6, 240};
  case CX_F8E4M3FN: return (RandomFloat){bits, 3, 0x1p-3, 0x1p-4, 0x1p-6, 448};
  case CX_F8E4M3FNUZ: return (RandomFloat){bits, 3, 0x1p-3, 0x1p-4, 0x1p-7, 240};
  case CX_F8E4M3B11FNUZ: return (RandomFloat){bits, 3, 0x1p-3, 0x1p-4, 0x1p-10, 30};
  default: return (RandomFloat){.bits = bits};
  }
}

/* ---- shapes ---- */

static bool broadcast_into(const char *name, int *rank, int64_t *dims, const CxType *t) {
  if (t->rank > *rank) {
    int more = t->rank - *rank;
    memmove(dims + more, dims, (size_t)*rank * sizeof *dims);
    for (int i = 0; i < more; i++) dims[i] = 1;
    *rank = t->rank;
  }
  for (int i = 0; i < t->rank; i++) {
    int64_t *d = &dims[*rank - t->rank + i];
    if (*d == 1) *d = t->dims[i];
    else FAIL_IF(t->dims[i] != 1 && t->dims[i] != *d, CX_ERR_VALUE, "Incompatible shapes for broadcasting in %s: extents %lld and %lld", name,
                 (long long)*d, (long long)t->dims[i]);
  }
  return true;
}

bool random_shape(const char *name, CxInts given, uint32_t n, const CxVal *params, int64_t *store, CxInts *shape) {
  int rank = given.none ? 0 : given.n;
  FAIL_IF(rank > CX_MAX_RANK, CX_ERR_VALUE, "arrays have at most %d axes, got a shape of %d", CX_MAX_RANK, rank);
  if (rank) memcpy(store, given.v, (size_t)rank * sizeof *store);
  for (int i = 0; i < rank; i++)
    FAIL_IF(store[i] < 0, CX_ERR_VALUE, "%s: the extents of a shape must not be negative, got %lld", name, (long long)store[i]);
  for (uint32_t i = 0; i < n; i++) TRY(params[i] && broadcast_into(name, &rank, store, params[i]->type));
  *shape = (CxInts){.v = store, .n = rank};
  if (given.none || (rank == given.n && (!rank || !memcmp(store, given.v, (size_t)rank * sizeof *store)))) return true;
  char want[512], got[512];
  return cx_fail(CX_ERR_VALUE,
                 "%s parameter shapes must be broadcast-compatible with shape argument, and the result of broadcasting the shapes must equal "
                 "the shape argument, but got result %s for shape argument %s.", name, dims_text(store, rank, got, sizeof got),
                 dims_text(given.v, given.n, want, sizeof want));
}

CxVal random_spread(CxVal x, CxDtype d, CxInts shape) { return cx_broadcast_to(cx_convert(x, d), shape.n, shape.v); }

CxVal random_ranked(CxVal x, int rank) {
  if (!x || !x->type->rank || x->type->rank == rank) return x;
  if (x->type->rank > rank) return cx_fail(CX_ERR_VALUE, "cannot broadcast an array of %d axes to a shape of %d", x->type->rank, rank), NULL;
  int64_t dims[CX_MAX_RANK];
  int more = rank - x->type->rank;
  for (int i = 0; i < rank; i++) dims[i] = i < more ? 1 : x->type->dims[i - more];
  return cx_reshape(x, rank, dims);
}

CxVal random_pick(CxVal which, CxVal on_true, CxVal on_false) {
  CxVal v[3] = {which, on_true, on_false};
  for (int i = 0; i < 3; i++) {
    if (!v[0] || !v[1] || !v[2]) return NULL;
    for (int k = 0; k < 3; k++)
      if (!v[i]->type->rank && v[k]->type->rank) v[i] = cx_broadcast_like(v[i], v[k]->type), k = 3;
  }
  return cx_select(v[0], v[1], v[2]);
}

CxVal random_take(CxVal x, CxVal indices, int axis) {
  if (!x || !indices) return NULL;
  int rank = x->type->rank, more = indices->type->rank, n = 0;
  int64_t sizes[CX_MAX_RANK], offsets[CX_MAX_RANK], at = axis, last = more;
  for (int i = 0; i < rank; i++) {
    sizes[i] = i == axis ? 1 : x->type->dims[i];
    if (i != axis) offsets[n++] = i < axis ? i : i - 1 + more;
  }
  CxInts one = {.v = &at, .n = 1};
  CxGatherDims dims = {.offset_dims = {.v = offsets, .n = n}, .collapsed_slice_dims = one, .start_index_map = one};
  return cx_gather(x, cx_expand_dims(indices, (CxInts){.v = &last, .n = 1}), dims, sizes, CX_INDEX_FILL_OR_DROP, CX_NO_NUMBER);
}
