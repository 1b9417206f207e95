/* Writes a module tree as portable bytecode: the container in format version 6, operations of VHLO. The tables are filled while the
 * operations are written; every entry is written once. Places in source are unknown, orders of uses left out. */
#include "stablehlo/container.h"
#include "stablehlo/write.h"

#include "base/error.h"
#include "base/hash.h"
#include "ir/node.h"
#include <stdio.h>
#include <string.h>

static const char producer[] = "StableHLO_v1.13.0"; /* the newest version whose operations are used */
enum { HAS_RESULTS = 2, HAS_OPERANDS = 4, HAS_REGIONS = 16, HAS_PROPERTIES = 64, FORMAT = 6, BUILTIN = 0, VHLO_DIALECT = 1 };

/* Byte strings, each once, numbered in the order of their coming. */
typedef struct Pool {
  CxText bytes;
  VEC(uint32_t) starts; /* and one more: the end */
  VEC(uint32_t) slots;  /* hash table: number + 1 */
} Pool;

typedef struct BytecodeWriter {
  const HloModule *m;
  Pool strings, names, attrs, types, properties;
  uint32_t *numbers; /* of values in their scope, by id */
  uint32_t scope;    /* values of the scope so far */
} BytecodeWriter;

/* ---- numbers ---- */

static void add_byte(CxText *t, int v) { text_add_n(t, (char[]){(char)v}, 1); }

static void add_varint(CxText *t, uint64_t v) {
  uint8_t bytes[9];
  int more = 0;
  while (more < 8 && v >> (7 * (more + 1))) more++;
  if (more == 8) {
    bytes[0] = 0;
    memcpy(bytes + 1, &v, 8);
  } else {
    uint64_t tagged = (v << 1 | 1) << more;
    memcpy(bytes, &tagged, 8);
  }
  text_add_n(t, (const char *)bytes, (size_t)more + 1);
}

static void add_signed(CxText *t, int64_t v) { add_varint(t, (uint64_t)v << 1 ^ (uint64_t)(v >> 63)); }

static void add_section(CxText *t, int id, const CxText *body) {
  add_byte(t, id);
  add_varint(t, body->n);
  text_add_n(t, body->s, body->n);
}

/* ---- pools ---- */

static void pool_free(Pool *p) {
  text_free(&p->bytes);
  vec_free(&p->starts), vec_free(&p->slots);
}

static uint32_t pool_count(const Pool *p) { return p->starts.n; }

static uint32_t pool_size(const Pool *p, uint32_t i) {
  return (i + 1 < p->starts.n ? p->starts.v[i + 1] : (uint32_t)p->bytes.n) - p->starts.v[i];
}

static bool pool_grow(Pool *p) {
  uint32_t cap = p->slots.n ? 2 * p->slots.n : 64;
  TRY(vec_reserve(&p->slots, cap));
  p->slots.n = cap;
  memset(p->slots.v, 0, cap * sizeof *p->slots.v);
  for (uint32_t i = 0; i < pool_count(p); i++) {
    uint32_t at = (uint32_t)hash_bytes(0, p->bytes.s + p->starts.v[i], pool_size(p, i)) & (cap - 1);
    while (p->slots.v[at]) at = (at + 1) & (cap - 1);
    p->slots.v[at] = i + 1;
  }
  return true;
}

/* Takes the bytes over: the text is emptied. 0 with an error pending when memory is out. */
static uint32_t pool_add(Pool *p, CxText *bytes) {
  uint32_t found = 0;
  if (p->slots.n < 2 * (pool_count(p) + 1) && !pool_grow(p)) return text_free(bytes), 0;
  uint32_t mask = p->slots.n - 1, at = (uint32_t)hash_bytes(0, bytes->n ? bytes->s : "", bytes->n) & mask;
  for (; p->slots.v[at]; at = (at + 1) & mask) {
    uint32_t i = p->slots.v[at] - 1;
    if (pool_size(p, i) == bytes->n && !memcmp(p->bytes.s + p->starts.v[i], bytes->s, bytes->n)) return text_free(bytes), i;
  }
  found = pool_count(p);
  if (p->bytes.n + bytes->n >= UINT32_MAX) cx_fail(CX_ERR_NOT_IMPLEMENTED, "StableHLO bytecode of more than 4 GiB is not supported");
  else if (vec_push(&p->starts, (uint32_t)p->bytes.n)) text_add_n(&p->bytes, bytes->s, bytes->n), p->slots.v[at] = found + 1;
  text_free(bytes);
  return found;
}

static uint32_t string_number(BytecodeWriter *w, const char *s, size_t n) {
  CxText t = {0};
  text_add_n(&t, s, n);
  add_byte(&t, 0);
  return pool_add(&w->strings, &t);
}

/* ---- types ---- */

static uint32_t type_number(BytecodeWriter *w, const HloType *t);

static uint32_t plain_type(BytecodeWriter *w, int code) {
  CxText t = {0};
  add_varint(&t, (uint64_t)code);
  return pool_add(&w->types, &t);
}

static uint32_t element_type(BytecodeWriter *w, CxDtype d) {
  CxText t = {0};
  int code = dialect_type_code(d);
  if (code >= 0) return plain_type(w, code);
  if (d != CX_C64 && d != CX_C128) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "StableHLO has no elements of %s", cx_dtype_name(d)), 0;
  uint32_t part = element_type(w, d == CX_C64 ? CX_F32 : CX_F64);
  add_varint(&t, 1), add_varint(&t, part);
  return pool_add(&w->types, &t);
}

static uint32_t function_type(BytecodeWriter *w, const HloType *f) {
  CxText t = {0};
  add_varint(&t, 8);
  for (uint32_t part = 0; part < 2; part++) {
    uint32_t n = part ? f->m : f->n;
    add_varint(&t, n);
    for (uint32_t i = 0; i < n; i++) add_varint(&t, type_number(w, f->of[part ? f->n + i : i]));
  }
  return pool_add(&w->types, &t);
}

static uint32_t type_number(BytecodeWriter *w, const HloType *type) {
  CxText t = {0};
  if (type->kind == HLO_TOKEN) return plain_type(w, 22);
  if (type->kind == HLO_FUNCTION) return function_type(w, type);
  if (type->kind == HLO_SCALAR) return element_type(w, type->dtype);
  uint32_t element = element_type(w, type->dtype);
  add_varint(&t, 20), add_varint(&t, (uint64_t)type->rank);
  for (int i = 0; i < type->rank; i++) add_signed(&t, type->dims[i]);
  add_varint(&t, element);
  return pool_add(&w->types, &t);
}

/* ---- attributes ---- */

static void add_bits(CxText *t, const HloAttr *a) { /* bools: a bit each; equal ones as one byte */
  int64_t n = a->splat ? 1 : a->type->tensor->size;
  if (n == 1) {
    add_byte(t, hlo_dense_int(a, 0) ? 0xff : 0);
    return;
  }
  for (int64_t i = 0; i < n; i += 8) {
    int byte = 0;
    for (int64_t k = i; k < n && k < i + 8; k++) byte |= (hlo_dense_int(a, k) != 0) << (k - i);
    add_byte(t, byte);
  }
}

static void add_elements(CxText *t, const HloAttr *a) {
  CxDtype d = a->type->dtype;
  CxText blob = {0};
  if (d == CX_BOOL) add_bits(&blob, a);
  else if (cx_dtype_kind(d) == 'i' && cx_dtype_bits(d) < 8)
    for (uint32_t i = 0; i < a->n; i++) add_byte(&blob, a->s[i] & ((1 << cx_dtype_bits(d)) - 1));
  else text_add_n(&blob, a->s, a->n);
  add_varint(t, blob.n);
  text_add_n(t, blob.s, blob.n);
  text_free(&blob);
}

static uint32_t attr_number(BytecodeWriter *w, const char *name, const HloAttr *a);

static void add_list(BytecodeWriter *w, CxText *t, const char *name, const HloAttr *a) {
  add_varint(t, 1), add_varint(t, a->n);
  for (uint32_t i = 0; i < a->n; i++) add_varint(t, attr_number(w, name, a->items[i]));
}

static void add_enum(CxText *t, const char *name, const char *value) {
  int code, number;
  if (dialect_enum(name, value, &code, &number)) add_varint(t, (uint64_t)code), add_varint(t, (uint64_t)number);
}

static uint32_t attr_number(BytecodeWriter *w, const char *name, const HloAttr *a) {
  CxText t = {0};
  uint32_t type = a->kind == HLO_INT || a->kind == HLO_DENSE || a->kind == HLO_TYPE ? type_number(w, a->type) : 0;
  switch (a->kind) {
  case HLO_BOOL: add_varint(&t, 2), add_varint(&t, (uint64_t)a->i); break;
  case HLO_INT: add_varint(&t, 9), add_varint(&t, type), add_signed(&t, a->i); break;
  case HLO_STRING:
  case HLO_SYMBOL: add_varint(&t, 14), add_varint(&t, string_number(w, a->s, a->n)); break;
  case HLO_ENUM: add_enum(&t, name, a->s); break;
  case HLO_TYPE: add_varint(&t, 17), add_varint(&t, type); break;
  case HLO_ARRAY: add_list(w, &t, name, a); break;
  case HLO_DENSE: add_varint(&t, 15), add_varint(&t, type), add_elements(&t, a); break;
  default: cx_fail(CX_ERR_INTERNAL, "the attribute %s has no portable form", name);
  }
  return pool_add(&w->attrs, &t) + 1; /* after the unknown place */
}

/* Attributes that every operation of a newer version has, and that mean nothing here: the usual accuracy, no algorithm. */
static uint32_t attr_usual(BytecodeWriter *w, const char *op, const char *name) {
  CxText t = {0};
  if (!strcmp(name, "result_accuracy")) {
    CxText mode = {0};
    add_varint(&mode, 19), add_varint(&mode, 0);
    uint32_t usual = pool_add(&w->attrs, &mode) + 1;
    add_varint(&t, 20), add_signed(&t, 0), add_signed(&t, 0), add_signed(&t, 0), add_varint(&t, usual);
  } else if (!strcmp(op, "dot_general")) {
    add_varint(&t, 17), add_varint(&t, plain_type(w, 33));
  } else {
    cx_fail(CX_ERR_INTERNAL, "stablehlo.%s lacks the attribute %s", op, name);
  }
  return pool_add(&w->attrs, &t) + 1;
}

static uint32_t property_number(BytecodeWriter *w, const HloOp *op, const char *names) {
  CxText t = {0};
  while (*names) {
    char name[64] = {0};
    size_t n = strcspn(names, " ");
    memcpy(name, names, n < sizeof name ? n : sizeof name - 1);
    const HloAttr *a = named_find(op->attrs, op->nattrs, name);
    add_varint(&t, a ? attr_number(w, name, a) : attr_usual(w, op->name, name));
    names += n + (names[n] == ' ');
  }
  return pool_add(&w->properties, &t);
}

/* ---- operations ---- */

static bool write_op(BytecodeWriter *w, CxText *t, const HloOp *op);

static void number_values(BytecodeWriter *w, const HloRegion *r) {
  for (uint32_t i = 0; i < r->nargs; i++) w->numbers[r->args + i] = w->scope++;
  for (uint32_t k = 0; k < r->nops; k++)
    for (uint32_t i = 0; i < r->ops[k].nout; i++) w->numbers[r->ops[k].out + i] = w->scope++;
}

static bool write_region(BytecodeWriter *w, CxText *t, const HloRegion *r) {
  uint32_t outer = w->scope;
  number_values(w, r);
  add_varint(t, 1), add_varint(t, w->scope - outer); /* one block; its values */
  add_varint(t, (uint64_t)r->nops << 1 | (r->nargs != 0));
  if (r->nargs) {
    add_varint(t, r->nargs);
    for (uint32_t i = 0; i < r->nargs; i++) add_varint(t, (uint64_t)type_number(w, w->m->types.v[r->args + i]) << 1);
    add_byte(t, 0);
  }
  for (uint32_t i = 0; i < r->nops; i++) TRY(write_op(w, t, &r->ops[i]));
  w->scope = outer;
  return true;
}

/* A function's region stands alone: in a section of its own, with values numbered from 0. */
static bool write_isolated(BytecodeWriter *w, CxText *t, const HloRegion *r) {
  CxText body = {0};
  uint32_t outer = w->scope;
  w->scope = 0;
  bool ok = write_region(w, &body, r);
  w->scope = outer;
  add_varint(t, 1 << 1 | 1);
  add_section(t, 4, &body);
  text_free(&body);
  return ok;
}

static uint32_t op_name_number(BytecodeWriter *w, const char *name, int version) {
  CxText t = {0};
  text_addf(&t, "%s_v%d", name, version);
  return pool_add(&w->names, &t) + 1; /* after module */
}

static bool write_op(BytecodeWriter *w, CxText *t, const HloOp *op) {
  int version;
  const char *attrs;
  TRY(dialect_op_row(op->name, &version, &attrs));
  int has = (*attrs ? HAS_PROPERTIES : 0) | (op->nout ? HAS_RESULTS : 0) | (op->nin ? HAS_OPERANDS : 0) | (op->nregions ? HAS_REGIONS : 0);
  add_varint(t, op_name_number(w, op->name, version));
  add_byte(t, has);
  add_varint(t, 0); /* at an unknown place */
  if (*attrs) add_varint(t, property_number(w, op, attrs) + 1); /* after the module's */
  if (op->nout) add_varint(t, op->nout);
  for (uint32_t i = 0; i < op->nout; i++) add_varint(t, type_number(w, w->m->types.v[op->out + i]));
  if (op->nin) add_varint(t, op->nin);
  for (uint32_t i = 0; i < op->nin; i++) add_varint(t, w->numbers[op->in[i]]);
  if (!strcmp(op->name, "func")) return write_isolated(w, t, &op->regions[0]) && !cx_failed();
  if (op->nregions) add_varint(t, (uint64_t)op->nregions << 1);
  for (uint32_t i = 0; i < op->nregions; i++) TRY(write_region(w, t, &op->regions[i]));
  return !cx_failed();
}

/* ---- sections ---- */

static bool write_module(BytecodeWriter *w, CxText *t) {
  add_varint(t, 1 << 1); /* one operation: the module, named 0, with property 0 */
  add_varint(t, 0), add_byte(t, HAS_PROPERTIES | HAS_REGIONS), add_varint(t, 0), add_varint(t, 0);
  return write_isolated(w, t, &w->m->body) && !cx_failed();
}

static void write_dialects(BytecodeWriter *w, CxText *t) {
  add_varint(t, 2);
  add_varint(t, (uint64_t)string_number(w, "builtin", 7) << 1), add_varint(t, (uint64_t)string_number(w, "vhlo", 4) << 1);
  add_varint(t, pool_count(&w->names) + 1);
  add_varint(t, BUILTIN), add_varint(t, 1), add_varint(t, (uint64_t)string_number(w, "module", 6) << 1 | 1);
  add_varint(t, VHLO_DIALECT), add_varint(t, pool_count(&w->names));
  for (uint32_t i = 0; i < pool_count(&w->names); i++)
    add_varint(t, (uint64_t)string_number(w, w->names.bytes.s + w->names.starts.v[i], pool_size(&w->names, i)) << 1 | 1);
}

static void write_entry_sizes(CxText *t, const Pool *p) {
  if (!pool_count(p)) return;
  add_varint(t, VHLO_DIALECT), add_varint(t, pool_count(p));
  for (uint32_t i = 0; i < pool_count(p); i++) add_varint(t, (uint64_t)pool_size(p, i) << 1 | 1);
}

static void write_entries(const BytecodeWriter *w, CxText *data, CxText *sizes) {
  add_varint(data, 15); /* an unknown place: attribute 0 */
  text_add_n(data, w->attrs.bytes.s, w->attrs.bytes.n);
  text_add_n(data, w->types.bytes.s, w->types.bytes.n);
  add_varint(sizes, pool_count(&w->attrs) + 1), add_varint(sizes, pool_count(&w->types));
  add_varint(sizes, BUILTIN), add_varint(sizes, 1), add_varint(sizes, 1 << 1 | 1);
  write_entry_sizes(sizes, &w->attrs);
  write_entry_sizes(sizes, &w->types);
}

static void write_strings(const BytecodeWriter *w, CxText *t) {
  uint32_t n = pool_count(&w->strings);
  add_varint(t, n);
  for (uint32_t i = n; i-- > 0;) add_varint(t, pool_size(&w->strings, i));
  text_add_n(t, w->strings.bytes.s, w->strings.bytes.n);
}

static void write_properties(const BytecodeWriter *w, CxText *t) {
  const Pool *p = &w->properties;
  add_varint(t, pool_count(p) + 1);
  add_varint(t, 2), add_varint(t, 0), add_varint(t, 0); /* the module's: no name, no visibility */
  for (uint32_t i = 0; i < pool_count(p); i++) {
    add_varint(t, pool_size(p, i));
    text_add_n(t, p->bytes.s + p->starts.v[i], pool_size(p, i));
  }
}

static bool write_file(BytecodeWriter *w, CxText *to) {
  CxText s[9] = {0};
  bool ok = write_module(w, &s[4]);
  if (ok) {
    write_dialects(w, &s[1]);
    write_entries(w, &s[2], &s[3]);
    write_strings(w, &s[0]);
    write_properties(w, &s[8]);
    text_add_n(to, "ML\xefR", 4);
    add_varint(to, FORMAT);
    text_add_n(to, producer, sizeof producer);
    static const int order[] = {1, 2, 3, 4, 0, 8};
    for (int i = 0; i < 6; i++) add_section(to, order[i], &s[order[i]]);
  }
  for (int i = 0; i < 9; i++) text_free(&s[i]);
  return ok && !cx_failed();
}

bool module_write_bytecode(const HloModule *m, CxText *to) {
  BytecodeWriter w = {.m = m};
  w.numbers = cx_calloc((size_t)m->types.n + 1, sizeof *w.numbers);
  bool ok = w.numbers && write_file(&w, to);
  pool_free(&w.strings), pool_free(&w.names), pool_free(&w.attrs), pool_free(&w.types), pool_free(&w.properties);
  cx_free(w.numbers);
  return ok;
}

void *cx_stablehlo_bytecode(const CxGraph *g, size_t *n) {
  CxText t = {0};
  HloModule *m = export_module(g);
  bool ok = m && module_write_bytecode(m, &t);
  module_free(m);
  if (!ok) return text_free(&t), NULL;
  *n = t.n;
  return t.s;
}
