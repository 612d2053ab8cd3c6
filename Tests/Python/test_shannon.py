"""Gaussian records against the fewest bits that any code can take; derived in Design.md."""

import math

import aezip
import numpy as np
import pytest


def gaussian(seed: int, count: int, fields: int, decay: float):
    """Records, and the covariance that they are drawn with: its eigenvalues fall from 1 to ``decay``,
    in directions that nothing prefers."""
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.normal(size=(fields, fields)))[0]
    spectrum = decay ** (np.arange(fields) / (fields - 1))
    root = directions * np.sqrt(spectrum)
    return random.normal(size=(count, fields)) @ root.T, root @ root.T


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "level, decay, share", [(6, 1e-2, 1.03), (9, 1e-2, 1.02), (9, 1e-3, 1.02), (9, 1e-4, 1.02)]
)
def test_a_gaussian_source_takes_little_more_than_its_entropy(seed, level, decay, share):
    records, covariance = gaussian(seed, 60_000, 32, decay)
    bounds = 1e-3 * np.ptp(records, axis=0)
    # h(X) = log2 det(2 pi e S) / 2, less log2 of the volume of the box that one code may stand for.
    _, log_determinant = np.linalg.slogdet(2 * math.pi * math.e * covariance)
    least = log_determinant / math.log(4) - np.log2(2 * bounds).sum()
    blob = aezip.compress(records, rel=1e-3, level=level)
    assert np.all(np.abs(aezip.decompress(blob) - records) <= bounds)
    bits = 8 * len(blob) / len(records)
    print(f"{bits:.2f} bits a record, at least {least:.2f}: {bits / least:.4f}")
    assert least <= bits <= share * least
