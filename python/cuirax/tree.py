"""Pytree functions under short names: jax.tree.map is jax.tree_util.tree_map, and so on."""
from ._core import (
    tree_all as all, tree_broadcast as broadcast, tree_flatten as flatten, tree_flatten_with_path as flatten_with_path,
    tree_leaves as leaves, tree_leaves_with_path as leaves_with_path, tree_map as map, tree_map_with_path as map_with_path,
    tree_reduce as reduce, tree_reduce_associative as reduce_associative, tree_static as static,
    tree_structure as structure, tree_transpose as transpose, tree_unflatten as unflatten)
