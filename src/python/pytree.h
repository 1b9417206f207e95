/* Pytrees at the CPython border: which Python types are containers, and the way from containers to leaves and back.
 * Everything here needs the GIL (an attached thread state), cx_tree_release of a tree made here included. User code
 * (registered flatten functions, predicates, comparisons) may raise, re-enter or mutate the containers being walked. */
#ifndef PYTHON_PYTREE_H
#define PYTHON_PYTREE_H

#include <cuirax/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "python/compat.h"

/* A growable array of owned references. Not to be moved: the first few lie inside. */
typedef struct PyLeaves {
  PyObject **v;
  uint32_t n, cap;
  PyObject *small[48];
} PyLeaves;

void py_leaves_init(PyLeaves *l);
bool py_leaves_push(PyLeaves *l, PyObject *owned); /* takes the reference, also on failure */
void py_leaves_cut(PyLeaves *l, uint32_t n);       /* releases all from the n-th on */
void py_leaves_clear(PyLeaves *l);                 /* releases all; may be used again */
PyObject *py_leaves_list(PyLeaves *l);             /* a list that takes all references over */

/* A container type that is not a plain tuple, list, dict or None. Lives as long as its registry. */
typedef struct PyTreeEntry {
  PyObject_HEAD
  CxTreeKind kind;
  PyObject *type;
  PyObject *to_iter, *from_iter, *to_iter_with_keys; /* custom; the last may be NULL */
  PyObject *data_fields, *meta_fields;               /* dataclass: tuples of names */
  PyObject *fields;                                  /* dataclass: meta, then data, as keyword names */
} PyTreeEntry;

typedef struct PyTreeRegistry PyTreeRegistry;
extern PyTreeRegistry *py_default_registry, *py_none_leaf_registry; /* the second takes None for a leaf */

/* Appends the leaves to `out` and, unless `def` is NULL, sets *def to a new reference. `is_leaf` may be NULL. On failure
 * `out` is as before the call. */
bool py_flatten(PyObject *tree, PyObject *is_leaf, PyLeaves *out, CxTree **def);
bool py_flatten_with(PyTreeRegistry *registry, PyObject *tree, PyObject *is_leaf, PyLeaves *out, CxTree **def);
/* Each leaf is a pair (key path, leaf). `takes_path`: the predicate is called with the path, too. */
bool py_flatten_with_path(PyTreeRegistry *registry, PyObject *tree, PyObject *is_leaf, bool takes_path, PyLeaves *out,
                          CxTree **def);

PyObject *py_unflatten(const CxTree *def, PyObject *const *leaves);

/* For a definition that is put together often: a tuple with, by node, the larger dictionaries with None for values, and None for the rest. */
PyObject *py_templates(const CxTree *def);
/* As py_unflatten; takes the references of `count` leaves, also on failure. `templates` may be NULL. */
PyObject *py_unflatten_owned(const CxTree *def, PyObject *templates, PyObject **leaves, uint32_t count);

/* An exact dict whose keys came before in this order and whose values are all exactly of type `leaf`: appends the values as leaves. False,
 * with nothing done and no exception, for anything else: py_flatten takes those, and py_flatten_note tells what it found. */
bool py_flatten_again(PyObject *dict, const PyTypeObject *leaf, PyLeaves *out, CxTree **def);
void py_flatten_note(PyObject *dict, const CxTree *def);

/* The subtrees of `tree` that stand at the leaves of `def`, which must be a tree prefix of it. */
bool py_flatten_up_to(const CxTree *def, PyObject *tree, PyLeaves *out);

/* A node made of children, whose references are taken in any case. `objects` as in CxTreeNode's tree. */
PyObject *py_node_make(CxTreeKind kind, uint32_t arity, PyObject **children, void *const *objects);

/* One level. 1 and (children, metadata) in *out; 0 when `x` is a leaf; -1 on an error. */
int py_flatten_one_level(PyTreeRegistry *registry, PyObject *x, bool with_keys, PyObject **out);
bool py_is_leaf_object(PyTreeRegistry *registry, PyObject *x, bool *leaf); /* its type alone is asked */

/* 1 if the type is a container type, 0 if not, -1 on an error. */
int py_is_node_type(PyTreeRegistry *registry, PyObject *type);
PyTreeEntry *py_entry_find(PyTreeRegistry *registry, PyObject *type); /* borrowed, or NULL without an error */
bool py_register_node(PyTreeRegistry *registry, PyObject *type, PyObject *to_iter, PyObject *from_iter,
                      PyObject *to_iter_with_keys);
bool py_register_dataclass(PyTreeRegistry *registry, PyObject *type, PyObject *data_fields, PyObject *meta_fields);
bool py_enables_none(const PyTreeRegistry *registry);

/* The Python type PyTreeDef. */
extern PyTypeObject *py_treedef_type;
PyObject *py_treedef_new(CxTree *def);   /* takes the reference, also on failure; NULL gives NULL */
CxTree *py_treedef_get(PyObject *o);     /* borrowed; NULL and a TypeError if it is something else */
PyObject *py_treedef_text(const CxTree *def);
int py_trees_equal(const CxTree *a, const CxTree *b); /* 1, 0, or -1 with an exception in JAX's words */
extern const CxTreeHost py_tree_host;

/* Key paths. */
extern PyTypeObject *py_sequence_key, *py_dict_key, *py_attribute_key, *py_index_key;
PyObject *py_key_new(PyTypeObject *type, PyObject *value); /* borrows value */
PyObject *py_key_from_index(PyTypeObject *type, Py_ssize_t i);
PyObject *py_keystr(PyObject *path, bool simple, PyObject *separator_or_null);

/* What is wrong where `prefix` is no tree prefix of `full`: messages are appended to a list, at most `limit`. The name stands
 * for the prefix in the messages. */
bool py_prefix_errors(const char *name, PyObject *prefix, PyObject *full, PyObject *is_leaf, PyObject *messages,
                      Py_ssize_t limit);
/* Where two structures differ: a list of (key path, the one, the other, explanation). */
PyObject *py_equality_errors(const CxTree *a, const CxTree *b);

/* The leaves of `axes` (where None is a leaf) repeated for each leaf of `def`, of which it must be a tree prefix;
 * a ValueError in JAX's words otherwise. `name` is that of the parameter, as "vmap in_axes". */
enum { PY_AXES_KWS = 1, PY_AXES_TUPLED = 2 }; /* def and axes are (args, kwargs); hint at the argument tuple */
bool py_flatten_axes(const char *name, const CxTree *def, PyObject *axes, int flags, PyLeaves *out);

bool py_tree_raise(void); /* turns the pending error of the core into a Python exception; always false */

/* Adds all types and functions of jax.tree_util to a module. 0, or -1 with an exception. */
int py_tree_register(PyObject *module);

#endif
