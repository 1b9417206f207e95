/* Resampling of images: for each axis a matrix of weights, made from a kernel, contracts the old extent to the new one. */
#include "np/build.h"

#include <float.h>
#include <math.h>

typedef CxVal Kernel(CxVal x); /* weights at distances x >= 0 */

static CxVal sinpi(CxVal x, double by) { return cx_np_sin(vdiv(vmul(vnum(M_PI), x), vnum(by))); }

static CxVal lanczos(double radius, CxVal x) {
  CxVal y = vmul(vmul(vnum(radius), cx_np_sin(vmul(vnum(M_PI), x))), sinpi(x, radius));
  CxVal safe = vwhere(vne(x, vint(0)), vmul(vnum(M_PI * M_PI), cx_np_square(x)), vint(1));
  return vwhere(vgt(x, vnum(radius)), vnum(0), vwhere(vgt(x, vnum(0.001)), vdiv(y, safe), vint(1)));
}
static CxVal lanczos3(CxVal x) { return lanczos(3, x); }
static CxVal lanczos5(CxVal x) { return lanczos(5, x); }
static CxVal triangle(CxVal x) { return cx_np_maximum(vint(0), vsub(vint(1), vabs(x))); }

static CxVal horner(CxVal x, double a, double b, double c, double d) { return vadd(vmul(vadd(vmul(vadd(vmul(vnum(a), x), vnum(b)), x), vnum(c)), x), vnum(d)); }

static CxVal cubic_of(double a, CxVal x) { /* Keys' cubic convolution with the slope a at 1 */
  CxVal near = horner(x, a + 2, -(a + 3), 0, 1), far = horner(x, a, -5 * a, 8 * a, -4 * a);
  return vwhere(vge(x, vnum(2)), vnum(0), vwhere(vge(x, vnum(1)), far, near));
}
static CxVal cubic(CxVal x) { return cubic_of(-0.5, x); }
static CxVal cubic_pytorch(CxVal x) { return cubic_of(-0.75, x); }

typedef struct Method {
  const char *name;
  Kernel *kernel; /* NULL: area */
  int radius;
} Method;

static const Method methods[] = {{"linear", triangle, 1}, {"lanczos3", lanczos3, 3}, {"lanczos5", lanczos5, 5}, {"cubic", cubic, 2}, {"cubic_pytorch", cubic_pytorch, 2}, {"area", NULL, 0}};

static const Method *method_of(const char *name, bool antialias) {
  if (antialias && !strcmp(name, "cubic_pytorch")) name = "cubic";
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (!strcmp(name, methods[i].name)) return &methods[i];
  return cx_fail(CX_ERR_VALUE, "Unknown resize method \"%s\"", name), NULL;
}

static CxVal points(CxDtype d, int64_t n, double from) { return vadd(cx_iota(d, 1, &n, 0), vnum(from)); }

static CxVal overlap(CxDtype d, int64_t m, int64_t n, CxVal inverse, CxVal moved) { /* of old and new pixels */
  CxVal left = vsub(vmul(points(d, n, 0), inverse), moved), right = vadd(left, inverse), at = vnewaxis(points(d, m, 0), 1);
  return cx_np_maximum(vnum(0), vsub(cx_np_minimum(vnewaxis(right, 0), vadd(at, vnum(1))), cx_np_maximum(vnewaxis(left, 0), at)));
}

static CxVal folded(CxVal w, int64_t m, int64_t k) { /* rows beyond the edges count for the first and last one */
  CxInts rows = cx_ints(0);
  if (m == 1) return vnewaxis(cx_reduce_sum(w, rows), 0);
  CxVal first = vnewaxis(cx_reduce_sum(vcut(w, 0, 0, k + 1), rows), 0), last = vnewaxis(cx_reduce_sum(vcut(w, 0, k + m - 1, m + 2 * k), rows), 0);
  return cx_concatenate(3, (CxVal[]){first, vcut(w, 0, k + 1, k + m - 1), last}, 0);
}

static CxVal normalized(CxVal w) {
  CxVal total = vnewaxis(cx_reduce_sum(w, cx_ints(0)), 0);
  return vwhere(vgt(vabs(total), vnum(1000 * (double)FLT_EPSILON)), vdiv(w, vwhere(vne(total, vint(0)), total, vint(1))), vint(0));
}

static CxVal weights(int64_t m, int64_t n, CxVal scale, CxVal translation, CxDtype d, const Method *how, bool antialias) {
  bool edges = how->kernel == cubic_pytorch;
  CxVal inverse = vdiv(vnum(1), scale), moved = vmul(translation, inverse), width = antialias ? cx_np_maximum(inverse, vnum(1)) : vnum(1);
  CxVal sample = vsub(vsub(vmul(points(d, n, 0.5), inverse), moved), vnum(0.5));
  int64_t k = edges ? how->radius : 0;
  CxVal w = !how->kernel ? overlap(d, m, n, inverse, moved)
                         : how->kernel(vdiv(vabs(vsub(vnewaxis(sample, 0), vnewaxis(points(d, m + 2 * k, (double)-k), 1))), width));
  if (!w) return NULL;
  if (edges) return normalized(folded(w, m, k));
  CxVal inside = vand(vge(sample, vnum(-0.5)), vle(sample, vnum((double)m - 0.5)));
  return vwhere(vnewaxis(inside, 0), normalized(w), vint(0));
}

static CxVal contracted(CxVal x, CxVal w, int axis) {
  int64_t at = axis, zero = 0;
  CxDotDims dims = {.lhs_contract = {&at, 1, false}, .rhs_contract = {&zero, 1, false}, .lhs_batch = CX_NO_INTS, .rhs_batch = CX_NO_INTS};
  CxVal r = x && w ? cx_dot_general(x, w, dims, x->type->dtype) : NULL;
  return r ? cx_move_axis(r, x->type->rank - 1, axis) : NULL;
}

static bool ranks_agree(CxVal image, CxInts shape) {
  return shape.n == image->type->rank || cx_fail(CX_ERR_VALUE, "shape must have length equal to the number of dimensions of x; %d vs. %d", shape.n, image->type->rank);
}

static CxVal nearest(CxVal x, CxInts shape) {
  for (int i = 0; x && i < shape.n; i++) {
    int64_t m = x->type->dims[i], n = shape.v[i];
    if (m == n) continue;
    CxVal at = cx_div(cx_mul(cx_add(cx_iota(CX_F32, 1, &n, 0), cx_scalar(CX_F32, 0.5)), cx_scalar(CX_F32, (double)m)), cx_scalar(CX_F32, (double)n));
    x = np_at(x, i, cx_convert(cx_floor(at), CX_I32));
  }
  return x;
}

CxVal cx_image_resample(CxVal image, CxInts shape, const char *method, CxImageResample o) {
  if (!image || !ranks_agree(image, shape)) return NULL;
  if (!strcmp(method, "nearest")) return nearest(image, shape);
  const Method *how = method_of(method, o.antialias);
  CxDtype d = np_canonical(CX_F64);
  CxVal x = how ? np_inexact(image) : NULL;
  for (int i = 0; x && i < shape.n; i++) {
    int64_t m = x->type->dims[i], n = shape.v[i];
    if (m == n) continue;
    CxVal scale = cx_scalar(d, n ? (double)n / (double)m : 1);
    x = contracted(x, vcast(weights(m, n, scale, cx_scalar(d, 0), d, how, o.antialias), x->type->dtype), i);
  }
  return x;
}

CxVal cx_image_resample_affine(CxVal image, CxInts shape, CxInts spatial_dims, CxVal scale, CxVal translation, const char *method, CxImageResampleAffine o) {
  CxVal v[2] = {scale, translation};
  if (!image || !ranks_agree(image, shape)) return NULL;
  if (!strcmp(method, "nearest")) return cx_fail(CX_ERR_VALUE, "Nearest neighbor resampling is not currently supported for scale_and_translate."), NULL;
  const Method *how = method_of(method, o.antialias);
  if (!how || !np_promote_inexact(2, v)) return NULL;
  for (int k = 0; k < 2; k++)
    if (v[k]->type->rank != 1 || np_len(v[k]) != spatial_dims.n) return cx_fail(CX_ERR_ASSERTION, "scale and translation must have an element for each of spatial_dims"), NULL;
  CxVal x = np_inexact(image);
  for (int i = 0; x && i < spatial_dims.n; i++) {
    int axis = np_axis(spatial_dims.v[i], x->type->rank);
    if (axis < 0) return NULL;
    CxVal w = weights(x->type->dims[axis], shape.v[axis], vpick(v[0], 0, i), vpick(v[1], 0, i), v[0]->type->dtype, how, o.antialias);
    x = contracted(x, vcast(w, x->type->dtype), axis);
  }
  return x;
}
