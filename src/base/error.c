/* The sticky error of each thread (cuirax/error.h). */
#include "base/error.h"

#include "base/thread.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static CX_THREAD_LOCAL CxErr thread_code;    /* of the pending error */
static CX_THREAD_LOCAL CxError *thread_error; /* its text; made on first use */
static CxError no_memory = {.code = CX_ERR_MEMORY, .text = "out of memory"}; /* when there is no room for a text; never written */

static CxError *error_slot(void) {
  if (thread_error) return thread_error;
  if (!(thread_error = calloc(1, sizeof *thread_error))) return NULL;
  thread_at_exit(free, thread_error);
  return thread_error;
}

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
  if (thread_code) return false;
  CxError *e = error_slot();
  thread_code = e ? code : CX_ERR_MEMORY;
  if (!e) return false;
  va_list args;
  va_start(args, format);
  vsnprintf(e->text, sizeof e->text, format, args);
  va_end(args);
  e->line = e->column = 0;
  e->code = code;
  return false;
}

bool cx_failed(void) { return thread_code != CX_OK; }
const CxError *cx_error(void) { return !thread_code ? NULL : thread_error ? thread_error : &no_memory; }
void cx_error_clear(void) { thread_code = CX_OK; }

CxErr cx_error_take(CxError *to) {
  CxErr code = thread_code;
  if (to && code) *to = *cx_error();
  if (to) to->code = code;
  thread_code = CX_OK;
  return code;
}

void error_position(uint32_t line, uint32_t column) {
  if (!thread_error) return;
  thread_error->line = line;
  thread_error->column = column;
}

void error_append(const char *text) {
  if (!thread_code || !thread_error) return;
  size_t n = strlen(thread_error->text);
  if (n + 2 < sizeof thread_error->text) snprintf(thread_error->text + n, sizeof thread_error->text - n, "\n%s", text);
}
