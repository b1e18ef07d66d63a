"""The weights that golden values are given for, and waveforms to encode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def fill(shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    """Weights anyone can make again: kernels cos(0.7 i) sqrt(2 / fan_in), gains 1 + 0.1 cos(i), biases 0.1 sin(i)."""
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
        elif len(shape) >= 2:
            values = np.cos(0.7 * i) * np.sqrt(2 / prod(shape[1:]))
        else:
            values = 1 + 0.1 * np.cos(i) if name.endswith("weight") else 0.1 * np.sin(i)
        arrays[name] = values.reshape(shape).astype(np.float32)
    return arrays


@pytest.fixture(scope="session")
def filled() -> Callable[[Mapping[str, tuple[int, ...]]], Arrays]:
    """Name -> shape to the weights for which golden values are known."""
    return fill


@pytest.fixture(scope="session")
def clmr_weights() -> Arrays:
    """All that an encoder `clmr` needs."""
    from echodex.encoders.samplecnn import state_shapes

    return fill(state_shapes())
