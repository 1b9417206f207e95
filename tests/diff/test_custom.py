"""custom_jvp, custom_vjp, checkpoint, callbacks, jacobians: alone and under the other transformations."""
import importlib

import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(5, dtype="f4") / 5 + np.float32(0.1)
Y = np.float32(3)


def jvp_rule(jax, jnp):
    """sin(x) y, with twice the derivative in x, so that the rule's use shows."""
    @jax.custom_jvp
    def f(x, y):
        return jnp.sin(x) * y

    @f.defjvp
    def _(primals, tangents):
        (x, y), (dx, dy) = primals, tangents
        return f(x, y), 2 * jnp.cos(x) * dx * y + jnp.sin(x) * dy
    return f


def vjp_rule(jax, jnp):
    """(sin(x) y, x), with five times the cotangent."""
    @jax.custom_vjp
    def h(x, y):
        return jnp.sin(x) * y, x

    def fwd(x, y):
        return h(x, y), (jnp.cos(x), y, jnp.sin(x))

    def bwd(res, ct):
        c, y, s = res
        return 5 * c * y * ct[0], (s * ct[0]).sum()
    h.defvjp(fwd, bwd)
    return h


for name, make in (("jvp", jvp_rule), ("vjp", vjp_rule)):
    def first(jax, jnp, make=make):
        f = make(jax, jnp)
        return (lambda x, y: f(x, y)[0]) if make is vjp_rule else f
    case(f"custom_{name} call", lambda jax, jnp, first=first: first(jax, jnp)(X, Y))
    case(f"custom_{name} grad", lambda jax, jnp, first=first: jax.grad(lambda x, y: first(jax, jnp)(x, y).sum(), (0, 1))(X, Y))
    case(f"custom_{name} jit grad", lambda jax, jnp, first=first: jax.jit(jax.grad(lambda x, y: first(jax, jnp)(x, y).sum(), (0, 1)))(X, Y))
    case(f"custom_{name} grad jit", lambda jax, jnp, first=first: jax.grad(jax.jit(lambda x, y: first(jax, jnp)(x, y).sum()), (0, 1))(X, Y))
    case(f"custom_{name} vmap grad", lambda jax, jnp, first=first: jax.vmap(jax.grad(lambda x: first(jax, jnp)(x, Y)))(X))
    case(f"custom_{name} grad vmap", lambda jax, jnp, first=first: jax.grad(lambda x, y: jax.vmap(first(jax, jnp), in_axes=(0, None))(x, y).sum(), (0, 1))(X, Y))
    case(f"custom_{name} grad jit vmap", lambda jax, jnp, first=first: jax.grad(lambda x, y: jax.jit(jax.vmap(first(jax, jnp), in_axes=(0, None)))(x, y).sum(), (0, 1))(X, Y))
    case(f"custom_{name} grad vmap jit", lambda jax, jnp, first=first: jax.grad(lambda x, y: jax.vmap(jax.jit(first(jax, jnp)), in_axes=(0, None))(x, y).sum(), (0, 1))(X, Y))
    case(f"custom_{name} in scan", lambda jax, jnp, lax, first=first: jax.grad(lambda w: lax.scan(lambda c, x: (first(jax, jnp)(c * w, x), c), np.float32(1), X)[0])(np.float32(0.3)))
case("custom_jvp second grad", lambda jax, jnp: jax.grad(jax.grad(lambda x: jvp_rule(jax, jnp)(x, Y)))(np.float32(1)))
case("custom_jvp jvp", lambda jax, jnp: jax.jvp(jvp_rule(jax, jnp), (X, Y), (X, Y)))
case.error("custom_vjp under jvp", lambda jax, jnp: jax.jvp(vjp_rule(jax, jnp), (X, Y), (X, Y)))
case.error("custom_jvp without a rule", lambda jax, jnp: jax.custom_jvp(lambda x: x)(1.0))
case.error("custom_vjp without rules", lambda jax, jnp: jax.custom_vjp(lambda x: x)(1.0))


def nondiff(jax, jnp):
    @jax.tree_util.Partial(jax.custom_jvp, nondiff_argnums=(0,))
    def apply(f, x):
        return f(x)

    @apply.defjvp
    def _(f, primals, tangents):
        (x,), (t,) = primals, tangents
        return f(x), 3 * t
    return apply


case("custom_jvp nondiff_argnums", lambda jax, jnp: jax.grad(lambda x: nondiff(jax, jnp)(jnp.sin, x))(np.float32(1)))
case("custom_jvp keywords", lambda jax, jnp: jvp_rule(jax, jnp)(y=Y, x=X))


def chain(jnp):
    return lambda w, x: jnp.sin(jnp.sin(x * w) * w).sum()


for policy in ("nothing_saveable", "everything_saveable", "dots_saveable", "dots_with_no_batch_dims_saveable"):
    case(f"checkpoint {policy}", lambda jax, jnp, policy=policy: jax.grad(jax.checkpoint(chain(jnp), policy=getattr(jax.checkpoint_policies, policy)), (0, 1))(np.float32(0.3), X))
case("checkpoint jit grad", lambda jax, jnp: jax.jit(jax.grad(jax.checkpoint(chain(jnp))))(np.float32(0.3), X))
case("checkpoint second grad", lambda jax, jnp: jax.grad(jax.grad(jax.checkpoint(chain(jnp))))(np.float32(0.3), X))
case("checkpoint vmap grad", lambda jax, jnp: jax.vmap(jax.grad(jax.checkpoint(chain(jnp))), in_axes=(0, None))(X, X))
case("checkpoint names", lambda jax, jnp, ad_checkpoint: jax.grad(jax.checkpoint(
    lambda w, x: jnp.sin(ad_checkpoint.checkpoint_name(jnp.sin(x * w), "a") * w).sum(), policy=jax.checkpoint_policies.save_only_these_names("a")))(np.float32(0.3), X))
case("checkpoint in scan", lambda jax, jnp, lax: jax.grad(lambda w: lax.scan(jax.checkpoint(lambda c, x: (jnp.sin(c * w + x), c)), np.float32(1), X)[0])(np.float32(0.3)))

case("pure_callback", lambda jax, jnp: jax.jit(lambda x: jax.pure_callback(lambda a: np.sin(np.asarray(a)), jax.ShapeDtypeStruct((5,), np.float32), x) + 1)(X))
for method in ("sequential", "expand_dims", "broadcast_all"):
    case(f"vmap of pure_callback {method}", lambda jax, method=method: jax.vmap(
        lambda a: jax.pure_callback(lambda a: np.cos(np.asarray(a)), jax.ShapeDtypeStruct((), np.float32), a, vmap_method=method))(X))
case.error("vmap of pure_callback without a method", lambda jax: jax.vmap(lambda a: jax.pure_callback(np.cos, jax.ShapeDtypeStruct((), np.float32), a))(X))
case.error("grad of pure_callback", lambda jax: jax.grad(lambda a: jax.pure_callback(np.cos, jax.ShapeDtypeStruct((), np.float32), a))(1.0))

case("jacrev", lambda jax, jnp: jax.jacrev(lambda x, y: {"a": jnp.sin(x) * y, "b": (x * x).sum() * y}, (0, 1))(X, Y))
case("jacfwd", lambda jax, jnp: jax.jacfwd(lambda x, y: {"a": jnp.sin(x) * y, "b": (x * x).sum() * y}, (0, 1))(X, Y))
case("hessian", lambda jax, jnp: jax.hessian(lambda x: (jnp.sin(x) * x * x).sum())(X))
case("jit hessian of trees", lambda jax, jnp: jax.jit(jax.hessian(lambda p: (p["a"] * jnp.sin(p["b"])).sum()))({"a": X, "b": X[:1]}))
case("linear_transpose", lambda jax: jax.linear_transpose(lambda x: x * 3, X)(X))
case.error("jacrev of integers", lambda jax: jax.jacrev(lambda x: x * 2)(np.arange(3)))


# --- symbolic zeros: what the rules see, and what they may give

def seen_by_jvp(jax, jnp, call):
    """What a tangent rule with symbolic_zeros sees, and the result of call(f)."""
    SymbolicZero, seen = jax.custom_derivatives.SymbolicZero, []

    @jax.custom_jvp
    def f(x, y, n):
        return x * y * n

    def rule(primals, tangents):
        seen.append(["zero " + str(t.aval) + str(t.shape) if type(t) is SymbolicZero else "value" for t in tangents])
        x, y, n = primals
        dx, dy, _ = tangents
        out = f(x, y, n)
        if type(dx) is SymbolicZero:
            return out, SymbolicZero.from_primal_value(out)
        return out, dx * y * n
    f.defjvp(rule, symbolic_zeros=True)
    return call(f), seen


def seen_by_vjp(jax, jnp, call):
    """The same of a forward and a backward rule."""
    SymbolicZero, seen = jax.custom_derivatives.SymbolicZero, []

    @jax.custom_vjp
    def g(x, y):
        return x * y, y

    def fwd(x, y):
        seen.append([type(x).__name__, x.perturbed, y.perturbed])
        return (x.value * y.value, y.value), (x.value, y.value)

    def bwd(res, ct):
        seen.append(["zero " + str(c.aval) if type(c) is SymbolicZero else "value" for c in ct])
        (x, y), (a, b) = res, ct
        if type(a) is SymbolicZero:
            return None, b
        return a * y, a * x if type(b) is SymbolicZero else a * x + b
    g.defvjp(fwd, bwd, symbolic_zeros=True)
    return call(g), seen


V = np.arange(3, dtype="f4")
for name, call in {
    "grad of the first": lambda jax: lambda f: jax.grad(f)(2., 3., 4),
    "grad of the second": lambda jax: lambda f: jax.grad(f, 1)(2., 3., 4),
    "jvp": lambda jax: lambda f: jax.jvp(lambda x: f(jax.numpy.asarray(X), x, 3), (Y,), (Y,)),
    "vmap of grad": lambda jax: lambda f: jax.vmap(jax.grad(f, (0, 1)), (0, None, None))(V, 3., 4),
    "jit of grad": lambda jax: lambda f: jax.jit(jax.grad(f))(2., 3., 4),
    "grad of jit": lambda jax: lambda f: jax.grad(jax.jit(f))(2., 3., 4),
    "grad of vmap": lambda jax: lambda f: jax.grad(lambda x: jax.vmap(f, (0, None, None))(x, 2., 3).sum())(V),
    "grad of jit of vmap": lambda jax: lambda f: jax.grad(lambda x: jax.jit(jax.vmap(f, (0, None, None)))(x, 2., 3).sum())(V),
}.items():
    case(f"symbolic zeros, custom_jvp, {name}", lambda jax, jnp, call=call: seen_by_jvp(jax, jnp, call(jax)))

for which in (0, 1):
    for name, call in {
        "grad of both": lambda jax, part: jax.grad(part, (0, 1))(2., 3.),
        "grad of the first": lambda jax, part: jax.grad(part)(2., 3.),
        "jit of grad": lambda jax, part: jax.jit(jax.grad(part, 1))(2., 3.),
        "grad of jit": lambda jax, part: jax.grad(jax.jit(part), 1)(2., 3.),
        "vmap of grad": lambda jax, part: jax.vmap(jax.grad(part, (0, 1)), (0, None))(V, Y),
        "grad of vmap": lambda jax, part: jax.grad(lambda x, y: jax.vmap(part, (0, None))(x, y).sum(), (0, 1))(V, Y),
        "grad of jit of vmap": lambda jax, part: jax.grad(lambda x, y: jax.jit(jax.vmap(part, (0, None)))(x, y).sum(), (0, 1))(V, Y),
    }.items():
        case(f"symbolic zeros, custom_vjp, result {which}, {name}",
             lambda jax, jnp, call=call, which=which: seen_by_vjp(jax, jnp, lambda g: call(jax, lambda x, y: g(x, y)[which])))

case("zero_from_primal", lambda jax: jax.custom_derivatives.zero_from_primal({"a": 1., "b": 3}))
case("zero_from_primal, symbolic", lambda jax: [
    str(z) + str(z.aval) for z in jax.tree.leaves(jax.custom_derivatives.zero_from_primal({"a": 1., "b": 3}, symbolic_zeros=True))])
case("values of forward operands", lambda jax: jax.custom_derivatives.custom_vjp_primal_tree_values(
    {"a": jax.custom_derivatives.CustomVJPPrimal(1, True), "b": [jax.custom_derivatives.CustomVJPPrimal(2, False)]}))
case.error("values of other leaves", lambda jax: jax.custom_derivatives.custom_vjp_primal_tree_values({"a": 1}))
case.error("symbolic zeros with optimize_remat",
           lambda jax: jax.custom_vjp(lambda x: x).defvjp(lambda x: (x, x), lambda r, c: (c,), symbolic_zeros=True, optimize_remat=True))


# --- what rules may give

def with_rules(jax, fwd, bwd, fun=lambda a, b: (a["x"] * b, b)):
    f = jax.custom_vjp(fun)
    f.defvjp(fwd, bwd)
    return jax.vjp(f, {"x": X, "y": (X[0], X[1])}, Y)


def forward(a, b):
    return (a["x"] * b, b), (a, b)


def backward(give):
    return lambda jax: with_rules(jax, forward, lambda res, ct: give(*res, *ct))[1]((X, Y))


case("backward rule with None in a tree", lambda jax: backward(lambda a, b, c, d: ({"x": c * b, "y": None}, d))(jax))
case("backward rule with None for an argument", lambda jax: backward(lambda a, b, c, d: (None, d))(jax))
case("backward rule gives a list", lambda jax: backward(lambda a, b, c, d: [None, d])(jax))
case.error("backward rule gives one thing", lambda jax: backward(lambda a, b, c, d: d)(jax))
case.error("backward rule gives too much", lambda jax: backward(lambda a, b, c, d: (None, d, d))(jax))
case.error("backward rule gives another tree", lambda jax: backward(lambda a, b, c, d: ({"x": c}, d))(jax))
case.error("backward rule gives another shape", lambda jax: backward(lambda a, b, c, d: (None, c))(jax))
case.error("forward rule gives no pair", lambda jax: with_rules(jax, lambda a, b: a["x"] * b, lambda r, c: (None, None)))
case.error("forward rule gives three", lambda jax: with_rules(jax, lambda a, b: (b, b, b), lambda r, c: (None, None)))
case.error("vjp without rules", lambda jax: jax.custom_vjp(lambda x: x)(1.))
case.error("jvp without a rule", lambda jax: jax.custom_jvp(lambda x: x)(1.))


def with_rule(jax, rule):
    f = jax.custom_jvp(lambda x, y: (x * y, y))
    f.defjvp(rule)
    return jax.jvp(f, (X, Y), (X, Y))


case.error("tangent rule gives no pair", lambda jax: with_rule(jax, lambda p, t: p[0]))
case.error("tangent rule gives other trees", lambda jax: with_rule(jax, lambda p, t: ((p[0], p[1]), t[0])))
case.error("tangent rule gives another shape", lambda jax: with_rule(jax, lambda p, t: ((p[0], p[1]), (t[1], t[1]))))
case.error("tangent rule gives another dtype", lambda jax, jnp: with_rule(jax, lambda p, t: ((p[0], p[1]), (t[0].astype(jnp.float16), t[1]))))


def with_rules_per_argument(jax, jnp, *rules, **options):
    f = jax.custom_jvp(lambda x, y: {"a": x * y, "b": y}, **options)
    f.defjvps(*rules)
    return f


PER_ARGUMENT = [lambda d, out, x, y: {"a": d * y, "b": y * 0}, lambda d, out, x, y: {"a": out["a"] * d, "b": d}]
case("defjvps", lambda jax, jnp, x, y: with_rules_per_argument(jax, jnp, *PER_ARGUMENT)(x, y), X, Y, modes="eager jit jvp vjp")
case("defjvps with None", lambda jax, jnp, x, y: with_rules_per_argument(jax, jnp, None, PER_ARGUMENT[1])(x, y), X, Y, modes="eager jit jvp vjp")
case.error("defjvps with nondiff_argnums", lambda jax, jnp: with_rules_per_argument(jax, jnp, None, nondiff_argnums=(1,)))


# --- policies of checkpoint: what is computed again is seen by its count in the gradient's program

def recomputed(jax, jnp, policy):
    """The gradient, and how often each operation stands in its program, at any depth."""
    checkpoint_name = importlib.import_module(jax.__name__ + ".ad_checkpoint").checkpoint_name

    def g(x):
        y = checkpoint_name(jnp.sin(x), "a")
        z = checkpoint_name(jnp.dot(y, y), "b")
        return jnp.cos(z) * 2
    grad = jax.grad(lambda x: jax.checkpoint(g, policy=policy)(x).sum())
    text = str(jax.make_jaxpr(grad)(jnp.ones((2, 2))))
    return grad(jnp.arange(4.).reshape(2, 2)), [text.count(op) for op in ("= sin ", "= dot_general[")]


def policies(jax):
    p = jax.checkpoint_policies
    return {
        "None": None, "nothing": p.nothing_saveable, "everything": p.everything_saveable, "dots": p.dots_saveable, "checkpoint_dots": p.checkpoint_dots,
        "dots without batch": p.dots_with_no_batch_dims_saveable, "name a": p.save_only_these_names("a"), "names": p.save_only_these_names("a", "b"),
        "not b": p.save_any_names_but_these("b"), "anything but a": p.save_anything_except_these_names("a"),
        "both": p.save_from_both_policies(p.dots_saveable, p.save_only_these_names("a")),
        "both of functions": p.save_from_both_policies(lambda prim, *_, **k: str(prim) == "sin", p.save_only_these_names("b")),
        "offload names": p.save_and_offload_only_these_names(names_which_can_be_saved=["a"], names_which_can_be_offloaded=["c"], offload_src="device", offload_dst="pinned_host"),
        "of sines": lambda prim, *avals, **params: prim.name == "sin", "of shapes": lambda prim, *avals, **params: avals[0].shape == (2, 2),
        "of names": lambda prim, *avals, **params: params.get("name") == "b", "never": lambda *_, **__: False,
    }


for name in ("None", "nothing", "everything", "dots", "checkpoint_dots", "dots without batch", "name a", "names", "not b", "anything but a", "both", "both of functions",
             "offload names", "of sines", "of names", "never"):
    case("policy " + name, lambda jax, jnp, name=name: recomputed(jax, jnp, policies(jax)[name]))
    if name != "names":  # JAX prints a set
        case(f"policy {name}, text", lambda jax, jnp, x, name=name: jax.checkpoint(jnp.sin, policy=policies(jax)[name], prevent_cse=False)(x), X, modes="jaxpr")
case("policy of shapes", lambda jax, jnp: recomputed(jax, jnp, policies(jax)["of shapes"])[0])
case.error("policy that fails", lambda jax, jnp: recomputed(jax, jnp, lambda *_, **__: {}["absent"]))
case.error("policy of overlapping names", lambda jax: jax.checkpoint_policies.save_and_offload_only_these_names(
    names_which_can_be_saved=["a"], names_which_can_be_offloaded=["a"], offload_src="device", offload_dst="pinned_host"))
case.error("static place out of range", lambda jax: jax.checkpoint(lambda x, n: x * n, static_argnums=3)(1., 2))
case("static place from the end", lambda jax: jax.grad(jax.checkpoint(lambda x, n: x ** (3 if n else 2), static_argnums=-1))(2., True))
