/* Random bits and collectives, jax.lax: one leaf at a time. */
#include "np/axes.h"
#include <cuirax/library.h>

CxVal cx_lax_rng_uniform(CxVal a, CxVal b, CxInts shape) { return cx_rng_uniform(a, b, shape); }

bool cx_lax_rng_bits(CxVal key, CxInts shape, CxDtype dtype, int64_t algorithm, CxVals *out) {
  CxVal v[2];
  return cx_rng_bit_generator(key, dtype, shape, (int)algorithm, v) && cx_vals_push(out, v[0]) && cx_vals_push(out, v[1]);
}

CxVal cx_lax_psum_leaf(CxVal x, CxNames axes) { return cx_psum(x, axes.n, axes.v); }
CxVal cx_lax_pmax_leaf(CxVal x, CxNames axes) { return cx_pmax(x, axes.n, axes.v); }
CxVal cx_lax_pmin_leaf(CxVal x, CxNames axes) { return cx_pmin(x, axes.n, axes.v); }

int64_t cx_lax_named_size(CxNames axes) {
  int64_t size = 1;
  for (int i = 0; i < axes.n; i++) {
    int64_t n = cx_axis_size(axes.v[i]);
    if (n < 0) return -1;
    size *= n;
  }
  return size;
}

CxVal cx_lax_axis_index(CxNames axes) {
  CxVal at = NULL;
  for (int i = 0; i < axes.n; i++) {
    CxVal here = cx_axis_index(axes.v[i]);
    if (!here) return NULL;
    at = at ? cx_add(cx_mul(at, cx_scalar_i64(CX_I32, cx_axis_size(axes.v[i]))), here) : here;
  }
  return at ? at : cx_scalar_i64(CX_I32, 0);
}

CxVal cx_lax_all_gather_leaf(CxVal x, const char *axis_name, int64_t axis, bool tiled) {
  int a = x ? np_axis(axis, x->type->rank + !tiled) : -1;
  return a < 0 ? NULL : cx_all_gather(x, axis_name, a, tiled);
}

CxVal cx_lax_ppermute_leaf(CxVal x, const char *axis_name, CxPads perm) { return cx_ppermute(x, axis_name, perm.v); }
CxVal cx_lax_pbroadcast_leaf(CxVal x, const char *axis_name, int64_t source) { return cx_pbroadcast(x, axis_name, source); }

CxVal cx_lax_all_to_all_leaf(CxVal x, const char *axis_name, int64_t split_axis, int64_t concat_axis, bool tiled) {
  int s = x ? np_axis(split_axis, x->type->rank) : -1, c = s < 0 ? -1 : np_axis(concat_axis, x->type->rank);
  return c < 0 ? NULL : cx_all_to_all(x, axis_name, s, c, tiled);
}
