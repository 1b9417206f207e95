/* The module tree: making types, finding attributes, reading elements of dense attributes. See module.h. */
#include "stablehlo/module.h"

#include "base/error.h"
#include <string.h>

HloModule *module_new(bool is_text) {
  HloModule *m = cx_calloc(1, sizeof *m);
  if (m) m->is_text = is_text;
  return m;
}

void module_free(HloModule *m) {
  if (!m) return;
  arena_free(&m->arena);
  vec_free(&m->types);
  cx_free(m);
}

/* ---- attributes ---- */

const HloAttr *named_find(const HloNamed *named, uint32_t n, const char *name) {
  for (uint32_t i = 0; i < n; i++)
    if (!strcmp(named[i].name, name)) return named[i].value;
  return NULL;
}

const HloAttr *op_attr(const HloOp *op, const char *name) {
  const HloAttr *found = named_find(op->attrs, op->nattrs, name);
  for (uint32_t i = 0; !found && i < op->nattrs; i++) {
    const HloAttr *a = op->attrs[i].value;
    if (a->kind == HLO_DICT) found = named_find(a->named, a->n, name);
  }
  return found;
}

size_t hlo_dense_bytes(const HloAttr *a) { return a->packed ? 0 : (size_t)cx_dtype_bytes(a->type->dtype); }

static int bit_of(const HloAttr *a, int64_t i) { return ((const unsigned char *)a->s)[a->splat ? 0 : i >> 3] >> (a->splat ? 0 : i & 7) & 1; }

int64_t hlo_dense_int(const HloAttr *a, int64_t i) {
  if (a->packed) return bit_of(a, i);
  CxDtype d = a->type->dtype;
  int bytes = cx_dtype_bytes(d), spare = 64 - cx_dtype_bits(d);
  uint64_t v = 0;
  memcpy(&v, a->s + (a->splat ? 0 : i * bytes), (size_t)bytes);
  if (d == CX_BOOL) return v != 0;
  if (cx_dtype_kind(d) != 'i') return (int64_t)v;
  return (int64_t)(v << spare) >> spare;
}

/* Elements of fewer than 8 bits are stored with clear upper bits; arrays hold them extended. */
static void narrow_copy(const HloAttr *a, int64_t from, int64_t n, unsigned char *to) {
  for (int64_t i = 0; i < n; i++) to[i] = (unsigned char)hlo_dense_int(a, from + i);
}

bool hlo_dense_copy(const HloAttr *a, int64_t from, int64_t n, void *to) {
  CxDtype d = a->type->dtype;
  size_t bytes = (size_t)cx_dtype_bytes(d);
  bool narrow = a->packed || d == CX_I2 || d == CX_I4 || d == CX_BOOL;
  if (narrow) return narrow_copy(a, from, n, to), true;
  if (!a->splat) return memcpy(to, a->s + from * (int64_t)bytes, (size_t)n * bytes), true;
  for (int64_t i = 0; i < n; i++) memcpy((char *)to + (size_t)i * bytes, a->s, bytes);
  return true;
}

/* ---- types ---- */

const HloType *hlo_type(HloModule *m, HloTypeKind kind, CxDtype dtype, const char *text) {
  HloType *t = arena_alloc(&m->arena, sizeof *t);
  if (t) *t = (HloType){.kind = kind, .dtype = dtype, .text = text};
  return t;
}

static bool shape_is_possible(int rank, const int64_t *dims) {
  int64_t size = 1;
  if (rank > CX_MAX_RANK) return false;
  for (int i = 0; i < rank; i++)
    if (dims[i] < 0) return false;
  for (int i = 0; i < rank; i++)
    if (!dims[i]) return true;
  for (int i = 0; i < rank; i++)
    if (__builtin_mul_overflow(size, dims[i], &size) || size > INT64_C(1) << 60) return false;
  return true;
}

const HloType *hlo_tensor(HloModule *m, const HloType *element, int rank, const int64_t *dims) {
  HloType *t = arena_alloc(&m->arena, sizeof *t);
  if (!t) return NULL;
  *t = (HloType){.kind = HLO_TENSOR, .dtype = element->dtype, .rank = rank, .text = element->text};
  if (element->kind == HLO_TOKEN) t->dtype = CX_TOKEN;
  if (rank > 0) TRY(t->dims = arena_copy(&m->arena, dims, (size_t)rank * sizeof *dims));
  if (t->dtype && rank >= 0 && shape_is_possible(rank, dims)) TRY(t->tensor = cx_type(t->dtype, rank, t->dims, false));
  return t;
}

const HloType *hlo_complex(HloModule *m, const HloType *part) {
  CxDtype d = part->dtype == CX_F32 ? CX_C64 : part->dtype == CX_F64 ? CX_C128 : CX_NO_DTYPE;
  return hlo_type(m, HLO_SCALAR, d, d ? cx_dtype_short(d) : "a complex type");
}
