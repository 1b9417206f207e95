/* Shared by the files that make up the border of pytrees; nobody else includes it. */
#ifndef PYTHON_TREE_INSIDE_H
#define PYTHON_TREE_INSIDE_H

#include <cuirax/error.h>

#include "base/tree.h"
#include "python/args.h"
#include "python/pytree.h"

enum { TREE_NONE = 1, TREE_TUPLE = 2, TREE_NAMEDTUPLE = 4, TREE_LIST = 8, TREE_DICT = 16, TREE_ALL = 31 };

typedef struct PyTreeTypes PyTreeTypes;

struct PyTreeRegistry {
  PyObject_HEAD
  PyTreeTypes *types; /* default and none-leaf share theirs */
  unsigned enabled;   /* TREE_… of builtin kinds */
  const char *name;   /* by which it is pickled, or NULL */
};

typedef struct TreeDef {
  PyObject_HEAD
  CxTree *tree;
} TreeDef;

PyTreeEntry *tree_types_find(const PyTreeTypes *t, const void *type);
extern PyTypeObject *tree_registry_type;

/* What object x is to a registry; entry is set for the kinds that have one. A tuple subclass with _fields is a namedtuple.
 * CX_TREE_KINDS on an error. */
CxTreeKind tree_kind_of(const PyTreeRegistry *r, PyObject *x, PyTreeEntry **entry);

/* A key of a dictionary and its value; sorted by key, stable. `wrap`: a failing comparison becomes a ValueError. */
typedef struct TreeItem {
  PyObject *key, *value;
} TreeItem;
bool tree_items_sort(TreeItem *items, uint32_t n, bool wrap);

/* (children, aux) of a custom node, the children as a tuple: new references. */
bool tree_entry_split(const PyTreeEntry *e, PyObject *x, PyObject **children, PyObject **aux);
PyObject *tree_entry_call(const PyTreeEntry *e, PyObject *x); /* as the flatten function gave them, checked */
/* The same with keys: a tuple of pairs. */
bool tree_entry_split_keys(const PyTreeEntry *e, PyObject *x, PyObject **pairs, PyObject **aux);
PyObject *tree_attributes(PyObject *x, PyObject *names); /* a tuple of the attributes so named */
/* A node's metadata as PyTreeDef.node_data gives it: keys of a dict as a list. */
PyObject *tree_node_aux(CxTreeNode n, void *const *objects);
PyObject *tree_field_names(PyObject *namedtuple);        /* its _fields, checked */

bool tree_raise_equality(void); /* wraps the pending exception of a comparison of metadata; always false */
PyObject *tree_unflatten_from(const CxTree *def, PyObject *iterable);
PyObject *tree_children_list(const CxTree *t);
PyObject *tree_tuple_of(PyObject *iterable); /* the PyTreeDef of a tuple, from PyTreeDefs */
PyObject *tree_def_restore(PyObject *module, PyObject *nodes);
PyObject *tree_def_serialize(PyObject *self, PyObject *none);
PyObject *tree_def_deserialize(PyObject *none, PyObject *const *args, Py_ssize_t count, PyObject *kw);
extern PyObject *tree_defaultdict_type;

int tree_registry_init(PyObject *module);
int tree_keys_init(PyObject *module);
int tree_def_init(PyObject *module);
PyObject *tree_differences(PyObject *a, PyObject *b); /* of two trees: see py_equality_errors */
int tree_errors_init(void);
int tree_partial_init(PyObject *module);
int tree_functions_init(PyObject *module);

#endif
