"""jit and its options, make_jaxpr, eval_shape, device_put, configuration, and pytrees."""
import collections
import dataclasses

import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(6, dtype="f4").reshape(2, 3)
Point = collections.namedtuple("Point", "x y")

# jit
case("jit", lambda jax, jnp: jax.jit(lambda x: jnp.sin(x) + 1)(X))
case("jit decorator options", lambda jax: jax.jit(lambda x, n: x ** n, static_argnums=1)(X, 3))
case("jit static_argnames", lambda jax: jax.jit(lambda x, flag=True: x if flag else -x, static_argnames="flag")(X, flag=False))
case("jit of trees", lambda jax: jax.jit(lambda d: {"o": d["a"] + d["b"][0], "n": None})({"a": X, "b": (1.0, 2)}))
case("jit keyword arguments", lambda jax: jax.jit(lambda x, *, y: x * y)(X, y=2))
case("jit defaults", lambda jax: jax.jit(lambda x, y=3: x * y)(X))
case("jit nested", lambda jax: jax.jit(lambda x: jax.jit(lambda y: y * 2)(x) + 1)(X))
case("jit constants out", lambda jax: jax.jit(lambda x: (x, 1, 2.5, True, None))(X))
case("jit weak types", lambda jax: [jax.jit(lambda x: x + 1)(v) for v in (1, 1.0, True, np.float32(1), 2j)])
case("jit retraces by type", lambda jax: (lambda f: [f(1), f(1.0), f(X), f(X[0])])(jax.jit(lambda x: x * 2)))


def count_traces(jax):
    count = []
    f = jax.jit(lambda x: count.append(1) or x + 1)
    for x in (1.0, 2.0, X, X * 2, np.int32(1), 5):
        f(x)
    return len(count)


case("jit traces once per type", count_traces)
case("jit donate", lambda jax: jax.jit(lambda x: x + 1, donate_argnums=0)(X))
case("jit inline", lambda jax: jax.jit(lambda x: x + 1, inline=True)(X))
case("jit wraps", lambda jax: (jax.jit(count_traces).__name__, jax.jit(count_traces).__wrapped__ is count_traces))
case("jit returns its input", lambda jax: jax.jit(lambda x, y: (y, x, x))(X, 1))
case("eval_shape", lambda jax, jnp: jax.tree.map(lambda s: (s.shape, str(s.dtype)), jax.eval_shape(lambda a, b: {"m": a @ b, "s": a.sum()}, X, jax.ShapeDtypeStruct((3, 4), "float32")), is_leaf=lambda s: hasattr(s, "shape")))
case("ShapeDtypeStruct", lambda jax: [repr(jax.ShapeDtypeStruct((2, 3), "float32")), jax.ShapeDtypeStruct((2,), "int8") == jax.ShapeDtypeStruct((2,), "int8")])
case("device_put", lambda jax: [jax.device_put(X), jax.device_get(jax.device_put({"a": X}))])
case("devices", lambda jax: [len(jax.devices()) >= 1, jax.device_count() >= 1, jax.default_backend(), jax.devices()[0].platform])
case("named_scope", lambda jax: (lambda c: [c.__enter__(), jax.jit(lambda x: x + 1)(X), c.__exit__(None, None, None)][1])(jax.named_scope("s")))
case("named_call", lambda jax: jax.named_call(lambda x: x + 1, name="f")(X))
case("pure_callback", lambda jax: jax.jit(lambda x: jax.pure_callback(lambda a: np.asarray(a) * 2, jax.ShapeDtypeStruct((2, 3), "float32"), x))(X))
case("dtype of scalars", lambda jnp: [str(jnp.asarray(v).dtype) for v in (1, 1.0, True, 1j, np.int64(1), np.float64(1))])
case("version", lambda jax: jax.__version__)

# make_jaxpr
case("jaxpr literals", lambda jax: str(jax.make_jaxpr(lambda x: x * 2.0 + 1.0)(X)))
case("jaxpr unused and repeated", lambda jax: str(jax.make_jaxpr(lambda x, y: (x, x, 3.0))(X, 1)))
case("jaxpr return_shape", lambda jax: str(jax.make_jaxpr(lambda x: x, return_shape=True)(X)[1].shape))

# trees
TREE = {"b": [1, (2, None)], "a": Point(3, {"z": 4.0, "y": 5})}
case("tree leaves", lambda jax: [jax.tree.leaves(TREE), jax.tree.leaves(None), jax.tree.leaves(1), jax.tree.leaves(())])
case("tree flatten", lambda jax: (lambda r: [r[0], jax.tree.unflatten(r[1], range(5))])(jax.tree.flatten(TREE)))
case("tree structure text", lambda jax: [str(jax.tree.structure(t)) for t in (TREE, 1, None, (), [], {}, (1,), [1, 2])])
case("tree map", lambda jax: jax.tree.map(lambda x: x * 2, TREE))
case("tree map several", lambda jax: jax.tree.map(lambda x, y: x + y, TREE, TREE))
case("tree map prefix", lambda jax: jax.tree.map(lambda x, y: (x, y), (1, 2), ([3, 4], {"a": 5})))
case("tree map is_leaf", lambda jax: jax.tree.map(lambda x: "none" if x is None else x, TREE, is_leaf=lambda x: x is None))
case("tree reduce all", lambda jax: [jax.tree.reduce(lambda a, b: a + b, TREE), jax.tree.all((True, 0)), jax.tree.reduce(lambda a, b: a + b, TREE, 100)])
case("tree transpose", lambda jax: jax.tree.transpose(jax.tree.structure([0, 0]), jax.tree.structure({"a": 0}), [{"a": 1}, {"a": 2}]))
case("tree with path", lambda tree_util: [(tree_util.keystr(p), v) for p, v in tree_util.tree_leaves_with_path(TREE)])
case("tree map with path", lambda tree_util: tree_util.tree_map_with_path(lambda p, x: tree_util.keystr(p), TREE))
case("ordered and default dicts", lambda jax: [jax.tree.map(lambda x: x + 1, collections.OrderedDict([("b", 1), ("a", 2)])), jax.tree.leaves(collections.defaultdict(int, {"b": 1, "a": 2}))])
case("treedef equality", lambda jax: [jax.tree.structure((1, 2)) == jax.tree.structure((3, 4)), jax.tree.structure((1,)) == jax.tree.structure([1]), len({jax.tree.structure((1,)), jax.tree.structure((2,))})])
case("treedef properties", lambda jax: (lambda t: [t.num_leaves, t.num_nodes, len(t.children())])(jax.tree.structure(TREE)))


def registered(jax, tree_util):
    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b
    tree_util.register_pytree_node(Pair, lambda p: ((p.a, p.b), "aux"), lambda aux, c: Pair(*c))
    p = jax.jit(lambda p: Pair(p.b, p.a * 2))(Pair(1.0, X))
    return [p.a, p.b, jax.tree.leaves(p)]


def registered_dataclass(jax, tree_util):
    @dataclasses.dataclass
    class D:
        x: object
        tag: str
    tree_util.register_dataclass(D, data_fields=["x"], meta_fields=["tag"])
    d = jax.jit(lambda d: dataclasses.replace(d, x=d.x + 1))(D(X, "t"))
    return [d.x, d.tag, str(len(jax.tree.leaves(d)))]


def registered_with_keys(jax, tree_util):
    @tree_util.register_pytree_with_keys_class
    class K:
        def __init__(self, a):
            self.a = a

        def tree_flatten_with_keys(self):
            return [(tree_util.GetAttrKey("a"), self.a)], None

        @classmethod
        def tree_unflatten(cls, aux, children):
            return cls(*children)
    return [tree_util.keystr(p) for p, _ in tree_util.tree_leaves_with_path({"k": K([1, 2])})]


case("registered node", registered)
case("registered dataclass", registered_dataclass)
case("registered with keys", registered_with_keys)
