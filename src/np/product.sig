# Products of arrays. Results have full precision whatever `precision` says.

np.matmul(a: val, b: val, *, precision: obj = None, preferred_element_type: dtype = None, out_sharding: obj = None)
  Matrix products of the last two axes; leading axes broadcast. A vector is a row on the left, a column on the right.
np.dot(a: val, b: val, *, precision: obj = None, preferred_element_type: dtype = None, out_sharding: obj = None)
  Sums of products over the last axis of a and the second to last (or only) axis of b.
np.vdot(a: val, b: val, *, precision: obj = None, preferred_element_type: dtype = None)
  The product of two flattened arrays, the first one conjugated.
np.inner(a: val, b: val, *, precision: obj = None, preferred_element_type: dtype = None)
  Sums of products over the last axes.
np.outer(a: val, b: val, out: none = None)
  Every element of the flattened a times every element of the flattened b.
np.vecdot(x1: val, x2: val, /, *, axis: int = -1, precision: obj = None, preferred_element_type: dtype = None)
  The sum of products along an axis, elements of x1 conjugated; the other axes broadcast.

np.matvec(x1: val, x2: val, /)
  Matrices times vectors: the last two axes of x1 and the last of x2.

np.vecmat(x1: val, x2: val, /)
  Conjugated vectors times matrices: the last axis of x1 and the last two of x2.
