/* See leaks.h. The list of weak references is per process and needs the GIL; dead ones go when it has doubled. */
#include "python/leaks.h"

#include "base/alloc.h"

static PyObject *watched; /* list of weak references to tracers */
static Py_ssize_t watched_limit = 1024;

static PyObject *alive(PyObject *ref) { return PyWeakref_GetObject(ref); } /* borrowed; None if it is gone */

static void forget_dead(void) {
  PyObject *kept = PyList_New(0);
  for (Py_ssize_t i = 0; kept && i < PyList_GET_SIZE(watched); i++)
    if (alive(PyList_GET_ITEM(watched, i)) != Py_None && PyList_Append(kept, PyList_GET_ITEM(watched, i)) < 0) Py_CLEAR(kept);
  if (kept) Py_SETREF(watched, kept);
  watched_limit = 2 * PyList_GET_SIZE(watched) + 1024;
}

void py_watch_tracer(PyObject *tracer) {
  if (!watched) watched = PyList_New(0);
  PyObject *ref = watched ? PyWeakref_NewRef(tracer, NULL) : NULL;
  if (ref) PyList_Append(watched, ref);
  Py_XDECREF(ref);
  if (watched && PyList_GET_SIZE(watched) > watched_limit) forget_dead();
  PyErr_Clear(); /* a value that is not watched is only not named */
}

/* ---- who refers to a value ---- */

static PyObject *referrers(PyObject *o) {
  PyObject *gc = PyImport_ImportModule("gc"), *list = gc ? PyObject_CallMethod(gc, "get_referrers", "O", o) : NULL;
  Py_XDECREF(gc);
  return list;
}

/* The place of o in a container: "[3]", "['key']", or "". */
static PyObject *place_in(PyObject *container, PyObject *o) {
  if (PyList_Check(container) || PyTuple_Check(container)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(container); i++)
      if (PySequence_Fast_GET_ITEM(container, i) == o) return PyUnicode_FromFormat("[%zd]", i);
  } else if (PyDict_Check(container)) {
    Py_ssize_t at = 0;
    for (PyObject *key, *value; PyDict_Next(container, &at, &key, &value);)
      if (value == o) return PyUnicode_FromFormat("[%R]", key);
  }
  return PyUnicode_FromString("");
}

static void append(PyObject **text, PyObject *more) {
  if (*text && more) PyUnicode_Append(text, more);
  Py_XDECREF(more);
}

/* A line per container that holds o; of a module's names the name. `depth` levels upwards; not_this: our own list. */
static void append_referrers(PyObject **text, PyObject *o, const PyObject *not_this, int depth) {
  PyObject *list = depth ? referrers(o) : NULL;
  for (Py_ssize_t i = 0; list && i < PyList_GET_SIZE(list); i++) {
    PyObject *by = PyList_GET_ITEM(list, i);
    if (by == watched || by == not_this || PyFrame_Check(by) || PyWeakref_Check(by)) continue;
    PyObject *module = PyDict_Check(by) ? PyDict_GetItemString(by, "__name__") : NULL, *place = place_in(by, o);
    if (place && module) append(text, PyUnicode_FromFormat("<%s %p> is referred to by %S%S\n", Py_TYPE(o)->tp_name, (void *)o, module, place));
    else if (place) append(text, PyUnicode_FromFormat("<%s %p> is referred to by <%s %p>%S\n", Py_TYPE(o)->tp_name, (void *)o, Py_TYPE(by)->tp_name, (void *)by, place));
    Py_XDECREF(place);
    if (!module && (PyList_Check(by) || PyDict_Check(by))) append_referrers(text, by, list, depth - 1);
  }
  Py_XDECREF(list);
}

static PyObject *leaks_text(const CxTrace *t) {
  PyObject *text = PyUnicode_FromString("");
  for (Py_ssize_t i = 0; watched && text && i < PyList_GET_SIZE(watched); i++) {
    PyObject *o = alive(PyList_GET_ITEM(watched, i));
    if (o == Py_None || !((PyVal *)o)->v || ((PyVal *)o)->v->trace != t) continue;
    append(&text, PyUnicode_FromFormat("\n%R\n", o));
    append_referrers(&text, o, NULL, 2);
  }
  return text;
}

char *py_describe_leaks(const CxTrace *t) {
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *text = leaks_text(t);
  const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
  char *copy = s ? cx_strdup(s) : NULL;
  Py_XDECREF(text);
  PyErr_Clear();
  PyGILState_Release(gil);
  return copy;
}
