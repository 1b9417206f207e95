/* Collectives inside vmap with axis names, alone, nested and under differentiation. */
#include "op_check.h"

#include <cuirax/transform.h>

static const char *const i_name[] = {"i"}, *const both[] = {"i", "j"};

typedef CxVal Body(CxVal x);

static bool call_body(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)nin;
  Body *f = *(Body **)env;
  CxVal z = f(in[0]);
  return z && cx_vals_push(out, z);
}

/* vmap of f over axis `from` of x under this name; the result's mapped axis in front. */
static CxVal vmapped(Body *f, CxVal x, int from, const char *name) {
  CxFn *fn = cx_fn("body", call_body, &f, NULL);
  CxVals out = {0};
  bool ok = cx_vmap(fn, &x, &from, 1, x->type->dims[from], name, &out, NULL);
  CxVal z = ok ? out.v[0] : NULL;
  cx_vals_free(&out);
  cx_fn_release(fn);
  return z;
}

static CxVal grad_of(Body *f, CxVal x) {
  CxFn *fn = cx_fn("body", call_body, &f, NULL);
  CxVals out = {0}, grads = {0};
  CxVal g = cx_value_and_grad(fn, &x, 1, (bool[]){true}, &out, &grads) ? grads.v[0] : NULL;
  cx_vals_free(&out);
  cx_vals_free(&grads);
  cx_fn_release(fn);
  return g;
}

static CxVal total(CxVal x) {
  int64_t axes[CX_MAX_RANK];
  for (int i = 0; x && i < x->type->rank; i++) axes[i] = i;
  return x ? cx_reduce_sum(x, (CxInts){.v = axes, .n = x->type->rank}) : NULL;
}

static CxVal numbers(int rank, const int64_t *dims) {
  int64_t n = 1;
  for (int i = 0; i < rank; i++) n *= dims[i];
  return cx_reshape(cx_iota(CX_F64, 1, &n, 0), rank, dims);
}
#define NUMBERS(...) numbers((int)(sizeof((int64_t[]){__VA_ARGS__}) / 8), (int64_t[]){__VA_ARGS__})
static bool equals(CxVal v, int n, const double *want) {
  if (!no_error() || !v || v->type->size != n) return false;
  v = cx_convert(v, CX_F64);
  for (int i = 0; i < n; i++)
    if (at(v, i) != want[i]) return false;
  return true;
}
#define EQUALS(v, ...) equals(v, (int)(sizeof((double[]){__VA_ARGS__}) / 8), (double[]){__VA_ARGS__})

static CxVal sum_i(CxVal x) { return cx_psum(x, 1, i_name); }
static CxVal max_i(CxVal x) { return cx_pmax(x, 1, i_name); }
static CxVal min_i(CxVal x) { return cx_pmin(x, 1, i_name); }
static CxVal sum_constant(CxVal x) { return (void)x, cx_psum(cx_scalar(CX_F64, 2.5), 1, i_name); }
static CxVal index_i(CxVal x) { return (void)x, cx_axis_index("i"); }
static CxVal gather_i(CxVal x) { return cx_all_gather(x, "i", 0, false); }
static CxVal gather_tiled(CxVal x) { return cx_all_gather(x, "i", 0, true); }
static CxVal shift_i(CxVal x) { return cx_ppermute(x, "i", cx_ints(0, 1, 1, 2)); }
static CxVal broadcast_i(CxVal x) { return cx_pbroadcast(x, "i", 1); }
static CxVal exchange(CxVal x) { return cx_all_to_all(x, "i", 0, 0, false); }
static CxVal exchange_01(CxVal x) { return cx_all_to_all(x, "i", 0, 1, false); }
static CxVal exchange_tiled(CxVal x) { return cx_all_to_all(x, "i", 0, 1, true); }
static CxVal add_index(CxVal x) { return cx_add(x, cx_convert(cx_axis_index("i"), CX_F64)); }

static void values(void) {
  CxVal x = NUMBERS(3, 2);
  CHECK(EQUALS(vmapped(sum_i, x, 0, "i"), 6, 9, 6, 9, 6, 9));
  CHECK(EQUALS(vmapped(sum_i, x, 1, "i"), 1, 5, 9, 1, 5, 9));
  CHECK(EQUALS(vmapped(max_i, x, 0, "i"), 4, 5, 4, 5, 4, 5) && EQUALS(vmapped(min_i, x, 0, "i"), 0, 1, 0, 1, 0, 1));
  CHECK(EQUALS(vmapped(sum_constant, x, 0, "i"), 7.5, 7.5, 7.5));
  CHECK(EQUALS(vmapped(sum_i, cx_gt(x, cx_scalar(CX_F64, 1)), 0, "i"), 2, 2, 2, 2, 2, 2));
  CHECK(EQUALS(vmapped(index_i, x, 0, "i"), 0, 1, 2) && EQUALS(vmapped(add_index, x, 1, "i"), 0, 2, 4, 2, 4, 6));
  CxVal g = vmapped(gather_i, x, 0, "i");
  CHECK(EQUALS(g, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5) && g->type->rank == 3);
  g = vmapped(gather_tiled, x, 0, "i");
  CHECK(EQUALS(g, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5) && g->type->rank == 2);
  CHECK(EQUALS(vmapped(shift_i, x, 0, "i"), 0, 0, 0, 1, 2, 3));
  CHECK(EQUALS(vmapped(broadcast_i, x, 0, "i"), 2, 3, 2, 3, 2, 3));
  CHECK(EQUALS(vmapped(exchange, NUMBERS(3, 3), 0, "i"), 0, 3, 6, 1, 4, 7, 2, 5, 8));
  CHECK(EQUALS(vmapped(exchange_01, NUMBERS(2, 2, 3), 0, "i"), 0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11));
  CHECK(EQUALS(vmapped(exchange_tiled, NUMBERS(2, 4, 2), 0, "i"), 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
}

static CxVal sum_both(CxVal x) { return cx_psum(x, 2, both); }
static CxVal over_j_sum_both(CxVal x) { return vmapped(sum_both, x, 0, "j"); }
static CxVal over_j_sum_i(CxVal x) { return vmapped(sum_i, x, 0, "j"); }
static CxVal over_j_gather(CxVal x) { return vmapped(gather_i, x, 0, "j"); }
static CxVal over_j_exchange(CxVal x) { return vmapped(exchange, x, 0, "j"); }
static CxVal over_i_sum_i(CxVal x) { return vmapped(sum_i, x, 0, "i"); }

static void nested(void) {
  CxVal x = NUMBERS(2, 3);
  CHECK(EQUALS(vmapped(over_j_sum_both, x, 0, "i"), 15, 15, 15, 15, 15, 15));
  CHECK(EQUALS(vmapped(over_j_sum_i, x, 0, "i"), 3, 5, 7, 3, 5, 7));
  CHECK(EQUALS(vmapped(over_j_gather, x, 0, "i"), 0, 3, 1, 4, 2, 5, 0, 3, 1, 4, 2, 5));
  CHECK(EQUALS(vmapped(over_j_exchange, NUMBERS(2, 2, 2), 0, "i"), 0, 4, 2, 6, 1, 5, 3, 7));
  CHECK(EQUALS(vmapped(over_i_sum_i, x, 0, "i"), 3, 3, 3, 12, 12, 12)); /* the inner one has the name */
}

static CxVal weighted(CxVal x) { /* different weights for every place, so that each cotangent shows */
  return x ? total(cx_mul(x, cx_add(numbers(x->type->rank, x->type->dims), cx_scalar(CX_F64, 1)))) : NULL;
}
static CxVal loss_sum(CxVal x) { return weighted(sum_i(x)); }
static CxVal loss_gather(CxVal x) { return weighted(gather_i(x)); }
static CxVal loss_shift(CxVal x) { return weighted(shift_i(x)); }
static CxVal loss_broadcast(CxVal x) { return weighted(broadcast_i(x)); }
static CxVal loss_exchange(CxVal x) { return weighted(exchange_01(x)); }
static CxVal loss_max(CxVal x) { return weighted(max_i(x)); }
static CxVal grad_sum(CxVal x) { return grad_of(loss_sum, x); }
static CxVal grad_gather(CxVal x) { return grad_of(loss_gather, x); }
static CxVal grad_shift(CxVal x) { return grad_of(loss_shift, x); }
static CxVal grad_broadcast(CxVal x) { return grad_of(loss_broadcast, x); }
static CxVal grad_exchange(CxVal x) { return grad_of(loss_exchange, x); }
static CxVal grad_max(CxVal x) { return grad_of(loss_max, x); }
static CxVal of_vmap(CxVal x) { return weighted(vmapped(sum_i, x, 0, "i")); }

static void gradients(void) {
  CxVal x = NUMBERS(3, 2);
  CHECK(EQUALS(vmapped(grad_sum, x, 0, "i"), 3, 6, 3, 6, 3, 6));
  CHECK(EQUALS(vmapped(grad_gather, x, 0, "i"), 3, 6, 9, 12, 15, 18));
  CHECK(EQUALS(vmapped(grad_shift, x, 0, "i"), 1, 2, 1, 2, 0, 0));
  CHECK(EQUALS(vmapped(grad_broadcast, x, 0, "i"), 0, 0, 3, 6, 0, 0));
  CHECK(EQUALS(vmapped(grad_exchange, NUMBERS(2, 2, 2), 0, "i"), 1, 3, 1, 3, 2, 4, 2, 4));
  CHECK(EQUALS(grad_of(of_vmap, x), 9, 12, 9, 12, 9, 12));
  vmapped(grad_max, x, 0, "i"), CHECK(failed_with(CX_ERR_NOT_IMPLEMENTED));
}

static CxVal wrong_pairs(CxVal x) { return cx_ppermute(x, "i", cx_ints(0, 1, 0, 2)); }
static CxVal wrong_source(CxVal x) { return cx_pbroadcast(x, "i", 7); }
static CxVal wrong_size(CxVal x) { return cx_all_to_all(x, "i", 0, 0, false); }

static void errors(void) {
  CxVal x = NUMBERS(3, 2);
  sum_i(x), CHECK(failed_with(CX_ERR_NAME));
  cx_axis_index("i"), CHECK(failed_with(CX_ERR_NAME));
  gather_i(x), CHECK(failed_with(CX_ERR_NAME));
  shift_i(x), CHECK(failed_with(CX_ERR_NAME));
  vmapped(sum_i, x, 0, "k"), CHECK(failed_with(CX_ERR_NAME));
  vmapped(sum_i, x, 0, NULL), CHECK(failed_with(CX_ERR_NAME));
  vmapped(wrong_source, x, 0, "i"), CHECK(failed_with(CX_ERR_VALUE));
  vmapped(wrong_size, x, 0, "i"), CHECK(failed_with(CX_ERR_VALUE));
  vmapped(wrong_pairs, x, 0, "i"), CHECK(failed_with(CX_ERR_VALUE));
}

int main(void) {
  CxScope scope;
  cx_scope_open(&scope);
  values();
  nested();
  gradients();
  errors();
  cx_scope_close(&scope);
  return check_report();
}
