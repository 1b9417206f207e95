/* Binding of fast-call arguments to a hand-written list of parameters, with the texts of Python's own errors. */
#ifndef PYTHON_ARGS_H
#define PYTHON_ARGS_H

#include <stdbool.h>

#include "python/compat.h"

/* f(required..., optional..., *, keyword_only...). */
typedef struct PyParams {
  const char *function;
  const char *const *names;
  int required, positional, total; /* the first `positional` may be given by place, and `required` of them must be */
  bool variadic;                   /* more positional arguments than `positional` are *rest */
} PyParams;

/* Fills `to` (`total` borrowed references, NULL where nothing was given). False with a TypeError. */
bool py_bind(const PyParams *p, PyObject *const *args, Py_ssize_t count, PyObject *names, PyObject **to);

#endif
