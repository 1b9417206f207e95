/* Random order and choice: permutation, choice. */
#include "random/sample.h"

#include "base/error.h"
#include "np/axes.h"
#include <math.h>

/* Sorted by random words; so often that equal words do not matter. */
CxVal random_shuffled(CxVal key, CxVal x, int axis) {
  if (!x) return NULL;
  int rounds = (int)ceil(3 * log(x->type->size > 1 ? (double)x->type->size : 1) / log(4294967295.0));
  CxInts dims = {.v = x->type->dims, .n = x->type->rank};
  CxVal k[2] = {key}, pair[2];
  for (int i = 0; i < rounds && x; i++) {
    if (!random_split_to(k[0], 2, k) || !cx_sort(2, (CxVal[]){cx_random_bits(k[1], 32, dims), x}, axis, true, 1, pair)) return NULL;
    x = pair[1];
  }
  return x;
}

static CxVal numbers(int64_t n) { return cx_iota(np_canonical(CX_I64), 1, (int64_t[]){n > 0 ? n : 0}, 0); }

/* x: the array, or NULL for the numbers 0..n-1. */
static CxVal permuted(CxVal key, CxVal x, int64_t n, int axis, bool independent) {
  if (!x || x->type->rank == 0) return random_shuffled(key, numbers(n), 0);
  if (independent || x->type->rank == 1) return random_shuffled(key, x, axis);
  return random_take(x, random_shuffled(key, numbers(x->type->dims[axis]), 0), axis);
}

CxVal cx_rand_permutation(CxVal key, CxVal x, CxRandPermutation o) {
  CxVal k = random_key("permutation", key);
  int axis = !k || !x ? -1 : np_axis(o.axis, x->type->rank ? x->type->rank : 1);
  if (axis < 0) return NULL;
  if (x->type->rank) return permuted(k, cx_convert(x, x->type->dtype), 0, axis, o.independent);
  if (!kind_in(x->type, "iu")) return cx_fail(CX_ERR_TYPE, "x must be an integer or at least 1-dimensional"), NULL;
  int64_t n = cx_to_int(x);
  return cx_failed() ? NULL : permuted(k, NULL, n, axis, o.independent);
}

/* ---- choice ---- */

static CxVal column(CxVal x, int64_t at) { return cx_squeeze(cx_slice_axis(x, 0, at, at + 1), cx_ints(0)); }

/* How many of the ascending numbers are less than each query: bisection. */
static CxVal ranks(CxVal ascending, CxVal query) {
  int64_t n = ascending ? ascending->type->dims[0] : 0;
  if (!query) return NULL;
  const CxType *t = cx_type_with_dtype(query->type, CX_I32, false);
  CxVal low = cx_zeros(t), high = cx_full(t, (double)n), two = cx_scalar(CX_I32, 2);
  for (int64_t width = n + 1; width > 1 && high; width = (width + 1) / 2) {
    CxVal middle = cx_div(cx_add(low, high), two);
    CxVal left = cx_le(query, random_take(ascending, cx_min(middle, cx_scalar(CX_I32, (double)(n - 1))), 0));
    low = random_pick(left, low, middle);
    high = random_pick(left, middle, high);
  }
  return cx_convert(high, np_canonical(CX_I64));
}

static CxVal weighted(CxVal key, CxInts shape, int64_t draws, CxVal p, const CxRandChoice *o) {
  CxDtype d = p->type->dtype;
  CxVal best, where = NULL;
  if (o->replace) {
    CxVal sums = cx_cumsum(p, 0, false), u = random_units(key, shape, d);
    return ranks(sums, cx_mul(column(sums, p->type->dims[0] - 1), cx_sub(cx_scalar(d, 1), u)));
  }
  CxInts all = {.v = p->type->dims, .n = 1};
  if (!cx_top_k(cx_add(random_gumbels(key, all, d, o->mode), cx_log(p)), draws, 0, &best, &where)) return NULL;
  return cx_convert(where, np_canonical(CX_I64));
}

static CxVal weights(CxVal p, int64_t n) {
  char text[512];
  if (!p) return NULL;
  p = cx_convert(p, np_to_inexact(p->type->dtype));
  if (!p || (p->type->rank == 1 && p->type->dims[0] == n)) return p;
  return cx_fail(CX_ERR_VALUE, "p must be None or a 1D vector with the same size as a.shape[axis]. p has shape %s and a.shape[axis] is %lld.",
                 dims_text(p->type->dims, p->type->rank, text, sizeof text), (long long)n), NULL;
}

static CxVal choice_shaped(CxVal chosen, CxVal a, int axis, CxInts shape) { /* the axis becomes the wanted shape */
  int64_t dims[2 * CX_MAX_RANK];
  int n = 0;
  if (!a->type->rank) return cx_reshape(chosen, shape.n, shape.v);
  for (int i = 0; i < a->type->rank; i++) {
    if (i != axis) dims[n++] = a->type->dims[i];
    else for (int k = 0; k < shape.n; k++) dims[n++] = shape.v[k];
  }
  return cx_reshape(chosen, n, dims);
}

static CxVal chosen(CxVal key, CxVal a, int64_t n, int axis, int64_t draws, const CxRandChoice *o) {
  CxVal where;
  if (o->p) {
    CxVal p = weights(o->p, n);
    where = p ? weighted(key, o->shape, draws, p, o) : NULL;
  } else if (o->replace) {
    CxDtype d = np_canonical(CX_I64);
    where = random_integers(key, o->shape, d, cx_scalar_i64(d, 0), cx_scalar_i64(d, n));
  } else {
    return cx_slice_axis(permuted(key, a->type->rank ? a : NULL, n, axis, false), axis, 0, draws);
  }
  return a->type->rank ? random_take(a, where, axis) : where;
}

CxVal cx_rand_choice(CxVal key, CxVal a, CxRandChoice o) {
  CxVal k = random_key("choice", key);
  if (!k || !a) return NULL;
  int axis = a->type->rank ? np_axis(o.axis, a->type->rank) : 0;
  int64_t n = axis < 0 ? 0 : a->type->rank ? a->type->dims[axis] : cx_to_int(a), draws = 1;
  if (cx_failed()) return NULL;
  const CxType *t = cx_type(a->type->dtype, o.shape.n, o.shape.v, false);
  if (!t) return NULL;
  if (!(draws = t->size)) return cx_zeros(t);
  if (n <= 0) return cx_fail(CX_ERR_VALUE, "a must be greater than 0 unless no samples are taken"), NULL;
  if (!o.replace && draws > n)
    return cx_fail(CX_ERR_VALUE, "Cannot take a larger sample (size %lld) than population (size %lld) when 'replace=False'", (long long)draws,
                   (long long)n), NULL;
  return choice_shaped(chosen(k, cx_convert(a, a->type->dtype), n, axis, draws, &o), a, axis, o.shape);
}
