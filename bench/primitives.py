"""Primitives against real JAX and NumPy, paired: rounds alternate between the sides (A B C A B C …); the table shows medians and
ratios, at 8, 10,000 and 4 million elements. Both JAX and Cuirax run jitted functions.

    python bench/primitives.py [--rounds N] [--only NAME,…] [--sizes 8,10000,4194304]
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
SIDES = ("jax", "cuirax", "numpy")
SIZES = (8, 10_000, 1 << 22)
GOALS = {  # name: JAX's time / ours at the largest size, or at all where the name fixes the size
    "sort": 30, "argsort": 8, "cumsum": 10, "cumsum_rows": 10, "cumprod": 10, "cummax": 10, "argmax": 8, "argmax_rows": 8, "top_k": 3, "normal": 3,
    "uniform": 3, "bits": 3, "transpose": 3, "transpose_3d": 3, "gather_rows": 1.3, "take": 1.3, "scatter_add": 1.3, "scatter_add_rows": 1.3,
    "segment_sum": 1.3, "sum": 1, "sum_rows": 1, "sum_columns": 1, "x2p1": 1, "where": 1, "concatenate": 1, "searchsorted": 1, "one_hot": 1,
    "max_pool": 1, "avg_pool": 1, "matmul_16": 8, "matmul_64": 4, "matmul_256": 1.2, "matmul_1024": 1, "batched_32": 2, "conv_3x3": 1, "conv_1d": 10,
    "conv_transposed": 10,
}
FIXED = ("matmul_16", "matmul_64", "matmul_256", "matmul_1024", "batched_32", "conv_3x3", "conv_1d", "conv_transposed", "max_pool", "avg_pool")


# ---- one side: case_NAME(n) gives (function of jax, function of NumPy or None, operands)

def floats(*dims):
    return np.random.default_rng(1).standard_normal(dims).astype(np.float32)


def integers(high, *dims):
    return np.random.default_rng(2).integers(0, high, dims).astype(np.int32)


def square(n):
    rows = max(1, int(n ** 0.5))
    return rows, max(1, n // rows)


def case_sort(n): return lambda x: jnp.sort(x), lambda x: np.sort(x), [floats(n)]
def case_argsort(n): return lambda x: jnp.argsort(x), lambda x: np.argsort(x, kind="stable"), [floats(n)]
def case_cumsum(n): return lambda x: jnp.cumsum(x), lambda x: np.cumsum(x), [floats(n)]
def case_cumsum_rows(n): return lambda x: jnp.cumsum(x, 1), lambda x: np.cumsum(x, 1), [floats(*square(n))]
def case_cumprod(n): return lambda x: jnp.cumprod(x), lambda x: np.cumprod(x), [1 + floats(n) * 1e-4]
def case_cummax(n): return lambda x: jax.lax.cummax(x), lambda x: np.maximum.accumulate(x), [floats(n)]
def case_argmax(n): return lambda x: jnp.argmax(x), lambda x: np.argmax(x), [floats(n)]
def case_argmax_rows(n): return lambda x: jnp.argmax(x, 1), lambda x: np.argmax(x, 1), [floats(*square(n))]
def case_top_k(n): return lambda x: jax.lax.top_k(x, min(8, n)), None, [floats(n)]
def case_transpose(n): return lambda x: x.T + 1, lambda x: np.ascontiguousarray(x.T) + 1, [floats(*square(n))]
def case_take(n): return lambda x, i: x[i], lambda x, i: x[i], [floats(n), integers(n, n)]
def case_gather_rows(n): return lambda x, i: x[i], lambda x, i: x[i], [floats(max(1, n // 64), 64), integers(max(1, n // 64), max(1, n // 64))]
def case_scatter_add(n): return lambda x, i, y: x.at[i].add(y), None, [floats(n), integers(n, n), floats(n)]
def case_segment_sum(n): return lambda y, i: jax.ops.segment_sum(y, i, 128), None, [floats(n), np.sort(integers(128, n))]
def case_sum(n): return lambda x: jnp.sum(x), lambda x: np.sum(x), [floats(n)]
def case_sum_rows(n): return lambda x: jnp.sum(x, 1), lambda x: np.sum(x, 1), [floats(*square(n))]
def case_sum_columns(n): return lambda x: jnp.sum(x, 0), lambda x: np.sum(x, 0), [floats(*square(n))]
def case_x2p1(n): return lambda x: x * 2 + 1, lambda x: x * np.float32(2) + np.float32(1), [floats(n)]
def case_where(n): return lambda x, y: jnp.where(x > 0, x, y), lambda x, y: np.where(x > 0, x, y), [floats(n), floats(n)]
def case_one_hot(n): return lambda i: jax.nn.one_hot(i, 64), None, [integers(64, max(1, n // 64))]
def case_normal(n): return lambda k: jax.random.normal(k, (n,)), None, [np.array([0, 1], np.uint32)]
def case_uniform(n): return lambda k: jax.random.uniform(k, (n,)), None, [np.array([0, 1], np.uint32)]
def case_bits(n): return lambda k: jax.random.bits(k, (n,)), None, [np.array([0, 1], np.uint32)]


def case_transpose_3d(n):
    side = max(2, round(n ** (1 / 3)))
    return lambda x: x.transpose(2, 0, 1) + 1, lambda x: np.ascontiguousarray(x.transpose(2, 0, 1)) + 1, [floats(side, side, side)]


def case_scatter_add_rows(n):
    rows = max(1, n // 64)
    return lambda x, i, y: x.at[i].add(y), None, [floats(rows, 64), integers(rows, rows), floats(rows, 64)]


def case_concatenate(n):
    return lambda x, y: jnp.concatenate([x, y]), lambda x, y: np.concatenate([x, y]), [floats(n // 2), floats(n // 2)]


def case_searchsorted(n):
    return lambda x, y: jnp.searchsorted(x, y), lambda x, y: np.searchsorted(x, y), [np.sort(floats(n)), floats(min(n, 10_000))]


def pool(start, op):
    return lambda x: jax.lax.reduce_window(x, start, op, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def case_max_pool(n): return pool(-np.inf, jax and jax.lax.max), None, [floats(32, 56, 56, 64)]
def case_avg_pool(n): return pool(0.0, jax and jax.lax.add), None, [floats(32, 56, 56, 64)]


def matmul(n): return lambda x, y: x @ y, lambda x, y: x @ y, [floats(n, n), floats(n, n)]
def case_matmul_16(n): return matmul(16)
def case_matmul_64(n): return matmul(64)
def case_matmul_256(n): return matmul(256)
def case_matmul_1024(n): return matmul(1024)
def case_batched_32(n): return lambda x, y: x @ y, lambda x, y: x @ y, [floats(1000, 32, 32), floats(1000, 32, 32)]


def conv(dims, x, w, **options):
    return lambda a, b: jax.lax.conv_general_dilated(a, b, dimension_numbers=dims, **options), None, [floats(*x), floats(*w)]


def case_conv_3x3(n): return conv(("NHWC", "HWIO", "NHWC"), (8, 56, 56, 64), (3, 3, 64, 64), window_strides=(1, 1), padding="SAME")
def case_conv_1d(n): return conv(("NCH", "OIH", "NCH"), (1, 1, 100_000), (1, 1, 101), window_strides=(1,), padding="SAME")


def case_conv_transposed(n):
    return conv(("NCH", "OIH", "NCH"), (8, 32, 1000), (32, 32, 16), window_strides=(1,), padding=[(15, 15)], lhs_dilation=(8,))


class Case:
    """A case on one side, and how often to call it so that a sample takes about 20 ms."""

    def __init__(self, name, n):
        ours, plain, operands = globals()["case_" + name](n)
        if jax:
            f, args = jax.jit(ours), [jnp.asarray(a) for a in operands]
            self.call = lambda: jax.block_until_ready(f(*args))
        else:
            self.call = plain and (lambda: plain(*operands))
        self.count = 1
        if self.call:
            self.call()
            self.count = max(1, min(2000, int(0.02 / max(self.sample(), 1e-7))))

    def sample(self):
        start = time.perf_counter()
        for _ in range(self.count):
            self.call()
        return (time.perf_counter() - start) / self.count


def serve():
    made = {}
    for line in sys.stdin:
        name, n = line.split()
        try:
            if (name, n) not in made:
                made.clear()
                made[name, n] = Case(name, int(n))
            case = made[name, n]
            answer = case.sample() if case.call else None
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".split("\n")[0][:160]
        print(json.dumps(answer), flush=True)


# ---- the table

class Worker:
    def __init__(self, side):
        env = dict(os.environ, JAX_PLATFORMS="cpu", PYTHONPATH=str(HERE.parent.parent / "python"))
        self.process = subprocess.Popen([sys.executable, str(HERE), "--side", side], env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, name, n):
        self.process.stdin.write(f"{name} {n}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '"the process ended"')

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


def seconds(t):
    if not isinstance(t, float):
        return ""
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if t * scale >= 1:
            return f"{t * scale:.3g} {unit}"
    return f"{t * 1e9:.3g} ns"


def medians(workers, name, n, rounds):
    samples = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            samples[side].append(workers[side].run(name, n))
    return {side: v[0] if not isinstance(v[0], float) else statistics.median(v) for side, v in samples.items()}


def row(name, n, result, goal):
    errors = [f"{side}: {v}" for side, v in result.items() if isinstance(v, str)]
    if errors:
        return f"| {name} | {n:,} | | | | | | | {'; '.join(errors)} |"
    ratio = result["jax"] / result["cuirax"]
    plain = result["numpy"] / result["cuirax"] if result["numpy"] else None
    verdict = "" if goal is None else "met" if ratio >= goal and (plain is None or plain >= 1) else "not met"
    return (f"| {name} | {n:,} | {seconds(result['jax'])} | {seconds(result['numpy'])} | {seconds(result['cuirax'])} | {ratio:.1f}× | "
            f"{'' if plain is None else f'{plain:.1f}×'} | {'' if goal is None else f'≥ {goal}×'} | {verdict} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    args = parser.parse_args()
    sizes = [int(n) for n in args.sizes.split(",")]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, float32, medians of {args.rounds} rounds\n")
    print("| | elements | JAX | NumPy | Cuirax | against JAX | against NumPy | goal | |\n|---|---|---|---|---|---|---|---|---|")
    workers = {side: Worker(side) for side in SIDES}
    for name in args.only.split(",") if args.only else GOALS:
        for n in sizes[-1:] if name in FIXED else sizes:
            goal = GOALS[name] if n == sizes[-1] else None
            print(row(name, n, medians(workers, name, n, args.rounds), goal), flush=True)
    for worker in workers.values():
        worker.close()


if __name__ == "__main__":
    import numpy as np
    jax = None
    if "--side" in sys.argv:
        side = sys.argv[sys.argv.index("--side") + 1]
        if side == "cuirax":
            import cuirax
            cuirax.install()
        if side != "numpy":
            import jax
            import jax.numpy as jnp
        serve()
    else:
        main()
