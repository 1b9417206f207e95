"""Writes a linker version script that exports what the public headers declare; reads them preprocessed."""
import re
import sys

NAME = re.compile(r"\b(cx_[a-z0-9_]+)\s*(?=[\(\[;])")


def main():
    names = sorted(set(NAME.findall(sys.stdin.read())))
    exported = "".join(f"  {n};\n" for n in names)
    print("{" + (f" global:\n{exported}" if names else "") + "  local: *;\n};")


main()
