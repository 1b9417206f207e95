/* Values: arrays and tracers behind one handle.
 * A CxVal is a counted node. Functions return handles owned by the innermost open CxScope of the thread and freed when that scope
 * closes; cx_retain keeps one longer. NULL is poison: given to any builder it gives poison back (see error.h). */
#ifndef CUIRAX_VALUE_H
#define CUIRAX_VALUE_H

#include <cuirax/error.h>
#include <cuirax/type.h>

typedef struct CxNode *CxVal;

typedef struct CxScope {
  struct CxScope *up;
  CxVal *vals;
  uint32_t n, cap;
  CxVal inline_vals[32];
} CxScope;

void cx_scope_open(CxScope *s);
void cx_scope_close(CxScope *s);

CxVal cx_retain(CxVal v);                /* NULL is allowed */
void cx_release(CxVal v);                /* NULL is allowed */
CxVal cx_keep(CxVal owned);              /* gives an owned reference to the innermost scope; returns it */

/* A new array holding a copy of `data` (dense, row-major, cx_dtype_bytes each). data may be NULL: zeroed. */
CxVal cx_array(CxDtype dtype, int rank, const int64_t *dims, const void *data);
/* An array over memory of the caller, who keeps it until `release(owner)` is called. Memory must be dense and 1-byte addressable. */
CxVal cx_array_foreign(CxDtype dtype, int rank, const int64_t *dims, void *data, void (*release)(void *), void *owner);
CxVal cx_scalar(CxDtype dtype, double value);      /* strong type */
CxVal cx_scalar_i64(CxDtype dtype, int64_t value); /* exact for 64-bit integers */
CxVal cx_weak_scalar(CxDtype dtype, double value);

const CxType *cx_type_of(CxVal v); /* NULL for poison */
bool cx_is_array(CxVal v);         /* concrete: false for tracers and poison */
const void *cx_data(CxVal v);      /* elements of an array; NULL with an error for a tracer */
double cx_to_double(CxVal v);      /* the one element of an array of size 1 */
int64_t cx_to_int(CxVal v);

/* A growable list of borrowed handles; retain what must outlive the scope. */
typedef struct CxVals {
  CxVal *v;
  uint32_t n, cap;
  bool several; /* of results: even one is a tuple */
} CxVals;
bool cx_vals_push(CxVals *list, CxVal v);
void cx_vals_free(CxVals *list); /* frees the list, not the values */

#endif
