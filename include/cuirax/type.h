/* Types of values: interned, so that equality is pointer equality. A type lives as long as the process.
 * Extents are constants >= 0 today; negative values are reserved for interned symbolic expressions. */
#ifndef CUIRAX_TYPE_H
#define CUIRAX_TYPE_H

#include <cuirax/dtype.h>
#include <stddef.h>

#define CX_MAX_RANK 64

typedef struct CxType {
  CxDtype dtype;
  bool weak; /* JAX's weak type: gives way in promotion (a Python scalar) */
  int32_t rank;
  int64_t size; /* number of elements */
  uint64_t hash;
  int64_t dims[];
} CxType;

/* The type with these extents, or NULL with an error (rank > CX_MAX_RANK, negative extent, more than 2^62 elements). */
const CxType *cx_type(CxDtype dtype, int rank, const int64_t *dims, bool weak);
const CxType *cx_type_scalar(CxDtype dtype, bool weak);
const CxType *cx_type_with_dtype(const CxType *t, CxDtype dtype, bool weak); /* same extents */
bool cx_type_same_dims(const CxType *a, const CxType *b);
/* "f32[2,3]", a weak type as "f32[2,3]{weak}" if asked. Returns buf. */
char *cx_type_text(const CxType *t, char *buf, size_t n);

#endif
