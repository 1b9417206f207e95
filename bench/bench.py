"""Paired benchmarks against real JAX: rounds alternate between the two sides (A B A B …), and the table shows ratios of
medians beside the goals.

    python bench/bench.py [--rounds N] [--only NAME,…] [--quick]
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ENV = dict(os.environ, JAX_PLATFORMS="cpu", PYTHONPATH=str(HERE.parent / "python"))
SIDES = ("jax", "cuirax")
CASES = {  # name: (what, goal: JAX's time / ours)
    "trace": ("trace 1,500 primitive applications", 50),
    "trace_grad": ("trace their grad", 50),
    "trace_vmap_grad": ("trace vmap of their grad", 50),
    "jit_small": ("call a jitted function, one small array", 8),
    "jit_dict": ("call a jitted function, dict of 40 leaves", 15),
    "add": ("eager add of 8 elements", 15),
    "mean": ("eager jnp.mean", 8),
    "grad": ("eager grad of sin-sum", 100),
}
LEAK_CALLS = 1_000_000


class Worker:
    """A process of one side that runs cases on request."""

    def __init__(self, side):
        self.process = subprocess.Popen([sys.executable, str(HERE / "cases.py"), side], env=ENV, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, name):
        try:
            self.process.stdin.write(name + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline() or '"the process ended"')
        except BrokenPipeError:
            return "the process ended"

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait(timeout=60)


def output(*arguments):
    done = subprocess.run([sys.executable, *arguments], env=ENV, capture_output=True, text=True, timeout=900)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no output"])[-1]
    return float(done.stdout)


def import_seconds(side):
    return output("-c", f"import time; t = time.perf_counter(); import {side}, {side}.numpy; print(time.perf_counter() - t)")


def alternate(measure, rounds):
    """{side: median}, or {side: error text}."""
    samples = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            value = measure(side)
            if isinstance(value, str):
                return {s: value if s == side else float("nan") for s in SIDES}
            samples[side].append(value)
    return {side: statistics.median(v) for side, v in samples.items()}


def seconds(t):
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if t * scale >= 1:
            return f"{t * scale:.3g} {unit}"
    return f"{t * 1e9:.3g} ns"


def row(what, result, goal, show):
    errors = [f"{side}: {value}" for side, value in result.items() if isinstance(value, str)]
    if errors:
        print(f"| {what} | | | {'; '.join(errors)[:120]} | ≥ {goal}× | |", flush=True)
        return
    ratio = result["jax"] / result["cuirax"]
    print(f"| {what} | {show(result['jax'])} | {show(result['cuirax'])} | {ratio:.1f}× | ≥ {goal}× | "
          f"{'met' if ratio >= goal else 'not met'} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true", help="three rounds, a shorter leak test")
    args = parser.parse_args()
    rounds = 3 if args.quick else args.rounds
    only = set(args.only.split(",")) if args.only else None
    wanted = lambda name: only is None or name in only
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, medians of {rounds} rounds\n")
    print("| | JAX | Cuirax | ratio | goal | |\n|---|---|---|---|---|---|")
    if wanted("import"):
        row("import (with jax.numpy)", alternate(import_seconds, rounds), 8, seconds)
    workers = {side: Worker(side) for side in SIDES}
    for name, (what, goal) in CASES.items():
        if wanted(name):
            row(what, alternate(lambda side: workers[side].run(name), rounds), goal, seconds)
    for worker in workers.values():
        worker.close()
    if wanted("memory"):
        memory = alternate(lambda side: output(str(HERE / "cases.py"), side, "memory"), 3)
        row("resident memory after import and one jit", memory, 4, lambda kib: f"{kib / 1024:.1f} MiB")
    if wanted("leak"):
        calls = LEAK_CALLS // 10 if args.quick else LEAK_CALLS
        growth = output(str(HERE / "cases.py"), "cuirax", "leak", str(calls))
        met = "" if isinstance(growth, str) else "met" if growth < 1024 else "not met"
        print(f"| growth over {calls:,} calls | | {growth if met == '' else f'{growth:.0f} KiB'} | | < 1 MiB | {met} |")


main()
