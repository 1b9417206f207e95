"""Trains a classifier of handwritten digits and draws what it learned.

    python examples/digits.py [out/digits.png] [--losses FILE] [--epochs N]

A multilayer perceptron on the 1,797 8x8 images that come with scikit-learn: softmax cross-entropy with label
smoothing, Adam, shuffled minibatches. An ordinary JAX program.
"""
import argparse
import os
import time

import jax
import jax.numpy as jnp
import numpy as np

SIZES = (64, 128, 64, 10)
BATCH = 64
EPOCHS = 20
STEP_SIZE = 4e-3
SMOOTHING = 0.1


def load_digits():
    """(train images, train labels, test images, test labels): a fixed shuffle, a fifth held out."""
    from sklearn.datasets import load_digits as load
    data = load()
    order = np.random.RandomState(0).permutation(len(data.target))
    images = (data.data[order] / 16.0).astype(np.float32)
    labels = data.target[order].astype(np.int32)
    held_out = len(labels) // 5
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


def init_params(key):
    """Random weights that keep the variance: a list of layers, each a dict of weights and biases."""
    params = []
    for n_in, n_out in zip(SIZES[:-1], SIZES[1:]):
        key, subkey = jax.random.split(key)
        w = jax.random.normal(subkey, (n_in, n_out)) * jnp.sqrt(1.0 / n_in)
        params.append({"w": w, "b": jnp.zeros(n_out)})
    return params


def predict(params, image):
    """Class scores of one image."""
    x = image
    for layer in params[:-1]:
        x = jnp.tanh(x @ layer["w"] + layer["b"])
    return x @ params[-1]["w"] + params[-1]["b"]


def example_loss(params, image, label):
    log_p = jax.nn.log_softmax(predict(params, image))
    target = (1.0 - SMOOTHING) * jax.nn.one_hot(label, SIZES[-1]) + SMOOTHING / SIZES[-1]
    return -jnp.sum(target * log_p)


def loss_fn(params, images, labels):
    return jnp.mean(jax.vmap(example_loss, in_axes=(None, 0, 0))(params, images, labels))


def init_adam(params):
    zeros = jax.tree.map(jnp.zeros_like, params)
    return {"m": zeros, "v": zeros, "t": jnp.zeros((), jnp.int32)}


@jax.jit
def train_step(params, adam, images, labels):
    loss, grads = jax.value_and_grad(loss_fn)(params, images, labels)
    t = adam["t"] + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, adam["m"], grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, adam["v"], grads)
    m_scale = 1.0 / (1.0 - 0.9 ** t.astype(jnp.float32))
    v_scale = 1.0 / (1.0 - 0.999 ** t.astype(jnp.float32))
    params = jax.tree.map(
        lambda p, m, v: p - STEP_SIZE * (m * m_scale) / (jnp.sqrt(v * v_scale) + 1e-6), params, m, v)
    return params, {"m": m, "v": v, "t": t}, loss


@jax.jit
def accuracy(params, images, labels):
    scores = jax.vmap(predict, in_axes=(None, 0))(params, images)
    return jnp.mean(jnp.argmax(scores, axis=-1) == labels)


def epoch_batches(key, count):
    """Rows of example numbers, one row per step; what does not fill a batch waits for the next shuffle."""
    steps = count // BATCH
    return jax.random.permutation(key, count)[: steps * BATCH].reshape(steps, BATCH)


def train(epochs, show=print):
    train_x, train_y, test_x, test_y = load_digits()
    train_x, train_y = jnp.asarray(train_x), jnp.asarray(train_y)
    key, init_key = jax.random.split(jax.random.key(0))
    params = init_params(init_key)
    adam = init_adam(params)
    losses, start = [], time.perf_counter()
    for epoch in range(epochs):
        key, shuffle_key = jax.random.split(key)
        for batch in epoch_batches(shuffle_key, len(train_y)):
            params, adam, loss = train_step(params, adam, train_x[batch], train_y[batch])
            losses.append(float(loss))
        show(f"epoch {epoch + 1:2d}/{epochs}  loss {losses[-1]:.4f}  "
             f"test accuracy {100 * float(accuracy(params, test_x, test_y)):.2f} %  "
             f"{time.perf_counter() - start:.1f} s", flush=True)
    return params, losses, (test_x, test_y)


def draw(path, params, losses, test_x, test_y):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    guesses = np.asarray(jnp.argmax(jax.vmap(predict, in_axes=(None, 0))(params, test_x), axis=-1))
    figure = plt.figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.2, 1))
    axes = left.subplots()
    axes.plot(losses, linewidth=0.8)
    axes.set(xlabel="step", ylabel="training loss", yscale="log", title="Loss")
    axes.grid(alpha=0.3)
    wrong_first = np.argsort(guesses == test_y, kind="stable")
    for cell, i in zip(right.subplots(5, 8).flat, wrong_first):
        cell.imshow(test_x[i].reshape(8, 8), cmap="gray_r")
        cell.set_title(str(guesses[i]), color="black" if guesses[i] == test_y[i] else "red", fontsize=9, pad=2)
        cell.axis("off")
    right.suptitle("Predictions on held-out digits (mistakes first, red)")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", nargs="?", default="out/digits.png", help="where the picture goes")
    parser.add_argument("--losses", metavar="FILE", help="write the loss of every step, one a line")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    params, losses, (test_x, test_y) = train(args.epochs)
    if args.losses:
        with open(args.losses, "w") as f:
            f.writelines(f"{loss!r}\n" for loss in losses)
    os.makedirs(os.path.dirname(args.picture) or ".", exist_ok=True)
    draw(args.picture, params, losses, test_x, test_y)
    print(f"test accuracy {100 * float(accuracy(params, test_x, test_y)):.2f} %, picture in {args.picture}")


if __name__ == "__main__":
    main()
