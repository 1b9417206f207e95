"""One side of the paired benchmarks: `python bench/cases.py jax|cuirax` reads names of cases from standard input, one a
line, runs each once and answers with its seconds per call. Both sides run the same code."""
import json
import sys
import time


def primitives(x, y):
    """1,500 primitive applications."""
    for _ in range(500):
        x = jnp.sin(x)
        x = x * y
        x = x + y
    return x


def trace(transform):
    """Tracing from scratch: a new function each time, so that no cache helps."""
    x = jnp.ones(8)
    y = jnp.full(8, 0.5)

    def once():
        jax.make_jaxpr(transform(lambda a, b: primitives(a, b)))(x, y)
    return once, 1


def total(f):
    return lambda x, y: f(x, y).sum()


def batch(f):
    return lambda x, y: jax.vmap(f)(jnp.stack([x, x]), jnp.stack([y, y]))


def repeat(call, count):
    """count calls; the last result is waited for."""
    def once():
        for _ in range(count):
            out = call()
        jax.block_until_ready(out)
    return once, count


def case_trace():
    return trace(lambda f: f)


def case_trace_grad():
    return trace(lambda f: jax.grad(total(f)))


def case_trace_vmap_grad():
    return trace(lambda f: batch(jax.grad(total(f))))


def case_jit_small():
    f, x = jax.jit(lambda x: x + 1), jnp.ones(8)
    return repeat(lambda: f(x), 2000)


def case_jit_dict():
    f = jax.jit(lambda d: {k: v + 1 for k, v in d.items()})
    d = {f"leaf{i}": jnp.ones(8) for i in range(40)}
    return repeat(lambda: f(d), 500)


def case_add():
    x, y = jnp.ones(8), jnp.ones(8)
    return repeat(lambda: x + y, 2000)


def case_mean():
    x = jnp.ones(8)
    return repeat(lambda: jnp.mean(x), 1000)


def case_grad():
    x = jnp.ones(8)
    return repeat(lambda: jax.grad(lambda x: jnp.sin(x).sum())(x), 50)


def rss_kib():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def memory_after_one_jit():
    jax.block_until_ready(jax.jit(lambda x: jnp.sin(x) + 1)(jnp.ones(8)))
    return rss_kib()


def memory_growth(calls):
    """KiB by which the process grows over many calls, after a tenth of them."""
    f, x = jax.jit(lambda x: x + 1), jnp.ones(8)

    def some(n):
        for _ in range(n):
            f(x)
            x + x
        for _ in range(n // 100):
            jax.grad(lambda x: jnp.sin(x).sum())(x)
    some(calls // 20)
    before = rss_kib()
    some(calls // 2)
    return rss_kib() - before


def serve():
    made = {}
    for line in sys.stdin:
        name = line.strip()
        try:
            if name not in made:
                made[name] = globals()["case_" + name]()
                made[name][0]()
            once, count = made[name]
            start = time.perf_counter()
            once()
            answer = (time.perf_counter() - start) / count
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".split("\n")[0]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "cuirax":
        import cuirax
        cuirax.install()
    import jax
    import jax.numpy as jnp
    if len(sys.argv) == 2:
        serve()
    elif sys.argv[2] == "memory":
        print(memory_after_one_jit())
    else:
        print(memory_growth(int(sys.argv[3])))
