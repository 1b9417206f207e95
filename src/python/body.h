/* A Python callable staged on operands of given types: the bodies of loops, branches and reductions. */
#ifndef PYTHON_BODY_H
#define PYTHON_BODY_H

#include "python/transform.h"

/* fun as one positional argument per tree (a tree may be NULL: skipped) */
typedef struct PyBody {
  PyCall *call; /* owned by fn */
  CxFn *fn;
  CxGraph *graph;
  CxVals captured;
} PyBody;

bool py_body_open(PyBody *b, PyObject *fun, CxTree *const *trees, Py_ssize_t n);
bool py_body_stage(PyBody *b, const CxType *const *types, uint32_t n);
void py_body_close(PyBody *b);

#endif
