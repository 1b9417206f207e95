/* Reductions over segments: one scatter into an array of identities. */
#include "np/build.h"

#include <math.h>

typedef struct SegmentHow {
  const char *name;
  NpUpdate op;
  CxOptInt segments, bucket;
  bool sorted, unique;
  CxIndexMode mode;
} SegmentHow;

static bool segment_count(CxVal ids, const SegmentHow *h, int64_t *n) {
  *n = h->segments.v;
  if (!h->segments.given) {
    CxVal most = np_max(ids, .axis = {.none = true});
    if (!(most = np_concrete(most, "Give num_segments when segment_ids are traced."))) return false;
    *n = cx_to_int(most) + 1;
  }
  FAIL_IF(*n < 0, CX_ERR_VALUE, "num_segments must be non-negative.");
  return true;
}

static CxVal identities(const CxType *t, const int64_t *dims, int rank, NpUpdate op) {
  const CxType *of = cx_type(t->dtype, rank, dims, false);
  bool whole = strchr("iub", cx_dtype_kind(t->dtype)) != NULL;
  double least = whole ? np_lowest(t->dtype) : -INFINITY;
  switch (op) {
  case NP_UPDATE_MUL: return cx_full(of, 1);
  case NP_UPDATE_MAX: return cx_full(of, least);
  case NP_UPDATE_MIN: return whole ? cx_not(cx_full(of, least)) : cx_full(of, INFINITY);
  default: return cx_full(of, 0);
  }
}

static CxVal combine(CxVal x, NpUpdate op) { /* over the first axis */
  CxInts first = cx_ints(0);
  return op == NP_UPDATE_MUL ? cx_reduce_prod(x, first) : op == NP_UPDATE_MIN ? cx_reduce_min(x, first) : op == NP_UPDATE_MAX ? cx_reduce_max(x, first) : cx_reduce_sum(x, first);
}

static CxVal segments(CxVal data, CxVal ids, const SegmentHow *h) {
  int64_t dims[CX_MAX_RANK + 1], n;
  NpIndex items[2] = {{.kind = NP_INDEX_ARRAY, .array = ids}};
  NpIndexHow how = {.mode_given = true, .mode = h->mode, .no_wrap = true, .sorted = h->sorted, .unique = h->unique};
  if (!data || !ids || !segment_count(ids, h, &n)) return NULL;
  if (!data->type->rank) return cx_fail(CX_ERR_VALUE, "%s: data must have at least one axis", h->name), NULL;
  int rank = data->type->rank, lead = 1;
  if (h->bucket.given && h->bucket.v <= 0) return cx_fail(CX_ERR_VALUE, "%s: bucket_size must be positive", h->name), NULL;
  if (h->bucket.given) {
    int64_t size = ids->type->size;
    dims[0] = (size + h->bucket.v - 1) / h->bucket.v, lead = 2;
    items[0].array = vnewaxis(vfloordiv(varange(size), vint(h->bucket.v)), 0);
    items[1] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = vnewaxis(ids, 0)};
  }
  dims[lead - 1] = n;
  for (int i = 1; i < rank; i++) dims[lead - 1 + i] = data->type->dims[i];
  CxVal out = identities(data->type, dims, rank + lead - 1, h->op);
  if (out && data->type->size) out = np_update(out, items, lead, lead == 2 ? vnewaxis(data, 0) : data, h->op, &how);
  return lead == 2 && out ? vcast(combine(out, h->op), data->type->dtype) : out;
}

#define SEGMENT(fn, Options, update) \
  CxVal cx_ops_##fn(CxVal data, CxVal segment_ids, Options o) { \
    return segments(data, segment_ids, &(SegmentHow){#fn, update, o.num_segments, o.bucket_size, o.indices_are_sorted, o.unique_indices, o.mode}); \
  }
SEGMENT(segment_sum, CxOpsSegmentSum, NP_UPDATE_ADD)
SEGMENT(segment_prod, CxOpsSegmentProd, NP_UPDATE_MUL)
SEGMENT(segment_max, CxOpsSegmentMax, NP_UPDATE_MAX)
SEGMENT(segment_min, CxOpsSegmentMin, NP_UPDATE_MIN)
