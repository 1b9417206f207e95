/* The container of MLIR bytecode, opened: tables of strings, types, attributes and properties. Numbers are facts of the format; entries are
 * decoded when they are first asked for, because most are places in source that nobody asks for. */
#ifndef STABLEHLO_CONTAINER_H
#define STABLEHLO_CONTAINER_H

#include "stablehlo/module.h"

typedef struct Cursor {
  const uint8_t *at, *end;
} Cursor;

typedef struct HloOpName {
  const char *name;   /* as HloOp.name */
  const char **attrs; /* names of the attributes among the properties */
  uint32_t nattrs;
} HloOpName;

/* An attribute or type of the table. Made once: `made` is NULL before, and `busy` marks one that is being made. */
typedef struct HloEntry {
  uint32_t at, dialect; /* offset of its bytes; dialect << 1 | custom encoding */
  const void *made;
} HloEntry;

typedef struct HloReader {
  HloModule *module;
  const uint8_t *bytes;
  size_t n;
  uint32_t version;
  uint32_t *strings, nstrings;   /* offsets; NUL-terminated */
  const char **dialects;
  uint32_t ndialects;
  HloOpName *names;
  uint32_t nnames, names_cap;
  HloEntry *attrs, *types;       /* one more at the end of each, whose offset ends the last */
  uint32_t nattrs, ntypes;
  uint32_t *properties, nproperties; /* offsets of their sizes */
  int depth;
} HloReader;

/* Takes from a cursor. False with CX_ERR_PARSE at its end. */
bool take_byte(Cursor *c, uint8_t *v);
bool take_varint(Cursor *c, uint64_t *v);
bool take_signed(Cursor *c, int64_t *v);
bool take_count(Cursor *c, uint32_t *n);                      /* of things of at least a byte each, that follow */
bool take_index(Cursor *c, uint32_t below, uint32_t *i, const char *what);
bool take_bytes(Cursor *c, size_t n, const uint8_t **bytes);
bool take_string(HloReader *r, Cursor *c, const char **s);    /* by its index */

const HloType *reader_type(HloReader *r, uint32_t i);
const HloAttr *reader_attr(HloReader *r, uint32_t i);
bool take_type(HloReader *r, Cursor *c, const HloType **t);   /* by its index */
bool take_attr(HloReader *r, Cursor *c, const HloAttr **a);

/* dialect.c: what the bytes of an entry mean */
const HloType *dialect_type(HloReader *r, const char *dialect, Cursor *c);
const HloAttr *dialect_attr(HloReader *r, const char *dialect, Cursor *c);
bool dialect_op_name(HloModule *m, const char *dialect, const char *name, HloOpName *to);

/* The other way round, for the writer. */
bool dialect_enum(const char *attr, const char *value, int *code, int *number);
int dialect_type_code(CxDtype d); /* of a VHLO type without parameters; -1 */
bool dialect_op_row(const char *name, int *version, const char **attrs); /* the newest version; attrs separated by spaces, in order */

#endif
