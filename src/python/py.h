/* The CPython border: what its files share. Every entry from Python has this form:
 *
 *   CxScope s;
 *   cx_scope_open(&s);
 *   PyObject *r = py_wrap(cx_something(py_val(arg)));   // NULL with a Python exception if anything failed
 *   cx_scope_close(&s);
 *
 * Handles from py_val live until that scope closes. The GIL is held except inside py_unlock/py_lock. */
#ifndef PYTHON_PY_H
#define PYTHON_PY_H

#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>

#include "np/promote.h"
#include "trace/trace.h"
#include <cuirax/ops.h>

/* An Array or a Tracer. */
typedef struct PyVal {
  PyObject_HEAD
  CxVal v;            /* NULL once deleted */
  const CxType *type; /* stays valid after deletion */
  PyObject *weakrefs;
} PyVal;

/* Array is the abstract base (jax.Array) of ArrayImpl and of all Tracers. */
extern PyTypeObject py_array_base, py_array, py_tracer, py_stage_tracer, py_batch_tracer, py_jvp_tracer, py_grad_tracer, py_linear_tracer;
static inline bool py_is_val(PyObject *o) {
  return Py_TYPE(o) == &py_array || PyType_IsSubtype(Py_TYPE(o), &py_array_base);
}

/* errors.c */
PyObject *py_raise(void);                            /* the pending error becomes a Python exception; always NULL */
PyObject *py_error_class(CxErr code);                /* borrowed */
bool py_keep_exception(void);                        /* a Python exception is set: makes the core stop too; always false */

/* value.c */
PyObject *py_wrap(CxVal v);                          /* a new Array or Tracer; poison raises */
PyObject *py_wrap_owned(CxVal v);                    /* the same; takes the reference, also on failure */
bool py_array_spare(PyVal *o);                       /* keeps the memory of a dying ArrayImpl; false: free it */
CxVal py_val(PyObject *o);                           /* an array-like in the current scope; NULL with an exception or pending error */
CxVal py_arg(PyObject *o, const char *function, int position); /* the same; the error names function and position */
CxVal py_try_val(PyObject *o);                       /* NULL without any error if o is not array-like */
CxVal py_val_nested(PyObject *o);                    /* also nested sequences, as jnp.asarray takes them */
CxVal py_val_nested_as(PyObject *o, CxDtype dtype);  /* the same, of this dtype (not weak) unless CX_NO_DTYPE */
CxVal py_concrete(CxVal v);                          /* the array behind a value known now, also under grad; NULL if none */
CxVal py_from_buffer(PyObject *o, CxDtype dtype);    /* copies a buffer whose elements are of this dtype, then canonicalises */
char *py_type_text(const CxType *t, char *buf, size_t n); /* "float32[2,3]"; returns buf */
PyThreadState *py_unlock(int64_t work);              /* releases the GIL around `work` element operations if that pays */
PyThreadState *py_unlock2(int64_t work, CxVal x, CxVal y); /* the same, and keeps x and y in the current scope */
void py_lock(PyThreadState *s);                      /* s may be NULL */
void py_where_install(void);                         /* for each thread, cheap: lets equations know the user's line */

/* dtype.c */
bool py_dtype(PyObject *o, CxDtype *out);            /* anything that names a dtype; canonicalised to the x64 mode */
bool py_dtype_exact(PyObject *o, CxDtype *out);      /* the same, not canonicalised */
PyObject *py_dtype_object(CxDtype d);                /* new reference: a numpy dtype, or a key type */
PyObject *py_numpy(bool import);                     /* borrowed; without import NULL (and no exception) unless loaded */
PyObject *py_numpy_type(const char *name);           /* borrowed "ndarray" or "generic"; NULL without exception if numpy is not loaded */
PyObject *py_ml_dtypes(void);                        /* borrowed, imported; NULL with an exception */

/* Each adds its types and functions to the module; false with an exception. */
bool py_errors_register(PyObject *m);
CxDtype py_scalar_class_dtype(PyObject *o);          /* of jax.numpy.float32 and its kin; CX_NO_DTYPE for anything else */
bool py_scalars_register(PyObject *m);
bool py_dtype_register(PyObject *m);
bool py_construct_register(PyObject *m);
bool py_methods_register(void);                      /* after the API: arrays' methods that are library functions */
bool py_array_register(PyObject *m);
bool py_at_register(PyObject *m) __attribute__((weak));
bool py_api_register(PyObject *m) __attribute__((weak));
bool py_transform_register(PyObject *m) __attribute__((weak));
int py_tree_register(PyObject *module) __attribute__((weak));

#endif
