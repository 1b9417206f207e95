"""Writes a linker version script that exports the functions and objects declared in the public headers."""
import re
import sys

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
NAME = re.compile(r"\b(cx_[a-z0-9_]+)\s*(?=[\(\[;])")


def public_names(paths):
    names = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            names.update(NAME.findall(COMMENT.sub(" ", f.read())))
    return sorted(names)


def main():
    names = public_names(sys.argv[1:])
    exported = "".join(f"  {n};\n" for n in names)
    print("{" + (f" global:\n{exported}" if names else "") + "  local: *;\n};")


main()
