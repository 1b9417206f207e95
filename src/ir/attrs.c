/* Attributes through their field tables: copy, release, equality, hash. See op.h. */
#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "ir/graph.h"
#include "ir/op.h"

static void *field_at(const CxField *f, const void *attrs) { return (char *)(uintptr_t)attrs + f->offset; }

static bool ints_copy(CxArena *arena, CxInts *to) {
  to->v = arena_copy(arena, to->v, (size_t)to->n * sizeof *to->v);
  return to->v != NULL;
}

static bool strs_copy(CxArena *arena, CxStrs *to) {
  const char **v = arena_alloc(arena, (size_t)to->n * sizeof *v + 1);
  if (!v) return false;
  for (int i = 0; i < to->n; i++)
    if (!(v[i] = arena_string(arena, to->v[i]))) return false;
  to->v = v;
  return true;
}

static bool graphs_copy(CxArena *arena, CxGraphs *to) {
  CxGraph **v = arena_copy(arena, to->v, (size_t)to->n * sizeof *v);
  if (!v) return false;
  to->v = v;
  return true;
}

static bool dims_copy(CxArena *arena, CxInts *to, int n) {
  for (int i = 0; i < n; i++) TRY(ints_copy(arena, &to[i]));
  return true;
}

static bool field_copy(CxArena *arena, const CxField *f, void *p) {
  switch (f->kind) {
    case CX_FIELD_INTS: return ints_copy(arena, p);
    case CX_FIELD_DIMS: return dims_copy(arena, p, f->group);
    case CX_FIELD_STRS: return strs_copy(arena, p);
    case CX_FIELD_STR: return !*(char **)p || (*(char **)p = arena_string(arena, *(char **)p)) != NULL;
    case CX_FIELD_GRAPHS: return graphs_copy(arena, p);
    case CX_FIELD_TYPES: {
      CxTypes *t = p;
      t->v = arena_copy(arena, t->v, (size_t)t->n * sizeof *t->v);
      return t->v != NULL;
    }
    default: return true;
  }
}

/* After everything that can fail: a failed copy holds no references. */
static void attrs_retain(const CxOp *def, const void *attrs) {
  if (!(def->flags & CX_OP_REFS)) return;
  for (const CxField *f = def->fields; f->name; f++) {
    void *p = field_at(f, attrs);
    if (f->kind == CX_FIELD_GRAPH || f->kind == CX_FIELD_FN) ref_retain(*(void **)p);
    if (f->kind == CX_FIELD_GRAPHS)
      for (int i = 0; i < ((CxGraphs *)p)->n; i++) ref_retain(((CxGraphs *)p)->v[i]);
  }
}

const void *attrs_copy(CxArena *arena, const CxOp *def, const void *attrs) {
  if (!def->fields) return NULL;
  void *to = arena_copy(arena, attrs, def->attrs_bytes);
  if (!to) return NULL;
  for (const CxField *f = def->fields; f->name; f++)
    if (!field_copy(arena, f, field_at(f, to))) return NULL;
  attrs_retain(def, to);
  return to;
}

void attrs_release(const CxOp *def, const void *attrs) {
  if (!attrs || !(def->flags & CX_OP_REFS)) return;
  for (const CxField *f = def->fields; f->name; f++) {
    void *p = field_at(f, attrs);
    if (f->kind == CX_FIELD_GRAPH || f->kind == CX_FIELD_FN) ref_release(*(void **)p);
    if (f->kind == CX_FIELD_GRAPHS)
      for (int i = 0; i < ((CxGraphs *)p)->n; i++) ref_release(((CxGraphs *)p)->v[i]);
  }
}

static bool ints_equal(const CxInts *a, const CxInts *b) {
  return a->n == b->n && a->none == b->none && (!a->n || !memcmp(a->v, b->v, (size_t)a->n * sizeof *a->v));
}

static bool dims_equal(const CxInts *a, const CxInts *b, int n) {
  for (int i = 0; i < n; i++)
    if (!ints_equal(&a[i], &b[i])) return false;
  return true;
}

static bool strs_equal(const CxStrs *a, const CxStrs *b) {
  if (a->n != b->n) return false;
  for (int i = 0; i < a->n; i++)
    if (strcmp(a->v[i], b->v[i])) return false;
  return true;
}

static bool graphs_equal(const CxGraphs *a, const CxGraphs *b) {
  if (a->n != b->n) return false;
  for (int i = 0; i < a->n; i++)
    if (!graph_equal(a->v[i], b->v[i])) return false;
  return true;
}

static bool numbers_equal(const CxNumber *a, const CxNumber *b) {
  return a->kind == b->kind && a->i == b->i && !memcmp(&a->re, &b->re, 8) && !memcmp(&a->im, &b->im, 8);
}

static bool field_equal(const CxField *f, const void *p, const void *q) {
  switch (f->kind) {
    case CX_FIELD_END: return true;
    case CX_FIELD_INT: return *(const int64_t *)p == *(const int64_t *)q;
    case CX_FIELD_BOOL: return *(const bool *)p == *(const bool *)q;
    case CX_FIELD_FLOAT: return !memcmp(p, q, sizeof(double));
    case CX_FIELD_DTYPE: return *(const CxDtype *)p == *(const CxDtype *)q;
    case CX_FIELD_ENUM: return *(const int32_t *)p == *(const int32_t *)q;
    case CX_FIELD_INTS: return ints_equal(p, q);
    case CX_FIELD_DIMS: return dims_equal(p, q, f->group);
    case CX_FIELD_STRS: return strs_equal(p, q);
    case CX_FIELD_STR: {
      const char *a = *(char *const *)p, *b = *(char *const *)q;
      return a == b || (a && b && !strcmp(a, b));
    }
    case CX_FIELD_GRAPH: return graph_equal(*(CxGraph *const *)p, *(CxGraph *const *)q);
    case CX_FIELD_GRAPHS: return graphs_equal(p, q);
    case CX_FIELD_FN: return *(void *const *)p == *(void *const *)q;
    case CX_FIELD_NUMBER: return numbers_equal(p, q);
    case CX_FIELD_TYPES: {
      const CxTypes *a = p, *b = q;
      return a->n == b->n && (!a->n || !memcmp(a->v, b->v, (size_t)a->n * sizeof *a->v));
    }
  }
  return false;
}

bool attrs_equal(const CxOp *def, const void *a, const void *b) {
  if (!def->fields || a == b) return true;
  for (const CxField *f = def->fields; f->name; f++)
    if (!field_equal(f, field_at(f, a), field_at(f, b))) return false;
  return true;
}

static uint64_t field_hash(const CxField *f, const void *p, uint64_t h) {
  switch (f->kind) {
    case CX_FIELD_END: return h;
    case CX_FIELD_INT:
    case CX_FIELD_FLOAT: return hash_bytes(h, p, 8);
    case CX_FIELD_BOOL: return hash_mix(h, *(const bool *)p);
    case CX_FIELD_DTYPE:
    case CX_FIELD_ENUM: return hash_bytes(h, p, 4);
    case CX_FIELD_INTS: return hash_bytes(h, ((const CxInts *)p)->v, (size_t)((const CxInts *)p)->n * 8);
    case CX_FIELD_DIMS:
      for (int i = 0; i < f->group; i++) h = hash_bytes(h, ((const CxInts *)p)[i].v, (size_t)((const CxInts *)p)[i].n * 8);
      return h;
    case CX_FIELD_STR: return *(char *const *)p ? hash_bytes(h, *(char *const *)p, strlen(*(char *const *)p)) : hash_mix(h, 1);
    case CX_FIELD_STRS:
      for (int i = 0; i < ((const CxStrs *)p)->n; i++)
        h = hash_bytes(h, ((const CxStrs *)p)->v[i], strlen(((const CxStrs *)p)->v[i]));
      return h;
    case CX_FIELD_GRAPH: return hash_mix(h, graph_hash(*(CxGraph *const *)p));
    case CX_FIELD_GRAPHS:
      for (int i = 0; i < ((const CxGraphs *)p)->n; i++) h = hash_mix(h, graph_hash(((const CxGraphs *)p)->v[i]));
      return h;
    case CX_FIELD_NUMBER: {
      const CxNumber *x = p;
      return hash_bytes(hash_bytes(hash_mix(h, (uint64_t)x->kind ^ (uint64_t)x->i << 8), &x->re, 8), &x->im, 8);
    }
    case CX_FIELD_FN: return h; /* functions are compared by identity; content hashes must not depend on addresses */
    case CX_FIELD_TYPES:
      for (int i = 0; i < ((const CxTypes *)p)->n; i++) h = hash_mix(h, ((const CxTypes *)p)->v[i]->hash);
      return h;
  }
  return h;
}

uint64_t attrs_hash(const CxOp *def, const void *attrs, uint64_t h) {
  if (!def->fields) return h;
  for (const CxField *f = def->fields; f->name; f++) h = field_hash(f, field_at(f, attrs), h);
  return h;
}
