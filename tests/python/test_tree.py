"""Pytrees against real JAX in the same process: values, structures, texts, error classes and messages."""
import collections
import copy
import dataclasses
import functools
import gc
import inspect
import itertools
import operator
import pickle
import sys
import threading
import typing
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jax
from jax import tree_util as theirs
from jax._src import api_util as their_api
from jax._src import tree_util as their_inside

from cuirax import _core
from cuirax import tree as our_tree
from cuirax import tree_util as ours

BOTH = (theirs, ours)


def both(f):
    """f(tree_util) of each, as (value or exception) pairs; the second is ours."""
    out = []
    for tu in BOTH:
        try:
            out.append(f(tu))
        except Exception as e:
            out.append(e)
    return out


def agree(f, show=lambda x: x):
    want, got = both(f)
    if isinstance(want, Exception):
        assert isinstance(got, Exception), f"JAX raises {want!r}, we return {got!r}"
        assert type(got).__mro__[-3:] == type(want).__mro__[-3:] or isinstance(got, type(want)), (want, got)
        assert str(got).split("\0")[0] == str(want)   # JAX's messages end at a NUL
    else:
        assert not isinstance(got, Exception), f"JAX returns {want!r}, we raise {got!r}"
        assert show(got) == show(want)


# ---- types, registered with both

Point = collections.namedtuple("Point", "x y")
Empty = collections.namedtuple("Empty", "")


class Sub(Point):
    pass


class TupleSubclass(tuple):
    pass


class ListSubclass(list):
    pass


class DictSubclass(dict):
    pass


class Node:
    """A registered node with metadata."""

    def __init__(self, x, y, meta):
        self.x, self.y, self.meta = x, y, meta

    def __eq__(self, other):
        return type(self) is type(other) and (self.x, self.y, self.meta) == (other.x, other.y, other.meta)

    def __repr__(self):
        return f"Node({self.x}, {self.y}, {self.meta})"


class Keyed(Node):
    pass


class Method:
    def __init__(self, *children):
        self.children = children

    def tree_flatten(self):
        return self.children, None

    @classmethod
    def tree_unflatten(cls, aux, children):
        return cls(*children)

    def __eq__(self, other):
        return type(self) is type(other) and self.children == other.children


class KeyedMethod(Method):
    def tree_flatten_with_keys(self):
        return [(theirs.GetAttrKey(f"c{i}"), c) for i, c in enumerate(self.children)], None


class StaticInt(int):
    pass


class StaticDict(dict):
    pass


class BlackBox:
    """Equal to every other one."""

    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return 0

    def __eq__(self, other):
        return isinstance(other, BlackBox)


@dataclasses.dataclass
class Data:
    x: typing.Any
    y: typing.Any
    tag: typing.Any = dataclasses.field(default=0, metadata={"static": True})


class Lazy:
    """Children from a generator."""

    def __init__(self, *children):
        self.children = children

    def __eq__(self, other):
        return type(self) is type(other) and self.children == other.children


class ArrayMeta:
    def __init__(self, x):
        self.x = x


for tu in BOTH:
    tu.register_pytree_node(Node, lambda o: ((o.x, o.y), o.meta), lambda meta, xy: Node(*xy, meta))
    tu.register_pytree_with_keys(
        Keyed, lambda o: ((("x", o.x), ("y", o.y)), o.meta), lambda meta, xy: Keyed(*xy, meta))
    assert tu.register_pytree_node_class(Method) is Method
    assert tu.register_pytree_with_keys_class(KeyedMethod) is KeyedMethod
    assert tu.register_static(StaticInt) is StaticInt
    tu.register_static(StaticDict)
    tu.register_static(BlackBox)
    assert tu.register_dataclass(Data) is Data
    tu.register_pytree_node(Lazy, lambda o: ((c for c in o.children), len(o.children)), lambda n, c: Lazy(*c))
    tu.register_pytree_node(ArrayMeta, lambda o: ((), (o.x,)), lambda meta, _: ArrayMeta(*meta))

TREES = [
    None, (None,), (), [], {}, [()], (1, 2), ((1, "foo"), ["bar", (3, None, 7)]), [3],
    [3, Point(x=(3, Point(x=3, y=None)), y={"baz": 34})], Empty(), Sub(1, [2]),
    [Node(3, None, [4, "foo"])], Node(1, (2, 3), "m"), Keyed([1], {"k": 2}, ("m", 1)), Method(2, 3.0), KeyedMethod((1, 2), 3),
    {"a": 1, "b": 2}, {"b": 2, "a": {"d": 1, "c": None}}, {2: "x", 1: "y", -3: "z"}, {(1, 2): 3, (0, 9): 4}, {"é": 1, "z": 2, "漢": 3, "a": 4},
    {1.5: 1, 0.5: 2}, {True: 1, False: 2}, {"x": {"y": {"z": [1, (2, {"w": 3})]}}},
    StaticInt(1), StaticDict(foo=4, bar=5), [BlackBox(1), 7], Data([1, 2], 3), Data(1, {"q": 2}, "t"), Lazy(1, [2, 3]), Lazy(),
    collections.OrderedDict([("foo", 34), ("baz", 101), ("something", -42)]), collections.OrderedDict(),
    collections.OrderedDict([(3, {"b": [1]}), ("mixed", 2)]),
    collections.defaultdict(dict, [("foo", 34), ("baz", 101), ("something", -42)]), collections.defaultdict(None, {"b": (1, 2), "a": None}),
    [collections.defaultdict(list, {1: {"q": 2}}), {"a": collections.OrderedDict(z=[1, 2])}],
    TupleSubclass((1, 2)), ListSubclass([1, 2]), DictSubclass(a=1), "leaf", 0.1, object(), np.arange(3), b"x", {1, 2}, range(3), {"w%d" % i: i for i in range(100)},
]
IDS = [f"{i}-{type(t).__name__}" for i, t in enumerate(TREES)]


def translate(x):
    """JAX's objects as ours, for comparison."""
    if isinstance(x, theirs.SequenceKey):
        return ours.SequenceKey(x.idx)
    if isinstance(x, theirs.DictKey):
        return ours.DictKey(x.key)
    if isinstance(x, theirs.GetAttrKey):
        return ours.GetAttrKey(x.name)
    if isinstance(x, theirs.FlattenedIndexKey):
        return ours.FlattenedIndexKey(x.key)
    if type(x) in (list, tuple):
        return type(x)(map(translate, x))
    return x


def same(a, b):
    return len(a) == len(b) and all(x is y for x, y in zip(a, b))


@pytest.mark.parametrize("tree", TREES, ids=IDS)
def test_flatten(tree):
    (want, their_def), (got, our_def) = both(lambda tu: tu.tree_flatten(tree))
    assert same(want, got)
    assert str(our_def) == str(their_def)
    assert (our_def.num_leaves, our_def.num_nodes) == (their_def.num_leaves, their_def.num_nodes)
    assert our_def.node_data() == their_def.node_data()
    assert list(map(str, our_def.children())) == list(map(str, their_def.children()))
    assert same(ours.tree_leaves(tree), want)
    assert ours.tree_structure(tree) == our_def
    assert hash(ours.tree_structure(tree)) == hash(our_def)


@pytest.mark.parametrize("tree", TREES, ids=IDS)
def test_round_trip(tree):
    leaves, treedef = ours.tree_flatten(tree)
    again = ours.tree_unflatten(treedef, leaves)
    want = theirs.tree_unflatten(theirs.tree_structure(tree), leaves)
    assert type(again) is type(want)
    assert ours.tree_structure(again) == treedef
    assert same(ours.tree_leaves(again), leaves)
    if isinstance(want, dict):
        assert list(again) == list(want)
    if not isinstance(tree, np.ndarray):
        assert again == tree
    assert same(treedef.flatten_up_to(tree), leaves)
    rebuilt = ours.PyTreeDef.from_node_data_and_children(ours.default_registry, treedef.node_data(), treedef.children())
    assert rebuilt == treedef


@pytest.mark.parametrize("tree", TREES, ids=IDS)
def test_paths(tree):
    want, got = both(lambda tu: tu.tree_flatten_with_path(tree))
    assert [translate(p) for p, _ in want[0]] == [translate(p) for p, _ in got[0]]
    assert same([x for _, x in want[0]], [x for _, x in got[0]])
    assert str(want[1]) == str(got[1])
    assert got[1] == ours.tree_structure(tree)
    for (p, _), (q, _) in zip(want[0], got[0]):
        assert theirs.keystr(p) == ours.keystr(q)
        assert theirs.keystr(p, simple=True, separator="/") == ours.keystr(q, simple=True, separator="/") or any(
            isinstance(k, (theirs.DictKey, theirs.GetAttrKey)) for k in q)
    assert ours.tree_leaves_with_path(tree) == got[0] or isinstance(tree, np.ndarray)
    paths = ours.tree_map_with_path(lambda p, x: ours.keystr(p), tree)
    assert ours.tree_leaves(paths) == [ours.keystr(p) for p, _ in got[0]]


@pytest.mark.parametrize("tree", TREES, ids=IDS)
def test_one_level(tree):
    def level(tu):
        children, meta = tu.flatten_one_level(tree)
        return (type(children), list(children)) if not isinstance(tree, Lazy) else list(children), meta
    agree(level)
    if type(tree) not in (Point, Sub, Empty):   # JAX repeats the first field's name
        agree(lambda tu: [(translate(list(c)), m) for c, m in [tu.flatten_one_level_with_keys(tree)]])
    assert ours.is_tree_node(type(tree)) == theirs.is_tree_node(type(tree))
    assert ours.all_leaves([tree]) == theirs.all_leaves([tree])


def test_names_of_namedtuple_fields():
    assert ours.flatten_one_level_with_keys(Point(1, 2)) == ([(ours.GetAttrKey("x"), 1), (ours.GetAttrKey("y"), 2)], Point)


@pytest.mark.parametrize("tree", TREES, ids=IDS)
def test_pickle_and_copy(tree):
    if type(tree) in (Lazy, ArrayMeta):
        pytest.skip("same as others")
    leaves, treedef = ours.tree_flatten(tree)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(treedef, protocol)) == treedef
    assert copy.copy(treedef) == treedef and copy.deepcopy(treedef) == treedef


@pytest.mark.parametrize("tree", TREES, ids=IDS)
def test_compose_transpose_broadcast(tree):
    agree(lambda tu: str(tu.tree_structure(tree).compose(tu.tree_structure([1, (2, None)]))))
    agree(lambda tu: tu.tree_structure(tree).compose(tu.tree_structure([1, (2, None)])).num_nodes)
    treedef = ours.tree_structure(tree)
    assert treedef.compose(ours.tree_structure(0)) is not None and treedef.compose(ours.tree_structure(0)) == treedef
    if treedef.num_leaves:
        nested = ours.tree_map(lambda x: [x, {"a": x}, (x,)], tree)
        agree(lambda tu: list(map(id, tu.tree_leaves(tu.tree_transpose(tu.tree_structure(tree), None, nested)))))
        agree(lambda tu: str(tu.tree_structure(tu.tree_transpose(tu.tree_structure(tree), None, nested))))
        agree(lambda tu: list(map(id, tu.tree_leaves(tu.tree_broadcast(tree, nested)))))


def test_same_structure_is_interned():
    a, b = ours.tree_structure({"a": [1, 2]}), ours.tree_structure({"a": [3, 4]})
    assert a == b and not a != b and hash(a) == hash(b) and len({a, b}) == 1
    assert a != ours.tree_structure({"a": (1, 2)}) and a != 3 and not a == 3
    assert ours.tree_structure(StaticInt(1)) != ours.tree_structure(StaticInt(2))


def test_equal_is_not_the_same():
    """Equal metadata keeps its identity: a round trip gives back what went in."""
    for x, y in [({1: 5}, {True: 5}), ({1: 5}, {1.0: 5}), (Data(1, 2, 0), Data(1, 2, False)), (Data(1, 2, 0.0), Data(1, 2, -0.0)),
                 (BlackBox(1), BlackBox(2)), (Node(1, 2, [3]), Node(1, 2, [3]))]:
        (a, s), (b, t) = ours.tree_flatten(x), ours.tree_flatten(y)
        assert s == t and hash(s) == hash(t) and theirs.tree_structure(x) == theirs.tree_structure(y)
        for def_, leaves, tree in ((s, a, x), (t, b, y)):
            again = def_.unflatten(leaves)
            assert repr(again) == repr(tree)
            if isinstance(tree, BlackBox):
                assert again is tree
            if isinstance(tree, Node):
                assert again.meta is tree.meta


def test_metadata_that_cannot_be_compared():
    s, t = ours.tree_structure(ArrayMeta(np.arange(3))), ours.tree_structure(ArrayMeta(np.arange(3)))
    agree(lambda tu: operator.eq(*(tu.tree_structure(ArrayMeta(np.arange(3))) for _ in range(2))))
    with pytest.raises(ValueError, match="Exception raised while checking equality of metadata") as e:
        s == t
    assert isinstance(e.value.__cause__, ValueError)
    assert hash(s) == hash(t) and s == s


# ---- functions

def test_map_and_friends():
    x, y = ((1, 2), (3, 4, 5)), (([3], None), ({"foo": "bar"}, 7, [5, 6]))
    agree(lambda tu: tu.tree_map(lambda *a: a, x, y))
    agree(lambda tu: tu.tree_map(lambda *a: a, x, y, is_leaf=lambda n: isinstance(n, list)))
    agree(lambda tu: tu.tree_map(lambda *a: a, x, *[y] * 20))
    agree(lambda tu: tu.tree_map(f=lambda a: a + 1, tree=x))
    agree(lambda tu: tu.tree_map(3, [1]))
    agree(lambda tu: tu.tree_map(lambda a: 1 / a, [0]))
    agree(lambda tu: tu.tree_map_with_path(lambda p, a, b: (translate(p), a, b), x, y))
    agree(lambda tu: tu.tree_map_with_path(lambda p, *a: (p[0].idx, *a), x, y, is_leaf=lambda p, n: len(p) == 1, is_leaf_takes_path=True))
    agree(lambda tu: tu.tree_reduce(operator.add, [(1, 2), [(3, 4), (5, 6)]], is_leaf=lambda t: isinstance(t, tuple)))
    agree(lambda tu: tu.tree_reduce(lambda a, b: (a, b), [1, [2, 3]], 0))
    agree(lambda tu: tu.tree_reduce(lambda a, b: (a, b), [1, [2, 3]], initializer=None))
    agree(lambda tu: tu.tree_reduce(operator.add, []))
    agree(lambda tu: tu.tree_reduce_associative(lambda a, b: (a, b), list(range(11))))
    agree(lambda tu: tu.tree_reduce_associative(operator.add, [], identity=7))
    agree(lambda tu: tu.tree_reduce_associative(operator.add, None))
    for t in ([True, {"a": True, "b": (True, True)}], [False, (True, False)], None, [1, "x", 0.0], [np.arange(2)]):
        agree(lambda tu: tu.tree_all(t))
    agree(lambda tu: tu.tree_all([(0,)], is_leaf=lambda t: isinstance(t, tuple)))
    agree(lambda tu: tu.tree_broadcast((1, 2, 3), (0, {"a": 0, "b": 0}, (0, 0))))
    agree(lambda tu: tu.tree_transpose(tu.tree_structure([1, 2]), tu.tree_structure((1, 2)), [(1, 2), (3, 4)]))


@pytest.mark.parametrize("predicate", [
    lambda t: False, lambda t: None, lambda t: isinstance(t, tuple), lambda t: isinstance(t, list), lambda t: True,
    lambda t: t is None, lambda t: isinstance(t, dict) and "c" in t])
def test_is_leaf(predicate):
    for tree in TREES + [[(1, 2), (3, 4)], [[[(1,)], [[(2,)], {"a": (3,)}]]]]:
        (want, their_def), (got, our_def) = both(lambda tu: tu.tree_flatten(tree, predicate))
        assert same(want, got) and str(their_def) == str(our_def)
        assert same(ours.tree_leaves(tree, is_leaf=predicate), want)
        assert [translate(p) for p, _ in theirs.tree_leaves_with_path(tree, predicate)] == [
            translate(p) for p, _ in ours.tree_leaves_with_path(tree, predicate)]
        assert ours.all_leaves([tree], predicate) == theirs.all_leaves([tree], predicate)


def test_is_leaf_errors():
    agree(lambda tu: tu.tree_leaves([1], is_leaf=lambda x: 1))
    agree(lambda tu: tu.tree_leaves([1], is_leaf=lambda x: np.True_))
    agree(lambda tu: tu.tree_leaves([1], is_leaf=lambda x: 1 / 0))
    with pytest.raises(TypeError):
        ours.tree_leaves([1], is_leaf=3)


def test_definitions():
    tree = ((1, 2, (3, 4)), (5,))
    for tu in BOTH:
        d = tu.tree_structure(tree)
        assert tu.treedef_tuple(d.children()) == d and tu.treedef_children(d) == d.children()
        assert tu.treedef_tuple(c for c in d.children()) == d
        assert not tu.treedef_is_leaf(d) and tu.treedef_is_leaf(tu.tree_structure(1)) and tu.treedef_is_leaf(tu.tree_structure(None))
        assert tu.PyTreeDef is type(d)
    agree(lambda tu: str(tu.treedef_tuple([])))
    agree(lambda tu: str(tu.PyTreeDef.from_node_data_and_children(tu.default_registry, None, [])))
    agree(lambda tu: str(tu.PyTreeDef.from_node_data_and_children(tu.default_registry, (dict, ["k"]), [tu.tree_structure([1])])))
    agree(lambda tu: str(tu.PyTreeDef.from_node_data_and_children(tu.default_registry, (Point, None), [tu.tree_structure(1)] * 2)))
    agree(lambda tu: str(tu.PyTreeDef.from_node_data_and_children(tu.default_registry, (int, None), [])))
    agree(lambda tu: tu.tree_structure({"a": [1, 2], "b": None}).from_iterable_tree([[1, 2], []]))
    agree(lambda tu: tu.tree_structure({"a": [1, 2], "b": None}).from_iterable_tree([[1], []]))
    with pytest.raises(TypeError):
        ours.PyTreeDef()
    with pytest.raises(TypeError):
        ours.treedef_tuple([3])
    with pytest.raises(TypeError):
        ours.tree_structure(1).compose(3)
    with pytest.raises(ValueError):
        ours.PyTreeDef.from_node_data_and_children(ours.default_registry, (dict, ["a", "b"]), [])


def test_walk():
    tree = {"b": 2, "a": [1, None], "c": Point(3, 4), "d": Data(5, 6, "t")}
    agree(lambda tu: tu.tree_structure(tree).walk(lambda n, d: (n, d), lambda x: x + 1, [1, 2, 3, 4, 5, 6]))
    agree(lambda tu: tu.tree_structure(tree).walk(lambda n, d: (n, d), lambda x: x, [1]))
    agree(lambda tu: tu.tree_structure(tree).walk(lambda n, d: (n, d), lambda x: x, range(9)))
    assert ours.tree_structure([1, 2]).walk(lambda n, d: sum(n), None, [1, 2]) == 3


def test_unflatten_errors():
    for leaves in ([1], [1, 2, 3], [], iter([1]), itertools.repeat(0)):
        if leaves is not None and not isinstance(leaves, (list,)):
            leaves = list(itertools.islice(leaves, 5))
        agree(lambda tu: tu.tree_structure({"a": [1, 2], "b": None}).unflatten(leaves))
    with pytest.raises(ValueError, match="Too many leaves"):
        ours.tree_structure([1]).unflatten(itertools.repeat(0))
    with pytest.raises(TypeError):
        ours.tree_structure([1]).unflatten(3)
    with pytest.raises(ZeroDivisionError):
        ours.tree_structure([1]).unflatten(1 // x for x in [0])


PREFIX_CASES = [
    ([1, 2], [7]), ((1,), (7, 8)), ({"a": 1}, {"a": 7, "b": 8}), ({"a": 1}, {"b": 7}), ([1], {"a": 7}), ([1], (7,)), ((1,), [7]),
    ((1,), {"b": 7}), ({"a": 1}, (7,)), ([[1]], [7]), ([[1]], [(7,)]), ([(1,)], [7]), ([{"a": 1}], [{"b": 7}]), (([1],), ({"a": 7},)),
    ({"a": {"a": 1}}, {"a": {"b": 7}}), ([Point(1, 2)], [(1, 2)]), ([Point(1, 2)], [Sub(1, 2)]), ([Node([1], (2,), {"a": [1]})], [([1], (2,))]),
    (None, [2]), ({"a": None}, {"a": 3}), (Node(1, 2, "m"), Node(1, 2, "n")), (Data(1, 2, 3), Data(1, 2, 4)), (Data(1, 2, 3), 5),
    (Data(1, [2], 3), Data(1, 2, 3)), (Method(1, 2), Method(1)), (Lazy(1, 2), Lazy(1)), (Keyed(1, [2], 3), Keyed(1, 4, 3)), (StaticInt(1), StaticInt(2)), (Empty(), Point(1, 2)),
    (collections.OrderedDict(a=1), collections.OrderedDict(b=1)), (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=1, a=2)),
    (collections.OrderedDict(a=1), {"a": 1}), (collections.defaultdict(int, a=1), collections.defaultdict(list, a=1)),
    (collections.defaultdict(int, a=1), collections.defaultdict(int, a=1, b=2)), ([1, [2, (3, {"k": [4]})]], [1, [2, (3, {"k": 4})]]),
    (((1,), (2,)), ([3], [4])), ([{1: 2}, {3: 4}], [{3: 4}, {5: 6}]), ({"{oops}": {"{a}": 1}}, {"{oops}": {"{b}": 1}}), ({}, {"a": []}),
    ({"x": 1, 2: 3}, {"x": 1}), ([1], [{"x": 1, 2: 3}]),
]


@pytest.mark.parametrize("prefix,full", PREFIX_CASES)
def test_prefix_errors(prefix, full):
    agree(lambda tu: tu.tree_structure(prefix).flatten_up_to(full))
    agree(lambda tu: tu.tree_map(lambda *x: 0, prefix, full))
    agree(lambda tu: tu.tree_map_with_path(lambda *x: 0, prefix, full))
    agree(lambda tu: tu.tree_broadcast(prefix, full))
    try:
        want = [e("in_axes").args[0] for e in their_inside.prefix_errors(prefix, full)]
    except (AttributeError, AssertionError, ValueError):
        return
    assert _core.prefix_errors("in_axes", prefix, full) == want


@pytest.mark.parametrize("a,b", PREFIX_CASES)
def test_equality_errors(a, b):
    try:
        want = [(translate(p), *rest) for p, *rest in their_inside.equality_errors(a, b)]
        definitions = [(translate(p), *rest) for p, *rest in
                       their_inside.equality_errors_pytreedef(theirs.tree_structure(a), theirs.tree_structure(b))]
    except ValueError:
        return
    assert [(translate(p), *rest) for p, *rest in _core.equality_errors(a, b)] == want
    got = _core.equality_errors(ours.tree_structure(a), ours.tree_structure(b))
    clean = lambda rows: [tuple(translate(x) if isinstance(x, tuple) else x.replace("jax._src.tree_util.", "cuirax.tree_util.")
                                for x in row) for row in rows]
    assert clean(got) == clean(definitions)


AXES_CASES = [
    ((1, 2), 0), ((1, 2), (0, None)), ((1, {"a": 2, "b": [3, 4]}), (0, {"a": 1, "b": None})), ((1, (2, 3)), (0, (None, 1))), ([1, 2], [None, 0]),
    ((1, 2), (0,)), ((1, 2), [0, 0]), ((1, {"a": 2}), (0, {"b": 1})), ((1, {"a": 2}), (None, {"b": None})), (({"a": 1},), {"a": 0}), (({"a": 1, "b": 2},), {"a": 0}),
    ((1, [2, 3]), (0, [0])), ((Data(1, 2),), (Data(0, None),)), ((Data(1, 2),), (Data(0, None, 3),)), (1, (0,)), ((), ()), ((), 0), (None, None), ((None, 1), (None, 0)), ((None, 1), 0),
]


@pytest.mark.parametrize("tree,axes", AXES_CASES)
@pytest.mark.parametrize("tupled", [False, True])
def test_flatten_axes(tree, axes, tupled):
    flatten = {theirs: their_api.flatten_axes, ours: _core.flatten_axes}
    agree(lambda tu: list(flatten[tu]("vmap in_axes", tu.tree_structure(tree), axes, tupled_args=tupled)))
    agree(lambda tu: list(flatten[tu]("vmap in_axes", tu.tree_structure((tree, {"k": 1})), (axes, 0), kws=True, tupled_args=tupled)))


def test_broadcast_errors():
    for prefix, full in [((1, 2, 3), (0, {"a": 0})), ((1, 2), (0, 1, 2)), ((1, {"a": 0}), (0, {"a": 0, "b": 0}))]:
        agree(lambda tu: tu.tree_broadcast(prefix, full))


def test_transpose_errors():
    agree(lambda tu: tu.tree_transpose(tu.tree_structure([1, 2]), tu.tree_structure((1, 2)), [(1, 2), (3,)]))
    agree(lambda tu: tu.tree_transpose(tu.tree_structure([]), None, []))
    agree(lambda tu: tu.tree_transpose(tu.tree_structure([]), tu.tree_structure((1, 2)), []))
    agree(lambda tu: tu.tree_transpose(tu.tree_structure([1, 2]), tu.tree_structure(()), []))
    agree(lambda tu: tu.tree_transpose(tu.tree_structure({"a": 1, "b": 2}), tu.tree_structure([1, 2, 3]), {"a": [1, 2], "b": [3, 4]}))


def test_wrong_arguments():
    for f in ("tree_flatten", "tree_leaves", "tree_structure", "tree_map", "tree_all", "tree_unflatten", "tree_reduce", "tree_transpose",
              "tree_broadcast", "keystr", "register_dataclass", "register_pytree_node", "tree_flatten_with_path", "all_leaves", "treedef_tuple",
              "treedef_children", "treedef_is_leaf", "is_tree_node", "flatten_one_level", "register_static"):
        agree(lambda tu: getattr(tu, f)())
        agree(lambda tu: getattr(tu, f)(nonsense=1))
        if f != "tree_map":
            agree(lambda tu: getattr(tu, f)(1, 2, 3, 4, 5, 6, 7))
    agree(lambda tu: tu.tree_flatten([1], tree=2))
    agree(lambda tu: tu.tree_unflatten(3, [1]))
    agree(lambda tu: tu.treedef_children(3))
    agree(lambda tu: tu.treedef_is_leaf(3))
    agree(lambda tu: tu.flatten_one_level(3))
    agree(lambda tu: tu.keystr(3))
    agree(lambda tu: tu.treedef_is_leaf(treedef=tu.tree_structure(1)))


def test_public_names():
    for real, our in ((theirs, ours), (jax.tree, our_tree)):
        for name in dir(real):
            if not name.startswith("__"):
                assert hasattr(our, name), name
    for f in (ours.tree_map, ours.tree_flatten, ours.tree_leaves, ours.keystr, ours.register_dataclass, our_tree.broadcast):
        inspect.signature(f)
        assert f.__doc__ and f.__module__


# ---- dictionaries

def test_keys_that_do_not_sort():
    agree(lambda tu: tu.tree_flatten({1: 2, "a": 3}))
    agree(lambda tu: tu.tree_flatten([{"a": {1: 2, "a": 3}}]))
    with pytest.raises(ValueError, match="Comparator raised") as e:
        ours.tree_leaves({1: 2, "a": 3})
    assert isinstance(e.value.__cause__, TypeError)
    agree(lambda tu: tu.tree_flatten(collections.defaultdict(int, {1: 2, "a": 3})))


def test_order_of_keys():
    d = {"b": 2, "a": 1, "c": {"b": 2, "a": 1}}
    for tree in (d, collections.defaultdict(int, d), collections.OrderedDict(d)):
        agree(lambda tu: list(tu.tree_unflatten(tu.tree_structure(tree), tu.tree_leaves(tree))))
    moved = collections.OrderedDict(a=1, b=2, c=3)
    moved.move_to_end("a")
    agree(lambda tu: tu.tree_leaves(moved))
    agree(lambda tu: tu.tree_leaves({i: -i for i in (5, 3, 9, 1, 7, 2, 8, 0, 6, 4)}))
    agree(lambda tu: tu.tree_leaves({s: i for i, s in enumerate("zyxwvutsrqponmlkjihgfedcba")}))
    agree(lambda tu: tu.tree_leaves({"ab": 1, "a": 2, "": 3, "abc": 4, "b": 5, "ā": 6, "\U0001f600": 7, "\uffff": 8}))
    agree(lambda tu: tu.tree_leaves({2**70: 1, -2**70: 2, 0: 3, 1.5: 4}))


@dataclasses.dataclass(frozen=True)
class Sortable:
    n: int
    log: typing.Any = dataclasses.field(compare=False, hash=False, default=None)

    def __lt__(self, other):
        return self.n < other.n


def test_keys_with_their_own_order():
    d = {Sortable(3): "c", Sortable(1): "a", Sortable(2): "b"}
    agree(lambda tu: tu.tree_leaves(d))
    assert ours.tree_structure(d) == ours.tree_structure({Sortable(2): 0, Sortable(1): 1, Sortable(3): 2})


# ---- registration

def test_registration_errors():
    agree(lambda tu: tu.register_pytree_node(list, len, len))
    agree(lambda tu: tu.register_pytree_node(Node, len, len))
    agree(lambda tu: tu.register_dataclass(Data))
    agree(lambda tu: tu.register_pytree_node_class(int))
    agree(lambda tu: tu.register_pytree_with_keys_class(int))
    agree(lambda tu: tu.register_dataclass(int))
    agree(lambda tu: tu.register_dataclass(int, ["a"]))
    agree(lambda tu: tu.register_dataclass(int, ["a"], ["a"]))

    @dataclasses.dataclass
    class Fields:
        a: int
        b: int
        c: int = dataclasses.field(init=False)
        d: typing.ClassVar[int] = 3

    agree(lambda tu: tu.register_dataclass(Fields, ["a"], []))
    agree(lambda tu: tu.register_dataclass(Fields, ["a", "b", "z"], []))
    agree(lambda tu: tu.register_dataclass(Fields))
    with pytest.raises(TypeError):
        ours.register_pytree_node(Fields, 1, 2)
    assert not ours.is_tree_node(Fields)
    for tu in BOTH:
        tu.register_dataclass(Fields, ["a"], [], drop_fields=["b"])


def test_dataclasses():
    for tu in BOTH:
        @dataclasses.dataclass
        class WithStatic:
            a: typing.Any
            b: str = our_tree.static(default="add")
            c: int = jax.tree.static(default=3, metadata={"unit": "m"})
        tu.register_dataclass(WithStatic)
        x = WithStatic([1, 2])
        assert str(tu.tree_structure(x)) == "PyTreeDef(CustomNode(WithStatic[('add', 3)], [[*, *]]))"
        assert tu.tree_map(lambda v: v + 1, x) == WithStatic([2, 3])
        assert WithStatic.__dataclass_fields__["b"].metadata["static"] is True
        paths = [p for p, _ in tu.tree_leaves_with_path(x)]
        assert tu.keystr(paths[1]) == ".a[1]"

        class Plain:
            def __init__(self, x, y):
                self.x, self.y = x, y
        tu.register_dataclass(Plain, ["x"], ("y",))
        assert tu.tree_map(lambda v: v * 2, Plain(4, "m")).x == 8
        with pytest.raises(AttributeError):
            broken = Plain(1, 2)
            del broken.x
            tu.tree_leaves(broken)
    field = our_tree.static(default=1, metadata={"static": False, "k": 2})
    assert dict(field.metadata) == dict(jax.tree.static(default=1, metadata={"static": False, "k": 2}).metadata)
    with pytest.raises(TypeError):
        our_tree.static(3)


class BadNonTuple:
    pass


class BadArity:
    pass


class BadChildren:
    pass


class BadPairs:
    pass


class Raises:
    pass


for tu in BOTH:
    tu.register_pytree_node(BadNonTuple, lambda o: "hello", None or len)
    tu.register_pytree_node(BadArity, lambda o: (2, 3, 4), len)
    tu.register_pytree_node(BadChildren, lambda o: (7, 7), len)
    tu.register_pytree_node(BadPairs, lambda o: ((), None), len, lambda o: ((3, 4), 5))
    tu.register_pytree_node(Raises, lambda o: ((1 / 0 for _ in range(2)), None), len)


def test_bad_flatten_functions():
    for x in (BadNonTuple(), BadArity(), BadChildren(), Raises()):
        agree(lambda tu: tu.tree_flatten([1, x]))
        agree(lambda tu: tu.flatten_one_level(x)[1])
    agree(lambda tu: tu.tree_flatten_with_path(BadPairs()))
    assert ours.tree_leaves([BadPairs()]) == []


def test_registries():
    assert ours.default_registry.flatten([1, None])[0] == [1]
    leaves, treedef = ours.none_leaf_registry.flatten([1, None])
    assert leaves == [1, None] and str(treedef) == "PyTreeDef([*, *])"
    assert str(treedef) == str(their_inside.none_leaf_registry.flatten([1, None])[1])
    assert ours.default_registry.flatten_one_level(3) is None and theirs.default_registry.flatten_one_level(3) is None
    assert ours.default_registry.is_node(list) and not ours.default_registry.is_node(int)
    assert pickle.loads(pickle.dumps(ours.default_registry)) is ours.default_registry
    own = ours.PyTreeRegistry(enable_list=False)
    their_own = type(theirs.default_registry)(enable_list=False)
    class Thing:
        pass
    for r in (own, their_own):
        r.register_node(Thing, lambda t: ((1, [2]), None), lambda *a: Thing())
        with pytest.raises(ValueError, match="Duplicate"):
            r.register_node(Thing, len, len)
    tree = ([1], Thing(), None, {"a": 2})
    assert own.flatten(tree)[0] == their_own.flatten(tree)[0]
    assert str(own.flatten(tree)[1]) == str(their_own.flatten(tree)[1])
    assert ours.tree_leaves(Thing) == [Thing] and not ours.is_tree_node(Thing)


# ---- keys

def test_keys():
    for make in (lambda tu: tu.SequenceKey(2), lambda tu: tu.DictKey("a"), lambda tu: tu.GetAttrKey("n"), lambda tu: tu.FlattenedIndexKey(5),
                 lambda tu: tu.DictKey(("t", 1)), lambda tu: tu.SequenceKey(idx=-3), lambda tu: tu.DictKey(key=None)):
        want, got = both(make)
        assert (repr(got), str(got), hash(got), type(got).__match_args__) == (repr(want), str(want), hash(want), type(want).__match_args__)
        assert make(ours) == got and got != want and not got == 3
        assert pickle.loads(pickle.dumps(got)) == got and copy.deepcopy(got) == got
    assert ours.SequenceKey(2) != ours.FlattenedIndexKey(2) and ours.DictKey("x") != ours.GetAttrKey("x")
    assert ours.SequenceKey(1).idx == 1 and ours.DictKey("k").key == "k" and ours.GetAttrKey("n").name == "n" and ours.FlattenedIndexKey(4).key == 4
    match ours.DictKey("z"):
        case ours.DictKey(key=k):
            assert k == "z"
    for make in (lambda tu: tu.SequenceKey("a"), lambda tu: tu.GetAttrKey(3), lambda tu: tu.DictKey(), lambda tu: tu.FlattenedIndexKey(1, 2)):
        with pytest.raises(TypeError):
            make(ours)
    with pytest.raises(TypeError):
        hash(ours.DictKey([]))
    with pytest.raises(AttributeError):
        ours.DictKey("a").key = 3
    for kw in ({}, {"simple": True}, {"separator": "."}, {"simple": True, "separator": "/"}):
        agree(lambda tu: tu.keystr((tu.DictKey("a"), tu.SequenceKey(0), tu.GetAttrKey("n"), tu.FlattenedIndexKey(3), "own", 7), **kw))


# ---- Partial

def f_of(a, b=0, *rest, **kw):
    return a, b, rest, kw


def test_partial():
    for tu in BOTH:
        for p in (tu.Partial(f_of), tu.Partial(f_of, 1, 2), tu.Partial(f_of, x="a"), tu.Partial(f_of, 1, 2, 3, x=4, y=[5])):
            leaves, treedef = tu.tree_flatten(p)
            again = tu.tree_unflatten(treedef, leaves)
            assert type(again) is tu.Partial and (again.func, again.args, again.keywords) == (p.func, p.args, p.keywords)
            assert tu.tree_structure(again) == treedef
        assert tu.Partial(f_of, 1)(2, z=3) == (1, 2, (), {"z": 3})
        inner = functools.partial(f_of, 2)
        p, q = tu.Partial(inner, 3), tu.Partial(inner, 3)
        assert p.args == (3,) and p.func == inner and inner == p.func and p.func == q.func and hash(p.func) == hash(q.func)
        assert p(4) == (2, 3, (4,), {}) and (p.func.func, p.func.args, p.func.keywords) == (f_of, (2,), {})
        assert tu.tree_structure(p) == tu.tree_structure(q)
        nested = tu.Partial(tu.Partial(f_of, 1), 2)
        assert nested.args == (2,) and nested() == (1, 2, (), {})
        assert isinstance(p, functools.partial)
    agree(lambda tu: str(tu.tree_structure(tu.Partial(print, 1, a=2))))
    agree(lambda tu: str(tu.tree_structure(tu.Partial(functools.partial(print, 1), a=2))))
    for make in (lambda tu: tu.Partial(), lambda tu: tu.Partial(3)):
        want, got = both(make)
        assert type(want) is type(got) is TypeError

    class Child(ours.Partial):
        pass
    assert Child(f_of, 1)(2) == (1, 2, (), {})
    assert pickle.loads(pickle.dumps(ours.Partial(f_of, 1)))(2) == (1, 2, (), {})


# ---- text formats

def test_proto():
    for tree in ([1, [2], (3,), {"a": 4, "b": 5}], None, {}, {"é": {"a": 1}, "a": None}, list(range(300))):
        want, got = both(lambda tu: tu.tree_structure(tree).serialize_using_proto())
        assert want == got
        assert ours.PyTreeDef.deserialize_using_proto(ours.default_registry, got) == ours.tree_structure(tree)
    agree(lambda tu: tu.tree_structure({1: 2}).serialize_using_proto())
    agree(lambda tu: tu.tree_structure(Point(1, 2)).serialize_using_proto())


@given(st.binary(max_size=60) | st.lists(st.sampled_from([b"\n\x02\x10\x01", b"\n\x04\x08\x02\x10\x02", b"\n\n\x08\x02\x10\x05\x1a\x04\n\x02\x00\x01",
                                                         b"\x12\x01a", b"\n\x02\x10\x03", b"\xff", b"\x0a", b"\x08\x01"])).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_damaged_proto(data):
    try:
        d = ours.PyTreeDef.deserialize_using_proto(ours.default_registry, data)
    except (ValueError, UnicodeDecodeError):
        return
    d.unflatten(range(d.num_leaves))
    str(d)


def test_damaged_pickles():
    for state in ([], [(0, None, None)] * 2, [(1, list, None)], [(0, int, None)], [(-1, list, None)], [3], [(0, dict, ["a"])],
                  [(2**40, list, None)], [(0, None, None), (1, Data, 5)], [(0, None)], [(0, None, None), (1, None, None)]):
        try:
            d = _core.treedef_restore(state)
        except (RuntimeError, ValueError, TypeError, OverflowError):
            continue
        with pytest.raises(Exception):
            d.unflatten([1])
    with pytest.raises(RuntimeError):
        _core.treedef_restore(5)


# ---- hostile containers

def test_cycles_and_depth():
    loop = []
    loop.append(loop)
    with pytest.raises(RecursionError):
        ours.tree_flatten(loop)
    d = {}
    d["d"] = (d,)
    with pytest.raises(RecursionError):
        ours.tree_structure(d)
    treedef = ours.tree_structure([1])
    for _ in range(15):
        treedef = treedef.compose(treedef)
    assert treedef.num_nodes == 2**15 + 1 and len(str(treedef)) == 2**16 + 1 + len("PyTreeDef()")
    x = treedef.unflatten([1])
    assert treedef.flatten_up_to(x) == [1] and len(treedef.children()) == 1
    with pytest.raises(RecursionError):
        ours.tree_leaves(x)
    with pytest.raises(RecursionError):
        treedef.from_iterable_tree(x)


class Mutator:
    """Clears a container while it is being flattened."""
    target = None


for tu in BOTH[1:]:
    tu.register_pytree_node(Mutator, lambda m: (m.target.clear() or (), None), lambda *a: Mutator())


def test_containers_that_change_while_being_walked():
    m = Mutator()
    m.target = [m, *[[object()] for _ in range(9)]]
    with pytest.raises(IndexError):
        ours.tree_leaves(m.target)
    m.target = {"a": m, **{f"k{i}": [object()] for i in range(9)}}
    assert len(ours.tree_leaves(m.target)) == 9 and not m.target
    m.target = collections.OrderedDict(a=m, b=[object()])
    assert len(ours.tree_leaves(m.target)) == 1

    x = [[1], [2], [3]]
    def shrink(t):
        if t == [1]:
            del x[1:]
        return False
    with pytest.raises(IndexError):
        ours.tree_leaves(x, shrink)

    class Evil:
        def __init__(self, n):
            self.n = n

        def __hash__(self):
            return self.n

        def __lt__(self, other):
            evil.clear()
            return self.n < other.n
    evil = {Evil(i): [i] for i in (3, 1, 2)}
    assert ours.tree_leaves(evil) == [1, 2, 3]

    class Reenter:
        def __lt__(self, other):
            ours.tree_flatten({"b": {"q": [1, 2]}, "a": 3})
            return id(self) < id(other)
    assert sorted(ours.tree_leaves({Reenter(): i for i in range(5)})) == list(range(5))


def test_errors_inside_user_code_pass_through():
    class Boom:
        def __eq__(self, other):
            raise KeyboardInterrupt

        def __repr__(self):
            raise ZeroDivisionError
    s, t = (ours.tree_structure(Node(1, 2, Boom())) for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        s == t
    with pytest.raises(ZeroDivisionError):
        str(ours.tree_structure(Node(1, 2, Boom())))
    with pytest.raises(ZeroDivisionError):
        ours.tree_structure([1]).flatten_up_to(Boom())


def test_iterators_as_leaves_warn():
    for x in ((i for i in []), zip(), iter([]), {}.values(), map(len, []), enumerate([]), iter({}), reversed("ab"), iter(())):
        for tu in BOTH:
            with pytest.warns(DeprecationWarning, match="Python iterable type"):
                tu.tree_leaves({"a": x})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ours.tree_leaves([x], is_leaf=lambda t: t is x) == [x]
            with pytest.raises(DeprecationWarning):
                ours.tree_leaves([x])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours.tree_leaves([{}.keys(), itertools.count(), range(3), {1}, "s"])


# ---- properties

scalars = st.integers() | st.text(max_size=3) | st.floats(allow_nan=False) | st.booleans()
containers = lambda t: (
    st.lists(t, max_size=4) | st.lists(t, max_size=4).map(tuple) | st.dictionaries(st.text(max_size=3), t, max_size=4)
    | st.dictionaries(st.integers(), t, max_size=4) | st.dictionaries(st.text(max_size=3), t, max_size=3).map(collections.OrderedDict)
    | st.dictionaries(st.text(max_size=3), t, max_size=3).map(lambda d: collections.defaultdict(int, d))
    | st.builds(Point, t, t) | st.builds(Node, t, t, scalars) | st.builds(Data, t, t, scalars) | st.builds(Keyed, t, t, scalars)
    | st.lists(t, max_size=3).map(lambda c: Method(*c)) | st.lists(t, max_size=3).map(lambda c: Lazy(*c)))
pytrees = st.recursive(scalars | st.none(), containers, max_leaves=25)


@given(pytrees)
@settings(max_examples=200, deadline=None)
def test_any_tree(tree):
    (want, their_def), (got, our_def) = both(lambda tu: tu.tree_flatten(tree))
    assert same(want, got) and str(their_def) == str(our_def)
    assert our_def.unflatten(got) == tree
    assert our_def == pickle.loads(pickle.dumps(our_def))
    assert our_def.flatten_up_to(tree) == got
    assert ours.tree_map(lambda x: x, tree) == tree
    assert [translate(p) for p, _ in theirs.tree_leaves_with_path(tree)] == [translate(p) for p, _ in ours.tree_leaves_with_path(tree)]
    assert ours.treedef_tuple([our_def, our_def]) == ours.tree_structure((tree, tree))
    assert list(map(str, our_def.children())) == list(map(str, their_def.children()))


@given(pytrees, pytrees)
@settings(max_examples=300, deadline=None)
def test_any_two_trees(a, b):
    their_a, their_b, our_a, our_b = (tu.tree_structure(t) for tu in BOTH for t in (a, b))
    assert (our_a == our_b) == (their_a == their_b)
    if our_a == our_b:
        assert hash(our_a) == hash(our_b)
    agree(lambda tu: list(map(id, tu.tree_structure(a).flatten_up_to(b))))
    agree(lambda tu: str(tu.tree_structure(a).compose(tu.tree_structure(b))))


# ---- lifetime

def leak(f, watched, n=2000):
    """How much a call of f leaves behind: memory blocks, and references to the watched objects. Python's free lists fill during
    the first calls; one lost object a call would give 1."""
    for _ in range(n // 4):
        f()
    gc.collect()
    blocks, counts = sys.getallocatedblocks(), [sys.getrefcount(x) for x in watched]
    for _ in range(n):
        f()
    gc.collect()
    grown = [sys.getrefcount(x) - c for x, c in zip(watched, counts)]
    return max(sys.getallocatedblocks() - blocks, *map(abs, grown)) / n


def swallow(f, *args, **kw):
    try:
        f(*args, **kw)
    except Exception:
        pass


@pytest.mark.thorough
def test_no_leaks():
    leaf, meta = object(), object()
    tree = {"unusual key": 1, "b": [leaf, Point(1, Node(2, [3], ("m", meta))), None], "a": collections.defaultdict(int, q=Data(1, 2, object())),
            "o": collections.OrderedDict(z=Keyed(1, 2, [5])), "p": ours.Partial(f_of, 1, k=2), "l": Lazy(1, KeyedMethod(2))}
    treedef, leaves = ours.tree_structure(tree), ours.tree_leaves(tree)
    bad = [tree, {1: 2, "a": [object()]}]
    calls = [
        lambda: ours.tree_flatten(tree), lambda: ours.tree_map(lambda x: x, tree), lambda: ours.tree_flatten_with_path(tree),
        lambda: treedef.unflatten(leaves), lambda: treedef.flatten_up_to(tree), lambda: str(treedef), lambda: treedef.children(),
        lambda: treedef.compose(treedef), lambda: treedef == ours.tree_structure(tree), lambda: hash(treedef), lambda: treedef.node_data(),
        lambda: swallow(ours.tree_flatten, bad), lambda: swallow(ours.tree_map, len, tree, {"b": 1}), lambda: swallow(treedef.unflatten, [1]),
        lambda: swallow(ours.tree_flatten_with_path, bad), lambda: swallow(ours.tree_broadcast, [1, [2]], [1, 2]),
        lambda: swallow(_core.flatten_axes, "x", ours.tree_structure((1, 2)), (1,)), lambda: _core.flatten_axes("x", treedef, 0),
        lambda: swallow(ours.tree_leaves, [Raises()]), lambda: swallow(ours.tree_leaves, [1, [2]], lambda x: 3), lambda: ours.tree_broadcast(1, tree),
        lambda: ours.tree_reduce(lambda a, b: b, tree), lambda: ours.tree_reduce_associative(lambda a, b: a, tree), lambda: ours.tree_all(tree),
        lambda: ours.tree_transpose(ours.tree_structure([1, 2]), None, [(1, 2), (3, 4)]), lambda: ours.keystr((ours.DictKey("a"), 3)),
        lambda: ours.flatten_one_level_with_keys(tree), lambda: [ours.flatten_one_level(x) for x in list(tree.values())[1:]], lambda: copy.deepcopy(ours.tree_structure([{"a": 1}])),
        lambda: ours.tree_structure([{"a": 1}]).serialize_using_proto(), lambda: treedef.walk(lambda n, d: n, None, leaves), lambda: _core.equality_errors([1, (2,)], [1, [2]]),
        lambda: swallow(ours.tree_map, 3, 4, 5, 6, 7, nope=1), lambda: ours.Partial(functools.partial(f_of, 1), 2)(3), lambda: our_tree.static(default=1),
        lambda: swallow(ours.tree_structure(ArrayMeta(np.arange(2))).__eq__, ours.tree_structure(ArrayMeta(np.arange(2)))),
    ]
    for f in calls:
        stays = leak(f, [Point, Node, leaf, meta, "unusual key"])
        assert stays < 0.3, (inspect.getsource(f), stays)


def test_metadata_is_released():
    class Meta:
        pass
    meta = Meta()
    ref = weakref.ref(meta)
    treedef = ours.tree_structure([Node(1, 2, meta)])
    other = ours.tree_structure([Node(3, 4, meta)])
    assert treedef == other
    del meta, treedef
    assert ref() is not None
    del other
    assert ref() is None


def test_cycles_through_definitions_are_collected():
    class Meta:
        pass
    meta = Meta()
    meta.treedef = ours.tree_structure([Node(1, 2, meta)])
    ref = weakref.ref(meta)
    del meta
    gc.collect()
    assert ref() is None
    key = ours.DictKey([])
    key.key.append(key)
    del key
    gc.collect()


def test_threads():
    trees = [t for t in TREES if not isinstance(t, np.ndarray)]
    want = [str(ours.tree_structure(t)) for t in trees]
    wrong = []

    def work():
        for _ in range(60):
            for t, text in zip(trees, want):
                leaves, treedef = ours.tree_flatten(t)
                if str(treedef) != text or treedef != ours.tree_structure(treedef.unflatten(leaves)):
                    wrong.append(t)
    threads = [threading.Thread(target=work) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    sys.setswitchinterval(interval)
    assert not wrong


# ---- as arguments of jit

class Equal:
    """Metadata that is equal without being the same."""

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return type(other) is Equal and self.name == other.name


class Fresh:
    """Flattens to a new array and new metadata each time."""

    def __init__(self, x, name):
        self.x, self.name = x, name


for tu in BOTH:
    tu.register_pytree_node(Fresh, lambda b: ((b.x + 1,), Equal(b.name)), lambda m, c: Fresh(c[0], m.name))


def test_jit_takes_equal_metadata_for_the_same():
    import cuirax
    traced = []

    @cuirax.jit
    def f(box):
        traced.append(box.name)
        return box.x * 2
    x = cuirax.jit(lambda v: v)(np.float32(3))
    for _ in range(20):
        assert float(f(Fresh(x, "a"))) == 8   # flattening adds 1
    f(Fresh(x, "b"))
    assert traced == ["a", "b"]


def test_jit_names_metadata_that_cannot_be_compared():
    import cuirax
    for jit in (jax.jit, cuirax.jit):
        g = jit(lambda a: 1.0)
        g(ArrayMeta(np.arange(3)))
        with pytest.raises(ValueError, match="Exception raised while checking equality of metadata"):
            g(ArrayMeta(np.arange(3)))
