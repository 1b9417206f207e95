/* Transformations from C: jvp, grad, vmap, jit and their nesting, against closed forms. */
#include "check.h"

#include <cuirax/ops.h>
#include <cuirax/transform.h>
#include <math.h>

/* f(x, y) = sin(x) * y + x^3 */
static bool f_call(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)env, (void)nin;
  return cx_vals_push(out, cx_add(cx_mul(cx_sin(in[0]), in[1]), cx_integer_pow(in[0], 3)));
}
static bool grad_call(void *env, const CxVal *in, uint32_t nin, CxVals *out) { /* the gradient in the first operand, as a function */
  CxVals y = {0};
  bool ok = cx_value_and_grad(env, in, nin, (bool[]){true, false}, &y, out);
  cx_vals_free(&y);
  return ok;
}
static void drop_fn(void *env) { cx_fn_release(env); }
static CxFn *grad_of(CxFn *f) { return cx_fn("grad", grad_call, f, drop_fn); }

static double call2(CxFn *f, double x, double y) {
  CxScope s;
  CxVals out = {0};
  cx_scope_open(&s);
  CxVal in[2] = {cx_scalar(CX_F64, x), cx_scalar(CX_F64, y)};
  double r = cx_call(f, in, 2, &out) ? cx_to_double(out.v[0]) : NAN;
  if (cx_failed()) fprintf(stderr, "%s\n", cx_error()->text), cx_error_clear();
  cx_vals_free(&out);
  cx_scope_close(&s);
  return r;
}
static bool near(double a, double b) { return fabs(a - b) <= 1e-12 * (1 + fabs(b)); }

static void test_grads(void) {
  double x = 0.7, y = 1.3;
  CxFn *f = cx_fn("f", f_call, NULL, NULL), *g = grad_of(cx_fn_retain(f)), *gg = grad_of(cx_fn_retain(g)), *ggg = grad_of(cx_fn_retain(gg));
  CHECK(near(call2(f, x, y), sin(x) * y + x * x * x));
  CHECK(near(call2(g, x, y), cos(x) * y + 3 * x * x));
  CHECK(near(call2(gg, x, y), -sin(x) * y + 6 * x));
  CHECK(near(call2(ggg, x, y), -cos(x) * y + 6));
  CxFn *jf = cx_jit(f), *gjf = grad_of(cx_fn_retain(jf)), *ggjf = grad_of(cx_fn_retain(gjf)), *jgg = cx_jit(ggjf);
  CHECK(near(call2(jf, x, y), sin(x) * y + x * x * x));
  CHECK(near(call2(gjf, x, y), cos(x) * y + 3 * x * x));
  CHECK(near(call2(ggjf, x, y), -sin(x) * y + 6 * x));
  CHECK(near(call2(jgg, x, y), -sin(x) * y + 6 * x));
  CHECK(near(call2(jgg, y, x), -sin(y) * x + 6 * y)); /* from the cache */
  cx_fn_release(jgg), cx_fn_release(ggjf), cx_fn_release(gjf), cx_fn_release(jf);
  cx_fn_release(ggg), cx_fn_release(gg), cx_fn_release(g), cx_fn_release(f);
}

static void test_vmap(void) {
  CxFn *f = cx_fn("f", f_call, NULL, NULL), *j = cx_jit(f), *g = grad_of(cx_fn_retain(j));
  CxScope s;
  cx_scope_open(&s);
  double xs[3] = {0.1, 0.2, 0.3};
  CxVal in[2] = {cx_array(CX_F64, 1, (int64_t[]){3}, xs), cx_scalar(CX_F64, 2)};
  CxVals out = {0};
  CHECK(cx_vmap(g, in, (int[]){0, -1}, 2, -1, NULL, &out, NULL));
  const double *r = out.n ? cx_data(out.v[0]) : NULL;
  for (int i = 0; r && i < 3; i++) CHECK(near(r[i], cos(xs[i]) * 2 + 3 * xs[i] * xs[i]));
  CHECK(r && cx_type_of(out.v[0])->rank == 1);
  CHECK(!cx_vmap(g, in, (int[]){1, -1}, 2, -1, NULL, &out, NULL) && cx_error_take(NULL) == CX_ERR_VALUE);
  cx_vals_free(&out);
  cx_scope_close(&s);
  cx_fn_release(g), cx_fn_release(j), cx_fn_release(f);
}

int main(void) {
  test_grads();
  test_vmap();
  return check_report();
}
