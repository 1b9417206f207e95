# Resampling of images, jax.image.

image.resample(image: val, shape: shape, method: str, antialias: bool = True, precision: obj = None)
  The image in another shape by a named method: nearest, linear, lanczos3, lanczos5, cubic, cubic_pytorch or area. antialias: kernels widen when the image shrinks.
image.resample_affine(image: val, shape: shape, spatial_dims: ints, scale: val, translation: val, method: str, antialias: bool = True, precision: obj = None)
  The image scaled and moved along some axes, resampled by a named method.
