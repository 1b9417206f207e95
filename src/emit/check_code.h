/* Is native code harmless? An own decoder, which shares nothing with the encoder, walks the bytes once and accepts only:
 *   - the instructions the emitter is meant to use: no system calls, interrupts, string or far instructions, no segments;
 *   - jumps to starts of instructions of the same function, calls through a slot of the pool that a relocation fills, a
 *     return at the end and nowhere else;
 *   - rsp changed by prologue and epilogue only, rbx by the prologue only; frame accesses inside the frame, base pointers
 *     and the pool read and never written.
 * That other addresses are in bounds is proved above the emitter, on the loops. */
#ifndef EMIT_CHECK_CODE_H
#define EMIT_CHECK_CODE_H

#include "emit/emit.h"

bool emit_check(const EmitCode *code); /* false with CX_ERR_VERIFY: offset and reason */
void emit_listing(const EmitCode *code, CxText *to); /* one instruction a line, as offset and bytes; then the constants */

#endif
