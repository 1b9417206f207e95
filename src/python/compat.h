/* Python.h, and what differs between CPython 3.11, 3.12, 3.13 and their free-threaded builds. */
#ifndef PYTHON_COMPAT_H
#define PYTHON_COMPAT_H

#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>
#include <stdint.h>

#define PY_SLOT(function) ((void *)(uintptr_t)(function))                     /* for a PyType_Slot */
#define PY_FAST(function) ((PyCFunction)(void (*)(void))(uintptr_t)(function)) /* for a PyMethodDef */

#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

#if PY_VERSION_HEX < 0x030D0000
/* New references where the older calls borrow. */
static inline PyObject *PyList_GetItemRef(PyObject *list, Py_ssize_t i) {
  return Py_XNewRef(PyList_GetItem(list, i));
}

static inline int PyDict_GetItemRef(PyObject *dict, PyObject *key, PyObject **value) {
  *value = Py_XNewRef(PyDict_GetItemWithError(dict, key));
  return *value ? 1 : PyErr_Occurred() ? -1 : 0;
}

/* 1 and the attribute, 0 and NULL where there is none, -1 on another error. */
static inline int PyObject_GetOptionalAttr(PyObject *o, PyObject *name, PyObject **value) {
  *value = PyObject_GetAttr(o, name);
  if (*value) return 1;
  if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return -1;
  PyErr_Clear();
  return 0;
}

static inline int PyObject_GetOptionalAttrString(PyObject *o, const char *name, PyObject **value) {
  *value = PyObject_GetAttrString(o, name);
  if (*value) return 1;
  if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return -1;
  PyErr_Clear();
  return 0;
}
#endif

#if PY_VERSION_HEX < 0x030C0000
/* The pending exception as one normalized object with its traceback; and back. */
static inline PyObject *PyErr_GetRaisedException(void) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (!type) return NULL;
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback) PyException_SetTraceback(value, traceback);
  Py_XDECREF(traceback);
  Py_DECREF(type);
  return value;
}

static inline void PyErr_SetRaisedException(PyObject *e) {
  PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(e)), e, PyException_GetTraceback(e));
}
#endif

/* Does the GIL guard static data? */
#ifdef Py_GIL_DISABLED
#define PY_TREE_HAS_GIL 0
#else
#define PY_TREE_HAS_GIL 1
#endif

#endif
