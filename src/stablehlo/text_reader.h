/* Reading StableHLO text, generic and pretty. Characters are taken one thing at a time; every function returns false (or NULL) with the
 * error pending, whose place is where the reader stands. Shared by text*.c. */
#ifndef STABLEHLO_TEXT_READER_H
#define STABLEHLO_TEXT_READER_H

#include "stablehlo/module.h"

typedef struct TextSpan {
  const char *s;
  size_t n;
} TextSpan;

typedef struct TextName { /* a value's name in the regions being read */
  TextSpan name;
  HloId first;
  uint32_t n;
  uint32_t next; /* in its bucket, + 1 */
  uint32_t bucket;
} TextName;

typedef struct TextReader {
  HloModule *module;
  const char *at, *end, *line_start;
  uint32_t line, depth;
  VEC(TextName) names;
  uint32_t *buckets; /* [1 << bits]; index into names, + 1 */
  uint32_t scope;    /* names before it belong to another function */
  VEC(HloNamed) aliases; /* #name = attribute */
} TextReader;

enum { NAME_BUCKETS = 1024 };

bool text_fail(TextReader *r, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
bool text_deeper(TextReader *r); /* r->depth++, or an error */

/* Characters. Space and comments before them are skipped. */
void skip_space(TextReader *r);
char peek(TextReader *r);                         /* 0 at the end */
bool see(TextReader *r, const char *s);           /* does s stand here? */
bool accept(TextReader *r, const char *s);        /* s, if it stands here */
bool accept_word(TextReader *r, const char *s);   /* as a whole word */
bool expect(TextReader *r, const char *s);
bool see_word(TextReader *r);
TextSpan take_name(TextReader *r);                /* letters, digits, _ . $ -; empty if there is none */
char *span_string(TextReader *r, TextSpan s);     /* in the module's arena */
bool take_quoted(TextReader *r, char **to, size_t *n); /* with escapes undone */
bool take_symbol(TextReader *r, char **to);       /* @name or @"name" */
bool take_int(TextReader *r, int64_t *to);
bool skip_balanced(TextReader *r);                /* from an opening bracket to its end */
bool skip_location(TextReader *r);                /* loc(…), if it stands here */

/* text_attr.c */
const HloType *text_type(TextReader *r);
bool text_types(TextReader *r, const HloType **types, uint32_t *n, uint32_t max); /* type, type, … */
const HloAttr *text_attr(TextReader *r);
bool text_dict(TextReader *r, const char *close, HloNamed **named, uint32_t *n); /* after the opening bracket, up to and with close */
HloAttr *text_attr_new(TextReader *r, HloAttrKind kind);
const HloAttr *text_attr_string(TextReader *r, HloAttrKind kind, const char *s);
const HloAttr *text_attr_int(TextReader *r, int64_t i);
const HloAttr *text_conv_dims(TextReader *r); /* [b, 0, f]x[0, i, o]->[b, 0, f] */

#endif
