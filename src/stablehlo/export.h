/* From a graph to a module tree, which a writer prints. Attributes have VHLO's names and are flat; lists of integers are dense attributes.
 * Ids start at 1; 0 is poison: an error is pending. Shared by export*.c. */
#ifndef STABLEHLO_EXPORT_H
#define STABLEHLO_EXPORT_H

#include "op/attrs.h"
#include "stablehlo/module.h"

typedef VEC(HloOp) HloOps;

typedef struct ExportFunction {
  const CxGraph *graph;
  const char *name;
} ExportFunction;

typedef struct Export {
  HloModule *module;
  HloOps *ops;                  /* of the block being made */
  HloOps functions;             /* finished */
  VEC(ExportFunction) known;
  uint32_t depth;
} Export;

typedef struct HloAttrs { /* attributes of an operation being made */
  HloNamed v[24];
  uint32_t n;
} HloAttrs;

/* One equation: operands in[e->nin], results to out[e->nout]. */
typedef bool ExportRule(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out);

HloModule *export_module(const CxGraph *g); /* with @main */

/* Making operations at the end of the block. */
HloId emit(Export *ex, const char *name, const CxType *type, uint32_t nin, const HloId *in, const HloAttrs *attrs_or_null);
#define EMIT(ex, name, type, ...) \
  emit(ex, name, type, sizeof((HloId[]){__VA_ARGS__}) / sizeof(HloId), (HloId[]){__VA_ARGS__}, NULL)
HloOp *emit_op(Export *ex, const char *name, uint32_t nout, const CxType *const *types, uint32_t nin, const HloId *in, const HloAttrs *attrs, HloId *out);
HloId emit_constant(Export *ex, const CxType *type, const void *elements, bool splat);
HloId emit_splat(Export *ex, const CxType *type, double value);
HloId emit_like(Export *ex, HloId x, double value); /* of x's type */
HloId emit_broadcast(Export *ex, HloId x, const CxType *type, const int64_t *where);
HloId emit_same_shape(Export *ex, HloId x, const CxType *like); /* scalars and extents of 1 spread to like's extents */
HloId emit_reshape(Export *ex, HloId x, int rank, const int64_t *dims);
HloId emit_compare(Export *ex, const char *direction, HloId x, HloId y, bool total);
HloId emit_convert(Export *ex, HloId x, CxDtype d);
const CxType *type_of_id(const Export *ex, HloId id);

/* Attributes. */
void put(HloAttrs *a, const char *name, const HloAttr *value);
const HloAttr *of_int(Export *ex, int64_t i);
const HloAttr *of_int32(Export *ex, int64_t i);
const HloAttr *of_bool(Export *ex, bool v);
const HloAttr *of_ints(Export *ex, int64_t n, const int64_t *v);
const HloAttr *of_pairs(Export *ex, int64_t n, const int64_t *v); /* n x 2 */
const HloAttr *of_flags(Export *ex, int64_t n, const bool *v);
const HloAttr *of_text(Export *ex, HloAttrKind kind, const char *s);
const HloAttr *of_list(Export *ex, uint32_t n, const HloAttr *const *items);

/* Regions: open, define arguments, emit, close with what is returned. */
typedef struct RegionDraft {
  HloOps ops, *outer;
  HloRegion region;
} RegionDraft;
bool region_open(Export *ex, RegionDraft *d, uint32_t nargs, const CxType *const *types); /* arguments: d->region.args + i */
bool region_close(Export *ex, RegionDraft *d, uint32_t n, const HloId *out);
bool export_body(Export *ex, const CxGraph *g, const HloId *in, HloId *out); /* the graph's equations in this block */
bool add_regions(Export *ex, HloOp *op, uint32_t n, const HloRegion *regions);
bool emit_call(Export *ex, const CxGraph *g, const char *name, uint32_t nin, const HloId *in, HloId *out);

ExportRule *export_rule(CxOpcode op); /* NULL: none; export_ops.c */
ExportRule export_while, export_cond, export_scan; /* export_control.c */
bool export_reduce_region(Export *ex, const CxEqn *e, const CxGraph *region, const HloId *in, HloAttrs *attrs, const char *name,
                          const CxType *const *types, HloId *out);

#endif
