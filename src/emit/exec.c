/* Executable memory: a fresh private mapping is written, then made read+execute for the rest of its life. No page is ever
 * writable and executable at once, and none becomes writable again. Also: which code this machine runs. */
#include <cuirax/error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "emit/emit.h"

struct EmitExec {
  void *map;
  size_t size;
  uint32_t entry;
};

EmitExec *emit_load(const EmitCode *code) {
  EmitExec *exec = cx_calloc(1, sizeof *exec);
  if (!exec) return NULL;
  exec->size = ((size_t)code->size + 4095) & ~(size_t)4095;
  exec->entry = code->entry;
  exec->map = mmap(NULL, exec->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (exec->map == MAP_FAILED) {
    cx_fail(CX_ERR_MEMORY, "no memory for %zu bytes of code", exec->size);
    return cx_free(exec), NULL;
  }
  memcpy(exec->map, code->bytes, code->size);
  for (uint32_t k = 0; k < code->relocs; k++) memcpy((char *)exec->map + code->reloc[k].at, &code->callee[code->reloc[k].callee].fn, 8);
  if (mprotect(exec->map, exec->size, PROT_READ | PROT_EXEC)) {
    cx_fail(CX_ERR_RUNTIME, "the system does not let this process make code executable");
    emit_unload(exec);
    return NULL;
  }
  return exec;
}
void emit_unload(EmitExec *exec) {
  if (!exec) return;
  munmap(exec->map, exec->size);
  cx_free(exec);
}
UopFn emit_fn(const EmitExec *exec) {
  UopFn fn;
  void *at = (char *)exec->map + exec->entry;
  memcpy(&fn, &at, sizeof fn);
  return fn;
}

#if defined(__x86_64__)
static bool has_f16c(void) { /* not every compiler knows it by name */
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && c >> 29 & 1;
}
static EmitTarget machine(void) {
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd");
  return avx2 ? wide ? EMIT_AVX512 : EMIT_AVX2 : EMIT_NONE;
}
#else
static EmitTarget machine(void) { return EMIT_NONE; }
#endif
EmitTarget emit_target_detect(void) {
  EmitTarget have = machine();
  const char *want = getenv("CUIRAX_TARGET");
  if (!want) return have;
  if (!strcmp(want, "none")) return EMIT_NONE;
  if (!strcmp(want, "avx2")) return have < EMIT_AVX2 ? have : EMIT_AVX2;
  return have;
}
const char *emit_target_name(EmitTarget t) { return t == EMIT_AVX512 ? "avx512" : t == EMIT_AVX2 ? "avx2" : "none"; }
