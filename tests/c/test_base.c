/* Arenas, texts, vectors and sticky errors, also when memory runs out. */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "base/vec.h"
#include "check.h"

#include <cuirax/error.h>
#include <stdint.h>
#include <string.h>

static void test_errors_stick(void) {
  CHECK(!cx_failed() && cx_error() == NULL);
  CHECK(cx_fail(CX_ERR_TYPE, "first %d", 1) == false);
  cx_fail(CX_ERR_VALUE, "second");
  CHECK(cx_failed() && cx_error()->code == CX_ERR_TYPE && strcmp(cx_error()->text, "first 1") == 0);
  error_append("more");
  CxError e;
  CHECK(cx_error_take(&e) == CX_ERR_TYPE && strcmp(e.text, "first 1\nmore") == 0);
  CHECK(!cx_failed() && cx_error_take(NULL) == CX_OK);
  CHECK(strcmp(cx_error_name(CX_ERR_TRACER_BOOL), "TracerBoolConversionError") == 0);
  CHECK(strcmp(cx_error_base(CX_ERR_TRACER_BOOL), "ConcretizationTypeError") == 0);
  CHECK(strcmp(cx_error_name((CxErr)9999), "RuntimeError") == 0);
}

static void test_long_error_is_cut(void) {
  char text[5000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  cx_fail(CX_ERR_VALUE, "%s", text);
  CHECK(strlen(cx_error()->text) == sizeof cx_error()->text - 1);
  error_append(text);
  CHECK(strlen(cx_error()->text) == sizeof cx_error()->text - 1);
  cx_error_clear();
}

static void test_arena(void) {
  CxArena a = {0};
  int aligned = 1, zeroed = 1;
  for (size_t n = 0; n < 3000; n++) {
    unsigned char *p = arena_alloc(&a, n);
    if (!CHECK(p != NULL)) break;
    if ((uintptr_t)p % 16) aligned = 0;
    for (size_t i = 0; i < n; i++) zeroed &= p[i] == 0;
    memset(p, 0xff, n);
  }
  CHECK(aligned);
  CHECK(zeroed);
  CHECK(strcmp(arena_string(&a, "hello"), "hello") == 0);
  int x = 7, *copy = arena_copy(&a, &x, sizeof x);
  CHECK(copy && *copy == 7 && copy != &x);
  arena_free(&a);
  CHECK(arena_string(&a, "again") != NULL);
  arena_free(&a);
}

static void test_text(void) {
  CxText t = {0};
  text_add(&t, "");
  for (int i = 0; i < 1000; i++) text_addf(&t, "%d,", i);
  text_add_n(&t, "endXXX", 3);
  CHECK(t.n == 3890 + 3 && strlen(t.s) == t.n);
  CHECK(strncmp(t.s, "0,1,2,", 6) == 0 && strcmp(t.s + t.n - 7, "999,end") == 0);
  text_free(&t);
  CHECK(t.s == NULL && t.n == 0);
}

static void test_vec(void) {
  VEC(int) v = {0};
  int good = 1;
  for (int i = 0; i < 10000; i++) good &= vec_push(&v, i);
  for (int i = 0; i < 10000; i++) good &= v.v[i] == i;
  CHECK(good && v.n == 10000);
  vec_free(&v);
  CHECK(v.v == NULL && v.n == 0);
}

static void test_size_arithmetic(void) {
  size_t out;
  CHECK(size_mul(3, 4, &out) && out == 12);
  CHECK(!size_mul(SIZE_MAX, 2, &out));
  CHECK(size_add(3, 4, &out) && out == 7);
  CHECK(!size_add(SIZE_MAX, 1, &out));
}

/* Every allocation of a small workload fails once: the error sticks, what was there stays, nothing leaks. */
static void test_out_of_memory(void) {
  for (long k = 1; k <= 40; k++) {
    CxArena a = {0};
    CxText t = {0};
    VEC(int) v = {0};
    cx_alloc_fail_after(k, false);
    for (int i = 0; i < 500; i++) {
      text_addf(&t, "%d ", i);
      (void)vec_push(&v, i);
      arena_alloc(&a, 300);
    }
    long seen = cx_alloc_fail_after(0, false);
    CHECK(cx_failed() == (seen >= k));
    if (cx_failed()) CHECK(cx_error()->code == CX_ERR_MEMORY);
    CHECK(v.n <= 500 && t.n <= 1890);
    cx_error_clear();
    arena_free(&a);
    text_free(&t);
    vec_free(&v);
  }
  cx_alloc_fail_after(1, true);
  CHECK(cx_malloc(8) == NULL && cx_calloc(1, 8) == NULL && cx_strdup("x") == NULL);
  cx_alloc_fail_after(0, false);
  CHECK(cx_error_take(NULL) == CX_ERR_MEMORY);
}

int main(void) {
  test_errors_stick();
  test_long_error_is_cut();
  test_arena();
  test_text();
  test_vec();
  test_size_arithmetic();
  test_out_of_memory();
  return check_report();
}
