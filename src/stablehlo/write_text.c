/* Prints a module tree as StableHLO text: the pretty form of the operations that have a simple one, the generic form of the others (as MLIR
 * does) or of all. */
#include "stablehlo/write.h"

#include "base/error.h"
#include "ir/scalar.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct ValueName { /* %arg3, %5, %5#1 */
  uint32_t number, part;
  bool is_arg, is_part;
} ValueName;

typedef struct Writer {
  const HloModule *m;
  CxText *t;
  ValueName *names; /* by value */
  uint32_t args, values;
  int indent;
  bool generic;
} Writer;

static void line(Writer *w) {
  text_add(w->t, "\n");
  for (int i = 0; i < w->indent; i++) text_add(w->t, "  ");
}

static void put_value(Writer *w, HloId id) {
  const ValueName *n = &w->names[id];
  text_addf(w->t, n->is_arg ? "%%arg%u" : "%%%u", n->number);
  if (n->is_part) text_addf(w->t, "#%u", n->part);
}

static void put_values(Writer *w, const HloId *ids, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (i) text_add(w->t, ", ");
    put_value(w, ids[i]);
  }
}

/* ---- types ---- */

static const char *const dtype_text[CX_DTYPE_COUNT] = {
    [CX_BOOL] = "i1", [CX_I2] = "i2", [CX_I4] = "i4", [CX_I8] = "i8", [CX_I16] = "i16", [CX_I32] = "i32", [CX_I64] = "i64", [CX_U2] = "ui2",
    [CX_U4] = "ui4", [CX_U8] = "ui8", [CX_U16] = "ui16", [CX_U32] = "ui32", [CX_U64] = "ui64", [CX_F4E2M1FN] = "f4E2M1FN", [CX_F8E3M4] = "f8E3M4",
    [CX_F8E4M3] = "f8E4M3", [CX_F8E4M3B11FNUZ] = "f8E4M3B11FNUZ", [CX_F8E4M3FN] = "f8E4M3FN", [CX_F8E4M3FNUZ] = "f8E4M3FNUZ",
    [CX_F8E5M2] = "f8E5M2", [CX_F8E5M2FNUZ] = "f8E5M2FNUZ", [CX_F8E8M0FNU] = "f8E8M0FNU", [CX_F16] = "f16", [CX_BF16] = "bf16", [CX_F32] = "f32",
    [CX_F64] = "f64", [CX_C64] = "complex<f32>", [CX_C128] = "complex<f64>"};

static void put_type(Writer *w, const HloType *t) {
  if (t->kind == HLO_TOKEN) {
    text_add(w->t, "!stablehlo.token");
    return;
  }
  text_add(w->t, "tensor<");
  for (int i = 0; i < t->rank; i++) text_addf(w->t, "%lldx", (long long)t->dims[i]);
  text_addf(w->t, "%s>", dtype_text[t->dtype] ? dtype_text[t->dtype] : "?");
}

static const HloType *type_of(const Writer *w, HloId id) { return w->m->types.v[id]; }

static void put_type_list(Writer *w, const HloType *const *of, uint32_t n, bool parens) {
  if (parens) text_add(w->t, "(");
  for (uint32_t i = 0; i < n; i++) {
    if (i) text_add(w->t, ", ");
    put_type(w, of[i]);
  }
  if (parens) text_add(w->t, ")");
}

static void put_signature(Writer *w, const HloOp *op) { /* (types) -> types */
  text_add(w->t, "(");
  for (uint32_t i = 0; i < op->nin; i++) {
    if (i) text_add(w->t, ", ");
    put_type(w, type_of(w, op->in[i]));
  }
  text_add(w->t, ") -> ");
  put_type_list(w, w->m->types.v + op->out, op->nout, op->nout != 1);
}

/* ---- elements ---- */

static void put_float(Writer *w, CxDtype d, const char *bytes) {
  double v = scalar_to_double(d, bytes), back;
  char text[48];
  int size = cx_dtype_bytes(d);
  if (isfinite(v)) {
    for (int digits = 6; digits <= 17; digits += digits == 6 ? 2 : 9) {
      snprintf(text, sizeof text, "%.*e", digits, v);
      back = 0;
      sscanf(text, "%lf", &back);
      if (d == CX_F64 ? back == v : (float)back == (float)v) break;
    }
    text_add(w->t, text);
    return;
  }
  text_add(w->t, "0x");
  for (int i = size; i-- > 0;) text_addf(w->t, "%02X", (unsigned char)bytes[i]);
}

static void put_element(Writer *w, const HloAttr *a, int64_t i) {
  CxDtype d = a->type->dtype;
  char kind = cx_dtype_kind(d);
  const char *at = a->s + (a->splat ? 0 : i * cx_dtype_bytes(d));
  if (d == CX_BOOL) text_add(w->t, hlo_dense_int(a, i) ? "true" : "false");
  else if (kind == 'i') text_addf(w->t, "%lld", (long long)hlo_dense_int(a, i));
  else if (kind == 'u') text_addf(w->t, "%llu", (unsigned long long)hlo_dense_int(a, i));
  else if (kind == 'f') put_float(w, d, at);
  else {
    CxDtype part = d == CX_C64 ? CX_F32 : CX_F64;
    text_add(w->t, "(");
    put_float(w, part, at);
    text_add(w->t, ",");
    put_float(w, part, at + cx_dtype_bytes(part));
    text_add(w->t, ")");
  }
}

static void put_nested(Writer *w, const HloAttr *a, int axis, int64_t *at) {
  const HloType *t = a->type;
  if (axis == t->rank) {
    put_element(w, a, (*at)++);
    return;
  }
  text_add(w->t, "[");
  for (int64_t i = 0; i < t->dims[axis]; i++) {
    if (i) text_add(w->t, ", ");
    put_nested(w, a, axis + 1, at);
  }
  text_add(w->t, "]");
}

enum { HEX_FROM = 256 }; /* elements that are written as bytes */

static void put_dense(Writer *w, const HloAttr *a) {
  CxDtype d = a->type->dtype;
  const CxType *t = a->type->tensor;
  int64_t at = 0;
  bool bytes = !a->splat && t->size >= HEX_FROM && cx_dtype_bits(d) >= 8;
  text_add(w->t, "dense<");
  if (bytes) {
    text_add(w->t, "\"0x");
    for (uint32_t i = 0; i < a->n; i++) text_addf(w->t, "%02X", (unsigned char)a->s[i]);
    text_add(w->t, "\"");
  } else if (a->splat) put_element(w, a, 0);
  else if (t->size) put_nested(w, a, 0, &at);
  text_add(w->t, "> : ");
  put_type(w, a->type);
}

/* ---- attributes ---- */

static void put_list(Writer *w, const HloAttr *a) { /* [1, 2] */
  text_add(w->t, "[");
  for (int64_t i = 0; i < a->type->tensor->size; i++) {
    if (i) text_add(w->t, ", ");
    put_element(w, a, i);
  }
  text_add(w->t, "]");
}

static const char *enum_kind(const char *name) {
  static const char *const kinds[][2] = {{"comparison_direction", "comparison_direction"}, {"compare_type", "comparison_type"},
                                         {"precision_config", "precision"}, {"fft_type", "fft_type"}, {"rng_algorithm", "rng_algorithm"},
                                         {"rng_distribution", "rng_distribution"}, {"transpose_a", "transpose"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(kinds[i][0], name)) return kinds[i][1];
  return name;
}

static void put_attr(Writer *w, const char *name, const HloAttr *a) {
  switch (a->kind) {
  case HLO_UNIT: text_add(w->t, "unit"); break;
  case HLO_BOOL: text_add(w->t, a->i ? "true" : "false"); break;
  case HLO_INT: text_addf(w->t, "%lld : %s", (long long)a->i, a->type && a->type->dtype ? dtype_text[a->type->dtype] : "i64"); break;
  case HLO_ENUM: text_addf(w->t, "#stablehlo<%s %s>", enum_kind(name), a->s); break;
  case HLO_STRING: text_addf(w->t, "\"%s\"", a->s); break;
  case HLO_SYMBOL: text_addf(w->t, "@%s", a->s); break;
  case HLO_ARRAY:
    text_add(w->t, "[");
    for (uint32_t i = 0; i < a->n; i++) {
      if (i) text_add(w->t, ", ");
      put_attr(w, name, a->items[i]);
    }
    text_add(w->t, "]");
    break;
  case HLO_DENSE:
    if (!strcmp(name, "value") || a->type->rank != 1) {
      put_dense(w, a);
      break;
    }
    text_addf(w->t, a->type->tensor->size ? "array<%s: " : "array<%s", dtype_text[a->type->dtype]);
    for (int64_t i = 0; i < a->type->tensor->size; i++) {
      if (i) text_add(w->t, ", ");
      put_element(w, a, i);
    }
    text_add(w->t, ">");
    break;
  default: text_add(w->t, "unit");
  }
}

/* Attributes that one structure holds: their names in its order. */
typedef struct Structure {
  const char *op, *attr, *name;
  const char *fields[7];
} Structure;
static const Structure structures[] = {
    {"gather", "dimension_numbers", "gather",
     {"offset_dims", "collapsed_slice_dims", "operand_batching_dims", "start_indices_batching_dims", "start_index_map", "index_vector_dim", NULL}},
    {"scatter", "scatter_dimension_numbers", "scatter",
     {"update_window_dims", "inserted_window_dims", "input_batching_dims", "scatter_indices_batching_dims", "scatter_dims_to_operand_dims", "index_vector_dim", NULL}},
    {"dot_general", "dot_dimension_numbers", "dot",
     {"lhs_batching_dimensions", "rhs_batching_dimensions", "lhs_contracting_dimensions", "rhs_contracting_dimensions", NULL}}};

static const Structure *structure_of(const HloOp *op) {
  for (size_t i = 0; i < sizeof structures / sizeof *structures; i++)
    if (!strcmp(structures[i].op, op->name)) return &structures[i];
  return NULL;
}

static bool is_field(const Structure *s, const char *name) {
  for (int i = 0; s && s->fields[i]; i++)
    if (!strcmp(s->fields[i], name)) return true;
  return false;
}

static void put_structure(Writer *w, const HloOp *op, const Structure *s) {
  const char *between = "";
  text_addf(w->t, "%s = #stablehlo.%s<", s->attr, s->name);
  for (int i = 0; s->fields[i]; i++) {
    const HloAttr *a = op_attr(op, s->fields[i]);
    if (!a || (a->kind == HLO_DENSE && !a->type->tensor->size)) continue;
    text_addf(w->t, "%s%s = ", between, s->fields[i]);
    if (a->kind == HLO_DENSE) put_list(w, a);
    else text_addf(w->t, "%lld", (long long)a->i);
    between = ", ";
  }
  text_add(w->t, ">");
}

/* [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f] */
static const char *const conv_names[3][3] = {{"input_batch_dimension", "input_feature_dimension", "input_spatial_dimensions"},
                                             {"kernel_output_feature_dimension", "kernel_input_feature_dimension", "kernel_spatial_dimensions"},
                                             {"output_batch_dimension", "output_feature_dimension", "output_spatial_dimensions"}};

static void put_conv_side(Writer *w, const HloOp *op, int side) {
  const HloAttr *spatial = op_attr(op, conv_names[side][2]);
  int64_t n = spatial->type->tensor->size, batch = op_attr(op, conv_names[side][0])->i;
  text_add(w->t, "[");
  for (int64_t at = 0; at < n + 2; at++) {
    int64_t k = 0;
    while (k < n && hlo_dense_int(spatial, k) != at) k++;
    if (at) text_add(w->t, ", ");
    if (k < n) text_addf(w->t, "%lld", (long long)k);
    else text_add(w->t, side == 1 ? (at == batch ? "o" : "i") : (at == batch ? "b" : "f"));
  }
  text_add(w->t, "]");
}

static void put_conv_dims(Writer *w, const HloOp *op) {
  put_conv_side(w, op, 0), text_add(w->t, "x"), put_conv_side(w, op, 1), text_add(w->t, "->"), put_conv_side(w, op, 2);
}

static bool is_conv_field(const char *name) {
  for (int i = 0; i < 9; i++)
    if (!strcmp(conv_names[i / 3][i % 3], name)) return true;
  return false;
}

static void put_attrs(Writer *w, const HloOp *op) {
  const Structure *s = structure_of(op);
  bool conv = !strcmp(op->name, "convolution");
  const char *between = "";
  if (!op->nattrs) return;
  text_add(w->t, " <{");
  if (s) put_structure(w, op, s), between = ", ";
  if (conv) text_add(w->t, "dimension_numbers = #stablehlo.conv<"), put_conv_dims(w, op), text_add(w->t, ">"), between = ", ";
  for (uint32_t i = 0; i < op->nattrs; i++) {
    if (is_field(s, op->attrs[i].name) || (conv && is_conv_field(op->attrs[i].name))) continue;
    text_addf(w->t, "%s%s = ", between, op->attrs[i].name);
    put_attr(w, op->attrs[i].name, op->attrs[i].value);
    between = ", ";
  }
  text_add(w->t, "}>");
}

/* ---- operations ---- */

static void put_op(Writer *w, const HloOp *op);

static void name_args(Writer *w, const HloRegion *r) {
  for (uint32_t i = 0; i < r->nargs; i++) w->names[r->args + i] = (ValueName){.number = w->args++, .is_arg = true};
}

static void put_args(Writer *w, const HloRegion *r) {
  for (uint32_t i = 0; i < r->nargs; i++) {
    if (i) text_add(w->t, ", ");
    put_value(w, r->args + i);
    text_add(w->t, ": ");
    put_type(w, type_of(w, r->args + i));
  }
}

static void put_block(Writer *w, const HloRegion *r) {
  w->indent++;
  for (uint32_t i = 0; i < r->nops; i++) put_op(w, &r->ops[i]);
  w->indent--;
}

static void put_region(Writer *w, const HloRegion *r) {
  text_add(w->t, "{");
  name_args(w, r);
  if (r->nargs) {
    line(w);
    text_add(w->t, "^bb0(");
    put_args(w, r);
    text_add(w->t, "):");
  }
  put_block(w, r);
  line(w);
  text_add(w->t, "}");
}

static const char *dialect_of(const char *name) {
  if (strchr(name, '.')) return "";
  return !strcmp(name, "func") || !strcmp(name, "call") ? "func." : "stablehlo.";
}

static void put_generic(Writer *w, const HloOp *op) {
  text_addf(w->t, "\"%s%s\"(", dialect_of(op->name), op->name);
  put_values(w, op->in, op->nin);
  text_add(w->t, ")");
  put_attrs(w, op);
  for (uint32_t i = 0; i < op->nregions; i++) {
    text_add(w->t, i ? ", " : " (");
    put_region(w, &op->regions[i]);
  }
  text_add(w->t, op->nregions ? ") : " : " : ");
  put_signature(w, op);
}

/* What stands between the operands and the types: "dims = " and an attribute. */
typedef struct Pretty {
  const char *op, *spelt, *attr;
} Pretty;
static const Pretty pretty[] = {{"broadcast_in_dim", "dims", "broadcast_dimensions"}, {"concatenate", "dim", "dimension"}, {"dynamic_slice", "sizes", "slice_sizes"},
                                {"iota", "dim", "iota_dimension"}, {"reverse", "dims", "dimensions"}, {"transpose", "dims", "permutation"}, {"reshape", NULL, NULL},
                                {"convert", NULL, NULL}, {"bitcast_convert", NULL, NULL}, {"dynamic_update_slice", NULL, NULL}, {"real", NULL, NULL},
                                {"imag", NULL, NULL}, {"is_finite", NULL, NULL}, {"abs", NULL, NULL}};

static void put_setting(Writer *w, const HloOp *op, const char *spelt, const char *attr) {
  const HloAttr *a = op_attr(op, attr);
  text_addf(w->t, "%s%s = ", op->nin ? ", " : " ", spelt);
  if (a->kind == HLO_DENSE) put_list(w, a);
  else text_addf(w->t, "%lld", (long long)a->i);
}

static void open_pretty(Writer *w, const HloOp *op) {
  text_addf(w->t, "stablehlo.%s%s", op->name, op->nin ? " " : "");
  put_values(w, op->in, op->nin);
}

static bool put_listed(Writer *w, const HloOp *op) {
  const Pretty *p = NULL;
  for (size_t i = 0; !p && i < sizeof pretty / sizeof *pretty; i++)
    if (!strcmp(pretty[i].op, op->name)) p = &pretty[i];
  if (!p) return false;
  open_pretty(w, op);
  if (p->spelt) put_setting(w, op, p->spelt, p->attr);
  text_add(w->t, " : ");
  bool alone = !strcmp(op->name, "iota") || !strcmp(op->name, "reverse") || (!strcmp(op->name, "abs") && type_of(w, op->in[0])->tensor == type_of(w, op->out)->tensor);
  if (alone) put_type(w, type_of(w, op->out));
  else put_signature(w, op);
  return true;
}

static bool put_compare(Writer *w, const HloOp *op) {
  text_addf(w->t, "stablehlo.compare %s, ", op_attr(op, "comparison_direction")->s);
  put_values(w, op->in, 2);
  text_addf(w->t, ", %s : ", op_attr(op, "compare_type")->s);
  put_signature(w, op);
  return true;
}

static bool put_select(Writer *w, const HloOp *op) {
  open_pretty(w, op);
  text_add(w->t, " : ");
  put_type(w, type_of(w, op->in[0]));
  text_add(w->t, ", ");
  put_type(w, type_of(w, op->out));
  return true;
}

static bool put_slice(Writer *w, const HloOp *op) {
  const HloAttr *a[3] = {op_attr(op, "start_indices"), op_attr(op, "limit_indices"), op_attr(op, "strides")};
  open_pretty(w, op);
  text_add(w->t, " [");
  for (int64_t i = 0; i < a[0]->type->tensor->size; i++) {
    text_addf(w->t, "%s%lld:%lld", i ? ", " : "", (long long)hlo_dense_int(a[0], i), (long long)hlo_dense_int(a[1], i));
    if (hlo_dense_int(a[2], i) != 1) text_addf(w->t, ":%lld", (long long)hlo_dense_int(a[2], i));
  }
  text_add(w->t, "] : ");
  put_signature(w, op);
  return true;
}

static bool put_pad(Writer *w, const HloOp *op) {
  open_pretty(w, op);
  put_setting(w, op, "low", "edge_padding_low"), put_setting(w, op, "high", "edge_padding_high"), put_setting(w, op, "interior", "interior_padding");
  text_add(w->t, " : ");
  put_signature(w, op);
  return true;
}

static void put_pair(Writer *w, const HloOp *op, const char *spelt, const char *left, const char *right) {
  text_addf(w->t, ", %s = ", spelt);
  put_list(w, op_attr(op, left));
  text_add(w->t, " x ");
  put_list(w, op_attr(op, right));
}

static bool put_dot(Writer *w, const HloOp *op) {
  const HloAttr *p = op_attr(op, "precision_config");
  open_pretty(w, op);
  if (op_attr(op, "lhs_batching_dimensions")->type->tensor->size) put_pair(w, op, "batching_dims", "lhs_batching_dimensions", "rhs_batching_dimensions");
  put_pair(w, op, "contracting_dims", "lhs_contracting_dimensions", "rhs_contracting_dimensions");
  text_addf(w->t, ", precision = [%s, %s] : ", p->items[0]->s, p->items[1]->s);
  put_signature(w, op);
  return true;
}

static bool put_constant(Writer *w, const HloOp *op) {
  text_add(w->t, "stablehlo.constant ");
  put_dense(w, op_attr(op, "value"));
  return true;
}

static bool put_call(Writer *w, const HloOp *op) {
  text_addf(w->t, "%scall @%s(", w->indent == 2 ? "" : "func.", op_attr(op, "callee")->s);
  put_values(w, op->in, op->nin);
  text_add(w->t, ") : ");
  put_signature(w, op);
  return true;
}

/* reduce(%x init: %y) applies stablehlo.add across dimensions = [0] */
static bool put_reduce(Writer *w, const HloOp *op) {
  const HloRegion *r = &op->regions[0];
  if (op->nin != 2 || r->nops != 2 || r->ops[0].nin != 2 || r->ops[0].nattrs || r->ops[0].in[0] != r->args || r->ops[0].in[1] != r->args + 1) return false;
  text_add(w->t, "stablehlo.reduce(");
  put_value(w, op->in[0]);
  text_add(w->t, " init: ");
  put_value(w, op->in[1]);
  text_addf(w->t, ") applies stablehlo.%s across dimensions = ", r->ops[0].name);
  put_list(w, op_attr(op, "dimensions"));
  text_add(w->t, " : ");
  put_signature(w, op);
  return true;
}

static bool put_while(Writer *w, const HloOp *op) {
  const HloRegion *cond = &op->regions[0], *body = &op->regions[1];
  name_args(w, cond);
  for (uint32_t i = 0; i < body->nargs; i++) w->names[body->args + i] = w->names[cond->args + i];
  text_add(w->t, "stablehlo.while(");
  for (uint32_t i = 0; i < op->nin; i++) {
    if (i) text_add(w->t, ", ");
    put_value(w, cond->args + i);
    text_add(w->t, " = ");
    put_value(w, op->in[i]);
  }
  text_add(w->t, ")");
  if (op->nin) text_add(w->t, " : ");
  put_type_list(w, w->m->types.v + op->out, op->nout, false);
  for (int i = 0; i < 2; i++) {
    if (i) text_add(w->t, " do {");
    else line(w), text_add(w->t, "cond {");
    put_block(w, &op->regions[i]);
    line(w);
    text_add(w->t, "}");
  }
  return true;
}

static bool put_same(Writer *w, const HloOp *op) { /* all of one type */
  if (op->nattrs || op->nregions || op->nout != 1 || !op->nin || strchr(op->name, '.')) return false;
  for (uint32_t i = 0; i < op->nin; i++)
    if (type_of(w, op->in[i])->tensor != type_of(w, op->out)->tensor || !type_of(w, op->out)->tensor) return false;
  open_pretty(w, op);
  text_add(w->t, " : ");
  put_type(w, type_of(w, op->out));
  return true;
}

static bool put_chlo(Writer *w, const HloOp *op) { /* chlo.erf %0 : type -> type */
  if (strncmp(op->name, "chlo.", 5) || op->nattrs || op->nin != 1) return false;
  text_addf(w->t, "%s ", op->name);
  put_values(w, op->in, op->nin);
  text_add(w->t, " : ");
  put_type(w, type_of(w, op->in[0]));
  text_add(w->t, " -> ");
  put_type(w, type_of(w, op->out));
  return true;
}

static bool put_pretty(Writer *w, const HloOp *op) {
  static const struct { const char *name; bool (*put)(Writer *, const HloOp *); } forms[] = {
      {"call", put_call}, {"compare", put_compare}, {"constant", put_constant}, {"dot_general", put_dot}, {"pad", put_pad}, {"reduce", put_reduce},
      {"select", put_select}, {"slice", put_slice}, {"while", put_while}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (!strcmp(forms[i].name, op->name)) return forms[i].put(w, op);
  return put_listed(w, op) || put_chlo(w, op) || put_same(w, op);
}

static void put_return(Writer *w, const HloOp *op) {
  text_add(w->t, w->indent == 2 ? "return" : "stablehlo.return");
  if (!op->nin) return;
  text_add(w->t, " ");
  put_values(w, op->in, op->nin);
  text_add(w->t, " : ");
  for (uint32_t i = 0; i < op->nin; i++) {
    if (i) text_add(w->t, ", ");
    put_type(w, type_of(w, op->in[i]));
  }
}

static void put_targets(Writer *w, const HloOp *op) {
  if (!op->nout) return;
  uint32_t number = w->values++;
  for (uint32_t i = 0; i < op->nout; i++) w->names[op->out + i] = (ValueName){.number = number, .part = i, .is_part = op->nout > 1};
  text_addf(w->t, op->nout > 1 ? "%%%u:%u = " : "%%%u = ", number, op->nout);
}

static void put_op(Writer *w, const HloOp *op) {
  line(w);
  if (!strcmp(op->name, "return")) {
    put_return(w, op);
    return;
  }
  put_targets(w, op);
  if (w->generic || !put_pretty(w, op)) put_generic(w, op);
}

static void put_function(Writer *w, const HloOp *op) {
  const HloRegion *r = &op->regions[0];
  const HloType *t = op_attr(op, "function_type")->type;
  w->args = w->values = 0;
  name_args(w, r);
  line(w);
  text_addf(w->t, "func.func %s @%s(", op_attr(op, "sym_visibility")->s, op_attr(op, "sym_name")->s);
  put_args(w, r);
  text_add(w->t, ")");
  if (t->m) text_add(w->t, " -> "), put_type_list(w, t->of + t->n, t->m, t->m != 1);
  text_add(w->t, " {");
  put_block(w, r);
  line(w);
  text_add(w->t, "}");
}

bool module_write_text(const HloModule *m, const char *name, bool generic, CxText *to) {
  Writer w = {.m = m, .t = to, .generic = generic, .indent = 1};
  w.names = cx_calloc((size_t)m->types.n + 1, sizeof *w.names);
  TRY(w.names);
  text_addf(to, "module @%s attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {", name);
  for (uint32_t i = 0; i < m->body.nops; i++) put_function(&w, &m->body.ops[i]);
  text_add(to, "\n}\n");
  cx_free(w.names);
  return !cx_failed();
}

char *cx_stablehlo_text(const CxGraph *g, const char *name, bool generic) {
  CxText t = {0};
  HloModule *m = export_module(g);
  bool ok = m && module_write_text(m, name ? name : "program", generic, &t);
  module_free(m);
  if (ok) return t.s;
  text_free(&t);
  return NULL;
}
