/* Binding Python arguments to library functions from the signature table (build/gen/api_table.c, made by scripts/gen_api.py). */
#ifndef PYTHON_BIND_H
#define PYTHON_BIND_H

#include "python/py.h"
#include <structmember.h>
#include <cuirax/library.h>

typedef enum PyKind {
  PY_KIND_VAL,    /* array-like; None where it is the default */
  PY_KIND_CHOICE, /* array-like, or a string */
  PY_KIND_VALS,   /* a sequence of array-likes, or the rest of the positional arguments */
  PY_KIND_NUM,    /* a concrete number, as exact as it was given */
  PY_KIND_LIKE,   /* the type of an array-like, or of anything with a shape and a dtype */
  PY_KIND_NESTED, /* array-like or nested sequences */
  PY_KIND_SEED,   /* array-like; a Python int may have 64 bits, of which those that fit are kept */
  PY_KIND_WORD,   /* array-like as uint32; a Python int must fit */
  PY_KIND_AXES,   /* None, an int or a sequence of ints */
  PY_KIND_DIMS,   /* a sequence of ints */
  PY_KIND_INTS,   /* an int or a sequence of ints */
  PY_KIND_SHAPE,  /* the same, with JAX's messages for shapes */
  PY_KIND_SECTIONS, /* a number (n is -1) or a sequence of ints */
  PY_KIND_INT,
  PY_KIND_OPTINT, /* an int or None */
  PY_KIND_FLOAT,
  PY_KIND_BOOL,
  PY_KIND_STR,
  PY_KIND_IMPL, /* a string or a dtype of random keys: the name */
  PY_KIND_DTYPE,
  PY_KIND_NONE, /* accepted only as None: not supported, as in JAX */
  PY_KIND_PRECISION, /* from here to ORD: kinds.c */
  PY_KIND_ROUNDING,
  PY_KIND_DOTDIMS,
  PY_KIND_GATHERDIMS,
  PY_KIND_SCATTERDIMS,
  PY_KIND_INDEXMODE,
  PY_KIND_GATHERMODE,
  PY_KIND_CONVDIMS,
  PY_KIND_PADS,
  PY_KIND_NAMES,
  PY_KIND_ORD,
  PY_KIND_OBJ,  /* accepted and ignored (precision, out_sharding, … at their defaults' meaning) */
} PyKind;

enum { PY_PARAM_STAR = 1, PY_PARAM_KW_ONLY = 2, PY_PARAM_OPTIONAL = 4 };

typedef union PyArg {
  CxVal val;
  CxVals vals;
  CxNum num;
  const CxType *like;
  CxInts ints;
  CxOptInt opt;
  int64_t i;
  double f;
  bool b;
  const char *s;
  CxDtype dtype;
  CxPrecision precision;
  int rounding;
  CxDotDims dot;
  CxGatherDims gather;
  CxScatterDims scatter;
  CxIndexMode mode;
  CxConvDims conv;
  CxPads pads;
  CxNames names;
  CxChoice choice;
  CxOrd ord;
} PyArg;

typedef struct PyParam {
  const char *name;
  PyKind kind;
  unsigned flags;
  PyArg fallback;
} PyParam;

typedef enum PyResultKind { PY_RESULT_VAL, PY_RESULT_VALS, PY_RESULT_LIST, PY_RESULT_SOME, PY_RESULT_SOMELIST, PY_RESULT_INT, PY_RESULT_BOOL, PY_RESULT_DTYPE, PY_RESULT_SHAPE, PY_RESULT_STR } PyResultKind;

typedef union PyResult {
  CxVal val;
  CxVals vals;
  CxInts ints;
  int64_t i;
  bool b;
  const char *s;
  CxDtype dtype;
} PyResult;

typedef struct PyApi {
  const char *module, *name;
  const PyParam *params;
  int n, pos_only;
  PyResultKind result;
  bool (*call)(const PyArg *a, PyResult *r);
  const char *signature, *doc;
} PyApi;

typedef struct PyAlias {
  const char *module, *name, *of_module, *of_name;
} PyAlias;

/* The arguments of lax's own kinds. memory(owner, bytes) is where lists go: it lives as long as the call. */
typedef struct PyMemory {
  void *(*get)(void *owner, size_t bytes);
  void *owner;
} PyMemory;
bool py_kind(PyKind kind, PyObject *o, PyMemory memory, PyArg *out);

extern const PyApi py_api[];
extern const PyAlias py_aliases[];

/* The Python function object of a library function: borrowed; NULL without exception if there is none. */
PyObject *py_api_function(const char *module, const char *name);

#endif
