"""Counts product lines: C in src/ and include/, Python in python/. At least 85 % must be C."""
import sys

from csource import ROOT, files

GOAL = 0.85


def lines_of(paths):
    return sum(1 for p in paths for line in p.read_text(encoding="utf-8").splitlines() if line.strip())


def main():
    c = lines_of(files("src", "include"))
    python = lines_of(sorted((ROOT / "python").rglob("*.py")))
    share = c / (c + python) if c + python else 1.0
    print(f"product lines: {c} C, {python} Python, {100 * share:.1f} % C")
    if share < GOAL:
        print(f"count: less than {100 * GOAL:.0f} % of the product is C")
        return 1
    return 0


sys.exit(main())
