/* Text with optional line breaks, laid out to a width (Wadler's and Lindig's pretty printer, as a flat list of commands).
 * A group prints its breaks as their text if all of it fits on the line, otherwise as new lines. Linear in length times width. */
#ifndef IR_DOC_H
#define IR_DOC_H

#include "base/text.h"
#include "base/vec.h"

typedef struct DocItem {
  enum { DOC_TEXT, DOC_BREAK, DOC_NEST, DOC_GROUP, DOC_CLOSE } kind;
  uint32_t n; /* length of the text; depth of the nest */
  size_t at;  /* where the text starts in chars */
} DocItem;

typedef struct CxDoc {
  VEC(DocItem) items;
  CxText chars;
} CxDoc;

void doc_text(CxDoc *d, const char *s);
void doc_break(CxDoc *d, const char *flat);
void doc_nest(CxDoc *d, uint32_t by); /* until its doc_close */
void doc_group(CxDoc *d);             /* until its doc_close */
void doc_close(CxDoc *d);
bool doc_format(const CxDoc *d, int width, CxText *to);
void doc_free(CxDoc *d);

/* Text made in several steps: add to d->chars between these two. */
size_t doc_text_begin(CxDoc *d);
void doc_text_end(CxDoc *d, size_t begin);

#endif
