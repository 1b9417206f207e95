/* Micro-ops: the program of one native function and the only interface to a code generator.
 *
 *   int32_t f(void *const *ptr)      0 = done; anything else is a status given by RETURN_IF, POLL or CALL
 *
 * ptr[k] are base pointers (inputs, outputs, constants, scratch, a context for calls). A program is a list of
 * instructions with nested LOOP/END, WHILE/DO/END, IF/ELSE/END. A value (UopVal) is the number of its instruction; it
 * may be used in its block and in blocks nested in it. It is a vector: `lanes` (1, 2, 4, 8, 16) of `size` (4 or 8) bytes,
 * at most 32 bytes on AVX2 and 64 on AVX-512. Nothing says what a lane means: fadd on 4-byte lanes adds f32, iadd i32/u32.
 * A mask has all bits of a lane set or none. Constants may be used anywhere.
 *
 * A variable (uop_var) is a mutable register. Its id as an operand reads what it holds at that moment; uop_set changes it,
 * and uop_get makes a value of what it holds now (needed before a set when the old value is still wanted, as in a swap).
 *
 * Loops. uop_loop(c, count, step, flags) runs its body with counter 0, step, 2*step ... below count. Level k is the
 * k-th enclosing LOOP from outside (WHILE and IF are no levels). A loop whose step is > 1 is a vector loop: its body works
 * on `step` lanes at once. If step does not divide count, the last turn runs with the first lanes only:
 *   - flag UOP_PADDED: the buffers may be read and written past the end, so that a whole turn is run;
 *   - else lanes beyond count load zeros, do not store, scatter or set variables (only accesses and variables of exactly
 *     `step` lanes are cut). Such a loop contains no other LOOP.
 *
 * Memory. A UopMem is base ptr[slot] + offset + sum over levels of counter(level) * stride[level] bytes (counters count
 * elements, not turns) and, inside a vector, lane * `lane` bytes: the item's size is contiguous, 0 the same item in every
 * lane, anything else lane by lane. uop_load/uop_store convert between the dtype in memory and the lane: integers are
 * extended or truncated, f16 and bf16 become f32 and are rounded to nearest even, bool bytes (0 and not 0) become masks.
 * fp8 and 4-bit integers are made of u8 by the layers above.
 *
 * Errors stick (base/error.h): a builder whose operands do not fit records CX_ERR_VERIFY and gives 0; 0 in gives 0 out. Ask once, with
 * uop_verify or emit_compile. Builders expand what the target lacks (64-bit products on AVX2, popcount ...) into simpler
 * micro-ops; with target EMIT_NONE nothing is expanded, for the interpreter of the tests.
 *
 * Changes since the first version: added uop_lane, uop_perm; uop_load_at, uop_store_at (a dynamic slice at the speed of a plain load). */
#ifndef EMIT_UOP_H
#define EMIT_UOP_H

#include <stdbool.h>

#include "base/text.h"
#include "base/vec.h"

typedef enum EmitTarget { EMIT_NONE, EMIT_AVX2, EMIT_AVX512 } EmitTarget;

typedef enum UopOp {
#define UOP(id, text, operands, result, flags) UOP_##id,
#include "emit/uops.def"
#undef UOP
  UOP_COUNT
} UopOp;

/* dtypes in memory */
typedef enum UopType {
  UOP_I8, UOP_U8, UOP_I16, UOP_U16, UOP_I32, UOP_U32, UOP_I64, UOP_U64, UOP_F16, UOP_BF16, UOP_F32, UOP_F64, UOP_BOOL
} UopType;
static inline unsigned uop_type_bytes(UopType t) { return "\1\1\2\2\4\4\10\10\2\2\4\10\1"[t]; }

/* Float predicates: named ones are ordered (false on NaN) except NE; U… are true on NaN. The numbers are x86's. */
typedef enum UopFcmp {
  UOP_FEQ = 0x00, UOP_FLT = 0x11, UOP_FLE = 0x12, UOP_FGE = 0x1d, UOP_FGT = 0x1e, UOP_FNE = 0x04, UOP_FONE = 0x0c,
  UOP_FUEQ = 0x08, UOP_FULT = 0x19, UOP_FULE = 0x1a, UOP_FUGE = 0x15, UOP_FUGT = 0x16, UOP_FORD = 0x07, UOP_FUNORD = 0x03
} UopFcmp;
typedef enum UopIcmp {
  UOP_IEQ, UOP_INE, UOP_ILT, UOP_ILE, UOP_IGT, UOP_IGE, UOP_ULT, UOP_ULE, UOP_UGT, UOP_UGE
} UopIcmp;
typedef enum UopRound { UOP_NEAREST = 0, UOP_FLOOR = 1, UOP_CEIL = 2, UOP_TOWARD_ZERO = 3 } UopRound;
enum { UOP_PADDED = 1 };
enum { UOP_MAX_LANES = 16, UOP_MAX_SLOTS = 1 << 20 };

typedef uint32_t UopVal; /* an instruction's number; 0 is none or poison */
typedef uint32_t UopPtr; /* a memory operand's number; 0 is none or poison */

typedef struct UopInst {
  uint8_t op;      /* UopOp */
  uint8_t size;    /* of a lane of the result (of a stored value): 4, 8; 0 without result */
  uint8_t lanes;   /* of the result or the stored value; LOOP: the step, when it fits */
  uint8_t aux;     /* LOAD, STORE, GATHER, SCATTER: UopType; LOOP: flags */
  uint32_t a, b, c;
  uint32_t mem;    /* LOAD, STORE, GATHER, SCATTER: UopPtr; CALL: first of its argument list; LOOP: step */
  uint64_t imm;
} UopInst;

typedef struct UopMem {
  uint32_t slot;
  uint32_t levels, strides; /* strides[levels] start here in UopCode.stride */
  int64_t offset;
  int64_t lane;             /* bytes from lane to lane */
} UopMem;

typedef int32_t (*UopFn)(void *const *ptr);
typedef struct UopCallee {
  UopFn fn;
  const char *name; /* the symbol in an object file; borrowed */
} UopCallee;

typedef struct UopCode {
  EmitTarget target;
  uint32_t slots; /* one more than the greatest slot used */
  bool failed;
  VEC(UopInst) inst; /* inst.v[0] is unused */
  VEC(UopMem) mem;   /* mem.v[0] is unused */
  VEC(int64_t) stride;
  VEC(UopCallee) callee;
  VEC(uint32_t) arg; /* argument lists of CALLs */
  VEC(uint32_t) open; /* blocks being built */
  VEC(uint32_t) table; /* hash of constants */
  uint32_t constants;
} UopCode;

bool uop_begin(UopCode *c, EmitTarget target); /* c is overwritten */
void uop_free(UopCode *c);
bool uop_verify(const UopCode *c);             /* whole and well formed, else false with an error */

void uop_print(const UopCode *c, CxText *to);

static inline unsigned uop_size(const UopCode *c, UopVal v) { return c->inst.v[v].size; }
static inline unsigned uop_lanes(const UopCode *c, UopVal v) { return c->inst.v[v].lanes; }
static inline unsigned uop_max_bytes(EmitTarget t) { return t == EMIT_AVX2 ? 32 : 64; }

/* constants */
UopVal uop_const(UopCode *c, unsigned size, unsigned lanes, uint64_t bits); /* every lane */
UopVal uop_f32(UopCode *c, unsigned lanes, float x);
UopVal uop_f64(UopCode *c, unsigned lanes, double x);
UopVal uop_i32(UopCode *c, unsigned lanes, int32_t x);
UopVal uop_i64(UopCode *c, unsigned lanes, int64_t x);
UopVal uop_index(UopCode *c, unsigned size, unsigned lanes, unsigned level);
UopVal uop_lane(UopCode *c, unsigned size, unsigned lanes); /* 0, 1, 2 ... */

/* memory */
UopPtr uop_mem(UopCode *c, uint32_t slot, int64_t offset, int64_t lane, unsigned levels, const int64_t *strides);
UopVal uop_load(UopCode *c, unsigned size, unsigned lanes, UopType type, UopPtr from);
void uop_store(UopCode *c, UopType type, UopPtr to, UopVal value);
/* the same, `index` items of `type` further on (lane 0 of `index`, signed, 4- or 8-byte lanes); lanes as in the memory operand */
UopVal uop_load_at(UopCode *c, unsigned size, unsigned lanes, UopType type, UopPtr from, UopVal index);
void uop_store_at(UopCode *c, UopType type, UopPtr to, UopVal value, UopVal index);
/* index in items of `type` (signed, 4- or 8-byte lanes), in bounds; the memory operand's lane stride is ignored */
UopVal uop_gather(UopCode *c, unsigned size, UopType type, UopPtr from, UopVal index);
void uop_scatter(UopCode *c, UopType type, UopPtr to, UopVal index, UopVal value, UopVal mask);

/* variables */
UopVal uop_var(UopCode *c, UopVal init);
UopVal uop_get(UopCode *c, UopVal var);
void uop_set(UopCode *c, UopVal var, UopVal value);

/* operands of one shape, in and out */
#define UOP_UNARY(id, name) UopVal uop_##name(UopCode *c, UopVal a);
#define UOP_BINARY(id, name) UopVal uop_##name(UopCode *c, UopVal a, UopVal b);
#define UOP_TERNARY(id, name) UopVal uop_##name(UopCode *c, UopVal x, UopVal y, UopVal z);
#define UOP_REGULAR                                                                                               \
  UOP_BINARY(FADD, fadd) UOP_BINARY(FSUB, fsub) UOP_BINARY(FMUL, fmul) UOP_BINARY(FDIV, fdiv)                     \
  UOP_BINARY(FMIN, fmin) UOP_BINARY(FMAX, fmax) UOP_UNARY(FSQRT, fsqrt) UOP_TERNARY(FMA, fma)                     \
  UOP_TERNARY(FMS, fms) UOP_TERNARY(FNMA, fnma) UOP_TERNARY(FNMS, fnms) UOP_BINARY(AND, and) UOP_BINARY(OR, or)   \
  UOP_BINARY(XOR, xor) UOP_BINARY(ANDN, andn) UOP_TERNARY(SELECT, select) UOP_BINARY(IADD, iadd)                  \
  UOP_BINARY(ISUB, isub) UOP_BINARY(MULU, mulu) UOP_BINARY(MULS, muls) UOP_BINARY(SHLV, shlv)                     \
  UOP_BINARY(SHRV, shrv)
/* expanded where the target lacks them */
#define UOP_EXPANDED                                                                                              \
  UOP_BINARY(IMUL, imul) UOP_BINARY(UMULHI, umulhi) UOP_BINARY(IMULHI, imulhi) UOP_BINARY(SARV, sarv)             \
  UOP_BINARY(IMIN, imin) UOP_BINARY(IMAX, imax) UOP_BINARY(UMIN, umin) UOP_BINARY(UMAX, umax)                     \
  UOP_UNARY(IABS, iabs) UOP_BINARY(IDIV, idiv) UOP_BINARY(IREM, irem) UOP_BINARY(UDIV, udiv)                      \
  UOP_BINARY(UREM, urem) UOP_UNARY(POPCNT, popcnt) UOP_UNARY(CLZ, clz)
UOP_REGULAR
UOP_EXPANDED
#undef UOP_UNARY
#undef UOP_BINARY
#undef UOP_TERNARY
UopVal uop_not(UopCode *c, UopVal a);
UopVal uop_fneg(UopCode *c, UopVal a);
UopVal uop_fabs(UopCode *c, UopVal a);
UopVal uop_fround(UopCode *c, UopRound mode, UopVal a);
UopVal uop_fcmp(UopCode *c, UopFcmp p, UopVal a, UopVal b);
UopVal uop_icmp(UopCode *c, UopIcmp p, UopVal a, UopVal b);
UopVal uop_shl(UopCode *c, UopVal a, unsigned count); /* count >= width: 0, or the sign */
UopVal uop_shr(UopCode *c, UopVal a, unsigned count);
UopVal uop_sar(UopCode *c, UopVal a, unsigned count);
UopVal uop_rotl(UopCode *c, UopVal a, unsigned count);

/* conversions; `size` is the result's lane size */
UopVal uop_i2f(UopCode *c, unsigned size, UopVal a);
UopVal uop_u2f(UopCode *c, unsigned size, UopVal a);
UopVal uop_f2i(UopCode *c, unsigned size, UopVal a);
UopVal uop_f2u(UopCode *c, unsigned size, UopVal a);
UopVal uop_f2f(UopCode *c, unsigned size, UopVal a);
UopVal uop_exts(UopCode *c, UopVal a);  /* 4 to 8 bytes, also a mask */
UopVal uop_extu(UopCode *c, UopVal a);
UopVal uop_trunc(UopCode *c, UopVal a); /* 8 to 4 bytes, also a mask */
UopVal uop_round_f16(UopCode *c, UopVal a);  /* f32 rounded to f16 precision, still f32 */
UopVal uop_round_bf16(UopCode *c, UopVal a);

/* lanes */
UopVal uop_half(UopCode *c, UopVal a, unsigned upper); /* lanes/2 lanes */
UopVal uop_join(UopCode *c, UopVal low, UopVal high);
UopVal uop_splat(UopCode *c, UopVal a, unsigned lanes); /* lane 0 */
/* lane k of the result is lane from[k] of a; with uop_lane and uop_select: shifts of lanes, butterflies, reversal */
UopVal uop_perm(UopCode *c, UopVal a, const uint8_t *from);
UopVal uop_cast(UopCode *c, UopVal a, unsigned size);   /* same bytes, other lane size */

/* control */
void uop_loop(UopCode *c, int64_t count, unsigned step, unsigned flags);
void uop_loop_dynamic(UopCode *c, UopVal count, unsigned step, unsigned flags); /* lane 0 of 8-byte lanes; < 0 is 0 */
void uop_while(UopCode *c);         /* uop_while; condition; uop_do(condition); body; uop_end */
void uop_do(UopCode *c, UopVal any);
void uop_if(UopCode *c, UopVal any);
void uop_else(UopCode *c);
void uop_end(UopCode *c);
/* fn(args) with the addresses of n memory operands (lane 0); a status other than 0 is returned at once */
void uop_call(UopCode *c, UopFn fn, const char *name, unsigned n, const UopPtr *args);
void uop_return_if(UopCode *c, UopVal any, int32_t status);
void uop_poll(UopCode *c, uint32_t slot);

#endif
