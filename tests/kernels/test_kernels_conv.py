"""conv_general_dilated against real JAX: every dimension order, stride, padding, dilation and group, 0 to 4 spatial axes."""
import ctypes

import jax
import numpy as np
import pytest
from jax import lax

from kernels.arrays import call, close, dtype, ints, out, random_array, strided
from kernels.library import view, same
from kernels.test_kernels_dot import INT64_P, Ints, cx_ints


class ConvShape(ctypes.Structure):
    _fields_ = [("lhs_spec", Ints), ("rhs_spec", Ints), ("out_spec", Ints)] + \
               [(n, INT64_P) for n in ("strides", "padding", "lhs_dilation", "rhs_dilation")] + \
               [("feature_groups", ctypes.c_int64), ("batch_groups", ctypes.c_int64)]


@pytest.fixture(autouse=True)
def wide():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def rng(request):
    return np.random.default_rng(list(request.node.name.encode()))


def conv(a, w, o, specs, strides, padding, lhs_dilation, rhs_dilation, feature_groups=1, batch_groups=1):
    shape = ConvShape(*map(cx_ints, specs), ints(strides), ints(np.ravel(padding)), ints(lhs_dilation), ints(rhs_dilation),
                      feature_groups, batch_groups)
    call("kernel_conv", view(a), view(w), shape, view(o), fallible=True)
    return o


def random_conv(rng, spatial, plain_order=False):
    groups = int(rng.integers(1, 4))
    feature_groups, batch_groups = [(1, 1), (groups, 1), (1, groups)][rng.integers(0, 3)]
    batch = int(rng.integers(1, 4)) * batch_groups
    channels, features = int(rng.integers(1, 6)), int(rng.integers(1, 4)) * groups
    places, kernel = rng.integers(0 if rng.random() < 0.1 else 1, 8, spatial), rng.integers(1, 4, spatial)
    if rng.random() < 0.05:
        channels = 0
    orders = [np.arange(spatial + 2) if plain_order else rng.permutation(spatial + 2) for _ in range(3)]
    lhs, rhs = np.zeros(spatial + 2, int), np.zeros(spatial + 2, int)
    lhs[orders[0]] = [batch, channels * feature_groups, *places]
    rhs[orders[1]] = [features, channels, *kernel]
    config = dict(window_strides=tuple(map(int, rng.integers(1, 4, spatial))),
                  padding=tuple((int(a), int(b)) for a, b in rng.integers(-2, 4, (spatial, 2))),
                  lhs_dilation=tuple(map(int, rng.integers(1, 4, spatial))), rhs_dilation=tuple(map(int, rng.integers(1, 3, spatial))),
                  feature_group_count=feature_groups, batch_group_count=batch_groups)
    return tuple(map(int, lhs)), tuple(map(int, rhs)), tuple(tuple(map(int, o)) for o in orders), config


def compare(rng, lhs, rhs, specs, config, name, preferred=None):
    a, w = random_array(rng, lhs, name), random_array(rng, rhs, name)
    numbers = lax.ConvDimensionNumbers(*specs)
    try:
        want = lax.conv_general_dilated(a, w, dimension_numbers=numbers, preferred_element_type=preferred and dtype(preferred), **config)
    except (ValueError, TypeError, ZeroDivisionError):
        return False
    o = conv(strided(rng, a), strided(rng, w), out(want.shape, want.dtype), specs, config["window_strides"], config["padding"],
             config["lhs_dilation"], config["rhs_dilation"], config["feature_group_count"], config["batch_group_count"])
    if "int" in o.dtype.name:
        same(o, want)
    else:
        close(o, want, {2: 2**-7, 4: 1e-5}.get(o.dtype.itemsize, 1e-5), 1e-3)
    return True


@pytest.mark.parametrize("spatial", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_any_configuration(rng, spatial, name):
    done = sum(compare(rng, *random_conv(rng, spatial), name) for _ in range(20))
    assert done > 8


@pytest.mark.parametrize("name,preferred", [("int32", None), ("int8", None), ("uint16", None), ("bfloat16", None), ("float16", None),
                                            ("complex64", None), ("complex128", None), ("int8", "int32"), ("bfloat16", "float32"),
                                            ("int64", None)])
def test_dtypes(rng, name, preferred):
    for _ in range(8):
        lhs, rhs, specs, config = random_conv(rng, 2)
        compare(rng, lhs, rhs, specs, config, name, preferred)


NHWC = ((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))
NCHW = ((0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3))


@pytest.mark.parametrize("specs", [NHWC, NCHW])
@pytest.mark.parametrize("images", [1, 60])
def test_common_layouts_in_several_chunks(rng, specs, images):
    lhs, rhs = ((images, 40, 37, 16), (3, 3, 16, 24)) if specs is NHWC else ((images, 16, 40, 37), (24, 16, 3, 3))
    config = dict(window_strides=(1, 2), padding=((1, 1), (0, 2)), lhs_dilation=(1, 1), rhs_dilation=(1, 1),
                  feature_group_count=1, batch_group_count=1)
    assert compare(rng, lhs, rhs, specs, config, "float32")


def test_one_long_axis(rng):
    for config in (dict(window_strides=(1,), padding=((499, 499),), rhs_dilation=(1,)), dict(window_strides=(3,), padding=((-5, 7),), rhs_dilation=(2,))):
        for specs in (((0, 1, 2), (0, 1, 2), (0, 1, 2)), ((2, 1, 0), (2, 1, 0), (2, 1, 0))):
            lhs, rhs = ((2, 1, 3000), (2, 1, 500)) if specs[0][0] == 0 else ((3000, 1, 2), (500, 1, 2))
            config = dict(config, lhs_dilation=(1,), feature_group_count=1, batch_group_count=1)
            assert compare(rng, lhs, rhs, specs, config, "float32")
            assert compare(rng, lhs, tuple(3 if d == 2 else d for d in rhs), specs, config, "int32")
