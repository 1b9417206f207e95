/* Configuration flags: those the core reads live in C (CxConfig), per process with overrides of a thread. */
#include "python/transform.h"

#include "base/error.h"
#include "op/random.h"
#include "random/sample.h"
#include "kernels/blas.h"
#include <stdio.h>
#include <unistd.h>

static const struct {
  const char *name;
  size_t offset; /* in CxConfig */
} settings[] = {{"jax_enable_x64", offsetof(CxConfig, x64)},
                {"jax_disable_jit", offsetof(CxConfig, disable_jit)},
                {"jax_debug_nans", offsetof(CxConfig, debug_nans)},
                {"jax_debug_infs", offsetof(CxConfig, debug_infs)},
                {"jax_check_tracer_leaks", offsetof(CxConfig, checking_leaks)},
                {"jax_log_compiles", offsetof(CxConfig, log_compiles)},
                {"jax_numpy_rank_promotion", offsetof(CxConfig, rank_promotion)},
                {"jax_numpy_dtype_promotion", offsetof(CxConfig, strict_dtypes)}};

static int8_t *setting_place(const char *name, CxConfig *in) {
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    if (!strcmp(settings[i].name, name)) return (int8_t *)in + settings[i].offset;
  PyErr_Format(PyExc_AttributeError, "no core flag %s", name);
  return NULL;
}

/* config_set(name, value, thread): of the process, or of this thread, where None ends it. Returns what was set there before. */
static PyObject *config_set(PyObject *m, PyObject *args) {
  const char *name;
  PyObject *value;
  int thread;
  (void)m;
  if (!PyArg_ParseTuple(args, "sOp", &name, &value, &thread)) return NULL;
  int8_t *place = setting_place(name, thread ? &cx_thread.own : &cx_config);
  long to = value == Py_None ? -1 : PyLong_AsLong(value);
  if (!place || PyErr_Occurred()) return NULL;
  int8_t was = *place;
  *place = (int8_t)to;
  if (!strncmp(name, "jax_debug", 9) && to > 0) trace_debug_changed();
  return was < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(was);
}

static PyObject *config_get(PyObject *m, PyObject *name) {
  (void)m;
  const char *s = PyUnicode_AsUTF8(name);
  int8_t *own = s ? setting_place(s, &cx_thread.own) : NULL;
  return own ? PyLong_FromLong(*own >= 0 ? *own : *setting_place(s, &cx_config)) : NULL;
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

static PyMethodDef config_methods[] = {{"trace_suspend", trace_suspend, METH_NOARGS, NULL},
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
