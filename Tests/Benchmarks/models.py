#!/usr/bin/env python3
"""What trained models gain on large tables, and how fast they train. A benchmark: it prints figures and tests nothing.

    python3 Tests/Benchmarks/models.py [manifold] [images FILE.npy] [planner FILE.npy] [recall FILE.npy] [epoch FILE.npy]

manifold    100,000 records of 24 fields on a curved 3-dimensional sheet, at 1e-2 of the range: bits a record, with and
            without a deep model, whose bytes are counted
images      records x pixels: squared error of 32 latents on the last tenth, a deep model beside principal components
planner     bytes at 1e-1 of the range, level 9, without latents and with what the planner picks
recall      vectors: how many of the 10 nearest of 200 that are left out are found in latents read from a container
epoch       records x 784: seconds for an epoch of 784-128-32-128-784, batches of 256, beside scikit-learn, and JAX if it
            is installed, two threads each

Needs numpy and scikit-learn, and the library as the tests do (AEZ_LIBRARY, PYTHONPATH=Bindings/Python).
"""

import sys
import time
import warnings

import aezip
import numpy as np


def manifold():
    random = np.random.default_rng(7)
    inner, outer = random.normal(size=(3, 32)), random.normal(size=(32, 24))
    place = random.uniform(-1, 1, (100_000, 3))
    noise = 0.002 * random.normal(size=(100_000, 24))
    records = (np.tanh(2 * place @ inner) @ outer / 6 + noise).astype("f4")
    start = time.time()
    model = aezip.train(records, kind="deep", latents=3, rel=1e-2)
    seconds = time.time() - start
    blob = aezip.compress(records, rel=1e-2, model=model, embed_model=True)
    bound = 1e-2 * np.ptp(records.astype("f8"), axis=0)
    error = np.abs(aezip.decompress(blob).astype("f8") - records) / bound
    plain = aezip.compress(records, rel=1e-2, latents=0)
    print(f"manifold: {8 * len(blob) / len(records):.1f} bits a record with the model, which trained in {seconds:.0f} s; "
          f"{8 * len(plain) / len(records):.1f} without; largest error {error.max():.4f} of the bound")  # fmt: skip


def images(path):
    from sklearn.decomposition import PCA

    records = np.load(path)
    known, held_out = records[: len(records) * 9 // 10], records[len(records) * 9 // 10 :]
    start = time.time()
    model = aezip.train(known, kind="deep", latents=32, abs=8)
    seconds = time.time() - start
    components = PCA(32, svd_solver="full").fit(known.astype("f8"))
    truth = held_out.astype("f8")
    deep = np.mean((model.decode(model.encode(held_out)) - truth) ** 2)
    linear = np.mean((components.inverse_transform(components.transform(truth)) - truth) ** 2)
    print(f"images: squared error {deep / linear:.3f} of principal components, {seconds:.0f} s, {records.shape}")


def planner(path):
    records = np.load(path)
    sizes = [len(aezip.compress(records, rel=1e-1, level=9, latents=latents)) for latents in (0, None)]
    print(f"planner: {sizes[0]} bytes without latents, {sizes[1]} with what level 9 picks")


def recall(path):
    records = np.load(path)
    records = records[np.random.default_rng(0).permutation(len(records))]
    queries, kept = records[:200], records[200:].astype("f4")
    distances = (kept**2).sum(1) - 2 * queries.astype("f4") @ kept.T
    nearest = np.argsort(distances, axis=1)[:, :10]
    for latents in (32, 64, 128, 256):
        blob = aezip.compress(records[200:], rel=1e-2, latents=latents)
        found, _ = aezip.search(blob, queries, 50)
        hits = [np.mean([len(set(a[:most]) & set(b)) / 10 for a, b in zip(found, nearest)]) for most in (10, 50)]
        print(f"recall: {latents} latents: {hits[0]:.3f} of the nearest 10 among 10, {hits[1]:.3f} among 50; "
              f"{8 * len(blob) / kept.size:.2f} bits a value")  # fmt: skip


def epoch(path):
    from sklearn.neural_network import MLPRegressor

    records = (np.load(path)[:8000] / 255).astype("f4")

    def seconds(train, few, many):
        times = []
        for epochs in (few, many):
            start = time.time()
            train(epochs)
            times.append(time.time() - start)
        return (times[1] - times[0]) / (many - few)

    def ours(epochs):
        aezip.train(records, kind="deep", latents=32, hidden=[128], epochs=epochs, batch_size=256, skip=False,
                    activation="relu", validation=0, threads=2)  # fmt: skip

    def sklearn(epochs):
        MLPRegressor(hidden_layer_sizes=(128, 32, 128), batch_size=256, max_iter=epochs, n_iter_no_change=999, tol=0).fit(
            records, records
        )

    peers = [("scikit-learn", lambda: seconds(sklearn, 1, 6))]
    try:
        peers.append(("JAX", jax_epoch(records)))
    except ImportError:
        print("epoch: JAX is not installed")
    for name, peer in peers:
        pairs = [(seconds(ours, 2, 12), peer()) for _ in range(9)]
        ratio = np.median([a / b for a, b in pairs])
        best = [min(times) for times in zip(*pairs)]
        print(f"epoch: {ratio:.2f} of {name}'s time, the median of {len(pairs)} pairs; "
              f"the least times {best[0]:.4f} s and {best[1]:.4f} s, {best[0] / best[1]:.2f}")  # fmt: skip


def jax_epoch(records):
    """Adam on mean squared error, every step one compiled call."""
    import jax
    import jax.numpy as jnp

    widths = [784, 128, 32, 128, 784]
    keys = jax.random.split(jax.random.PRNGKey(0), 4)
    weights = [
        (jax.random.normal(key, (a, b)) * (2 / a) ** 0.5, jnp.zeros(b)) for key, a, b in zip(keys, widths, widths[1:])
    ]

    def loss(weights, x):
        y = x
        for place, (w, b) in enumerate(weights):
            y = y @ w + b
            y = jnp.maximum(y, 0) if place < 3 else y
        return jnp.mean((y - x) ** 2)

    @jax.jit
    def step(w, m, v, x, t):
        g = jax.grad(loss)(w, x)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        fit = lambda w, m, v: w - 1e-3 * m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)  # noqa: E731
        return jax.tree.map(fit, w, m, v), m, v

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = [weights, zeros, zeros]
    random = np.random.default_rng(0)

    def run(epochs):
        t = 1.0
        for _ in range(epochs):
            order = random.permutation(len(records))
            for first in range(0, len(records) - 255, 256):
                state[:] = step(*state, records[order[first : first + 256]], t)
                t += 1
        jax.block_until_ready(state[0])

    run(1)

    def measured():
        start = time.time()
        run(10)
        return (time.time() - start) / 10

    return measured


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    while arguments:
        name = arguments.pop(0)
        if name not in ("manifold", "images", "planner", "recall", "epoch"):
            sys.exit(f"models.py: there is no benchmark {name}")
        if name == "manifold":
            manifold()
        elif arguments:
            globals()[name](arguments.pop(0))
        else:
            sys.exit(f"models.py: {name} needs a file")
