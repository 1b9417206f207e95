/* kernel_conv (dot.h): patches of the input become the rows of a matrix, which the weights multiply.
 *
 *   patches[position][k, c] = lhs[position * stride + k * rhs_dilation - low]     (0 in padding and in dilation gaps)
 *   out[position][o] = sum over k, c of patches[position][k, c] * weights[k, c][o]
 *
 * Positions (image and place) are cut into chunks whose patches fit the second-level cache. For one k the places that hit
 * an element of lhs are an arithmetic progression along each axis, so the patches of a chunk are one strided copy per k. */
#include "kernels/dot.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/convert.h"
#include "kernels/gemm.h"
#include "kernels/hits.h"
#include "kernels/move.h"
#include "runtime/pool.h"

#include <string.h>

enum { CONV_CHUNK_BYTES = 1 << 19, CONV_GRAIN = 1 << 18 }; /* the latter: multiplications worth a thread */

/* An operand seen as batch, features and places. */
typedef struct Side {
  char *data;
  int64_t images, features, place[VIEW_MAX_RANK]; /* extents */
  int64_t image_step, feature_step, place_step[VIEW_MAX_RANK];
} Side;

typedef struct Conv {
  const CxConvShape *shape;
  CxDtype dtype; /* computed in */
  int spatial, item;
  Side lhs, out;
  const char *weights; /* [kernel..., channels, all features] */
  int64_t kernel[VIEW_MAX_RANK], all_taps[VIEW_MAX_RANK], taps; /* taps by axis: those that count, and of `weights`; their product */
  int64_t stride[VIEW_MAX_RANK], dilation[VIEW_MAX_RANK], offset[VIEW_MAX_RANK]; /* place o and tap k meet o * stride + k * dilation + offset */
  int64_t groups, images, channels, features; /* the last three: of one group */
  int64_t depth;                              /* taps * channels */
  int64_t places;                             /* of one image of out */
  bool by_feature;                            /* patches are stored with the positions contiguous */
  bool line;                                  /* patches are overlapping runs of one padded line: no copies */
  void *lhs_copy, *weights_copy, *patches, *sums;
} Conv;

/* Positions: images from n, places with first coordinate from row. */
typedef struct Chunk {
  int64_t group, image, images, row, rows, count;
} Chunk;

static Side side_of(const CxView *v, CxInts spec) {
  int64_t strides[VIEW_MAX_RANK];
  view_strides(v, strides);
  Side s = {.data = v->data, .images = v->dims[spec.v[0]], .features = v->dims[spec.v[1]],
            .image_step = strides[spec.v[0]], .feature_step = strides[spec.v[1]]};
  for (int i = 0; i + 2 < v->rank; i++) {
    s.place[i] = v->dims[spec.v[i + 2]];
    s.place_step[i] = strides[spec.v[i + 2]];
  }
  return s;
}

static void *conv_alloc(const Conv *c, int64_t rows, int64_t cols) {
  size_t bytes;
  FAIL_IF(!size_mul((size_t)rows, (size_t)cols, &bytes) || !size_mul(bytes, (size_t)c->item, &bytes), CX_ERR_MEMORY,
          "conv_general_dilated needs too much memory for its patches");
  return cx_malloc(bytes ? bytes : 1);
}

static bool dtype_serves(CxDtype have, CxDtype want) {
  return have == want || (want == CX_U32 && have == CX_I32) || (want == CX_U64 && have == CX_I64);
}

static bool conv_take_lhs(Conv *c, const CxView *lhs) {
  CxView v = *lhs;
  if (!dtype_serves(lhs->dtype, c->dtype)) {
    TRY(c->lhs_copy = conv_alloc(c, view_count(lhs), 1));
    v = (CxView){c->lhs_copy, c->dtype, lhs->rank, lhs->dims, NULL};
    TRY(kernel_convert(lhs, &v));
  }
  c->lhs = side_of(&v, c->shape->dims.lhs_spec);
  return true;
}

static bool conv_take_weights(Conv *c, const CxView *rhs) {
  int64_t strides[VIEW_MAX_RANK], dims[VIEW_MAX_RANK], from[VIEW_MAX_RANK];
  const int64_t *spec = c->shape->dims.rhs_spec.v;
  int rank = rhs->rank;
  view_strides(rhs, strides);
  for (int i = 0; i < rank; i++) {
    int64_t axis = spec[i < rank - 2 ? i + 2 : i == rank - 2 ? 1 : 0];
    dims[i] = rhs->dims[axis];
    from[i] = strides[axis];
  }
  CxView ordered = {rhs->data, rhs->dtype, rank, dims, from};
  c->weights = rhs->data;
  if (view_dense(&ordered) && dtype_serves(rhs->dtype, c->dtype)) return true;
  TRY(c->weights_copy = conv_alloc(c, view_count(rhs), 1));
  c->weights = c->weights_copy;
  return kernel_convert(&ordered, &(CxView){c->weights_copy, c->dtype, rank, dims, NULL});
}

/* ---- patches ---- */

/* The places of one axis where tap k sees an element. */
static Hits conv_hits(const Conv *c, int axis, int64_t k, int64_t from, int64_t to) {
  int64_t offset = k * c->dilation[axis] + c->offset[axis];
  return hits_of(c->stride[axis], c->shape->lhs_dilation[axis], c->lhs.place[axis], offset, from, to);
}

/* Copies what tap `k` sees into the patches of a chunk; columns of the tap begin at `column`. */
static void patches_tap(const Conv *c, const Chunk *u, const int64_t *k, int64_t column) {
  int n = c->spatial + 2, feature = n - 1;
  int64_t dims[VIEW_MAX_RANK], to[VIEW_MAX_RANK], from[VIEW_MAX_RANK];
  int64_t position = c->by_feature ? 1 : c->depth, step = position, at = 0, source = 0;
  for (int i = c->spatial - 1; i >= 0; i--) {
    int64_t begin = i == 0 ? u->row : 0, end = i == 0 ? u->row + u->rows : c->out.place[i];
    Hits h = conv_hits(c, i, k[i], begin, end);
    dims[i + 1] = h.count;
    to[i + 1] = h.step * step;
    from[i + 1] = h.at_step * c->lhs.place_step[i];
    at += (h.first - begin) * step;
    source += h.at * c->lhs.place_step[i];
    step *= end - begin;
    if (h.count == 0) return;
  }
  dims[0] = u->images;
  to[0] = step;
  from[0] = c->lhs.image_step;
  dims[feature] = c->channels;
  to[feature] = c->by_feature ? u->count : 1;
  from[feature] = c->lhs.feature_step;
  int64_t feature_group = c->shape->feature_groups > 1 ? u->group : 0, batch_group = c->shape->batch_groups > 1 ? u->group : 0;
  source += (u->image + batch_group * c->images) * c->lhs.image_step + feature_group * c->channels * c->lhs.feature_step;
  at += column * (c->by_feature ? u->count : 1);
  move_strided(c->item, n, dims, (char *)c->patches + at * c->item, to, c->lhs.data + source * c->item, from);
}

static void patches_fill(const Conv *c, const Chunk *u) {
  int64_t k[VIEW_MAX_RANK] = {0};
  memset(c->patches, 0, (size_t)(u->count * c->depth * c->item));
  for (int64_t tap = 0; tap < c->taps; tap++) {
    patches_tap(c, u, k, tap * c->channels);
    for (int i = c->spatial - 1; i >= 0; i--) {
      if (++k[i] < c->kernel[i]) break;
      k[i] = 0;
    }
  }
}

/* ---- products ---- */

/* The chunk of out: [images, places..., features of the group]. */
static CxView chunk_view(const Conv *c, const Chunk *u, CxDtype dtype, int64_t *dims, int64_t *strides) {
  int n = c->spatial;
  int64_t at = u->image * c->out.image_step + u->group * c->features * c->out.feature_step;
  dims[0] = u->images;
  strides[0] = c->out.image_step;
  for (int i = 0; i < n; i++) {
    dims[i + 1] = i == 0 ? u->rows : c->out.place[i];
    strides[i + 1] = c->out.place_step[i];
    if (i == 0) at += u->row * c->out.place_step[i];
  }
  dims[n + 1] = c->features;
  strides[n + 1] = c->out.feature_step;
  return (CxView){c->out.data + at * cx_dtype_bytes(dtype), dtype, n + 2, dims, strides};
}

/* The one stride that steps through the positions of a chunk of out, or 0. */
static int64_t chunk_step(const CxView *v) {
  int64_t step = 0, count = 1;
  for (int i = 0; i < v->rank - 1; i++) {
    if (v->dims[i] == 1) continue;
    if (count != 1 && step != v->strides[i] * v->dims[i]) return 0;
    step = v->strides[i];
    count *= v->dims[i];
  }
  return count == 1 ? 1 : step;
}

/* Sums with the features as rows, for places that stand apart in out. */
static bool chunk_by_features(const Conv *c, const Chunk *u, const CxView *to, CxDtype as, int64_t patch_row, int64_t patch_col) {
  int64_t dims[VIEW_MAX_RANK], strides[VIEW_MAX_RANK];
  const char *weights = c->weights + u->group * c->features * c->item;
  CxGemm g = {c->dtype, c->features, u->count, c->depth, weights, c->patches, 1, c->features * c->groups, patch_col, patch_row, c->sums, u->count};
  for (int i = 0; i < to->rank; i++) {
    int from = i == 0 ? to->rank - 1 : i - 1;
    dims[i] = to->dims[from];
    strides[i] = to->strides[from];
  }
  return gemm_run(&g) && kernel_convert(&(CxView){c->sums, as, to->rank, dims, NULL}, &(CxView){to->data, to->dtype, to->rank, dims, strides});
}

static bool chunk_product(const Conv *c, const Chunk *u, const CxView *out) {
  int64_t dims[VIEW_MAX_RANK], strides[VIEW_MAX_RANK];
  CxView to = chunk_view(c, u, out->dtype, dims, strides);
  int64_t step = chunk_step(&to), patch_row = c->by_feature ? 1 : c->depth, patch_col = c->by_feature ? u->count : 1;
  if (c->line) {
    patch_row = c->shape->strides[0];
    patch_col = c->shape->rhs_dilation[0];
  }
  int64_t all = c->features * c->groups;
  const char *weights = c->weights + u->group * c->features * c->item;
  bool in_place = dtype_serves(out->dtype, c->dtype);
  if (in_place && step == 1) { /* features are rows of out */
    CxGemm g = {c->dtype, c->features, u->count, c->depth, weights, c->patches, 1, all, patch_col, patch_row,
                to.data, c->out.feature_step};
    return gemm_run(&g);
  }
  CxGemm g = {c->dtype, u->count, c->features, c->depth, c->patches, weights, patch_row, patch_col, all, 1, to.data, step};
  if (in_place && step > 0 && (c->out.feature_step == 1 || c->features == 1)) return gemm_run(&g);
  CxDtype as = c->dtype;
  if (cx_dtype_kind(out->dtype) == 'i') as = c->dtype == CX_U64 ? CX_I64 : CX_I32;
  if (c->spatial && c->out.feature_step > c->out.place_step[c->spatial - 1]) return chunk_by_features(c, u, &to, as, patch_row, patch_col);
  g.c = c->sums;
  g.c_row = c->features;
  return gemm_run(&g) && kernel_convert(&(CxView){c->sums, as, to.rank, dims, NULL}, &to);
}

/* Whole images if several fit, else rows of one image. */
static void chunk_size(const Conv *c, int64_t *images, int64_t *rows) {
  int64_t fit = CONV_CHUNK_BYTES / c->item / (c->depth ? c->depth : 1), all_rows = c->spatial ? c->out.place[0] : 1;
  int64_t row = c->places / all_rows;
  if (fit < 1) fit = 1;
  *images = fit / c->places;
  *rows = all_rows;
  if (*images > c->out.images) *images = c->out.images;
  if (*images >= 1) return;
  *images = 1;
  *rows = fit / row < 1 ? 1 : fit / row;
}

/* The chunks in order: groups, images, rows. */
typedef struct Chunks {
  const Conv *conv;
  const CxView *out;
  int64_t images, rows, per_group, per_image; /* the last two: how many chunks */
} Chunks;

static bool conv_some(void *env, int64_t begin, int64_t end) {
  const Chunks *s = env;
  Conv c = *s->conv;
  int64_t all_rows = c.spatial ? c.out.place[0] : 1, row = c.places / all_rows, most = s->images * s->rows * row;
  c.patches = conv_alloc(&c, most, c.depth);
  c.sums = c.patches ? conv_alloc(&c, most, c.features) : NULL;
  bool ok = c.sums != NULL;
  for (int64_t i = begin; ok && i < end; i++) {
    int64_t within = i % s->per_group;
    Chunk u = {.group = i / s->per_group, .image = within / s->per_image * s->images, .row = within % s->per_image * s->rows};
    u.images = c.out.images - u.image < s->images ? c.out.images - u.image : s->images;
    u.rows = all_rows - u.row < s->rows ? all_rows - u.row : s->rows;
    u.count = u.images * u.rows * row;
    patches_fill(&c, &u);
    ok = chunk_product(&c, &u, s->out);
  }
  cx_free(c.patches);
  cx_free(c.sums);
  return ok;
}

static bool conv_chunks(const Conv *c, const CxView *out) {
  Chunks s = {.conv = c, .out = out};
  int64_t all_rows = c->spatial ? c->out.place[0] : 1;
  chunk_size(c, &s.images, &s.rows);
  s.per_image = (all_rows + s.rows - 1) / s.rows;
  s.per_group = s.per_image * ((c->out.images + s.images - 1) / s.images);
  int64_t work = s.images * s.rows * (c->places / all_rows) * c->features * (c->depth ? c->depth : 1);
  return pool_for(c->groups * s.per_group, CONV_GRAIN / (work ? work : 1) + 1, conv_some, &s);
}

/* ---- dilated inputs: the places of one phase meet the same taps, and no gaps ---- */

static bool phase_weights(Conv *c, const int64_t *first, const int64_t *every, void **copy) {
  int64_t dims[VIEW_MAX_RANK], to[VIEW_MAX_RANK], from[VIEW_MAX_RANK], at = 0;
  int64_t step = c->channels * c->features * c->groups, n = c->spatial;
  dims[n] = step, from[n] = 1;
  for (int64_t i = n - 1; i >= 0; i--) {
    dims[i] = c->kernel[i];
    from[i] = step * every[i];
    at += step * first[i];
    step *= c->all_taps[i];
  }
  dense_strides(dims, (int)n + 1, to);
  TRY(*copy = conv_alloc(c, c->taps, dims[n]));
  if (c->taps) move_strided(c->item, (int)n + 1, dims, *copy, to, c->weights + at * c->item, from);
  c->weights = *copy;
  return true;
}

/* phase[i] < every place[i]-th place of out along axis i. */
static bool conv_phase(const Conv *whole, const int64_t *phase, const int64_t *place, const CxView *out) {
  Conv c = *whole;
  int64_t first[VIEW_MAX_RANK], every[VIEW_MAX_RANK];
  c.taps = c.places = 1;
  for (int i = 0; i < c.spatial; i++) {
    int64_t gap = c.shape->lhs_dilation[i], offset = c.offset[i] + phase[i] * c.stride[i];
    every[i] = gap / greatest_divisor(gap, c.dilation[i]);
    first[i] = 0;
    while (first[i] < every[i] && (offset + first[i] * c.dilation[i]) % gap) first[i]++;
    c.kernel[i] = first[i] < every[i] && first[i] < c.kernel[i] ? (c.kernel[i] - first[i] - 1) / every[i] + 1 : 0;
    c.offset[i] = offset + first[i] * c.dilation[i];
    c.dilation[i] *= every[i];
    c.stride[i] *= place[i];
    c.out.data += phase[i] * c.out.place_step[i] * cx_dtype_bytes(out->dtype);
    c.out.place[i] = (c.out.place[i] - phase[i] - 1) / place[i] + 1;
    c.out.place_step[i] *= place[i];
    c.taps *= c.kernel[i];
    c.places *= c.out.place[i];
  }
  c.depth = c.taps * c.channels;
  void *copy = NULL;
  bool ok = phase_weights(&c, first, every, &copy) && conv_chunks(&c, out);
  cx_free(copy);
  return ok;
}

static bool conv_phases(const Conv *c, const CxView *out) {
  int64_t phase[VIEW_MAX_RANK] = {0}, place[VIEW_MAX_RANK];
  bool one = true;
  for (int i = 0; i < c->spatial; i++) {
    int64_t gap = c->shape->lhs_dilation[i];
    place[i] = gap / greatest_divisor(gap, c->stride[i]);
    one &= place[i] == 1 && gap == 1;
  }
  if (one) return conv_chunks(c, out);
  for (;;) {
    TRY(conv_phase(c, phase, place, out));
    int i = c->spatial - 1;
    for (; i >= 0; i--) {
      if (++phase[i] < place[i] && phase[i] < c->out.place[i]) break;
      phase[i] = 0;
    }
    if (i < 0) return true;
  }
}

/* One spatial axis, one channel: patches[position][k] = line[position * stride + k * rhs_dilation]. */
static bool conv_line(Conv *c, const CxView *out) {
  const CxConvShape *s = c->shape;
  int64_t span = (c->places - 1) * s->strides[0] + (c->taps - 1) * s->rhs_dilation[0] + 1, dense = 1;
  TRY(c->patches = conv_alloc(c, span, 1));
  TRY(c->sums = conv_alloc(c, c->places, c->features));
  Hits h = hits_of(1, 1, c->lhs.place[0], -s->padding[0], 0, span);
  memset(c->patches, 0, (size_t)(span * c->item));
  for (int64_t image = 0; image < c->out.images; image++) {
    Chunk u = {.image = image, .images = 1, .rows = c->places, .count = c->places};
    if (h.count)
      move_strided(c->item, 1, &h.count, (char *)c->patches + h.first * c->item, &dense,
                   c->lhs.data + (image * c->lhs.image_step + h.at * c->lhs.place_step[0]) * c->item, &c->lhs.place_step[0]);
    TRY(chunk_product(c, &u, out));
  }
  return true;
}

static void conv_measure(Conv *c, const CxView *rhs) {
  const CxConvShape *s = c->shape;
  const int64_t *spec = s->dims.rhs_spec.v;
  c->groups = s->feature_groups > 1 ? s->feature_groups : s->batch_groups > 1 ? s->batch_groups : 1;
  c->channels = rhs->dims[spec[1]];
  c->features = rhs->dims[spec[0]] / c->groups;
  c->images = c->out.images;
  c->taps = c->places = 1;
  for (int i = 0; i < c->spatial; i++) {
    c->kernel[i] = c->all_taps[i] = rhs->dims[spec[i + 2]];
    c->stride[i] = s->strides[i];
    c->dilation[i] = s->rhs_dilation[i];
    c->offset[i] = -s->padding[2 * i];
    c->taps *= c->kernel[i];
    c->places *= c->out.place[i];
  }
  c->depth = c->taps * c->channels;
  c->by_feature = c->lhs.feature_step != 1 || c->channels < 4;
  c->line = c->spatial == 1 && c->channels == 1 && c->groups == 1 && c->taps >= 8 && c->shape->lhs_dilation[0] == 1;
}

bool kernel_conv(const CxView *lhs, const CxView *rhs, const CxConvShape *shape, const CxView *out) {
  if (view_count(out) == 0) return true;
  Conv c = {.shape = shape, .dtype = dot_compute_dtype(lhs->dtype, rhs->dtype, out->dtype), .spatial = out->rank - 2};
  c.item = cx_dtype_bytes(c.dtype);
  c.out = side_of(out, shape->dims.out_spec);
  bool done = conv_take_lhs(&c, lhs) && conv_take_weights(&c, rhs);
  if (done) conv_measure(&c, rhs);
  done = done && (c.line ? conv_line(&c, out) : conv_phases(&c, out));
  cx_free(c.lhs_copy);
  cx_free(c.weights_copy);
  cx_free(c.patches);
  cx_free(c.sums);
  return done;
}
