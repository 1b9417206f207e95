/* Native code as a relocatable ELF file (x86-64 System V): one .text with all functions and their constants, position
 * independent, no writable data. Callees become undefined symbols that are called through the global offset table; there
 * are no other relocations. */
#ifndef EMIT_OBJECT_H
#define EMIT_OBJECT_H

#include "emit/emit.h"

typedef struct EmitPart {
  const char *symbol; /* global; int32_t symbol(void *const *ptr) */
  const EmitCode *code;
} EmitPart;

bool emit_object(const EmitPart *parts, uint32_t n, CxText *to); /* appends the file's bytes */

#endif
