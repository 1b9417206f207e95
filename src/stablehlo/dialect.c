/* What entries of the tables mean: the types and attributes of VHLO and of MLIR's own dialect, by their numbers in the format. */
#include "stablehlo/container.h"

#include "base/error.h"
#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

static HloAttr *attr_new(HloReader *r, HloAttrKind kind) {
  HloAttr *a = arena_alloc(&r->module->arena, sizeof *a);
  if (a) a->kind = kind;
  return a;
}

static const HloAttr *attr_int(HloReader *r, HloAttrKind kind, const HloType *type, int64_t i) {
  HloAttr *a = attr_new(r, kind);
  if (a) a->type = type, a->i = i;
  return a;
}

static const HloAttr *attr_string(HloReader *r, HloAttrKind kind, const char *s) {
  HloAttr *a = attr_new(r, kind);
  if (a) a->s = s, a->n = (uint32_t)strlen(s);
  return a;
}

static const HloType *scalar(HloReader *r, CxDtype d) { return hlo_type(r->module, HLO_SCALAR, d, cx_dtype_short(d)); }
static const HloType *unknown(HloReader *r, const char *what) { return hlo_type(r->module, HLO_SCALAR, CX_NO_DTYPE, what); }

static const HloType *type_list(HloReader *r, Cursor *c, HloTypeKind kind) {
  uint32_t n[2] = {0, 0};
  HloType *t = arena_alloc(&r->module->arena, sizeof *t);
  const HloType **of = NULL;
  for (int part = 0; t && part < (kind == HLO_FUNCTION ? 2 : 1); part++) {
    TRY(take_count(c, &n[part]));
    const HloType **all = arena_alloc(&r->module->arena, ((size_t)n[0] + n[1] + 1) * sizeof *all);
    TRY(all);
    if (part && n[0]) memcpy(all, of, n[0] * sizeof *all);
    of = all;
    for (uint32_t i = 0; i < n[part]; i++) TRY(take_type(r, c, &of[part ? n[0] + i : i]));
  }
  if (t) *t = (HloType){.kind = kind, .n = n[0], .m = n[1], .of = of, .text = kind == HLO_TUPLE ? "a tuple" : "a function"};
  return t;
}

static const HloType *tensor(HloReader *r, Cursor *c) {
  int64_t dims[CX_MAX_RANK];
  uint32_t rank;
  const HloType *element;
  TRY(take_count(c, &rank));
  FAIL_IF(rank > CX_MAX_RANK, CX_ERR_PARSE, "StableHLO bytecode has a tensor of %u dimensions; at most %d are supported", rank, CX_MAX_RANK);
  for (uint32_t i = 0; i < rank; i++) TRY(take_signed(c, &dims[i]));
  TRY(take_type(r, c, &element));
  return hlo_tensor(r->module, element, (int)rank, dims);
}

static const HloType *tensor_encoded(HloReader *r, Cursor *c) { /* bounds of dynamic extents */
  const HloAttr *encoding;
  return take_attr(r, c, &encoding) ? tensor(r, c) : NULL;
}

static const HloType *tensor_unranked(HloReader *r, Cursor *c) {
  const HloType *element;
  return take_type(r, c, &element) ? hlo_tensor(r->module, element, -1, NULL) : NULL;
}

static const HloType *complex_of(HloReader *r, Cursor *c) {
  const HloType *part;
  return take_type(r, c, &part) ? hlo_complex(r->module, part) : NULL;
}

/* ---- VHLO types ---- */

static const uint8_t vhlo_dtypes[] = { /* by the number of the type */
    [0] = CX_BOOL, [2] = CX_BF16, [3] = CX_F16, [4] = CX_F32, [5] = CX_F64, [6] = CX_F8E4M3FN, [7] = CX_F8E5M2, [9] = CX_I64, [10] = CX_I4,
    [11] = CX_I8, [12] = CX_I16, [13] = CX_I32, [14] = CX_I64, [15] = CX_U4, [16] = CX_U8, [17] = CX_U16, [18] = CX_U32, [19] = CX_U64,
    [27] = CX_F8E4M3FNUZ, [28] = CX_F8E5M2FNUZ, [29] = CX_F8E4M3B11FNUZ, [31] = CX_I2, [32] = CX_U2, [35] = CX_F8E4M3, [36] = CX_F8E3M4,
    [37] = CX_F4E2M1FN, [40] = CX_F8E8M0FNU, [42] = 0};

static const HloType *vhlo_type(HloReader *r, Cursor *c) {
  uint64_t code;
  TRY(take_varint(c, &code));
  if (code < sizeof vhlo_dtypes && vhlo_dtypes[code]) return scalar(r, (CxDtype)vhlo_dtypes[code]);
  switch (code) {
  case 1: return complex_of(r, c);
  case 8: return type_list(r, c, HLO_FUNCTION);
  case 20: return tensor(r, c);
  case 21: return tensor_encoded(r, c);
  case 22: return hlo_type(r->module, HLO_TOKEN, CX_TOKEN, "a token");
  case 23: return type_list(r, c, HLO_TUPLE);
  case 24:
  case 30: return unknown(r, "a quantized type");
  case 25: return tensor_unranked(r, c);
  case 38: return unknown(r, "f6E2M3FN");
  case 39: return unknown(r, "f6E3M2FN");
  case 34: return unknown(r, "tf32");
  case 26:
  case 33:
  case 41:
  case 42: return hlo_type(r->module, HLO_FOREIGN, CX_NO_DTYPE, "a type without elements");
  default: return cx_fail(CX_ERR_PARSE, "StableHLO bytecode has a type of the unknown number %llu: it comes from a newer version", (unsigned long long)code), NULL;
  }
}

/* ---- MLIR's own types ---- */

static const HloType *builtin_integer(HloReader *r, Cursor *c) { /* width << 2 | signedness */
  static const CxDtype of_width[2][5] = {{CX_I4, CX_I8, CX_I16, CX_I32, CX_I64}, {CX_U4, CX_U8, CX_U16, CX_U32, CX_U64}};
  uint64_t v;
  TRY(take_varint(c, &v));
  bool is_unsigned = (v & 3) == 2;
  if (v >> 2 == 1) return scalar(r, CX_BOOL);
  if (v >> 2 == 2) return scalar(r, is_unsigned ? CX_U2 : CX_I2);
  for (int i = 0; i < 5; i++)
    if (v >> 2 == 4u << i) return scalar(r, of_width[is_unsigned][i]);
  return unknown(r, "an integer type of unusual width");
}

static const HloType *builtin_type(HloReader *r, Cursor *c) {
  uint64_t code;
  TRY(take_varint(c, &code));
  switch (code) {
  case 0: return builtin_integer(r, c);
  case 1: return scalar(r, CX_I64);
  case 2: return type_list(r, c, HLO_FUNCTION);
  case 3: return scalar(r, CX_BF16);
  case 4: return scalar(r, CX_F16);
  case 5: return scalar(r, CX_F32);
  case 6: return scalar(r, CX_F64);
  case 9: return complex_of(r, c);
  case 13: return tensor(r, c);
  case 14: return tensor_encoded(r, c);
  case 15: return type_list(r, c, HLO_TUPLE);
  default: return hlo_type(r->module, HLO_FOREIGN, CX_NO_DTYPE, "a type of MLIR that StableHLO does not use");
  }
}

const HloType *dialect_type(HloReader *r, const char *dialect, Cursor *c) {
  if (!strcmp(dialect, "vhlo")) return vhlo_type(r, c);
  if (!strcmp(dialect, "builtin")) return builtin_type(r, c);
  return hlo_type(r->module, HLO_FOREIGN, CX_NO_DTYPE, "a type of a foreign dialect");
}

/* ---- attributes ---- */

static const HloAttr *array_of(HloReader *r, Cursor *c) {
  uint32_t n;
  TRY(take_count(c, &n));
  HloAttr *a = attr_new(r, HLO_ARRAY);
  const HloAttr **items = arena_alloc(&r->module->arena, ((size_t)n + 1) * sizeof *items);
  for (uint32_t i = 0; a && items && i < n; i++) TRY(take_attr(r, c, &items[i]));
  if (!a || !items) return NULL;
  a->n = n, a->items = items;
  return a;
}

static const HloAttr *dict_of(HloReader *r, Cursor *c) {
  uint32_t n;
  const HloAttr *name;
  TRY(take_count(c, &n));
  HloAttr *a = attr_new(r, HLO_DICT);
  HloNamed *named = arena_alloc(&r->module->arena, ((size_t)n + 1) * sizeof *named);
  for (uint32_t i = 0; a && named && i < n; i++) {
    TRY(take_attr(r, c, &name) && take_attr(r, c, &named[i].value));
    FAIL_IF(name->kind != HLO_STRING, CX_ERR_PARSE, "StableHLO bytecode has a dictionary whose key is not a string");
    named[i].name = name->s;
  }
  if (!a || !named) return NULL;
  a->n = n, a->named = named;
  return a;
}

static const HloAttr *integer_of(HloReader *r, Cursor *c) {
  const HloType *type;
  int64_t v;
  uint8_t byte = 0;
  TRY(take_type(r, c, &type));
  bool narrow = type->dtype && cx_dtype_bits(type->dtype) <= 8;
  TRY(narrow ? take_byte(c, &byte) : take_signed(c, &v));
  if (narrow) v = byte;
  int spare = type->dtype && cx_dtype_kind(type->dtype) == 'i' ? 64 - cx_dtype_bits(type->dtype) : 0;
  return attr_int(r, type->dtype == CX_BOOL ? HLO_BOOL : HLO_INT, type, (int64_t)((uint64_t)v << spare) >> spare);
}

static double float_of_bits(CxDtype d, uint64_t bits) {
  float f;
  double w;
  uint32_t low = (uint32_t)bits;
  if (d == CX_F64) return memcpy(&w, &bits, sizeof w), w;
  if (d == CX_BF16) low <<= 16;
  memcpy(&f, &low, sizeof f);
  return (double)f;
}

static const HloAttr *float_of(HloReader *r, Cursor *c) {
  const HloType *type;
  int64_t bits;
  TRY(take_type(r, c, &type));
  if (type->dtype != CX_F32 && type->dtype != CX_F64 && type->dtype != CX_BF16) return attr_new(r, HLO_OTHER);
  TRY(take_signed(c, &bits));
  HloAttr *a = attr_new(r, HLO_FLOAT);
  if (a) a->type = type, a->f = float_of_bits(type->dtype, (uint64_t)bits);
  return a;
}

/* The bytes must be those of all elements or of one. */
static bool dense_fits(HloAttr *a) {
  const CxType *t = a->type->tensor;
  if (!t) return false;
  size_t one = (size_t)cx_dtype_bytes(t->dtype), all = 0;
  bool whole = t->dtype == CX_BOOL;
  if (whole) {
    a->packed = true;
    all = (size_t)(t->size / 8 + (t->size % 8 != 0));
    a->splat = a->n == 1 && ((uint8_t)a->s[0] == 0xff || !a->s[0] || t->size > 8);
    return a->splat || all == a->n;
  }
  if (!size_mul((size_t)t->size, one, &all)) return false;
  a->splat = a->n == one;
  return one && (a->splat || all == a->n);
}

static const HloAttr *dense_of(HloReader *r, Cursor *c) {
  const HloType *type;
  uint32_t n;
  const uint8_t *bytes;
  TRY(take_type(r, c, &type) && take_count(c, &n) && take_bytes(c, n, &bytes));
  HloAttr *a = attr_new(r, HLO_DENSE);
  if (!a) return NULL;
  a->type = type, a->s = (const char *)bytes, a->n = n;
  if (type->kind == HLO_TENSOR && type->tensor && type->dtype != CX_TOKEN) {
    FAIL_IF(!dense_fits(a), CX_ERR_PARSE, "StableHLO bytecode has a constant whose %u bytes do not fill its type", n);
    return a;
  }
  a->kind = HLO_OTHER;
  return a;
}

static const HloAttr *enum_of(HloReader *r, Cursor *c, const char *const *names, uint32_t n) {
  uint32_t i;
  TRY(take_index(c, n, &i, "enumerator"));
  FAIL_IF(!names[i], CX_ERR_PARSE, "StableHLO bytecode has an enumerator without a meaning");
  return attr_string(r, HLO_ENUM, names[i]);
}

static const char *const directions[] = {"EQ", "NE", "GE", "GT", "LE", "LT"};
static const char *const compare_types[] = {"NOTYPE", "FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED"};
static const char *const call_versions[] = {"API_VERSION_UNSPECIFIED", "API_VERSION_ORIGINAL", "API_VERSION_STATUS_RETURNING",
                                            "API_VERSION_STATUS_RETURNING_UNIFIED", "API_VERSION_TYPED_FFI"};
static const char *const fft_types[] = {"FFT", "IFFT", "RFFT", "IRFFT"};
static const char *const precisions[] = {"DEFAULT", "HIGH", "HIGHEST"};
static const char *const rng_algorithms[] = {"DEFAULT", "THREE_FRY", "PHILOX"};
static const char *const rng_distributions[] = {NULL, "UNIFORM", "NORMAL"};
static const char *const transposes[] = {"TRANSPOSE_INVALID", "NO_TRANSPOSE", "TRANSPOSE", "ADJOINT"};
#define ENUM_OF(names) enum_of(r, c, names, sizeof(names) / sizeof *(names))

typedef struct EnumCode { /* of an attribute */
  const char *attr;
  int code;
  const char *const *names;
  int n;
} EnumCode;
#define CODE(attr, code, names) {attr, code, names, sizeof(names) / sizeof *(names)}
static const EnumCode enum_codes[] = {CODE("comparison_direction", 3, directions), CODE("compare_type", 4, compare_types), CODE("api_version", 5, call_versions),
                                      CODE("fft_type", 7, fft_types), CODE("precision_config", 11, precisions), CODE("rng_algorithm", 12, rng_algorithms),
                                      CODE("rng_distribution", 13, rng_distributions), CODE("transpose_a", 16, transposes)};

bool dialect_enum(const char *attr, const char *value, int *code, int *number) {
  for (size_t i = 0; i < sizeof enum_codes / sizeof *enum_codes; i++)
    for (int k = 0; !strcmp(enum_codes[i].attr, attr) && k < enum_codes[i].n; k++)
      if (enum_codes[i].names[k] && !strcmp(enum_codes[i].names[k], value)) return *code = enum_codes[i].code, *number = k, true;
  return cx_fail(CX_ERR_INTERNAL, "StableHLO has no enumerator %s of %s", value, attr);
}

int dialect_type_code(CxDtype d) {
  for (size_t i = 0; i < sizeof vhlo_dtypes; i++)
    if (vhlo_dtypes[i] == d && i != 9) return (int)i;
  return -1;
}

static const HloAttr *string_of(HloReader *r, Cursor *c) {
  const char *s;
  return take_string(r, c, &s) ? attr_string(r, HLO_STRING, s) : NULL;
}

static const HloAttr *type_of(HloReader *r, Cursor *c) {
  const HloType *t;
  HloAttr *a = attr_new(r, HLO_TYPE);
  if (!a || !take_type(r, c, &t)) return NULL;
  a->type = t;
  return a;
}

static const HloAttr *bool_of(HloReader *r, Cursor *c) {
  uint32_t v;
  return take_index(c, 2, &v, "truth value") ? attr_int(r, HLO_BOOL, NULL, v) : NULL;
}

static const HloAttr *vhlo_attr(HloReader *r, Cursor *c) {
  uint64_t code;
  TRY(take_varint(c, &code));
  switch (code) {
  case 1: return array_of(r, c);
  case 2: return bool_of(r, c);
  case 3: return ENUM_OF(directions);
  case 4: return ENUM_OF(compare_types);
  case 5: return ENUM_OF(call_versions);
  case 6: return dict_of(r, c);
  case 7: return ENUM_OF(fft_types);
  case 8: return float_of(r, c);
  case 9: return integer_of(r, c);
  case 11: return ENUM_OF(precisions);
  case 12: return ENUM_OF(rng_algorithms);
  case 13: return ENUM_OF(rng_distributions);
  case 14: return string_of(r, c);
  case 15: return dense_of(r, c);
  case 16: return ENUM_OF(transposes);
  case 17: return type_of(r, c);
  default: return attr_new(r, HLO_OTHER); /* aliases, bounds, accuracies, meshes */
  }
}

static const HloAttr *symbol_of(HloReader *r, Cursor *c) {
  const HloAttr *name;
  TRY(take_attr(r, c, &name));
  FAIL_IF(name->kind != HLO_STRING, CX_ERR_PARSE, "StableHLO bytecode has a symbol whose name is not a string");
  return attr_string(r, HLO_SYMBOL, name->s);
}

static const HloAttr *builtin_attr(HloReader *r, Cursor *c) {
  uint64_t code;
  TRY(take_varint(c, &code));
  switch (code) {
  case 0: return array_of(r, c);
  case 1: return dict_of(r, c);
  case 2: return string_of(r, c);
  case 4: return symbol_of(r, c);
  case 6: return type_of(r, c);
  case 7: return attr_new(r, HLO_UNIT);
  case 8: return integer_of(r, c);
  case 9: return float_of(r, c);
  case 18: return dense_of(r, c);
  default: return attr_new(r, HLO_OTHER); /* places in source and others */
  }
}

const HloAttr *dialect_attr(HloReader *r, const char *dialect, Cursor *c) {
  if (!strcmp(dialect, "vhlo")) return vhlo_attr(r, c);
  if (!strcmp(dialect, "builtin")) return builtin_attr(r, c);
  return attr_new(r, HLO_OTHER);
}

/* ---- operations ---- */

typedef struct VhloOp { /* a row of vhlo.def */
  const char *name;
  int version;
  const char *attrs; /* separated by spaces */
} VhloOp;

#define VHLO(name, version, attrs) {name, version, attrs},
static const VhloOp rows[] = {
#include "stablehlo/vhlo.def"
};
#undef VHLO

static const VhloOp *row_find(const char *name, size_t n, long version) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].version == version && !strncmp(rows[i].name, name, n) && !rows[i].name[n]) return &rows[i];
  return NULL;
}

bool dialect_op_row(const char *name, int *version, const char **attrs) {
  const VhloOp *newest = NULL;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(rows[i].name, name)) newest = &rows[i];
  FAIL_IF(!newest, CX_ERR_NOT_IMPLEMENTED, "%s has no portable form: write the program as text", name);
  *version = newest->version, *attrs = newest->attrs;
  return true;
}

static bool split_words(HloModule *m, const char *s, const char ***words, uint32_t *n) {
  *n = *s != 0;
  for (const char *p = s; *p; p++) *n += *p == ' ';
  char *copy = arena_string(&m->arena, s);
  const char **list = arena_alloc(&m->arena, (*n + 1) * sizeof *list);
  if (!copy || !list) return false;
  for (uint32_t i = 0; i < *n; i++) {
    list[i] = copy;
    copy += strcspn(copy, " ");
    if (*copy) *copy++ = 0;
  }
  *words = list;
  return true;
}

static bool vhlo_op_name(HloModule *m, const char *name, HloOpName *to) {
  const char *v = NULL;
  for (const char *p = name; (p = strstr(p, "_v")); p++) v = p;
  const VhloOp *row = v ? row_find(name, (size_t)(v - name), strtol(v + 2, NULL, 10)) : NULL;
  FAIL_IF(!row, CX_ERR_PARSE, "StableHLO bytecode uses the operation vhlo.%.100s, which is not known here: it comes from a newer version", name);
  to->name = row->name;
  return split_words(m, row->attrs, &to->attrs, &to->nattrs);
}

bool dialect_op_name(HloModule *m, const char *dialect, const char *name, HloOpName *to) {
  if (!strcmp(dialect, "vhlo")) return vhlo_op_name(m, name, to);
  if (!strcmp(dialect, "stablehlo") || !strcmp(dialect, "func")) return to->name = name, true;
  size_t d = strlen(dialect), n = strlen(name);
  char *whole = arena_alloc(&m->arena, d + n + 2);
  if (!whole) return false;
  memcpy(whole, dialect, d);
  whole[d] = '.';
  memcpy(whole + d + 1, name, n + 1);
  to->name = whole;
  return true;
}
