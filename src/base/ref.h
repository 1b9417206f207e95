/* A reference count with a destructor: the first member of graphs, functions and other shared objects. */
#ifndef BASE_REF_H
#define BASE_REF_H

#include <stdatomic.h>
#include <stddef.h>

typedef struct CxRef CxRef;
struct CxRef {
  atomic_int count;
  void (*drop)(CxRef *self); /* called once, when the count reaches 0 */
};

static inline void ref_init(CxRef *r, void (*drop)(CxRef *)) {
  atomic_init(&r->count, 1);
  r->drop = drop;
}
static inline void *ref_retain(void *p) {
  if (p) atomic_fetch_add_explicit(&((CxRef *)p)->count, 1, memory_order_relaxed);
  return p;
}
static inline void ref_release(void *p) {
  CxRef *r = p;
  if (r && atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) == 1) r->drop(r);
}

#endif
