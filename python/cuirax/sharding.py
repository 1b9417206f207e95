"""jax.sharding on one device: meshes and shardings are accepted and describe that device."""
from ._core import SingleDeviceSharding, devices as _devices

Sharding = SingleDeviceSharding


class PartitionSpec(tuple):
    """Mesh axes for each axis of an array; None: not split."""

    def __new__(cls, *partitions):
        return super().__new__(cls, partitions)

    def __repr__(self):
        return f"PartitionSpec{tuple(self)!r}"


P = PartitionSpec


class Mesh:
    """Devices arranged along named axes."""

    def __init__(self, devices, axis_names, axis_types=None):
        import numpy as np
        self.devices = np.asarray(devices, dtype=object)
        self.axis_names = (axis_names,) if isinstance(axis_names, str) else tuple(axis_names)
        if self.devices.ndim != len(self.axis_names):
            raise ValueError(f"Mesh requires the ndim of its first argument ({self.devices.ndim}) to be the length of axis_names ({len(self.axis_names)}).")
        if self.devices.size != 1:
            raise ValueError(f"a mesh of {self.devices.size} devices is not possible: there is one device")

    shape = property(lambda self: dict(zip(self.axis_names, self.devices.shape)))
    size = property(lambda self: self.devices.size)
    empty = property(lambda self: False)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None

    def __repr__(self):
        return f"Mesh({', '.join(f'{n!r}: {s}' for n, s in self.shape.items())})"

    def __eq__(self, other):
        return isinstance(other, Mesh) and self.shape == other.shape

    def __hash__(self):
        return hash(self.axis_names)


class NamedSharding:
    """A mesh, and which of its axes split which axes of an array: on one device, the whole array."""

    def __init__(self, mesh, spec, *, memory_kind=None):
        unknown = [n for part in spec if part is not None for n in (part if isinstance(part, tuple) else (part,)) if n not in mesh.axis_names]
        if unknown:
            raise ValueError(f"Resource axis: {unknown[0]} of {spec!r} is not found in mesh: {mesh.axis_names}.")
        self.mesh, self.spec, self.memory_kind = mesh, spec, memory_kind

    device_set = property(lambda self: set(_devices()))
    num_devices = property(lambda self: 1)
    is_fully_replicated = is_fully_addressable = property(lambda self: True)

    def __repr__(self):
        return f"NamedSharding(mesh={self.mesh!r}, spec={self.spec!r})"

    def __eq__(self, other):
        return isinstance(other, NamedSharding) and (self.mesh, self.spec) == (other.mesh, other.spec)

    def __hash__(self):
        return hash((self.mesh, self.spec))


def make_mesh(axis_shapes, axis_names, *, axis_types=None, devices=None):
    """A mesh of the one device: every axis has extent 1."""
    import math
    import numpy as np
    if math.prod(axis_shapes) != 1:
        raise ValueError(f"Number of devices 1 must be >= the product of mesh_shape {tuple(axis_shapes)}")
    return Mesh(np.array(devices or _devices(), dtype=object).reshape(tuple(axis_shapes)), axis_names)


for _cls in (PartitionSpec, Mesh, NamedSharding):
    _cls.__module__ = "jax.sharding"
