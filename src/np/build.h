/* Short names for writing library functions: arithmetic with promotion reads like maths; pieces of arrays along an axis. */
#ifndef NP_BUILD_H
#define NP_BUILD_H

#include "np/arith.h"
#include "np/axes.h"
#include "np/broadcast.h"
#include "np/index.h"
#include <cuirax/library.h>

#define vadd cx_np_add
#define vsub cx_np_subtract
#define vmul cx_np_multiply
#define vdiv cx_np_true_divide
#define vfloordiv cx_np_floor_divide
#define vmod cx_np_remainder
#define vneg cx_np_negative
#define vabs cx_np_absolute
#define veq cx_np_equal
#define vne cx_np_not_equal
#define vlt cx_np_less
#define vle cx_np_less_equal
#define vgt cx_np_greater
#define vge cx_np_greater_equal
#define vand cx_np_bitwise_and
#define vor cx_np_bitwise_or
#define vnot cx_np_invert
#define vwhere np_pick

static inline CxVal vint(int64_t n) { return cx_weak_scalar(np_canonical(CX_I64), (double)n); } /* a Python int */
static inline CxVal vnum(double x) { return cx_weak_scalar(np_canonical(CX_F64), x); }          /* a Python float */
static inline CxDtype np_int(void) { return np_canonical(CX_I64); }
static inline CxVal varange(int64_t n) { return cx_iota(np_int(), 1, &n, 0); }
static inline CxVal vsumto(CxVal x) { return x ? np_sum(x, .axis = {.none = true}) : NULL; }     /* all elements */
static inline CxVal vcast(CxVal x, CxDtype d) { return np_convert(x, d, false); }
static inline CxVal vnewaxis(CxVal x, int axis) { return x ? cx_expand_dims(x, cx_ints(axis)) : NULL; }
static inline CxVal vdrop(CxVal x, int axis) { return x ? cx_squeeze(x, cx_ints(axis)) : NULL; }
static inline CxVal vcut(CxVal x, int axis, int64_t from, int64_t to) { return x ? cx_slice_axis(x, axis, from, to) : NULL; }
static inline CxVal vpick(CxVal x, int axis, int64_t i) { return vdrop(vcut(x, axis, i, i + 1), axis); } /* x[..., i, ...] */
static inline CxVal vjoin(CxVal x, CxVal y, int axis) { return x && y ? cx_concatenate(2, (CxVal[]){x, y}, axis) : NULL; } /* of one dtype */
static inline CxVal vflip(CxVal x, int axis) { return x ? cx_rev(x, cx_ints(axis)) : NULL; }
static inline int64_t np_len(CxVal x) { return x->type->dims[0]; }

CxVal np_vector(CxDtype d, int64_t n, double value);                     /* a vector, of a strong type */
CxVal np_concrete(CxVal x, const char *what);                          /* the array behind x, or a ConcretizationTypeError */
CxVal np_at(CxVal x, int axis, CxVal indices);                         /* x[..., indices, ...] */
CxVal np_at_fill(CxVal x, CxVal indices, double fill);                 /* x.at[indices].get(mode='fill', fill_value=fill) */
CxVal np_put_at(CxVal x, CxVal indices, CxVal y, NpUpdate op);         /* x.at[indices].set(y) and kin; out of bounds is dropped */
CxVal np_to_length(CxVal flat, int64_t n);                             /* a vector repeated or cut to n elements */
bool np_number(CxVal v, CxNumber *out);                                /* a concrete scalar; NULL is none */
CxVal np_inexact(CxVal x);                                             /* integers become the default float */
bool np_nonzero_rows(CxVal a, CxOptInt size, CxVal fill, CxVals *out);      /* an index vector per axis */
CxVal np_search(CxVal sorted, CxVal v, bool left);                     /* where each v stands in a sorted vector; NaN last */

#endif
