/* The sticky error of each thread (cuirax/error.h). */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local CxError thread_error;

static const struct {
  const char *name, *base;
} error_rows[CX_ERR_COUNT] = {
    {"OK", ""},
#define ERR(id, name, base) {name, base},
#include <cuirax/errors.def>
#undef ERR
};

const char *cx_error_name(CxErr code) { return (unsigned)code < CX_ERR_COUNT ? error_rows[code].name : "RuntimeError"; }
const char *cx_error_base(CxErr code) { return (unsigned)code < CX_ERR_COUNT ? error_rows[code].base : "builtins"; }

bool cx_fail(CxErr code, const char *format, ...) {
  if (thread_error.code) return false;
  va_list args;
  va_start(args, format);
  vsnprintf(thread_error.text, sizeof thread_error.text, format, args);
  va_end(args);
  thread_error.line = thread_error.column = 0;
  thread_error.code = code;
  return false;
}

bool cx_failed(void) { return thread_error.code != CX_OK; }
const CxError *cx_error(void) { return thread_error.code ? &thread_error : NULL; }
void cx_error_clear(void) { thread_error.code = CX_OK; }

CxErr cx_error_take(CxError *to) {
  CxErr code = thread_error.code;
  if (to) *to = thread_error;
  thread_error.code = CX_OK;
  return code;
}

void error_position(uint32_t line, uint32_t column) {
  thread_error.line = line;
  thread_error.column = column;
}

void error_append(const char *text) {
  size_t n = strlen(thread_error.text);
  if (thread_error.code && n + 2 < sizeof thread_error.text)
    snprintf(thread_error.text + n, sizeof thread_error.text - n, "\n%s", text);
}
