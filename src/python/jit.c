/* jit: a Python function staged once for every structure and types of its arguments; make_jaxpr and eval_shape.
 * The cache key: the trees and types of dynamic arguments, the static arguments by equality, the x64 mode.
 * jit objects of one function with the same static arguments share a cache, which lives as long as the function does. */
#include "python/transform.h"

#include "base/error.h"
#include "base/hash.h"
#include "op/call.h"
#include "python/donate.h"
#include "runtime/execute.h"

typedef struct Entry {
  struct Entry *next;
  uint64_t hash;
  Py_ssize_t nargs;
  uint32_t n_vals;
  CxTree **trees;       /* per positional argument; NULL where static */
  PyObject **statics;   /* per positional argument; NULL where dynamic */
  CxTree *kw_tree;
  PyObject *kw_static;  /* dict or NULL */
  bool x64;
  const CxType **types;
  CxGraph *graph;
  CxTree *out_tree;
  PyObject *out_templates; /* see py_templates */
  bool out_is_leaf;
  uint8_t *donated;     /* per value: is its memory given to a result? NULL: none is */
  bool unlock;          /* enough work to let other Python threads run */
} Entry;

typedef struct Cache {
  struct Cache *next;   /* of the same function, with other static arguments */
  Py_ssize_t refs;      /* one per jit object, one of the function's list */
  PyObject *static_names, *donate_names;
  int *static_nums, n_static, *donate_nums, n_donate;
  Entry **table;
  uint32_t table_cap, table_n;
} Cache;

typedef struct Jit {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *fun, *dict, *weakrefs;
  int *static_nums, n_static;
  PyObject *static_names; /* tuple of str */
  int *donate_nums, n_donate;
  PyObject *donate_names;
  Cache *cache;
} Jit;

/* ---- the arguments of one call ---- */

typedef struct Args {
  PyObject *const *given;
  Py_ssize_t nargs;
  PyObject *names; /* of the keyword arguments, which follow in `given`; may be NULL */
  CxTree *trees_small[16], **trees;
  CxVals vals;
  CxVal vals_small[64];
  CxTree *kw_tree;
  PyObject *kw_static;
  PyLeaves leaves; /* keeps what flattening made alive as long as vals */
  uint64_t hash;
} Args;

static bool has_num(const int *nums, int n, Py_ssize_t i, Py_ssize_t nargs) {
  for (int k = 0; k < n; k++)
    if (nums[k] == i || nums[k] + nargs == i) return true;
  return false;
}
static bool is_static_num(const Jit *j, Py_ssize_t i, Py_ssize_t nargs) { return has_num(j->static_nums, j->n_static, i, nargs); }

static void args_free(Args *a) {
  for (Py_ssize_t i = 0; a->trees && i < a->nargs; i++) cx_tree_release(a->trees[i]);
  if (a->trees != a->trees_small) PyMem_Free(a->trees);
  if (a->vals.v != a->vals_small) cx_vals_free(&a->vals);
  cx_tree_release(a->kw_tree);
  Py_XDECREF(a->kw_static);
  py_leaves_clear(&a->leaves);
}

static bool args_push(Args *a, CxVal v) {
  if (!v) return false;
  if (a->vals.n == 64 && a->vals.v == a->vals_small) { /* leave the small array */
    CxVals big = {0};
    for (uint32_t i = 0; i < 64; i++)
      if (!cx_vals_push(&big, a->vals_small[i])) return false;
    a->vals = big;
  }
  if (a->vals.v == a->vals_small) return a->vals.v[a->vals.n++] = v, true;
  return cx_vals_push(&a->vals, v);
}

static bool args_leaf(Args *a, PyObject *o, const Jit *j) {
  if (Py_TYPE(o) == &py_array && ((PyVal *)o)->v) return args_push(a, ((PyVal *)o)->v); /* held by the caller or a->leaves */
  CxVal v = py_try_val(o);
  if (!v && !cx_failed() && !PyErr_Occurred())
    PyErr_Format(PyExc_TypeError,
                 "Error interpreting argument to %R as an abstract array. The problematic value is of type %R. This typically means that a "
                 "jit-wrapped function was called with a non-array argument, and this argument was not marked as static using the static_argnums or static_argnames parameters of jax.jit.",
                 j->fun, (PyObject *)Py_TYPE(o));
  return args_push(a, v);
}

static bool args_flatten(Args *a, PyObject *o, CxTree **tree, const Jit *j) {
  if (py_is_val(o)) {
    *tree = cx_tree_leaf();
    return args_leaf(a, o, j);
  }
  uint32_t before = a->leaves.n;
  bool known = py_flatten_again(o, &py_array, &a->leaves, tree), ok = known || py_flatten(o, NULL, &a->leaves, tree);
  if (ok && !known) py_flatten_note(o, *tree);
  for (uint32_t i = before; ok && i < a->leaves.n; i++) ok = args_leaf(a, a->leaves.v[i], j);
  return ok;
}

static bool args_static(Args *a, PyObject *o) {
  Py_hash_t h = PyObject_Hash(o);
  if (h == -1) {
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
      PyErr_Clear();
      PyErr_Format(PyExc_ValueError, "Non-hashable static arguments are not supported: got a value of type %R. Pass a hashable object, or make the argument dynamic.", (PyObject *)Py_TYPE(o));
    }
    return false;
  }
  a->hash = hash_mix(a->hash, (uint64_t)h);
  return true;
}

static bool args_kwargs(Args *a, const Jit *j, PyObject *names) {
  if (!names || !PyTuple_GET_SIZE(names)) return true;
  PyObject *dynamic = PyDict_New();
  bool ok = dynamic != NULL;
  for (Py_ssize_t k = 0; ok && k < PyTuple_GET_SIZE(names); k++) {
    PyObject *name = PyTuple_GET_ITEM(names, k), *v = a->given[a->nargs + k];
    int fixed = j->static_names ? PySequence_Contains(j->static_names, name) : 0;
    if (fixed > 0 && !a->kw_static) a->kw_static = PyDict_New();
    ok = fixed >= 0 && PyDict_SetItem(fixed ? a->kw_static : dynamic, name, v) == 0 && (!fixed || args_static(a, v));
  }
  if (ok && PyDict_GET_SIZE(dynamic)) ok = args_flatten(a, dynamic, &a->kw_tree, j);
  Py_XDECREF(dynamic);
  return ok;
}

static bool args_read(Args *a, const Jit *j, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
  a->given = args;
  a->nargs = nargs;
  a->names = names;
  a->trees = a->trees_small;
  a->vals = (CxVals){.v = a->vals_small, .cap = 64};
  a->kw_tree = NULL;
  a->kw_static = NULL;
  py_leaves_init(&a->leaves);
  a->hash = (uint64_t)nargs << 1 | config_x64();
  if (nargs > 16 && !(a->trees = PyMem_Malloc((size_t)nargs * sizeof *a->trees))) return PyErr_NoMemory(), false;
  for (Py_ssize_t i = 0; i < nargs; i++) a->trees[i] = NULL;
  for (Py_ssize_t i = 0; i < nargs; i++) {
    if (j->n_static && is_static_num(j, i, nargs) ? !args_static(a, args[i]) : !args_flatten(a, args[i], &a->trees[i], j)) return false;
    a->hash = hash_mix(a->hash, a->trees[i] ? cx_tree_cache_key(a->trees[i]) : 0);
  }
  if (!args_kwargs(a, j, names)) return false;
  a->hash = hash_mix(a->hash, a->kw_tree ? cx_tree_cache_key(a->kw_tree) : 0);
  for (uint32_t i = 0; i < a->vals.n; i++) a->hash = hash_mix(a->hash, (uintptr_t)a->vals.v[i]->type);
  return true;
}

/* ---- the cache ---- */

static void entry_free(Entry *e) {
  for (Py_ssize_t i = 0; i < e->nargs; i++) {
    if (e->trees) cx_tree_release(e->trees[i]);
    if (e->statics) Py_XDECREF(e->statics[i]);
  }
  PyMem_Free(e->trees);
  PyMem_Free(e->statics);
  PyMem_Free(e->types);
  PyMem_Free(e->donated);
  Py_XDECREF(e->kw_static);
  cx_tree_release(e->kw_tree);
  Py_XDECREF(e->out_templates);
  cx_tree_release(e->out_tree);
  ref_release(e->graph);
  PyMem_Free(e);
}

static int same_object(PyObject *a, PyObject *b) { return a == b ? 1 : !a || !b ? 0 : PyObject_RichCompareBool(a, b, Py_EQ); }

/* Metadata of pytree nodes may be equal without being the same. May raise. */
static bool same_tree(const CxTree *a, const CxTree *b) { return a == b || (a && b && py_trees_equal(a, b) == 1); }

static bool entry_matches(const Entry *e, const Args *a) {
  if (e->hash != a->hash || e->nargs != a->nargs || e->n_vals != a->vals.n || e->x64 != config_x64()) return false;
  for (uint32_t i = 0; i < e->n_vals; i++)
    if (e->types[i] != a->vals.v[i]->type) return false;
  for (Py_ssize_t i = 0; i < e->nargs; i++) {
    if (!same_tree(e->trees[i], a->trees[i])) return false;
    if (!e->trees[i] && (Py_TYPE(e->statics[i]) != Py_TYPE(a->given[i]) || same_object(e->statics[i], a->given[i]) != 1)) return PyErr_Clear(), false;
  }
  if (same_object(e->kw_static, a->kw_static) != 1) return PyErr_Clear(), false;
  return same_tree(e->kw_tree, a->kw_tree);
}

static Entry *cache_find(const Cache *c, const Args *a) {
  if (!c->table_cap) return NULL;
  Entry *e = c->table[a->hash & (c->table_cap - 1)];
  while (e && !entry_matches(e, a)) e = PyErr_Occurred() ? NULL : e->next;
  return e;
}

static bool cache_grow(Cache *c) {
  uint32_t cap = c->table_cap ? c->table_cap * 2 : 8;
  Entry **fresh = PyMem_Calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  for (uint32_t i = 0; i < c->table_cap; i++)
    for (Entry *e = c->table[i], *next; e; e = next) {
      next = e->next;
      e->next = fresh[e->hash & (cap - 1)];
      fresh[e->hash & (cap - 1)] = e;
    }
  PyMem_Free(c->table);
  c->table = fresh;
  c->table_cap = cap;
  return true;
}

static Entry *cache_keep(Cache *c, Args *a, CxGraph *g, const CxTree *out_tree) {
  if (c->table_n >= c->table_cap && !cache_grow(c)) return NULL;
  Entry *e = PyMem_Calloc(1, sizeof *e);
  if (!e) return NULL;
  e->nargs = a->nargs;
  e->trees = PyMem_Calloc((size_t)a->nargs + 1, sizeof *e->trees);
  e->statics = PyMem_Calloc((size_t)a->nargs + 1, sizeof *e->statics);
  e->types = PyMem_Calloc((size_t)a->vals.n + 1, sizeof *e->types);
  if (!e->trees || !e->statics || !e->types) return entry_free(e), NULL;
  for (Py_ssize_t i = 0; i < a->nargs; i++) {
    if (a->trees[i]) e->trees[i] = cx_tree_retain(a->trees[i]);
    else e->statics[i] = Py_NewRef(a->given[i]);
  }
  for (uint32_t i = 0; i < a->vals.n; i++) e->types[i] = a->vals.v[i]->type;
  e->n_vals = a->vals.n;
  e->hash = a->hash;
  e->x64 = config_x64();
  e->kw_tree = a->kw_tree ? cx_tree_retain(a->kw_tree) : NULL;
  e->kw_static = Py_XNewRef(a->kw_static);
  e->graph = ref_retain(g);
  e->out_tree = cx_tree_retain(out_tree);
  if (!(e->out_templates = py_templates(out_tree))) return entry_free(e), NULL;
  CxTree *leaf = cx_tree_leaf();
  e->out_is_leaf = leaf == out_tree;
  cx_tree_release(leaf);
  int64_t work = 0;
  for (uint32_t i = 0; i < g->types.n; i++) work += g->types.v[i] ? g->types.v[i]->size : 0;
  e->unlock = work > 20000;
  for (uint32_t i = 0; i < g->eqns.n; i++) e->unlock |= (cx_ops[g->eqns.v[i].op]->flags & CX_OP_REFS) != 0;
  Entry **slot = &c->table[a->hash & (c->table_cap - 1)];
  e->next = *slot;
  *slot = e;
  c->table_n++;
  return e;
}

static void cache_clear(Cache *c) {
  Entry **table = c->table;
  uint32_t cap = c->table_cap;
  c->table = NULL;
  c->table_cap = c->table_n = 0;
  for (uint32_t i = 0; i < cap; i++)
    for (Entry *e = table[i], *next; e; e = next) next = e->next, entry_free(e);
  PyMem_Free(table);
}

/* ---- the caches of a function ---- */

static PyObject *known; /* {id(fun): (weak reference to fun, capsule of its caches)} */
enum { KNOWN_MAX = 4096 };

static void cache_release(Cache *c) {
  if (!c || --c->refs) return;
  cache_clear(c);
  Py_XDECREF(c->static_names), Py_XDECREF(c->donate_names);
  PyMem_Free(c->static_nums), PyMem_Free(c->donate_nums);
  PyMem_Free(c);
}

static void caches_drop(PyObject *capsule) {
  Cache **list = PyCapsule_GetPointer(capsule, NULL);
  for (Cache *c = *list, *next; c; c = next) next = c->next, cache_release(c);
  PyMem_Free(list);
}

static PyObject *function_gone(PyObject *id, PyObject *ref) {
  (void)ref;
  if (known && PyDict_GetItemWithError(known, id)) PyDict_DelItem(known, id);
  PyErr_Clear();
  Py_RETURN_NONE;
}
static PyMethodDef function_gone_def = {"function_gone", function_gone, METH_O, NULL};

/* the list of the function's caches; NULL without an error where the function cannot be watched */
static Cache **caches_of(PyObject *fun) {
  if (!known && !(known = PyDict_New())) return NULL;
  PyObject *id = PyLong_FromVoidPtr(fun), *pair = id ? PyDict_GetItemWithError(known, id) : NULL;
  Cache **list = NULL;
  if (pair) {
    list = PyCapsule_GetPointer(PyTuple_GET_ITEM(pair, 1), NULL);
  } else if (id) {
    if (PyDict_GET_SIZE(known) >= KNOWN_MAX) PyDict_Clear(known);
    PyObject *gone = PyCFunction_New(&function_gone_def, id), *ref = gone ? PyWeakref_NewRef(fun, gone) : NULL;
    list = ref ? PyMem_Calloc(1, sizeof *list) : NULL;
    PyObject *capsule = list ? PyCapsule_New(list, NULL, caches_drop) : NULL;
    if (list && !capsule) PyMem_Free(list);
    pair = capsule ? PyTuple_Pack(2, ref, capsule) : NULL;
    if (!pair || PyDict_SetItem(known, id, pair) < 0) list = NULL;
    Py_XDECREF(pair), Py_XDECREF(capsule), Py_XDECREF(ref), Py_XDECREF(gone);
  }
  Py_XDECREF(id);
  PyErr_Clear();
  return list;
}

static bool same_nums(const int *a, int n, const int *b, int m) { return n == m && (!n || memcmp(a, b, (size_t)n * sizeof(int)) == 0); }

static bool cache_fits(const Cache *c, const Jit *j) {
  return same_nums(c->static_nums, c->n_static, j->static_nums, j->n_static) && same_nums(c->donate_nums, c->n_donate, j->donate_nums, j->n_donate) &&
         same_object(c->static_names, j->static_names) == 1 && same_object(c->donate_names, j->donate_names) == 1;
}

static int *copy_nums(const int *nums, int n) {
  int *copy = PyMem_Calloc((size_t)n + 1, sizeof *copy);
  if (copy && n) memcpy(copy, nums, (size_t)n * sizeof *copy);
  return copy;
}

/* The cache of j's function and static arguments, a new reference; its own where there is none to share. */
static Cache *cache_for(const Jit *j) {
  Cache **list = caches_of(j->fun);
  for (Cache *c = list ? *list : NULL; c; c = c->next)
    if (cache_fits(c, j)) return c->refs++, c;
  Cache *c = PyMem_Calloc(1, sizeof *c);
  if (!c) return PyErr_NoMemory(), NULL;
  *c = (Cache){.refs = 1, .static_nums = copy_nums(j->static_nums, j->n_static), .n_static = j->n_static, .static_names = Py_XNewRef(j->static_names),
               .donate_nums = copy_nums(j->donate_nums, j->n_donate), .n_donate = j->n_donate, .donate_names = Py_XNewRef(j->donate_names)};
  if (!c->static_nums || !c->donate_nums) return cache_release(c), PyErr_NoMemory(), NULL;
  if (list) c->next = *list, *list = c, c->refs++;
  return c;
}

/* ---- staging ---- */

static PyCall *jit_pycall(const Jit *j, const Args *a) {
  PyCall *c = pycall_new(j->fun, a->nargs);
  for (Py_ssize_t i = 0; c && i < a->nargs; i++) {
    if (a->trees[i]) c->trees[i] = cx_tree_retain(a->trees[i]);
    else pycall_fix(c, i, a->given[i]);
  }
  if (c && a->kw_tree) c->kw_tree = cx_tree_retain(a->kw_tree);
  if (c) c->kw_fixed = Py_XNewRef(a->kw_static);
  return c;
}

/* The graph for these types (one per value), its result tree, and the outer tracers it closes over (appended to captured). */
static CxGraph *jit_stage(const Jit *j, const Args *a, const CxType *const *types, uint32_t n, CxVals *captured, CxTree **out_tree) {
  PyCall *c = jit_pycall(j, a);
  CxFn *f = c ? pycall_fn(c) : NULL;
  CxGraph *g = f ? cx_stage(f, types, n, captured) : NULL;
  *out_tree = g ? cx_tree_retain(c->out_tree) : NULL;
  ref_release(f);
  return g;
}

static const CxType **args_types(const Args *a) {
  const CxType **types = PyMem_Calloc((size_t)a->vals.n + 1, sizeof *types);
  for (uint32_t i = 0; types && i < a->vals.n; i++) types[i] = a->vals.v[i]->type;
  return types;
}

/* ---- calling ---- */

/* out: owned */
static bool run_now(CxGraph *g, bool unlock, const Args *a, CxVal *out) {
  if (!unlock) return graph_run_borrowed(g, a->vals.v, a->vals.n, out);
  for (uint32_t i = 0; i < a->vals.n; i++) cx_keep(cx_retain(a->vals.v[i])); /* another thread may delete the arrays meanwhile */
  PyThreadState *s = py_unlock(1 << 30);
  bool ok = graph_run_borrowed(g, a->vals.v, a->vals.n, out);
  py_lock(s);
  return ok;
}

static bool bind_now(CxGraph *g, PyObject *fun, const Args *a, CxVal *out) {
  CxJitAttrs attrs = {.name = py_fun_name(fun), .jaxpr = g};
  bool ok = cx_bind(CX_OP_JIT, a->vals.v, a->vals.n, &attrs, out, g->out.n);
  for (uint32_t i = 0; ok && i < g->out.n; i++) cx_retain(out[i]);
  return ok;
}

static bool all_arrays(const Args *a) {
  for (uint32_t i = 0; i < a->vals.n; i++)
    if (a->vals.v[i]->trace) return false;
  return true;
}

/* ---- donated arguments ---- */

static PyObject *dynamic_kwargs(const Args *a) {
  PyObject *d = PyDict_New();
  for (Py_ssize_t k = 0; d && a->names && k < PyTuple_GET_SIZE(a->names); k++) {
    PyObject *name = PyTuple_GET_ITEM(a->names, k);
    int fixed = a->kw_static ? PyDict_Contains(a->kw_static, name) : 0;
    if (fixed < 0 || (!fixed && PyDict_SetItem(d, name, a->given[a->nargs + k]) < 0)) Py_CLEAR(d);
  }
  return d;
}

/* Marks the leaves of o, the next of all arguments, if it is donated. */
static bool mark_leaves(PyObject *o, bool donated, uint8_t *marks, uint32_t *at) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = py_flatten(o, NULL, &leaves, NULL);
  if (ok) memset(marks + *at, donated, leaves.n);
  *at += leaves.n;
  py_leaves_clear(&leaves);
  return ok;
}

static bool mark_kwargs(const Jit *j, const Args *a, uint8_t *marks, uint32_t at) {
  PyObject *d = dynamic_kwargs(a), *keys = d ? PyDict_Keys(d) : NULL;
  bool ok = keys && PyList_Sort(keys) == 0;
  for (Py_ssize_t k = 0; ok && k < PyList_GET_SIZE(keys); k++) {
    PyObject *name = PyList_GET_ITEM(keys, k);
    int donated = j->donate_names ? PySequence_Contains(j->donate_names, name) : 0;
    ok = donated >= 0 && mark_leaves(PyDict_GetItem(d, name), donated, marks, &at);
  }
  Py_XDECREF(keys), Py_XDECREF(d);
  return ok;
}

/* Which values of an entry are donated to results. As in JAX, negative places mean no positional argument. False with an exception. */
static bool entry_donates(Entry *e, const Jit *j, const Args *a) {
  if (!j->n_donate && !j->donate_names) return true;
  uint32_t at = 0;
  uint8_t *marks = PyMem_Calloc((size_t)e->n_vals + 1, 1);
  bool ok = marks != NULL;
  for (Py_ssize_t i = 0; ok && i < a->nargs; i++)
    if (a->trees[i]) ok = mark_leaves(a->given[i], has_num(j->donate_nums, j->n_donate, i, 0), marks, &at);
  if (ok && a->kw_tree) ok = mark_kwargs(j, a, marks, at);
  ok = ok && donate_plan(e->graph, marks);
  if (ok && memchr(marks, 1, e->n_vals)) return e->donated = marks, true;
  PyMem_Free(marks);
  return ok;
}

static bool call_donate(const Entry *e, const Args *a) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = donate_check(a->vals.v, e->donated, e->n_vals);
  for (Py_ssize_t i = 0; ok && i < a->nargs; i++)
    if (a->trees[i]) ok = py_flatten(a->given[i], NULL, &leaves, NULL);
  if (ok && a->kw_tree) {
    PyObject *d = dynamic_kwargs(a);
    ok = d && py_flatten(d, NULL, &leaves, NULL);
    Py_XDECREF(d);
  }
  if (ok) donate_delete(&leaves, e->donated);
  py_leaves_clear(&leaves);
  return ok;
}

static PyObject *call_entry(const Entry *e, const Args *a, PyObject *fun) {
  CxVal small[64], *out = small;
  CxGraph *g = ref_retain(e->graph); /* running it may call Python, which may clear the cache */
  CxTree *tree = cx_tree_retain(e->out_tree);
  PyObject *templates = Py_NewRef(e->out_templates);
  uint32_t n = g->out.n;
  bool leaf = n == 1 && e->out_is_leaf, ok = n <= 64 || (out = PyMem_Malloc(n * sizeof *out));
  bool direct = !cx_thread.trace && all_arrays(a);
  if (!ok) PyErr_NoMemory();
  else if (direct && e->donated) ok = call_donate(e, a);
  if (ok) ok = direct ? run_now(g, e->unlock, a, out) : bind_now(g, fun, a, out);
  PyObject *r = !ok ? NULL : leaf ? py_wrap_owned(out[0]) : py_unflatten_owned_vals(tree, templates, out, n);
  if (out != small) PyMem_Free(out);
  cx_tree_release(tree);
  ref_release(g);
  Py_DECREF(templates);
  return r;
}

/* a function that closes over outer tracers: staged for this call only */
static PyObject *call_once(const Jit *j, Args *a, CxGraph *g, CxVals *captured, const CxTree *out_tree) {
  CxVals out = {0};
  bool ok = true;
  for (uint32_t i = 0; ok && i < a->vals.n; i++) ok = cx_vals_push(captured, a->vals.v[i]);
  ok = ok && cx_call_graph(g, py_fun_name(j->fun), captured->v, captured->n, &out);
  PyObject *r = ok ? py_unflatten_vals(out_tree, out.v, out.n) : NULL;
  cx_vals_free(&out);
  return r;
}

/* jax_log_compiles: a warning of the logger "jax" */
static bool log_compile(const Jit *j, const CxGraph *g) {
  PyObject *logging = PyImport_ImportModule("logging"), *logger = logging ? PyObject_CallMethod(logging, "getLogger", "s", "jax._src.interpreters.pxla") : NULL;
  PyObject *none = logger ? PyObject_CallMethod(logger, "warning", "ssII", "Compiling %s: %d operands, %d equations.", py_fun_name(j->fun), g->in.n, g->eqns.n) : NULL;
  Py_XDECREF(none), Py_XDECREF(logger), Py_XDECREF(logging);
  return none != NULL;
}

static PyObject *call_fresh(Jit *j, Args *a) {
  const CxType **types = args_types(a);
  CxVals captured = {0};
  CxTree *out_tree = NULL;
  CxGraph *g = types ? jit_stage(j, a, types, a->vals.n, &captured, &out_tree) : NULL;
  PyObject *r = NULL;
  if (g && CX_SETTING(log_compiles) && !log_compile(j, g)) {
    r = NULL;
  } else if (g && captured.n) {
    r = call_once(j, a, g, &captured, out_tree);
  } else if (g) {
    Entry *e = cache_keep(j->cache, a, g, out_tree);
    r = e && entry_donates(e, j, a) ? call_entry(e, a, j->fun) : NULL;
  }
  ref_release(g);
  cx_tree_release(out_tree);
  cx_vals_free(&captured);
  PyMem_Free(types);
  return r;
}

static PyObject *jit_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names) {
  Jit *j = (Jit *)self;
  if (CX_SETTING(disable_jit)) return PyObject_Vectorcall(j->fun, args, nargsf, names);
  CxScope s;
  Args a;
  cx_scope_open(&s);
  PyObject *r = NULL;
  if (args_read(&a, j, args, PyVectorcall_NARGS(nargsf), names)) {
    Entry *e = CX_SETTING(checking_leaks) ? NULL : cache_find(j->cache, &a);
    if (e || !PyErr_Occurred()) r = e ? call_entry(e, &a, j->fun) : call_fresh(j, &a);
  }
  args_free(&a);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* ---- making jit objects ---- */

static PyObject *names_tuple(PyObject *o) {
  if (!o || o == Py_None) return NULL;
  return PyUnicode_Check(o) ? PyTuple_Pack(1, o) : PySequence_Tuple(o);
}

/* Names also mark the positions of plain functions' parameters, and positions their names. */
static bool resolve_marks(PyObject *fun, int **nums, int *n_nums, PyObject **marked) {
  if (!*n_nums && !*marked) return true;
  PyObject *code = PyObject_GetAttrString(fun, "__code__"), *vars = code ? PyObject_GetAttrString(code, "co_varnames") : NULL;
  PyObject *count = code ? PyObject_GetAttrString(code, "co_argcount") : NULL;
  PyErr_Clear();
  long n = count ? PyLong_AsLong(count) : 0;
  bool ok = true;
  PyObject *names = PyList_New(0);
  for (Py_ssize_t k = 0; names && *marked && k < PyTuple_GET_SIZE(*marked); k++) ok = ok && PyList_Append(names, PyTuple_GET_ITEM(*marked, k)) == 0;
  for (long i = 0; ok && vars && i < n && i < PyTuple_GET_SIZE(vars); i++) {
    PyObject *name = PyTuple_GET_ITEM(vars, i);
    bool by_name = *marked && PySequence_Contains(*marked, name) == 1, by_num = has_num(*nums, *n_nums, i, n);
    if (by_name && !by_num) {
      int *more = PyMem_Realloc(*nums, ((size_t)*n_nums + 1) * sizeof *more);
      ok = more != NULL;
      if (ok) *nums = more, more[(*n_nums)++] = (int)i;
    }
    if (by_num && !by_name) ok = PyList_Append(names, name) == 0;
  }
  if (ok && names && PyList_GET_SIZE(names)) Py_XSETREF(*marked, PyList_AsTuple(names));
  Py_XDECREF(names), Py_XDECREF(count), Py_XDECREF(vars), Py_XDECREF(code);
  return ok;
}

/* No argument is both static and donated. */
static bool marks_differ(const Jit *j) {
  for (Py_ssize_t i = 0; j->static_names && j->donate_names && i < PyTuple_GET_SIZE(j->static_names); i++) {
    PyObject *name = PyTuple_GET_ITEM(j->static_names, i);
    if (PySequence_Contains(j->donate_names, name) != 1) continue;
    return PyErr_Format(PyExc_ValueError, "static_argnames and donate_argnames cannot intersect. Argument names {%R} appear in both static_argnames and donate_argnames", name), false;
  }
  return true;
}

static PyTypeObject jit_type;

/* How many positional arguments a plain function takes; -1: not known, or any number. names: its parameters, or NULL if it takes any name. */
static int fun_arity(PyObject *fun, PyObject **names) {
  PyObject *code = NULL;
  *names = NULL;
  if (!PyFunction_Check(fun) || !(code = PyFunction_GetCode(fun))) return -1;
  PyCodeObject *c = (PyCodeObject *)code;
  PyObject *vars = PyObject_GetAttrString(code, "co_varnames");
  if (vars && !(c->co_flags & CO_VARKEYWORDS)) *names = PyTuple_GetSlice(vars, c->co_posonlyargcount, c->co_argcount + c->co_kwonlyargcount);
  Py_XDECREF(vars);
  return c->co_flags & CO_VARARGS ? -1 : c->co_argcount;
}

static bool nums_in_range(const int *nums, int n, int arity, const char *what) {
  for (int i = 0; i < n && arity >= 0; i++)
    if (nums[i] >= arity || nums[i] < -arity)
      return PyErr_Format(PyExc_ValueError, "Jitted function has %s=(%d,), but only accepts %d positional arguments.", what, nums[i], arity), false;
  return true;
}

static bool names_known(PyObject *given, PyObject *names, const char *what) {
  for (Py_ssize_t i = 0; names && given && i < PyTuple_GET_SIZE(given); i++) {
    if (PySequence_Contains(names, PyTuple_GET_ITEM(given, i)) == 1) continue;
    if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "Jitted function has invalid argnames {%R} in %s. Function does not take these args.", PyTuple_GET_ITEM(given, i), what);
    return false;
  }
  return true;
}

/* The static and donated arguments exist and are not the same ones. */
static bool check_marks(const Jit *j) {
  PyObject *names;
  int arity = fun_arity(j->fun, &names);
  bool ok = nums_in_range(j->static_nums, j->n_static, arity, "static_argnums") && nums_in_range(j->donate_nums, j->n_donate, arity, "donate_argnums") &&
            names_known(j->static_names, names, "static_argnames") && names_known(j->donate_names, names, "donate_argnames");
  for (int i = 0; ok && i < j->n_static; i++)
    for (int k = 0; ok && k < j->n_donate; k++)
      if (j->static_nums[i] == j->donate_nums[k])
        ok = (PyErr_Format(PyExc_ValueError, "static_argnums and donate_argnums cannot intersect: %d is in both.", j->static_nums[i]), false);
  Py_XDECREF(names);
  return ok;
}

static PyObject *jit_make(PyObject *fun, PyObject *static_nums, PyObject *static_names, PyObject *donate_nums, PyObject *donate_names) {
  if (!PyCallable_Check(fun)) return PyErr_Format(PyExc_TypeError, "Expected a callable value, got %R", fun);
  Jit *j = PyObject_GC_New(Jit, &jit_type);
  if (!j) return NULL;
  *j = (Jit){.ob_base = j->ob_base, .vectorcall = jit_call, .fun = Py_NewRef(fun)};
  bool ok = (!static_nums || static_nums == Py_None || py_int_list(static_nums, 0, &j->static_nums, &j->n_static)) &&
            (!donate_nums || donate_nums == Py_None || py_int_list(donate_nums, 0, &j->donate_nums, &j->n_donate));
  j->static_names = ok ? names_tuple(static_names) : NULL;
  j->donate_names = ok && !PyErr_Occurred() ? names_tuple(donate_names) : NULL;
  ok = ok && !PyErr_Occurred() && check_marks(j) && resolve_marks(fun, &j->static_nums, &j->n_static, &j->static_names) &&
       resolve_marks(fun, &j->donate_nums, &j->n_donate, &j->donate_names) && marks_differ(j);
  if (!ok || PyErr_Occurred() || !py_copy_function_attrs((PyObject *)j, fun)) return Py_DECREF(j), NULL;
  if (!(j->cache = cache_for(j))) return Py_DECREF(j), NULL;
  PyObject_GC_Track(j);
  return (PyObject *)j;
}

static PyObject *partial_of(PyObject *m, const char *function, PyObject *names, PyObject *const *values) { /* jit(static_argnums=…) as a decorator */
  PyObject *functools = PyImport_ImportModule("functools"), *partial = functools ? PyObject_GetAttrString(functools, "partial") : NULL;
  PyObject *f = partial ? PyObject_GetAttrString(m, function) : NULL, *args = f ? PyTuple_Pack(1, f) : NULL, *kw = args ? py_kwargs_dict(values, names) : NULL;
  PyObject *r = kw ? PyObject_Call(partial, args, kw) : NULL;
  Py_XDECREF(kw), Py_XDECREF(args), Py_XDECREF(f), Py_XDECREF(partial), Py_XDECREF(functools);
  return r;
}

static PyObject *fn_jit(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"fun", "in_shardings", "out_shardings", "static_argnums", "static_argnames", "donate_argnums", "donate_argnames",
                                       "keep_unused", "device", "backend", "inline", "compiler_options", "abstracted_axes"};
  PyObject *a[13] = {0};
  PyParams p = {"jit", params, 0, 1, 13, false};
  if (!py_bind(&p, args, n, names, a)) return NULL;
  if (!a[0]) return partial_of(m, "jit", names, args + n);
  return jit_make(a[0], a[3], a[4], a[5], a[6]);
}

static void jit_dealloc(PyObject *self) {
  Jit *j = (Jit *)self;
  PyObject_GC_UnTrack(self);
  if (j->weakrefs) PyObject_ClearWeakRefs(self);
  cache_release(j->cache);
  Py_XDECREF(j->fun), Py_XDECREF(j->dict), Py_XDECREF(j->static_names), Py_XDECREF(j->donate_names);
  PyMem_Free(j->static_nums), PyMem_Free(j->donate_nums);
  PyObject_GC_Del(self);
}

static PyObject *jit_clear_cache(PyObject *self, PyObject *unused) {
  (void)unused;
  cache_clear(((Jit *)self)->cache);
  Py_RETURN_NONE;
}
static PyObject *jit_cache_size(PyObject *self, PyObject *unused) { return (void)unused, PyLong_FromUnsignedLong(((Jit *)self)->cache->table_n); }
static PyObject *jit_repr(PyObject *self) { return PyUnicode_FromFormat("<PjitFunction of %R>", ((Jit *)self)->fun); }

/* ---- example arguments: arrays, scalars or ShapeDtypeStructs ---- */

static bool example_flatten(PyCall *c, const Jit *j, PyObject *args, PyObject *kwargs, const CxType ***types, uint32_t *n) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  Py_ssize_t nargs = PyTuple_GET_SIZE(args);
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < nargs; i++) {
    if (j->n_static && is_static_num(j, i, nargs)) pycall_fix(c, i, PyTuple_GET_ITEM(args, i));
    else ok = py_flatten(PyTuple_GET_ITEM(args, i), NULL, &leaves, &c->trees[i]);
  }
  if (ok && kwargs && PyDict_GET_SIZE(kwargs)) {
    PyObject *dynamic = PyDict_Copy(kwargs);
    for (Py_ssize_t k = 0; dynamic && j->static_names && k < PyTuple_GET_SIZE(j->static_names); k++) {
      PyObject *name = PyTuple_GET_ITEM(j->static_names, k), *v = PyDict_GetItem(kwargs, name);
      if (!v) continue;
      if (!c->kw_fixed) c->kw_fixed = PyDict_New();
      if (c->kw_fixed) PyDict_SetItem(c->kw_fixed, name, v);
      PyDict_DelItem(dynamic, name);
    }
    ok = dynamic && py_flatten(dynamic, NULL, &leaves, &c->kw_tree);
    Py_XDECREF(dynamic);
  }
  *types = ok ? PyMem_Calloc(leaves.n + 1, sizeof **types) : NULL;
  *n = leaves.n;
  for (uint32_t i = 0; *types && ok && i < leaves.n; i++) ok = ((*types)[i] = py_type_of(leaves.v[i])) != NULL;
  py_leaves_clear(&leaves);
  return ok && *types;
}

/* stages fun on examples: the graph (a new reference) and the tree of results */
static CxGraph *stage_examples(const Jit *j, PyObject *args, PyObject *kwargs, CxTree **out_tree, CxVals *captured) {
  PyCall *c = pycall_new(j->fun, PyTuple_GET_SIZE(args));
  const CxType **types = NULL;
  uint32_t n = 0;
  bool ok = c && example_flatten(c, j, args, kwargs, &types, &n);
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  CxGraph *g = f ? cx_stage(f, types, n, captured) : NULL;
  if (g) *out_tree = cx_tree_retain(c->out_tree);
  ref_release(f);
  PyMem_Free(types);
  return g;
}

/* j._stage(args, kwargs) -> (ClosedJaxpr, PyTreeDef of results) */
static PyObject *jit_stage_py(PyObject *self, PyObject *pair) {
  PyObject *args, *kwargs;
  if (!PyArg_ParseTuple(pair, "O!O!", &PyTuple_Type, &args, &PyDict_Type, &kwargs)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxTree *tree = NULL;
  CxVals captured = {0};
  CxGraph *g = stage_examples((Jit *)self, args, kwargs, &tree, &captured);
  PyObject *jaxpr = g ? py_jaxpr_new(g) : NULL, *def = jaxpr ? py_treedef_new(tree) : NULL;
  PyObject *r = def ? PyTuple_Pack(2, jaxpr, def) : NULL;
  Py_XDECREF(jaxpr), Py_XDECREF(def);
  cx_vals_free(&captured);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* A stage of cuirax.stages, made by its function of that name. */
static PyObject *jit_stage_of(const char *name, PyObject *self, PyObject *args, PyObject *kwargs) {
  PyObject *stages = PyImport_ImportModule("cuirax.stages"), *make = stages ? PyObject_GetAttrString(stages, name) : NULL;
  PyObject *kw = kwargs ? Py_NewRef(kwargs) : PyDict_New();
  PyObject *r = make && kw ? PyObject_CallFunctionObjArgs(make, self, args, kw, NULL) : NULL;
  Py_XDECREF(kw), Py_XDECREF(make), Py_XDECREF(stages);
  return r;
}

static PyObject *jit_lower(PyObject *self, PyObject *args, PyObject *kwargs) { return jit_stage_of("_lower", self, args, kwargs); }

static PyObject *jit_eval_shape(PyObject *self, PyObject *args, PyObject *kwargs) {
  CxScope s;
  cx_scope_open(&s);
  CxTree *tree = NULL;
  CxVals captured = {0};
  CxGraph *g = stage_examples((Jit *)self, args, kwargs, &tree, &captured);
  PyObject *r = NULL, **items = g ? PyMem_Calloc(g->out.n + 1, sizeof *items) : NULL;
  bool ok = items != NULL;
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = (items[i] = py_shape_dtype_struct(graph_type(g, g->out.v[i]))) != NULL;
  if (ok) r = py_unflatten(tree, items);
  for (uint32_t i = 0; items && i < g->out.n; i++) Py_XDECREF(items[i]);
  PyMem_Free(items);
  cx_tree_release(tree);
  ref_release(g);
  cx_vals_free(&captured);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* j._dynamic(args, kwargs) -> (args, kwargs, donated) without the static ones; donated: a bool for each of the args */
static PyObject *jit_dynamic(PyObject *self, PyObject *pair) {
  const Jit *j = (Jit *)self;
  PyObject *args, *kwargs;
  if (!PyArg_ParseTuple(pair, "O!O!", &PyTuple_Type, &args, &PyDict_Type, &kwargs)) return NULL;
  Py_ssize_t n = PyTuple_GET_SIZE(args);
  PyObject *left = PyList_New(0), *donated = PyList_New(0), *named = PyDict_Copy(kwargs), *r = NULL;
  bool ok = left && donated && named;
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    bool gone = has_num(j->donate_nums, j->n_donate, i, 0);
    if (!is_static_num(j, i, n)) ok = PyList_Append(left, PyTuple_GET_ITEM(args, i)) == 0 && PyList_Append(donated, gone ? Py_True : Py_False) == 0;
  }
  for (Py_ssize_t k = 0; ok && j->static_names && k < PyTuple_GET_SIZE(j->static_names); k++) {
    PyObject *name = PyTuple_GET_ITEM(j->static_names, k);
    if (PyDict_Contains(named, name) == 1) ok = PyDict_DelItem(named, name) == 0;
  }
  PyObject *tuple = ok ? PyList_AsTuple(left) : NULL;
  if (tuple) r = PyTuple_Pack(3, tuple, named, donated);
  Py_XDECREF(tuple), Py_XDECREF(left), Py_XDECREF(donated), Py_XDECREF(named);
  return r;
}

static PyObject *jit_trace(PyObject *self, PyObject *args, PyObject *kwargs) { return jit_stage_of("_trace", self, args, kwargs); }

static PyMethodDef jit_methods[] = {
    {"_dynamic", jit_dynamic, METH_VARARGS, NULL},
    {"trace", (PyCFunction)(void (*)(void))jit_trace, METH_VARARGS | METH_KEYWORDS, "Traces for these arguments: a Traced object."},
    {"clear_cache", jit_clear_cache, METH_NOARGS, "Forgets all staged versions."},
    {"_cache_size", jit_cache_size, METH_NOARGS, NULL},
    {"_stage", jit_stage_py, METH_VARARGS, NULL},
    {"lower", (PyCFunction)(void (*)(void))jit_lower, METH_VARARGS | METH_KEYWORDS, "Stages for these arguments: a Lowered object."},
    {"eval_shape", (PyCFunction)(void (*)(void))jit_eval_shape, METH_VARARGS | METH_KEYWORDS, "Shapes and dtypes of the results."},
    {0}};
static PyMemberDef jit_members[] = {{"__wrapped__", T_OBJECT, offsetof(Jit, fun), READONLY, NULL}, {0}};

static int jit_traverse(PyObject *self, visitproc visit, void *arg) {
  Jit *j = (Jit *)self;
  Py_VISIT(j->fun);
  Py_VISIT(j->dict);
  return 0;
}
static int jit_gc_clear(PyObject *self) {
  Jit *j = (Jit *)self;
  if (j->cache && j->cache->refs == 1) cache_clear(j->cache);
  Py_CLEAR(j->dict);
  return 0;
}

static PyTypeObject jit_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax.PjitFunction", .tp_basicsize = sizeof(Jit), .tp_dealloc = jit_dealloc, .tp_repr = jit_repr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_GC,
    .tp_vectorcall_offset = offsetof(Jit, vectorcall), .tp_call = PyVectorcall_Call, .tp_methods = jit_methods, .tp_members = jit_members,
    .tp_dictoffset = offsetof(Jit, dict), .tp_weaklistoffset = offsetof(Jit, weakrefs), .tp_descr_get = py_bind_method, .tp_traverse = jit_traverse,
    .tp_clear = jit_gc_clear, .tp_getattro = PyObject_GenericGetAttr, .tp_setattro = PyObject_GenericSetAttr};

/* ---- make_jaxpr ---- */

static PyObject *fn_clear_caches(PyObject *m, PyObject *unused) {
  (void)m, (void)unused;
  PyObject *pairs = known ? PyDict_Values(known) : PyList_New(0); /* dropping a graph may end other functions */
  for (Py_ssize_t i = 0; pairs && i < PyList_GET_SIZE(pairs); i++)
    for (Cache *c = *(Cache **)PyCapsule_GetPointer(PyTuple_GET_ITEM(PyList_GET_ITEM(pairs, i), 1), NULL); c; c = c->next) cache_clear(c);
  Py_XDECREF(pairs);
  return pairs ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef jit_functions[] = {{"jit", (PyCFunction)(void (*)(void))fn_jit, METH_FASTCALL | METH_KEYWORDS,
                                       "jit(fun, *, static_argnums=None, static_argnames=None, donate_argnums=None, …): fun, staged to a graph on first use with each kind of arguments."},
                                      {"clear_caches", fn_clear_caches, METH_NOARGS, "clear_caches(): forgets the staged versions of all functions."},
                                      {0}};

bool py_jit_register(PyObject *m) { return PyType_Ready(&jit_type) == 0 && PyModule_AddFunctions(m, jit_functions) == 0; }
