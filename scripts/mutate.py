"""Puts one deliberate bug at a time into C sources and sees whether a test program notices.

    python3 scripts/mutate.py --test test_passes --count 100 src/compile/*.c

A bug is an operator turned round, a condition negated, a constant off by one or a statement left out. It counts as caught if the test
fails, crashes or hangs; bugs that do not compile are not counted. Those that survive are listed: each is a missing test or no bug at all.
Needs a finished build (make all ctests); works in its own folder and changes no source.
"""
import argparse
import pathlib
import random
import re
import subprocess
import tempfile

from csource import ROOT, code

SWAPS = [("==", "!="), ("!=", "=="), ("<=", "<"), (">=", ">"), (" < ", " <= "), (" > ", " >= "), ("&&", "||"), ("||", "&&"), (" + ", " - "),
         (" - ", " + "), (" |= ", " &= "), ("++", "--"), ("true", "false"), ("false", "true"), ("continue;", ";"), ("!", ""), (" * ", " + ")]
NUMBER = re.compile(r"(?<![\w.\"'])([0-9]+)(?![\w.\"'])")
STATEMENT = re.compile(r"^ {2,}[a-z][\w>.\[\]-]* ?(?:=|\|=|\+=)[^=;{}]*;$", re.M)


def mutants(text, visible):
    """(position, old, new) for every place in the code proper; comments and preprocessor lines are blank in `visible`."""
    for old, new in SWAPS:
        at = visible.find(old)
        while at >= 0:
            word = old.strip().isalpha() and (visible[at - 1].isalnum() or visible[at + len(old)].isalnum())
            if not word and not (old == "!" and visible[at + 1] == "=") and not (old in ("<=", ">=") and visible[at - 1] == old[0]):
                yield at, old, new
            at = visible.find(old, at + 1)
    for m in NUMBER.finditer(visible):
        yield m.start(), m.group(), str(int(m.group()) + 1)
    for m in STATEMENT.finditer(visible):
        yield m.start(), m.group(), ";"


def compile_flags(build):
    words = (build / "flags").read_text().split()
    return words[0], [w for w in words[1:] if not w.startswith("-O") and w != "-fno-trapping-math"]


def run(command, seconds, **more):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds, cwd=ROOT, **more).returncode
    except subprocess.TimeoutExpired:
        return -1


class Bench:
    """A test program linked from the objects of a build, one of them exchanged."""

    def __init__(self, build, test, folder):
        self.folder = pathlib.Path(folder)
        self.cc, self.flags = compile_flags(build)
        objects = (build / "objects").read_text().split()
        self.library = [o for o in objects if "/src/python/" not in o and "/gen/" not in o]
        aids = [o for o in (build / "obj/tests/c").glob("*.o") if not o.name.startswith("test_") or o.stem == test]
        self.rest = [str(o) for o in aids] + ["-lm", "-ldl", "-lpthread"]

    def verdict(self, path, text, seconds):
        """True if caught, None if it does not compile."""
        source, obj, program = self.folder / "mutant.c", self.folder / "mutant.o", self.folder / "mutant"
        source.write_text(text)
        if run([self.cc, *self.flags, "-w", "-O1", "-c", str(source), "-o", str(obj)], 120):
            return None
        name = str(path.relative_to(ROOT).with_suffix(".o"))
        objects = [str(obj) if o.endswith("/obj/" + name) else o for o in self.library]
        if run([self.cc, *objects, *self.rest, "-o", str(program)], 120):
            return None
        return run([str(program)], seconds) != 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("files", nargs="+", type=pathlib.Path)
    p.add_argument("--test", required=True)
    p.add_argument("--count", type=int, default=50)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--build", default="build")
    o = p.parse_args()
    places = []
    for path in o.files:
        path = path.resolve()
        text, visible = path.read_text(), re.sub(r"^#.*$", lambda m: " " * len(m.group()), code(path), flags=re.M)
        assert len(text) == len(visible)
        places += [(path, text, *m) for m in mutants(text, visible)]
    random.Random(o.seed).shuffle(places)
    caught = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(ROOT / o.build, o.test, folder)
        for path, text, at, old, new in places:
            if tried == o.count:
                break
            verdict = bench.verdict(path, text[:at] + new + text[at + len(old):], o.seconds)
            if verdict is None:
                continue
            tried += 1
            caught += verdict
            if not verdict:
                line = text.count("\n", 0, at) + 1
                print(f"{path.relative_to(ROOT)}:{line}: '{old.strip()}' -> '{new.strip()}' survives: {text.splitlines()[line - 1].strip()}", flush=True)
    print(f"{caught} of {tried} bugs caught ({len(places)} places)")


main()
