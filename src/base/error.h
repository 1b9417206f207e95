/* What the core adds to a pending error: a position in a text, a further line of context. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <cuirax/error.h>

void error_position(uint32_t line, uint32_t column);
void error_append(const char *text); /* "\n" + text, when an error is pending */

#define TRY(call)          \
  do {                     \
    if (!(call)) return 0; \
  } while (0)
#define FAIL_IF(condition, ...) \
  do {                          \
    if (condition) {            \
      cx_fail(__VA_ARGS__);     \
      return 0;                 \
    }                           \
  } while (0)

#endif
