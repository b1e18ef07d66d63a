from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray


def _set(seed: int) -> NDArray[np.float32]:
    """Unit rows: clusters of unequal size and density in 12 dimensions, in 32 to 512 of noise, with strays; every
    third has copies, every fifth lies on a lattice, so that distances tie.
    """
    random = np.random.default_rng(seed)
    n, d, k = int(random.integers(300, 2000)), 2 ** int(random.integers(5, 10)), int(random.integers(3, 20))
    shares = np.arange(1.0, k + 1) ** -random.uniform(0, 1.5)
    cluster = random.choice(k, n, p=shares / shares.sum())
    inner = random.standard_normal((k, 12))[cluster]
    inner += random.uniform(0.1, 0.8, k)[cluster, None] * random.standard_normal((n, 12))
    rows = inner @ random.standard_normal((12, d)) / 12**0.5 + random.uniform(0, 0.4) * random.standard_normal((n, d))
    stray = random.random(n) < 0.1
    rows[stray] = random.standard_normal((int(stray.sum()), d))
    if seed % 3 == 0:
        rows[random.integers(n, size=n // 10)] = rows[random.integers(n, size=n // 10)]
    if seed % 5 == 0:
        rows = np.round(2 * rows) / 2
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray((rows / lengths)[lengths[:, 0] > 0], dtype=np.float32)


@pytest.fixture(scope="session")
def uneven() -> list[NDArray[np.float32]]:
    """Thirty data sets of 300 to 2,000 rows."""
    return [_set(seed) for seed in range(30)]
