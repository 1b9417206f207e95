/* Gather and scatter with JAX's dimension numbers. The last dim of the indices holds the index vectors; their integer
 * dtype is free. Every index is clamped or its window dropped here: no index can reach outside an array. */
#ifndef KERNELS_GATHER_H
#define KERNELS_GATHER_H

#include "ir/opcode.h"
#include "ir/view.h"
#include <stdbool.h>

typedef enum CxIndexMode {
  CX_INDEX_CLIP,         /* the start moves so that the window fits */
  CX_INDEX_FILL_OR_DROP, /* a window that does not fit reads as the fill value; its update is dropped */
  CX_INDEX_PROMISE       /* "in bounds" by promise, checked: gather clips, scatter drops */
} CxIndexMode;

typedef struct CxGatherDims {
  const int64_t *offset_dims, *collapsed_slice_dims, *start_index_map, *operand_batching_dims, *start_indices_batching_dims;
  int n_offset, n_collapsed, n_start, n_batching; /* n_batching counts both batching lists */
} CxGatherDims;

typedef struct CxScatterDims {
  const int64_t *update_window_dims, *inserted_window_dims, *scatter_dims_to_operand_dims, *operand_batching_dims,
      *scatter_indices_batching_dims;
  int n_window, n_inserted, n_start, n_batching;
} CxScatterDims;

/* fill: one element, or NULL for JAX's default (gather_default_fill). */
void kernel_gather(const CxView *operand, const CxView *indices, const CxGatherDims *dims, const int64_t *slice_sizes,
                   CxIndexMode mode, const void *fill, const CxView *out);
void gather_default_fill(CxDtype dtype, void *value); /* NaN; the least signed, the greatest unsigned integer; true */

/* combine: CX_OP_NONE overwrites; else CX_OP_ADD, SUB, MUL, MIN or MAX. Windows are applied in the order of the index
 * vectors, so the last one wins and sums have one order. In place if out has the operand's memory. */
bool kernel_scatter(const CxView *operand, const CxView *indices, const CxView *updates, const CxScatterDims *dims,
                    CxIndexMode mode, CxOpcode combine, const CxView *out);

#endif
