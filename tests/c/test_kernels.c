/* Every elementwise op, conversion, reduction, cumulative op and sort over every dtype, run dense and run on strided operands:
 * both must give the same bits or the same error. Under the sanitizers this also shows that no kernel strays. */
#include "check.h"
#include "kernels/convert.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "kernels/sort.h"
#include <cuirax/error.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 37, COLUMNS = 19, COUNT = ROWS * COLUMNS };

static const int64_t dims[2] = {ROWS, COLUMNS};
static const int64_t spread[2] = {2 * COLUMNS + 6, 2}; /* every second element, gaps between rows */

typedef struct Operand {
  void *dense, *strided;
} Operand;

static uint64_t random_state = 88172645463325252u;
static uint64_t random_next(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

/* The same values twice: small ones, negative ones, bit patterns at random (infinities and NaNs among them) if wild. */
static Operand operand_make(CxDtype d, bool wild) {
  size_t size = (size_t)cx_dtype_bytes(d);
  Operand o = {calloc(COUNT, size + 1), calloc((size_t)(ROWS * spread[0]), size + 1)};
  for (int i = 0; i < COUNT; i++) {
    char *at = (char *)o.dense + (size_t)i * size;
    uint64_t bits[2] = {random_next(), random_next()};
    if (wild && i % 3 == 0 && cx_dtype_kind(d) != 'b' && !dtype_nibble(d)) memcpy(at, bits, size);
    else dtype_store(d, o.dense, i, (double)(random_next() % 9) - (cx_dtype_kind(d) == 'u' ? 0 : 4));
    memcpy((char *)o.strided + (size_t)(i / COLUMNS * spread[0] + i % COLUMNS * spread[1]) * size, at, size);
  }
  return o;
}

static void operand_free(Operand o) {
  free(o.dense);
  free(o.strided);
}

static CxView dense_view(void *data, CxDtype d) { return (CxView){data, d, 2, dims, NULL}; }
static CxView strided_view(void *data, CxDtype d) { return (CxView){data, d, 2, dims, spread}; }

static int operand_count(CxOpcode op) { return op < CX_OP_ADD ? 1 : op < CX_OP_CLAMP ? 2 : 3; }

static CxDtype result_dtype(CxOpcode op, CxDtype d) {
  if ((op >= CX_OP_EQ && op <= CX_OP_LE_TO) || op == CX_OP_IS_FINITE) return CX_BOOL;
  if (op == CX_OP_REAL || op == CX_OP_IMAG || op == CX_OP_ABS) return d == CX_C64 ? CX_F32 : d == CX_C128 ? CX_F64 : d;
  if (op == CX_OP_COMPLEX || op == CX_OP_CONJ) return d == CX_F32 ? CX_C64 : d == CX_F64 ? CX_C128 : d;
  return d;
}

/* Series and continued fractions, slow on wild parameters. */
static bool iterates(CxOpcode op) { return (op >= CX_OP_IGAMMA && op <= CX_OP_POLYGAMMA) || op == CX_OP_REGULARIZED_INCOMPLETE_BETA; }

static void check_same(bool a, bool b, const void *x, const void *y, size_t bytes) {
  CHECK(a == b);
  CHECK(a != cx_failed());
  CHECK(!a || memcmp(x, y, bytes) == 0);
  cx_error_clear();
}

static void check_elementwise(CxOpcode op, CxDtype d) {
  int n = operand_count(op);
  Operand o[3] = {{0}};
  CxView dense[3], strided[3];
  CxDtype to = result_dtype(op, d);
  static char first[COUNT * 16], second[COUNT * 16];
  for (int i = 0; i < n; i++) {
    CxDtype own = op == CX_OP_SELECT_N && i == 0 ? CX_BOOL : op == CX_OP_POW && i == 1 && cx_dtype_kind(d) == 'f' ? CX_I32 : d;
    o[i] = operand_make(own, !iterates(op));
    dense[i] = dense_view(o[i].dense, own);
    strided[i] = strided_view(o[i].strided, own);
  }
  CxView out1 = dense_view(first, to), out2 = dense_view(second, to);
  bool a = kernel_elementwise(op, dense, n, &out1, 3, 1);
  if (!a) cx_error_clear();
  bool b = kernel_elementwise(op, strided, n, &out2, 3, 1);
  if (a) CHECK(!cx_failed());
  check_same(a, b, first, second, (size_t)COUNT * (size_t)cx_dtype_bytes(to));
  for (int i = 0; i < n; i++) operand_free(o[i]);
}

static void check_convert(CxDtype from, CxDtype to) {
  Operand o = operand_make(from, true);
  static char first[COUNT * 16], second[COUNT * 16];
  CxView in1 = dense_view(o.dense, from), in2 = strided_view(o.strided, from), out1 = dense_view(first, to), out2 = dense_view(second, to);
  check_same(kernel_convert(&in1, &out1), kernel_convert(&in2, &out2), first, second, (size_t)COUNT * (size_t)cx_dtype_bytes(to));
  operand_free(o);
}

static void check_along_axes(CxDtype d) {
  Operand o = operand_make(d, true);
  static char first[COUNT * 16], second[COUNT * 16];
  CxView in1 = dense_view(o.dense, d), in2 = strided_view(o.strided, d);
  size_t size = (size_t)cx_dtype_bytes(d);
  for (CxOpcode op = CX_OP_REDUCE_SUM; op <= CX_OP_ARGMIN; op++)
    for (int64_t axis = 0; axis < 2; axis++) {
      CxDtype to = op >= CX_OP_ARGMAX ? CX_I32 : d;
      CxView out1 = {first, to, 1, &dims[1 - axis], NULL}, out2 = {second, to, 1, &dims[1 - axis], NULL};
      bool a = kernel_reduce(op, &in1, &axis, 1, &out1);
      if (!a) cx_error_clear();
      check_same(a, kernel_reduce(op, &in2, &axis, 1, &out2), first, second, (size_t)(dims[1 - axis] * cx_dtype_bytes(to)));
    }
  for (CxOpcode op = CX_OP_CUMSUM; op <= CX_OP_CUMLOGSUMEXP; op++)
    for (int i = 0; i < 4; i++) {
      CxView out1 = dense_view(first, d), out2 = dense_view(second, d);
      bool a = kernel_cumulative(op, &in1, i & 1, i >> 1, &out1);
      if (!a) cx_error_clear();
      check_same(a, kernel_cumulative(op, &in2, i & 1, i >> 1, &out2), first, second, COUNT * size);
    }
  for (int axis = 0; axis < 2; axis++) {
    CxView out1 = dense_view(first, d), out2 = dense_view(second, d);
    check_same(kernel_sort(&in1, 1, axis, 1, &out1), kernel_sort(&in2, 1, axis, 1, &out2), first, second, COUNT * size);
  }
  operand_free(o);
}

int main(void) {
  for (CxDtype d = CX_BOOL; d <= CX_C128; d++) {
    for (CxOpcode op = CX_OP_NEG; op <= CX_OP_REGULARIZED_INCOMPLETE_BETA; op++)
      if (op != CX_OP_CONVERT_ELEMENT_TYPE) check_elementwise(op, d);
    for (CxDtype to = CX_BOOL; to <= CX_C128; to++) check_convert(d, to);
    check_along_axes(d);
  }
  return check_report();
}
