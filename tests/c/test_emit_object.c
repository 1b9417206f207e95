/* Object files. `test_emit_object dump FILE` writes one with two functions, axpy and total (which calls `tally`):
 * tests/emit/test_object.py links and runs it. Alone: what is written is an ELF file, and bad names are refused. */
#include <cuirax/error.h>
#include <string.h>

#include "check.h"
#include "emit/object.h"

static int32_t nothing(void *const *ptr) { return ptr == NULL; }

static EmitCode *axpy(EmitTarget target) {
  UopCode c;
  unsigned lanes = uop_max_bytes(target) / 4;
  int64_t stride[] = {4};
  uop_begin(&c, target);
  uop_loop(&c, 1001, lanes, 0);
  UopVal x = uop_load(&c, 4, lanes, UOP_F32, uop_mem(&c, 0, 0, 4, 1, stride));
  UopVal y = uop_load(&c, 4, lanes, UOP_F32, uop_mem(&c, 1, 0, 4, 1, stride));
  uop_store(&c, UOP_F32, uop_mem(&c, 1, 0, 4, 1, stride), uop_fma(&c, x, uop_f32(&c, lanes, 3), y));
  uop_end(&c);
  EmitCode *code = emit_compile(&c);
  uop_free(&c);
  return code;
}
static EmitCode *total(EmitTarget target, const char *callee) {
  UopCode c;
  int64_t stride[] = {4};
  uop_begin(&c, target);
  uop_loop(&c, 1001, 1, 0);
  UopPtr args[] = {uop_mem(&c, 0, 0, 4, 1, stride), uop_mem(&c, 1, 0, 4, 0, NULL)};
  uop_call(&c, nothing, callee, 2, args);
  uop_end(&c);
  EmitCode *code = emit_compile(&c);
  uop_free(&c);
  return code;
}

int main(int argc, char **argv) {
  EmitTarget target = emit_target_detect();
  if (target == EMIT_NONE) return check_report();
  EmitCode *a = axpy(target), *b = total(target, "tally"), *nameless = total(target, NULL);
  EmitPart parts[] = {{"axpy", a}, {"total", b}}, bad[] = {{"axpy", nameless}}, odd[] = {{"a b", a}};
  CxText file = {0};
  CHECK(emit_object(parts, 2, &file));
  CHECK(file.n > 64 && !memcmp(file.s, "\177ELF", 4));
  CHECK(!emit_object(bad, 1, &file) && cx_error_take(NULL) == CX_ERR_VALUE);
  CHECK(!emit_object(odd, 1, &file) && cx_error_take(NULL) == CX_ERR_VALUE);
  if (argc > 2 && !strcmp(argv[1], "dump")) {
    FILE *out = fopen(argv[2], "wb");
    CHECK(out && fwrite(file.s, 1, file.n, out) == file.n);
    if (out) fclose(out);
  }
  text_free(&file);
  emit_code_free(a);
  emit_code_free(b);
  emit_code_free(nameless);
  return check_report();
}
