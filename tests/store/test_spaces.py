"""What the store keeps of an encoder comes back as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from echodex.api import Store
from echodex.encoders.base import Weights
from echodex.encoders.dummy import DummyConfig
from echodex.schemas.vector import Float32, Segments
from echodex.store.spaces import kept_weights, space_of

ARRAYS: dict[str, NDArray[Any]] = {
    "counter": np.array(3, np.int64),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "every_other": np.arange(6, dtype=np.float32)[::2],
}


class Laid:
    """An encoder whose arrays lie in memory in ways of their own."""

    name: ClassVar[str] = "laid"
    config = DummyConfig()
    dim = 2

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        return cls()

    def weights(self) -> Weights:
        return ARRAYS

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        return [Segments(np.zeros(1, np.float32), np.ones((1, 2), np.float32)) for _ in waveforms]


def test_kept_arrays_have_their_values_and_shapes(store: Store) -> None:
    kept = kept_weights(store.path, space_of(store.tables, Laid()))
    assert kept is not None
    assert kept.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(kept[name], array)
        assert (kept[name].shape, kept[name].dtype) == (array.shape, array.dtype)
