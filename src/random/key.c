/* Random keys: making, splitting and looking into them. Raw uint32 words are accepted wherever keys are, and then come back as such. */
#include "random/sample.h"

#include "base/error.h"

static const struct {
  const char *name;
  CxDtype dtype;
} impls[] = {{"threefry2x32", CX_KEY_FRY}, {"rbg", CX_KEY_RBG}, {"unsafe_rbg", CX_KEY_URBG}};
enum { IMPLS = sizeof impls / sizeof *impls };

/* By the name of the algorithm or of the key dtype. */
static CxDtype impl_of(const char *name) {
  if (!name) return random_default_impl;
  for (int i = 0; i < IMPLS; i++)
    if (!strcmp(name, impls[i].name) || !strcmp(name, cx_dtype_name(impls[i].dtype))) return impls[i].dtype;
  return cx_fail(CX_ERR_VALUE, "unrecognized PRNG implementation \"%s\". Did you mean one of: \"threefry2x32\", \"rbg\", \"unsafe_rbg\"?", name), CX_NO_DTYPE;
}

bool random_set_default(const char *impl) {
  CxDtype d = impl_of(impl);
  if (d) random_default_impl = d;
  return d != CX_NO_DTYPE;
}

static CxDtype impl_or_dtype(const char *function, const char *impl, const char *dtype) {
  if (impl && dtype) return cx_fail(CX_ERR_VALUE, "Cannot specify both `impl` and `dtype` arguments to jax.random.%s", function), CX_NO_DTYPE;
  return impl_of(impl ? impl : dtype);
}

static CxVal key_of_seed(const char *function, CxVal seed, CxDtype impl) {
  char text[512];
  if (!seed || !impl) return NULL;
  if (cx_dtype_kind(seed->type->dtype) == 'k') return cx_fail(CX_ERR_TYPE, "%s accepts a scalar seed, but was given a PRNG key.", function), NULL;
  if (!seed->type->rank) return cx_random_seed(seed, impl);
  return cx_fail(CX_ERR_TYPE, "%s accepts a scalar seed, but was given an array of shape %s != (). Use jax.vmap for batching", function,
                 dims_text(seed->type->dims, seed->type->rank, text, sizeof text)), NULL;
}

static CxVal as_given(CxVal keys, bool raw) { return raw ? cx_random_unwrap(keys) : keys; }

CxVal cx_rand_key(CxVal seed, CxRandKey o) { return key_of_seed("key", seed, impl_or_dtype("key", o.impl, o.dtype)); }

CxVal cx_rand_PRNGKey(CxVal seed, CxRandPrngkey o) { return as_given(key_of_seed("PRNGKey", seed, impl_of(o.impl)), true); }

CxVal cx_rand_key_data(CxVal keys) { return as_given(random_keys("key_data", keys, NULL), true); }

CxVal cx_rand_wrap_key_data(CxVal key_bits_array, CxRandWrapKeyData o) {
  CxDtype impl = impl_or_dtype("wrap_key_data", o.impl, o.dtype);
  return impl ? cx_random_wrap(key_bits_array, impl) : NULL;
}

const char *cx_rand_key_impl(CxVal keys) {
  CxVal k = random_keys("key_impl", keys, NULL);
  return k ? impls[k->type->dtype - CX_KEY_FRY].name : NULL;
}

CxDtype cx_rand_key_dtype(CxRandKeyDtype o) { return impl_of(o.impl_spec); }

CxVal cx_rand_clone(CxVal key) { return key; }

CxVal cx_rand_split(CxVal key, CxRandSplit o) {
  bool raw = false;
  CxVal k = random_keys("split", key, &raw);
  if (!k || !(k = random_key("split", k))) return NULL;
  return as_given(cx_random_split(k, o.num), raw);
}

CxVal cx_rand_fold_in(CxVal key, CxVal data) {
  bool raw = false;
  char text[512];
  CxVal k = random_keys("fold_in", key, &raw);
  if (!k || !data || !(k = random_key("fold_in", k))) return NULL;
  if (data->type->rank)
    return cx_fail(CX_ERR_TYPE, "fold_in accepts a scalar, but was given an array of shape %s != (). Use jax.vmap for batching.",
                   dims_text(data->type->dims, data->type->rank, text, sizeof text)), NULL;
  return as_given(cx_random_fold_in(k, cx_convert(data, CX_U32)), raw);
}
