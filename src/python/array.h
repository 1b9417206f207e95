/* What the files of the Array type share. */
#ifndef PYTHON_ARRAY_H
#define PYTHON_ARRAY_H

#include "python/py.h"

CxVal py_self(PyObject *o);                   /* the handle of an Array or Tracer; NULL with a pending error if it was deleted */
PyObject *py_shape_tuple(const CxType *t);

#endif
