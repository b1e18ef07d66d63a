"""`autoencoder`: the encoding half of an autoencoder. It hears nothing: it reads the vectors of another space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import BadInput, UsageError
from ...schemas.vector import Float32, Segments
from ..base import Weights
from ..checkpoint import check_shapes, read_state
from ..config import build_config
from ..registry import register
from .network import Encoder

_BLOCK_ROWS = 256
"""Rows that are computed together, always so many, so that no row's bits depend on its neighbours."""

_FIRST = "encoder.0.lin.1.weight"


@dataclass(frozen=True)
class AutoencoderConfig:
    """source: the space whose vectors are read. Layers and form are those that the weights have.

    sample_rate_hz: 0, for it takes no audio.
    """

    source: str = "datacos"
    sample_rate_hz: int = 0
    version: int = 1


@register("autoencoder")
class Autoencoder:
    """Embeds the vectors of a space, as they are stored, one row at a time. On the CPU."""

    name: ClassVar[str]

    def __init__(self, config: AutoencoderConfig, weights: Weights) -> None:
        self.config = config
        self._net = _net(weights).eval()

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder of these weights; raise BadInput without any, or where they are no such network's."""
        if weights is None:
            raise BadInput("encoder 'autoencoder' needs trained weights: give a checkpoint file, or a run as run:NAME")
        built = build_config(AutoencoderConfig, config)
        if built != AutoencoderConfig(built.source):
            raise BadInput(f"of 'autoencoder' there is version {AutoencoderConfig.version} at 0 Hz only, not {built}")
        return cls(built, weights)

    @staticmethod
    def read_weights(path: Path) -> Weights:
        """Return the encoder's arrays from a Lightning checkpoint of the published layout, or the state dict alone.

        Raises NotFound and BadInput.
        """
        return read_state(path, _found_shapes, head=None)

    @property
    def source(self) -> str:
        """The space whose vectors it reads."""
        return self.config.source

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._net.ends[1]

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the network's arrays, `encoder.{i}.lin.{0,1}.*`, and `mean` and `scale` of the corrected form."""
        return {name: tensor.numpy().copy() for name, tensor in self._net.state_dict().items()}

    def encode_rows(self, rows: Float32) -> Float32:
        """Return float32[n, dim] of float32[n, f]; raise BadInput for rows of another length."""
        wanted = self._net.ends[0]
        if rows.shape[1] != wanted:
            raise BadInput(
                f"this autoencoder reads vectors of length {wanted}, not {rows.shape[1]} as in {self.source!r}"
            )
        found = np.empty((len(rows), self.dim), np.float32)
        block = torch.zeros(_BLOCK_ROWS, wanted)
        with torch.inference_mode():
            for first in range(0, len(rows), _BLOCK_ROWS):
                part = rows[first : first + _BLOCK_ROWS]
                block[: len(part)] = torch.from_numpy(np.array(part))
                found[first : first + len(part)] = self._net(block)[: len(part)].numpy()
        return found

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Raise BadInput: there is nothing to hear."""
        raise BadInput(f"'autoencoder' reads vectors of {self.source!r}, not {len(waveforms)} waveforms; ask by clip")


def _net(weights: Weights) -> Encoder:
    """Return the network that has these weights; raise BadInput where there is none."""
    sizes = _sizes({name: array.shape for name, array in weights.items()})
    try:
        net = Encoder(sizes, corrected="mean" in weights)
    except UsageError as error:
        raise BadInput(f"the state of 'autoencoder' is of another network: {error}") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    check_shapes({name: array.shape for name, array in weights.items()}, shapes, "the state of 'autoencoder'")
    net.load_state_dict({name: torch.from_numpy(np.array(weights[name], np.float32)) for name in shapes})
    return net


def _sizes(shapes: Mapping[str, tuple[int, ...]]) -> list[int]:
    """Return the widths of the layers that the shapes tell of."""
    linear = [shapes.get(f"encoder.{number}.lin.1.weight") for number in range(len(shapes))]
    found = [shape for shape in linear if shape is not None and len(shape) == 2]
    if not found:
        raise BadInput(f"the state of 'autoencoder' lacks {_FIRST!r}, so it is of another network; nothing was loaded")
    return [found[0][1], *(shape[0] for shape in found)]


def _found_shapes(found: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that stands beside the encoder's first layer, as the encoder calls it."""
    prefix = next((name.removesuffix(_FIRST) for name in found if name == _FIRST or name.endswith("." + _FIRST)), "")
    own = {name.removeprefix(prefix): shape for name, shape in found.items() if name.startswith(prefix)}
    return {_FIRST: own.get(_FIRST, ()), **own}
