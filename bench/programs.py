"""Whole programs, paired with real JAX: what the first call of a jitted function costs beyond a run (trace, lower, compile), and what a run costs.
Rounds alternate between the two sides (A B A B ...); the table shows medians and their ratios beside the goals.

    python bench/programs.py [--rounds N] [--only NAME,...]
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ENV = dict(os.environ, JAX_PLATFORMS="cpu", PYTHONPATH=str(HERE.parent / "python"), CUIRAX_COMPILE="1")
GOALS = {  # name: JAX's run time / ours
    "chain1500": 3, "chain1500_grad": None, "tanh_exp_sin": 3, "gelu": 1.2, "softmax": 1.2, "layernorm": 1.2, "variance": 1.2, "sum": 1, "scale_shift": 1,
    "mlp_step": 1.2, "attention": 1.2, "scalar_scan": 1.3, "lorenz": 1.3, "while_sin": 1.3, "gather_in_fori": 1.3, "rnn_scan": 2, "rnn_scan_grad": 2,
    "small_matrix_scan": 10, "unrolled_loop": None,
}


def programs(jax, jnp, np):
    lax = jax.lax
    rng = np.random.RandomState(0)
    flat = jnp.asarray(rng.randn(1 << 20).astype("float32"))
    rows = jnp.asarray(rng.randn(1024, 1024).astype("float32"))
    small = jnp.asarray(rng.randn(64, 32).astype("float32"))

    def chain(x):
        for _ in range(500):
            x = jnp.sin(x) * 2 + 1
        return x

    def layernorm(x):
        m = x.mean(-1, keepdims=True)
        return (x - m) / jnp.sqrt(jnp.square(x - m).mean(-1, keepdims=True) + 1e-5)

    def mlp(params, x, y):
        def loss(p):
            h = x
            for w, b in p[:-1]:
                h = jnp.tanh(h @ w + b)
            w, b = p[-1]
            return -(jax.nn.log_softmax(h @ w + b) * y).sum(1).mean()
        return [(w - 0.1 * dw, b - 0.1 * db) for (w, b), (dw, db) in zip(params, jax.grad(loss)(params))]

    sizes = [64, 128, 128, 10]
    params = [(jnp.asarray(rng.randn(a, b).astype("float32") * 0.1), jnp.zeros(b)) for a, b in zip(sizes, sizes[1:])]

    def attention(x, w):
        q, k, v = x @ w[0], x @ w[1], x @ w[2]
        return x + jax.nn.softmax(q @ k.T / 8.0) @ v

    def lorenz(s):
        def turn(c, _):
            x, y, z = c
            return (x + 0.01 * 10.0 * (y - x), y + 0.01 * (x * (28.0 - z) - y), z + 0.01 * (x * y - 8 / 3 * z)), x
        return lax.scan(turn, s, None, length=1000)

    def rnn(w, xs):
        return lax.scan(lambda h, x: (jnp.tanh(h @ w + x), h.sum()), jnp.zeros(16), xs)

    def unrolled(x):
        for _ in range(50):
            x = x + 0.1 * jnp.tanh(x)
        return x

    xs16 = jnp.asarray(rng.randn(500, 16).astype("float32"))
    w16 = jnp.asarray(rng.randn(16, 16).astype("float32") * 0.1)
    weights = jnp.asarray(rng.randn(3, 64, 64).astype("float32") * 0.1)
    images = jnp.asarray(rng.randn(128, 64).astype("float32"))
    labels = jnp.asarray(np.eye(10, dtype="float32")[rng.randint(0, 10, 128)])
    spins = jnp.asarray(np.linalg.qr(rng.randn(500, 3, 3))[0].astype("float32"))
    return {
        "chain1500": (chain, (small.reshape(-1),)),
        "chain1500_grad": (jax.grad(lambda x: chain(x).sum()), (small.reshape(-1),)),
        "tanh_exp_sin": (lambda x: jnp.tanh(x) * jnp.exp(-x * x) + jnp.sin(x), (flat,)),
        "gelu": (jax.nn.gelu, (flat,)),
        "softmax": (jax.nn.softmax, (rows,)),
        "layernorm": (layernorm, (rows,)),
        "variance": (lambda x: x.var(-1), (rows,)),
        "sum": (lambda x: x.sum(), (flat,)),
        "scale_shift": (lambda x: x * 2 + 1, (flat,)),
        "mlp_step": (mlp, (params, images, labels)),
        "attention": (attention, (images, weights)),
        "scalar_scan": (lambda x: lax.scan(lambda c, a: (c * 0.9 + a, c), 0.0, x[:1000]), (flat,)),
        "lorenz": (lorenz, ((1.0, 1.0, 1.0),)),
        "while_sin": (lambda x: lax.while_loop(lambda c: c[0] < 1000, lambda c: (c[0] + 1, jnp.sin(c[1]) + 0.1), (0, x))[1], (1.0,)),
        "gather_in_fori": (lambda x: lax.fori_loop(0, 1000, lambda i, s: s + x[i], 0.0), (flat,)),
        "rnn_scan": (rnn, (w16, xs16)),
        "rnn_scan_grad": (jax.grad(lambda w, xs: rnn(w, xs)[0].sum()), (w16, xs16)),
        "small_matrix_scan": (lambda r: lax.scan(lambda c, m: (c @ m, c[0, 0]), jnp.eye(3), r), (spins,)),
        "unrolled_loop": (unrolled, (small,)),
    }


def side(name):
    if name == "cuirax":
        import cuirax
        cuirax.install()
    import jax
    import jax.numpy as jnp
    import numpy as np
    table = programs(jax, jnp, np)
    for line in sys.stdin:
        f, arguments = table[line.strip()]
        jitted = jax.jit(lambda *a: f(*a))  # a new function: nothing is cached
        start = time.perf_counter()
        jax.block_until_ready(jitted(*arguments))
        first = time.perf_counter() - start
        runs, spent = [], 0.0
        while len(runs) < 5 or (spent < 0.05 and len(runs) < 2000):
            start = time.perf_counter()
            jax.block_until_ready(jitted(*arguments))
            runs.append(time.perf_counter() - start)
            spent += runs[-1]
        run = statistics.median(runs)
        print(json.dumps([max(first - run, 0), run]), flush=True)


def ask(process, name):
    process.stdin.write(name + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def text(seconds):
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    names = [n for n in GOALS if not options.only or n in options.only.split(",")]
    workers = {s: subprocess.Popen([sys.executable, __file__, "--side", s], env=ENV, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for s in ("jax", "cuirax")}
    print("| program | JAX first call - run | Cuirax | ratio | JAX run | Cuirax run | ratio | goal |\n|---|---|---|---|---|---|---|---|")
    for name in names:
        samples = {s: [] for s in workers}
        for _ in range(options.rounds):
            for s, process in workers.items():
                samples[s].append(ask(process, name))
        (jc, jr), (cc, cr) = ([statistics.median(x[k] for x in samples[s]) for k in (0, 1)] for s in ("jax", "cuirax"))
        goal = f"{GOALS[name]}x" if GOALS[name] else ""
        print(f"| {name} | {text(jc)} | {text(cc)} | {jc / max(cc, 1e-9):.0f}x | {text(jr)} | {text(cr)} | {jr / cr:.2f}x | {goal} |", flush=True)
    for process in workers.values():
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--side":
        side(sys.argv[2])
    else:
        main()
