"""Calls that overflow buffers, run a shell, or end the process fail the build."""
import re
import sys

from csource import ROOT, code, files

EVERYWHERE = "strcpy strcat sprintf vsprintf gets alloca system popen tmpnam mktemp strtok".split()
IN_THE_LIBRARY = "exit _exit quick_exit abort longjmp siglongjmp setjmp".split()


def problems_of(path, banned):
    text = code(path)
    for match in re.finditer(r"(?<![\w.>])(" + "|".join(banned) + r")\s*\(", text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1)


def main():
    count = 0
    groups = [(files("src", "include"), EVERYWHERE + IN_THE_LIBRARY), (files("tests", "examples"), EVERYWHERE)]
    for paths, banned in groups:
        for path in paths:
            for line, name in problems_of(path, banned):
                print(f"{path.relative_to(ROOT)}:{line}: {name}() is banned")
                count += 1
    print(f"banned calls: {count}")
    return 1 if count else 0


sys.exit(main())
