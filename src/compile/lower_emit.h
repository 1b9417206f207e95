/* What lower.c decides and lower_emit.c writes out. */
#ifndef COMPILE_LOWER_EMIT_H
#define COMPILE_LOWER_EMIT_H

#include "compile/lower.h"
#include "compile/view.h"

enum {
  SHAPE_RANK = LOOP_DEPTH - 2, /* axes of a domain without extents of 1; a row may take two loops for one axis */
  PHASES = 8,                  /* most sweeps over a row */
  MEMBERS = 4096,              /* most equations of a cluster */
  DEAR = 6,                    /* cost from which a value is kept rather than computed again in a later phase */
  LATEST = 256                 /* shapes whose latest cluster is remembered */
};

typedef struct Shape {
  int rank; /* > SHAPE_RANK: too many */
  int64_t dims[SHAPE_RANK], size;
  int axis[SHAPE_RANK]; /* of the type */
} Shape;

typedef enum VarKind { VAR_MEMORY, VAR_MEMBER, VAR_VIEW, VAR_IOTA } VarKind;

typedef struct Var {
  VarKind kind;
  uint32_t cluster;    /* that computes it; 0: there from the start */
  uint32_t last;       /* latest cluster that loads it */
  uint32_t eqn;        /* VIEW, IOTA */
  uint32_t member;     /* index in its cluster */
  IndexMap map;        /* VIEW, IOTA */
  const void *literal; /* a scalar constant's element */
  int phase;
  uint32_t cost;
  bool row;            /* one element per row of its cluster */
  bool stored;         /* wanted in memory */
  bool escapes;        /* by others than loops */
  bool kept;           /* needed in a later phase: kept in a scratch row */
  bool wanted_last;    /* a result of its region reads it after all clusters */
} Var;

typedef struct MemberOperand {
  CxVar root;
  bool external, row;
  bool iota;           /* the elements are the numbers of the map themselves */
  int64_t offset;
  const int64_t *step; /* [rank of the domain, or of the rows] */
} MemberOperand;

/* Where a dynamic slice starts: the sum of clamp(start[k], 0, most[k]) * scale[k]. */
typedef struct DynamicStart {
  uint32_t n;
  const CxVar *start;
  const int64_t *most, *scale;
} DynamicStart;

typedef struct Member {
  uint32_t eqn, nin;
  int phase;
  bool row, fold;
  MemberOperand *in;
  const DynamicStart *start; /* of a dynamic slice, else NULL */
} Member;

/* dynamic_update_slice, or a scatter of one window: out is x with update where the window starts. */
typedef struct Update {
  CxVar x, update;
  uint32_t starts;
  CxVar start[SHAPE_RANK];   /* the element `element[k]` of an array says where the window starts along axis axis[k] */
  int64_t element[SHAPE_RANK], most[SHAPE_RANK], scale[SHAPE_RANK];
  int window_rank;           /* axes of update and the steps that x takes along them */
  int64_t dims[SHAPE_RANK], x_step[SHAPE_RANK];
  bool drops;                /* a window out of bounds is left out; else it is moved inside */
  bool adds;
} Update;

struct Lowering;
typedef struct Cluster {
  bool call;        /* one equation by its kernel, or an alias */
  bool region;      /* scan, while or cond, whose graphs are loops too; or an update */
  const struct Update *update; /* a region's window that is overwritten, else NULL */
  uint32_t eqn;     /* call, region */
  struct Lowering *body, *condition; /* region: scan, while */
  struct Lowering **branches;        /* region: cond */
  uint32_t n_branches;
  CxVar alias, of;
  int rank, split, least_split, phases;
  int64_t dims[SHAPE_RANK], size;
  VEC(Member) members;
} Cluster;

typedef struct Lowering {
  const CxGraph *g;
  Lowered *out;
  CxArena arena;
  Var *var;
  VEC(Cluster) clusters; /* 0: none */
  uint32_t latest[LATEST];
  int depth;          /* regions around this one */
  bool impossible;    /* a region that cannot be loops alone */
  bool failed;
} Lowering;

/* Decides about a region; NULL when it cannot be loops alone (or memory is out: then parent->failed). */
Lowering *lower_region(Lowering *parent, const CxGraph *g);
void lowering_free(Lowering *l);

/* ---- writing out ---- */

/* Where a variable's elements are: dense from offset, which moves with the loops of the regions around. */
typedef struct Place {
  uint32_t buffer;
  int64_t offset, stride[LOOP_DEPTH];
} Place;

/* The latest load of a variable: the same one is not made twice in a sweep. */
typedef struct Loaded {
  uint32_t stamp;
  int64_t offset;
  const int64_t *step;
  LoopValue value;
} Loaded;

typedef struct Emit {
  Lowering *l;
  LoopProgram *p;
  const Cluster *c;
  int base;                    /* loops of the regions around */
  uint32_t *group;             /* program by cluster */
  LoopValue *value;            /* by variable, valid if its stamp is current */
  uint32_t *stamp, *kept, sweep_stamp, program;
  Place *place;                /* by variable, valid if place_stamp is the program */
  uint32_t *place_stamp;
  bool *owned;                 /* by variable: its memory is the region's to overwrite */
  uint32_t *global;            /* by variable: the program in which its one element is a value visible everywhere after */
  Loaded *loaded;              /* by root: its latest load */
  /* the loops of the cluster: `outer` of them, then those over a row's elements */
  int groups, outer, last[SHAPE_RANK]; /* last[k]: the innermost axis of loop k */
  int64_t extent[SHAPE_RANK];
  int64_t inner_base;          /* where the current sweep starts in a row */
  int64_t block;               /* elements per block, when the sweep is in blocks; else 0 */
  uint32_t *segment;           /* by member: long clusters are cut into several loops over a block; NULL: not cut */
  uint8_t *need;               /* by member: phases that compute it */
  LoopValue *accumulator;      /* by member */
  LoopValue *start;            /* by member: the OFFSET of a dynamic slice, 0 if it is always 0 */
  uint32_t (*partial)[2];      /* by member: scratch of partial results */
} Emit;

bool lower_emit(Lowering *l);
bool emit_open(Emit *e, Lowering *l);  /* fresh tables for l */
bool emit_clusters(Emit *e);           /* all clusters of a region into e->p */
bool emit_region(Emit *e, uint32_t at); /* lower_region.c */
uint32_t emit_scratch(Emit *e, CxDtype dtype, int64_t count);
const Place *emit_place(Emit *e, CxVar v);
LoopValue emit_element(Emit *e, CxVar v); /* the one element of a variable; lower_region.c */
bool emit_in_scratch(const Emit *e, CxVar v);

#endif
