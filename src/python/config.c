/* Configuration flags: those the core reads live in C (x64, disable_jit, debug_nans, debug_infs), per process with thread overrides. */
#include "python/transform.h"

#include "base/error.h"
#include "op/random.h"
#include "random/sample.h"
#include "kernels/blas.h"
#include <stdio.h>
#include <unistd.h>

static const struct {
  const char *name;
  int8_t offset; /* in CxThread; -1: x64 */
} flags[] = {{"jax_enable_x64", -1},
             {"jax_disable_jit", offsetof(CxThread, disable_jit)},
             {"jax_debug_nans", offsetof(CxThread, debug_nans)},
             {"jax_debug_infs", offsetof(CxThread, debug_infs)},
             {"jax_check_tracer_leaks", offsetof(CxThread, checking_leaks)}};

static int8_t *flag_place(const char *name, bool thread) {
  static int8_t x64; /* only so that every flag has a place: see get and set */
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (!strcmp(flags[i].name, name)) return flags[i].offset >= 0 ? (int8_t *)&cx_thread + flags[i].offset : thread ? &cx_thread.x64 : &x64;
  return NULL;
}

/* config_set(name, value, thread): value None ends a thread override of x64. Returns the previous thread value (None: not overridden). */
static PyObject *config_set(PyObject *m, PyObject *args) {
  const char *name;
  PyObject *value;
  int thread;
  (void)m;
  if (!PyArg_ParseTuple(args, "sOp", &name, &value, &thread)) return NULL;
  int8_t *place = flag_place(name, thread);
  if (!place) return PyErr_Format(PyExc_AttributeError, "no core flag %s", name);
  int on = value == Py_None ? -1 : PyObject_IsTrue(value);
  bool x64 = !strcmp(name, "jax_enable_x64");
  if (x64 && !thread) {
    config_x64_default = on > 0;
    Py_RETURN_NONE;
  }
  int8_t was = *place;
  *place = (int8_t)(x64 ? on : on > 0);
  if (!strncmp(name, "jax_debug", 9) && on > 0) trace_debug_changed();
  if (x64 && was < 0) Py_RETURN_NONE;
  return PyBool_FromLong(was);
}

static PyObject *config_get(PyObject *m, PyObject *name) {
  (void)m;
  const char *s = PyUnicode_AsUTF8(name);
  if (!s) return NULL;
  if (!strcmp(s, "jax_enable_x64")) return PyBool_FromLong(config_x64());
  int8_t *place = flag_place(s, true);
  if (!place) return PyErr_Format(PyExc_AttributeError, "no core flag %s", s);
  return PyBool_FromLong(*place);
}

/* The name stack of jax.named_scope: names joined by '/', interned strings owned by a Python tuple of the thread's making. */
static PyObject *name_stack_push(PyObject *m, PyObject *name) {
  (void)m;
  const char *was = cx_thread.name_stack;
  PyObject *joined = was ? PyUnicode_FromFormat("%s/%U", was, name) : PyObject_Str(name);
  if (!joined) return NULL;
  PyUnicode_InternInPlace(&joined); /* kept for the process, so the pointer stays valid */
  cx_thread.name_stack = PyUnicode_AsUTF8(joined);
  return was ? PyUnicode_FromString(was) : Py_NewRef(Py_None);
}

static PyObject *name_stack_restore(PyObject *m, PyObject *was) {
  (void)m;
  if (was == Py_None) {
    cx_thread.name_stack = NULL;
    Py_RETURN_NONE;
  }
  PyObject *s = Py_NewRef(was);
  PyUnicode_InternInPlace(&s);
  cx_thread.name_stack = PyUnicode_AsUTF8(s);
  Py_RETURN_NONE;
}

/* config_choose(name, index): a flag with named values */
static PyObject *config_choose(PyObject *m, PyObject *args) {
  const char *name;
  int index;
  (void)m;
  if (!PyArg_ParseTuple(args, "si", &name, &index)) return NULL;
  if (!strcmp(name, "jax_numpy_rank_promotion")) cx_thread.rank_promotion = (int8_t)index;
  else if (!strcmp(name, "jax_numpy_dtype_promotion")) cx_thread.strict_dtypes = (int8_t)index;
  else if (!strcmp(name, "jax_log_compiles")) cx_thread.log_compiles = (int8_t)index;
  else return PyErr_Format(PyExc_AttributeError, "no core flag %s", name);
  Py_RETURN_NONE;
}

/* trace_suspend() -> a token: operations run at once until trace_resume(token). */
static void suspended_drop(PyObject *capsule) { ref_release(PyCapsule_GetPointer(capsule, "trace")); }
static PyObject *trace_suspend(PyObject *m, PyObject *unused) {
  (void)m, (void)unused;
  CxTrace *was = trace_enter(NULL);
  if (!was) Py_RETURN_NONE;
  PyObject *token = PyCapsule_New(ref_retain(was), "trace", suspended_drop);
  if (!token) trace_leave(was), ref_release(was);
  return token;
}
static PyObject *trace_resume(PyObject *m, PyObject *token) {
  (void)m;
  CxTrace *t = token == Py_None ? NULL : PyCapsule_GetPointer(token, "trace");
  if (!t && token != Py_None) return NULL;
  if (t && !t->alive) return PyErr_SetString(PyExc_RuntimeError, "the trace has ended"), NULL;
  trace_leave(t);
  Py_RETURN_NONE;
}

/* prng_config(impl, partitionable): the algorithm of keys made without one, and which bits Threefry gives. */
static PyObject *prng_config(PyObject *m, PyObject *args) {
  const char *impl;
  int partitionable;
  (void)m;
  if (!PyArg_ParseTuple(args, "sp", &impl, &partitionable)) return NULL;
  if (!random_set_default(impl)) return py_raise();
  random_partitionable = partitionable;
  Py_RETURN_NONE;
}

static PyMethodDef config_methods[] = {{"config_choose", config_choose, METH_VARARGS, "config_choose(name, index): sets a flag with named values."},
                                       {"trace_suspend", trace_suspend, METH_NOARGS, NULL},
                                       {"trace_resume", trace_resume, METH_O, NULL},
                                       {"prng_config", prng_config, METH_VARARGS, "prng_config(impl, partitionable): how random keys work."},
                                       {"config_set", config_set, METH_VARARGS, "config_set(name, value, thread): sets a core flag."},
                                       {"config_get", config_get, METH_O, "config_get(name): a core flag."},
                                       {"name_stack", name_stack_push, METH_O, NULL},
                                       {"name_stack_restore", name_stack_restore, METH_O, NULL},
                                       {0}};


/* The BLAS of the scipy-openblas32 package, if it lies on sys.path: only looked for here, loaded at the first large product. */
static bool blas_register(void) {
  PyObject *path = PySys_GetObject("path"); /* borrowed */
  for (Py_ssize_t i = 0; path && PyList_Check(path) && i < PyList_GET_SIZE(path); i++) {
    PyObject *dir = PyList_GET_ITEM(path, i);
    const char *s = PyUnicode_Check(dir) ? PyUnicode_AsUTF8(dir) : NULL;
    char file[4096];
    if (!s || !*s) {
      PyErr_Clear();
      continue;
    }
    int n = snprintf(file, sizeof file, "%s/scipy_openblas32/lib/libscipy_openblas.so", s);
    if (n > 0 && (size_t)n < sizeof file && access(file, R_OK) == 0) return cx_blas_set_path(file), true;
  }
  return true;
}

bool py_config_register(PyObject *m) { return (getenv("CUIRAX_BLAS") || blas_register()) && PyModule_AddFunctions(m, config_methods) == 0; }
