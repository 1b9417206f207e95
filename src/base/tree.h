/* The inside of a tree definition: its nodes in post-order (children before their parent), so that a walk
 * appends, a rebuild needs one stack and nothing points anywhere. */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <cuirax/tree.h>

#include "base/text.h"

typedef struct CxTreeNode {
  uint32_t kind, arity;
} CxTreeNode;

/* What a walk collects, and what is interned. */
typedef struct CxTreeShape {
  const CxTreeHost *host; /* NULL when there are no objects */
  const CxTreeNode *nodes;
  void *const *objects; /* of all nodes, in post-order: type, aux, keys */
  uint32_t num_nodes, num_objects;
} CxTreeShape;

/* Of the subtree under a node: itself included. */
typedef struct CxTreeSpan {
  uint32_t nodes, leaves, objects;
} CxTreeSpan;

struct CxTree {
  CxTreeShape shape;
  const CxTreeSpan *spans; /* one for each node */
  uint64_t hash;         /* of nodes and objects: the key in the table */
  uint64_t node_hash;    /* of nodes alone */
  uint64_t cache_key;    /* atomic; 0 until it is asked for */
  CxTree *next;          /* in its bucket */
  uint32_t refs; /* atomic; falls to zero only under the lock of the table */
};

/* The number of objects of one node. */
static inline uint32_t tree_node_objects(CxTreeNode n) {
  switch (n.kind) {
    case CX_TREE_DICT:
    case CX_TREE_ORDEREDDICT: return n.arity;
    case CX_TREE_DEFAULTDICT: return n.arity + 1;
    case CX_TREE_NAMEDTUPLE: return 1;
    case CX_TREE_CUSTOM:
    case CX_TREE_DATACLASS: return 2;
    default: return 0;
  }
}

/* The one definition of this shape, with a new reference. The shape is copied and its objects retained if it is new. */
CxTree *tree_intern(const CxTreeShape *shape);

void *const *tree_objects(const CxTree *t, uint32_t i); /* node i's own, not its children's */
bool tree_children(const CxTree *t, CxTree **to); /* cx_tree_arity(t) new references */
CxTree *tree_subtree(const CxTree *t, uint32_t i);
bool tree_print(const CxTree *t, CxText *to);
size_t tree_interned(void); /* how many definitions live, for tests */

#endif
