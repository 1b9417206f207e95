/* Exceptions: the classes of jax.errors, and the way from the core's pending error to a Python exception. */
#include "python/py.h"

#include <string.h>

/* In order of creation: a base stands before its subclasses. */
static const struct {
  const char *name, *base, *doc;
} rows[] = {
    {"JAXTypeError", "TypeError", "A TypeError raised by a transformation or an operation."},
    {"JAXIndexError", "IndexError", "An IndexError raised by indexing."},
    {"ConcretizationTypeError", "JAXTypeError", "A concrete value was needed where only a traced one is known."},
    {"NonConcreteBooleanIndexError", "JAXIndexError", "A traced boolean array cannot index: the size of the result would depend on its values."},
    {"TracerArrayConversionError", "JAXTypeError", "A traced value cannot become a NumPy array."},
    {"TracerIntegerConversionError", "JAXTypeError", "A traced value cannot become a Python integer."},
    {"TracerBoolConversionError", "ConcretizationTypeError", "A traced value cannot decide a Python condition."},
    {"UnexpectedTracerError", "JAXTypeError", "A traced value was used outside of the function that was traced."},
    {"KeyReuseError", "JAXTypeError", "A random key was used twice."},
    {"JaxprTypeError", "TypeError", "A jaxpr does not type-check."},
    {"InconclusiveDimensionOperation", "Exception", "A comparison of symbolic dimensions has no definite answer."},
    {"JaxRuntimeError", "RuntimeError", "An error while a computation ran."},
    {"TypePromotionError", "ValueError", "Dtypes have no common dtype that holds both."},
    {"ParseError", "ValueError", "The text of a program is malformed."},
    {"VerifyError", "ValueError", "A program is not well-formed."},
    {"InternalError", "RuntimeError", "A fault in Cuirax itself."},
    {"CallbackError", "RuntimeError", "A host callback failed."},
};
enum { ROWS = sizeof rows / sizeof *rows };
static PyObject *made[ROWS];
static PyObject *classes[CX_ERR_COUNT]; /* borrowed */

static PyObject *class_named(const char *name) { /* borrowed; NULL without an exception */
  for (int i = 0; i < ROWS; i++)
    if (!strcmp(rows[i].name, name)) return made[i];
  return PyDict_GetItemString(PyEval_GetBuiltins(), name);
}

static bool class_make(int i) {
  char full[96];
  snprintf(full, sizeof full, "jax.errors.%s", rows[i].name);
  made[i] = PyErr_NewExceptionWithDoc(full, rows[i].doc, class_named(rows[i].base), NULL);
  return made[i] != NULL;
}

bool py_errors_register(PyObject *m) {
  for (int i = 0; i < ROWS; i++)
    if ((!made[i] && !class_make(i)) || PyModule_AddObjectRef(m, rows[i].name, made[i]) < 0) return false;
  for (int i = 1; i < CX_ERR_COUNT; i++) classes[i] = class_named(cx_error_name((CxErr)i));
  return true;
}

PyObject *py_error_class(CxErr code) {
  PyObject *c = (unsigned)code < CX_ERR_COUNT ? classes[code] : NULL;
  return c ? c : PyExc_RuntimeError;
}

PyObject *py_raise(void) {
  CxError e;
  CxErr code = cx_error_take(&e);
  if (PyErr_Occurred()) return NULL;
  if (code == CX_OK) PyErr_SetString(PyExc_SystemError, "a value is missing, but no error was recorded");
  else if (code == CX_ERR_MEMORY) PyErr_NoMemory();
  else PyErr_SetString(py_error_class(code), e.text);
  return NULL;
}

bool py_keep_exception(void) { return cx_fail(CX_ERR_CALLBACK, "a Python exception is pending"); }
