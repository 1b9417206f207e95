/* Native code from micro-ops: small programs whose results are known. test_emit_random.c compares many more with an interpreter. */
#include <cuirax/error.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "check.h"
#include "emit/check_code.h"
#include "kernels/half.h"

static EmitTarget target;

static int32_t run(UopCode *c, void *const *ptr) {
  int32_t status = -1;
  EmitCode *code = emit_compile(c);
  EmitExec *exec = code ? emit_load(code) : NULL;
  if (CHECK(exec != NULL)) status = emit_fn(exec)(ptr);
  else if (cx_failed()) fprintf(stderr, "%s\n", cx_error()->text), cx_error_clear();
  emit_unload(exec);
  emit_code_free(code);
  uop_free(c);
  return status;
}
static unsigned widest(unsigned size) { return uop_max_bytes(target) / size; }

/* out = a * 2.5 + b, every count: whole turns, a partial one, none */
static void multiply_add(void) {
  float a[70], b[70], out[71];
  for (int i = 0; i < 70; i++) a[i] = (float)i - 20, b[i] = (float)(i * i);
  for (int n = 0; n <= 70; n++) {
    UopCode c;
    unsigned lanes = widest(4);
    int64_t stride[] = {4};
    uop_begin(&c, target);
    uop_loop(&c, n, lanes, 0);
    UopVal x = uop_load(&c, 4, lanes, UOP_F32, uop_mem(&c, 0, 0, 4, 1, stride));
    UopVal y = uop_load(&c, 4, lanes, UOP_F32, uop_mem(&c, 1, 0, 4, 1, stride));
    uop_store(&c, UOP_F32, uop_mem(&c, 2, 0, 4, 1, stride), uop_fma(&c, x, uop_f32(&c, lanes, 2.5f), y));
    uop_end(&c);
    for (int i = 0; i < 71; i++) out[i] = -1;
    void *ptr[] = {a, b, out};
    CHECK(run(&c, ptr) == 0);
    int good = 0;
    for (int i = 0; i < n; i++) good += out[i] == a[i] * 2.5f + b[i];
    CHECK(good == n && out[n] == -1);
  }
}

/* sum of i*i below n by a while over scalars in variables */
static void while_sum(void) {
  UopCode c;
  uop_begin(&c, target);
  UopVal n = uop_load(&c, 8, 1, UOP_I64, uop_mem(&c, 0, 0, 8, 0, NULL));
  UopVal i = uop_var(&c, uop_i64(&c, 1, 0)), sum = uop_var(&c, uop_i64(&c, 1, 0));
  uop_while(&c);
  uop_do(&c, uop_icmp(&c, UOP_ILT, i, n));
  uop_set(&c, sum, uop_iadd(&c, sum, uop_imul(&c, i, i)));
  uop_set(&c, i, uop_iadd(&c, i, uop_i64(&c, 1, 1)));
  uop_end(&c);
  uop_store(&c, UOP_I64, uop_mem(&c, 1, 0, 8, 0, NULL), sum);
  int64_t in = 1000, out = 0;
  void *ptr[] = {&in, &out};
  CHECK(run(&c, ptr) == 0 && out == 332833500);
}

/* row sums of a matrix: nested loops, a vector variable, a tree over the lanes */
static void row_sums(void) {
  enum { ROWS = 5, COLUMNS = 37 };
  float a[ROWS][COLUMNS], out[ROWS];
  for (int r = 0; r < ROWS; r++)
    for (int k = 0; k < COLUMNS; k++) a[r][k] = (float)(r * 100 + k);
  UopCode c;
  unsigned lanes = widest(4);
  uop_begin(&c, target);
  uop_loop(&c, ROWS, 1, 0);
  UopVal sum = uop_var(&c, uop_f32(&c, lanes, 0));
  uop_loop(&c, COLUMNS, lanes, 0);
  int64_t strides[] = {COLUMNS * 4, 4}, row[] = {4};
  uop_set(&c, sum, uop_fadd(&c, sum, uop_load(&c, 4, lanes, UOP_F32, uop_mem(&c, 0, 0, 4, 2, strides))));
  uop_end(&c);
  UopVal s = uop_get(&c, sum);
  for (unsigned l = lanes; l > 1; l /= 2) s = uop_fadd(&c, uop_half(&c, s, 0), uop_half(&c, s, 1));
  uop_store(&c, UOP_F32, uop_mem(&c, 1, 0, 4, 1, row), s);
  uop_end(&c);
  void *ptr[] = {a, out};
  CHECK(run(&c, ptr) == 0);
  for (int r = 0; r < ROWS; r++) CHECK(out[r] == (float)(r * 100 * COLUMNS + COLUMNS * (COLUMNS - 1) / 2));
}

/* more streams than general registers, with contiguous and other strides, in the second of two nested loops */
static void many_streams(void) {
  enum { STREAMS = 24, ROWS = 3, COLUMNS = 11 };
  static int32_t in[STREAMS][512], out[ROWS][COLUMNS];
  void *ptr[STREAMS + 1];
  for (int s = 0; s < STREAMS; s++) {
    for (int k = 0; k < 512; k++) in[s][k] = s * 1000 + k;
    ptr[s] = in[s];
  }
  ptr[STREAMS] = out;
  UopCode c;
  unsigned lanes = widest(4);
  uop_begin(&c, target);
  uop_loop(&c, ROWS, 1, 0);
  uop_loop(&c, COLUMNS, lanes, 0);
  UopVal sum = uop_i32(&c, lanes, 0);
  for (unsigned s = 0; s < STREAMS; s++) {
    int64_t step = s % 3 == 0 ? 4 : (int64_t)(s % 5) * 4, strides[] = {(int64_t)(s % 4) * 100, step};
    sum = uop_iadd(&c, sum, uop_load(&c, 4, lanes, UOP_I32, uop_mem(&c, s, 0, step, 2, strides)));
  }
  int64_t dense[] = {COLUMNS * 4, 4};
  uop_store(&c, UOP_I32, uop_mem(&c, STREAMS, 0, 4, 2, dense), sum);
  uop_end(&c);
  uop_end(&c);
  CHECK(run(&c, ptr) == 0);
  int good = 0;
  for (int r = 0; r < ROWS; r++)
    for (int k = 0; k < COLUMNS; k++) {
      int32_t want = 0;
      for (int s = 0; s < STREAMS; s++) want += in[s][(s % 4) * 25 * r + (s % 3 == 0 ? 1 : s % 5) * k];
      good += out[r][k] == want;
    }
  CHECK(good == ROWS * COLUMNS);
}

/* every f16 widened, and narrowed a good many f32, exactly as kernels/half.h says: NaN payloads, subnormals and ties included */
static void halves(void) {
  enum { N = 1 << 16 };
  static uint16_t h[N], h16[N], b16[N];
  static uint32_t f[N], wide[N];
  for (unsigned k = 0; k < N; k++) h[k] = (uint16_t)k, f[k] = (k << 16 | (k * 40503u & 0xffff)) ^ (k & 1 ? 0 : 0x1000 & k << 9);
  for (unsigned k = 0; k < N; k += 3) f[k] = bits_F32(half_widen((uint16_t)k)) + (k % 2 ? 0x1000 : 0xfff); /* near and on ties */
  UopCode c;
  unsigned lanes = widest(4);
  int64_t two[] = {2}, four[] = {4};
  uop_begin(&c, target);
  uop_loop(&c, N, lanes, 0);
  uop_store(&c, UOP_F32, uop_mem(&c, 2, 0, 4, 1, four), uop_load(&c, 4, lanes, UOP_F16, uop_mem(&c, 0, 0, 2, 1, two)));
  UopVal x = uop_load(&c, 4, lanes, UOP_F32, uop_mem(&c, 1, 0, 4, 1, four));
  uop_store(&c, UOP_F16, uop_mem(&c, 3, 0, 2, 1, two), x);
  uop_store(&c, UOP_BF16, uop_mem(&c, 4, 0, 2, 1, two), x);
  uop_end(&c);
  void *ptr[] = {h, f, wide, h16, b16};
  CHECK(run(&c, ptr) == 0);
  unsigned good = 0;
  for (unsigned k = 0; k < N; k++)
    good += wide[k] == bits_F32(half_widen(h[k])) && h16[k] == half_narrow(from_bits_F32(f[k])) && b16[k] == bfloat_narrow(from_bits_F32(f[k]));
  CHECK(good == N);
}

static int32_t callee(void *const *ptr) {
  *(int32_t *)ptr[1] += *(int32_t *)ptr[0];
  return *(int32_t *)ptr[1] > 100 ? 7 : 0;
}
/* calls in a loop, whose status ends the program; a value lives across them */
static void calls(void) {
  int32_t in[20], sum = 0, out = 0, stop = 0;
  for (int i = 0; i < 20; i++) in[i] = i;
  void *ptr[] = {in, &sum, &out, &stop};
  for (int turns = 14; turns <= 20; turns += 6) {
    UopCode c;
    int64_t stride[] = {4};
    sum = out = 0;
    uop_begin(&c, target);
    UopVal kept = uop_load(&c, 4, 1, UOP_I32, uop_mem(&c, 0, 12, 4, 0, NULL));
    uop_loop(&c, turns, 1, 0);
    UopPtr args[] = {uop_mem(&c, 0, 0, 4, 1, stride), uop_mem(&c, 1, 0, 4, 0, NULL)};
    uop_call(&c, callee, "callee", 2, args);
    uop_poll(&c, 3);
    uop_end(&c);
    uop_store(&c, UOP_I32, uop_mem(&c, 2, 0, 4, 0, NULL), kept);
    CHECK(run(&c, ptr) == (turns == 14 ? 0 : 7));
    CHECK(out == (turns == 14 ? 3 : 0));
  }
}

/* status by a condition; if and else */
static void conditions(void) {
  for (int32_t x = -1; x <= 2; x++) {
    UopCode c;
    uop_begin(&c, target);
    UopVal v = uop_load(&c, 4, 1, UOP_I32, uop_mem(&c, 0, 0, 4, 0, NULL)), r = uop_var(&c, v);
    uop_return_if(&c, uop_icmp(&c, UOP_ILT, v, uop_i32(&c, 1, 0)), 42);
    uop_if(&c, uop_icmp(&c, UOP_IEQ, v, uop_i32(&c, 1, 1)));
    uop_set(&c, r, uop_iadd(&c, v, uop_i32(&c, 1, 10)));
    uop_else(&c);
    uop_set(&c, r, uop_isub(&c, v, uop_i32(&c, 1, 10)));
    uop_end(&c);
    uop_store(&c, UOP_I32, uop_mem(&c, 1, 0, 4, 0, NULL), r);
    int32_t in = x, out = 0;
    void *ptr[] = {&in, &out};
    CHECK(run(&c, ptr) == (x < 0 ? 42 : 0));
    CHECK(out == (x < 0 ? 0 : x == 1 ? 11 : x - 10));
  }
}

/* malformed programs are refused, with an error and without a crash */
static void refused(void) {
  UopCode c;
  uop_begin(&c, target);
  uop_loop(&c, 4, 1, 0);
  UopVal inner = uop_index(&c, 4, 1, 0);
  uop_end(&c);
  uop_fadd(&c, inner, inner);
  CHECK(!emit_compile(&c) && cx_error_take(NULL) == CX_ERR_VERIFY);
  uop_free(&c);
  uop_begin(&c, target);
  uop_fadd(&c, uop_f32(&c, 4, 1), uop_f64(&c, 4, 1));
  CHECK(!emit_compile(&c) && cx_error_take(NULL) == CX_ERR_VERIFY);
  uop_free(&c);
  uop_begin(&c, target);
  uop_loop(&c, 4, 1, 0);
  CHECK(!emit_compile(&c) && cx_error_take(NULL) == CX_ERR_VERIFY);
  uop_free(&c);
}

/* a chain of loops, each reading what the one before wrote */
static void long_program(UopCode *c, unsigned loops) {
  unsigned lanes = widest(4);
  int64_t stride[] = {4};
  uop_begin(c, target);
  for (unsigned k = 0; k < loops; k++) {
    uop_loop(c, 64, lanes, k & 2 ? UOP_PADDED : 0);
    UopVal x = uop_load(c, 4, lanes, UOP_F32, uop_mem(c, k & 1, 0, 4, 1, stride));
    for (unsigned j = 0; j < 20; j++) x = uop_fma(c, x, uop_f32(c, lanes, (float)j / 16), uop_fabs(c, x));
    uop_store(c, UOP_F32, uop_mem(c, !(k & 1), 0, 4, 1, stride), x);
    uop_end(c);
  }
}

/* each allocation fails once: an error, no crash, nothing left behind (the sanitizer build counts) */
static void allocations_fail(void) {
  bool done = false;
  for (long k = 1; !done && k < 1000; k++) {
    UopCode c;
    cx_alloc_fail_after(k, false);
    long_program(&c, 20);
    EmitCode *code = emit_compile(&c);
    EmitExec *exec = code ? emit_load(code) : NULL;
    cx_alloc_fail_after(0, false);
    done = exec != NULL;
    CHECK(done == !cx_failed());
    cx_error_clear();
    emit_unload(exec);
    emit_code_free(code);
    uop_free(&c);
  }
  CHECK(done);
}

static double compile_seconds(unsigned loops) {
  double best = 1e9;
  for (int k = 0; k < 5; k++) {
    UopCode c;
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    long_program(&c, loops);
    EmitCode *code = emit_compile(&c);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    CHECK(code != NULL);
    double s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
    if (s < best) best = s;
    emit_code_free(code);
    uop_free(&c);
  }
  return best;
}
/* two hundred times the program is not much more than two hundred times the work (caches and a busy machine have a say) */
static void growth(void) {
  double small = compile_seconds(20), large = compile_seconds(4000);
  CHECK(large < small * 200 * 4);
}

/* The checker takes a harmless frame around no operations, and refuses it with each of these in the middle. */
static void evil_refused(void) {
  static const struct {
    const char *bytes, *what;
    uint32_t n;
  } evil[] = {{"\x0f\x05", "syscall", 2}, {"\xcd\x80", "int 80h", 2}, {"\xc3", "early return", 1}, {"\x5b", "short pop", 1}, {"\xe9\0\0\1\0", "far jump", 5},
              {"\xeb\x01\x0f\x1f\x00", "jump into an instruction", 5}, {"\x48\x8b\xe0", "mov rsp, rax", 3}, {"\x48\x8b\xdf", "mov rbx, rdi again", 3},
              {"\x48\x89\x43\x08", "store to a base pointer", 4}, {"\x48\x8b\x43\x10", "base pointer that is not there", 4},
              {"\x48\x89\x84\x24\x80\0\0\0", "store above the frame", 8}, {"\x48\x8b\x44\x24\xf8", "load below the frame", 5},
              {"\x48\x89\x05\x10\0\0\0", "store to the pool", 7}, {"\xff\xd0", "call rax", 2}, {"\xff\xe0", "jmp rax", 2}, {"\xf3\xa4", "rep movsb", 2},
              {"\x64\x8b\x00", "fs segment", 3}, {"\xff\xf0", "push in the body", 2}, {"\x0f\x31", "rdtsc", 2}, {"\xc5\xf8\xae\x10", "vldmxcsr", 4}};
  static const char head[] = "\xff\xf3\x48\x8b\xc4\x48\x81\xec\x80\0\0\0\x48\x83\xe4\xc0\x48\x89\x04\x24\x48\x8b\xdf",
                    tail[] = "\x33\xc0\xc5\xf8\x77\x48\x8b\x24\x24\x8f\xc3\xc3";
  uint8_t bytes[128] = {0};
  EmitCode code = {.target = target, .bytes = bytes, .size = 128, .pool = 64, .slots = 2};
  memcpy(bytes, head, sizeof head - 1);
  memset(bytes + sizeof head - 1, 0x90, 16);
  memcpy(bytes + sizeof head - 1 + 16, tail, sizeof tail - 1);
  code.code_end = sizeof head - 1 + 16 + sizeof tail - 1;
  CHECK(emit_check(&code));
  cx_error_clear();
  for (unsigned k = 0; k < sizeof evil / sizeof *evil; k++) {
    memset(bytes + sizeof head - 1, 0x90, 16);
    memcpy(bytes + sizeof head - 1 + 4, evil[k].bytes, evil[k].n);
    if (!CHECK(!emit_check(&code))) fprintf(stderr, "accepted: %s\n", evil[k].what);
    cx_error_clear();
  }
}
static void tampered(void) {
  UopCode c;
  long_program(&c, 3);
  EmitCode *code = emit_compile(&c);
  uop_free(&c);
  if (!CHECK(code && emit_check(code))) return;
  CxText listing = {0};
  emit_listing(code, &listing);
  CHECK(listing.s && strstr(listing.s, ": c3\n; constants\n")); /* the last instruction returns */
  text_free(&listing);
  /* any single byte changed: accepted or refused, never a crash */
  for (uint32_t at = code->entry; at < code->code_end; at++)
    for (unsigned bit = 0; bit < 8; bit++) {
      code->bytes[at] ^= (uint8_t)(1u << bit);
      (void)emit_check(code);
      cx_error_clear();
      code->bytes[at] ^= (uint8_t)(1u << bit);
    }
  CHECK(emit_check(code));
  emit_code_free(code);
}

/* ten thousand nested blocks */
static void deep(void) {
  enum { DEPTH = 10000 };
  UopCode c;
  uop_begin(&c, target);
  UopVal x = uop_var(&c, uop_i32(&c, 1, 0)), yes = uop_i32(&c, 1, -1);
  for (int k = 0; k < DEPTH; k++) uop_if(&c, yes);
  uop_set(&c, x, uop_iadd(&c, x, uop_i32(&c, 1, 5)));
  for (int k = 0; k < DEPTH; k++) uop_end(&c);
  uop_store(&c, UOP_I32, uop_mem(&c, 0, 0, 4, 0, NULL), x);
  int32_t out = 0;
  void *ptr[] = {&out};
  CHECK(run(&c, ptr) == 0 && out == 5);
}

int main(void) {
  EmitTarget have = emit_target_detect();
  for (target = EMIT_AVX2; target <= have; target++) {
    multiply_add();
    while_sum();
    row_sums();
    many_streams();
    halves();
    calls();
    conditions();
    refused();
    allocations_fail();
    growth();
    deep();
    evil_refused();
    tampered();
  }
  return check_report();
}
