/* Tree definitions: the intern table, builders and queries (cuirax/tree.h, base/tree.h).
 * Invariants: a definition is in the table exactly while it lives; objects are compared under the lock only with
 * CxTreeHost.same, which runs no code of the user's; objects are released outside it. Interning costs one pass over
 * the shape; a hit allocates nothing. */
#include "base/tree.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/vec.h"

static struct {
  pthread_mutex_t lock;
  CxTree **buckets;
  size_t mask, count; /* number of buckets - 1, number of definitions */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the table ---- */

static uint64_t objects_hash(const CxTreeShape *s, uint64_t h) {
  for (uint32_t i = 0; i < s->num_objects; i++) h = hash_mix(h, s->host->hash(s->objects[i]));
  return h;
}

static bool shape_same(const CxTreeShape *a, const CxTreeShape *b) {
  if (a->num_nodes != b->num_nodes || a->num_objects != b->num_objects || a->host != b->host) return false;
  if (memcmp(a->nodes, b->nodes, a->num_nodes * sizeof *a->nodes)) return false;
  for (uint32_t i = 0; i < a->num_objects; i++)
    if (a->objects[i] != b->objects[i] && !a->host->same(a->objects[i], b->objects[i])) return false;
  return true;
}

static CxTree *table_find(const CxTreeShape *s, uint64_t hash) {
  if (!table.buckets) return NULL;
  for (CxTree *t = table.buckets[hash & table.mask]; t; t = t->next)
    if (t->hash == hash && shape_same(&t->shape, s)) {
      __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
      return t;
    }
  return NULL;
}

static bool table_grow(void) {
  size_t n = table.buckets ? (table.mask + 1) * 2 : 256;
  CxTree **grown = cx_calloc(n, sizeof *grown);
  TRY(grown);
  for (size_t i = 0; table.buckets && i <= table.mask; i++)
    for (CxTree *t = table.buckets[i], *next; t; t = next) {
      next = t->next;
      t->next = grown[t->hash & (n - 1)];
      grown[t->hash & (n - 1)] = t;
    }
  cx_free(table.buckets);
  table.buckets = grown;
  table.mask = n - 1;
  return true;
}

static bool table_add(CxTree *t) {
  if (!table.buckets || table.count > table.mask) TRY(table_grow());
  t->next = table.buckets[t->hash & table.mask];
  table.buckets[t->hash & table.mask] = t;
  table.count++;
  return true;
}

static void table_remove(CxTree *t) {
  CxTree **at = &table.buckets[t->hash & table.mask];
  while (*at != t) at = &(*at)->next;
  *at = t->next;
  table.count--;
}

size_t tree_interned(void) {
  pthread_mutex_lock(&table.lock);
  size_t n = table.count;
  pthread_mutex_unlock(&table.lock);
  return n;
}

/* ---- making one ---- */

/* Fills the spans; false when the nodes are not one tree. A node's children lie directly before it, each found from the
 * end of the next by its span. */
static bool spans_fill(const CxTreeShape *s, CxTreeSpan *spans) {
  for (uint32_t i = 0; i < s->num_nodes; i++) {
    CxTreeNode n = s->nodes[i];
    CxTreeSpan sum = {1, n.kind == CX_TREE_LEAF, tree_node_objects(n)};
    for (uint32_t k = 0, end = i; k < n.arity; k++) {
      if (end == 0) return false;
      CxTreeSpan child = spans[end - 1];
      sum.nodes += child.nodes, sum.leaves += child.leaves, sum.objects += child.objects;
      end -= child.nodes;
    }
    spans[i] = sum;
  }
  return s->num_nodes && spans[s->num_nodes - 1].nodes == s->num_nodes &&
         spans[s->num_nodes - 1].objects == s->num_objects;
}

static bool objects_retain(const CxTreeShape *s, void **to) {
  for (uint32_t i = 0; i < s->num_objects; i++)
    if (!(to[i] = s->host->retain(s->objects[i]))) {
      while (i--) s->host->release(to[i]);
      return false;
    }
  return true;
}

static CxTree *tree_new(const CxTreeShape *s, uint64_t node_hash, uint64_t hash) {
  size_t nodes = s->num_nodes * sizeof *s->nodes, spans = s->num_nodes * sizeof(CxTreeSpan);
  CxTree *t = cx_malloc(sizeof *t + s->num_objects * sizeof(void *) + nodes + spans);
  TRY(t);
  void **objects = (void **)(t + 1);
  CxTreeNode *copy = (CxTreeNode *)(objects + s->num_objects);
  CxTreeSpan *span = (CxTreeSpan *)(copy + s->num_nodes);
  memcpy(copy, s->nodes, nodes);
  bool whole = spans_fill(s, span);
  if (!whole) cx_fail(CX_ERR_VALUE, "the nodes of a tree definition do not form one tree");
  if (!whole || !objects_retain(s, objects)) return cx_free(t), NULL;
  *t = (CxTree){.shape = {s->host, copy, objects, s->num_nodes, s->num_objects}};
  t->spans = span, t->hash = hash, t->node_hash = node_hash, t->refs = 1; /* the key of caches is made when asked for */
  return t;
}

static void tree_free(CxTree *t) {
  for (uint32_t i = 0; i < t->shape.num_objects; i++) t->shape.host->release(t->shape.objects[i]);
  cx_free(t);
}

/* Adds t unless another thread was quicker; then that one, and t is dropped. */
static CxTree *tree_publish(CxTree *t) {
  pthread_mutex_lock(&table.lock);
  CxTree *other = table_find(&t->shape, t->hash);
  bool added = !other && table_add(t);
  pthread_mutex_unlock(&table.lock);
  if (added) return t;
  tree_free(t);
  return other;
}

CxTree *tree_intern(const CxTreeShape *shape) {
  CxTreeShape s = *shape;
  if (!s.num_objects) s.host = NULL;
  uint64_t node_hash = hash_bytes(7, s.nodes, s.num_nodes * sizeof *s.nodes), hash = objects_hash(&s, node_hash);
  pthread_mutex_lock(&table.lock);
  CxTree *t = table_find(&s, hash);
  pthread_mutex_unlock(&table.lock);
  if (t) return t;
  t = tree_new(&s, node_hash, hash);
  return t ? tree_publish(t) : NULL;
}

CxTree *cx_tree_retain(const CxTree *t) {
  CxTree *own = (CxTree *)(uintptr_t)t;
  __atomic_add_fetch(&own->refs, 1, __ATOMIC_RELAXED);
  return own;
}

void cx_tree_release(CxTree *t) {
  if (!t) return;
  uint32_t refs = __atomic_load_n(&t->refs, __ATOMIC_RELAXED);
  while (refs > 1)
    if (__atomic_compare_exchange_n(&t->refs, &refs, refs - 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return;
  pthread_mutex_lock(&table.lock);
  bool last = __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) == 0;
  if (last) table_remove(t);
  pthread_mutex_unlock(&table.lock);
  if (last) tree_free(t);
}

/* ---- queries ---- */

static uint32_t root(const CxTree *t) { return t->shape.num_nodes - 1; }

/* A node's own objects follow those of its subtree; those before the subtree belong to what precedes it. */
static uint32_t object_end(const CxTree *t, uint32_t i) {
  uint32_t n = 0;
  for (uint32_t at = i + 1; at;) n += t->spans[at - 1].objects, at -= t->spans[at - 1].nodes;
  return n;
}

void *const *tree_objects(const CxTree *t, uint32_t i) {
  return t->shape.objects + object_end(t, i) - tree_node_objects(t->shape.nodes[i]);
}

CxTreeKind cx_tree_kind(const CxTree *t) { return (CxTreeKind)t->shape.nodes[root(t)].kind; }
uint32_t cx_tree_arity(const CxTree *t) { return t->shape.nodes[root(t)].arity; }
uint32_t cx_tree_leaves(const CxTree *t) { return t->spans[root(t)].leaves; }
uint32_t cx_tree_nodes(const CxTree *t) { return t->shape.num_nodes; }
uint64_t cx_tree_hash(const CxTree *t) { return t->node_hash; }

void *cx_tree_type(const CxTree *t) {
  CxTreeKind k = cx_tree_kind(t);
  bool typed = k == CX_TREE_NAMEDTUPLE || k == CX_TREE_CUSTOM || k == CX_TREE_DATACLASS;
  return typed ? tree_objects(t, root(t))[0] : NULL;
}

void *cx_tree_aux(const CxTree *t) {
  CxTreeKind k = cx_tree_kind(t);
  if (k == CX_TREE_DEFAULTDICT) return tree_objects(t, root(t))[0];
  return k == CX_TREE_CUSTOM || k == CX_TREE_DATACLASS ? tree_objects(t, root(t))[1] : NULL;
}

void *cx_tree_key(const CxTree *t, uint32_t i) {
  CxTreeKind k = cx_tree_kind(t);
  if (i >= cx_tree_arity(t)) return NULL;
  if (k == CX_TREE_DEFAULTDICT) return tree_objects(t, root(t))[1 + i];
  return k == CX_TREE_DICT || k == CX_TREE_ORDEREDDICT ? tree_objects(t, root(t))[i] : NULL;
}

uint64_t cx_tree_cache_key(const CxTree *t) {
  uint64_t key = __atomic_load_n(&t->cache_key, __ATOMIC_RELAXED);
  if (key) return key;
  const CxTreeShape *s = &t->shape;
  bool strict = true;
  for (uint32_t i = 0; strict && i < s->num_objects; i++) strict = s->host->strict(s->objects[i]);
  key = strict ? hash_mix(t->hash, (uintptr_t)t) : t->node_hash;
  for (uint32_t i = 0; !strict && i < s->num_objects; i++) key = hash_mix(key, s->host->equal_hash(s->objects[i]));
  key |= 1;
  __atomic_store_n(&((CxTree *)(uintptr_t)t)->cache_key, key, __ATOMIC_RELAXED);
  return key;
}

/* Of n objects, those at x in a and those at y in b. */
static int objects_equal(const CxTree *a, void *const *x, const CxTree *b, void *const *y, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (x[i] == y[i]) continue;
    int equal = a->shape.host == b->shape.host ? a->shape.host->equal(x[i], y[i]) : 0;
    if (equal != 1) return equal;
  }
  return 1;
}

int cx_tree_equal(const CxTree *a, const CxTree *b) {
  if (a == b) return 1;
  const CxTreeShape *x = &a->shape, *y = &b->shape;
  if (x->num_nodes != y->num_nodes || x->num_objects != y->num_objects) return 0;
  if (memcmp(x->nodes, y->nodes, x->num_nodes * sizeof *x->nodes)) return 0;
  return objects_equal(a, x->objects, b, y->objects, x->num_objects);
}

/* ---- parts and compositions ---- */

CxTree *tree_subtree(const CxTree *t, uint32_t i) {
  CxTreeSpan span = t->spans[i];
  CxTreeShape s = {t->shape.host, t->shape.nodes + (i + 1 - span.nodes), NULL, span.nodes, span.objects};
  if (span.objects) s.objects = t->shape.objects + (object_end(t, i) - span.objects);
  return tree_intern(&s);
}

CxTree *cx_tree_child(const CxTree *t, uint32_t i) {
  uint32_t arity = cx_tree_arity(t), at = root(t);
  FAIL_IF(i >= arity, CX_ERR_INDEX, "a tree node with %u children has no child %u", arity, i);
  for (uint32_t k = arity; --k > i;) at -= t->spans[at - 1].nodes;
  return tree_subtree(t, at - 1);
}

bool tree_children(const CxTree *t, CxTree **to) {
  void *const *objects = tree_objects(t, root(t));
  for (uint32_t k = cx_tree_arity(t), end = root(t); k--;) {
    CxTreeSpan span = t->spans[end - 1];
    CxTreeShape s = {t->shape.host, t->shape.nodes + (end - span.nodes), objects - span.objects, span.nodes, span.objects};
    to[k] = tree_intern(&s);
    if (!to[k]) {
      for (uint32_t j = k + 1; j < cx_tree_arity(t); j++) cx_tree_release(to[j]);
      return false;
    }
    end -= span.nodes, objects -= span.objects;
  }
  return true;
}

/* A shape under construction. */
typedef struct Build {
  const CxTreeHost *host;
  VEC(CxTreeNode) nodes;
  VEC(void *) objects;
} Build;

static bool build_host(Build *b, const CxTreeHost *host) {
  FAIL_IF(host && b->host && host != b->host, CX_ERR_VALUE, "trees of two host languages cannot be combined");
  if (host) b->host = host;
  return true;
}

static bool build_objects(Build *b, void *const *objects, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) TRY(vec_push(&b->objects, objects[i]));
  return true;
}

static bool build_tree(Build *b, const CxTree *t) {
  TRY(build_host(b, t->shape.host));
  for (uint32_t i = 0; i < t->shape.num_nodes; i++) TRY(vec_push(&b->nodes, t->shape.nodes[i]));
  return build_objects(b, t->shape.objects, t->shape.num_objects);
}

static CxTree *build_end(Build *b, bool ok) {
  CxTreeShape s = {b->host, b->nodes.v, b->objects.v, b->nodes.n, b->objects.n};
  CxTree *t = ok ? tree_intern(&s) : NULL;
  vec_free(&b->nodes);
  vec_free(&b->objects);
  return t;
}

CxTree *cx_tree_node(const CxTreeHost *host, CxTreeKind kind, void *const *objects, CxTree *const *children,
                     uint32_t count) {
  FAIL_IF((unsigned)kind >= CX_TREE_KINDS, CX_ERR_VALUE, "there is no kind %d of tree node", (int)kind);
  FAIL_IF(count && kind <= CX_TREE_NONE, CX_ERR_VALUE, "a leaf or None has no children; got %u", count);
  FAIL_IF(count > INT_MAX, CX_ERR_OVERFLOW, "a tree node with %u children is too wide", count);
  Build b = {0};
  CxTreeNode n = {(uint32_t)kind, count};
  uint32_t own = tree_node_objects(n);
  bool ok = build_host(&b, own ? host : NULL);
  for (uint32_t i = 0; ok && i < count; i++) ok = build_tree(&b, children[i]);
  ok = ok && vec_push(&b.nodes, n) && build_objects(&b, objects, own);
  return build_end(&b, ok);
}

static CxTree *single(CxTreeKind kind) {
  CxTreeNode n = {(uint32_t)kind, 0};
  return tree_intern(&(CxTreeShape){NULL, &n, NULL, 1, 0});
}

CxTree *cx_tree_leaf(void) { return single(CX_TREE_LEAF); }
CxTree *cx_tree_none(void) { return single(CX_TREE_NONE); }

CxTree *cx_tree_tuple(CxTree *const *children, uint32_t count) {
  return cx_tree_node(NULL, CX_TREE_TUPLE, NULL, children, count);
}

CxTree *cx_tree_list(CxTree *const *children, uint32_t count) {
  return cx_tree_node(NULL, CX_TREE_LIST, NULL, children, count);
}

CxTree *cx_tree_compose(const CxTree *outer, const CxTree *inner) {
  Build b = {0};
  bool ok = build_host(&b, outer->shape.host);
  void *const *objects = outer->shape.objects;
  for (uint32_t i = 0; ok && i < outer->shape.num_nodes; i++) {
    CxTreeNode n = outer->shape.nodes[i];
    uint32_t own = tree_node_objects(n);
    ok = n.kind == CX_TREE_LEAF ? build_tree(&b, inner) : vec_push(&b.nodes, n) && build_objects(&b, objects, own);
    objects += own;
  }
  return build_end(&b, ok);
}

/* ---- dictionaries of C strings ---- */

typedef struct Item {
  const char *key;
  CxTree *child;
} Item;

static int item_order(const void *a, const void *b) { return strcmp(((const Item *)a)->key, ((const Item *)b)->key); }

static bool items_unique(const Item *items, uint32_t n) {
  for (uint32_t i = 1; i < n; i++)
    FAIL_IF(!strcmp(items[i - 1].key, items[i].key), CX_ERR_VALUE, "key '%s' stands twice in a dict", items[i].key);
  return true;
}

CxTree *cx_tree_dict(const char *const *keys, CxTree *const *children, uint32_t count) {
  Item *items = cx_calloc(count, sizeof *items);
  void **objects = cx_calloc(count, sizeof *objects);
  CxTree **sorted = cx_calloc(count, sizeof *sorted), *t = NULL;
  if (items && objects && sorted) {
    for (uint32_t i = 0; i < count; i++) items[i] = (Item){keys[i], children[i]};
    qsort(items, count, sizeof *items, item_order);
    for (uint32_t i = 0; i < count; i++) objects[i] = (void *)(uintptr_t)items[i].key, sorted[i] = items[i].child;
    if (items_unique(items, count)) t = cx_tree_node(&cx_tree_strings, CX_TREE_DICT, objects, sorted, count);
  }
  cx_free(items);
  cx_free(objects);
  cx_free(sorted);
  return t;
}

static uint64_t string_hash(const void *s) { return hash_bytes(3, s, strlen(s)); }
static bool string_same(const void *a, const void *b) { return !strcmp(a, b); }
static int string_equal(const void *a, const void *b) { return !strcmp(a, b); }
static bool string_strict(const void *s) { return (void)s, true; }
static void *string_retain(void *s) { return cx_strdup(s); }

static bool string_print_key(const void *s, CxText *to) { return text_addf(to, "'%s'", (const char *)s), true; }
static bool string_print(const void *s, CxText *to) { return text_add(to, s), true; }

const CxTreeHost cx_tree_strings = {
    .hash = string_hash,
    .same = string_same,
    .equal = string_equal,
    .strict = string_strict,
    .equal_hash = string_hash,
    .retain = string_retain,
    .release = cx_free,
    .print_key = string_print_key,
    .print_type = string_print,
    .print_aux = string_print,
};

/* ---- prefixes ---- */

/* Both trees are read backwards: root first, then the last child's subtree, and so on; a leaf of prefix takes a whole
 * subtree of full. */
int cx_tree_broadcast(const CxTree *prefix, const CxTree *full, uint32_t *to) {
  uint32_t j = full->shape.num_nodes, leaf = cx_tree_leaves(prefix), at = cx_tree_leaves(full);
  void *const *x = prefix->shape.objects + prefix->shape.num_objects;
  void *const *y = full->shape.objects + full->shape.num_objects;
  for (uint32_t i = prefix->shape.num_nodes; i--;) {
    CxTreeNode p = prefix->shape.nodes[i], f = full->shape.nodes[j - 1];
    CxTreeSpan span = full->spans[j - 1];
    if (p.kind == CX_TREE_LEAF) {
      leaf--;
      for (uint32_t n = 0; n < span.leaves; n++) to[--at] = leaf;
      j -= span.nodes, y -= span.objects;
      continue;
    }
    if (p.kind != f.kind || p.arity != f.arity) return 0;
    uint32_t own = tree_node_objects(p);
    x -= own, y -= own, j--;
    int equal = objects_equal(prefix, x, full, y, own);
    if (equal != 1) return equal;
  }
  return 1;
}

/* ---- text ---- */

/* A node being printed: the number of the next child. Explicit, because a tree may be deeper than the C stack. */
typedef struct Frame {
  uint32_t node, next;
} Frame;

typedef struct Printer {
  const CxTree *tree;
  CxText *to;
  uint32_t *children;    /* of all nodes, each node's in order */
  uint32_t *first;       /* for each node, where its children begin */
  void *const **objects; /* for each node, its objects */
  Frame *stack;
  uint32_t depth;
} Printer;

static bool printer_init(Printer *p) {
  const CxTreeShape *s = &p->tree->shape;
  p->children = cx_calloc(s->num_nodes, sizeof *p->children);
  p->first = cx_calloc(s->num_nodes, sizeof *p->first);
  p->objects = cx_calloc(s->num_nodes, sizeof *p->objects);
  p->stack = cx_calloc(s->num_nodes, sizeof *p->stack);
  TRY(p->children && p->first && p->objects && p->stack);
  uint32_t used = 0;
  void *const *objects = s->objects;
  for (uint32_t i = 0; i < s->num_nodes; i++) {
    p->first[i] = used;
    for (uint32_t k = s->nodes[i].arity, end = i; k--; end -= p->tree->spans[end - 1].nodes)
      p->children[used + k] = end - 1;
    used += s->nodes[i].arity;
    p->objects[i] = objects;
    objects += tree_node_objects(s->nodes[i]);
  }
  return true;
}

static void printer_free(Printer *p) {
  cx_free(p->children);
  cx_free(p->first);
  cx_free(p->objects);
  cx_free(p->stack);
}

static bool print_keys(Printer *p, void *const *keys, uint32_t n) {
  text_add(p->to, "(");
  for (uint32_t k = 0; k < n; k++) {
    if (k) text_add(p->to, ", ");
    TRY(p->tree->shape.host->print_key(keys[k], p->to));
  }
  text_add(p->to, n == 1 ? ",)" : ")");
  return true;
}

/* "Name[metadata]" of a node that is written CustomNode(Name[metadata], [children]). */
static bool print_title(Printer *p, CxTreeNode n, void *const *objects) {
  const CxTreeHost *host = p->tree->shape.host;
  if (n.kind == CX_TREE_ORDEREDDICT) {
    text_add(p->to, "OrderedDict[");
    TRY(print_keys(p, objects, n.arity));
  } else if (n.kind == CX_TREE_DEFAULTDICT) {
    text_add(p->to, "defaultdict[(");
    TRY(host->print_key(objects[0], p->to));
    text_add(p->to, ", ");
    TRY(print_keys(p, objects + 1, n.arity));
    text_add(p->to, ")");
  } else if (n.kind == CX_TREE_NAMEDTUPLE) {
    text_add(p->to, "namedtuple[");
    TRY(host->print_type(objects[0], p->to));
  } else {
    TRY(host->print_type(objects[0], p->to));
    text_add(p->to, "[");
    TRY(host->print_aux(objects[1], p->to));
  }
  text_add(p->to, "]");
  return true;
}

static bool print_open(Printer *p, uint32_t i) {
  CxTreeNode n = p->tree->shape.nodes[i];
  switch (n.kind) {
    case CX_TREE_LEAF: return text_add(p->to, "*"), true;
    case CX_TREE_NONE: return text_add(p->to, "None"), true;
    case CX_TREE_TUPLE: return text_add(p->to, "("), true;
    case CX_TREE_LIST: return text_add(p->to, "["), true;
    case CX_TREE_DICT: return text_add(p->to, "{"), true;
    default:
      text_add(p->to, "CustomNode(");
      TRY(print_title(p, n, p->objects[i]));
      return text_add(p->to, ", ["), true;
  }
}

static void print_close(Printer *p, CxTreeNode n) {
  switch (n.kind) {
    case CX_TREE_LEAF:
    case CX_TREE_NONE: break;
    case CX_TREE_TUPLE: text_add(p->to, n.arity == 1 ? ",)" : ")"); break;
    case CX_TREE_LIST: text_add(p->to, "]"); break;
    case CX_TREE_DICT: text_add(p->to, "}"); break;
    default: text_add(p->to, "])");
  }
}

/* What stands before child k of node i, then the child's opening. */
static bool print_enter(Printer *p, uint32_t i, uint32_t k) {
  if (k) text_add(p->to, ", ");
  if (p->tree->shape.nodes[i].kind == CX_TREE_DICT) {
    TRY(p->tree->shape.host->print_key(p->objects[i][k], p->to));
    text_add(p->to, ": ");
  }
  uint32_t child = p->children[p->first[i] + k];
  p->stack[p->depth++] = (Frame){child, 0};
  return print_open(p, child);
}

static bool print_tree(Printer *p) {
  uint32_t i = root(p->tree);
  p->stack[p->depth++] = (Frame){i, 0};
  TRY(print_open(p, i));
  while (p->depth) {
    Frame *top = &p->stack[p->depth - 1];
    CxTreeNode n = p->tree->shape.nodes[top->node];
    if (top->next < n.arity) {
      TRY(print_enter(p, top->node, top->next++));
    } else {
      print_close(p, n);
      p->depth--;
    }
  }
  return !cx_failed();
}

bool tree_print(const CxTree *t, CxText *to) {
  Printer p = {.tree = t, .to = to};
  bool ok = printer_init(&p) && print_tree(&p);
  printer_free(&p);
  return ok;
}

size_t cx_tree_print(const CxTree *t, char *to, size_t capacity) {
  CxText text = {0};
  size_t n = tree_print(t, &text) ? text.n : 0;
  if (capacity) {
    size_t fits = n < capacity ? n : capacity - 1;
    if (fits) memcpy(to, text.s, fits);
    to[fits] = 0;
  }
  text_free(&text);
  return n;
}
