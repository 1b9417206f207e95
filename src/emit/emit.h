/* From micro-ops to a callable native function.
 *
 *   EmitCode *code = emit_compile(&uops);   verify, allocate registers, encode: bytes that are not executable
 *   EmitExec *exec = emit_load(code);       copied into a fresh mapping, sealed read+execute, never writable again
 *   int32_t status = emit_fn(exec)(ptr);
 *
 * Linear in the number of micro-ops. Failures are sticky errors and NULL. */
#ifndef EMIT_EMIT_H
#define EMIT_EMIT_H

#include "emit/uop.h"

/* What this machine runs: AVX-512 (F, VL, DQ, BW, CD), AVX2 with FMA and F16C, or none. CUIRAX_TARGET=avx512|avx2|none lowers it. */
EmitTarget emit_target_detect(void);
const char *emit_target_name(EmitTarget t);

typedef struct EmitReloc {
  uint32_t at;     /* offset of an 8-byte address in the bytes */
  uint32_t callee; /* index of UopCode.callee */
} EmitReloc;

typedef struct EmitCode {
  EmitTarget target;
  uint8_t *bytes; /* code from `entry`, then the constant pool */
  uint32_t size, entry, code_end, pool, frame;
  uint32_t slots; /* base pointers that it reads */
  EmitReloc *reloc; /* addresses in the pool that calls go through */
  uint32_t relocs;
  EmitReloc *site; /* the same calls as displacements in the code: of `call [rip + disp32]` */
  uint32_t sites;
  UopCallee *callee;
  uint32_t callees;
  uint32_t spills, reloads; /* instructions that move values to and from the frame */
} EmitCode;

EmitCode *emit_compile(const UopCode *c);
void emit_code_free(EmitCode *code);

typedef struct EmitExec EmitExec;
EmitExec *emit_load(const EmitCode *code);
void emit_unload(EmitExec *exec);
UopFn emit_fn(const EmitExec *exec);

#endif
