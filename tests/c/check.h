/* The whole C test framework: CHECK counts, check_report prints `N passed, N failed` and gives main's exit status. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>

static int checks_passed, checks_failed;

/* Counts; on failure says where and what. The value is the condition, so a test can stop early. */
#define CHECK(condition) check_count((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

static inline int check_count(int ok, const char *what, const char *file, int line) {
  if (ok) {
    checks_passed++;
  } else {
    checks_failed++;
    fprintf(stderr, "%s:%d: CHECK(%s) failed\n", file, line, what);
  }
  return ok;
}

static inline int check_report(void) {
  fflush(stderr);
  printf("%d passed, %d failed\n", checks_passed, checks_failed);
  return checks_failed != 0;
}

#endif
