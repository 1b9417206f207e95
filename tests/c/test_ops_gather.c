/* gather and the scatters against their definition, element by element, over random dimension numbers. */
#include "op_check.h"

#include "op/gather.h"

typedef struct Dims { /* one random configuration: x [b | c | w…], indices [b, n, k], windows */
  int64_t x[8], sizes[8], indices[4], out[8];
  int rank, indices_rank, out_rank;
  int64_t offset[8], collapsed[8], map[8], batch[8], ibatch[8];
  int n_offset, n_collapsed, n_map, n_batch;
} Dims;

static bool in_list(const int64_t *v, int n, int64_t x) {
  for (int i = 0; i < n; i++)
    if (v[i] == x) return true;
  return false;
}

static int64_t pick(int64_t n) { return (int64_t)(random_bits() % (uint64_t)n); }

static Dims random_dims(void) {
  Dims d = {.rank = (int)pick(4) + 1, .indices_rank = (int)pick(2) + 2};
  for (int i = 0; i < d.indices_rank - 1; i++) d.indices[i] = pick(3) + 1;
  for (int i = 0; i < d.rank; i++) {
    d.x[i] = pick(4) + 1;
    d.sizes[i] = pick(d.x[i]) + 1;
    int kind = (int)pick(3);
    if (kind == 0 && d.n_batch == 0) {
      d.batch[d.n_batch] = i;
      d.ibatch[d.n_batch++] = pick(d.indices_rank - 1);
      d.x[i] = d.indices[d.ibatch[0]];
      d.sizes[i] = 1;
      continue;
    }
    if (kind == 1) d.collapsed[d.n_collapsed++] = i, d.sizes[i] = 1;
    if (kind == 1 || pick(2)) d.map[d.n_map++] = i;
  }
  for (int i = d.n_map - 1; i > 0; i--) {
    int64_t k = pick(i + 1), t = d.map[i];
    d.map[i] = d.map[k], d.map[k] = t;
  }
  d.indices[d.indices_rank - 1] = d.n_map;
  d.n_offset = d.rank - d.n_collapsed - d.n_batch;
  d.out_rank = d.n_offset + d.indices_rank - 1;
  bool is_offset[8] = {0};
  for (int left = d.n_offset; left;) {
    int64_t at_ = pick(d.out_rank);
    left -= !is_offset[at_];
    is_offset[at_] = true;
  }
  int n = 0, w = 0, b = 0;
  for (int i = 0; i < d.out_rank; i++) {
    if (is_offset[i]) {
      d.offset[n++] = i;
      while (in_list(d.collapsed, d.n_collapsed, w) || in_list(d.batch, d.n_batch, w)) w++;
      d.out[i] = d.sizes[w++];
    } else {
      d.out[i] = d.indices[b++];
    }
  }
  return d;
}

#define LIST(v_, n_) {.v = v_, .n = n_}
static CxGatherDims gather_dims(const Dims *d) {
  return (CxGatherDims){LIST(d->offset, d->n_offset), LIST(d->collapsed, d->n_collapsed), LIST(d->map, d->n_map), LIST(d->batch, d->n_batch),
                        LIST(d->ibatch, d->n_batch)};
}
static CxScatterDims scatter_dims(const Dims *d) {
  return (CxScatterDims){LIST(d->offset, d->n_offset), LIST(d->collapsed, d->n_collapsed), LIST(d->map, d->n_map), LIST(d->batch, d->n_batch),
                         LIST(d->ibatch, d->n_batch)};
}

/* Where element e of the windows lies in x; -1: outside. */
static int64_t place(const Dims *d, const int32_t *indices, int64_t e, CxIndexMode mode) {
  int64_t at_[8], batch[8], where[8], flat = 0;
  for (int i = d->out_rank; i-- > 0;) at_[i] = e % d->out[i], e /= d->out[i];
  for (int i = 0, b = 0; i < d->out_rank; i++)
    if (!in_list(d->offset, d->n_offset, i)) batch[b++] = at_[i];
  for (int i = 0; i < d->indices_rank - 1; i++) flat = flat * d->indices[i] + batch[i];
  for (int i = 0, w = 0; i < d->rank; i++) {
    int64_t start = 0, limit = d->x[i] - d->sizes[i];
    bool fixed = in_list(d->collapsed, d->n_collapsed, i) || in_list(d->batch, d->n_batch, i);
    for (int k = 0; k < d->n_map; k++)
      if (d->map[k] == i) start = indices[flat * d->n_map + k];
    if (in_list(d->batch, d->n_batch, i)) start = batch[d->ibatch[0]];
    if (mode == CX_INDEX_CLIP) start = start < 0 ? 0 : start > limit ? limit : start;
    if (start < 0 || start > limit) return -1;
    where[i] = start + (fixed ? 0 : at_[d->offset[w++]]);
  }
  int64_t to = 0;
  for (int i = 0; i < d->rank; i++) to = to * d->x[i] + where[i];
  return to;
}

static CxVal random_indices(const Dims *d) {
  CxVal v = cx_array(CX_I32, d->indices_rank, d->indices, NULL);
  for (int64_t i = 0; i < v->type->size; i++) ((int32_t *)(void *)v->array.data)[i] = (int32_t)pick(6) - 1;
  return v;
}

static bool gather_is_right(const Dims *d, CxVal x, CxVal indices, CxIndexMode mode) {
  CxVal z = cx_gather(x, indices, gather_dims(d), d->sizes, mode, CX_FLOAT(-7));
  bool ok = no_error() && z->type->rank == d->out_rank;
  for (int i = 0; ok && i < d->out_rank; i++) ok = z->type->dims[i] == d->out[i];
  for (int64_t e = 0; ok && e < z->type->size; e++) {
    int64_t from = place(d, cx_data(indices), e, mode);
    ok = at(z, e) == (from < 0 ? -7 : at(x, from));
  }
  return ok;
}

static double combined(CxOpcode op, double x, double u) {
  switch (op) {
    case CX_OP_SCATTER_ADD: return x + u;
    case CX_OP_SCATTER_SUB: return x - u;
    case CX_OP_SCATTER_MUL: return x * u;
    case CX_OP_SCATTER_MIN: return fmin(x, u);
    case CX_OP_SCATTER_MAX: return fmax(x, u);
    default: return u;
  }
}

/* The kernel applies windows one after the other, so sums are equal to the bit. */
static bool scatter_is_right(const Dims *d, CxOpcode op, CxVal x, CxVal indices, CxVal u, CxIndexMode mode) {
  CxScatterAttrs attrs = {scatter_dims(d), (int32_t)mode};
  CxVal z = cx_bind1(op, (CxVal[]){x, indices, u}, 3, &attrs), want = cx_array(CX_F64, d->rank, d->x, cx_data(x));
  double *w = (void *)want->array.data;
  for (int64_t e = 0; e < u->type->size; e++) {
    int64_t to = place(d, cx_data(indices), e, mode);
    if (to >= 0) w[to] = combined(op, w[to], at(u, e));
  }
  return no_error() && all_near(z, want, 1e-12);
}

static const CxOpcode scatters[] = {CX_OP_SCATTER, CX_OP_SCATTER_ADD, CX_OP_SCATTER_SUB, CX_OP_SCATTER_MUL, CX_OP_SCATTER_MIN, CX_OP_SCATTER_MAX};

static bool unique_places(const Dims *d, CxVal indices, CxIndexMode mode) {
  bool seen[4096] = {0}, ok = true;
  int64_t n = 1;
  for (int i = 0; i < d->out_rank; i++) n *= d->out[i];
  for (int64_t e = 0; e < n && ok; e++) {
    int64_t to = place(d, cx_data(indices), e, mode);
    if (to < 0) continue;
    ok = !seen[to];
    seen[to] = true;
  }
  return ok;
}

static bool one_scatter(const Dims *d, CxOpcode op, CxVal x, CxVal indices, CxVal u, CxIndexMode mode) {
  CxScatterAttrs attrs = {scatter_dims(d), (int32_t)mode};
  attrs.dims.unique_indices = unique_places(d, indices, mode);
  Case c = {op, 3, 1, {x, indices, u}, &attrs, {0, 0, 0}};
  bool ok = scatter_is_right(d, op, x, indices, u, mode), unique = attrs.dims.unique_indices;
  if (ok && (op != CX_OP_SCATTER_MUL || unique) && (mode == CX_INDEX_FILL_OR_DROP || op < CX_OP_SCATTER_MIN)) ok = check_jvp(&c, 1e-7, 1e-5);
  if (ok && (op == CX_OP_SCATTER_ADD || op == CX_OP_SCATTER_SUB || (op == CX_OP_SCATTER && unique))) ok = check_transpose(&c, 5) && check_transpose(&c, 1) && check_transpose(&c, 4);
  if (ok && op == CX_OP_SCATTER_MUL) ok = check_transpose(&c, 1) && (!unique || check_transpose(&c, 4));
  return ok;
}

static CxVal stacked(CxVal x, int axis) { /* two more of the kind, along `axis` */
  CxVal y = is_f64(x) ? random_like(x->type) : cx_sub(cx_scalar(x->type->dtype, 3), x), parts[3] = {x, y, x};
  for (int i = 0; i < 3; i++) parts[i] = cx_expand_dims(parts[i], (CxInts){.v = (int64_t[]){axis}, .n = 1});
  return cx_concatenate(3, parts, axis);
}

static bool batches(CxOpcode op, uint32_t nin, const void *attrs, CxVal *in) {
  bool ok = true;
  for (unsigned which = 1; ok && which < 1u << nin; which++) {
    Case c = {op, nin, 1, {0}, attrs, {-1, -1, -1}};
    for (uint32_t i = 0; i < nin; i++) {
      c.in[i] = in[i];
      if (!(which >> i & 1)) continue;
      c.axis[i] = (int)pick(in[i]->type->rank + 1);
      c.in[i] = stacked(in[i], c.axis[i]);
    }
    ok = check_batch(&c);
  }
  return ok;
}

static void random_cases(void) {
  for (int trial = 0; trial < 60; trial++) {
    CxScope scope;
    cx_scope_open(&scope);
    Dims d = random_dims();
    CxVal x = random_array(CX_F64, d.rank, d.x), u = random_array(CX_F64, d.out_rank, d.out), indices = random_indices(&d);
    CxIndexMode mode = trial % 2 ? CX_INDEX_CLIP : CX_INDEX_FILL_OR_DROP;
    CxGatherAttrs attrs = {gather_dims(&d), mode == CX_INDEX_CLIP ? CX_NO_NUMBER : CX_INT(0), (int32_t)mode, LIST(d.sizes, d.rank)};
    Case c = {CX_OP_GATHER, 2, 1, {x, indices}, &attrs, {0, 0}};
    bool ok = CHECK(gather_is_right(&d, x, indices, mode)) && CHECK(check_jvp(&c, 0.5, 1e-9)) && CHECK(check_transpose(&c, 1)) &&
              CHECK(batches(CX_OP_GATHER, 2, &attrs, c.in));
    for (size_t i = 0; ok && i < 6; i++) {
      CxScatterAttrs s = {scatter_dims(&d), (int32_t)mode};
      ok = CHECK(one_scatter(&d, scatters[i], x, indices, u, mode)) && CHECK(batches(scatters[i], 3, &s, (CxVal[]){x, indices, u}));
      if (!ok) fprintf(stderr, "  trial %d, %s\n", trial, cx_ops[scatters[i]]->name);
    }
    cx_scope_close(&scope);
  }
}

/* x[indices] and x[indices] op= updates on vectors */
static const CxGatherDims take = {.collapsed_slice_dims = {.v = (int64_t[]){0}, .n = 1}, .start_index_map = {.v = (int64_t[]){0}, .n = 1}};
static const CxScatterDims put = {.inserted_window_dims = {.v = (int64_t[]){0}, .n = 1}, .scatter_dims_to_operand_dims = {.v = (int64_t[]){0}, .n = 1}};

static CxVal column(CxVal x) { return cx_expand_dims(x, cx_ints(1)); }

static void fills(void) {
  CxVal out = column(ARRAY(CX_I32, int32_t, 2, 1, 9));
  int64_t one[] = {1};
  CxVal f = cx_gather(ARRAY(CX_F32, float, 2, 1, 2), out, take, one, CX_INDEX_FILL_OR_DROP, CX_NO_NUMBER);
  CHECK(((const float *)cx_data(f))[0] == 2 && isnan(((const float *)cx_data(f))[1]));
  CxVal i = cx_gather(ARRAY(CX_I8, int8_t, 2, 1, 2), out, take, one, CX_INDEX_FILL_OR_DROP, CX_NO_NUMBER);
  CHECK(((const int8_t *)cx_data(i))[1] == -128);
  CxVal u = cx_gather(ARRAY(CX_U64, uint64_t, 2, 1, 2), out, take, one, CX_INDEX_FILL_OR_DROP, CX_NO_NUMBER);
  CHECK(((const uint64_t *)cx_data(u))[1] == UINT64_MAX);
  CxVal b = cx_gather(ARRAY(CX_BOOL, bool, 2, 0, 0), out, take, one, CX_INDEX_FILL_OR_DROP, CX_NO_NUMBER);
  CHECK(((const bool *)cx_data(b))[1]);
  CxVal big = cx_gather(ARRAY(CX_I64, int64_t, 2, 1, 2), out, take, one, CX_INDEX_FILL_OR_DROP, CX_INT(INT64_MAX - 1));
  CHECK(((const int64_t *)cx_data(big))[1] == INT64_MAX - 1);
  CxVal empty = cx_array(CX_F32, 1, (int64_t[]){0}, NULL);
  cx_gather(empty, out, take, one, CX_INDEX_CLIP, CX_NO_NUMBER), CHECK(failed_with(CX_ERR_TYPE));
  CxVal none = cx_gather(empty, cx_array(CX_I32, 2, (int64_t[]){0, 1}, NULL), take, one, CX_INDEX_CLIP, CX_NO_NUMBER);
  CHECK(no_error() && none->type->size == 0);
  CxVal still = cx_scatter(empty, out, ARRAY(CX_F32, float, 2, 1, 2), put, CX_INDEX_CLIP);
  CHECK(no_error() && still->type->size == 0);
  CxVal no_map = cx_scatter(cx_array(CX_F32, 1, (int64_t[]){0}, NULL), cx_array(CX_I32, 2, (int64_t[]){2, 0}, NULL), ARRAY(CX_F32, float, 2, 1, 2),
                            (CxScatterDims){.inserted_window_dims = put.inserted_window_dims}, CX_INDEX_CLIP);
  CHECK(no_error() && no_map->type->size == 0);
}

static void types(void) {
  CxVal x = RANDOM(CX_F32, 4, 3), i = cx_array(CX_I32, 2, (int64_t[]){2, 1}, NULL), u = RANDOM(CX_F32, 2, 3);
  CxInts none = CX_NO_INTS, zero = cx_ints(0), one = cx_ints(1), bad = cx_ints(2), twice = cx_ints(0, 0);
  CxGatherDims ok = {.offset_dims = one, .collapsed_slice_dims = zero, .start_index_map = zero};
  int64_t row[] = {1, 3};
  CHECK(cx_gather(x, i, ok, row, CX_INDEX_CLIP, CX_NO_NUMBER) != NULL);
#define BAD_GATHER(indices, sizes, code, ...)                                 \
  do {                                                                        \
    CxGatherDims d = ok;                                                      \
    __VA_ARGS__;                                                              \
    cx_gather(x, indices, d, sizes, CX_INDEX_CLIP, CX_NO_NUMBER), CHECK(failed_with(code)); \
  } while (0)
  BAD_GATHER(u, row, CX_ERR_VALUE, (void)d);
  BAD_GATHER(cx_scalar_i64(CX_I32, 0), row, CX_ERR_TYPE, (void)d);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.offset_dims = bad);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.offset_dims = cx_ints(1, 0));
  BAD_GATHER(i, row, CX_ERR_TYPE, d.collapsed_slice_dims = bad);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.collapsed_slice_dims = twice);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.collapsed_slice_dims = none);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.collapsed_slice_dims = one);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.start_index_map = twice);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.start_index_map = none);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.start_index_map = bad);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.operand_batching_dims = zero; d.start_indices_batching_dims = zero);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.start_indices_batching_dims = zero);
  BAD_GATHER(i, row, CX_ERR_TYPE, d.operand_batching_dims = one; d.start_indices_batching_dims = one);
  BAD_GATHER(i, ((int64_t[]){1, 4}), CX_ERR_TYPE, (void)d);
  BAD_GATHER(i, ((int64_t[]){1, -1}), CX_ERR_TYPE, (void)d);
  CxScatterDims so = {.update_window_dims = one, .inserted_window_dims = zero, .scatter_dims_to_operand_dims = zero};
  CHECK(cx_scatter_add(x, i, u, so, CX_INDEX_CLIP) != NULL);
#define BAD_SCATTER(indices, updates, code, ...)                                       \
  do {                                                                                 \
    CxScatterDims d = so;                                                              \
    __VA_ARGS__;                                                                       \
    cx_scatter_add(x, indices, updates, d, CX_INDEX_CLIP), CHECK(failed_with(code));   \
  } while (0)
  BAD_SCATTER(u, u, CX_ERR_VALUE, (void)d);
  BAD_SCATTER(i, cx_convert(u, CX_F64), CX_ERR_TYPE, (void)d);
  BAD_SCATTER(i, RANDOM(CX_F32, 2, 4), CX_ERR_TYPE, (void)d);
  BAD_SCATTER(i, RANDOM(CX_F32, 3, 3), CX_ERR_TYPE, (void)d);
  BAD_SCATTER(i, RANDOM(CX_F32, 2), CX_ERR_TYPE, (void)d);
  BAD_SCATTER(i, u, CX_ERR_TYPE, d.update_window_dims = bad);
  BAD_SCATTER(i, u, CX_ERR_TYPE, d.inserted_window_dims = none);
  BAD_SCATTER(i, u, CX_ERR_TYPE, d.scatter_dims_to_operand_dims = none);
  BAD_SCATTER(i, u, CX_ERR_TYPE, d.operand_batching_dims = zero; d.scatter_indices_batching_dims = zero);
}

/* JAX's average over equals: x[0] = max(1, 1, 1) of the operand and two updates */
static void extremes(void) {
  CxScope scope;
  cx_scope_open(&scope);
  CxTrace *trace = trace_new(&trace_jvp, NULL, "check");
  CxVal x = ARRAY(CX_F64, double, 2, 1, 5), u = ARRAY(CX_F64, double, 2, 1, 1), i = column(ARRAY(CX_I32, int32_t, 2, 0, 0));
  CxVal dx = ARRAY(CX_F64, double, 2, 3, 1), du = ARRAY(CX_F64, double, 2, 6, 9);
  CxTrace *was = trace_enter(trace);
  CxVal z = cx_scatter_max(jvp_val(trace, x, dx), i, jvp_val(trace, u, du), put, CX_INDEX_FILL_OR_DROP);
  trace_leave(was);
  CHECK(no_error() && at(z->jvp.tangent, 0) == 6 && at(z->jvp.tangent, 1) == 1);
  ref_release(trace);
  cx_scope_close(&scope);
}

/* An operand that dies here is changed in place, never one that is seen elsewhere. */
static void in_place(void) {
  CxVal x = cx_retain(cx_iota(CX_F32, 1, (int64_t[]){4}, 0)), i = column(ARRAY(CX_I32, int32_t, 1, 2)), u = ARRAY(CX_F32, float, 1, 9), out = NULL;
  CxScatterAttrs attrs = {put, CX_INDEX_CLIP};
  const CxType *types[] = {x->type, i->type, u->type}, *result = x->type;
  CxApp a = {CX_OP_SCATTER, cx_ops[CX_OP_SCATTER], &attrs, 3, 1, (CxVal[]){x, i, u}, types, 1};
  CHECK(a.def->exec(&a, &result, &out) && out->array.data != x->array.data && ((const float *)cx_data(x))[2] == 2);
  cx_release(out);
  cx_release(x); /* still in the scope: now once */
  CHECK(a.def->exec(&a, &result, &out) && out->array.data == x->array.data && ((const float *)cx_data(out))[2] == 9);
  cx_release(out);
}

int main(void) {
  CxScope scope;
  cx_scope_open(&scope);
  random_cases();
  fills();
  types();
  extremes();
  in_place();
  cx_scope_close(&scope);
  return check_report();
}
