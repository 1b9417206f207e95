"""A layer includes only itself and the layers below it. Layers of one row may include each other."""
import re
import sys

from csource import ROOT, code, files

LAYERS = [
    ["base"],
    ["ir"],
    ["guard"],
    ["runtime"],
    ["kernels"],
    ["trace"],
    ["op"],
    ["emit"],
    ["compile"],
    ["stablehlo"],
    ["xform"],
    ["np", "lax", "nn", "random", "linalg", "scipy"],
    ["cli", "pjrt"],
    ["python"],
]
HEIGHT = {name: i for i, row in enumerate(LAYERS) for name in row}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def problems_of(path):
    layer = path.relative_to(ROOT / "src").parts[0]
    if layer not in HEIGHT:
        yield 1, f"the folder src/{layer} is not a layer (scripts/check_layers.py lists them)"
        return
    text = code(path, keep_literals=True)
    for match in INCLUDE.finditer(text):
        name = match.group(1)
        line = text.count("\n", 0, match.start()) + 1 + match.group(0).count("\n")
        if (path.parent / name).is_file():
            target = (path.parent / name).resolve().relative_to(ROOT / "src").parts[0]
        else:
            target = name.split("/")[0]
            if not (ROOT / "src" / name).is_file():
                yield line, f'"{name}" is not a file of src/; public headers are included with <>'
                continue
        if HEIGHT.get(target, 99) > HEIGHT[layer]:
            yield line, f"{layer} may not include {target}, which is above it"


def main():
    count = 0
    checked = files("src")
    for path in checked:
        for line, text in problems_of(path):
            print(f"{path.relative_to(ROOT)}:{line}: {text}")
            count += 1
    for path in files("include"):
        for match in INCLUDE.finditer(code(path, keep_literals=True)):
            print(f"{path.relative_to(ROOT)}: a public header includes only <> headers, not \"{match.group(1)}\"")
            count += 1
    print(f"layers: {len(checked)} files, {count} problems")
    return 1 if count else 0


sys.exit(main())
