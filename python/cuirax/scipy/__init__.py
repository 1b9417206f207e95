"""jax.scipy: its modules are imported when they are asked for."""


def __getattr__(name):
    import importlib
    full = f"{__name__}.{name}"
    try:
        return importlib.import_module(full)
    except ModuleNotFoundError as error:
        if error.name != full:
            raise
        raise AttributeError(f"module 'jax.scipy' has no attribute {name!r}") from None
