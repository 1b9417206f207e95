/* Reads portable StableHLO: MLIR bytecode, versions 0 to 6, that holds the VHLO dialect. The file may come from anybody: every count is bounded
 * by the bytes that are left, values by the file's length, recursion by HLO_DEPTH_MAX.
 *
 * file: magic, version, producer, sections. A region numbers its values from where its parent's numbers end; an isolated
 * operation's regions stand in a section of their own and number from 0. */
#include "stablehlo/container.h"

#include "base/error.h"
#include <string.h>

enum { STRINGS, DIALECTS, ENTRIES, OFFSETS, IR, RESOURCES, RESOURCE_OFFSETS, DIALECT_VERSIONS, PROPERTIES, SECTIONS };
enum { VERSION_DIALECTS = 1, VERSION_LAZY = 2, VERSION_USE_LISTS = 3, VERSION_NO_ARG_PLACES = 4, VERSION_PROPERTIES = 5, VERSION_NEWEST = 6 };
enum { HAS_ATTRS = 1, HAS_RESULTS = 2, HAS_OPERANDS = 4, HAS_SUCCESSORS = 8, HAS_REGIONS = 16, HAS_USE_LISTS = 32, HAS_PROPERTIES = 64 };

static const uint8_t magic[4] = {'M', 'L', 0xef, 'R'};

#define NEW(r, type, n) ((type *)arena_alloc(&(r)->module->arena, ((size_t)(n) + 1) * sizeof(type)))

/* ---- sections ---- */

static bool take_section(HloReader *r, Cursor *c, uint32_t *id, Cursor *body) {
  uint8_t tag;
  uint64_t length, alignment;
  TRY(take_byte(c, &tag) && take_varint(c, &length));
  if (tag & 0x80) {
    TRY(take_varint(c, &alignment));
    FAIL_IF(!alignment || alignment & (alignment - 1), CX_ERR_PARSE, "StableHLO bytecode has a section aligned to %llu", (unsigned long long)alignment);
    while (((uint64_t)(c->at - r->bytes) & (alignment - 1)) && c->at < c->end) c->at++;
  }
  FAIL_IF(length > (uint64_t)(c->end - c->at), CX_ERR_PARSE, "StableHLO bytecode has a section that is longer than the file: it is cut off or damaged");
  *id = tag & 0x7f;
  *body = (Cursor){c->at, c->at + length};
  c->at += length;
  return true;
}

/* Lengths come last string first; each string ends in a zero byte. */
static bool read_strings(HloReader *r, Cursor c) {
  TRY(take_count(&c, &r->nstrings));
  uint32_t n = r->nstrings;
  r->strings = NEW(r, uint32_t, n);
  TRY(r->strings);
  uint64_t length;
  const uint8_t *end = c.end;
  for (uint32_t i = n; i-- > 0;) {
    TRY(take_varint(&c, &length));
    FAIL_IF(!length || end <= c.at || length > (uint64_t)(end - c.at) || end[-1], CX_ERR_PARSE, "StableHLO bytecode has a string that does not end");
    end -= length;
    r->strings[n - 1 - i] = (uint32_t)(end - r->bytes);
  }
  for (uint32_t i = 0; i < n / 2; i++) {
    uint32_t s = r->strings[i];
    r->strings[i] = r->strings[n - 1 - i], r->strings[n - 1 - i] = s;
  }
  return true;
}

static bool read_dialects(HloReader *r, Cursor *c) {
  TRY(take_count(c, &r->ndialects) && (r->dialects = NEW(r, const char *, r->ndialects)));
  for (uint32_t i = 0; i < r->ndialects; i++) {
    uint64_t v;
    uint32_t id;
    Cursor skipped;
    TRY(take_varint(c, &v));
    bool versioned = r->version >= VERSION_DIALECTS && (v & 1);
    if (r->version >= VERSION_DIALECTS) v >>= 1;
    FAIL_IF(v >= r->nstrings, CX_ERR_PARSE, "StableHLO bytecode has a dialect without a name");
    r->dialects[i] = (const char *)r->bytes + r->strings[v];
    if (versioned) TRY(take_section(r, c, &id, &skipped));
  }
  return true;
}

static bool push_op_name(HloReader *r, const char *dialect, const char *name) {
  if (r->nnames == r->names_cap) {
    HloOpName *more = NEW(r, HloOpName, r->names_cap = 2 * r->names_cap + 64);
    TRY(more);
    if (r->nnames) memcpy(more, r->names, r->nnames * sizeof *more);
    r->names = more;
  }
  return dialect_op_name(r->module, dialect, name, &r->names[r->nnames++]);
}

static bool read_op_names(HloReader *r, Cursor *c) {
  uint32_t dialect, count;
  if (r->version >= VERSION_NO_ARG_PLACES) TRY(take_count(c, &count)); /* of all names */
  while (c->at < c->end) {
    TRY(take_index(c, r->ndialects, &dialect, "dialect") && take_count(c, &count));
    for (uint32_t i = 0; i < count; i++) {
      uint64_t v;
      TRY(take_varint(c, &v));
      if (r->version >= VERSION_PROPERTIES) v >>= 1;
      FAIL_IF(v >= r->nstrings, CX_ERR_PARSE, "StableHLO bytecode has an operation without a name");
      TRY(push_op_name(r, r->dialects[dialect], (const char *)r->bytes + r->strings[v]));
    }
  }
  return true;
}

static bool read_entry_group(HloReader *r, Cursor *c, HloEntry *to, uint32_t *n, uint32_t of, uint64_t *at, uint64_t end) {
  uint32_t dialect, count;
  uint64_t v;
  TRY(take_index(c, r->ndialects, &dialect, "dialect") && take_count(c, &count));
  FAIL_IF(count > of - *n, CX_ERR_PARSE, "StableHLO bytecode lists more attributes or types than it announces");
  for (uint32_t i = 0; i < count; i++) {
    TRY(take_varint(c, &v));
    FAIL_IF(!(v >> 1) || v >> 1 > end - *at, CX_ERR_PARSE, "StableHLO bytecode has an attribute or type outside of its section");
    to[(*n)++] = (HloEntry){.at = (uint32_t)*at, .dialect = dialect << 1 | (v & 1)};
    *at += v >> 1;
  }
  return true;
}

static bool read_entries(HloReader *r, Cursor c, Cursor data) {
  uint64_t at = (uint64_t)(data.at - r->bytes), end = (uint64_t)(data.end - r->bytes);
  uint32_t n = 0;
  TRY(take_count(&c, &r->nattrs) && take_count(&c, &r->ntypes));
  TRY((r->attrs = NEW(r, HloEntry, r->nattrs)) && (r->types = NEW(r, HloEntry, r->ntypes)));
  while (n < r->nattrs) TRY(read_entry_group(r, &c, r->attrs, &n, r->nattrs, &at, end));
  r->attrs[n].at = (uint32_t)at;
  for (n = 0; n < r->ntypes;) TRY(read_entry_group(r, &c, r->types, &n, r->ntypes, &at, end));
  r->types[n].at = (uint32_t)at;
  return true;
}

static bool read_properties(HloReader *r, Cursor c) {
  uint64_t size;
  TRY(take_count(&c, &r->nproperties) && (r->properties = NEW(r, uint32_t, r->nproperties)));
  for (uint32_t i = 0; i < r->nproperties; i++) {
    const uint8_t *skipped;
    r->properties[i] = (uint32_t)(c.at - r->bytes);
    TRY(take_varint(&c, &size) && take_bytes(&c, size, &skipped));
  }
  r->properties[r->nproperties] = (uint32_t)(c.at - r->bytes);
  return true;
}

/* ---- operations ---- */

typedef struct Block { /* where the next value of a block goes */
  HloId next, end;
} Block;

typedef struct Ir {
  HloReader *r;
  VEC(HloId) scope; /* values that operands may name, by their number */
  uint32_t place, depth;
} Ir;

static bool read_region(Ir *ir, Cursor *c, HloRegion *to);

static bool skip_use_lists(Cursor *c, uint32_t nvalues) { /* orders of uses mean nothing here */
  uint64_t lists = 1, v;
  if (nvalues != 1) TRY(take_varint(c, &lists));
  for (uint64_t i = 0; i < lists; i++) {
    if (nvalues > 1) TRY(take_varint(c, &v));
    TRY(take_varint(c, &v));
    for (uint64_t k = 0, n = v >> 1; k < n; k++) TRY(take_varint(c, &v));
  }
  return true;
}

static bool define(Ir *ir, Block *b, HloId *id, const HloType *type) {
  FAIL_IF(b->next >= b->end, CX_ERR_PARSE, "StableHLO bytecode defines more values in a region than it announces");
  *id = b->next++;
  ir->r->module->types.v[*id] = type;
  return true;
}

static bool read_results(Ir *ir, Cursor *c, Block *b, HloOp *op) {
  TRY(take_count(c, &op->nout));
  for (uint32_t i = 0; i < op->nout; i++) {
    const HloType *t;
    HloId id;
    TRY(take_type(ir->r, c, &t) && define(ir, b, &id, t));
    if (!i) op->out = id;
  }
  return true;
}

static bool read_operands(Ir *ir, Cursor *c, HloOp *op) {
  TRY(take_count(c, &op->nin));
  HloId *in = NEW(ir->r, HloId, op->nin);
  TRY(in);
  for (uint32_t i = 0; i < op->nin; i++) {
    uint32_t v;
    TRY(take_index(c, ir->scope.n, &v, "value"));
    in[i] = ir->scope.v[v];
  }
  op->in = in;
  return true;
}

/* Attributes by name: those of the properties, then the discardable ones. */
static bool read_attrs(Ir *ir, const HloOpName *name, uint32_t property, const HloAttr *dict, HloOp *op) {
  HloReader *r = ir->r;
  uint32_t fixed = property < r->nproperties ? name->nattrs : 0;
  uint64_t size;
  HloNamed *named = NEW(r, HloNamed, fixed + (dict ? dict->n : 0));
  TRY(named);
  if (fixed) {
    Cursor c = {r->bytes + r->properties[property], r->bytes + r->properties[property + 1]};
    TRY(take_varint(&c, &size));
    for (uint32_t i = 0; i < fixed; i++) named[i].name = name->attrs[i];
    for (uint32_t i = 0; i < fixed; i++) TRY(take_attr(r, &c, &named[i].value));
  }
  if (dict && dict->n) memcpy(named + fixed, dict->named, dict->n * sizeof *named);
  op->attrs = named, op->nattrs = fixed + (dict ? dict->n : 0);
  return true;
}

static bool read_regions_at(Ir *ir, Cursor *c, HloOp *op, HloRegion *regions) {
  for (uint32_t i = 0; i < op->nregions; i++) TRY(read_region(ir, c, &regions[i]));
  return true;
}

static bool read_isolated(Ir *ir, Cursor *c, HloOp *op, HloRegion *regions) {
  Ir inner = {.r = ir->r, .place = ir->place, .depth = ir->depth};
  Cursor body = *c;
  uint32_t id;
  if (ir->r->version >= VERSION_LAZY) {
    TRY(take_section(ir->r, c, &id, &body));
    FAIL_IF(id != IR, CX_ERR_PARSE, "StableHLO bytecode has a section of number %u where regions should stand", id);
  }
  bool ok = read_regions_at(&inner, ir->r->version >= VERSION_LAZY ? &body : c, op, regions);
  vec_free(&inner.scope);
  ir->place = inner.place;
  return ok;
}

static bool read_regions(Ir *ir, Cursor *c, HloOp *op) {
  uint64_t v;
  TRY(take_varint(c, &v));
  FAIL_IF(v >> 1 > (uint64_t)(c->end - c->at), CX_ERR_PARSE, "StableHLO bytecode announces more regions than there are bytes");
  FAIL_IF(ir->depth >= HLO_DEPTH_MAX, CX_ERR_PARSE, "StableHLO bytecode nests regions more than %d deep", HLO_DEPTH_MAX);
  op->nregions = (uint32_t)(v >> 1);
  HloRegion *regions = NEW(ir->r, HloRegion, op->nregions);
  TRY(regions);
  op->regions = regions;
  ir->depth++;
  bool ok = v & 1 ? read_isolated(ir, c, op, regions) : read_regions_at(ir, c, op, regions);
  ir->depth--;
  return ok;
}

static bool read_op(Ir *ir, Cursor *c, Block *b, HloOp *op) {
  HloReader *r = ir->r;
  uint32_t name, where, property = UINT32_MAX;
  uint8_t has;
  const HloAttr *dict = NULL;
  TRY(take_index(c, r->nnames, &name, "operation") && take_byte(c, &has) && take_index(c, r->nattrs, &where, "place"));
  *op = (HloOp){.name = r->names[name].name, .place = ir->place++};
  if (has & HAS_ATTRS) TRY(take_attr(r, c, &dict));
  FAIL_IF(dict && dict->kind != HLO_DICT, CX_ERR_PARSE, "StableHLO bytecode has an operation whose attributes are not a dictionary");
  if (has & HAS_PROPERTIES) TRY(take_index(c, r->nproperties, &property, "property"));
  TRY(read_attrs(ir, &r->names[name], property, dict, op));
  if (has & HAS_RESULTS) TRY(read_results(ir, c, b, op));
  if (has & HAS_OPERANDS) TRY(read_operands(ir, c, op));
  FAIL_IF(has & HAS_SUCCESSORS, CX_ERR_PARSE, "StableHLO bytecode jumps between blocks, which StableHLO does not allow");
  if (has & HAS_USE_LISTS) TRY(skip_use_lists(c, op->nout));
  if (has & HAS_REGIONS) TRY(read_regions(ir, c, op));
  return true;
}

static bool read_args(Ir *ir, Cursor *c, Block *b, HloRegion *to) {
  TRY(take_count(c, &to->nargs));
  for (uint32_t i = 0; i < to->nargs; i++) {
    uint64_t v, where;
    HloId id;
    TRY(take_varint(c, &v));
    bool placed = ir->r->version < VERSION_NO_ARG_PLACES || (v & 1);
    if (ir->r->version >= VERSION_NO_ARG_PLACES) v >>= 1;
    FAIL_IF(v >= ir->r->ntypes, CX_ERR_PARSE, "StableHLO bytecode has a region argument without a type");
    if (placed) TRY(take_varint(c, &where));
    const HloType *t = reader_type(ir->r, (uint32_t)v);
    TRY(t && define(ir, b, &id, t));
    if (!i) to->args = id;
  }
  uint8_t lists = 0;
  if (ir->r->version >= VERSION_USE_LISTS) TRY(take_byte(c, &lists));
  return !lists || skip_use_lists(c, to->nargs);
}

static bool read_block(Ir *ir, Cursor *c, Block *b, HloRegion *to) {
  uint64_t v;
  TRY(take_varint(c, &v));
  FAIL_IF(v >> 1 > (uint64_t)(c->end - c->at) / 3, CX_ERR_PARSE, "StableHLO bytecode announces more operations than there are bytes");
  to->has_block = true;
  if (v & 1) TRY(read_args(ir, c, b, to));
  to->nops = (uint32_t)(v >> 1);
  HloOp *ops = NEW(ir->r, HloOp, to->nops);
  TRY(ops);
  to->ops = ops;
  for (uint32_t i = 0; i < to->nops; i++) TRY(read_op(ir, c, b, &ops[i]));
  return true;
}

/* New values at the end of the scope and of the module. */
static bool reserve(Ir *ir, uint32_t n, Block *b) {
  HloModule *m = ir->r->module;
  FAIL_IF(m->types.n + (uint64_t)n > ir->r->n, CX_ERR_PARSE, "StableHLO bytecode announces more values than it has bytes");
  TRY(vec_reserve(&m->types, m->types.n + n) && vec_reserve(&ir->scope, ir->scope.n + n));
  *b = (Block){m->types.n, m->types.n + n};
  for (uint32_t i = 0; i < n; i++) m->types.v[m->types.n++] = NULL, ir->scope.v[ir->scope.n++] = b->next + i;
  return true;
}

static bool read_region(Ir *ir, Cursor *c, HloRegion *to) {
  uint32_t nblocks, nvalues, outer = ir->scope.n;
  Block b;
  TRY(take_count(c, &nblocks));
  if (!nblocks) return true;
  FAIL_IF(nblocks > 1, CX_ERR_PARSE, "StableHLO bytecode has a region of %u blocks; StableHLO has one", nblocks);
  TRY(take_count(c, &nvalues) && reserve(ir, nvalues, &b));
  to->first = b.next;
  TRY(read_block(ir, c, &b, to));
  to->end = ir->r->module->types.n;
  FAIL_IF(b.next != b.end, CX_ERR_PARSE, "StableHLO bytecode defines fewer values in a region than it announces");
  ir->scope.n = outer;
  return true;
}

/* The outermost block holds the module operation, whose region is the module's body. */
static bool read_ir(HloReader *r, Cursor c) {
  Ir ir = {.r = r};
  Block none = {0, 0};
  HloRegion top = {0};
  bool ok = read_block(&ir, &c, &none, &top);
  vec_free(&ir.scope);
  TRY(ok);
  FAIL_IF(top.nops != 1 || strcmp(top.ops[0].name, "builtin.module") || top.ops[0].nregions != 1, CX_ERR_PARSE,
          "StableHLO bytecode does not hold one module");
  r->module->body = top.ops[0].regions[0];
  return true;
}

/* ---- the file ---- */

static bool read_header(HloReader *r, Cursor *c) {
  const uint8_t *m;
  uint64_t version;
  TRY(take_bytes(c, sizeof magic, &m));
  FAIL_IF(memcmp(m, magic, sizeof magic), CX_ERR_PARSE, "this is not StableHLO bytecode: it does not begin with 'ML\\xefR'");
  TRY(take_varint(c, &version));
  FAIL_IF(version > VERSION_NEWEST, CX_ERR_PARSE, "StableHLO bytecode of format version %llu; versions up to %d are known", (unsigned long long)version,
          VERSION_NEWEST);
  r->version = (uint32_t)version;
  const uint8_t *zero = memchr(c->at, 0, (size_t)(c->end - c->at));
  FAIL_IF(!zero, CX_ERR_PARSE, "StableHLO bytecode has a producer's name without end");
  c->at = zero + 1;
  return true;
}

static bool read_file(HloReader *r, Cursor c) {
  Cursor sections[SECTIONS] = {0}, body;
  uint32_t id;
  TRY(read_header(r, &c));
  while (c.at < c.end) {
    TRY(take_section(r, &c, &id, &body));
    FAIL_IF(id >= SECTIONS || sections[id].at, CX_ERR_PARSE, "StableHLO bytecode has a second or an unknown section, of number %u", id);
    sections[id] = body;
  }
  for (int i = STRINGS; i <= IR; i++) FAIL_IF(!sections[i].at, CX_ERR_PARSE, "StableHLO bytecode lacks its section of number %d: it is cut off", i);
  TRY(read_strings(r, sections[STRINGS]) && read_dialects(r, &sections[DIALECTS]) && read_op_names(r, &sections[DIALECTS]));
  TRY(read_entries(r, sections[OFFSETS], sections[ENTRIES]));
  if (sections[PROPERTIES].at) TRY(read_properties(r, sections[PROPERTIES]));
  return read_ir(r, sections[IR]);
}

HloModule *bytecode_read(const void *bytes, size_t n) {
  FAIL_IF(n >= UINT32_MAX, CX_ERR_PARSE, "StableHLO bytecode of more than 4 GiB is not supported");
  HloReader r = {.bytes = bytes, .n = n, .module = module_new(false)};
  if (r.module && read_file(&r, (Cursor){r.bytes, r.bytes + n})) return r.module;
  module_free(r.module);
  return NULL;
}
