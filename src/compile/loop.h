/* The loop IR: explicit loops over buffers with affine accesses, between the graph (whose values are whole arrays) and micro-ops (whose values are
 * registers). A LoopProgram is a list of instructions in order; FOR ... END nest, everything else is straight-line.
 *
 *   value   one element; defined once, visible to the end of the FOR it stands in (folds: to the end of the FOR that FOLD_NEW stands in)
 *   access  buffer[offset + sum of stride[k] * index of the k-th enclosing loop + an OFFSET, clamped], in elements; proved in bounds by compile/check.c
 *   fold    an accumulator; its combination has the shape that kernels/reduce.h fixes for a block, so that all executors give the same bits
 *
 *   variable  one element that changes: what a loop carries from turn to turn
 *
 * An innermost FOR that is not serial is run in vector lanes: its turns may not depend on each other but through folds. */
#ifndef COMPILE_LOOP_H
#define COMPILE_LOOP_H

#include "base/arena.h"
#include "base/vec.h"
#include "ir/op.h"

typedef enum LoopOp {
  LOOP_FOR,      /* extent; serial: turns in order, one after the other */
  LOOP_WHILE,    /* WHILE; what decides; DO in[0]; body; END */
  LOOP_DO,       /* leave the loop unless in[0] */
  LOOP_IF,       /* IF in[0]; one way; ELSE; the other; END */
  LOOP_ELSE,
  LOOP_END,
  LOOP_LOAD,     /* out = access */
  LOOP_STORE,    /* access = in[0] */
  LOOP_CONST,    /* out = bits */
  LOOP_INDEX,    /* out = the access's affine form itself, as an integer or float of dtype */
  LOOP_OFFSET,   /* out:i32 = in[0] (an OFFSET, or none: 0) + clamp(in[1], 0, most) * scale: an index that depends on data */
  LOOP_APPLY,    /* out = op(in...), an elementwise primitive with attrs */
  LOOP_FOLD_NEW, /* out = an accumulator of op, empty */
  LOOP_FOLD,     /* accumulator in[0] takes in[1] */
  LOOP_FOLD_END, /* out = what accumulator in[0] holds, an element */
  LOOP_MERGE,    /* out = in[0] (op) in[1]: two results of FOLD_END; the reduction's own operation */
  LOOP_VAR,      /* out = a variable that holds in[0] */
  LOOP_GET,      /* out = what variable in[0] holds now */
  LOOP_SET       /* variable in[0] holds in[1] from now on */
} LoopOp;

enum { LOOP_DEPTH = 8, LOOP_BLOCKS = 16, LOOP_OPERANDS = 3 };
typedef uint32_t LoopValue; /* 0: none */

typedef struct LoopAccess {
  uint32_t buffer;
  LoopValue dynamic; /* an OFFSET to add, or 0 */
  int64_t offset, stride[LOOP_DEPTH]; /* elements; by depth of the enclosing loops, outermost first */
} LoopAccess;

typedef struct LoopInstr {
  LoopOp kind;
  CxOpcode op;               /* APPLY, FOLD_NEW, MERGE */
  CxDtype dtype;             /* of out; of the element stored */
  LoopValue out, in[LOOP_OPERANDS];
  uint32_t nin;
  const void *attrs;         /* APPLY: borrowed from the graph */
  int64_t extent;            /* FOR */
  bool serial;               /* FOR */
  int64_t most, scale;       /* OFFSET */
  uint64_t bits[2];          /* CONST */
  const LoopAccess *access;  /* LOAD, STORE, INDEX: in the program's arena */
} LoopInstr;

typedef enum LoopWhere {
  LOOP_VARIABLE, /* a variable of the graph: the executable finds or makes its memory */
  LOOP_SCRATCH   /* memory of the run itself, at `offset` bytes */
} LoopWhere;

typedef struct LoopBuffer {
  LoopWhere where;
  CxDtype dtype;
  uint32_t var;    /* VARIABLE */
  int64_t count;   /* elements */
  int64_t offset;  /* SCRATCH: bytes */
  bool written;    /* by this program */
} LoopBuffer;

typedef struct LoopProgram {
  CxArena arena;
  VEC(LoopInstr) code;
  VEC(LoopBuffer) buffers;
  VEC(CxDtype) values; /* dtype by value; values.v[0] is none */
  int64_t scratch;     /* bytes */
  bool shared;         /* one FOR around everything, whose turns threads may share */
  int depth;           /* while building: open FORs */
  bool failed;         /* while building: memory ran out */
} LoopProgram;

LoopProgram *loop_new(void); /* NULL with an error */
void loop_free(LoopProgram *p);

/* Builders: append one instruction. After a failure they do nothing; ask p->failed once. */
uint32_t loop_buffer(LoopProgram *p, LoopBuffer b);
void loop_for(LoopProgram *p, int64_t extent);
void loop_for_serial(LoopProgram *p, int64_t extent);
void loop_end(LoopProgram *p);
void loop_while(LoopProgram *p);
void loop_do(LoopProgram *p, LoopValue go_on);
void loop_if(LoopProgram *p, LoopValue condition);
void loop_else(LoopProgram *p);
void loop_block_end(LoopProgram *p); /* of a WHILE or IF */
LoopValue loop_load(LoopProgram *p, CxDtype dtype, const LoopAccess *at);
void loop_store(LoopProgram *p, CxDtype dtype, const LoopAccess *at, LoopValue v);
LoopValue loop_const(LoopProgram *p, CxDtype dtype, const void *element);
LoopValue loop_index(LoopProgram *p, CxDtype dtype, const LoopAccess *at);
LoopValue loop_apply(LoopProgram *p, CxOpcode op, const void *attrs, CxDtype dtype, uint32_t n, const LoopValue *in);
LoopValue loop_fold_new(LoopProgram *p, CxOpcode op, CxDtype dtype);
void loop_fold(LoopProgram *p, LoopValue accumulator, LoopValue v);
LoopValue loop_fold_end(LoopProgram *p, LoopValue accumulator);
LoopValue loop_merge(LoopProgram *p, CxOpcode op, LoopValue left, LoopValue right);
LoopValue loop_offset(LoopProgram *p, LoopValue sum, LoopValue index, int64_t most, int64_t scale);
LoopValue loop_var(LoopProgram *p, LoopValue init);
LoopValue loop_get(LoopProgram *p, LoopValue variable);
void loop_set(LoopProgram *p, LoopValue variable, LoopValue v);

struct CxText;
bool loop_print(const LoopProgram *p, struct CxText *to);

/* Proves the rules above: definitions before uses, every access inside its buffer whatever the indices, stores only to buffers that are marked
 * written, no iteration of a vector loop reading what another writes. False with CX_ERR_INTERNAL that names the instruction. (compile/check.c,
 * which shares no code with what makes programs.) */
bool loop_check(const LoopProgram *p);

#endif
