/* See pass_check.h. */
#include "pass_check.h"

#include "ir/node.h"
#include "kernels/convert.h"
#include "random_soup.h"
#include "runtime/execute.h"
#include <stdio.h>
#include <string.h>

void pass_check_show(const char *what, const CxGraph *g) {
  char *s = cx_graph_text(g);
  fprintf(stderr, "--- %s\n%s\n", what, s ? s : "(no text)");
  cx_string_free(s);
}

void pass_check_error(const char *what) {
  CxError e;
  if (cx_error_take(&e)) fprintf(stderr, "  %s: %s: %s\n", what, cx_error_name(e.code), e.text);
}

static int polls;
static bool impatient(void) { return polls++ > 20 && !cx_fail(CX_ERR_RUNTIME, "the random loop takes too long"); }

static bool any_nan;

static bool both_nan(CxVal a, CxVal b, int64_t i) {
  double x = 0, y = 0;
  CxDtype d = a->type->dtype;
  CxView from = {a->array.data + i * cx_dtype_bytes(d), d, 0, NULL, NULL}, to = {&x, CX_F64, 0, NULL, NULL};
  if (!any_nan || cx_dtype_kind(d) != 'f' || !kernel_convert(&from, &to)) return false;
  from.data = b->array.data + i * cx_dtype_bytes(d), to.data = &y;
  return kernel_convert(&from, &to) && x != x && y != y;
}

static bool elements_equal(CxVal a, CxVal b) {
  size_t item = (size_t)cx_dtype_bytes(a->type->dtype);
  for (int64_t i = 0; i < a->type->size; i++)
    if (memcmp(a->array.data + (size_t)i * item, b->array.data + (size_t)i * item, item) && !both_nan(a, b, i)) return false;
  return true;
}

static bool result_equal(uint32_t i, CxVal a, CxVal b) {
  if (a->type == b->type && elements_equal(a, b)) return true;
  char at[200], bt[200];
  fprintf(stderr, "  result %u: %s, %s\n", i, cx_type_text(a->type, at, sizeof at), cx_type_text(b->type, bt, sizeof bt));
  for (size_t k = 0; a->type == b->type && k < type_bytes(a->type) && k < 256; k++)
    fprintf(stderr, "%02x/%02x ", a->array.data[k] & 255, b->array.data[k] & 255);
  return fprintf(stderr, "\n"), false;
}

static bool results_equal(const CxGraph *g, const CxVal *a, const CxVal *b) {
  for (uint32_t i = 0; i < g->out.n; i++)
    if (!result_equal(i, a[i], b[i])) return false;
  return true;
}

static bool run_on(CxGraph *g, const CxVal *in, CxVal *out) {
  polls = 0;
  memset(out, 0, 16 * sizeof *out);
  CxScope scope;
  cx_scope_open(&scope);
  bool ok = graph_run_borrowed(g, in, g->in.n, out);
  cx_scope_close(&scope);
  return ok;
}

static void release_all(CxVal *v) {
  for (int i = 0; i < 16; i++) cx_release(v[i]);
}

bool pass_check(CxRandom *r, CxGraph *g, const char *list, const PassOptions *o, PassCheck *count) {
  CxVal in[16] = {0}, want[16] = {0}, got[16] = {0};
  CxGraph *out = NULL;
  execute_interrupted = impatient;
  any_nan = count->any_nan;
  if (g->in.n > 16 || g->out.n > 16) return true;
  for (uint32_t i = 0; i < g->in.n; i++) in[i] = soup_value(r, graph_type(g, g->in.v[i]), false);
  bool ok = run_on(g, in, want), same = true;
  cx_error_clear();
  if (ok) { /* what fails may fail otherwise */
    same = passes_run(g, list, o, NULL, &out) && run_on(out, in, got) && results_equal(g, want, got);
    count->compared++;
    if (out) count->shrunk += out->eqns.n < g->eqns.n;
  }
  if (!same) pass_check_error(list), pass_check_show("before", g);
  if (!same && out) pass_check_show("after", out);
  release_all(in), release_all(want), release_all(got);
  cx_graph_release(out);
  return same;
}
