/* The proof over loop programs (compile/check.c): a safe program passes, and each of its unsafe edits is refused. */
#include "check.h"

#include "base/error.h"
#include "compile/loop.h"

typedef enum Fault {
  SAFE, OFFSET_LOW, EXTENT_HIGH, STRIDE_HIGH, OVERFLOW, OTHER_LOOP, OTHER_DTYPE, STORE_TO_INPUT, READS_NEIGHBOUR, ONE_ELEMENT, UNDEFINED, OUTSIDE,
  WIDE_OFFSET, PLAIN_INDEX, OPEN_LOOP, SCRATCH_OVERLAP, FAULTS
} Fault;

/* out[i] = in[i] + in[i], over 100 elements; out2[clamp(k)] = in[clamp(k)] */
static LoopProgram *program(Fault f) {
  LoopProgram *p = loop_new();
  uint32_t in = loop_buffer(p, (LoopBuffer){.var = 1, .dtype = CX_F32, .count = 100});
  uint32_t out = loop_buffer(p, (LoopBuffer){.var = 2, .dtype = f == OTHER_DTYPE ? CX_F64 : CX_F32, .count = 100});
  uint32_t index = loop_buffer(p, (LoopBuffer){.var = 3, .dtype = CX_I32, .count = 1});
  uint32_t second = loop_buffer(p, (LoopBuffer){.where = LOOP_SCRATCH, .dtype = CX_F32, .count = 100, .offset = 0});
  uint32_t third = loop_buffer(p, (LoopBuffer){.where = LOOP_SCRATCH, .dtype = CX_F32, .count = 100, .offset = f == SCRATCH_OVERLAP ? 396 : 400});
  p->scratch = 800;
  LoopAccess x = {.buffer = in, .stride = {1}}, y = {.buffer = out, .stride = {1}};
  if (f == OFFSET_LOW) x.offset = -1;
  if (f == STRIDE_HIGH) x.stride[0] = 2;
  if (f == OVERFLOW) x.stride[0] = INT64_MAX / 4;
  if (f == OTHER_LOOP) x.stride[1] = 1;
  if (f == READS_NEIGHBOUR) x = (LoopAccess){.buffer = out, .stride = {-1}, .offset = 99};
  if (f == ONE_ELEMENT) y.stride[0] = 0;
  loop_for(p, f == EXTENT_HIGH ? 101 : 100);
  LoopValue v = loop_load(p, CX_F32, &x), both[2] = {v, f == UNDEFINED ? 4000 : v};
  LoopValue sum = loop_apply(p, CX_OP_ADD, NULL, CX_F32, 2, both);
  loop_store(p, CX_F32, &y, sum);
  if (f != OPEN_LOOP) loop_end(p);
  if (f == OUTSIDE) loop_store(p, CX_F32, &(LoopAccess){.buffer = third}, sum);
  LoopValue k = loop_load(p, CX_I32, &(LoopAccess){.buffer = index});
  LoopValue at = f == PLAIN_INDEX ? k : loop_offset(p, 0, k, f == WIDE_OFFSET ? 100 : 99, 1);
  LoopValue one = loop_load(p, CX_F32, &(LoopAccess){.buffer = in, .dynamic = at});
  loop_store(p, CX_F32, &(LoopAccess){.buffer = second, .dynamic = at}, one);
  if (f == STORE_TO_INPUT) p->buffers.v[out].written = false;
  return p;
}

int main(void) {
  for (int f = SAFE; f < FAULTS; f++) {
    LoopProgram *p = program((Fault)f);
    bool accepted = loop_check(p);
    if (!CHECK(accepted == (f == SAFE))) fprintf(stderr, "fault %d\n", f);
    CHECK(cx_failed() == (f != SAFE));
    cx_error_clear();
    loop_free(p);
  }
  return check_report();
}
