"""python -m cuirax script.py args…  |  -c code args…  |  -m module args…  |  - (standard input)

Runs a Python program, as the interpreter itself would, with the name `jax` resolving to Cuirax.
"""
import sys

USAGE = """usage: python -m cuirax [-h] [-V] (script.py | - | -c code | -m module) [argument ...]
Runs a Python program with the name `jax` resolving to Cuirax."""


def fresh_main():
    """A new module __main__, as empty as the interpreter makes it."""
    main = type(sys)("__main__")
    main.__dict__.update(__builtins__=sys.modules["builtins"], __annotations__={})
    sys.modules["__main__"] = main
    return main.__dict__


def strip(tb):
    """The traceback from the program's first frame on."""
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    return tb


def run(program, *arguments):
    """Calls the program. An uncaught exception is shown once, without this file's frames, and then ends the
    interpreter in its own way (exit status, signal)."""
    try:
        program(*arguments)
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = strip(error.__traceback__)
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
        sys.excepthook(type(error), error, error.__traceback__)
        sys.excepthook = lambda *_: None
        raise


def execute(source, filename, scope):
    exec(compile(source, filename, "exec", dont_inherit=True), scope)


def run_code(arguments):
    if not arguments:
        sys.exit("Argument expected for the -c option\n" + USAGE)
    sys.argv[:] = ["-c", *arguments[1:]]
    if not sys.flags.safe_path:
        sys.path[0] = ""
    run(execute, arguments[0], "<string>", fresh_main())


def run_stdin(arguments):
    sys.argv[:] = ["-", *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = ""
    run(execute, sys.stdin.read(), "<stdin>", fresh_main())


def run_module(arguments):
    if not arguments:
        sys.exit("Argument expected for the -m option\n" + USAGE)
    import runpy
    sys.argv[:] = ["-m", *arguments[1:]]
    fresh_main()
    run(runpy._run_module_as_main, arguments[0])


def run_script(arguments):
    import os
    path = arguments[0]
    sys.argv[:] = arguments
    try:
        with open(path, "rb") as f:
            source = f.read()
    except IsADirectoryError:
        source = None
    except OSError as error:
        print(f"{sys.executable}: can't open file {os.path.abspath(path)!r}: [Errno {error.errno}] {error.strerror}",
              file=sys.stderr)
        sys.exit(2)
    if source is None or source.startswith(b"PK\x03\x04"):
        import runpy
        fresh_main()
        sys.path[0] = path
        run(runpy._run_module_as_main, "__main__", False)
        return
    if not os.path.isabs(path):
        path = os.path.join(os.getcwd(), path)
    from importlib.machinery import SourceFileLoader
    scope = fresh_main()
    scope.update(__file__=path, __cached__=None, __loader__=SourceFileLoader("__main__", path))
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    run(execute, source, path, scope)


def main():
    arguments = sys.argv[1:]
    first = arguments[0] if arguments else None
    if first in ("-h", "--help"):
        print(USAGE)
        return
    if first in ("-V", "--version"):
        import cuirax
        print("Cuirax, JAX", cuirax.__version__)
        return
    if first is None and sys.stdin.isatty():
        sys.exit(USAGE)
    from cuirax import install
    install()
    if first is None or first == "-":
        run_stdin(arguments[1:])
    elif first == "-m":
        run_module(arguments[1:])
    elif first == "-c":
        run_code(arguments[1:])
    elif first.startswith("-c") or first.startswith("-m"):
        (run_code if first[1] == "c" else run_module)([first[2:], *arguments[1:]])
    elif first.startswith("-"):
        sys.exit(f"unknown option {first}\n{USAGE}")
    else:
        run_script(arguments)


main()
