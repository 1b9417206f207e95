/* What the samplers of jax.random share: checked keys, dtypes and shapes, and the draws that others are made of. Bits are JAX's for equal
 * keys. Below, a key is a typed scalar key; functions that take a name use it in messages. */
#ifndef RANDOM_SAMPLE_H
#define RANDOM_SAMPLE_H

#include "np/promote.h"
#include <cuirax/library.h>

extern CxDtype random_default_impl; /* of keys made without impl, and of raw keys */
bool random_set_default(const char *impl);

CxVal random_keys(const char *name, CxVal key, bool *raw);     /* raw uint32 words become typed keys; any shape */
CxVal random_key(const char *name, CxVal key);                 /* a typed key; ValueError for an array of keys */
bool random_split_to(CxVal key, int n, CxVal *out);            /* out[n] */
bool random_float(const char *name, CxDtype *d);               /* the default if not given; ValueError unless a float */
/* None: the shape that the parameters broadcast to. Given: ValueError unless the parameters broadcast to it. */
bool random_shape(const char *name, CxInts given, uint32_t n, const CxVal *params, int64_t *store, CxInts *shape);
bool random_castable(const char *name, CxDtype d, uint32_t n, const CxVal *params);

CxVal random_spread(CxVal x, CxDtype d, CxInts shape);         /* converted, broadcast */
CxVal random_ranked(CxVal x, int rank);                        /* leading extents of 1; scalars stay */
CxVal random_take(CxVal x, CxVal indices, int axis);           /* rows along an axis; the indices' shape replaces it */
CxVal random_pick(CxVal which, CxVal on_true, CxVal on_false); /* scalars spread */

typedef struct RandomFloat {
  int bits, mantissa; /* mantissa: stored bits */
  double eps, epsneg, tiny, max;
} RandomFloat;
RandomFloat random_float_info(CxDtype d);

CxVal random_units(CxVal key, CxInts shape, CxDtype d);                         /* uniform in [0, 1) */
CxVal random_between(CxVal key, CxInts shape, CxDtype d, CxVal lo, CxVal hi);   /* uniform; lo and hi broadcast to shape */
CxVal random_normals(CxVal key, CxInts shape, CxDtype d);                       /* float or complex */
CxVal random_exponentials(CxVal key, CxInts shape, CxDtype d);
CxVal random_integers(CxVal key, CxInts shape, CxDtype d, CxVal lo, CxVal hi);
CxVal random_gumbels(CxVal key, CxInts shape, CxDtype d, const char *mode);
CxVal random_gammas(CxVal key, CxVal a, CxInts shape, CxDtype d, bool log_space);
CxVal random_shuffled(CxVal key, CxVal x, int axis);

#endif
