"""Reads the C sources for the checks: which files there are, and their text without comments and literals."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<literal>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", re.S)


def files(*folders):
    """Every .c, .h and .def file under the folders, sorted."""
    found = []
    for folder in folders:
        for suffix in ("*.c", "*.h", "*.def"):
            found.extend((ROOT / folder).rglob(suffix))
    return sorted(found)


def code(path, keep_literals=False):
    """The text with comments (and literals) blanked; line numbers stay."""
    def blank(match):
        if keep_literals and match.group("literal"):
            return match.group(0)
        return re.sub(r"[^\n]", " ", match.group(0))
    return _TOKEN.sub(blank, path.read_text(encoding="utf-8"))
