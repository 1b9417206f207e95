/* A growable string for printers. Errors stick in the thread; a failed append leaves the text as it was. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

typedef struct CxText {
  char *s; /* NUL-terminated, or NULL when empty */
  size_t n, cap;
} CxText;

void text_add(CxText *t, const char *s);
void text_add_n(CxText *t, const char *s, size_t n);
void text_addf(CxText *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(CxText *t);

#endif
