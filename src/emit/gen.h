/* The state of one code generation, shared by its files:
 *   live.c    one backward and one forward walk: next uses, live ranges, register pressure, constants and addresses of loops
 *   alloc.c   which register or frame slot holds what, at the point of emission
 *   address.c loop counters and pointers in general registers
 *   select.c  the instructions of each micro-op
 *   emit.c    control flow, prologue, constant pool
 *
 * Allocation happens while code is written, in one walk. Each unit (value or variable) is in a register, in its frame
 * slot, or both; when registers run out, the unit whose next use is farthest goes. Where paths join (loop heads, ends of
 * branches) the state of the first arrival is kept as a snapshot and restored by moves on the others. Constants are
 * never stored: they are made again from the pool. */
#ifndef EMIT_GEN_H
#define EMIT_GEN_H

#include "base/arena.h"
#include "emit/emit.h"
#include "emit/x86.h"

enum { MAX_REGS = 32, LOOP_CONSTANTS = 32, FRAME_MAX = 64 << 10, NO_SLOT = -1 };

typedef struct Unit {
  uint32_t first, end; /* first occurrence after the definition (0: none); last position it is needed at */
  uint32_t use;        /* next occurrence from the present point, 0 none */
  uint32_t expire;     /* next unit that ends at the same END */
  int32_t slot;        /* frame slot, or offset in the pool for a constant; NO_SLOT */
  int8_t reg;          /* -1 none */
  bool stored;         /* the slot holds the present value */
} Unit;

/* a pointer ptr[slot] + sum of counter * stride over some loops */
typedef struct Node {
  uint32_t parent; /* 0 for a root */
  uint32_t loop;   /* index in Gen.loop of the loop that advances it; roots: slot */
  int64_t stride;
  uint32_t next;   /* in the loop's list */
  uint32_t stamp;  /* leaf that lists it */
  int32_t home;    /* frame offset; roots live at ptr[slot] */
  uint8_t reg;     /* inside a leaf loop, or NO_REG */
} Node;

typedef struct Loop {
  uint32_t at, end, parent; /* positions; enclosing loop (index, 0 none) */
  uint32_t level;           /* number of LOOPs around it */
  uint32_t nodes;           /* list of nodes advanced here */
  uint32_t pressure;        /* greatest number of live units inside */
  uint32_t constants;       /* of constant[] */
  uint32_t constant[LOOP_CONSTANTS], weight[LOOP_CONSTANTS]; /* and how much a register for it is worth */
  bool counted, leaf;
  uint8_t counter;          /* register in a leaf, else NO_REG */
  int32_t home, limit, rest; /* frame offsets: counter, where it ends, count of the last turn */
  int32_t homes_end;        /* of these and the nodes' */
  uint32_t first_used, used; /* leaf: nodes wanted in registers, in Gen.wanted */
} Loop;

typedef struct Snapshot {
  uint32_t owner[MAX_REGS];
  uint32_t stored; /* bit per register */
} Snapshot;

typedef struct Frame { /* an open block while code is written */
  uint32_t at, loop;   /* instruction, loop index */
  uint32_t head;       /* offset of the loop head */
  uint32_t skip;       /* forward jump to land at the END (or ELSE) */
  bool has_skip, once, tail;
  Snapshot entry, exit;
} Frame;

/* where a memory operand is: [node (+ counter * scale) + offset] */
typedef struct Place {
  uint32_t node;
  uint8_t scale; /* 0: no index */
} Place;

typedef struct Gen {
  const UopCode *c;
  X86 x;
  CxArena arena;
  uint32_t n;
  unsigned regs, slot_bytes;
  bool wide;  /* AVX-512 */
  bool failed;
  Unit *unit;
  uint32_t (*next)[3];
  uint32_t *expiring; /* by END position: units whose range ends there */
  uint32_t *match;    /* END of LOOP, WHILE (through DO), IF, ELSE; next of them */
  uint32_t *block;    /* number of the block a position is in */
  bool *if_end;       /* by position of END: it closes an if */
  uint32_t *loop_at;  /* by position of LOOP or WHILE: index in loop */
  Place *place;       /* by memory instruction; of a call: .node is the first of its arguments in call_place */
  VEC(Place) call_place;
  VEC(Loop) loop;     /* loop.v[0]: none */
  VEC(Node) node;     /* node.v[0]: none */
  VEC(uint32_t) wanted;
  VEC(uint32_t) hash; /* of nodes */
  VEC(Frame) frame;
  VEC(int32_t) free_slot, freed; /* freed: by the present instruction, which may still read them */
  VEC(uint8_t) pool;
  VEC(EmitReloc) reloc;
  VEC(uint32_t) leave; /* jumps to the epilogue */
  uint32_t owner[MAX_REGS];
  uint32_t free_regs, pinned; /* bit per register */
  uint32_t slots;
  uint32_t pos;     /* instruction being emitted */
  UopVal in_k2;     /* AVX-512: the comparison whose result is in k2 only, for the select that comes next */
  uint32_t tail;    /* loop index whose last, partial turn is being written, or 0 */
  uint32_t used_gpr;
  int32_t fixed;    /* bytes of the frame below the slots */
  int32_t saved_sp, args, masks;
  int32_t iota[2][5], narrow[2][2], ones_zeros; /* pool offsets, -1 not there yet */
  uint32_t spills, reloads;
} Gen;

static inline unsigned value_bytes(const Gen *g, UopVal v) { return uop_size(g->c, v) * uop_lanes(g->c, v); }
static inline unsigned vl_bytes(unsigned bytes) { return bytes > 32 ? 2 : bytes > 16 ? 1 : 0; }
static inline unsigned vl_of(const Gen *g, UopVal v) { return vl_bytes(value_bytes(g, v)); }
static inline bool is_const(const Gen *g, UopVal v) { return g->c->inst.v[v].op == UOP_CONST; }
static inline bool is_var(const Gen *g, UopVal v) { return g->c->inst.v[v].op == UOP_VAR; }

bool uop_is_pure(unsigned op);

/* live.c */
bool live_build(Gen *g);

/* alloc.c */
unsigned reg_take(Gen *g, int hint);          /* a register nobody owns, pinned */
unsigned reg_use(Gen *g, UopVal v);           /* v's register, loaded if need be, pinned */
X86Rm reg_rm(Gen *g, UopVal v, bool broadcast_ok, bool memory_ok);
unsigned reg_result(Gen *g, UopVal v);        /* releases what dies here, then a register for the result v */
unsigned reg_result_early(Gen *g, UopVal v);  /* a register apart from the operands' */
bool reg_dies(const Gen *g, UopVal operand);  /* the operand is not needed after this instruction */
void reg_adopt(Gen *g, UopVal v, unsigned reg); /* reg now holds v */
void reg_adopt_born(Gen *g, UopVal v, unsigned reg); /* the new value v is in reg */
void reg_begin(Gen *g);                       /* a new instruction: no pins, freed slots may be used again */
void reg_release(Gen *g, UopVal v);           /* v is dead */
void reg_release_dead(Gen *g);
void reg_move(Gen *g, unsigned vl, unsigned to, unsigned from);
void reg_load(Gen *g, unsigned reg, UopVal v); /* from slot or pool */
void reg_free_temp(Gen *g, unsigned reg);
void state_save(Gen *g, Snapshot *s);
void state_restore(Gen *g, const Snapshot *s); /* emits moves */
void state_set(Gen *g, const Snapshot *s);     /* emits nothing */
void state_enter_loop(Gen *g, Loop *loop);     /* hoists constants, makes room */
void state_flush(Gen *g);                      /* everything to the frame, for a call */
void unit_expire(Gen *g, uint32_t end);
uint32_t pool_bytes(Gen *g, const void *data, uint32_t bytes, uint32_t align);

/* address.c */
bool address_place(Gen *g, uint32_t at, uint32_t mem, const uint32_t *loops, uint32_t depth, uint32_t inner);
int32_t address_homes(Gen *g, int32_t from); /* gives each its place in the frame from there on; the end */
void address_enter(Gen *g, Loop *loop);
void address_leave_leaf(Gen *g, Loop *loop);
void address_advance(Gen *g, Loop *loop);
/* the operand of instruction `at` plus `extra` bytes; `scratch` is a register it may overwrite and use */
X86Rm address_of(Gen *g, Place where, UopPtr mem, int64_t extra, unsigned scratch);
void address_to(Gen *g, Place where, UopPtr mem, unsigned reg); /* as a number in reg */
unsigned address_leaf_counter(const Gen *g); /* of the innermost LOOP being written, or NO_REG */

/* memory.c */
void memory_emit(Gen *g, uint32_t at); /* LOAD, STORE, GATHER, SCATTER */
void lanes_get(Gen *g, unsigned gpr, unsigned reg, unsigned size, unsigned lane, unsigned *chunk); /* chunk: [0] temp, [1] which */
void lanes_put(Gen *g, unsigned dst, unsigned temp, unsigned size, unsigned lanes, unsigned lane, X86Rm item);

/* select.c */
void select_emit(Gen *g, uint32_t at);
void select_test_any(Gen *g, UopVal v); /* flags: NE if any lane is set */

#endif
