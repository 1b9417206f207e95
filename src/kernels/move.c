/* Data movement (move.h). A copy is planned once (CxMove): unit dims are dropped and dims that step alike on both sides
 * are merged, so a dense copy becomes one memcpy; what is left runs as two inner loops under an odometer, in tiles when
 * source and target run along different dims. */
#include "kernels/move.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/convert.h"
#include "runtime/pool.h"

#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif


/* ---- views ---- */

void dense_strides(const int64_t *dims, int rank, int64_t *strides) {
  int64_t step = 1;
  for (int i = rank - 1; i >= 0; i--) {
    strides[i] = step;
    step *= dims[i];
  }
}

void view_strides(const CxView *in, int64_t *strides) {
  if (in->strides && in->rank)
    memcpy(strides, in->strides, sizeof *strides * (size_t)in->rank);
  else
    dense_strides(in->dims, in->rank, strides);
}

CxView view_transpose(const CxView *in, const int64_t *permutation, int64_t *dims, int64_t *strides) {
  int64_t own[VIEW_MAX_RANK];
  view_strides(in, own);
  for (int i = 0; i < in->rank; i++) {
    dims[i] = in->dims[permutation[i]];
    strides[i] = own[permutation[i]];
  }
  return (CxView){in->data, in->dtype, in->rank, dims, strides};
}

CxView view_broadcast_in_dim(const CxView *in, const int64_t *shape, int rank, const int64_t *broadcast_dims,
                             int64_t *dims, int64_t *strides) {
  int64_t own[VIEW_MAX_RANK];
  view_strides(in, own);
  for (int i = 0; i < rank; i++) {
    dims[i] = shape[i];
    strides[i] = 0;
  }
  for (int i = 0; i < in->rank; i++)
    if (in->dims[i] != 1) strides[broadcast_dims[i]] = own[i];
  return (CxView){in->data, in->dtype, rank, dims, strides};
}

CxView view_slice(const CxView *in, const int64_t *start, const int64_t *limit, const int64_t *step, int64_t *dims,
                  int64_t *strides) {
  int64_t own[VIEW_MAX_RANK], offset = 0;
  bool empty = false;
  view_strides(in, own);
  for (int i = 0; i < in->rank; i++) {
    int64_t by = step ? step[i] : 1;
    dims[i] = limit[i] > start[i] ? (limit[i] - start[i] - 1) / by + 1 : 0;
    strides[i] = own[i] * by;
    offset += own[i] * start[i];
    empty |= dims[i] == 0;
  }
  return (CxView){view_at(in, empty ? 0 : offset), in->dtype, in->rank, dims, strides};
}

CxView view_rev(const CxView *in, const int64_t *axes, int n_axes, int64_t *dims, int64_t *strides) {
  int64_t offset = 0;
  view_strides(in, strides);
  for (int i = 0; i < in->rank; i++) dims[i] = in->dims[i];
  for (int k = 0; k < n_axes; k++) {
    int64_t axis = axes[k];
    if (dims[axis] == 0) continue;
    offset += strides[axis] * (dims[axis] - 1);
    strides[axis] = -strides[axis];
  }
  return (CxView){view_at(in, view_count(in) ? offset : 0), in->dtype, in->rank, dims, strides};
}

int64_t view_index(const CxView *in, int64_t element_offset) {
  const char *p = view_at(in, element_offset);
  switch (in->dtype) {
    case CX_BOOL: case CX_U2: case CX_U4: case CX_U8: return *(const uint8_t *)p;
    case CX_I2: case CX_I4: case CX_I8: return *(const int8_t *)p;
    case CX_I16: return *(const int16_t *)p;
    case CX_U16: return *(const uint16_t *)p;
    case CX_I32: return *(const int32_t *)p;
    case CX_U32: return *(const uint32_t *)p;
    case CX_I64: return *(const int64_t *)p;
    case CX_U64: return *(const uint64_t *)p > INT64_MAX ? INT64_MAX : (int64_t) * (const uint64_t *)p;
    default: return 0;
  }
}

/* ---- the copy ---- */

static bool move_mergeable(const CxMove *m, int outer, int64_t dim, int64_t to, int64_t from) {
  return m->to[outer] == to * dim && m->from[outer] == from * dim;
}

/* Puts a dim along which the source is contiguous next to the last one, when the last is not: a 2-D transpose. */
static void move_tile(CxMove *m) {
  int last = m->rank - 1, with = -1;
  if (m->rank < 2 || m->to[last] != 1 || m->from[last] == 1 || m->from[last] == 0) return;
  for (int i = 0; i < last; i++)
    if (m->from[i] == 1 || m->from[i] == -1) with = i;
  if (with < 0 || m->dims[with] < 4 || m->dims[last] < 4) return;
  int64_t dim = m->dims[with], to = m->to[with], from = m->from[with];
  for (int i = with; i + 1 < last; i++) {
    m->dims[i] = m->dims[i + 1];
    m->to[i] = m->to[i + 1];
    m->from[i] = m->from[i + 1];
  }
  m->dims[last - 1] = dim;
  m->to[last - 1] = to;
  m->from[last - 1] = from;
  m->tiled = true;
}

void move_plan(CxMove *m, int item, int rank, const int64_t *dims, const int64_t *to, const int64_t *from) {
  m->rank = 0;
  m->item = item;
  m->empty = item == 0;
  m->tiled = false;
  for (int i = 0; i < rank; i++) {
    if (dims[i] == 0) m->empty = true;
    if (dims[i] == 1) continue;
    int top = m->rank - 1;
    if (top >= 0 && move_mergeable(m, top, dims[i], to[i], from[i])) {
      m->dims[top] *= dims[i];
    } else {
      top = m->rank++;
      m->dims[top] = dims[i];
    }
    m->to[top] = to[i];
    m->from[top] = from[i];
  }
  if (!m->empty) move_tile(m);
}

enum { MOVE_TILE = 16 };

/* Two inner loops, outer n steps of (to, from), inner m. */
typedef struct Loops {
  int64_t n, to_n, from_n, m, to_m, from_m;
} Loops;

#define MOVE_LOOPS(T, name)                                                             \
  static void loops_##name(char *to, const char *from, const Loops *l) {                \
    for (int64_t i = 0; i < l->n; i++) {                                                \
      T *restrict a = (T *)(void *)to + i * l->to_n;                                    \
      const T *restrict b = (const T *)(const void *)from + i * l->from_n;              \
      if (l->to_m == 1 && l->from_m == 1)                                               \
        for (int64_t j = 0; j < l->m; j++) a[j] = b[j];                                 \
      else if (l->to_m == 1 && l->from_m == 0)                                          \
        for (int64_t j = 0; j < l->m; j++) a[j] = *b;                                   \
      else                                                                              \
        for (int64_t j = 0; j < l->m; j++) a[j * l->to_m] = b[j * l->from_m];           \
    }                                                                                   \
  }
MOVE_LOOPS(uint8_t, 1)
MOVE_LOOPS(uint16_t, 2)
MOVE_LOOPS(uint32_t, 4)
MOVE_LOOPS(uint64_t, 8)
MOVE_LOOPS(Item16, 16)

static void loops_run(int item, char *to, const char *from, const Loops *l) {
  if (l->to_m == 1 && l->from_m == 1 && l->m * item >= 64) {
    for (int64_t i = 0; i < l->n; i++) memcpy(to + i * l->to_n * item, from + i * l->from_n * item, (size_t)(l->m * item));
    return;
  }
  switch (item) {
    case 1: loops_1(to, from, l); return;
    case 2: loops_2(to, from, l); return;
    case 4: loops_4(to, from, l); return;
    case 8: loops_8(to, from, l); return;
    case 16: loops_16(to, from, l); return;
    default: return;
  }
}

/* A full tile by way of the first-level cache: whole lines are read, and whole lines are written. */
#define FULL_TILE(T, name)                                                                                 \
  static void full_tile_##name(char *to, const char *from, int64_t to_n, int64_t from_n, int64_t from_m) { \
    T tile[MOVE_TILE][MOVE_TILE];                                                                          \
    for (int64_t j = 0; j < MOVE_TILE; j++)                                                                \
      for (int64_t i = 0; i < MOVE_TILE; i++)                                                              \
        tile[i][j] = ((const T *)(const void *)from)[i * from_n + j * from_m];                             \
    for (int64_t i = 0; i < MOVE_TILE; i++) memcpy((T *)(void *)to + i * to_n, tile[i], sizeof tile[i]);   \
  }
FULL_TILE(uint8_t, 1)
FULL_TILE(uint16_t, 2)
FULL_TILE(uint32_t, 4)
FULL_TILE(uint64_t, 8)
FULL_TILE(Item16, 16)

#if defined(__x86_64__)
/* Four by four, from rows that are contiguous. */
static void full_tile_quads(char *to, const char *from, int64_t to_n, int64_t from_m, bool stream) {
  _Alignas(64) float tile[MOVE_TILE][MOVE_TILE];
  for (int64_t j = 0; j < MOVE_TILE; j += 4)
    for (int64_t i = 0; i < MOVE_TILE; i += 4) {
      const float *f = (const float *)(const void *)from + j * from_m + i;
      __m128 a = _mm_loadu_ps(f), b = _mm_loadu_ps(f + from_m), c = _mm_loadu_ps(f + 2 * from_m), d = _mm_loadu_ps(f + 3 * from_m);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      _mm_store_ps(&tile[i][j], a);
      _mm_store_ps(&tile[i + 1][j], b);
      _mm_store_ps(&tile[i + 2][j], c);
      _mm_store_ps(&tile[i + 3][j], d);
    }
  for (int64_t i = 0; i < MOVE_TILE; i++) {
    float *row = (float *)(void *)to + i * to_n;
    if (stream)
      for (int k = 0; k < MOVE_TILE; k += 4) _mm_stream_ps(row + k, _mm_load_ps(&tile[i][k]));
    else
      memcpy(row, tile[i], sizeof tile[i]);
  }
}
#endif

/* stream: the result is too large to stay in a cache, so its lines need not be read. */
static void full_tile_run(int item, char *to, const char *from, const Loops *l, bool stream) {
#if defined(__x86_64__)
  if (item == 4 && l->from_n == 1) {
    full_tile_quads(to, from, l->to_n, l->from_m, stream && (uintptr_t)to % 16 == 0 && l->to_n % 4 == 0);
    return;
  }
#endif
  (void)stream;
  switch (item) {
    case 1: full_tile_1(to, from, l->to_n, l->from_n, l->from_m); return;
    case 2: full_tile_2(to, from, l->to_n, l->from_n, l->from_m); return;
    case 4: full_tile_4(to, from, l->to_n, l->from_n, l->from_m); return;
    case 8: full_tile_8(to, from, l->to_n, l->from_n, l->from_m); return;
    case 16: full_tile_16(to, from, l->to_n, l->from_n, l->from_m); return;
    default: return;
  }
}

/* Tiles in blocks that touch few pages on either side. */
enum { MOVE_BLOCK = 8 * MOVE_TILE, MOVE_STREAM_BYTES = 8 << 20 };

static void block_run(int item, char *to, const char *from, const Loops *l, bool stream) {
  for (int64_t i = 0; i < l->n; i += MOVE_TILE)
    for (int64_t j = 0; j < l->m; j += MOVE_TILE) {
      Loops part = *l;
      part.n = l->n - i < MOVE_TILE ? l->n - i : MOVE_TILE;
      part.m = l->m - j < MOVE_TILE ? l->m - j : MOVE_TILE;
      char *a = to + (i * l->to_n + j * l->to_m) * item;
      const char *b = from + (i * l->from_n + j * l->from_m) * item;
      if (part.n == MOVE_TILE && part.m == MOVE_TILE)
        full_tile_run(item, a, b, l, stream);
      else
        loops_run(item, a, b, &part);
    }
}

static void tiles_run(int item, char *to, const char *from, const Loops *l) {
  bool stream = l->n * l->m * item >= MOVE_STREAM_BYTES / 16;
  for (int64_t i = 0; i < l->n; i += MOVE_BLOCK)
    for (int64_t j = 0; j < l->m; j += MOVE_BLOCK) {
      Loops part = *l;
      part.n = l->n - i < MOVE_BLOCK ? l->n - i : MOVE_BLOCK;
      part.m = l->m - j < MOVE_BLOCK ? l->m - j : MOVE_BLOCK;
      block_run(item, to + (i * l->to_n + j * l->to_m) * item, from + (i * l->from_n + j * l->from_m) * item, &part, stream);
    }
#if defined(__x86_64__)
  if (stream) _mm_sfence();
#endif
}

static void move_one(int item, void *to, const void *from) {
  switch (item) {
    case 1: memcpy(to, from, 1); return;
    case 2: memcpy(to, from, 2); return;
    case 4: memcpy(to, from, 4); return;
    case 8: memcpy(to, from, 8); return;
    case 16: memcpy(to, from, 16); return;
    default: return;
  }
}

void move_run(const CxMove *m, void *to, const void *from) {
  if (m->empty) return;
  if (m->rank == 0) {
    move_one(m->item, to, from);
    return;
  }
  int inner = m->rank - 1, second = m->rank - 2;
  Loops l = {.n = 1, .m = m->dims[inner], .to_m = m->to[inner], .from_m = m->from[inner]};
  if (second >= 0) {
    l.n = m->dims[second];
    l.to_n = m->to[second];
    l.from_n = m->from[second];
  }
  int64_t at[VIEW_MAX_RANK] = {0};
  char *a = to;
  const char *b = from;
  for (;;) {
    if (m->tiled)
      tiles_run(m->item, a, b, &l);
    else
      loops_run(m->item, a, b, &l);
    int i = second - 1;
    for (; i >= 0; i--) {
      a += m->to[i] * m->item;
      b += m->from[i] * m->item;
      if (++at[i] < m->dims[i]) break;
      a -= m->to[i] * m->dims[i] * m->item;
      b -= m->from[i] * m->dims[i] * m->item;
      at[i] = 0;
    }
    if (i < 0) return;
  }
}

/* Large moves, cut along the outermost dim of the plan. */
enum { MOVE_GRAIN_BYTES = 1 << 18 };

typedef struct Share {
  const CxMove *move;
  char *to;
  const char *from;
} Share;

static bool move_some(void *env, int64_t begin, int64_t end) {
  const Share *s = env;
  CxMove m = *s->move;
  m.dims[0] = end - begin;
  move_run(&m, s->to + begin * m.to[0] * m.item, s->from + begin * m.from[0] * m.item);
  return true;
}

void move_run_shared(const CxMove *m, void *to, const void *from) {
  int64_t bytes = m->item, inner;
  for (int i = 0; i < m->rank; i++) bytes *= m->dims[i];
  if (m->empty || !m->rank || bytes < 2 * MOVE_GRAIN_BYTES || m->dims[0] < 2) {
    move_run(m, to, from);
    return;
  }
  inner = bytes / m->dims[0];
  pool_for(m->dims[0], (MOVE_GRAIN_BYTES / inner + MOVE_TILE) / MOVE_TILE * MOVE_TILE, move_some, &(Share){m, to, from});
}

void move_strided(int item, int rank, const int64_t *dims, void *to, const int64_t *to_strides, const void *from,
                         const int64_t *from_strides) {
  CxMove m;
  move_plan(&m, item, rank, dims, to_strides, from_strides);
  move_run_shared(&m, to, from);
}

void kernel_copy(const CxView *in, const CxView *out) {
  int64_t to[VIEW_MAX_RANK], from[VIEW_MAX_RANK];
  view_strides(in, from);
  view_strides(out, to);
  move_strided(cx_dtype_bytes(out->dtype), out->rank, out->dims, out->data, to, in->data, from);
}

void move_fill(void *to, const void *value, int item, int64_t n) {
  int64_t step = 1, none = 0;
  move_strided(item, 1, &n, to, &step, value, &none);
}

/* ---- pad, concatenate ---- */

/* out[low + i * (interior + 1)] = in[i]; the range of i that stays inside, and where it starts. */
static int64_t pad_range(int64_t n, int64_t low, int64_t interior, int64_t limit, int64_t *first) {
  int64_t step = interior + 1;
  *first = low < 0 ? (-low + step - 1) / step : 0;
  int64_t end = limit > low ? (limit - low - 1) / step + 1 : 0;
  if (end > n) end = n;
  return end > *first ? end - *first : 0;
}

void kernel_pad(const CxView *in, const void *value, const int64_t *low, const int64_t *high, const int64_t *interior,
                const CxView *out) {
  (void)high; /* known from the result's dims */
  int64_t to[VIEW_MAX_RANK], from[VIEW_MAX_RANK], dims[VIEW_MAX_RANK], to_at = 0, from_at = 0;
  bool covers = true, empty = false;
  view_strides(out, to);
  view_strides(in, from);
  for (int i = 0; i < out->rank; i++) {
    int64_t first;
    dims[i] = pad_range(in->dims[i], low[i], interior[i], out->dims[i], &first);
    covers &= dims[i] == out->dims[i];
    empty |= dims[i] == 0;
    to_at += (low[i] + first * (interior[i] + 1)) * to[i];
    from_at += first * from[i];
    to[i] *= interior[i] + 1;
  }
  if (!covers) move_fill(out->data, value, cx_dtype_bytes(out->dtype), view_count(out));
  if (!empty) move_strided(cx_dtype_bytes(out->dtype), out->rank, dims, view_at(out, to_at), to, view_at(in, from_at), from);
}

void kernel_concatenate(const CxView *ins, int n, int axis, const CxView *out) {
  int64_t to[VIEW_MAX_RANK], from[VIEW_MAX_RANK], at = 0;
  view_strides(out, to);
  for (int i = 0; i < n; i++) {
    view_strides(&ins[i], from);
    if (view_count(&ins[i]))
      move_strided(cx_dtype_bytes(out->dtype), out->rank, ins[i].dims, view_at(out, at * to[axis]), to, ins[i].data, from);
    at += ins[i].dims[axis];
  }
}

/* ---- iota ---- */

#define IOTA_CASE(id, T, expression) \
  case CX_##id:                      \
    for (int64_t i = 0; i < n; i++) ((T *)(void *)to)[i * step] = (T)(expression); \
    return;

/* to[i * step] = i, for i < n */
static void iota_line(CxDtype dtype, char *to, int64_t step, int64_t n) {
  switch (dtype) {
    IOTA_CASE(BOOL, uint8_t, i != 0)
    IOTA_CASE(I2, int8_t, ((i & 3) ^ 2) - 2)
    IOTA_CASE(I4, int8_t, ((i & 15) ^ 8) - 8)
    IOTA_CASE(U2, uint8_t, i & 3)
    IOTA_CASE(U4, uint8_t, i & 15)
    IOTA_CASE(I8, uint8_t, i)
    IOTA_CASE(U8, uint8_t, i)
    IOTA_CASE(I16, uint16_t, i)
    IOTA_CASE(U16, uint16_t, i)
    IOTA_CASE(I32, uint32_t, i)
    IOTA_CASE(U32, uint32_t, i)
    IOTA_CASE(I64, int64_t, i)
    IOTA_CASE(U64, int64_t, i)
    IOTA_CASE(F32, float, i)
    IOTA_CASE(F64, double, i)
    default:
      for (int64_t i = 0; i < n; i++) dtype_store(dtype, to, i * step, (double)i);
      return;
  }
}

void kernel_iota(int axis, const CxView *out) {
  int item = cx_dtype_bytes(out->dtype);
  int64_t n = out->dims[axis], inner = 1, outer = 1;
  for (int i = 0; i < axis; i++) outer *= out->dims[i];
  for (int i = axis + 1; i < out->rank; i++) inner *= out->dims[i];
  if (outer * n * inner == 0) return;
  char *to = out->data;
  iota_line(out->dtype, to, inner, n);
  for (int64_t i = 0; inner > 1 && i < n; i++) {
    char *run = to + i * inner * item;
    move_fill(run + item, run, item, inner - 1);
  }
  for (int64_t i = 1; i < outer; i++) memcpy(to + i * n * inner * item, to, (size_t)(n * inner * item));
}

/* ---- dynamic slices ---- */

/* Where the slice of these dims begins in the array of those dims, in elements. */
static int64_t slice_offset(const CxView *starts, int rank, const int64_t *dims, const int64_t *slice,
                            const int64_t *strides) {
  int64_t offset = 0;
  for (int i = 0; i < rank; i++) {
    int64_t start = view_index(&starts[i], 0), last = dims[i] - slice[i];
    if (start > last) start = last;
    if (start < 0) start = 0;
    offset += start * strides[i];
  }
  return offset;
}

void kernel_dynamic_slice(const CxView *in, const CxView *starts, const CxView *out) {
  int64_t to[VIEW_MAX_RANK], from[VIEW_MAX_RANK];
  if (view_count(out) == 0) return;
  view_strides(out, to);
  view_strides(in, from);
  int64_t at = slice_offset(starts, in->rank, in->dims, out->dims, from);
  move_strided(cx_dtype_bytes(out->dtype), out->rank, out->dims, out->data, to, view_at(in, at), from);
}

void kernel_dynamic_update_slice(const CxView *in, const CxView *update, const CxView *starts, const CxView *out) {
  int64_t to[VIEW_MAX_RANK], from[VIEW_MAX_RANK];
  if (in->data != out->data) kernel_copy(in, out);
  if (view_count(update) == 0) return;
  view_strides(out, to);
  view_strides(update, from);
  int64_t at = slice_offset(starts, in->rank, in->dims, update->dims, to);
  move_strided(cx_dtype_bytes(out->dtype), out->rank, update->dims, view_at(out, at), to, update->data, from);
}

/* ---- bitcast ---- */

/* Bits that an element takes part in a bitcast with; storage is a byte at least. */
static int bitcast_bits(CxDtype d) { return cx_dtype_kind(d) == 'b' ? 8 : cx_dtype_bits(d); }

static uint8_t bits_extend(CxDtype d, unsigned bits) {
  int n = bitcast_bits(d);
  bits &= (1u << n) - 1;
  if (cx_dtype_kind(d) == 'i' && bits >> (n - 1)) bits |= ~0u << n;
  return (uint8_t)bits;
}

/* Elements of less than a byte, to and from whole elements: bit fields, lowest first. */
static void bits_split(const CxView *in, const CxView *out) {
  int wide = cx_dtype_bytes(in->dtype), narrow = bitcast_bits(out->dtype);
  int64_t per_byte = bitcast_bits(in->dtype) < 8 ? bitcast_bits(in->dtype) / narrow : 8 / narrow;
  const uint8_t *from = in->data;
  uint8_t *to = out->data;
  for (int64_t i = 0, n = view_count(in) * wide; i < n; i++)
    for (int64_t k = 0; k < per_byte; k++) to[i * per_byte + k] = bits_extend(out->dtype, (unsigned)from[i] >> (k * narrow));
}

static void bits_join(const CxView *in, const CxView *out) {
  int wide = cx_dtype_bytes(out->dtype), narrow = bitcast_bits(in->dtype);
  int64_t per_byte = bitcast_bits(out->dtype) < 8 ? bitcast_bits(out->dtype) / narrow : 8 / narrow;
  const uint8_t *from = in->data;
  uint8_t *to = out->data;
  for (int64_t i = 0, n = view_count(out) * wide; i < n; i++) {
    unsigned byte = 0;
    for (int64_t k = 0; k < per_byte; k++) byte |= (from[i * per_byte + k] & ((1u << narrow) - 1)) << (k * narrow);
    to[i] = wide == 1 ? bits_extend(out->dtype, byte) : (uint8_t)byte;
  }
}

bool kernel_bitcast(const CxView *in, const CxView *out) {
  int from_bits = bitcast_bits(in->dtype), to_bits = bitcast_bits(out->dtype);
  if (from_bits >= 8 && to_bits >= 8) { /* the bytes stay as they are: only the dims change */
    CxView as = {out->data, in->dtype, in->rank, in->dims, NULL};
    kernel_copy(in, &as);
    return true;
  }
  size_t bytes = (size_t)(view_count(in) * cx_dtype_bytes(in->dtype));
  CxView packed = {NULL, in->dtype, in->rank, in->dims, NULL};
  void *scratch = NULL;
  if (view_dense(in)) {
    packed.data = in->data;
  } else {
    TRY(scratch = cx_malloc(bytes ? bytes : 1));
    packed.data = scratch;
    kernel_copy(in, &packed);
  }
  if (from_bits > to_bits)
    bits_split(&packed, out);
  else if (from_bits < to_bits)
    bits_join(&packed, out);
  else
    for (int64_t i = 0, n = view_count(in); i < n; i++)
      ((uint8_t *)out->data)[i] = bits_extend(out->dtype, ((const uint8_t *)packed.data)[i]);
  cx_free(scratch);
  return true;
}
