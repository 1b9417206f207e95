/* The attributes of the ops with more than a name: what their rules, the passes and the readers of other formats share.
 * Field order and names are those of the field tables in the ops' own files. */
#ifndef OP_ATTRS_H
#define OP_ATTRS_H

#include "ir/graph.h"

/* elementwise.c */
typedef struct CxIntegerPowAttrs { int64_t y; } CxIntegerPowAttrs;
typedef struct CxRoundAttrs { int64_t rounding_method; } CxRoundAttrs;
typedef struct CxReducePrecisionAttrs { int64_t exponent_bits, mantissa_bits; } CxReducePrecisionAttrs;
typedef struct CxNameAttrs { const char *name; } CxNameAttrs;
typedef struct CxConvertAttrs { CxDtype new_dtype; bool weak_type; } CxConvertAttrs;

/* shape.c */
typedef struct CxBroadcastAttrs { CxInts shape, broadcast_dimensions; } CxBroadcastAttrs;
typedef struct CxReshapeAttrs { CxInts new_sizes; } CxReshapeAttrs;
typedef struct CxTransposeAttrs { CxInts permutation; } CxTransposeAttrs;
typedef struct CxSqueezeAttrs { CxInts dimensions; } CxSqueezeAttrs;
typedef struct CxIotaAttrs { CxDtype dtype; CxInts shape; int64_t dimension; } CxIotaAttrs;

/* slice.c */
typedef struct CxConcatenateAttrs { int64_t dimension; } CxConcatenateAttrs;
typedef struct CxSplitAttrs { int64_t axis; CxInts sizes; } CxSplitAttrs;
typedef struct CxPadAttrs { CxInts padding_config; } CxPadAttrs;
typedef struct CxSliceAttrs { CxInts limit_indices, start_indices, strides; } CxSliceAttrs;
typedef struct CxDynamicSliceAttrs { CxInts slice_sizes; } CxDynamicSliceAttrs;
typedef struct CxRevAttrs { CxInts dimensions; } CxRevAttrs;
typedef struct CxTileAttrs { CxInts reps; } CxTileAttrs;
typedef struct CxBitcastAttrs { CxDtype new_dtype; } CxBitcastAttrs;

/* reduce.c */
typedef struct CxReduceAttrs { CxInts axes; } CxReduceAttrs;
typedef struct CxArgAttrs { CxInts axes; CxDtype index_dtype; } CxArgAttrs;
typedef struct CxRegionReduceAttrs {
  const char *computation; /* the name of the function that the region was made from */
  CxInts dimensions;
  CxGraph *jaxpr;
} CxRegionReduceAttrs;

/* cumulative.c */
typedef struct CxCumulativeAttrs { int64_t axis; bool reverse; } CxCumulativeAttrs;

/* sort.c */
typedef struct CxSortAttrs {
  int64_t dimension;
  bool is_stable; /* the sort here always is */
  int64_t num_keys;
} CxSortAttrs;
typedef struct CxTopKAttrs { int64_t axis, k; } CxTopKAttrs;

/* dot.c */
typedef struct CxDotAttrs {
  CxDotDims dimension_numbers;
  const char *out_sharding; /* always None */
  int32_t precision;
  CxDtype preferred_element_type;
} CxDotAttrs;
typedef struct CxConvAttrs {
  int64_t batch_group_count;
  CxConvDims dimension_numbers;
  int64_t feature_group_count;
  CxInts lhs_dilation;
  const char *out_sharding; /* always None */
  CxInts padding;
  int32_t precision;
  CxDtype preferred_element_type;
  CxInts rhs_dilation, window_strides;
} CxConvAttrs;

/* window.c */
typedef struct CxWindowAttrs { /* each op has the fields that its table lists; the others are empty */
  CxInts base_dilation, consts;
  CxGraph *jaxpr;
  CxInts padding, scatter_consts;
  CxGraph *scatter_jaxpr;
  CxInts select_consts;
  CxGraph *select_jaxpr;
  int32_t select_prim; /* 0 ge, 1 le */
  CxInts window_dilation, window_dimensions, window_strides;
} CxWindowAttrs;

/* while.c */
typedef struct CxWhileAttrs {
  CxGraph *body_jaxpr;
  int64_t body_nconsts;
  CxGraph *cond_jaxpr;
  int64_t cond_nconsts;
} CxWhileAttrs;

/* cond.c */
typedef struct CxCondAttrs {
  CxGraphs branches;
} CxCondAttrs;

/* scan.c */
typedef struct CxScanAttrs {
  bool split_transpose;
  CxGraph *jaxpr;
  int64_t length;
  CxInts linear;
  int64_t num_carry, num_consts;
  bool reverse;
  int64_t unroll;
} CxScanAttrs;

/* custom.c */
typedef struct CxCustomAttrs {
  CxGraph *call_jaxpr;
  CxFn *rule;  /* jvp, or fwd */
  CxFn *bwd;   /* vjp only */
  int64_t num_consts;
  bool symbolic_zeros;
} CxCustomAttrs;

/* random.c */
typedef struct CxGeneratorAttrs { int32_t algorithm; CxDtype dtype; const char *out_sharding; CxInts shape; } CxGeneratorAttrs;
typedef struct CxShapeAttrs { CxInts shape; } CxShapeAttrs;
typedef struct CxImplAttrs { int32_t impl; } CxImplAttrs;
typedef struct CxBitsAttrs { int64_t bit_width; CxInts shape; } CxBitsAttrs;
typedef struct CxGammaAttrs { bool log_space; } CxGammaAttrs;

/* fft.c */
typedef struct CxFftAttrs {
  CxInts fft_lengths;
  int64_t fft_type;
} CxFftAttrs;

#endif
