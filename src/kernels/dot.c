/* See dot.h. Each operand becomes a batch of matrices: where its free dims and its contracted dims each merge into one
 * stride it is used in place, otherwise (or if its dtype is not the one computed in) it is packed once. */
#include "kernels/dot.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/convert.h"
#include "kernels/gemm.h"
#include "kernels/move.h"
#include "runtime/pool.h"

enum { DOT_GRAIN = 1 << 18 }; /* multiplications worth a thread */

/* A batch of rows x cols matrices. */
typedef struct Matrices {
  const char *data;
  void *scratch; /* packed copy, or NULL */
  int64_t rows, cols, row, col;
  int64_t batch[VIEW_MAX_RANK]; /* strides of the batch dims */
} Matrices;

CxDtype dot_compute_dtype(CxDtype lhs, CxDtype rhs, CxDtype out) {
  const CxDtype all[] = {lhs, rhs, out};
  bool complex_kind = false, float_kind = false, wide = false;
  for (int i = 0; i < 3; i++) {
    char kind = cx_dtype_kind(all[i]);
    complex_kind |= kind == 'c';
    float_kind |= kind == 'f';
    wide |= all[i] == CX_F64 || all[i] == CX_C128;
  }
  if (complex_kind) return wide ? CX_C128 : CX_C64;
  if (float_kind) return wide ? CX_F64 : CX_F32;
  return cx_dtype_bytes(out) == 8 ? CX_U64 : CX_U32;
}

/* The dims as one extent and stride; false if no one stride steps through them in order. */
static bool dims_merge(const CxView *v, const int64_t *strides, const int *which, int n, int64_t *dim, int64_t *stride) {
  bool merged = true;
  *dim = 1;
  *stride = 0;
  for (int i = 0; i < n; i++) {
    int64_t extent = v->dims[which[i]], step = strides[which[i]];
    if (extent != 1) {
      merged &= *dim == 1 || *stride == step * extent;
      *stride = step;
    }
    *dim *= extent;
  }
  return merged;
}

static bool matrices_pack(Matrices *m, const CxView *v, const int64_t *strides, const int *order, CxDtype dtype, int n_batch) {
  int64_t dims[VIEW_MAX_RANK], from[VIEW_MAX_RANK];
  size_t bytes = (size_t)cx_dtype_bytes(dtype);
  for (int i = 0; i < v->rank; i++) {
    dims[i] = v->dims[order[i]];
    from[i] = strides[order[i]];
    FAIL_IF(!size_mul(bytes, (size_t)dims[i], &bytes), CX_ERR_MEMORY, "an operand of dot_general is too large to rearrange");
  }
  TRY(m->scratch = cx_malloc(bytes ? bytes : 1));
  TRY(kernel_convert(&(CxView){v->data, v->dtype, v->rank, dims, from}, &(CxView){m->scratch, dtype, v->rank, dims, NULL}));
  m->data = m->scratch;
  m->row = m->cols;
  m->col = 1;
  int64_t step = m->rows * m->cols;
  for (int i = n_batch - 1; i >= 0; i--) {
    m->batch[i] = step;
    step *= dims[i];
  }
  return true;
}

/* Dims in `order`: the batch dims, n_rows that are rows, the rest columns. */
static bool matrices_of(Matrices *m, const CxView *v, const int *order, int n_batch, int n_rows, CxDtype dtype) {
  int64_t strides[VIEW_MAX_RANK];
  view_strides(v, strides);
  *m = (Matrices){.data = v->data};
  bool rows = dims_merge(v, strides, order + n_batch, n_rows, &m->rows, &m->row);
  bool cols = dims_merge(v, strides, order + n_batch + n_rows, v->rank - n_batch - n_rows, &m->cols, &m->col);
  for (int i = 0; i < n_batch; i++) m->batch[i] = strides[order[i]];
  bool same = v->dtype == dtype || (dtype == CX_U32 && v->dtype == CX_I32) || (dtype == CX_U64 && v->dtype == CX_I64);
  if (rows && cols && same && gemm_strides_plain(m->rows, m->cols, m->row, m->col)) return true;
  return matrices_pack(m, v, strides, order, dtype, n_batch);
}

static bool dims_have(CxInts dims, int64_t dim) {
  for (int i = 0; i < dims.n; i++)
    if (dims.v[i] == dim) return true;
  return false;
}

/* Free dims in order, appended; returns their number. */
static int free_dims(const CxView *v, CxInts contract, CxInts batch, int *to) {
  int n = 0;
  for (int i = 0; i < v->rank; i++)
    if (!dims_have(contract, i) && !dims_have(batch, i)) to[n++] = i;
  return n;
}

static void append_dims(CxInts dims, int *to) {
  for (int i = 0; i < dims.n; i++) to[i] = (int)dims.v[i];
}

typedef struct Batches {
  const Matrices *a, *b;
  int n;
  const int64_t *dims;
  CxGemm first;
} Batches;

static bool dot_some(void *env, int64_t begin, int64_t end) {
  const Batches *s = env;
  int64_t item = cx_dtype_bytes(s->first.dtype);
  for (int64_t at = begin; at < end; at++) {
    CxGemm g = s->first;
    int64_t rest = at, a = 0, b = 0;
    for (int i = s->n - 1; i >= 0; i--) {
      int64_t here = rest % s->dims[i];
      rest /= s->dims[i];
      a += here * s->a->batch[i];
      b += here * s->b->batch[i];
    }
    g.a = (const char *)g.a + a * item;
    g.b = (const char *)g.b + b * item;
    g.c = (char *)g.c + at * g.m * g.n * item;
    TRY(gemm_run(&g));
  }
  return true;
}

static bool dot_batches(const Matrices *a, const Matrices *b, int n_batch, const int64_t *batch_dims, CxDtype dtype, void *c) {
  Batches s = {a, b, n_batch, batch_dims, {dtype, a->rows, b->cols, a->cols, a->data, b->data, a->row, a->col, b->row, b->col, c, b->cols}};
  int64_t count = 1;
  double work = (double)a->rows * (double)b->cols * (double)a->cols;
  for (int i = 0; i < n_batch; i++) count *= batch_dims[i];
  if (count == 1) return gemm_run(&s.first);
  return pool_for(count, work < DOT_GRAIN ? (int64_t)(DOT_GRAIN / (work + 1)) + 1 : 1, dot_some, &s);
}

/* Sums in dtype, dense as out, into out: integers keep the low bits, bool is "not zero", floats round. */
static bool dot_store(CxDtype dtype, void *sums, const CxView *out) {
  CxDtype as = dtype;
  if (cx_dtype_kind(out->dtype) == 'i') as = dtype == CX_U64 ? CX_I64 : CX_I32;
  return kernel_convert(&(CxView){sums, as, out->rank, out->dims, NULL}, out);
}

static bool dot_holds(CxDtype dtype, CxDtype out) {
  return dtype == out || (dtype == CX_U32 && out == CX_I32) || (dtype == CX_U64 && out == CX_I64);
}

static bool dot_matrices(const Matrices *a, const Matrices *b, const CxView *lhs, const CxDotDims *dims, CxDtype dtype, const CxView *out) {
  int64_t batch_dims[VIEW_MAX_RANK];
  for (int i = 0; i < dims->lhs_batch.n; i++) batch_dims[i] = lhs->dims[dims->lhs_batch.v[i]];
  if (dot_holds(dtype, out->dtype)) return dot_batches(a, b, dims->lhs_batch.n, batch_dims, dtype, out->data);
  size_t bytes;
  FAIL_IF(!size_mul((size_t)view_count(out), (size_t)cx_dtype_bytes(dtype), &bytes), CX_ERR_MEMORY,
          "the result of dot_general is too large");
  void *sums = cx_malloc(bytes ? bytes : 1);
  bool done = sums && dot_batches(a, b, dims->lhs_batch.n, batch_dims, dtype, sums) && dot_store(dtype, sums, out);
  cx_free(sums);
  return done;
}

bool kernel_dot_general(const CxView *lhs, const CxView *rhs, const CxDotDims *dims, const CxView *out) {
  int left[VIEW_MAX_RANK], right[VIEW_MAX_RANK], nb = dims->lhs_batch.n, nc = dims->lhs_contract.n;
  if (view_count(out) == 0) return true;
  append_dims(dims->lhs_batch, left);
  append_dims(dims->rhs_batch, right);
  int left_free = free_dims(lhs, dims->lhs_contract, dims->lhs_batch, left + nb);
  append_dims(dims->lhs_contract, left + nb + left_free);
  append_dims(dims->rhs_contract, right + nb);
  free_dims(rhs, dims->rhs_contract, dims->rhs_batch, right + nb + nc);
  CxDtype dtype = dot_compute_dtype(lhs->dtype, rhs->dtype, out->dtype);
  Matrices a = {0}, b = {0};
  bool done = matrices_of(&a, lhs, left, nb, left_free, dtype) && matrices_of(&b, rhs, right, nb, nc, dtype) &&
              dot_matrices(&a, &b, lhs, dims, dtype, out);
  cx_free(a.scratch);
  cx_free(b.scratch);
  return done;
}
