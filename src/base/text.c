/* See text.h. */
#include "base/text.h"

#include "base/alloc.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_add_n(CxText *t, const char *s, size_t n) {
  if (t->n + n + 1 > t->cap) {
    size_t cap = (t->n + n + 1) * 2 + 64;
    char *p = cx_realloc(t->s, cap);
    if (!p) return;
    t->s = p;
    t->cap = cap;
  }
  if (n) memcpy(t->s + t->n, s, n);
  t->n += n;
  t->s[t->n] = 0;
}

void text_add(CxText *t, const char *s) { text_add_n(t, s, strlen(s)); }

void text_addf(CxText *t, const char *format, ...) {
  char small[256];
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(small, sizeof small, format, args);
  va_end(args);
  if (n >= 0 && (size_t)n < sizeof small) {
    text_add_n(t, small, (size_t)n);
  } else if (n >= 0) {
    char *big = cx_malloc((size_t)n + 1);
    if (big) {
      vsnprintf(big, (size_t)n + 1, format, again);
      text_add_n(t, big, (size_t)n);
      cx_free(big);
    }
  }
  va_end(again);
}

void text_free(CxText *t) {
  cx_free(t->s);
  *t = (CxText){0};
}
