/* concatenate, split, pad, slice, dynamic_slice, dynamic_update_slice, rev, tile, bitcast_convert_type. */
#include "op_check.h"

typedef struct { CxInts v; } IntsAttrs;
typedef struct { int64_t axis; } AxisAttrs;
typedef struct { int64_t axis; CxInts sizes; } SplitAttrs;
typedef struct { CxInts limit, start, strides; } SliceAttrs;
typedef struct { CxDtype dtype; } DtypeAttrs;

static CxVal counting(CxDtype d, int64_t rows, int64_t cols) { return cx_convert(cx_reshape(cx_iota(CX_I32, 1, (int64_t[]){rows * cols}, 0), 2, (int64_t[]){rows, cols}), d); }
static bool equals(CxVal v, int rank, const int64_t *dims, const int32_t *want) {
  return no_error() && same_bits(v, cx_array(CX_I32, rank, dims, want));
}
#define EQUALS(v, dims, ...) equals(v, (int)(sizeof((int64_t[])dims) / 8), (int64_t[])dims, (int32_t[]){__VA_ARGS__})
#define D(...) {__VA_ARGS__}

static void values(void) {
  CxVal x = counting(CX_I32, 2, 3), parts[3];
  CHECK(EQUALS(cx_concatenate(2, (CxVal[]){x, cx_slice_axis(x, 1, 0, 1)}, 1), D(2, 4), 0, 1, 2, 0, 3, 4, 5, 3));
  CHECK(EQUALS(cx_concatenate(1, &x, 0), D(2, 3), 0, 1, 2, 3, 4, 5));
  CHECK(cx_split(x, cx_ints(1, 0, 2), 1, parts));
  CHECK(EQUALS(parts[0], D(2, 1), 0, 3));
  CHECK(parts[1]->type->size == 0 && parts[1]->type->dims[1] == 0);
  CHECK(EQUALS(parts[2], D(2, 2), 1, 2, 4, 5));
  CHECK(EQUALS(cx_pad(x, cx_scalar(CX_I32, 9), (int64_t[]){1, 0, 0, -1, 1, 1}), D(3, 5), 9, 9, 9, 9, 9, 9, 1, 9, 2, 9, 9, 4, 9, 5, 9));
  CHECK(EQUALS(cx_pad(x, cx_scalar(CX_I32, 9), (int64_t[]){0, 0, 2, 0, -2, 0}), D(4, 1), 0, 9, 9, 3));
  CHECK(EQUALS(cx_pad(cx_slice_axis(x, 0, 1, 1), cx_scalar(CX_I32, 7), (int64_t[]){1, 1, 3, 0, -2, 0}), D(2, 1), 7, 7));
  CHECK(EQUALS(cx_slice(x, (int64_t[]){0, 0}, (int64_t[]){2, 3}, (int64_t[]){1, 2}), D(2, 2), 0, 2, 3, 5));
  CHECK(EQUALS(cx_slice_axis(x, 1, 1, 3), D(2, 2), 1, 2, 4, 5));
  CxVal far[2] = {cx_scalar_i64(CX_I64, 1), cx_scalar_i64(CX_I64, 100)}, low[2] = {cx_scalar_i64(CX_I8, -5), cx_scalar_i64(CX_I8, 1)};
  CHECK(EQUALS(cx_dynamic_slice(x, far, (int64_t[]){1, 2}), D(1, 2), 4, 5));
  CHECK(EQUALS(cx_dynamic_slice(x, low, (int64_t[]){1, 2}), D(1, 2), 1, 2));
  CxVal u = cx_array(CX_I32, 2, (int64_t[]){1, 2}, (int32_t[]){-1, -2});
  CHECK(EQUALS(cx_dynamic_update_slice(x, u, far), D(2, 3), 0, 1, 2, 3, -1, -2));
  CHECK(EQUALS(x, D(2, 3), 0, 1, 2, 3, 4, 5));
  CHECK(EQUALS(cx_rev(x, cx_ints(0, 1)), D(2, 3), 5, 4, 3, 2, 1, 0));
  CHECK(EQUALS(cx_rev(x, cx_ints(1)), D(2, 3), 2, 1, 0, 5, 4, 3));
  CHECK(EQUALS(cx_tile(x, (int64_t[]){2, 2}), D(4, 6), 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5));
  CHECK(cx_tile(x, (int64_t[]){0, 2})->type->size == 0);
  CxVal one = cx_scalar(CX_F32, 1), bits = cx_bitcast(one, CX_I32);
  CHECK(cx_to_int(bits) == 0x3f800000);
  CxVal halves = cx_bitcast(cx_scalar_i64(CX_U32, 0x12345678), CX_U16);
  CHECK(halves->type->rank == 1 && ((const uint16_t *)cx_data(halves))[0] == 0x5678 && ((const uint16_t *)cx_data(halves))[1] == 0x1234);
  CHECK(cx_to_int(cx_bitcast(halves, CX_U32)) == 0x12345678);
  CxVal scalar = cx_scalar_i64(CX_I32, 5);
  CHECK(cx_to_int(cx_dynamic_slice(scalar, NULL, NULL)) == 5 && cx_to_int(cx_slice(scalar, NULL, NULL, NULL)) == 5);
  CHECK(no_error());
}

static void types(void) {
  CxVal x = counting(CX_F32, 2, 3), i = counting(CX_I32, 2, 3), z = cx_scalar_i64(CX_I32, 0);
  cx_concatenate(0, NULL, 0), CHECK(failed_with(CX_ERR_TYPE));
  cx_concatenate(2, (CxVal[]){x, i}, 0), CHECK(failed_with(CX_ERR_TYPE));
  cx_concatenate(2, (CxVal[]){x, cx_slice_axis(x, 0, 0, 1)}, 1), CHECK(failed_with(CX_ERR_TYPE));
  cx_concatenate(2, (CxVal[]){x, x}, 2), CHECK(failed_with(CX_ERR_TYPE));
  cx_concatenate(2, (CxVal[]){x, z}, 0), CHECK(failed_with(CX_ERR_TYPE));
  CxVal out[2];
  cx_split(x, cx_ints(1, 1), 1, out), CHECK(failed_with(CX_ERR_VALUE));
  cx_split(x, cx_ints(4, -1), 1, out), CHECK(failed_with(CX_ERR_VALUE));
  cx_pad(x, cx_scalar(CX_F64, 0), (int64_t[]){0, 0, 0, 0, 0, 0}), CHECK(failed_with(CX_ERR_TYPE));
  cx_pad(x, cx_scalar(CX_F32, 0), (int64_t[]){0, 0, -1, 0, 0, 0}), CHECK(failed_with(CX_ERR_VALUE));
  cx_pad(x, cx_scalar(CX_F32, 0), (int64_t[]){-2, -1, 0, 0, 0, 0}), CHECK(failed_with(CX_ERR_VALUE));
  cx_pad(x, cx_scalar(CX_F32, 0), (int64_t[]){INT64_MAX, 1, 0, 0, 0, 0}), CHECK(failed_with(CX_ERR_VALUE));
  cx_pad(x, x, (int64_t[]){0, 0, 0, 0, 0, 0}), CHECK(failed_with(CX_ERR_VALUE));
  cx_slice_axis(x, 0, 0, 3), CHECK(failed_with(CX_ERR_TYPE));
  cx_slice_axis(x, 0, -1, 2), CHECK(failed_with(CX_ERR_TYPE));
  cx_slice_axis(x, 0, 2, 1), CHECK(failed_with(CX_ERR_TYPE));
  cx_slice(x, (int64_t[]){0, 0}, (int64_t[]){2, 3}, (int64_t[]){1, 0}), CHECK(failed_with(CX_ERR_TYPE));
  cx_dynamic_slice(x, (CxVal[]){z, z}, (int64_t[]){3, 1}), CHECK(failed_with(CX_ERR_TYPE));
  cx_dynamic_slice(x, (CxVal[]){z, z}, (int64_t[]){-1, 1}), CHECK(failed_with(CX_ERR_TYPE));
  cx_dynamic_slice(x, (CxVal[]){z, cx_scalar_i64(CX_I64, 0)}, (int64_t[]){1, 1}), CHECK(failed_with(CX_ERR_TYPE));
  cx_dynamic_slice(x, (CxVal[]){cx_scalar(CX_F32, 0), z}, (int64_t[]){1, 1}), CHECK(failed_with(CX_ERR_TYPE));
  cx_dynamic_update_slice(x, i, (CxVal[]){z, z}), CHECK(failed_with(CX_ERR_TYPE));
  cx_dynamic_update_slice(x, z, (CxVal[]){z, z}), CHECK(failed_with(CX_ERR_TYPE));
  cx_rev(x, cx_ints(0, 0)), CHECK(failed_with(CX_ERR_TYPE));
  cx_rev(x, cx_ints(2)), CHECK(failed_with(CX_ERR_TYPE));
  cx_bitcast(x, CX_F64), CHECK(failed_with(CX_ERR_VALUE));
  cx_bitcast(x, CX_C64), CHECK(failed_with(CX_ERR_TYPE));
  cx_tile(x, (int64_t[]){INT64_MAX, 1}), CHECK(failed_with(CX_ERR_VALUE));
  CxVal weak = cx_weak_scalar(CX_F32, 1);
  CxVal w1 = cx_expand_dims(weak, cx_ints(0)), s1 = cx_expand_dims(cx_scalar(CX_F32, 1), cx_ints(0));
  CHECK(cx_concatenate(2, (CxVal[]){w1, w1}, 0)->type->weak && !cx_concatenate(2, (CxVal[]){w1, s1}, 0)->type->weak);
  CHECK(!cx_bitcast(weak, CX_I32)->type->weak);
}

static void calculus(void) {
  CxVal x = RANDOM(CX_F64, 3, 5), y = RANDOM(CX_F64, 3, 2), p = RANDOM(CX_F64, 2, 3), v = cx_reshape(RANDOM(CX_F64, 1), 0, NULL);
  CxVal s0 = cx_scalar_i64(CX_I32, 1), s1 = cx_scalar_i64(CX_I32, 4), u = RANDOM(CX_F64, 2, 2);
  struct { Case c; unsigned linear[3]; } cases[] = {
      {{CX_OP_CONCATENATE, 3, 1, {x, y, x}, &(AxisAttrs){1}}, {7, 2, 0}},
      {{CX_OP_SPLIT, 1, 3, {x}, &(SplitAttrs){1, cx_ints(2, 0, 3)}}, {1}},
      {{CX_OP_PAD, 2, 1, {p, v}, &(IntsAttrs){cx_ints(1, 2, 0, 2, 0, 1)}}, {3, 1, 2}},
      {{CX_OP_PAD, 2, 1, {x, v}, &(IntsAttrs){cx_ints(-1, 1, 2, 2, -3, 0)}}, {3, 1, 2}},
      {{CX_OP_PAD, 2, 1, {x, v}, &(IntsAttrs){cx_ints(-1, -2, 1, -2, -3, 2)}}, {3, 1, 2}},
      {{CX_OP_SLICE, 1, 1, {x}, &(SliceAttrs){cx_ints(3, 4), cx_ints(1, 0), {.none = true}}}, {1}},
      {{CX_OP_SLICE, 1, 1, {x}, &(SliceAttrs){cx_ints(3, 5), cx_ints(0, 1), cx_ints(2, 3)}}, {1}},
      {{CX_OP_SLICE, 1, 1, {x}, &(SliceAttrs){cx_ints(1, 5), cx_ints(1, 1), cx_ints(2, 3)}}, {1}},
      {{CX_OP_DYNAMIC_SLICE, 3, 1, {x, s0, s1}, &(IntsAttrs){cx_ints(2, 2)}}, {1}},
      {{CX_OP_DYNAMIC_UPDATE_SLICE, 4, 1, {x, u, s0, s1}, NULL}, {3, 1, 2}},
      {{CX_OP_REV, 1, 1, {x}, &(IntsAttrs){cx_ints(1)}}, {1}},
      {{CX_OP_TILE, 1, 1, {x}, &(IntsAttrs){cx_ints(2, 3)}}, {1}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool ok = check_jvp(&cases[i].c, 0.5, 1e-12);
    for (int k = 0; k < 3 && ok; k++)
      if (cases[i].linear[k]) ok = check_transpose(&cases[i].c, cases[i].linear[k]);
    if (!CHECK(ok)) fprintf(stderr, "  case %zu, %s\n", i, cx_ops[cases[i].c.op]->name);
  }
}

static void batching(void) {
  CxVal x = RANDOM(CX_F32, 4, 3, 5), y = RANDOM(CX_F32, 3, 4, 2), z = RANDOM(CX_F32, 3, 2), v = RANDOM(CX_F32, 4), w = cx_scalar(CX_F32, 7);
  CxVal i = counting(CX_I32, 4, 5), s = cx_scalar_i64(CX_I32, 1), t = ARRAY(CX_I32, int32_t, 4, -2, 0, 1, 9), u = RANDOM(CX_F32, 2, 2, 4);
  Case cases[] = {
      {CX_OP_CONCATENATE, 3, 1, {x, y, z}, &(AxisAttrs){1}, {0, 1, -1}},
      {CX_OP_CONCATENATE, 2, 1, {z, y}, &(AxisAttrs){0}, {-1, 1}},
      {CX_OP_SPLIT, 1, 2, {x}, &(SplitAttrs){0, cx_ints(3, 1)}, {2}},
      {CX_OP_PAD, 2, 1, {x, w}, &(IntsAttrs){cx_ints(1, 0, 0, 2, -1, 1)}, {1, -1}},
      {CX_OP_PAD, 2, 1, {x, v}, &(IntsAttrs){cx_ints(1, 0, 0, 2, -1, 1)}, {0, 0}},
      {CX_OP_PAD, 2, 1, {z, v}, &(IntsAttrs){cx_ints(1, 0, 0, 2, -1, 1)}, {-1, 0}},
      {CX_OP_SLICE, 1, 1, {x}, &(SliceAttrs){cx_ints(3, 4), cx_ints(1, 0), {.none = true}}, {1}},
      {CX_OP_SLICE, 1, 1, {x}, &(SliceAttrs){cx_ints(3, 3), cx_ints(0, 0), cx_ints(2, 2)}, {2}},
      {CX_OP_DYNAMIC_SLICE, 3, 1, {x, s, s}, &(IntsAttrs){cx_ints(2, 2)}, {1, -1, -1}},
      {CX_OP_DYNAMIC_UPDATE_SLICE, 4, 1, {x, z, s, s}, NULL, {0, -1, -1, -1}},
      {CX_OP_DYNAMIC_UPDATE_SLICE, 4, 1, {z, u, s, s}, NULL, {-1, 2, -1, -1}},
      {CX_OP_REV, 1, 1, {x}, &(IntsAttrs){cx_ints(1)}, {1}},
      {CX_OP_REV, 1, 1, {x}, &(IntsAttrs){cx_ints(0, 1)}, {0}},
      {CX_OP_TILE, 1, 1, {x}, &(IntsAttrs){cx_ints(2, 1)}, {1}},
      {CX_OP_BITCAST_CONVERT_TYPE, 1, 1, {i}, &(DtypeAttrs){CX_U8}, {1}},
      {CX_OP_BITCAST_CONVERT_TYPE, 1, 1, {i}, &(DtypeAttrs){CX_F32}, {1}},
      {CX_OP_BITCAST_CONVERT_TYPE, 1, 1, {cx_convert(RANDOM(CX_I32, 2, 5), CX_I16)}, &(DtypeAttrs){CX_I32}, {1}},
      {CX_OP_DYNAMIC_SLICE, 3, 1, {x, t, s}, &(IntsAttrs){cx_ints(2, 2)}, {0, 0, -1}},
      {CX_OP_DYNAMIC_SLICE, 3, 1, {z, t, t}, &(IntsAttrs){cx_ints(2, 1)}, {-1, 0, 0}},
      {CX_OP_DYNAMIC_UPDATE_SLICE, 4, 1, {x, z, t, s}, NULL, {0, -1, 0, -1}},
      {CX_OP_DYNAMIC_UPDATE_SLICE, 4, 1, {z, u, t, s}, NULL, {-1, 2, 0, -1}},
      {CX_OP_DYNAMIC_UPDATE_SLICE, 4, 1, {z, z, t, s}, NULL, {-1, -1, 0, -1}},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    if (!CHECK(check_batch(&cases[k]))) fprintf(stderr, "  case %zu, %s\n", k, cx_ops[cases[k].op]->name);
}

static CxVal fold(Case c) {
  const CxType *types[OPERANDS];
  for (uint32_t i = 0; i < c.nin; i++) types[i] = c.in[i]->type;
  CxApp a = {.op = c.op, .def = cx_ops[c.op], .attrs = c.attrs, .nin = c.nin, .nout = c.nout, .in = c.in, .types = types};
  return a.def->fold(&a);
}

static void folding(void) {
  CxVal x = RANDOM(CX_F32, 2, 1), s = cx_scalar_i64(CX_I32, 1), zero = cx_scalar(CX_F32, 0);
  CHECK(fold((Case){CX_OP_CONCATENATE, 1, 1, {x}, &(AxisAttrs){1}}) == x);
  CHECK(!fold((Case){CX_OP_CONCATENATE, 2, 1, {x, x}, &(AxisAttrs){1}}));
  CHECK(fold((Case){CX_OP_PAD, 2, 1, {x, zero}, &(IntsAttrs){cx_ints(0, 0, 0, 0, 0, 3)}}) == x);
  CHECK(!fold((Case){CX_OP_PAD, 2, 1, {x, zero}, &(IntsAttrs){cx_ints(0, 0, 1, 0, 0, 0)}}));
  CHECK(fold((Case){CX_OP_SLICE, 1, 1, {x}, &(SliceAttrs){cx_ints(2, 1), cx_ints(0, 0), {.none = true}}}) == x);
  CHECK(!fold((Case){CX_OP_SLICE, 1, 1, {x}, &(SliceAttrs){cx_ints(2, 1), cx_ints(0, 0), cx_ints(2, 1)}}));
  CHECK(fold((Case){CX_OP_DYNAMIC_SLICE, 3, 1, {x, s, s}, &(IntsAttrs){cx_ints(2, 1)}}) == x);
  CHECK(fold((Case){CX_OP_REV, 1, 1, {x}, &(IntsAttrs){cx_ints(1)}}) == x);
  CHECK(!fold((Case){CX_OP_REV, 1, 1, {x}, &(IntsAttrs){cx_ints(0)}}));
  CHECK(!fold((Case){CX_OP_TILE, 1, 1, {x}, &(IntsAttrs){cx_ints(1, 2)}}));
}

int main(void) {
  CxScope scope;
  cx_scope_open(&scope);
  values();
  types();
  calculus();
  batching();
  folding();
  cx_scope_close(&scope);
  return check_report();
}
