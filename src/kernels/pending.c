/* Kernels whose file is not written yet: each says so. A real definition overrides the weak one. */
#include "kernels/window.h"
#include <cuirax/error.h>

static bool pending(const char *what) { return cx_fail(CX_ERR_NOT_IMPLEMENTED, "%s has no kernel yet", what); }
#define WEAK __attribute__((weak))

WEAK bool kernel_reduce_window(CxOpcode op, const CxView *in, const CxWindowShape *w, const CxView *out) {
  return (void)op, (void)in, (void)w, (void)out, pending("reduce_window");
}
WEAK bool kernel_select_and_scatter_add(CxOpcode op, const CxView *source, const CxView *operand, const CxWindowShape *w, const CxView *out) {
  return (void)op, (void)source, (void)operand, (void)w, (void)out, pending("select_and_scatter_add");
}
WEAK bool kernel_select_and_gather_add(CxOpcode op, const CxView *t, const CxView *operand, const CxWindowShape *w, const CxView *out) {
  return (void)op, (void)t, (void)operand, (void)w, (void)out, pending("select_and_gather_add");
}
