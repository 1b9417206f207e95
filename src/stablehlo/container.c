/* Taking numbers and tables out of MLIR bytecode. See container.h. Every count is bounded by the bytes that are left, so that no table is
 * larger than a small multiple of the file. */
#include "stablehlo/container.h"

#include "base/error.h"
#include <string.h>

static bool fail_end(void) { return cx_fail(CX_ERR_PARSE, "StableHLO bytecode ends in the middle of something: the file is cut off or damaged"); }

bool take_byte(Cursor *c, uint8_t *v) {
  if (c->at >= c->end) return fail_end();
  *v = *c->at++;
  return true;
}

/* The trailing zeros of the first byte count the bytes that follow; a first byte of 0 stands before 8 whole bytes. */
bool take_varint(Cursor *c, uint64_t *v) {
  uint8_t first = 0;
  TRY(take_byte(c, &first));
  int more = first ? __builtin_ctz(first) : 8;
  uint64_t rest = 0;
  if (c->end - c->at < more) return fail_end();
  memcpy(&rest, c->at, (size_t)more);
  c->at += more;
  *v = more == 8 ? rest : (uint64_t)(first >> (more + 1)) | rest << (7 - more);
  return true;
}

bool take_signed(Cursor *c, int64_t *v) {
  uint64_t u;
  TRY(take_varint(c, &u));
  *v = (int64_t)(u >> 1 ^ -(u & 1));
  return true;
}

bool take_count(Cursor *c, uint32_t *n) {
  uint64_t v;
  TRY(take_varint(c, &v));
  FAIL_IF(v > (uint64_t)(c->end - c->at), CX_ERR_PARSE, "StableHLO bytecode announces %llu things where %llu bytes are left", (unsigned long long)v,
          (unsigned long long)(c->end - c->at));
  *n = (uint32_t)v;
  return true;
}

bool take_index(Cursor *c, uint32_t below, uint32_t *i, const char *what) {
  uint64_t v;
  TRY(take_varint(c, &v));
  FAIL_IF(v >= below, CX_ERR_PARSE, "StableHLO bytecode names %s %llu of %u", what, (unsigned long long)v, below);
  *i = (uint32_t)v;
  return true;
}

bool take_bytes(Cursor *c, size_t n, const uint8_t **bytes) {
  if ((size_t)(c->end - c->at) < n) return fail_end();
  *bytes = c->at;
  c->at += n;
  return true;
}

bool take_string(HloReader *r, Cursor *c, const char **s) {
  uint32_t i;
  TRY(take_index(c, r->nstrings, &i, "string"));
  *s = (const char *)r->bytes + r->strings[i];
  return true;
}

/* ---- entries: decoded once, each within its own bytes ---- */

static const char entry_busy;

static bool entry_open(HloReader *r, HloEntry *e, Cursor *c) {
  FAIL_IF(e->made == &entry_busy, CX_ERR_PARSE, "StableHLO bytecode has an attribute or type that contains itself");
  FAIL_IF(r->depth >= HLO_DEPTH_MAX, CX_ERR_PARSE, "StableHLO bytecode nests attributes or types more than %d deep", HLO_DEPTH_MAX);
  *c = (Cursor){r->bytes + e->at, r->bytes + e[1].at};
  e->made = &entry_busy;
  r->depth++;
  return true;
}

static const void *entry_close(HloReader *r, HloEntry *e, const void *made) {
  r->depth--;
  return e->made = made;
}

const HloType *reader_type(HloReader *r, uint32_t i) {
  HloEntry *e = &r->types[i];
  if (e->made && e->made != &entry_busy) return e->made;
  Cursor c;
  TRY(entry_open(r, e, &c));
  bool custom = e->dialect & 1;
  return entry_close(r, e, custom ? dialect_type(r, r->dialects[e->dialect >> 1], &c) : hlo_type(r->module, HLO_FOREIGN, CX_NO_DTYPE, "a foreign type"));
}

static const HloAttr *attr_other(HloReader *r) {
  HloAttr *a = arena_alloc(&r->module->arena, sizeof *a);
  if (a) a->kind = HLO_OTHER;
  return a;
}

const HloAttr *reader_attr(HloReader *r, uint32_t i) {
  HloEntry *e = &r->attrs[i];
  if (e->made && e->made != &entry_busy) return e->made;
  Cursor c;
  TRY(entry_open(r, e, &c));
  return entry_close(r, e, e->dialect & 1 ? dialect_attr(r, r->dialects[e->dialect >> 1], &c) : attr_other(r));
}

bool take_type(HloReader *r, Cursor *c, const HloType **t) {
  uint32_t i;
  return take_index(c, r->ntypes, &i, "type") && (*t = reader_type(r, i));
}

bool take_attr(HloReader *r, Cursor *c, const HloAttr **a) {
  uint32_t i;
  return take_index(c, r->nattrs, &i, "attribute") && (*a = reader_attr(r, i));
}
