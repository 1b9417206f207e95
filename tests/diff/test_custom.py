"""custom_jvp, custom_vjp, checkpoint, callbacks, jacobians: alone and under the other transformations."""
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
