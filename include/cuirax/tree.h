/* Tree definitions: the structure of nested containers (tuples, lists, dictionaries, records) without their leaves.
 * A definition is immutable, counted and interned: the same structure built twice is the same pointer. Objects that
 * only the host language understands (dictionary keys, types, metadata) are opaque pointers behind a CxTreeHost.
 * Safe from several threads. A function that returns NULL or false leaves an error (cuirax/error.h). */
#ifndef CUIRAX_TREE_H
#define CUIRAX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CxTree CxTree;
struct CxText;

typedef enum CxTreeKind {
  CX_TREE_LEAF,
  CX_TREE_NONE,        /* an empty node: no children, no leaves */
  CX_TREE_TUPLE,
  CX_TREE_NAMEDTUPLE,  /* type */
  CX_TREE_LIST,
  CX_TREE_DICT,        /* a key for each child, sorted */
  CX_TREE_ORDEREDDICT, /* a key for each child, in the order of insertion */
  CX_TREE_DEFAULTDICT, /* aux (the factory of missing values), a key for each child, sorted */
  CX_TREE_CUSTOM,      /* type, aux */
  CX_TREE_DATACLASS,   /* type, aux */
  CX_TREE_KINDS
} CxTreeKind;

/* How a host language handles the objects of a definition. `hash` and `same` run under a lock: they must be quick,
 * must not fail and must not call back. Two objects are the same when no program could tell them apart; then
 * they must hash alike. */
typedef struct CxTreeHost {
  uint64_t (*hash)(const void *object);
  bool (*same)(const void *a, const void *b);
  int (*equal)(const void *a, const void *b); /* 1, 0, or -1 with the host's own error pending */
  bool (*strict)(const void *object);         /* is nothing equal to it but what is the same? */
  uint64_t (*equal_hash)(const void *object); /* agrees with `equal`; 0 where there is no hash; may run user code */
  void *(*retain)(void *object);              /* returns what is to be stored: the object or a copy; NULL on failure */
  void (*release)(void *object);
  bool (*print_key)(const void *object, struct CxText *to);
  bool (*print_type)(const void *object, struct CxText *to);
  bool (*print_aux)(const void *object, struct CxText *to);
} CxTreeHost;

extern const CxTreeHost cx_tree_strings; /* objects are NUL-terminated strings, compared by content */

/* Builders. Each returns a new reference; children stay the caller's. */
CxTree *cx_tree_leaf(void);
CxTree *cx_tree_none(void);
CxTree *cx_tree_tuple(CxTree *const *children, uint32_t count);
CxTree *cx_tree_list(CxTree *const *children, uint32_t count);
CxTree *cx_tree_dict(const char *const *keys, CxTree *const *children, uint32_t count); /* sorts by key */

/* Any node. `objects` are what the kind asks for, in the order named in CxTreeKind: a type, then aux, then keys. */
CxTree *cx_tree_node(const CxTreeHost *host, CxTreeKind kind, void *const *objects, CxTree *const *children,
                     uint32_t count);
CxTree *cx_tree_child(const CxTree *t, uint32_t i);
CxTree *cx_tree_compose(const CxTree *outer, const CxTree *inner); /* every leaf of outer becomes inner */

CxTree *cx_tree_retain(const CxTree *t); /* returns t */
void cx_tree_release(CxTree *t);         /* NULL is legal */

/* The root node. */
CxTreeKind cx_tree_kind(const CxTree *t);
uint32_t cx_tree_arity(const CxTree *t);
void *cx_tree_type(const CxTree *t); /* NULL when the kind has none */
void *cx_tree_aux(const CxTree *t);
void *cx_tree_key(const CxTree *t, uint32_t i);

uint32_t cx_tree_leaves(const CxTree *t);
uint32_t cx_tree_nodes(const CxTree *t); /* leaves included */

/* Equal as the host compares keys, types and aux: 1, 0, or -1 with the host's error pending. Quick when a == b, which holds
 * for any two equal definitions whose objects are strings, numbers, types or tuples of them. */
int cx_tree_equal(const CxTree *a, const CxTree *b);
uint64_t cx_tree_hash(const CxTree *t); /* of kinds and arities alone, so equal definitions hash alike */

/* For caches that are keyed by definitions: alike for equal ones as far as the host's hashes agree, and unlike for any two
 * that are not the same where every object is strict. Compare a == b first, then cx_tree_equal. */
uint64_t cx_tree_cache_key(const CxTree *t);

/* For each leaf of `full`, the number of the leaf of `prefix` that stands above it. 1, 0 when `prefix` is not a tree
 * prefix of `full`, or -1 with the host's error pending. `to` has room for cx_tree_leaves(full). */
int cx_tree_broadcast(const CxTree *prefix, const CxTree *full, uint32_t *to);

/* "({'a': *}, [*, None])". Writes at most `capacity` bytes, NUL included; returns the length of the whole text. */
size_t cx_tree_print(const CxTree *t, char *to, size_t capacity);

#endif
