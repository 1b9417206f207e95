/* Gather and scatter with JAX's dimension numbers. The last dim of the indices holds the index vectors; their integer
 * dtype is free. Every index is clamped or its window dropped here: no index can reach outside an array. */
#ifndef KERNELS_GATHER_H
#define KERNELS_GATHER_H

#include "ir/opcode.h"
#include "ir/view.h"
#include <cuirax/ops.h>
#include <stdbool.h>

/* fill: one element, or NULL for JAX's default (gather_default_fill). */
void kernel_gather(const CxView *operand, const CxView *indices, const CxGatherDims *dims, const int64_t *slice_sizes,
                   CxIndexMode mode, const void *fill, const CxView *out);
void gather_default_fill(CxDtype dtype, void *value); /* NaN; the least signed, the greatest unsigned integer; true */

/* combine: CX_OP_NONE overwrites; else CX_OP_ADD, SUB, MUL, MIN or MAX. Windows are applied in the order of the index
 * vectors, so the last one wins and sums have one order. In place if out has the operand's memory. */
bool kernel_scatter(const CxView *operand, const CxView *indices, const CxView *updates, const CxScatterDims *dims,
                    CxIndexMode mode, CxOpcode combine, const CxView *out);

#endif
