/* See doc.h. */
#include "ir/doc.h"

#include <cuirax/error.h>

static void add(CxDoc *d, DocItem item) { (void)vec_push(&d->items, item); }

size_t doc_text_begin(CxDoc *d) { return d->chars.n; }
void doc_text_end(CxDoc *d, size_t begin) { add(d, (DocItem){DOC_TEXT, (uint32_t)(d->chars.n - begin), begin}); }

static void add_chars(CxDoc *d, int kind, const char *s) {
  size_t begin = d->chars.n;
  text_add(&d->chars, s);
  doc_text_end(d, begin);
  if (d->items.n) d->items.v[d->items.n - 1].kind = kind;
}

void doc_text(CxDoc *d, const char *s) { add_chars(d, DOC_TEXT, s); }
void doc_break(CxDoc *d, const char *flat) { add_chars(d, DOC_BREAK, flat); }
void doc_nest(CxDoc *d, uint32_t by) { add(d, (DocItem){DOC_NEST, by, 0}); }
void doc_group(CxDoc *d) { add(d, (DocItem){DOC_GROUP, 0, 0}); }
void doc_close(CxDoc *d) { add(d, (DocItem){DOC_CLOSE, 0, 0}); }

void doc_free(CxDoc *d) {
  vec_free(&d->items);
  text_free(&d->chars);
}

/* Does the group that opens at item i fit in `room` columns when flat? */
static bool fits(const CxDoc *d, uint32_t i, int64_t room) {
  int depth = 0;
  for (; i < d->items.n && room >= 0; i++) {
    const DocItem *x = &d->items.v[i];
    if (x->kind == DOC_TEXT || x->kind == DOC_BREAK) room -= x->n;
    else if (x->kind != DOC_CLOSE) depth++;
    else if (--depth == 0) break;
  }
  return room >= 0;
}

typedef struct Mode {
  uint32_t indent;
  bool flat;
} Mode;

bool doc_format(const CxDoc *d, int width, CxText *to) {
  VEC(Mode) modes = {0};
  Mode m = {0, false};
  int64_t column = 0;
  for (uint32_t i = 0; i < d->items.n && !cx_failed(); i++) {
    const DocItem *x = &d->items.v[i];
    if (x->kind == DOC_NEST || x->kind == DOC_GROUP) {
      if (!vec_push(&modes, m)) break;
      if (x->kind == DOC_NEST) m.indent += x->n;
      else m.flat = fits(d, i, width - column);
    } else if (x->kind == DOC_CLOSE) {
      m = modes.v[--modes.n];
    } else if (x->kind == DOC_BREAK && !m.flat) {
      text_add(to, "\n");
      for (uint32_t k = 0; k < m.indent; k++) text_add(to, " ");
      column = m.indent;
    } else {
      text_add_n(to, d->chars.s + x->at, x->n);
      column += x->n;
    }
  }
  vec_free(&modes);
  return !cx_failed();
}
