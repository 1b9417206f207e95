/* See gather.h. Both kernels walk the index vectors in row-major order, a block at a time: for each block the indices of
 * each component are read in one typed loop, clamped, and turned into element offsets of the operand; the window that
 * belongs to each place is then moved or combined by a plan made once. */
#include "kernels/gather.h"

#include "base/error.h"
#include "kernels/combine.h"
#include "kernels/convert.h"
#include "kernels/move.h"
#include "runtime/pool.h"

#include <math.h>
#include <string.h>

enum { PLACES = 128 };

/* A walk over the index vectors. Dims are those of the indices but the last, merged where all three strides allow. */
typedef struct Walk {
  const CxView *indices;
  int rank, components;
  int64_t dims[VIEW_MAX_RANK], at[VIEW_MAX_RANK];
  int64_t index[VIEW_MAX_RANK], operand[VIEW_MAX_RANK], other[VIEW_MAX_RANK]; /* steps: indices, operand, out or updates */
  int64_t component_step;
  int64_t limit[VIEW_MAX_RANK], step[VIEW_MAX_RANK]; /* by component: greatest start, operand stride */
  bool drop, done;
  int64_t index_at, operand_at, other_at;
} Walk;

typedef struct Places {
  int n;
  bool all; /* every ok is set */
  bool ok[PLACES];
  int64_t index[PLACES], operand[PLACES], other[PLACES], start[PLACES];
} Places;

static bool dims_have(const int64_t *dims, int n, int64_t dim) {
  for (int i = 0; i < n; i++)
    if (dims[i] == dim) return true;
  return false;
}

static void walk_dim(Walk *w, int64_t dim, int64_t index, int64_t operand, int64_t other) {
  if (dim == 1) return;
  if (dim == 0) w->done = true;
  int top = w->rank - 1;
  if (top >= 0 && w->index[top] == index * dim && w->operand[top] == operand * dim && w->other[top] == other * dim) {
    w->dims[top] *= dim;
  } else {
    top = w->rank++;
    w->dims[top] = dim;
  }
  w->index[top] = index;
  w->operand[top] = operand;
  w->other[top] = other;
}

/* Takes up to PLACES places of the innermost dim. */
static void walk_take(Walk *w, Places *p) {
  int last = w->rank - 1;
  int64_t left = last < 0 ? 1 : w->dims[last] - w->at[last];
  int64_t index = last < 0 ? 0 : w->index[last], operand = last < 0 ? 0 : w->operand[last], other = last < 0 ? 0 : w->other[last];
  p->n = (int)(left < PLACES ? left : PLACES);
  p->all = true;
  for (int64_t j = 0; j < p->n; j++) {
    p->index[j] = w->index_at + j * index;
    p->operand[j] = w->operand_at + j * operand;
    p->other[j] = w->other_at + j * other;
    p->ok[j] = true;
  }
}

static void walk_advance(Walk *w, int n) {
  int64_t by = n;
  for (int i = w->rank - 1; i >= 0; i--) {
    w->index_at += by * w->index[i];
    w->operand_at += by * w->operand[i];
    w->other_at += by * w->other[i];
    w->at[i] += by;
    if (w->at[i] < w->dims[i]) return;
    w->index_at -= w->dims[i] * w->index[i];
    w->operand_at -= w->dims[i] * w->operand[i];
    w->other_at -= w->dims[i] * w->other[i];
    w->at[i] = 0;
    by = 1;
  }
  w->done = true;
}

#define READ_CASE(T)                                                                                \
  for (int j = 0; j < p->n; j++) p->start[j] = (int64_t)((const T *)indices->data)[p->index[j] + at]; \
  return;

static void places_read(const CxView *indices, int64_t at, Places *p) {
  switch (indices->dtype) {
    case CX_I32: READ_CASE(int32_t)
    case CX_I64: READ_CASE(int64_t)
    case CX_U32: READ_CASE(uint32_t)
    default:
      for (int j = 0; j < p->n; j++) p->start[j] = view_index(indices, p->index[j] + at);
      return;
  }
}

static void places_limit(Places *p, int64_t limit, int64_t step, bool drop) {
  bool none = limit < 0, all = true;
  for (int j = 0; j < p->n; j++) {
    int64_t start = p->start[j] > limit ? limit : p->start[j];
    start = start < 0 ? 0 : start;
    bool ok = !none && !(drop && start != p->start[j]);
    p->ok[j] &= ok;
    all &= ok;
    p->operand[j] += start * step;
  }
  p->all &= all;
}

static bool walk_next(Walk *w, Places *p) {
  if (w->done) return false;
  walk_take(w, p);
  for (int k = 0; k < w->components; k++) {
    places_read(w->indices, k * w->component_step, p);
    places_limit(p, w->limit[k], w->step[k], w->drop);
  }
  walk_advance(w, p->n);
  return true;
}

/* other_dims: the dims of out or updates that belong to the index dims, in order. */
static void walk_start(Walk *w, const CxView *indices, const int64_t *operand_strides, const int64_t *operand_batching,
                       const int64_t *indices_batching, int n_batching, const int64_t *other_strides, const bool *other_window) {
  int64_t strides[VIEW_MAX_RANK];
  int last = indices->rank - 1, other = 0;
  view_strides(indices, strides);
  *w = (Walk){.indices = indices, .component_step = strides[last]};
  for (int i = 0; i < last; i++, other++) {
    int64_t operand = 0;
    for (int k = 0; k < n_batching; k++)
      if (indices_batching[k] == i) operand = operand_strides[operand_batching[k]];
    while (other_window[other]) other++;
    walk_dim(w, indices->dims[i], strides[i], operand, other_strides[other]);
  }
}

static void walk_components(Walk *w, const int64_t *map, int n, const CxView *operand, const int64_t *strides,
                            const int64_t *window) {
  w->components = n;
  for (int k = 0; k < n; k++) {
    w->limit[k] = operand->dims[map[k]] - window[map[k]];
    w->step[k] = strides[map[k]];
  }
}

/* ---- gather ---- */

void gather_default_fill(CxDtype dtype, void *value) {
  int bits = cx_dtype_bits(dtype), bytes = cx_dtype_bytes(dtype);
  memset(value, 0, (size_t)bytes);
  switch (cx_dtype_kind(dtype)) {
    case 'f': dtype_store(dtype, value, 0, (double)NAN); return;
    case 'c':
      if (dtype == CX_C64) memcpy(value, &(float){NAN}, sizeof(float));
      else memcpy(value, &(double){(double)NAN}, sizeof(double));
      return;
    case 'i': dtype_store(dtype, value, 0, -ldexp(1, bits - 1)); return;
    case 'u': memset(value, bits < 8 ? (1 << bits) - 1 : 255, (size_t)bytes); return;
    case 'k': memset(value, 255, (size_t)bytes); return;
    default: *(uint8_t *)value = 1; return;
  }
}

#define GATHER_CASE(T)                                                                                  \
  for (int j = 0; j < p->n; j++) ((T *)out)[p->other[j]] = p->ok[j] ? ((const T *)operand)[p->operand[j]] : *(const T *)fill; \
  return;

static void gather_elements(int item, const Places *p, const void *operand, const void *fill, void *out) {
  switch (item) {
    case 1: GATHER_CASE(uint8_t)
    case 2: GATHER_CASE(uint16_t)
    case 4: GATHER_CASE(uint32_t)
    case 8: GATHER_CASE(uint64_t)
    default: break;
  }
  for (int j = 0; j < p->n; j++)
    memcpy((char *)out + p->other[j] * item, p->ok[j] ? (const char *)operand + p->operand[j] * item : (const char *)fill, (size_t)item);
}

static void gather_windows(const CxMove *window, const CxMove *filling, const Places *p, const char *operand, const void *fill,
                           char *out) {
  int64_t item = window->item;
  for (int j = 0; j < p->n; j++)
    if (p->ok[j])
      move_run(window, out + p->other[j] * item, operand + p->operand[j] * item);
    else
      move_run(filling, out + p->other[j] * item, fill);
}

/* One index for each place, no batches, windows that are one run on both sides: most gathers and scatters. Straight loops, shared
 * among threads. */
typedef struct Flat {
  const void *indices;
  CxDtype index;
  int item;
  int64_t n, index_step, other_step; /* places; steps in elements */
  int64_t limit, step, run;          /* greatest start; the operand's step for an index; elements of a window */
  bool drop;
  const char *operand, *fill; /* gather: from; the fill value for a whole window */
  char *out;
  const char *updates;
} Flat;

static bool flat_of(Flat *f, const Walk *w, const CxMove *window) {
  bool run = window->rank == 0 || (window->rank == 1 && window->to[0] == 1 && window->from[0] == 1);
  CxDtype d = w->indices->dtype;
  if (w->done || !run || w->rank > 1 || w->components != 1 || w->limit[0] < 0 || (w->rank && w->operand[0])) return false;
  if (d != CX_I32 && d != CX_I64 && d != CX_U32) return false;
  *f = (Flat){.indices = w->indices->data, .index = d, .item = window->item, .n = w->rank ? w->dims[0] : 1, .limit = w->limit[0],
              .step = w->step[0], .run = window->rank ? window->dims[0] : 1, .drop = w->drop};
  if (w->rank) f->index_step = w->index[0], f->other_step = w->other[0];
  return true;
}

/* The start for place j; -1: dropped */
static inline int64_t flat_start(int64_t given, int64_t limit, bool drop) {
  int64_t start = given > limit ? limit : given < 0 ? 0 : given;
  return drop && start != given ? -1 : start;
}

#define FLAT_GATHER(I, T)                                                                                           \
  static void flat_gather_##I##_##T(const Flat *f, int64_t begin, int64_t end) {                                    \
    const I *index = f->indices;                                                                                    \
    const T *from = (const T *)(const void *)f->operand, fill = *(const T *)(const void *)f->fill;                  \
    T *to = (T *)(void *)f->out;                                                                                    \
    for (int64_t j = begin; j < end; j++) {                                                                         \
      int64_t start = flat_start((int64_t)index[j * f->index_step], f->limit, f->drop);                             \
      to[j * f->other_step] = start < 0 ? fill : from[start * f->step];                                             \
    }                                                                                                               \
  }
#define FLAT_GATHERS(I) FLAT_GATHER(I, uint8_t) FLAT_GATHER(I, uint16_t) FLAT_GATHER(I, uint32_t) FLAT_GATHER(I, uint64_t)
FLAT_GATHERS(int32_t)
FLAT_GATHERS(int64_t)
FLAT_GATHERS(uint32_t)

static int64_t flat_index(const Flat *f, int64_t j) {
  int64_t at = j * f->index_step, given;
  if (f->index == CX_I32) given = ((const int32_t *)f->indices)[at];
  else if (f->index == CX_I64) given = ((const int64_t *)f->indices)[at];
  else given = ((const uint32_t *)f->indices)[at];
  return flat_start(given, f->limit, f->drop);
}

static void flat_gather_runs(const Flat *f, int64_t begin, int64_t end) {
  size_t bytes = (size_t)(f->run * f->item);
  for (int64_t j = begin; j < end; j++) {
    int64_t start = flat_index(f, j);
    char *to = f->out + j * f->other_step * f->item;
    if (start >= 0) memcpy(to, f->operand + start * f->step * f->item, bytes);
    else move_fill(to, f->fill, f->item, f->run);
  }
}

static bool flat_gather(void *env, int64_t begin, int64_t end) {
  typedef void Loop(const Flat *, int64_t, int64_t);
  static Loop *const loops[3][4] = {{flat_gather_int32_t_uint8_t, flat_gather_int32_t_uint16_t, flat_gather_int32_t_uint32_t, flat_gather_int32_t_uint64_t},
                                    {flat_gather_int64_t_uint8_t, flat_gather_int64_t_uint16_t, flat_gather_int64_t_uint32_t, flat_gather_int64_t_uint64_t},
                                    {flat_gather_uint32_t_uint8_t, flat_gather_uint32_t_uint16_t, flat_gather_uint32_t_uint32_t, flat_gather_uint32_t_uint64_t}};
  const Flat *f = env;
  int row = f->index == CX_I32 ? 0 : f->index == CX_I64 ? 1 : 2;
  if (f->run == 1 && f->item <= 8) loops[row][f->item == 1 ? 0 : f->item == 2 ? 1 : f->item == 4 ? 2 : 3](f, begin, end);
  else flat_gather_runs(f, begin, end);
  return true;
}

enum { FLAT_GRAIN = 1 << 14 }; /* elements worth a thread */

static bool gather_flat(Flat *f, const CxView *operand, const void *fill, const CxView *out) {
  f->operand = operand->data;
  f->fill = fill;
  f->out = out->data;
  return pool_for(f->n, FLAT_GRAIN / f->run + 1, flat_gather, f);
}

void kernel_gather(const CxView *operand, const CxView *indices, const CxGatherDims *dims, const int64_t *slice_sizes,
                   CxIndexMode mode, const void *fill, const CxView *out) {
  int64_t own[VIEW_MAX_RANK], to[VIEW_MAX_RANK], sizes[VIEW_MAX_RANK], from[VIEW_MAX_RANK], offset[VIEW_MAX_RANK];
  int64_t none[VIEW_MAX_RANK] = {0};
  bool is_offset[VIEW_MAX_RANK + 1] = {false};
  int n = 0, item = cx_dtype_bytes(out->dtype);
  Item16 value;
  if (view_count(out) == 0 || item == 0) return;
  if (!fill) gather_default_fill(out->dtype, (void *)&value);
  view_strides(operand, own);
  view_strides(out, to);
  for (int i = 0; i < dims->offset_dims.n; i++) is_offset[dims->offset_dims.v[i]] = true;
  for (int i = 0; i < operand->rank; i++) {
    if (dims_have(dims->collapsed_slice_dims.v, dims->collapsed_slice_dims.n, i)) continue;
    if (dims_have(dims->operand_batching_dims.v, dims->operand_batching_dims.n, i)) continue;
    sizes[n] = slice_sizes[i];
    from[n] = own[i];
    offset[n] = to[dims->offset_dims.v[n]];
    n++;
  }
  CxMove window, filling;
  move_plan(&window, item, n, sizes, offset, from);
  move_plan(&filling, item, n, sizes, offset, none);
  Walk w;
  Places p;
  walk_start(&w, indices, own, dims->operand_batching_dims.v, dims->start_indices_batching_dims.v, dims->operand_batching_dims.n, to, is_offset);
  walk_components(&w, dims->start_index_map.v, dims->start_index_map.n, operand, own, slice_sizes);
  w.drop = mode == CX_INDEX_FILL_OR_DROP;
  Flat flat;
  if (flat_of(&flat, &w, &window) && gather_flat(&flat, operand, fill ? fill : &value, out)) return;
  while (walk_next(&w, &p))
    if (window.rank == 0)
      gather_elements(item, &p, operand->data, fill ? fill : &value, out->data);
    else
      gather_windows(&window, &filling, &p, operand->data, fill ? fill : &value, out->data);
}

/* ---- scatter ---- */

/* The common sums of single elements, without a call each. */
#define ADD_CASE(T)                                                                              \
  for (int j = 0; j < p->n; j++)                                                                 \
    if (p->ok[j]) ((T *)to)[p->operand[j]] += ((const T *)updates)[p->other[j]];                 \
  return true;

static bool scatter_add_elements(CxDtype dtype, const Places *p, void *to, const void *updates) {
  switch (dtype) {
    case CX_F32: ADD_CASE(float)
    case CX_F64: ADD_CASE(double)
    case CX_I32: case CX_U32: ADD_CASE(uint32_t)
    case CX_I64: case CX_U64: ADD_CASE(uint64_t)
    default: return false;
  }
}

/* One window under an odometer; the plan's last dim is one run if it is contiguous on both sides. */
static void combine_window(const CxMove *m, const CxCombine *c, char *to, const char *from) {
  int64_t at[VIEW_MAX_RANK] = {0}, run = 1;
  int last = m->rank - 1;
  if (last >= 0 && m->to[last] == 1 && m->from[last] == 1) run = m->dims[last--];
  for (;;) {
    combine_run(c, run, to, from);
    int i = last;
    for (; i >= 0; i--) {
      to += m->to[i] * m->item;
      from += m->from[i] * m->item;
      if (++at[i] < m->dims[i]) break;
      to -= m->to[i] * m->dims[i] * m->item;
      from -= m->from[i] * m->dims[i] * m->item;
      at[i] = 0;
    }
    if (i < 0) return;
  }
}

static void scatter_places(const CxMove *window, const CxCombine *c, CxOpcode op, const Places *p, char *to, const char *updates) {
  int64_t item = window->item;
  if (op == CX_OP_ADD && window->rank == 0 && scatter_add_elements(c->dtype, p, to, updates)) return;
  for (int j = 0; j < p->n; j++) {
    if (!p->ok[j]) continue;
    if (op == CX_OP_NONE)
      move_run(window, to + p->operand[j] * item, updates + p->other[j] * item);
    else
      combine_window(window, c, to + p->operand[j] * item, updates + p->other[j] * item);
  }
}

/* Updates whose start lies in [begin, end), in the order of places: so threads that share the operand never meet, and each element
 * gets its updates in order. */
enum { FLAT_SHARED_RUN = 8 }; /* shorter windows are not worth a test for each thread */
#define FLAT_ADD_ALL(I, T)                                                                                                   \
  static void flat_add_all_##I##_##T(const Flat *f) {                                                                        \
    const I *index = f->indices;                                                                                             \
    const T *from = (const T *)(const void *)f->updates;                                                                     \
    T *to = (T *)(void *)f->out;                                                                                             \
    int64_t index_step = f->index_step, other_step = f->other_step, step = f->step, limit = f->limit, n = f->n;              \
    bool drop = f->drop;                                                                                                     \
    for (int64_t j = 0; j < n; j++) {                                                                                        \
      int64_t start = flat_start((int64_t)index[j * index_step], limit, drop);                                               \
      if (start >= 0) to[start * step] += from[j * other_step];                                                              \
    }                                                                                                                        \
  }
#define FLAT_ADD(T)                                                                                                          \
  FLAT_ADD_ALL(int32_t, T)                                                                                                   \
  FLAT_ADD_ALL(int64_t, T)                                                                                                   \
  FLAT_ADD_ALL(uint32_t, T)                                                                                                  \
  static void flat_add_##T(const Flat *f, int64_t begin, int64_t end) {                                                      \
    if (f->run == 1 && begin == 0 && end > f->limit) {                                                                       \
      if (f->index == CX_I32) flat_add_all_int32_t_##T(f);                                                                   \
      else if (f->index == CX_I64) flat_add_all_int64_t_##T(f);                                                              \
      else flat_add_all_uint32_t_##T(f);                                                                                     \
      return;                                                                                                                \
    }                                                                                                                        \
    for (int64_t j = 0; j < f->n; j++) {                                                                                     \
      int64_t start = flat_index(f, j);                                                                                      \
      if (start < begin || start >= end) continue;                                                                           \
      T *to = (T *)(void *)f->out + start * f->step;                                                                         \
      const T *from = (const T *)(const void *)f->updates + j * f->other_step;                                               \
      for (int64_t c = 0; c < f->run; c++) to[c] += from[c];                                                                 \
    }                                                                                                                        \
  }
FLAT_ADD(float)
FLAT_ADD(double)
FLAT_ADD(uint32_t)
FLAT_ADD(uint64_t)

typedef struct FlatAdd {
  Flat flat;
  void (*add)(const Flat *f, int64_t begin, int64_t end);
} FlatAdd;

static bool flat_add(void *env, int64_t begin, int64_t end) {
  FlatAdd *a = env;
  a->add(&a->flat, begin, end);
  return true;
}

/* False when the sum is not one of the common ones. */
static bool scatter_add_flat(const Flat *flat, CxDtype d, const CxView *updates, const CxView *out) {
  FlatAdd a = {.flat = *flat};
  a.add = d == CX_F32 ? flat_add_float : d == CX_F64 ? flat_add_double : d == CX_I32 || d == CX_U32 ? flat_add_uint32_t
          : d == CX_I64 || d == CX_U64 ? flat_add_uint64_t : NULL;
  if (!a.add) return false;
  a.flat.out = out->data;
  a.flat.updates = updates->data;
  int64_t starts = flat->limit + 1, threads = pool_threads();
  bool shared = flat->run >= FLAT_SHARED_RUN && flat->n * flat->run >= 2 * FLAT_GRAIN && flat->step >= flat->run; /* windows do not overlap */
  return pool_for(starts, shared ? (starts + threads - 1) / threads : starts, flat_add, &a);
}

bool kernel_scatter(const CxView *operand, const CxView *indices, const CxView *updates, const CxScatterDims *dims,
                    CxIndexMode mode, CxOpcode combine, const CxView *out) {
  int64_t own[VIEW_MAX_RANK], from[VIEW_MAX_RANK], sizes[VIEW_MAX_RANK], window_to[VIEW_MAX_RANK], window_from[VIEW_MAX_RANK];
  int64_t bounds[VIEW_MAX_RANK];
  bool is_window[VIEW_MAX_RANK + 1] = {false};
  int n = 0;
  CxCombine c = {0};
  if (combine != CX_OP_NONE) TRY(combine_find(&c, combine, out->dtype));
  if (operand->data != out->data) kernel_copy(operand, out);
  if (view_count(updates) == 0) return true;
  view_strides(out, own);
  view_strides(updates, from);
  for (int i = 0; i < dims->update_window_dims.n; i++) is_window[dims->update_window_dims.v[i]] = true;
  for (int i = 0; i < operand->rank; i++) {
    bounds[i] = 1;
    if (dims_have(dims->inserted_window_dims.v, dims->inserted_window_dims.n, i)) continue;
    if (dims_have(dims->operand_batching_dims.v, dims->operand_batching_dims.n, i)) continue;
    int64_t dim = dims->update_window_dims.v[n];
    sizes[n] = bounds[i] = updates->dims[dim];
    window_from[n] = from[dim];
    window_to[n++] = own[i];
  }
  CxMove window;
  move_plan(&window, cx_dtype_bytes(out->dtype), n, sizes, window_to, window_from);
  Walk w;
  Places p;
  walk_start(&w, indices, own, dims->operand_batching_dims.v, dims->scatter_indices_batching_dims.v, dims->operand_batching_dims.n, from, is_window);
  walk_components(&w, dims->scatter_dims_to_operand_dims.v, dims->scatter_dims_to_operand_dims.n, out, own, bounds);
  w.drop = mode != CX_INDEX_CLIP;
  Flat flat;
  if (combine == CX_OP_ADD && flat_of(&flat, &w, &window) && scatter_add_flat(&flat, c.dtype, updates, out)) return true;
  while (walk_next(&w, &p)) scatter_places(&window, &c, combine, &p, out->data, updates->data);
  return true;
}
