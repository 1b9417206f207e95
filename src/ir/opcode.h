/* The enumeration of the primitives. */
#ifndef IR_OPCODE_H
#define IR_OPCODE_H

typedef enum CxOpcode {
  CX_OP_NONE = 0,
#define OP(id, name) CX_OP_##id,
#include "ir/ops.def"
#undef OP
  CX_OP_COUNT
} CxOpcode;

#endif
