/* Python callables as functions on flat values: which arguments are flattened, and how the result is put together again. */
#ifndef PYTHON_CALL_H
#define PYTHON_CALL_H

#include "python/py.h"
#include "python/pytree.h"
#include "trace/fn.h"

/* One call fun(*args, **kwargs) in which some arguments are dynamic: flattened to values. The others are passed as they are. */
typedef struct PyCall {
  PyObject *fun;
  Py_ssize_t nargs;
  PyObject **fixed;   /* per positional argument: the object, or NULL where dynamic */
  CxTree **trees;     /* per positional argument: its tree, or NULL where fixed */
  PyObject *kw_fixed; /* dict or NULL */
  CxTree *kw_tree;    /* tree of the keyword dict, or NULL where none or fixed */
  bool has_aux;       /* fun returns (result, aux) */
  PyObject *(*wrap)(const CxVal *in, uint32_t i, uint32_t n); /* operand i of n as an object; NULL: py_wrap */
  bool zeros;         /* results may be symbolic zeros: NULL values */
  bool concrete_scalars; /* unused operands of known value stay as they are */
  /* set by each run */
  CxTree *out_tree;
  uint32_t n_main;    /* results that belong to out_tree; the rest are array leaves of aux */
  CxTree *aux_tree;
  PyLeaves aux;       /* aux leaves; NULL-marked array leaves hold Py_None and come from the results */
  uint8_t *aux_is_val;
  const CxType **out_types; /* of the results, if the caller keeps them */
} PyCall;

/* A new call of fun with `nargs` positional arguments, all fixed to NULL. NULL with an exception. */
PyCall *pycall_new(PyObject *fun, Py_ssize_t nargs);
void pycall_free(void *call); /* needs the GIL */
/* Makes positional argument i dynamic: flattens it and appends its leaves as values (handles of the current scope). */
bool pycall_dynamic(PyCall *c, Py_ssize_t i, PyObject *arg, CxVals *vals);
bool pycall_dynamic_kwargs(PyCall *c, PyObject *kwargs, CxVals *vals);
void pycall_fix(PyCall *c, Py_ssize_t i, PyObject *arg);
/* The function; it owns the call. */
CxFn *pycall_fn(PyCall *c);
bool pycall_run(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out); /* what that function does; env is the call */

/* Results of a run as Python objects. vals: the n_main leaves. */
PyObject *pycall_result(const PyCall *c, const CxVal *vals);
PyObject *pycall_aux(const PyCall *c, const CxVal *vals_after_main);
PyObject *py_unflatten_vals(const CxTree *tree, const CxVal *vals, uint32_t n);
/* The same; takes the references of vals, also on failure. templates: see py_templates. */
PyObject *py_unflatten_owned_vals(const CxTree *tree, PyObject *templates, const CxVal *vals, uint32_t n);

/* Flattens o to values; *tree gets a new reference. what: for messages, e.g. "jvp". */
bool py_flatten_vals(PyObject *o, CxVals *vals, CxTree **tree);
/* The leaf types of a tree of arrays, ShapeDtypeStructs or scalars. */
const CxType *py_type_of(PyObject *leaf);

const char *py_fun_name(PyObject *fun); /* borrowed; "<unnamed>" if it has none */

#endif
