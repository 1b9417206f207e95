/* Elementwise functions of jax.numpy: promotion, then the primitive. Regular ones are rows. */
#include "np/promote.h"
#include <cuirax/library.h>

static CxVal inexact1(CxVal x, CxVal (*op)(CxVal)) { return np_promote_inexact(1, &x) ? op(x) : NULL; }
#define INEXACT1(name, op) \
  CxVal cx_np_##name(CxVal x) { return inexact1(x, op); }

INEXACT1(sin, cx_sin)
INEXACT1(cos, cx_cos)
INEXACT1(exp, cx_exp)
