/* What a kernel sees of an array: memory, dtype, extents and strides. Kernels trust views (the ops' type rules and
 * the executor have checked them) and never allocate results. */
#ifndef IR_VIEW_H
#define IR_VIEW_H

#include <cuirax/dtype.h>
#include <stdint.h>

typedef struct CxView {
  void *data;
  CxDtype dtype;
  int rank;
  const int64_t *dims;    /* [rank] */
  const int64_t *strides; /* [rank], in elements; 0 broadcasts; NULL means dense row-major */
} CxView;

#endif
