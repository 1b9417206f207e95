/* Types and attributes of StableHLO text. */
#include "stablehlo/text_reader.h"

#include "base/error.h"
#include "kernels/convert.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

HloAttr *text_attr_new(TextReader *r, HloAttrKind kind) {
  HloAttr *a = arena_alloc(&r->module->arena, sizeof *a);
  if (a) a->kind = kind;
  return a;
}

const HloAttr *text_attr_string(TextReader *r, HloAttrKind kind, const char *s) {
  HloAttr *a = text_attr_new(r, kind);
  if (a) a->s = s, a->n = (uint32_t)strlen(s);
  return a;
}

const HloAttr *text_attr_int(TextReader *r, int64_t i) {
  HloAttr *a = text_attr_new(r, HLO_INT);
  if (a) a->i = i;
  return a;
}

/* ---- types ---- */

typedef struct DtypeName {
  const char *name;
  CxDtype dtype;
} DtypeName;
static const DtypeName dtype_names[] = {
    {"i1", CX_BOOL}, {"i2", CX_I2}, {"i4", CX_I4}, {"i8", CX_I8}, {"i16", CX_I16}, {"i32", CX_I32}, {"i64", CX_I64}, {"si2", CX_I2}, {"si4", CX_I4},
    {"si8", CX_I8}, {"si16", CX_I16}, {"si32", CX_I32}, {"si64", CX_I64}, {"ui2", CX_U2}, {"ui4", CX_U4}, {"ui8", CX_U8}, {"ui16", CX_U16},
    {"ui32", CX_U32}, {"ui64", CX_U64}, {"index", CX_I64}, {"f16", CX_F16}, {"bf16", CX_BF16}, {"f32", CX_F32}, {"f64", CX_F64},
    {"f4E2M1FN", CX_F4E2M1FN}, {"f8E3M4", CX_F8E3M4}, {"f8E4M3", CX_F8E4M3}, {"f8E4M3B11FNUZ", CX_F8E4M3B11FNUZ}, {"f8E4M3FN", CX_F8E4M3FN},
    {"f8E4M3FNUZ", CX_F8E4M3FNUZ}, {"f8E5M2", CX_F8E5M2}, {"f8E5M2FNUZ", CX_F8E5M2FNUZ}, {"f8E8M0FNU", CX_F8E8M0FNU}};

static const HloType *type_named(TextReader *r, TextSpan name) {
  for (size_t i = 0; i < sizeof dtype_names / sizeof *dtype_names; i++)
    if (strlen(dtype_names[i].name) == name.n && !memcmp(dtype_names[i].name, name.s, name.n))
      return hlo_type(r->module, HLO_SCALAR, dtype_names[i].dtype, dtype_names[i].name);
  return hlo_type(r->module, HLO_SCALAR, CX_NO_DTYPE, "an element type that Cuirax lacks");
}

static const HloType *type_within(TextReader *r) {
  if (!text_deeper(r)) return NULL;
  const HloType *t = text_type(r);
  r->depth--;
  return t;
}

static const HloType *type_complex(TextReader *r) {
  TRY(expect(r, "<"));
  const HloType *part = type_within(r);
  return part && expect(r, ">") ? hlo_complex(r->module, part) : NULL;
}

/* 2x?x3xf32: extents end in x without space */
static const HloType *type_tensor(TextReader *r) {
  int64_t dims[CX_MAX_RANK];
  int rank = 0;
  TRY(expect(r, "<"));
  if (accept(r, "*x")) rank = -1;
  for (char c; rank >= 0 && ((c = peek(r)) == '?' || (c >= '0' && c <= '9')); rank++) {
    if (rank == CX_MAX_RANK) return text_fail(r, "a tensor of more than %d dimensions", CX_MAX_RANK), NULL;
    if (c == '?') r->at++, dims[rank] = -1;
    else TRY(take_int(r, &dims[rank]));
    TRY(expect(r, "x"));
  }
  const HloType *element = type_within(r);
  TRY(element);
  if (accept(r, ",")) { /* an encoding */
    while (peek(r) && !see(r, ">")) {
      if (see(r, "<")) TRY(skip_balanced(r));
      else r->at++;
    }
  }
  return expect(r, ">") ? hlo_tensor(r->module, element, rank, dims) : NULL;
}

static const HloType *type_list(TextReader *r, HloTypeKind kind, const HloType **first, uint32_t n, const HloType **second, uint32_t m) {
  const HloType **of = arena_alloc(&r->module->arena, ((size_t)n + m + 1) * sizeof *of);
  HloType *t = arena_alloc(&r->module->arena, sizeof *t);
  if (!of || !t) return NULL;
  if (n) memcpy(of, first, n * sizeof *of);
  if (m) memcpy(of + n, second, m * sizeof *of);
  *t = (HloType){.kind = kind, .n = n, .m = m, .of = of, .text = kind == HLO_TUPLE ? "a tuple" : "a function"};
  return t;
}

typedef VEC(const HloType *) TypeVec;

static bool types_until(TextReader *r, const char *close, TypeVec *to) {
  if (accept(r, close)) return true;
  do {
    const HloType *t = type_within(r);
    TRY(t && vec_push(to, t));
    if (see(r, "{")) TRY(skip_balanced(r)); /* attributes of a result */
  } while (accept(r, ","));
  return expect(r, close);
}

static const HloType *type_function(TextReader *r) { /* after ( */
  TypeVec in = {0}, out = {0};
  const HloType *t = NULL;
  if (types_until(r, ")", &in) && expect(r, "->")) {
    bool ok = true;
    if (accept(r, "(")) ok = types_until(r, ")", &out);
    else ok = (t = type_within(r)) && vec_push(&out, t);
    t = ok ? type_list(r, HLO_FUNCTION, in.v, in.n, out.v, out.n) : NULL;
  }
  vec_free(&in), vec_free(&out);
  return t;
}

static const HloType *type_tuple(TextReader *r) {
  TypeVec of = {0};
  const HloType *t = expect(r, "<") && types_until(r, ">", &of) ? type_list(r, HLO_TUPLE, of.v, of.n, NULL, 0) : NULL;
  vec_free(&of);
  return t;
}

static const HloType *type_dialect(TextReader *r) { /* after ! */
  TextSpan name = take_name(r);
  bool token = name.n == 15 && !memcmp(name.s, "stablehlo.token", 15);
  if (see(r, "<")) TRY(skip_balanced(r));
  return token ? hlo_type(r->module, HLO_TOKEN, CX_TOKEN, "a token") : hlo_type(r->module, HLO_SCALAR, CX_NO_DTYPE, "a type of another dialect");
}

const HloType *text_type(TextReader *r) {
  if (accept(r, "(")) return type_function(r);
  if (accept(r, "!")) return type_dialect(r);
  if (accept_word(r, "tensor")) return type_tensor(r);
  if (accept_word(r, "complex")) return type_complex(r);
  if (accept_word(r, "tuple")) return type_tuple(r);
  if (accept_word(r, "none")) return hlo_type(r->module, HLO_FOREIGN, CX_NO_DTYPE, "none");
  if (!see_word(r)) return text_fail(r, "expected a type"), NULL;
  return type_named(r, take_name(r));
}

/* ---- numbers of dense attributes ---- */

typedef struct Dense {
  TextReader *r;
  CxDtype dtype;
  VEC(char) bytes;
  int64_t count;  /* elements */
  locale_t locale;
} Dense;

static bool dense_put(Dense *d, const void *bytes, size_t n) {
  if (d->bytes.n > UINT32_MAX - n) return text_fail(d->r, "a constant of more than 4 GiB");
  TRY(vec_reserve(&d->bytes, d->bytes.n + (uint32_t)n));
  memcpy(d->bytes.v + d->bytes.n, bytes, n);
  d->bytes.n += (uint32_t)n;
  return true;
}

static bool take_hex(TextReader *r, uint64_t *to) { /* after 0x */
  int n = 0;
  *to = 0;
  for (; r->at < r->end && n < 17; r->at++, n++) {
    char c = *r->at;
    int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (v < 0) break;
    *to = *to << 4 | (uint64_t)v;
  }
  return (n && n < 17) || text_fail(r, "expected up to 16 hexadecimal digits");
}

static size_t number_text(TextReader *r, char *to, size_t max) {
  size_t n = 0;
  skip_space(r);
  while (r->at < r->end && n + 1 < max && (strchr("+-.", *r->at) || (*r->at >= '0' && *r->at <= '9') || *r->at == 'e' || *r->at == 'E')) {
    if (!*r->at) break;
    to[n++] = *r->at++;
  }
  to[n] = 0;
  return n;
}

/* The float nearest to the decimal, rounded once. */
static bool put_decimal(Dense *d, CxDtype as) {
  char text[64], *end;
  if (!number_text(d->r, text, sizeof text)) return text_fail(d->r, "expected a number");
  double wide = strtod_l(text, &end, d->locale);
  if (*end) return text_fail(d->r, "expected a number");
  if (as == CX_F64) return dense_put(d, &wide, sizeof wide);
  if (as == CX_F32) {
    float f = strtof_l(text, &end, d->locale);
    return dense_put(d, &f, sizeof f);
  }
  char narrow[16];
  int64_t one = 1;
  CxView from = {.data = &wide, .dtype = CX_F64, .rank = 1, .dims = &one}, to = {.data = narrow, .dtype = as, .rank = 1, .dims = &one};
  return kernel_convert(&from, &to) && dense_put(d, narrow, (size_t)cx_dtype_bytes(as));
}

static bool put_real(Dense *d, CxDtype as) {
  uint64_t bits;
  if (!accept(d->r, "0x")) return put_decimal(d, as);
  return take_hex(d->r, &bits) && dense_put(d, &bits, (size_t)cx_dtype_bytes(as));
}

static bool put_integer(Dense *d) {
  int64_t v;
  if (accept_word(d->r, "true")) v = 1;
  else if (accept_word(d->r, "false")) v = 0;
  else TRY(take_int(d->r, &v));
  return dense_put(d, &v, (size_t)cx_dtype_bytes(d->dtype));
}

static bool put_element(Dense *d) {
  char kind = cx_dtype_kind(d->dtype);
  d->count++;
  if (kind == 'f') return put_real(d, d->dtype);
  if (kind != 'c') return put_integer(d);
  CxDtype part = d->dtype == CX_C64 ? CX_F32 : CX_F64;
  return expect(d->r, "(") && put_real(d, part) && expect(d->r, ",") && put_real(d, part) && expect(d->r, ")");
}

static bool put_nested(Dense *d) {
  if (!accept(d->r, "[")) return put_element(d);
  if (accept(d->r, "]")) return true;
  TRY(text_deeper(d->r));
  do TRY(put_nested(d));
  while (accept(d->r, ","));
  d->r->depth--;
  return expect(d->r, "]");
}

/* "0x…": the elements' bytes; one element stands for all */
static bool put_string(Dense *d, bool *packed) {
  char *s;
  size_t n;
  TRY(take_quoted(d->r, &s, &n));
  if (n < 2 || s[0] != '0' || s[1] != 'x' || n % 2) return text_fail(d->r, "expected bytes as a string of hexadecimal digits after 0x");
  *packed = d->dtype == CX_BOOL;
  for (size_t i = 2; i < n; i += 2) {
    char pair[3] = {s[i], s[i + 1], 0}, *end, byte = (char)strtoul(pair, &end, 16);
    if (*end || !dense_put(d, &byte, 1)) return text_fail(d->r, "expected hexadecimal digits");
  }
  return true;
}

/* The type stands behind the elements: it is read first. */
static const HloType *dense_type(TextReader *r) {
  TextReader ahead = *r;
  if (!skip_balanced(&ahead) || !expect(&ahead, ":")) return NULL;
  return text_type(&ahead);
}

static const HloAttr *dense_finish(Dense *d, const HloType *type, bool packed) {
  HloAttr *a = text_attr_new(d->r, HLO_DENSE);
  const CxType *t = type->tensor;
  size_t one = (size_t)cx_dtype_bytes(d->dtype), all;
  char *bytes = a ? arena_copy(&d->r->module->arena, d->bytes.n ? d->bytes.v : "", d->bytes.n) : NULL;
  if (!a || (!bytes && d->bytes.n) || !size_mul((size_t)t->size, one, &all)) return NULL;
  a->type = type, a->s = bytes, a->n = d->bytes.n, a->packed = packed;
  if (packed) all = (size_t)(t->size / 8 + (t->size % 8 != 0));
  a->splat = packed ? a->n == 1 && ((uint8_t)bytes[0] == 0xff || !bytes[0] || t->size > 8) : a->n == one;
  if (!a->splat && all != a->n) return text_fail(d->r, "a constant of %u bytes does not fill its type", a->n), NULL;
  return a;
}

static const HloAttr *attr_dense(TextReader *r) { /* at < */
  const HloType *type = dense_type(r);
  TRY(type);
  if (type->kind != HLO_TENSOR || !type->tensor || type->dtype == CX_TOKEN) {
    TRY(skip_balanced(r) && expect(r, ":") && text_type(r));
    return text_attr_new(r, HLO_OTHER);
  }
  Dense d = {.r = r, .dtype = type->dtype, .locale = newlocale(LC_ALL_MASK, "C", NULL)};
  if (!d.locale) return cx_fail(CX_ERR_MEMORY, "out of memory: no C locale"), NULL;
  bool packed = false, ok = expect(r, "<");
  if (ok && see(r, "\"")) ok = put_string(&d, &packed);
  else if (ok && !see(r, ">")) ok = put_nested(&d);
  const HloAttr *a = ok && expect(r, ">") && expect(r, ":") && text_type(r) ? dense_finish(&d, type, packed) : NULL;
  freelocale(d.locale);
  vec_free(&d.bytes);
  return a;
}

/* array<i64: 1, 2> */
static const HloAttr *attr_array_of(TextReader *r) {
  TRY(expect(r, "<"));
  const HloType *element = text_type(r);
  TRY(element);
  Dense d = {.r = r, .dtype = element->dtype};
  if (!strchr("biu", cx_dtype_kind(element->dtype))) return text_fail(r, "expected an array of integers"), NULL;
  bool ok = true;
  if (accept(r, ":"))
    do ok = put_element(&d);
    while (ok && accept(r, ","));
  const HloType *t = ok && expect(r, ">") ? hlo_tensor(r->module, element, 1, &d.count) : NULL;
  const HloAttr *a = t && t->tensor ? dense_finish(&d, t, false) : NULL;
  vec_free(&d.bytes);
  return a;
}

/* ---- other attributes ---- */

static const HloAttr *attr_number(TextReader *r) {
  const char *start = r->at;
  bool is_float = false;
  uint64_t bits = 0;
  const char *p = r->at + (*r->at == '-');
  if (p + 1 < r->end && p[0] == '0' && p[1] == 'x') { /* a float's bits, or a hexadecimal integer */
    r->at = p + 2;
    TRY(take_hex(r, &bits));
  } else {
    for (; p < r->end && (strchr(".e+-", *p) || (*p >= '0' && *p <= '9')) && *p; p++) is_float |= *p == '.';
    r->at = start;
  }
  HloAttr *a = text_attr_new(r, is_float ? HLO_FLOAT : HLO_INT);
  TRY(a);
  if (is_float) {
    char text[64], *end;
    number_text(r, text, sizeof text);
    locale_t c = newlocale(LC_ALL_MASK, "C", NULL);
    if (!c) return cx_fail(CX_ERR_MEMORY, "out of memory: no C locale"), NULL;
    a->f = strtod_l(text, &end, c);
    freelocale(c);
    if (*end) return text_fail(r, "expected a number"), NULL;
  } else if (r->at == start) TRY(take_int(r, &a->i));
  else a->i = (int64_t)bits;
  if (accept(r, ":")) TRY(a->type = text_type(r));
  if (a->kind == HLO_FLOAT && a->type && a->type->dtype == CX_F32) a->f = (double)(float)a->f;
  return a;
}

typedef VEC(const HloAttr *) AttrVec;

static const HloAttr *attr_within(TextReader *r) {
  if (!text_deeper(r)) return NULL;
  const HloAttr *a = text_attr(r);
  r->depth--;
  return a;
}

static const HloAttr *attr_list(TextReader *r) { /* after [ */
  AttrVec all = {0};
  bool ok = true;
  if (!see(r, "]"))
    do {
      const HloAttr *item = attr_within(r);
      ok = item && vec_push(&all, item);
    } while (ok && accept(r, ","));
  HloAttr *a = ok && expect(r, "]") ? text_attr_new(r, HLO_ARRAY) : NULL;
  if (a) {
    a->n = all.n;
    a->items = arena_copy(&r->module->arena, all.n ? (const void *)all.v : "", all.n * sizeof *all.v);
  }
  vec_free(&all);
  return a && (a->items || !a->n) ? a : NULL;
}

static bool dict_entry(TextReader *r, HloNamed *to) {
  char *name;
  size_t n;
  if (see(r, "\"")) TRY(take_quoted(r, &name, &n));
  else {
    skip_space(r);
    TextSpan s = take_name(r);
    if (!s.n) return text_fail(r, "expected the name of an attribute");
    TRY(name = span_string(r, s));
  }
  *to = (HloNamed){name, NULL};
  to->value = accept(r, "=") ? attr_within(r) : text_attr_new(r, HLO_UNIT);
  return to->value != NULL;
}

bool text_dict(TextReader *r, const char *close, HloNamed **named, uint32_t *n) {
  VEC(HloNamed) all = {0};
  bool ok = true;
  if (!see(r, close))
    do {
      HloNamed entry;
      ok = dict_entry(r, &entry) && vec_push(&all, entry);
    } while (ok && accept(r, ","));
  ok = ok && expect(r, close);
  *named = ok && all.n ? arena_copy(&r->module->arena, all.v, all.n * sizeof *all.v) : NULL;
  *n = ok ? all.n : 0;
  vec_free(&all);
  return ok && (*named || !*n);
}

static const HloAttr *attr_dict(TextReader *r, const char *close) {
  HloNamed *named;
  uint32_t n;
  TRY(text_dict(r, close, &named, &n));
  HloAttr *a = text_attr_new(r, HLO_DICT);
  if (a) a->named = named, a->n = n;
  return a;
}

/* ---- convolution dimension numbers ---- */

typedef struct ConvSide {
  int64_t batch, feature; /* of a kernel: output feature, input feature */
  int64_t spatial[CX_MAX_RANK];
  int n;
} ConvSide;

static bool conv_side(TextReader *r, char batch, char feature, ConvSide *s) {
  *s = (ConvSide){.batch = -1, .feature = -1};
  TRY(expect(r, "["));
  for (int64_t at = 0; !accept(r, "]"); at++) {
    char c = peek(r);
    int64_t k;
    if (at) TRY(expect(r, ","));
    c = peek(r);
    if (c == batch) s->batch = at, r->at++;
    else if (c == feature) s->feature = at, r->at++;
    else if (c == '?') r->at++;
    else {
      TRY(take_int(r, &k));
      if (k < 0 || k >= CX_MAX_RANK) return text_fail(r, "spatial dimension out of range");
      s->spatial[k] = at, s->n = k >= s->n ? (int)k + 1 : s->n;
    }
  }
  return true;
}

static const HloAttr *ints_attr(TextReader *r, const int64_t *v, int n) {
  const HloAttr **items = arena_alloc(&r->module->arena, ((size_t)n + 1) * sizeof *items);
  HloAttr *a = text_attr_new(r, HLO_ARRAY);
  for (int i = 0; items && i < n; i++) TRY(items[i] = text_attr_int(r, v[i]));
  if (!a || !items) return NULL;
  a->items = items, a->n = (uint32_t)n;
  return a;
}

const HloAttr *text_conv_dims(TextReader *r) {
  static const char *const names[3][3] = {{"input_batch_dimension", "input_feature_dimension", "input_spatial_dimensions"},
                                          {"kernel_output_feature_dimension", "kernel_input_feature_dimension", "kernel_spatial_dimensions"},
                                          {"output_batch_dimension", "output_feature_dimension", "output_spatial_dimensions"}};
  ConvSide sides[3];
  TRY(conv_side(r, 'b', 'f', &sides[0]) && expect(r, "x") && conv_side(r, 'o', 'i', &sides[1]) && expect(r, "->") && conv_side(r, 'b', 'f', &sides[2]));
  HloNamed *named = arena_alloc(&r->module->arena, 9 * sizeof *named);
  HloAttr *a = text_attr_new(r, HLO_DICT);
  if (!named || !a) return NULL;
  for (int i = 0; i < 3; i++) {
    named[3 * i] = (HloNamed){names[i][0], text_attr_int(r, sides[i].batch)};
    named[3 * i + 1] = (HloNamed){names[i][1], text_attr_int(r, sides[i].feature)};
    named[3 * i + 2] = (HloNamed){names[i][2], ints_attr(r, sides[i].spatial, sides[i].n)};
    for (int k = 0; k < 3; k++) TRY(named[3 * i + k].value);
  }
  a->named = named, a->n = 9;
  return a;
}

/* ---- #dialect.name<…>, #dialect<name WORD>, #alias ---- */

static bool span_is(TextSpan s, const char *text) { return strlen(text) == s.n && !memcmp(s.s, text, s.n); }

static const HloAttr *attr_enum(TextReader *r) { /* after #stablehlo< */
  skip_space(r);
  TextSpan kind = take_name(r);
  skip_space(r);
  if (!kind.n || !see_word(r)) return text_fail(r, "expected an enumerator"), NULL;
  char *value = span_string(r, take_name(r));
  return value && expect(r, ">") ? text_attr_string(r, HLO_ENUM, value) : NULL;
}

static const HloAttr *attr_hash(TextReader *r) { /* after # */
  TextSpan name = take_name(r);
  if (!name.n) return text_fail(r, "expected a name after '#'"), NULL;
  bool known = name.n > 10 && !memcmp(name.s, "stablehlo.", 10);
  if (!see(r, "<")) {
    for (uint32_t i = 0; i < r->aliases.n; i++)
      if (span_is(name, r->aliases.v[i].name)) return r->aliases.v[i].value;
    return text_attr_new(r, HLO_OTHER);
  }
  if (span_is(name, "stablehlo")) return expect(r, "<") ? attr_enum(r) : NULL;
  if (span_is(name, "stablehlo.conv")) {
    const HloAttr *a = expect(r, "<") ? text_conv_dims(r) : NULL;
    return a && expect(r, ">") ? a : NULL;
  }
  bool structure = known && (span_is(name, "stablehlo.gather") || span_is(name, "stablehlo.scatter") || span_is(name, "stablehlo.dot"));
  if (structure) return expect(r, "<") ? attr_dict(r, ">") : NULL;
  return skip_balanced(r) ? text_attr_new(r, HLO_OTHER) : NULL;
}

static const HloAttr *attr_symbol(TextReader *r) {
  char *name, *inner;
  TRY(take_symbol(r, &name));
  while (accept(r, "::")) TRY(take_symbol(r, &inner));
  return text_attr_string(r, HLO_SYMBOL, name);
}

static const HloAttr *attr_quoted(TextReader *r) {
  HloAttr *a = text_attr_new(r, HLO_STRING);
  char *s;
  size_t n;
  TRY(a && take_quoted(r, &s, &n));
  a->s = s, a->n = (uint32_t)n;
  return a;
}

static const HloAttr *attr_bool(TextReader *r, bool v) {
  HloAttr *a = text_attr_new(r, HLO_BOOL);
  if (a) a->i = v;
  return a;
}

static const HloAttr *attr_type(TextReader *r) {
  const HloType *t = text_type(r);
  HloAttr *a = t ? text_attr_new(r, HLO_TYPE) : NULL;
  if (a) a->type = t;
  return a;
}

const HloAttr *text_attr(TextReader *r) {
  char c = peek(r);
  if (c == '"') return attr_quoted(r);
  if (c == '@') return attr_symbol(r);
  if (c == '#') return r->at++, attr_hash(r);
  if (c == '[') return r->at++, attr_list(r);
  if (c == '{') return r->at++, attr_dict(r, "}");
  if (c == '-' || (c >= '0' && c <= '9')) return attr_number(r);
  if (accept_word(r, "true")) return attr_bool(r, true);
  if (accept_word(r, "false")) return attr_bool(r, false);
  if (accept_word(r, "unit")) return text_attr_new(r, HLO_UNIT);
  if (accept_word(r, "dense")) return attr_dense(r);
  if (accept_word(r, "array")) return attr_array_of(r);
  if (accept_word(r, "loc") || accept_word(r, "affine_map")) return skip_balanced(r) ? text_attr_new(r, HLO_OTHER) : NULL;
  if (accept_word(r, "dense_resource")) {
    TRY(skip_balanced(r) && expect(r, ":") && text_type(r));
    return text_attr_new(r, HLO_OTHER);
  }
  return attr_type(r);
}
