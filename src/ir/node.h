/* The node behind a CxVal, and its memory. Arrays are dense and row-major; tracers carry what their trace needs. */
#ifndef IR_NODE_H
#define IR_NODE_H

#include "base/ref.h"
#include "ir/op.h"
#include "ir/view.h"

/* Memory of arrays: counted, 64-byte aligned and padded to 64 bytes when ours. Small sizes come from a per-thread free list. */
typedef struct CxBuffer {
  atomic_int count;
  uint32_t class_; /* size class + 1 of pooled memory; 0: foreign or large */
  size_t bytes;
  void *data;
  void (*release)(void *owner); /* foreign memory */
  void *owner;
} CxBuffer;

CxBuffer *buffer_new(size_t bytes); /* not cleared */
CxBuffer *buffer_foreign(void *data, size_t bytes, void (*release)(void *), void *owner);
void buffer_retain(CxBuffer *b);
void buffer_release(CxBuffer *b);

struct CxNode {
  atomic_int count;
  bool literal;        /* an array made from a Python scalar: prints inline in graphs */
  const CxType *type;
  CxTrace *trace;      /* NULL: a concrete array. Retained. */
  union {
    struct { CxBuffer *buffer; char *data; } array;
    struct { uint32_t var; const void *where; } stage;
    struct { CxVal primal, tangent; } jvp;
    struct { CxVal value; int axis; } batch;
    CxVal inner[2];
  };
};

CxVal node_new(const CxType *type, CxTrace *trace); /* count 1; payload zero; retains the trace */
CxVal node_array(const CxType *type);                          /* fresh memory, not cleared; count 1 */
CxVal node_array_sharing(const CxType *type, CxVal of, size_t byte_offset); /* same memory, other type; count 1 */
CxVal node_as(CxVal owned, const CxType *type); /* an array as one of a type that may differ in weakness; takes the reference */
bool node_is_sole_owner(CxVal v);                              /* nobody else can see its memory change */
static inline bool node_is_array(CxVal v) { return v && !v->trace; }
static inline size_t type_bytes(const CxType *t) { return (size_t)t->size * (size_t)cx_dtype_bytes(t->dtype); }
static inline CxView node_view(CxVal v) {
  return (CxView){v->array.data, v->type->dtype, v->type->rank, v->type->dims, NULL};
}

/* How each kind of trace frees its payload: set by trace/ at start, so that ir/ need not know the kinds. */
extern void (*node_drop_payload)(CxVal v);

#endif
