/* Sticky errors. The first error of a thread is kept (code, text, the user's source line); until it is taken,
 * every builder returns poison and does nothing. Ask once, at the border. */
#ifndef CUIRAX_ERROR_H
#define CUIRAX_ERROR_H

#include <stdbool.h>
#include <stdint.h>

typedef enum CxErr {
  CX_OK = 0,
#define ERR(id, name, base) CX_ERR_##id,
#include <cuirax/errors.def>
#undef ERR
  CX_ERR_COUNT
} CxErr;

typedef struct CxError {
  CxErr code;
  uint32_t line, column; /* position in a text that failed to parse; 0 if none */
  char text[2048];       /* one to a few lines; no trailing newline */
} CxError;

const char *cx_error_name(CxErr code); /* "TypeError" */
const char *cx_error_base(CxErr code);

/* Records the first error of this thread; later ones are dropped. Always returns false. */
bool cx_fail(CxErr code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
bool cx_failed(void);             /* is an error pending in this thread? */
const CxError *cx_error(void);    /* the pending error, or NULL */
void cx_error_clear(void);        /* forget it */
CxErr cx_error_take(CxError *to); /* copy (to may be NULL), forget, return the code */

#endif
