"""The older calling form lax.cond(pred, x, f, y, g)."""


def on_pair(fun, which):
    return lambda x, y: fun((x, y)[which])
