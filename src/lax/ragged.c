/* Products over groups of rows: operands are spread along a new axis of groups, zero outside of each group, then multiplied. Windows as
 * patches: a convolution with one-hot kernels. */
#include "op/rules.h"
#include "np/promote.h"
#include <cuirax/library.h>

/* ---- ragged products ---- */

typedef enum RaggedMode { RAGGED_FREE, RAGGED_CONTRACTED, RAGGED_BATCH } RaggedMode;

static int place(CxInts list, int64_t axis) {
  for (int i = 0; i < list.n; i++)
    if (list.v[i] == axis) return i;
  return -1;
}

/* The axes of x that group sizes may vary along: batch axes, and axes of the ragged one's kind in front of it. */
static CxInts prefix_axes(RaggedMode mode, int rank, int64_t ragged, CxInts batch, CxInts contract, int64_t *store) {
  int n = 0;
  for (int i = 0; i < (mode == RAGGED_BATCH ? place(batch, ragged) : batch.n); i++) store[n++] = batch.v[i];
  if (mode == RAGGED_CONTRACTED)
    for (int i = 0; i < place(contract, ragged); i++) store[n++] = contract.v[i];
  for (int64_t i = 0; mode == RAGGED_FREE && i < ragged && i < rank; i++)
    if (place(batch, i) < 0 && place(contract, i) < 0) store[n++] = i;
  return (CxInts){store, n, false};
}

/* Group sizes (of the prefix axes, or one list for all) as an array (groups, axes of x), broadcast along the others. */
static CxVal sizes_over(CxVal sizes, CxVal x, CxInts prefix) {
  int64_t dims[CX_MAX_RANK], where[CX_MAX_RANK], order[CX_MAX_RANK];
  int rank = sizes->type->rank, n = x->type->rank;
  dims[0] = sizes->type->dims[rank - 1];
  for (int i = 0; i < n; i++) dims[i + 1] = x->type->dims[i];
  order[0] = rank - 1, where[0] = 0;
  for (int i = 0; i + 1 < rank; i++) { /* sorted by the axis of x */
    int k = i + 1;
    for (; k > 1 && where[k - 1] > prefix.v[i] + 1; k--) where[k] = where[k - 1], order[k] = order[k - 1];
    where[k] = prefix.v[i] + 1, order[k] = i;
  }
  return cx_broadcast_in_dim(cx_transpose(sizes, order), n + 1, dims, where);
}

static CxVal spread(CxVal x, int64_t axis, CxVal sizes, CxInts prefix) { /* (groups, …): x inside of each group, zero elsewhere */
  int64_t dims[CX_MAX_RANK], where[CX_MAX_RANK];
  CxDtype d = sizes->type->dtype;
  CxVal ends = cx_cumsum(sizes, sizes->type->rank - 1, false), starts = cx_sub(ends, sizes);
  if (!starts || !x) return NULL;
  int rank = x->type->rank;
  dims[0] = sizes->type->dims[sizes->type->rank - 1];
  for (int i = 0; i < rank; i++) dims[i + 1] = x->type->dims[i], where[i] = i + 1;
  CxVal at = cx_iota(d, rank + 1, dims, (int)axis + 1), wide = cx_broadcast_in_dim(x, rank + 1, dims, where);
  CxVal inside = cx_and(cx_le(sizes_over(starts, x, prefix), at), cx_lt(at, sizes_over(ends, x, prefix)));
  return wide ? cx_select(inside, wide, cx_full(wide->type, 0)) : NULL;
}

static CxInts shifted(CxInts list, bool group_first, bool group_last, int64_t group, int64_t by, int64_t *store) { /* list + by, and the axis of groups */
  int n = 0;
  if (group_first) store[n++] = group;
  for (int i = 0; i < list.n; i++) store[n++] = list.v[i] + by;
  if (group_last) store[n++] = group;
  return (CxInts){store, n, false};
}

static bool sizes_fit(CxVal x, CxVal sizes, CxInts prefix) {
  FAIL_IF(!sizes->type->rank, CX_ERR_TYPE, "expected rank of group_sizes to be >=1.");
  FAIL_IF(!kind_in(sizes->type, "iu"), CX_ERR_TYPE, "group_sizes must be integers, got %s", cx_dtype_name(sizes->type->dtype));
  if (sizes->type->rank == 1) return true;
  bool same = sizes->type->rank == prefix.n + 1;
  for (int i = 0; same && i < prefix.n; i++) same = sizes->type->dims[i] == x->type->dims[prefix.v[i]];
  return same || cx_fail(CX_ERR_TYPE, "group_sizes must have the extents of the axes of lhs in front of the ragged one, then the number of groups");
}

static bool ragged_mode(CxVal x, CxVal y, CxVal sizes, CxDotDims d, int64_t ragged, CxInts groups, RaggedMode *mode) {
  FAIL_IF(ragged < 0 || ragged >= x->type->rank, CX_ERR_TYPE, "ragged_dot_general requires lhs ragged dimension numbers to be nonnegative and less than the number of axes of the lhs value, got %lld", (long long)ragged);
  *mode = place(d.lhs_contract, ragged) >= 0 ? RAGGED_CONTRACTED : place(d.lhs_batch, ragged) >= 0 ? RAGGED_BATCH : RAGGED_FREE;
  FAIL_IF(*mode != RAGGED_FREE && groups.n, CX_ERR_TYPE, "ragged_dot_general requires zero group dimensions in the rhs when lhs ragged dimension is contracting or batch.");
  if (*mode != RAGGED_FREE) return true;
  FAIL_IF(groups.n != 1, CX_ERR_TYPE, "ragged_dot_general requires exactly one rhs group dimension when lhs ragged dimension is noncontracting.");
  FAIL_IF(groups.v[0] < 0 || groups.v[0] >= y->type->rank, CX_ERR_TYPE, "ragged_dot_general requires rhs group dimension numbers to be nonnegative and less than the number of axes of the rhs value");
  FAIL_IF(place(d.rhs_contract, groups.v[0]) >= 0 || place(d.rhs_batch, groups.v[0]) >= 0, CX_ERR_TYPE, "ragged_dot_general requires rhs group dimension numbers to be distinct from contracting and batch dimensions.");
  int64_t want = sizes->type->rank ? sizes->type->dims[sizes->type->rank - 1] : 0, got = y->type->dims[groups.v[0]];
  FAIL_IF(want != got, CX_ERR_TYPE, "expected rhs group dimension size to be %lld, got %lld.", (long long)want, (long long)got);
  return true;
}

CxVal cx_lax_ragged_product(CxVal lhs, CxVal rhs, CxVal sizes, CxDotDims d, int64_t ragged, CxInts groups, CxLaxRaggedProduct o) {
  int64_t store[CX_MAX_RANK], other[CX_MAX_RANK], list[4][CX_MAX_RANK + 1];
  RaggedMode mode;
  if (!lhs || !rhs || !sizes || !ragged_mode(lhs, rhs, sizes, d, ragged, groups, &mode)) return NULL;
  CxInts prefix = prefix_axes(mode, lhs->type->rank, ragged, d.lhs_batch, d.lhs_contract, store);
  if (!sizes_fit(lhs, sizes, prefix)) return NULL;
  if (mode == RAGGED_BATCH) return cx_dot_general_with(lhs, rhs, d, o.precision, o.preferred_element_type);
  CxVal x = spread(lhs, ragged, sizes, prefix), y = rhs;
  CxDotDims wide = {.lhs_contract = shifted(d.lhs_contract, false, mode == RAGGED_FREE, 0, 1, list[0]), .lhs_batch = shifted(d.lhs_batch, mode == RAGGED_CONTRACTED, false, 0, 1, list[1])};
  if (mode == RAGGED_FREE) {
    wide.rhs_contract = shifted(d.rhs_contract, false, true, groups.v[0], 0, list[2]);
    wide.rhs_batch = d.rhs_batch;
  } else {
    int64_t at = d.rhs_contract.v[place(d.lhs_contract, ragged)];
    y = spread(rhs, at, sizes, prefix_axes(mode, rhs->type->rank, at, d.rhs_batch, d.rhs_contract, other));
    wide.rhs_contract = shifted(d.rhs_contract, false, false, 0, 1, list[2]);
    wide.rhs_batch = shifted(d.rhs_batch, true, false, 0, 1, list[3]);
  }
  return x && y ? cx_dot_general_with(x, y, wide, o.precision, o.preferred_element_type) : NULL;
}

/* ---- patches ---- */

static CxConvDims specs_of(CxConvDims d, int rank, int64_t *iota) {
  for (int i = 0; i < rank; i++) iota[i] = i;
  CxInts all = {iota, rank, false};
  return d.lhs_spec.v ? d : (CxConvDims){all, all, all};
}

static CxVal one_hot_kernels(CxDtype d, int64_t channels, CxInts window, CxInts spec) {
  int64_t size = 1, dims[CX_MAX_RANK], permutation[CX_MAX_RANK];
  for (int i = 0; i < window.n; i++) size *= window.v[i], dims[i + 2] = window.v[i];
  CxVal eye = cx_broadcast_in_dim(np_eye(size, .dtype = d), 3, (int64_t[]){channels, size, size}, (int64_t[]){1, 2});
  dims[0] = channels * size, dims[1] = 1;
  CxVal k = eye ? cx_reshape(eye, window.n + 2, dims) : NULL; /* out, in, spatial: brought to the order of spec */
  int next = 2;
  for (int i = 0; i < window.n + 2; i++) permutation[i] = -1;
  permutation[spec.v[0]] = 0, permutation[spec.v[1]] = 1;
  for (int i = 0; i < window.n + 2; i++)
    if (permutation[i] < 0) permutation[i] = next++;
  return k ? cx_transpose(k, permutation) : NULL;
}

static bool window_ok(CxVal x, CxInts window, CxConvDims d) {
  FAIL_IF(window.n + 2 != x->type->rank, CX_ERR_TYPE, "filter_shape must have an extent for each of the %d spatial axes, got %d", x->type->rank - 2, window.n);
  for (int i = 0; i < 2; i++)
    FAIL_IF(d.rhs_spec.n != x->type->rank || d.lhs_spec.n != x->type->rank || d.out_spec.n != x->type->rank || d.rhs_spec.v[i] < 0 || d.rhs_spec.v[i] >= x->type->rank, CX_ERR_TYPE,
            "convolution dimension_numbers do not fit an array of rank %d", x->type->rank);
  return true;
}

CxVal cx_lax_conv_general_dilated_patches(CxVal x, CxInts window, CxInts strides, CxPads padding, CxLaxConvGeneralDilatedPatches o) {
  int64_t iota[CX_MAX_RANK];
  if (!x) return NULL;
  CxConvDims d = specs_of(o.dimension_numbers, x->type->rank, iota);
  if (!window_ok(x, window, d)) return NULL;
  int64_t channels = x->type->dims[d.lhs_spec.v[1]];
  return cx_lax_conv_general_dilated(x, one_hot_kernels(x->type->dtype, channels, window, d.rhs_spec), strides, padding,
                                     (CxLaxConvGeneralDilated){.lhs_dilation = o.lhs_dilation, .rhs_dilation = o.rhs_dilation, .dimension_numbers = d, .feature_group_count = channels,
                                                               .batch_group_count = 1, .precision = o.precision, .preferred_element_type = o.preferred_element_type});
}

CxVal cx_lax_conv_general_dilated_local(CxVal x, CxVal k, CxInts strides, CxPads padding, CxInts window, CxLaxConvGeneralDilatedLocal o) {
  int64_t iota[CX_MAX_RANK], at_x[CX_MAX_RANK], at_k[CX_MAX_RANK], permutation[CX_MAX_RANK];
  if (!x || !k) return NULL;
  CxConvDims d = specs_of(o.dimension_numbers, x->type->rank, iota);
  CxVal patches = cx_lax_conv_general_dilated_patches(x, window, strides, padding, (CxLaxConvGeneralDilatedPatches){.lhs_dilation = o.lhs_dilation, .rhs_dilation = o.rhs_dilation, .dimension_numbers = d, .precision = o.precision});
  int n = window.n;
  for (int i = 0; i < n; i++) at_x[i] = d.out_spec.v[i + 2], at_k[i] = d.rhs_spec.v[i + 2];
  for (int i = 1; i < n; i++) /* pairs in the order of the result's axes */
    for (int j = i; j > 0 && at_x[j] < at_x[j - 1]; j--) {
      int64_t a = at_x[j], b = at_k[j];
      at_x[j] = at_x[j - 1], at_k[j] = at_k[j - 1], at_x[j - 1] = a, at_k[j - 1] = b;
    }
  CxDotDims dims = {.lhs_contract = {&d.out_spec.v[1], 1, false}, .rhs_contract = {&d.rhs_spec.v[1], 1, false}, .lhs_batch = {at_x, n, false}, .rhs_batch = {at_k, n, false}};
  CxVal r = patches ? cx_dot_general_with(patches, k, dims, o.precision, CX_NO_DTYPE) : NULL; /* spatial axes, batch, features */
  if (!r) return NULL;
  for (int i = 0; i < n + 2; i++) permutation[i] = -1;
  permutation[d.out_spec.v[0]] = n, permutation[d.out_spec.v[1]] = n + 1;
  for (int i = 0, next = 0; i < n + 2; i++)
    if (permutation[i] < 0) permutation[i] = next++;
  return cx_transpose(r, permutation);
}
