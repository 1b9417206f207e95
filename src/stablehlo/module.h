/* A StableHLO module as it is read, before it becomes a graph: operations with named attributes and regions. Text and bytecode give the
 * same tree: names are those of StableHLO without dialect ("add", "func", "return"), other dialects keep theirs ("chlo.erf", "sdy.mesh").
 * Everything lives in the module's arena. Nothing here is verified beyond its memory: importing decides what the tree means. */
#ifndef STABLEHLO_MODULE_H
#define STABLEHLO_MODULE_H

#include "base/arena.h"
#include "base/vec.h"
#include <cuirax/type.h>

typedef struct HloType HloType;
typedef struct HloAttr HloAttr;
typedef uint32_t HloId; /* a value: index into HloModule.types */

typedef enum HloTypeKind {
  HLO_TENSOR,   /* ranked; `tensor` is set when its extents are static and its dtype is known here */
  HLO_SCALAR,   /* an element type on its own */
  HLO_TOKEN,
  HLO_TUPLE,    /* of[n] */
  HLO_FUNCTION, /* of[n] operands, then of[n + m] results */
  HLO_FOREIGN   /* anything else: text says what */
} HloTypeKind;

struct HloType {
  HloTypeKind kind;
  CxDtype dtype;        /* tensors and scalars; CX_NO_DTYPE: text says what */
  const CxType *tensor;
  int32_t rank;         /* -1: unranked */
  const int64_t *dims;  /* negative: dynamic */
  uint32_t n, m;
  const HloType *const *of;
  const char *text;
};

typedef struct HloNamed {
  const char *name;
  const HloAttr *value;
} HloNamed;

typedef enum HloAttrKind {
  HLO_UNIT,
  HLO_BOOL,   /* i */
  HLO_INT,    /* i, of type */
  HLO_FLOAT,  /* f, of type */
  HLO_STRING, /* s[n] */
  HLO_SYMBOL, /* s[n]: a function's name */
  HLO_ENUM,   /* s[n]: "EQ", "DEFAULT" */
  HLO_TYPE,   /* type */
  HLO_ARRAY,  /* items[n] */
  HLO_DICT,   /* named[n]; also structures such as gather's dimension numbers */
  HLO_DENSE,  /* bytes s[n] of the tensor `type`: little-endian elements, or one when splat; bool elements are bits when packed */
  HLO_OTHER   /* not understood, which matters only where it is used */
} HloAttrKind;

struct HloAttr {
  HloAttrKind kind;
  bool splat, packed;
  uint32_t n;
  const HloType *type;
  union {
    int64_t i;
    double f;
    const char *s;
    const HloAttr *const *items;
    const HloNamed *named;
  };
};

typedef struct HloOp HloOp;

typedef struct HloRegion { /* of one block, or of none */
  bool has_block;
  uint32_t nargs, nops;
  HloId args;       /* consecutive */
  HloId first, end; /* all values defined within, also in regions of its operations, and no others */
  const HloOp *ops;
} HloRegion;

struct HloOp {
  const char *name;
  uint32_t nin, nout, nattrs, nregions;
  const HloId *in;
  HloId out; /* results are consecutive */
  uint32_t place; /* line of text, or the operation's number in bytecode */
  const HloNamed *attrs;
  const HloRegion *regions;
};

typedef struct HloModule {
  CxArena arena;
  bool is_text;                  /* what `place` means */
  VEC(const HloType *) types;    /* by value */
  HloRegion body;                /* the module's own operations */
} HloModule;

enum { HLO_DEPTH_MAX = 100 }; /* of regions, attributes and types within each other */

HloModule *module_new(bool is_text);
void module_free(HloModule *m); /* NULL is allowed */

HloModule *bytecode_read(const void *bytes, size_t n); /* NULL with CX_ERR_PARSE */
HloModule *module_text_read(const char *text, size_t n); /* NULL with CX_ERR_PARSE */

/* The attribute, also when it is a member of a structure among the attributes; NULL. */
const HloAttr *op_attr(const HloOp *op, const char *name);
const HloAttr *named_find(const HloNamed *named, uint32_t n, const char *name);

/* Types, made in the module's arena; NULL with an error. A shape that cannot be (too many elements) has no `tensor`. */
const HloType *hlo_type(HloModule *m, HloTypeKind kind, CxDtype dtype, const char *text);
const HloType *hlo_tensor(HloModule *m, const HloType *element, int rank, const int64_t *dims);
const HloType *hlo_complex(HloModule *m, const HloType *part);

size_t hlo_dense_bytes(const HloAttr *a);                          /* of one element as stored in the attribute; 0: bits */
int64_t hlo_dense_int(const HloAttr *a, int64_t i);                /* element i of integers or bools */
bool hlo_dense_copy(const HloAttr *a, int64_t from, int64_t n, void *to); /* elements as arrays store them */

#endif
