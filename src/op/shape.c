/* Ops that change only the shape: broadcast_in_dim, reshape, transpose, squeeze, iota; and what is made from them. */
#include "op/attrs.h"
#include "op/rules.h"

#include "kernels/move.h"
#include <stdio.h>

static bool same_memory(const CxApp *a, const CxType *const *types, CxVal *out) {
  return (out[0] = node_array_sharing(types[0], a->in[0], 0)) != NULL;
}

static bool copy_view(const CxApp *a, const CxType *const *types, CxVal *out, const CxView *in) {
  TRY(exec_alloc(a, types, out));
  CxView to = node_view(out[0]);
  kernel_copy(in, &to);
  return true;
}

/* ---- broadcast_in_dim: z[i_0 … i_r] = x[i_{where[0]}, …], extents of 1 repeat ---- */

static bool broadcast_type(const CxApp *a, const CxType **out) {
  const CxBroadcastAttrs *b = a->attrs;
  const CxType *t = a->types[0];
  if (b->broadcast_dimensions.n != t->rank)
    return type_fail(a, "broadcast_dimensions must have one entry per operand axis, got %d for rank %d", b->broadcast_dimensions.n, t->rank);
  for (int i = 0; i < t->rank; i++) {
    int64_t w = b->broadcast_dimensions.v[i];
    if (w < 0 || w >= b->shape.n || (i && w <= b->broadcast_dimensions.v[i - 1]))
      return type_fail(a, "broadcast_dimensions must be strictly increasing axes of the result of rank %d", b->shape.n);
    if (t->dims[i] != 1 && t->dims[i] != b->shape.v[w])
      return type_fail(a, "operand extent %lld at axis %d must be 1 or the result's extent %lld", (long long)t->dims[i], i, (long long)b->shape.v[w]);
  }
  return (out[0] = cx_type(t->dtype, b->shape.n, b->shape.v, t->weak)) != NULL;
}

static bool broadcast_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxBroadcastAttrs *b = a->attrs;
  if (types[0]->size == a->types[0]->size) return same_memory(a, types, out);
  CxView in = node_view(a->in[0]), v;
  int64_t dims[CX_MAX_RANK], strides[CX_MAX_RANK];
  v = view_broadcast_in_dim(&in, b->shape.v, b->shape.n, b->broadcast_dimensions.v, dims, strides);
  return copy_view(a, types, out, &v);
}

static void broadcast_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxBroadcastAttrs *b = a->attrs;
  const CxType *t = a->types[0];
  if (!ct[0]) return;
  int64_t axes[CX_MAX_RANK];
  CxInts list = {.v = axes};
  for (int i = 0, k = 0; i < b->shape.n; i++) {
    bool own = k < t->rank && b->broadcast_dimensions.v[k] == i;
    if (!own || t->dims[k] != b->shape.v[i]) axes[list.n++] = i;
    k += own;
  }
  CxVal s = list.n ? cx_reduce_sum(ct[0], list) : ct[0];
  ct_in[0] = s && !cx_type_same_dims(s->type, t) ? cx_reshape(s, t->rank, t->dims) : s;
}

static void broadcast_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxBroadcastAttrs *b = a->attrs;
  int64_t dims[CX_MAX_RANK + 1] = {size}, where[CX_MAX_RANK + 1] = {0};
  if (b->shape.n >= CX_MAX_RANK) {
    cx_fail(CX_ERR_VALUE, "vmap: the rank would exceed %d", CX_MAX_RANK);
    return;
  }
  for (int i = 0; i < b->shape.n; i++) dims[i + 1] = b->shape.v[i];
  for (int i = 0; i < b->broadcast_dimensions.n; i++) where[i + 1] = b->broadcast_dimensions.v[i] + 1;
  *out = cx_broadcast_in_dim(cx_move_axis(a->in[0], axis[0], 0), b->shape.n + 1, dims, where);
  *out_axis = 0;
}

static CxVal broadcast_fold(const CxApp *a) {
  const CxBroadcastAttrs *b = a->attrs;
  if (b->shape.n != a->types[0]->rank) return NULL;
  return !b->shape.n || !memcmp(b->shape.v, a->types[0]->dims, (size_t)b->shape.n * sizeof *b->shape.v) ? a->in[0] : NULL;
}

static const CxField broadcast_fields[] = {CX_FIELD(CxBroadcastAttrs, shape, INTS, 0, NULL),
                                           CX_FIELD(CxBroadcastAttrs, broadcast_dimensions, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_BROADCAST_IN_DIM = {
    .name = "broadcast_in_dim", .doc = "operand axis i becomes result axis broadcast_dimensions[i]; the rest repeats", .nin = 1, .nout = 1,
    .flags = CX_OP_LINEAR, .fields = broadcast_fields, .attrs_bytes = sizeof(CxBroadcastAttrs), .type = broadcast_type, .exec = broadcast_exec,
    .jvp = rule_jvp_linear_first, .transpose = broadcast_transpose, .batch = broadcast_batch, .partial = rule_partial_default, .fold = broadcast_fold};

CxVal cx_broadcast_in_dim(CxVal x, int rank, const int64_t *dims, const int64_t *where) {
  if (!x) return NULL;
  CxBroadcastAttrs attrs = {{.v = dims, .n = rank}, {.v = where, .n = x->type->rank}};
  return cx_bind1(CX_OP_BROADCAST_IN_DIM, &x, 1, &attrs);
}

CxVal cx_broadcast_to(CxVal x, int rank, const int64_t *dims) {
  if (!x) return NULL;
  const CxType *t = x->type;
  int64_t where[CX_MAX_RANK];
  if (t->rank > rank || rank > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "cannot broadcast rank %d to rank %d", t->rank, rank), NULL;
  bool same = t->rank == rank;
  for (int i = 0; i < t->rank; i++) {
    where[i] = rank - t->rank + i;
    same &= t->dims[i] == dims[where[i]];
    if (t->dims[i] != 1 && t->dims[i] != dims[where[i]]) {
      char from[256], to[256];
      cx_type_text(t, from, sizeof from);
      cx_type_text(cx_type(t->dtype, rank, dims, false), to, sizeof to);
      return cx_fail(CX_ERR_VALUE, "Incompatible shapes for broadcasting: %s and requested shape %s", from, to), NULL;
    }
  }
  return same ? x : cx_broadcast_in_dim(x, rank, dims, where);
}

CxVal cx_broadcast_like(CxVal x, const CxType *type) {
  if (!x || !type || cx_type_same_dims(x->type, type)) return x;
  return cx_broadcast_to(x, type->rank, type->dims);
}

CxVal cx_full(const CxType *type, double value) {
  if (!type) return NULL;
  if (type->dtype == CX_FLOAT0) return cx_array(CX_FLOAT0, type->rank, type->dims, NULL); /* holds no values */
  CxVal s = cx_scalar(type->dtype, value);
  return type->rank ? cx_broadcast_in_dim(s, type->rank, type->dims, NULL) : s;
}
CxVal cx_zeros(const CxType *type) { return cx_full(type, 0); }

CxVal cx_expand_dims(CxVal x, CxInts axes) {
  if (!x) return NULL;
  int rank = x->type->rank + axes.n;
  int64_t dims[CX_MAX_RANK], where[CX_MAX_RANK];
  bool fresh[CX_MAX_RANK] = {0};
  if (rank > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "expand_dims: the rank would exceed %d", CX_MAX_RANK), NULL;
  if (!axes.n) return x;
  for (int i = 0; i < axes.n; i++) {
    int64_t at = axes.v[i] < 0 ? axes.v[i] + rank : axes.v[i];
    if (at < 0 || at >= rank) return cx_fail(CX_ERR_VALUE, "axis %lld is out of bounds for array of dimension %d", (long long)axes.v[i], rank), NULL;
    if (fresh[at]) return cx_fail(CX_ERR_VALUE, "repeated axis in expand_dims: %lld", (long long)axes.v[i]), NULL;
    fresh[at] = true;
  }
  for (int i = 0, k = 0; i < rank; i++) {
    dims[i] = fresh[i] ? 1 : x->type->dims[k];
    if (!fresh[i]) where[k++] = i;
  }
  return cx_broadcast_in_dim(x, rank, dims, where);
}

/* ---- reshape: the same elements in row-major order ---- */

static bool reshape_type(const CxApp *a, const CxType **out) {
  const CxReshapeAttrs *r = a->attrs;
  const CxType *t = cx_type(a->types[0]->dtype, r->new_sizes.n, r->new_sizes.v, a->types[0]->weak);
  if (!t) return false;
  if (t->size != a->types[0]->size) {
    char from[256], to[256];
    return cx_fail(CX_ERR_TYPE, "reshape total size must be unchanged, got new sizes %s for %s.", cx_type_text(t, to, sizeof to),
                   cx_type_text(a->types[0], from, sizeof from));
  }
  return out[0] = t, true;
}

static void reshape_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (ct[0]) ct_in[0] = cx_reshape(ct[0], a->types[0]->rank, a->types[0]->dims);
}

static void reshape_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxReshapeAttrs *r = a->attrs;
  int64_t dims[CX_MAX_RANK + 1] = {size};
  if (r->new_sizes.n) memcpy(dims + 1, r->new_sizes.v, (size_t)r->new_sizes.n * sizeof *dims);
  *out = cx_reshape(cx_move_axis(a->in[0], axis[0], 0), r->new_sizes.n + 1, dims);
  *out_axis = 0;
}

static CxVal reshape_fold(const CxApp *a) {
  const CxReshapeAttrs *r = a->attrs;
  const CxType *t = a->types[0];
  return r->new_sizes.n == t->rank && (!t->rank || !memcmp(r->new_sizes.v, t->dims, (size_t)t->rank * sizeof *t->dims)) ? a->in[0] : NULL;
}

static const CxField reshape_fields[] = {CX_FIELD(CxReshapeAttrs, new_sizes, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_RESHAPE = {
    .name = "reshape", .doc = "the elements in row-major order under other extents", .nin = 1, .nout = 1, .flags = CX_OP_LINEAR,
    .fields = reshape_fields, .attrs_bytes = sizeof(CxReshapeAttrs), .type = reshape_type, .exec = same_memory, .jvp = rule_jvp_linear_first,
    .transpose = reshape_transpose, .batch = reshape_batch, .partial = rule_partial_default, .fold = reshape_fold};

CxVal cx_reshape(CxVal x, int rank, const int64_t *dims) {
  if (!x) return NULL;
  if (x->type->rank == rank && (!rank || !memcmp(x->type->dims, dims, (size_t)rank * sizeof *dims))) return x;
  return cx_bind1(CX_OP_RESHAPE, &x, 1, &(CxReshapeAttrs){{.v = dims, .n = rank}});
}

/* ---- transpose: z[i_0 …] with result axis k = operand axis permutation[k] ---- */

static bool transpose_type(const CxApp *a, const CxType **out) {
  const CxInts *p = &((const CxTransposeAttrs *)a->attrs)->permutation;
  const CxType *t = a->types[0];
  bool seen[CX_MAX_RANK] = {0};
  int64_t dims[CX_MAX_RANK];
  if (p->n != t->rank) return type_fail(a, "permutation must have one entry per axis, got %d for rank %d", p->n, t->rank);
  for (int i = 0; i < p->n; i++) {
    if (p->v[i] < 0 || p->v[i] >= t->rank || seen[p->v[i]]) return type_fail(a, "permutation isn't a permutation of operand dimensions");
    seen[p->v[i]] = true;
    dims[i] = t->dims[p->v[i]];
  }
  return (out[0] = cx_type(t->dtype, t->rank, dims, t->weak)) != NULL;
}

static bool transpose_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  CxView in = node_view(a->in[0]), v;
  int64_t dims[CX_MAX_RANK], strides[CX_MAX_RANK];
  v = view_transpose(&in, ((const CxTransposeAttrs *)a->attrs)->permutation.v, dims, strides);
  return copy_view(a, types, out, &v);
}

static void transpose_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxInts *p = &((const CxTransposeAttrs *)a->attrs)->permutation;
  int64_t inverse[CX_MAX_RANK];
  for (int i = 0; i < p->n; i++) inverse[p->v[i]] = i;
  if (ct[0]) ct_in[0] = cx_transpose(ct[0], inverse);
}

static void transpose_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  const CxInts *p = &((const CxTransposeAttrs *)a->attrs)->permutation;
  int64_t perm[CX_MAX_RANK + 1] = {axis[0]};
  for (int i = 0; i < p->n; i++) perm[i + 1] = p->v[i] >= axis[0] ? p->v[i] + 1 : p->v[i];
  *out = cx_transpose(a->in[0], perm);
  *out_axis = 0;
}

static CxVal transpose_fold(const CxApp *a) {
  const CxInts *p = &((const CxTransposeAttrs *)a->attrs)->permutation;
  for (int i = 0; i < p->n; i++)
    if (p->v[i] != i) return NULL;
  return a->in[0];
}

static const CxField transpose_fields[] = {CX_FIELD(CxTransposeAttrs, permutation, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_TRANSPOSE = {
    .name = "transpose", .doc = "result axis k is operand axis permutation[k]", .nin = 1, .nout = 1, .flags = CX_OP_LINEAR,
    .fields = transpose_fields, .attrs_bytes = sizeof(CxTransposeAttrs), .type = transpose_type, .exec = transpose_exec,
    .jvp = rule_jvp_linear_first, .transpose = transpose_transpose, .batch = transpose_batch, .partial = rule_partial_default, .fold = transpose_fold};

CxVal cx_transpose(CxVal x, const int64_t *permutation) {
  if (!x) return NULL;
  bool identity = true;
  for (int i = 0; i < x->type->rank; i++) identity &= permutation[i] == i;
  if (identity) return x;
  return cx_bind1(CX_OP_TRANSPOSE, &x, 1, &(CxTransposeAttrs){{.v = permutation, .n = x->type->rank}});
}

CxVal cx_move_axis(CxVal x, int from, int to) {
  if (!x || from == to) return x;
  int64_t perm[CX_MAX_RANK];
  int n = 0;
  for (int i = 0; i < x->type->rank; i++)
    if (i != from) perm[n++] = i;
  memmove(perm + to + 1, perm + to, (size_t)(n - to) * sizeof *perm);
  perm[to] = from;
  return cx_transpose(x, perm);
}

/* ---- squeeze: drops axes of extent 1 ---- */

static bool squeeze_type(const CxApp *a, const CxType **out) {
  const CxInts *d = &((const CxSqueezeAttrs *)a->attrs)->dimensions;
  const CxType *t = a->types[0];
  bool drop[CX_MAX_RANK] = {0};
  int64_t dims[CX_MAX_RANK];
  int n = 0;
  for (int i = 0; i < d->n; i++) {
    if (d->v[i] < 0 || d->v[i] >= t->rank || drop[d->v[i]]) return type_fail(a, "dimensions must be distinct axes of the operand");
    if (t->dims[d->v[i]] != 1)
      return cx_fail(CX_ERR_VALUE, "cannot select an axis to squeeze out which has size not equal to one, got extent %lld at axis %lld",
                     (long long)t->dims[d->v[i]], (long long)d->v[i]);
    drop[d->v[i]] = true;
  }
  for (int i = 0; i < t->rank; i++)
    if (!drop[i]) dims[n++] = t->dims[i];
  return (out[0] = cx_type(t->dtype, n, dims, t->weak)) != NULL;
}

static void squeeze_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  const CxInts *d = &((const CxSqueezeAttrs *)a->attrs)->dimensions;
  int64_t dims[CX_MAX_RANK];
  int before = 0;
  for (int i = 0; i < d->n; i++) {
    dims[i] = d->v[i] >= axis[0] ? d->v[i] + 1 : d->v[i];
    before += dims[i] < axis[0];
  }
  *out = cx_squeeze(a->in[0], (CxInts){.v = dims, .n = d->n});
  *out_axis = axis[0] - before;
}

static const CxField squeeze_fields[] = {CX_FIELD(CxSqueezeAttrs, dimensions, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_SQUEEZE = {
    .name = "squeeze", .doc = "drops axes of extent 1", .nin = 1, .nout = 1, .flags = CX_OP_LINEAR, .fields = squeeze_fields,
    .attrs_bytes = sizeof(CxSqueezeAttrs), .type = squeeze_type, .exec = same_memory, .jvp = rule_jvp_linear_first, .transpose = reshape_transpose,
    .batch = squeeze_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_squeeze(CxVal x, CxInts axes) {
  if (!x || !axes.n) return x;
  return cx_bind1(CX_OP_SQUEEZE, &x, 1, &(CxSqueezeAttrs){axes});
}

/* ---- iota: z[i_0 …] = i_dimension ---- */

static bool iota_type(const CxApp *a, const CxType **out) {
  const CxIotaAttrs *i = a->attrs;
  if (!strchr("iufc", cx_dtype_kind(i->dtype))) return cx_fail(CX_ERR_TYPE, "iota does not accept dtype %s.", cx_dtype_name(i->dtype));
  if (i->dimension < 0 || i->dimension >= i->shape.n)
    return cx_fail(CX_ERR_VALUE, "iota dimension must be between 0 and len(shape), got dimension=%lld for rank %d", (long long)i->dimension, i->shape.n);
  return (out[0] = cx_type(i->dtype, i->shape.n, i->shape.v, false)) != NULL;
}

static bool iota_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  TRY(exec_alloc(a, types, out));
  CxView to = node_view(out[0]);
  kernel_iota((int)((const CxIotaAttrs *)a->attrs)->dimension, &to);
  return true;
}

static const CxField iota_fields[] = {CX_FIELD(CxIotaAttrs, dtype, DTYPE, 0, NULL), CX_FIELD(CxIotaAttrs, shape, INTS, 0, NULL),
                                      CX_FIELD(CxIotaAttrs, dimension, INT, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_IOTA = {.name = "iota", .doc = "each element is its index along one axis", .nin = 0, .nout = 1, .fields = iota_fields,
                         .attrs_bytes = sizeof(CxIotaAttrs), .type = iota_type, .exec = iota_exec, .jvp = rule_nondiff,
                         .transpose = rule_nonlinear, .batch = rule_nobatch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_iota(CxDtype dtype, int rank, const int64_t *dims, int axis) {
  return cx_bind1(CX_OP_IOTA, NULL, 0, &(CxIotaAttrs){dtype, {.v = dims, .n = rank}, axis});
}
