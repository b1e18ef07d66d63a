"""The weights that the golden values of fingerprints are given for, and sounds to take them of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.encoders.fingerprint.config import PRESETS
from echodex.encoders.fingerprint.network import state_shapes

Arrays = dict[str, NDArray[Any]]


def fill(shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    """As the fixture `filled`, but gains and biases of layer norms are like others, however many axes they have."""
    arrays: Arrays = {}
    for name, shape in shapes.items():
        i = np.arange(prod(shape))
        if name.endswith("num_batches_tracked"):
            arrays[name] = np.zeros(shape, np.int64)
            continue
        if name.endswith("running_mean"):
            values = 0.0 * i
        elif name.endswith("running_var"):
            values = 0.0 * i + 1
        elif name.endswith("bias"):
            values = 0.1 * np.sin(i)
        elif ".ln" in name:
            values = 1 + 0.1 * np.cos(i)
        else:
            values = np.cos(0.7 * i) * np.sqrt(2 / prod(shape[1:]))
        arrays[name] = values.reshape(shape).astype(np.float32)
    return arrays


@pytest.fixture(scope="session")
def fingerprint_filled() -> Callable[[Mapping[str, tuple[int, ...]]], Arrays]:
    """Name -> shape to the weights for which golden values are known."""
    return fill


@pytest.fixture(scope="session")
def pfann_weights() -> Arrays:
    """All that the preset `pfann` needs."""
    return fill(state_shapes(PRESETS["pfann"]))


@pytest.fixture(scope="session")
def two_tones() -> NDArray[np.float32]:
    """The second of audio that golden spectrograms are given for."""
    time_s = np.arange(8000) / 8000
    tones = 0.5 * np.sin(2 * np.pi * 440 * time_s) + 0.1 * np.sin(2 * np.pi * 1500 * time_s)
    return tones.astype(np.float32)
