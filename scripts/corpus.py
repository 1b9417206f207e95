"""Runs a folder of StableHLO artifacts through Cuirax and through jaxlib's CPU client on the same random inputs.

    python scripts/corpus.py FOLDER [--limit N] [--every K] [--jobs N]

Prints, for each kind of outcome, how many artifacts had it, and the artifacts that disagree. Needs the environment with real JAX.
Each batch runs in a process of its own; one that dies or hangs costs its current artifact only.
"""
import argparse
import collections
import multiprocessing
import pathlib
import re
import sys
import traceback

import numpy as np

TIMEOUT = 20  # seconds for one artifact: random inputs make some loops endless
RTOL = {"float32": 2e-4, "complex64": 2e-4, "float64": 1e-9, "complex128": 1e-9, "float16": 2e-2, "bfloat16": 1e-1}


def random_input(rng, shape, dtype):
    kind = np.dtype(dtype).kind
    if dtype == bool:
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        return rng.integers(-4 if kind == "i" else 0, 7, shape).astype(dtype)
    if kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    if kind == "f":
        return (rng.standard_normal(shape) * 1.5).astype(dtype)
    if str(dtype) in ("int2", "uint2"):
        return rng.integers(0, 2, shape).astype(dtype)
    if "int" in str(dtype):
        return rng.integers(0, 7, shape).astype(dtype)
    return rng.uniform(-2, 2, shape).astype(dtype)


def close(a, b):
    """Do two results agree: places of NaN and infinities, integers exactly, floats within the dtype's tolerance of the greatest?"""
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype}{a.shape} against {b.dtype}{b.shape}"
    name = str(a.dtype)
    if a.dtype.kind in "biu" or "int" in name:
        return "" if np.array_equal(a, b) else f"{np.sum(a != b)} of {a.size} integers differ"
    if a.dtype.kind == "c":
        return close(a.real, b.real) or close(a.imag, b.imag)
    x, y = a.astype(np.float64), b.astype(np.float64)
    odd = ~np.isfinite(y) | ~np.isfinite(x)
    if not np.array_equal(x[odd], y[odd], equal_nan=True):
        return f"NaN or infinities differ: {x[odd][:4]} against {y[odd][:4]}"
    x, y = x[~odd], y[~odd]
    tolerance = RTOL.get(name, 0.3)
    bad = np.abs(x - y) > tolerance * (np.abs(y) + np.max(np.abs(y), initial=0)) + 1e-37  # subnormals are flushed there
    return f"{np.sum(bad)} of {a.size} differ by up to {np.max(np.abs(x - y)):.3g}" if bad.any() else ""


class Runner:
    def __init__(self):
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
        import jax
        jax.config.update("jax_enable_x64", True)
        import cuirax
        cuirax.config.update("jax_enable_x64", True)
        from cuirax import _core
        from jax._src import xla_bridge
        from jaxlib import _jax as xc
        self.jax, self.core, self.xc = jax, _core, xc
        self.client = xla_bridge.get_backend("cpu")

    def theirs(self, code, inputs):
        devices = self.xc.DeviceList(tuple(self.client.local_devices()[:1]))
        program = self.client.compile_and_load(code, devices, self.xc.CompileOptions())
        buffers = [self.jax.device_put(x) for x in inputs]
        return [np.asarray(r[0]) for r in program.execute_sharded(buffers).disassemble_into_single_device_arrays()]

    def run(self, path, note):
        code = path.read_bytes()
        try:
            program = self.core.stablehlo_parse(code)
        except Exception as e:
            return "unread", f"{type(e).__name__}: {e}"
        if any("token" in str(a) for a in program.in_avals):
            return "no oracle", "takes a token"
        rng = np.random.default_rng(0)
        inputs = [random_input(rng, a.shape, a.dtype) for a in program.in_avals]
        try:
            theirs = self.theirs(code, inputs)
        except Exception as e:
            return "no oracle", f"{type(e).__name__}: {e}".split("\n")[0]
        note(("hung", "the oracle ended"))
        try:
            ours = [np.asarray(r) for r in program._run("main", tuple(inputs))]
        except Exception as e:
            return "failed", f"{type(e).__name__}: {e}"
        wrong = [f"result {i}: {w}" for i, (a, b) in enumerate(zip(ours, theirs)) if (w := close(a, b))]
        return ("differs", "; ".join(wrong)) if wrong or len(ours) != len(theirs) else ("agrees", "")


def batch(paths, pipe):
    runner = Runner()
    for p in paths:
        try:
            pipe.send(runner.run(p, pipe.send))
        except Exception:
            pipe.send(("harness", traceback.format_exc()))


def outcomes(paths):
    """(path, outcome, text) of each, restarting the process behind one that died or hung."""
    todo = list(paths)
    while todo:
        ours, theirs = multiprocessing.Pipe()
        p = multiprocessing.get_context("spawn").Process(target=batch, args=(todo, theirs), daemon=True)
        p.start()
        theirs.close()
        while todo:
            so_far = ("endless", "in the oracle too")
            try:
                while (result := ours.recv() if ours.poll(TIMEOUT) else so_far)[0] == "hung" and result is not so_far:
                    so_far = result
            except EOFError:
                p.join()
                result = ("died", f"exit code {p.exitcode}")
            yield (todo.pop(0), *result)
            if result[0] in ("hung", "endless", "died"):
                break
        p.kill()
        p.join()


def main():
    args = argparse.ArgumentParser()
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("--limit", type=int)
    args.add_argument("--every", type=int, default=1)
    args.add_argument("--start", type=int, default=0)
    args = args.parse_args()
    paths = sorted(args.folder.rglob("*.mlirbc"))[args.start::args.every][:args.limit]
    counts, kinds = collections.Counter(), collections.Counter()
    for path, outcome, text in outcomes(paths):
        counts[outcome] += 1
        if outcome != "agrees":
            kinds[outcome, re.sub(r"\d+", "N", text)[:110]] += 1
            print(f"{outcome}: {path.name}: {text[:300]!r}", flush=True)
    print("\n".join(f"{n:6} {o}: {t}" for (o, t), n in kinds.most_common(60)))
    print(f"{len(paths)} artifacts: " + ", ".join(f"{n} {o}" for o, n in counts.most_common()))
    return counts["agrees"] != len(paths)


if __name__ == "__main__":
    sys.exit(main())
