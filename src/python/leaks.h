/* jax_check_tracer_leaks: remembers the tracers handed to Python while the setting is on, to name those that outlive their trace. */
#ifndef PYTHON_LEAKS_H
#define PYTHON_LEAKS_H

#include "python/py.h"

void py_watch_tracer(PyObject *tracer);
char *py_describe_leaks(const CxTrace *t); /* trace_describe_leaks */

#endif
