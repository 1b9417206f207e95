/* The module cuirax._core: everything that Python sees of the core. */
#include "compile/executable.h"
#include "python/view.h"

#include "ir/graph.h"

/* Graphs may be freed by any thread, with or without the GIL. */
static void host_retain(const void *host) { Py_INCREF((PyObject *)(uintptr_t)host); }

static void host_release(const void *host) {
  if (!Py_IsInitialized()) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  Py_DECREF((PyObject *)(uintptr_t)host);
  PyGILState_Release(gil);
}

static bool register_all(PyObject *m) {
  return py_errors_register(m) && py_dtype_register(m) && py_array_register(m) && py_construct_register(m) &&
         (!py_at_register || py_at_register(m)) && (!py_tree_register || py_tree_register(m) == 0) &&
         (!py_api_register || py_api_register(m)) && py_methods_register() && (!py_transform_register || py_transform_register(m));
}

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT, .m_name = "cuirax._core", .m_doc = "The core of Cuirax.", .m_size = -1};

PyMODINIT_FUNC PyInit__core(void) {
  graph_host_retain = host_retain;
  graph_host_release = host_release;
  py_where_install();
  py_places_install();
  compile_install();
  PyObject *m = PyModule_Create(&core_module);
  if (m && !register_all(m)) Py_CLEAR(m);
  return m;
}
