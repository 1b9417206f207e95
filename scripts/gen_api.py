#!/usr/bin/env python3
"""Make the C header and the Python binding table of the library functions from src/*/*.sig.

A .sig file holds one entry per function, the Python signature with kinds, then indented documentation:

    np.sum(a: val, axis: axes = None, dtype: dtype = None, keepdims: bool = False, where: val = None)
      Sum of elements over the given axes.

`np.sum` is cuirax.numpy.sum in Python and cx_np_sum in C. Parameters without default become C parameters; those with one become
fields of the option struct CxNpSum, and np_sum(a, .axis = …) is the macro that fills in the defaults. `*name: vals` takes the
remaining positional arguments. `-> vals` (tuple), `-> list`, `-> some` (one value alone, several as a tuple), `-> somelist` (several as a list), `-> int`, `-> bool`, `-> dtype`, `-> shape`, `-> str` name other results than a value; `-> vals`,
`-> list` and `-> some` functions take a last CxVals * and return bool. `alias np.foo = np.bar` gives a second Python name.

Kinds: val vals choice (array-like or a string) num like nested seed word axes dims int optint float bool str impl dtype ints shape sections (a number: n is -1) none obj
Kinds of lax, None by default: precision rounding dotdims gatherdims scatterdims indexmode gathermode convdims pads (pairs or triples, or a name) names ord (a number or a name)
"""
import os
import re
import sys

MODULES = {"np": "numpy", "lax": "lax", "nn": "nn", "rand": "random", "linalg": "numpy.linalg", "fft": "numpy.fft",
           "ops": "ops", "image": "image", "special": "scipy.special", "init": "nn.initializers",
           "laxlinalg": "lax.linalg", "slinalg": "scipy.linalg", "sfft": "scipy.fft"}
C_TYPE = {"val": "CxVal", "nested": "CxVal", "seed": "CxVal", "word": "CxVal", "vals": "CxVals", "num": "CxNum", "like": "const CxType *", "axes": "CxInts", "dims": "CxInts", "ints": "CxInts", "sections": "CxInts", "shape": "CxInts", "int": "int64_t",
          "optint": "CxOptInt", "float": "double", "bool": "bool", "str": "const char *", "impl": "const char *", "dtype": "CxDtype", "none": None, "obj": None,
          "precision": "CxPrecision", "rounding": "int", "dotdims": "CxDotDims", "gatherdims": "CxGatherDims", "scatterdims": "CxScatterDims",
          "indexmode": "CxIndexMode", "gathermode": "CxIndexMode", "convdims": "CxConvDims", "pads": "CxPads", "names": "CxNames", "choice": "CxChoice", "ord": "CxOrd"}
RESULT_C = {"val": "CxVal", "vals": "bool", "list": "bool", "some": "bool", "somelist": "bool", "int": "int64_t", "bool": "bool", "dtype": "CxDtype", "shape": "CxInts", "str": "const char *"}
KEYWORDS = {"default", "int", "float", "double", "long", "short", "char", "register", "static", "auto", "const", "inline", "union", "signed"}


def fail(path, line, text):
    sys.exit(f"{path}:{line}: {text}")


def split_params(text):
    out, depth, cur = [], 0, ""
    for c in text:
        depth += c in "([{"
        depth -= c in ")]}"
        if c == "," and not depth:
            out.append(cur.strip())
            cur = ""
        else:
            cur += c
    return out + ([cur.strip()] if cur.strip() else [])


class Param:
    def __init__(self, text, kw_only, path, line):
        self.star = text.startswith("*")
        m = re.fullmatch(r"\*?(\w+)\s*:\s*(\w+)\s*(?:=\s*(.+))?", text)
        if not m or m[2] not in C_TYPE:
            fail(path, line, f"cannot read the parameter {text!r}")
        self.name, self.kind, self.default = m[1], m[2], m[3]
        self.kw_only = kw_only
        self.c = self.name + "_" if self.name in KEYWORDS else self.name

    def c_default(self):
        d, k = self.default, self.kind
        if k in ("val", "nested", "seed", "word", "like"):
            return "NULL"
        if k in ("dotdims", "convdims", "pads", "names"):
            return {"dotdims": "{.lhs_contract = {0}}", "convdims": "{.lhs_spec = {0}}", "pads": "{.name = NULL}", "names": "{0}"}[k]
        if k in ("precision", "rounding", "indexmode", "gathermode"):
            return {"precision": "CX_PRECISION_NONE", "rounding": "0", "indexmode": "CX_INDEX_FILL_OR_DROP", "gathermode": "CX_INDEX_PROMISE"}[k]
        if k in ("vals", "choice"):
            return "{0}"
        if k == "ord":
            return "{0}" if d == "None" else "{.given = true, .name = \"%s\"}" % d.strip("'") if d.startswith("'") else "{.given = true, .v = %s}" % d
        if k == "num":
            return "{0}" if d == "None" else "{.f = %s, .exact = true}" % d
        if k in ("axes", "dims", "ints", "shape"):
            if d == "None":
                return "{.none = true}"
            items = [s.strip() for s in d.strip("()").split(",") if s.strip()]
            return "{.v = (const int64_t[]){%s}, .n = %d}" % (", ".join(items) or "0", len(items))
        if k == "optint":
            return "{0}" if d == "None" else "{true, %s}" % d
        if k == "bool":
            return {"True": "true", "False": "false", "None": "false"}[d]
        if k in ("str", "impl"):
            return "NULL" if d == "None" else '"%s"' % d.strip("'\"")
        if k == "dtype":
            return "CX_NO_DTYPE" if d == "None" else "CX_" + {"float": "F32", "int": "I32", "bool": "BOOL", "float32": "F32", "int32": "I32", "uint32": "U32"}[d.strip("'\"")]
        if k == "float":
            return {"inf": "INFINITY", "nan": "NAN", "pi": "3.14159265358979323846"}.get(d, d)
        return d


class Function:
    def __init__(self, header, doc, path, line):
        m = re.fullmatch(r"(\w+)\.(\w+)\((.*)\)\s*(?:->\s*(\w+))?", header)
        if not m or m[1] not in MODULES:
            fail(path, line, f"cannot read {header!r}")
        self.module, self.name, self.result = m[1], m[2], m[4] or "val"
        self.doc = doc.strip()
        self.params, kw, self.pos_only = [], False, 0
        for text in split_params(m[3]):
            if text == "*":
                kw = True
            elif text == "/":
                self.pos_only = len(self.params)
            else:
                p = Param(text, kw, path, line)
                self.params.append(p)
                kw = kw or p.star
        self.c = f"cx_{self.module}_{self.name}"
        self.opt = "Cx" + (self.module + "_" + self.name).title().replace("_", "")
        self.required = [p for p in self.params if p.default is None and C_TYPE[p.kind]]
        self.optional = [p for p in self.params if p.default is not None and C_TYPE[p.kind]]

    def c_params(self):
        out = [f"{C_TYPE[p.kind]}{'' if C_TYPE[p.kind].endswith('*') else ' '}{p.c}" for p in self.required]
        if self.optional:
            out.append(f"{self.opt} o")
        if self.result in ("vals", "list", "some", "somelist"):
            out.append("CxVals *out")
        return ", ".join(out) or "void"

    def header(self):
        lines = ["/* %s */" % self.doc.replace("*/", "* /").replace("\n", "\n * ")] if self.doc else []
        if self.optional:
            lines.append("typedef struct %s {" % self.opt)
            lines += [f"  {C_TYPE[p.kind]}{'' if C_TYPE[p.kind].endswith('*') else ' '}{p.c};" for p in self.optional]
            lines.append("} %s;" % self.opt)
        lines.append(f"{RESULT_C[self.result]}{'' if self.result == 'str' else ' '}{self.c}({self.c_params()});")
        if self.optional:
            req = ", ".join(p.c for p in self.required)
            defaults = ", ".join(f".{p.c} = {p.c_default()}" for p in self.optional)
            name = f"{self.module}_{self.name}"
            out = ", out" if self.result in ("vals", "list", "some", "somelist") else ""
            params = ", ".join(x for x in (req, "out" if out else "") if x)
            call = f"{self.c}({req}{', ' if req else ''}({self.opt}){{{defaults}, __VA_ARGS__}}{out})"
            lines.append(f"#define {name}({params}{', ' if params else ''}...) {call}")
        return "\n".join(lines)

    def py_signature(self):
        out, star = [], False
        for i, p in enumerate(self.params):
            if p.kw_only and not star and not any(q.star for q in self.params[:i]):
                out.append("*")
                star = True
            out.append(("*" if p.star else "") + p.name + ("" if p.default is None else "=" + p.default))
            if self.pos_only and i + 1 == self.pos_only:
                out.append("/")
        return "(" + ", ".join(out) + ")"

    def binding(self):
        args = []
        for p in self.required:
            args.append(f"a[{self.params.index(p)}].{FIELD[p.kind]}")
        if self.optional:
            args.append(f"({self.opt}){{" + ", ".join(f".{p.c} = a[{self.params.index(p)}].{FIELD[p.kind]}" for p in self.optional) + "}")
        if self.result in ("vals", "list", "some", "somelist"):
            args.append("&r->vals")
        target = {"val": "r->val = ", "vals": "return ", "list": "return ", "some": "return ", "somelist": "return ", "int": "r->i = ", "bool": "r->b = ", "dtype": "r->dtype = ",
                  "shape": "r->ints = ", "str": "r->s = "}[self.result]
        body = f"{target}{self.c}({', '.join(args)});" + ("" if "return" in target else " return true;")
        unused = "" if any("a[" in x for x in args) else "(void)a; "
        out = [f"static bool call_{self.module}_{self.name}(const PyArg *a, PyResult *r) {{ {unused}{body} }}"]
        rows = []
        for p in self.params:
            default = "{0}" if p.default is None or C_TYPE[p.kind] is None else f"{{.{FIELD[p.kind]} = {p.c_default()}}}"
            flags = "|".join(f for f, on in (("PY_PARAM_STAR", p.star), ("PY_PARAM_KW_ONLY", p.kw_only and not p.star),
                                              ("PY_PARAM_OPTIONAL", p.default is not None)) if on) or "0"
            rows.append(f'{{"{p.name}", PY_KIND_{p.kind.upper()}, {flags}, {default}}}')
        if rows:
            out.append(f"static const PyParam params_{self.module}_{self.name}[] = {{{', '.join(rows)}}};")
        return "\n".join(out)

    def row(self):
        doc = self.doc.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        params = f"params_{self.module}_{self.name}" if self.params else "NULL"
        sig = self.py_signature().replace('"', "'")
        return (f'  {{"{MODULES[self.module]}", "{self.name}", {params}, {len(self.params)}, {self.pos_only}, PY_RESULT_{self.result.upper()}, '
                f'call_{self.module}_{self.name}, "{sig}", "{doc}"}},')


FIELD = {"val": "val", "num": "num", "like": "like", "nested": "val", "seed": "val", "word": "val", "vals": "vals", "axes": "ints", "dims": "ints", "ints": "ints", "sections": "ints", "shape": "ints", "int": "i", "optint": "opt",
         "float": "f", "bool": "b", "str": "s", "impl": "s", "dtype": "dtype", "precision": "precision", "rounding": "rounding", "dotdims": "dot", "gatherdims": "gather",
         "scatterdims": "scatter", "indexmode": "mode", "gathermode": "mode", "convdims": "conv", "pads": "pads", "names": "names", "choice": "choice", "ord": "ord"}


def read(path):
    functions, aliases, header, doc, start = [], [], None, [], 0
    lines = open(path, encoding="utf-8").read().split("\n") + ["end"]
    pending = ""
    for n, line in enumerate(lines, 1):
        if line.startswith(" ") and header is not None and not pending:
            doc.append(line.strip())
            continue
        if not pending and (not line.strip() or line.startswith("#")):
            continue
        if header is not None and not pending:
            functions.append(Function(header, "\n".join(doc), path, start))
            header, doc = None, []
        if line == "end" and n == len(lines):
            break
        if not pending and line.startswith("alias "):
            m = re.fullmatch(r"alias (\w+)\.(\w+) = (\w+)\.(\w+)", line.strip())
            if not m:
                fail(path, n, f"cannot read {line!r}")
            aliases.append(m.groups())
            continue
        start = start if pending else n
        pending += " " + line.strip() if pending else line.strip()
        if pending.count("(") == pending.count(")"):
            header, pending = pending, ""
    return functions, aliases


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
        open(path, "w", encoding="utf-8").write(text)


def main():
    out, sigs = sys.argv[1], sorted(sys.argv[2:])
    functions, aliases = [], []
    for path in sigs:
        f, a = read(path)
        functions += f
        aliases += a
    seen = set()
    for f in functions:
        if f.c in seen:
            sys.exit(f"{f.c} is declared twice")
        seen.add(f.c)
    head = "/* Made by scripts/gen_api.py from the .sig files: the library functions. Defaults stand in the macros. */\n"
    body = "\n\n".join(f.header() for f in functions)
    write(f"{out}/cuirax/library.h", head + "#ifndef CUIRAX_LIBRARY_H\n#define CUIRAX_LIBRARY_H\n\n#include <cuirax/ops.h>\n#include <math.h>\n\n"
          "typedef struct CxOptInt {\n  bool given;\n  int64_t v;\n} CxOptInt;\n\n"
          "/* A concrete number: f is a Python number itself, or that of val, an array of rank 0, rounded to its dtype. */\n"
          "typedef struct CxNum {\n  CxVal val;\n  double f;\n  bool exact; /* a Python number */\n} CxNum;\n\n"
          "/* Pairs or triples in a row, or the name of a rule: \"SAME\", \"VALID\", … */\ntypedef struct CxPads {\n  CxInts v;\n  const char *name;\n} CxPads;\n\n"
          "/* An array, or the name of a rule. */\ntypedef struct CxChoice {\n  CxVal val;\n  const char *name;\n} CxChoice;\n\n"
          "/* The order of a norm: none, a number, or a name. */\ntypedef struct CxOrd {\n  bool given;\n  const char *name;\n  double v;\n} CxOrd;\n\n"
          "typedef struct CxNames {\n  const char *const *v;\n  int n;\n} CxNames;\n\n" + body + "\n\n#endif\n")
    table = "\n".join(f.binding() for f in functions)
    rows = "\n".join(f.row() for f in functions)
    alias_rows = "\n".join(f'  {{"{MODULES[m]}", "{n}", "{MODULES[m2]}", "{n2}"}},' for m, n, m2, n2 in aliases)
    write(f"{out}/api_table.c", head + '#include "python/bind.h"\n\n' + table + "\n\nconst PyApi py_api[] = {\n" + rows + "\n  {0}\n};\n"
          + "const PyAlias py_aliases[] = {\n" + alias_rows + "\n  {0}\n};\n")


main()
