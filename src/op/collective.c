/* Collectives: ops over the elements of a vmap that has an axis name. The batch rule of that vmap does the work; below it they stay
 * as they are, and above it they are gone. cx_thread.batching is the vmap whose rule runs. */
#include "op/rules.h"

typedef struct CxReduceAxesAttrs { CxStrs axes; CxInts axis_index_groups; } CxReduceAxesAttrs;
typedef struct CxAllGatherAttrs {
  int64_t all_gather_dimension;
  CxInts axis_index_groups;
  CxStrs axis_name;
  int64_t axis_size;
  bool tiled;
} CxAllGatherAttrs;
typedef struct CxAxisIndexAttrs { const char *axis_name; } CxAxisIndexAttrs;
typedef struct CxPpermuteAttrs { CxStrs axis_name; CxInts perm; } CxPpermuteAttrs;
typedef struct CxPbroadcastAttrs { const char *axis_name; int64_t source; } CxPbroadcastAttrs;
typedef struct CxAllToAllAttrs {
  CxInts axis_index_groups;
  const char *axis_name;
  int64_t concat_axis, split_axis;
  bool tiled;
} CxAllToAllAttrs;

#define NO_GROUPS ((CxInts){.v = (const int64_t[]){0}, .none = true})

static bool axis_bound(const char *name) {
  if (trace_axis(name)) return true;
  return cx_fail(CX_ERR_NAME, "unbound axis name: %s", name);
}

static bool axes_bound(const CxStrs *s) {
  for (int i = 0; i < s->n; i++) TRY(axis_bound(s->v[i]));
  return true;
}

/* There is no axis left when arrays are at hand. */
static bool unbound_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  (void)types, (void)out;
  return cx_fail(CX_ERR_NAME, "%s: unbound axis name", a->def->name);
}

/* Does the vmap whose rule runs carry this name? */
static bool is_own(const char *name) { return cx_thread.batching->axis_name && !strcmp(cx_thread.batching->axis_name, name); }

int64_t cx_axis_size(const char *axis_name) { return axis_bound(axis_name) ? trace_axis(axis_name)->size : -1; }

static CxVal reshape_axes(CxVal x, int axis, int drop, int n, const int64_t *with) { /* `drop` extents from `axis` become `with` */
  int64_t dims[CX_MAX_RANK];
  if (!x) return NULL;
  int rank = x->type->rank - drop + n;
  if (rank > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "the rank would exceed %d", CX_MAX_RANK), NULL;
  for (int i = 0; i < rank; i++) dims[i] = i < axis ? x->type->dims[i] : i < axis + n ? with[i - axis] : x->type->dims[i - n + drop];
  return cx_reshape(x, rank, dims);
}
static CxVal split_axis_in(CxVal x, int axis, int64_t by) {
  return x ? reshape_axes(x, axis, 1, 2, (int64_t[]){by, x->type->dims[axis] / (by ? by : 1)}) : NULL;
}
static CxVal fold_axes(CxVal x, int axis) { return x ? reshape_axes(x, axis, 2, 1, (int64_t[]){x->type->dims[axis] * x->type->dims[axis + 1]}) : NULL; }

/* ---- psum, pmax, pmin ---- */

static bool reduce_type(const CxApp *a, const CxType **out) {
  const CxReduceAxesAttrs *r = a->attrs;
  FAIL_IF(!kind_in(a->types[0], a->def->row), CX_ERR_TYPE, "%s does not accept dtype %s.", a->def->name, cx_dtype_name(a->types[0]->dtype));
  FAIL_IF(!r->axis_index_groups.none, CX_ERR_NOT_IMPLEMENTED, "axis_index_groups not supported in vmap collectives");
  TRY(axes_bound(&r->axes));
  return (out[0] = cx_type_with_dtype(a->types[0], a->types[0]->dtype, false)) != NULL;
}

static CxVal reduce_own(const CxApp *a, int axis, int64_t size) {
  CxVal x = a->in[0];
  CxInts along = {.v = (int64_t[]){axis}, .n = 1};
  if (axis < 0) return a->op == CX_OP_PSUM ? cx_mul(x, cx_like(x, (double)size)) : x;
  return a->op == CX_OP_PSUM ? cx_reduce_sum(x, along) : a->op == CX_OP_PMAX ? cx_reduce_max(x, along) : cx_reduce_min(x, along);
}

static void reduce_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxReduceAxesAttrs *r = a->attrs;
  const char *rest[CX_MAX_RANK];
  CxReduceAxesAttrs left = {{.v = rest}, r->axis_index_groups};
  for (int i = 0; i < r->axes.n && left.axes.n < CX_MAX_RANK; i++)
    if (!is_own(r->axes.v[i])) rest[left.axes.n++] = r->axes.v[i];
  bool own = left.axes.n != r->axes.n;
  CxVal x = own ? reduce_own(a, axis[0], size) : a->in[0];
  *out = left.axes.n ? cx_bind1(a->op, &x, 1, &left) : x;
  *out_axis = own ? -1 : axis[0];
}

/* JAX's meaning: every element of the axis has a cotangent for the one sum. */
static void psum_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (ct[0]) ct_in[0] = cx_bind1(CX_OP_PSUM, ct, 1, a->attrs);
}

static CxVal psum_fold(const CxApp *a) { return ((const CxReduceAxesAttrs *)a->attrs)->axes.n || a->types[0]->weak ? NULL : a->in[0]; }

static const CxField reduce_fields[] = {CX_FIELD(CxReduceAxesAttrs, axes, STRS, 0, NULL), CX_FIELD(CxReduceAxesAttrs, axis_index_groups, INTS, 0, NULL),
                                        CX_FIELDS_END};

#define REDUCE(ID, id, doc_text, flag, kinds, jvp_, transpose_)                                                                               \
  const CxOp cx_op_##ID = {.name = #id, .doc = doc_text, .nin = 1, .nout = 1, .flags = flag, .fields = reduce_fields,                          \
      .attrs_bytes = sizeof(CxReduceAxesAttrs), .type = reduce_type, .exec = unbound_exec, .jvp = jvp_, .transpose = transpose_,               \
      .batch = reduce_batch, .partial = rule_partial_default, .fold = psum_fold, .row = kinds};

REDUCE(PSUM, psum, "sum over named axes", CX_OP_LINEAR, "iufc", rule_jvp_linear_first, psum_transpose)
REDUCE(PMAX, pmax, "greatest over named axes", 0, "biufc", rule_jvp_nojvp, rule_nonlinear)
REDUCE(PMIN, pmin, "least over named axes", 0, "biufc", rule_jvp_nojvp, rule_nonlinear)

static CxVal reduce_over(CxOpcode op, CxVal x, int n, const char *const *axes) {
  return n ? cx_bind1(op, &x, 1, &(CxReduceAxesAttrs){{.v = axes, .n = n}, NO_GROUPS}) : x;
}
CxVal cx_psum(CxVal x, int n, const char *const *axes) {
  if (x && x->type->dtype == CX_BOOL) x = cx_convert(x, CX_I32);
  return reduce_over(CX_OP_PSUM, x, n, axes);
}
CxVal cx_pmax(CxVal x, int n, const char *const *axes) { return reduce_over(CX_OP_PMAX, x, n, axes); }
CxVal cx_pmin(CxVal x, int n, const char *const *axes) { return reduce_over(CX_OP_PMIN, x, n, axes); }

/* ---- axis_index ---- */

static bool axis_index_type(const CxApp *a, const CxType **out) {
  TRY(axis_bound(((const CxAxisIndexAttrs *)a->attrs)->axis_name));
  return (out[0] = cx_type_scalar(CX_I32, false)) != NULL;
}

static void axis_index_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)a, (void)axis;
  *out = cx_iota(CX_I32, 1, &size, 0);
  *out_axis = 0;
}

static const CxField axis_index_fields[] = {CX_FIELD(CxAxisIndexAttrs, axis_name, STR, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_AXIS_INDEX = {.name = "axis_index", .doc = "the place along a named axis", .nin = 0, .nout = 1, .fields = axis_index_fields,
                               .attrs_bytes = sizeof(CxAxisIndexAttrs), .type = axis_index_type, .exec = unbound_exec, .jvp = rule_nondiff,
                               .transpose = rule_nonlinear, .batch = axis_index_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_axis_index(const char *axis_name) { return cx_bind1(CX_OP_AXIS_INDEX, NULL, 0, &(CxAxisIndexAttrs){axis_name}); }

/* ---- all_gather ---- */

static bool all_gather_type(const CxApp *a, const CxType **out) {
  const CxAllGatherAttrs *g = a->attrs;
  const CxType *t = a->types[0];
  int64_t dims[CX_MAX_RANK + 1];
  int at = (int)g->all_gather_dimension;
  FAIL_IF(!g->axis_index_groups.none, CX_ERR_NOT_IMPLEMENTED, "axis_index_groups not supported in vmap");
  TRY(axes_bound(&g->axis_name));
  FAIL_IF(at < 0 || at > t->rank - g->tiled || t->rank >= CX_MAX_RANK, CX_ERR_VALUE, "axis %d is out of bounds for array of dimension %d", at, t->rank);
  for (int i = 0; i < t->rank; i++) dims[i + (!g->tiled && i >= at)] = t->dims[i];
  if (!g->tiled) dims[at] = g->axis_size;
  else FAIL_IF(__builtin_mul_overflow(t->dims[at], g->axis_size, &dims[at]), CX_ERR_VALUE, "all_gather: the result is too large");
  return (out[0] = cx_type(t->dtype, t->rank + !g->tiled, dims, t->weak)) != NULL;
}

static void all_gather_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxAllGatherAttrs *g = a->attrs;
  int at = (int)g->all_gather_dimension;
  if (g->axis_name.n != 1 || !is_own(g->axis_name.v[0])) {
    CxAllGatherAttrs b = *g;
    if (g->axis_name.n != 1) {
      cx_fail(CX_ERR_NOT_IMPLEMENTED, "all_gather over several names");
      return;
    }
    b.all_gather_dimension = at + (axis[0] <= at);
    *out = cx_bind1(CX_OP_ALL_GATHER, a->in, 1, &b);
    *out_axis = axis[0] + (axis[0] > at && !g->tiled);
    return;
  }
  CxVal y = batch_move(a->in[0], axis[0], at, size);
  *out = g->tiled ? fold_axes(y, at) : y;
  *out_axis = -1;
}

/* The sum of all cotangents, of which each element keeps its own part. */
static void all_gather_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxAllGatherAttrs *g = a->attrs;
  const CxType *t = a->types[0];
  int at = (int)g->all_gather_dimension, rank = t->rank + !g->tiled;
  int64_t sizes[CX_MAX_RANK];
  CxVal start[CX_MAX_RANK];
  if (!ct[0]) return;
  CxVal sum = cx_psum(ct[0], g->axis_name.n, g->axis_name.v), zero = cx_scalar_i64(CX_I32, 0);
  for (int i = 0; i < rank; i++) sizes[i] = ct[0]->type->dims[i], start[i] = zero;
  sizes[at] = g->tiled ? t->dims[at] : 1;
  start[at] = cx_mul(cx_axis_index(g->axis_name.v[0]), cx_scalar_i64(CX_I32, sizes[at]));
  CxVal own = cx_dynamic_slice(sum, start, sizes);
  ct_in[0] = g->tiled ? own : cx_squeeze(own, (CxInts){.v = (int64_t[]){at}, .n = 1});
}

static const CxField all_gather_fields[] = {
    CX_FIELD(CxAllGatherAttrs, all_gather_dimension, INT, 0, NULL), CX_FIELD(CxAllGatherAttrs, axis_index_groups, INTS, 0, NULL),
    CX_FIELD(CxAllGatherAttrs, axis_name, STRS, 0, NULL), CX_FIELD(CxAllGatherAttrs, axis_size, INT, 0, NULL),
    CX_FIELD(CxAllGatherAttrs, tiled, BOOL, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_ALL_GATHER = {.name = "all_gather", .doc = "the values of all elements of a named axis, stacked or concatenated", .nin = 1,
                               .nout = 1, .flags = CX_OP_LINEAR, .fields = all_gather_fields, .attrs_bytes = sizeof(CxAllGatherAttrs),
                               .type = all_gather_type, .exec = unbound_exec, .jvp = rule_jvp_linear_first, .transpose = all_gather_transpose,
                               .batch = all_gather_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_all_gather(CxVal x, const char *axis_name, int axis, bool tiled) {
  int64_t size = cx_axis_size(axis_name);
  if (size < 0) return NULL;
  return cx_bind1(CX_OP_ALL_GATHER, &x, 1, &(CxAllGatherAttrs){axis, NO_GROUPS, {.v = &axis_name, .n = 1}, size, tiled});
}

/* ---- ppermute, pbroadcast ---- */

/* Element to[i] of x along axis for each i, zeros where to[i] is -1. */
static CxVal pick(CxVal x, int axis, const int64_t *from, int64_t n) {
  int64_t sizes[CX_MAX_RANK], offset[CX_MAX_RANK], at = axis;
  int k = 0;
  if (!x) return NULL;
  for (int i = 0; i < x->type->rank; i++) {
    sizes[i] = i == axis ? 1 : x->type->dims[i];
    if (i != axis) offset[k++] = i;
  }
  CxInts along = {.v = &at, .n = 1};
  CxGatherDims d = {.offset_dims = {.v = offset, .n = k}, .collapsed_slice_dims = along, .start_index_map = along};
  return cx_gather(x, cx_array(CX_I64, 2, (int64_t[]){n, 1}, from), d, sizes, CX_INDEX_FILL_OR_DROP, CX_INT(0));
}

static bool pairs_ok(const CxPpermuteAttrs *p, int64_t size) {
  FAIL_IF(p->axis_name.n != 1, CX_ERR_NOT_IMPLEMENTED, "ppermute over several names");
  FAIL_IF(p->perm.n % 2, CX_ERR_VALUE, "ppermute: perm is a list of pairs");
  for (int i = 0; i < p->perm.n; i++) {
    FAIL_IF(p->perm.v[i] < 0 || p->perm.v[i] >= size, CX_ERR_VALUE, "ppermute: %lld is outside of axis %s of size %lld", (long long)p->perm.v[i],
            p->axis_name.v[0], (long long)size);
    for (int k = i & 1; k < i; k += 2)
      FAIL_IF(p->perm.v[i] == p->perm.v[k], CX_ERR_VALUE, "ppermute sources and destinations must be unique, got %lld twice", (long long)p->perm.v[i]);
  }
  return true;
}

static bool ppermute_type(const CxApp *a, const CxType **out) {
  const CxPpermuteAttrs *p = a->attrs;
  TRY(axes_bound(&p->axis_name) && pairs_ok(p, p->axis_name.n ? cx_axis_size(p->axis_name.v[0]) : 0));
  return out[0] = a->types[0], true;
}

static void ppermute_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxPpermuteAttrs *p = a->attrs;
  *out_axis = axis[0] < 0 ? 0 : axis[0];
  if (!is_own(p->axis_name.v[0])) {
    *out = cx_bind1(CX_OP_PPERMUTE, a->in, 1, p);
    return;
  }
  int64_t *from = pairs_ok(p, size) ? cx_malloc((size_t)size * sizeof *from + 1) : NULL;
  if (!from) return;
  for (int64_t i = 0; i < size; i++) from[i] = -1;
  for (int i = 0; i < p->perm.n; i += 2) from[p->perm.v[i + 1]] = p->perm.v[i];
  *out = pick(batch_move(a->in[0], axis[0], *out_axis, size), *out_axis, from, size);
  cx_free(from);
}

static void ppermute_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxPpermuteAttrs *p = a->attrs;
  int64_t *inverse = ct[0] ? cx_malloc((size_t)p->perm.n * sizeof *inverse + 1) : NULL;
  if (!inverse) return;
  for (int i = 0; i < p->perm.n; i++) inverse[i] = p->perm.v[i ^ 1];
  ct_in[0] = cx_ppermute(ct[0], p->axis_name.v[0], (CxInts){.v = inverse, .n = p->perm.n});
  cx_free(inverse);
}

static const CxField ppermute_fields[] = {CX_FIELD(CxPpermuteAttrs, axis_name, STRS, 0, NULL), CX_FIELD(CxPpermuteAttrs, perm, INTS, 2, NULL), CX_FIELDS_END};
const CxOp cx_op_PPERMUTE = {.name = "ppermute", .doc = "element perm[i][1] of a named axis gets the value of element perm[i][0], the others zeros",
                             .nin = 1, .nout = 1, .flags = CX_OP_LINEAR, .fields = ppermute_fields, .attrs_bytes = sizeof(CxPpermuteAttrs),
                             .type = ppermute_type, .exec = unbound_exec, .jvp = rule_jvp_linear_first, .transpose = ppermute_transpose,
                             .batch = ppermute_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_ppermute(CxVal x, const char *axis_name, CxInts pairs) {
  return cx_bind1(CX_OP_PPERMUTE, &x, 1, &(CxPpermuteAttrs){{.v = &axis_name, .n = 1}, pairs});
}

static bool pbroadcast_type(const CxApp *a, const CxType **out) {
  const CxPbroadcastAttrs *p = a->attrs;
  TRY(axis_bound(p->axis_name));
  FAIL_IF(p->source < 0 || p->source >= cx_axis_size(p->axis_name), CX_ERR_VALUE, "pbroadcast: source %lld is outside of axis %s", (long long)p->source,
          p->axis_name);
  return out[0] = a->types[0], true;
}

static void pbroadcast_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxPbroadcastAttrs *p = a->attrs;
  bool own = is_own(p->axis_name);
  *out_axis = own ? -1 : axis[0];
  if (own && (p->source < 0 || p->source >= size)) {
    cx_fail(CX_ERR_VALUE, "pbroadcast: source %lld is outside of axis %s", (long long)p->source, p->axis_name);
    return;
  }
  if (!own) *out = cx_bind1(CX_OP_PBROADCAST, a->in, 1, p);
  else if (axis[0] < 0) *out = a->in[0];
  else *out = cx_squeeze(cx_slice_axis(a->in[0], axis[0], p->source, p->source + 1), (CxInts){.v = (int64_t[]){axis[0]}, .n = 1});
}

static void pbroadcast_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxPbroadcastAttrs *p = a->attrs;
  if (!ct[0]) return;
  CxVal sum = cx_psum(ct[0], 1, &p->axis_name), here = cx_eq(cx_axis_index(p->axis_name), cx_scalar_i64(CX_I32, p->source));
  ct_in[0] = cx_select(here, sum, cx_like(ct[0], 0));
}

static const CxField pbroadcast_fields[] = {CX_FIELD(CxPbroadcastAttrs, axis_name, STR, 0, NULL), CX_FIELD(CxPbroadcastAttrs, source, INT, 0, NULL),
                                            CX_FIELDS_END};
const CxOp cx_op_PBROADCAST = {.name = "pbroadcast", .doc = "the value of one element of a named axis", .nin = 1, .nout = 1, .flags = CX_OP_LINEAR,
                               .fields = pbroadcast_fields, .attrs_bytes = sizeof(CxPbroadcastAttrs), .type = pbroadcast_type, .exec = unbound_exec,
                               .jvp = rule_jvp_linear_first, .transpose = pbroadcast_transpose, .batch = pbroadcast_batch,
                               .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_pbroadcast(CxVal x, const char *axis_name, int64_t source) {
  return cx_bind1(CX_OP_PBROADCAST, &x, 1, &(CxPbroadcastAttrs){axis_name, source});
}

/* ---- all_to_all: element i gets part i along split_axis of every element, joined along concat_axis ---- */

static bool all_to_all_type(const CxApp *a, const CxType **out) {
  const CxAllToAllAttrs *s = a->attrs;
  const CxType *t = a->types[0];
  int64_t dims[CX_MAX_RANK], size = cx_axis_size(s->axis_name);
  FAIL_IF(!s->axis_index_groups.none, CX_ERR_NOT_IMPLEMENTED, "axis_index_groups not supported in vmap");
  TRY(size >= 0);
  FAIL_IF(s->split_axis < 0 || s->split_axis >= t->rank || s->concat_axis < 0 || s->concat_axis >= t->rank, CX_ERR_VALUE,
          "all_to_all axes must be within 0..%d, got %lld and %lld", t->rank - 1, (long long)s->split_axis, (long long)s->concat_axis);
  memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
  FAIL_IF(!size || dims[s->split_axis] % size, CX_ERR_VALUE,
          "The size of all_to_all split_axis (%lld) has to be divisible by the size of the named axis %s (%lld)", (long long)dims[s->split_axis],
          s->axis_name, (long long)size);
  dims[s->split_axis] /= size;
  FAIL_IF(__builtin_mul_overflow(dims[s->concat_axis], size, &dims[s->concat_axis]), CX_ERR_VALUE, "all_to_all: the result is too large");
  return (out[0] = cx_type(t->dtype, t->rank, dims, false)) != NULL;
}

static void all_to_all_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxAllToAllAttrs *s = a->attrs;
  int split = (int)s->split_axis, concat = (int)s->concat_axis;
  if (!is_own(s->axis_name)) {
    CxAllToAllAttrs b = *s;
    b.split_axis = split + (axis[0] <= split);
    b.concat_axis = concat + (axis[0] <= concat);
    *out = cx_bind1(CX_OP_ALL_TO_ALL, a->in, 1, &b);
    *out_axis = axis[0];
    return;
  }
  CxVal x = batch_move(a->in[0], axis[0], 0, size); /* [from, …]; then [from, …, to, part, …] */
  if (x && (!size || x->type->dims[split + 1] % size)) {
    cx_fail(CX_ERR_VALUE, "The size of all_to_all split_axis (%lld) has to be divisible by the size of the named axis %s (%lld)",
            (long long)x->type->dims[split + 1], s->axis_name, (long long)size);
    return;
  }
  x = cx_move_axis(split_axis_in(x, split + 1, size), split + 1, 0);  /* [to, from, …] */
  *out = fold_axes(cx_move_axis(x, 1, concat + 1), concat + 1);
  *out_axis = 0;
}

static void all_to_all_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  CxAllToAllAttrs b = *(const CxAllToAllAttrs *)a->attrs;
  int64_t split = b.split_axis;
  b.split_axis = b.concat_axis;
  b.concat_axis = split;
  if (ct[0]) ct_in[0] = cx_bind1(CX_OP_ALL_TO_ALL, ct, 1, &b);
}

static const CxField all_to_all_fields[] = {
    CX_FIELD(CxAllToAllAttrs, axis_index_groups, INTS, 0, NULL), CX_FIELD(CxAllToAllAttrs, axis_name, STR, 0, NULL),
    CX_FIELD(CxAllToAllAttrs, concat_axis, INT, 0, NULL), CX_FIELD(CxAllToAllAttrs, split_axis, INT, 0, NULL),
    CX_FIELD(CxAllToAllAttrs, tiled, BOOL, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_ALL_TO_ALL = {.name = "all_to_all", .doc = "part i along split_axis goes to element i of a named axis, joined along concat_axis",
                               .nin = 1, .nout = 1, .flags = CX_OP_LINEAR, .fields = all_to_all_fields, .attrs_bytes = sizeof(CxAllToAllAttrs),
                               .type = all_to_all_type, .exec = unbound_exec, .jvp = rule_jvp_linear_first, .transpose = all_to_all_transpose,
                               .batch = all_to_all_batch, .partial = rule_partial_default, .fold = rule_nofold};

/* Untiled, the split axis, whose extent is the axis size, goes, and an axis of that extent comes at concat_axis. */
CxVal cx_all_to_all(CxVal x, const char *axis_name, int split_axis, int concat_axis, bool tiled) {
  int64_t size = cx_axis_size(axis_name);
  int split = split_axis, concat = concat_axis;
  if (!x || size < 0) return NULL;
  if (split < 0 || split >= x->type->rank || concat < 0 || concat >= x->type->rank)
    return cx_fail(CX_ERR_VALUE, "all_to_all axes must be within 0..%d, got %d and %d", x->type->rank - 1, split, concat), NULL;
  if (!tiled && x->type->dims[split] != size)
    return cx_fail(CX_ERR_VALUE, "all_to_all requires the size of the mapped axis axis_name to equal x.shape[split_axis], but they are %lld and %lld "
                   "respectively.", (long long)size, (long long)x->type->dims[split]), NULL;
  bool moves = !tiled && split != concat;
  if (moves) {
    if (split < concat) concat++;
    else split++;
    x = cx_expand_dims(x, (CxInts){.v = (int64_t[]){concat}, .n = 1});
  }
  CxVal z = cx_bind1(CX_OP_ALL_TO_ALL, &x, 1, &(CxAllToAllAttrs){NO_GROUPS, axis_name, concat, split, tiled});
  return moves ? cx_squeeze(z, (CxInts){.v = (int64_t[]){split}, .n = 1}) : z;
}
