/* The rules of importing, one per operation or family of operations; the table is import_table.c. */
#ifndef STABLEHLO_IMPORT_RULES_H
#define STABLEHLO_IMPORT_RULES_H

#include "stablehlo/import.h"

/* import_elementwise.c */
HloRule rule_same, rule_logical, rule_compare, rule_select, rule_clamp, rule_round_away, rule_round_even, rule_reduce_precision, rule_convert,
    rule_real, rule_imag, rule_broadcasting, rule_chlo_is_inf, rule_map;
/* import_shape.c */
HloRule rule_constant, rule_iota, rule_broadcast_in_dim, rule_broadcast, rule_reshape, rule_transpose, rule_reverse, rule_concatenate, rule_slice,
    rule_pad, rule_dynamic_slice, rule_dynamic_update_slice, rule_bitcast, rule_gather, rule_dot_general, rule_dot, rule_convolution,
    rule_dimension_size, rule_dynamic_pad, rule_torch_index_select;
/* import_reduce.c */
HloRule rule_reduce, rule_reduce_window, rule_select_and_scatter, rule_scatter, rule_sort, rule_top_k;
/* import_control.c */
HloRule rule_while, rule_if, rule_case, rule_call, rule_composite, rule_custom_call, rule_barrier, rule_first, rule_zero, rule_token, rule_one_device,
    rule_rng_bit_generator, rule_rng, rule_batch_norm_inference, rule_batch_norm_training, rule_batch_norm_grad;

/* import_linalg.c */
HloRule rule_cholesky, rule_triangular_solve, rule_fft;
bool import_lapack(Import *im, const HloOp *op, const char *name, CxVal *out, bool *known); /* a custom call by the name of a LAPACK routine */

bool same_types(const HloOp *op, const CxVal *in, uint32_t n); /* fails with CX_ERR_VERIFY */

#endif
