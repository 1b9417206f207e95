"""Writes the data file of examples/digits.c: the digits, the initial parameters and the batches of examples/digits.py.

    python scripts/make_digits_data.py out/digits.bin

Format, little endian, without padding:
    char    magic[8]         "CXDIGIT1"
    int32   train, test      numbers of examples
    int32   pixels, classes  64, 10
    int32   layers           number of layers; then int32 sizes[layers + 1]
    int32   epochs, steps, batch   steps are per epoch
    float32 train_x[train][pixels]
    int32   train_y[train]
    float32 test_x[test][pixels]
    int32   test_y[test]
    per layer: float32 w[n_in][n_out], float32 b[n_out]
    int32   batches[epochs * steps][batch]   numbers of training examples, in the order of the steps
"""
import importlib.util
import pathlib
import struct
import sys

import jax
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


def load_example():
    spec = importlib.util.spec_from_file_location("digits", ROOT / "examples" / "digits.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(path):
    digits = load_example()
    train_x, train_y, test_x, test_y = digits.load_digits()
    key, init_key = jax.random.split(jax.random.key(0))
    params = digits.init_params(init_key)
    batches = []
    for _ in range(digits.EPOCHS):
        key, shuffle_key = jax.random.split(key)
        batches.append(np.asarray(digits.epoch_batches(shuffle_key, len(train_y))))
    steps, batch = batches[0].shape
    header = [len(train_y), len(test_y), train_x.shape[1], digits.SIZES[-1], len(params), *digits.SIZES,
              digits.EPOCHS, steps, batch]
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as f:
        f.write(b"CXDIGIT1" + struct.pack(f"<{len(header)}i", *header))
        for array, dtype in [(train_x, "<f4"), (train_y, "<i4"), (test_x, "<f4"), (test_y, "<i4"),
                             *((layer[name], "<f4") for layer in params for name in ("w", "b")),
                             (np.stack(batches), "<i4")]:
            f.write(np.ascontiguousarray(array, dtype).tobytes())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
