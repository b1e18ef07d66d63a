"""`fingerprint`: a vector for each second of a clip, every half second, near itself in other recordings of that sound.

A clip is cut from its start, each segment whole, as published; one shorter than a segment is filled up with zeros.

The published front end subtracts the maximum of the whole batch, so that a fingerprint depends on what else happened to
be computed with it. Here each segment has its own maximum. With normalisation "batch", for weights trained in that way,
the batch is the clip: levels inside a clip are then as those weights know them, and no other clip has a say. But a cut
of a recording may have another maximum than the whole, which is why it is not the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...schemas.vector import Float32, Segments
from ..base import Weights
from ..checkpoint import check_shapes, own_array, read_state
from ..registry import register
from .choice import choose_config
from .config import PRESETS, FingerprintConfig

SHIPPED = Path(__file__).parents[1] / "fingerprint_small.safetensors"
"""Weights of the preset `small`, where they come with the package."""

_STRETCH = 32
"""Segments of one clip that are computed together: always the same ones, so that neighbours change no bit."""

_TENSORFLOW = ".index"


@register("fingerprint")
class Fingerprint:
    """The encoder of a configuration and its weights, under pfann's state names."""

    name: ClassVar[str]

    def __init__(self, config: FingerprintConfig, weights: Weights, *, device: str | None = None) -> None:
        from .inference import load
        from .network import state_shapes

        shapes = state_shapes(config)
        check_shapes({name: array.shape for name, array in weights.items()}, shapes, "the state of 'fingerprint'")
        self.config = config
        self._weights = {name: own_array(weights, name, shape) for name, shape in shapes.items()}
        self._embedding = load(config, self._weights, device)

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder of these settings (`preset` among them, see `choose_config`) and weights.

        Without weights, it is `small` with those that ship with the package. Raises BadInput.
        """
        if weights is not None:
            return cls(choose_config(config, weights), weights)
        shipped = _shipped()
        chosen = choose_config(config, shipped)
        small = PRESETS["small"]
        if FingerprintConfig(**{**vars(chosen), "hop_s": small.hop_s}) != small:
            raise BadInput(
                "the weights that ship with 'fingerprint' are of the preset small, of which hop_s alone can be set: "
                "give a checkpoint for another one"
            )
        return cls(chosen, shipped)

    @staticmethod
    def read_weights(path: Path) -> Weights:
        """Return the network's arrays from pfann's `model.pt` or `checkpointN.ckpt`, safetensors, or TensorFlow.

        A TensorFlow checkpoint is named by its `.index` file, or as TensorFlow does, without the ending, and needs
        tensorflow installed. Whether the arrays are all there shows when they are built. Raises NotFound, BadInput,
        Unavailable.
        """
        index = path.with_name(path.name + _TENSORFLOW)
        if index.is_file() and not path.exists():
            path = index
        if path.suffix == _TENSORFLOW:
            from .convert import read_tensorflow

            return read_tensorflow(path)
        return read_state(path, _found_shapes, head=None)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.config.dim

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the network's arrays under pfann's state names."""
        return dict(self._weights)

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each waveform (float32[n], mono), rows of unit length; raise BadInput, naming the
        position of one that is empty or not finite.
        """
        from ..inference import forward_each

        for position, waveform in enumerate(waveforms):
            if not len(waveform) or not np.isfinite(waveform).all():
                raise BadInput(f"waveform {position} is empty or not finite, so 'fingerprint' has no vector for it")
        if not waveforms:
            return []
        counts = [segment_count(len(waveform), self.config) for waveform in waveforms]
        stretches = [part for pair in zip(waveforms, counts, strict=True) for part in self._stretches(*pair)]
        rows = forward_each(self._embedding, stretches)
        if not np.isfinite(rows).all():
            raise BadInput("'fingerprint' gives values that are not finite, so its weights are damaged; give others")
        return [self._segments(part) for part in np.split(rows, np.cumsum(counts)[:-1])]

    def _stretches(self, waveform: Float32, count: int) -> list[Float32]:
        """Return pieces of a waveform that hold its `count` segments, _STRETCH of them each or all."""
        size, hop = self.config.segment_samples, self.config.segment_hop
        if len(waveform) < size:
            waveform = np.pad(waveform, (0, size - len(waveform)))
        at_once = count if self.config.normalisation == "batch" else _STRETCH
        firsts = range(0, count, at_once)
        return [waveform[hop * i : hop * (min(i + at_once, count) - 1) + size] for i in firsts]

    def _segments(self, vectors: Float32) -> Segments:
        starts = np.arange(len(vectors)) * self.config.segment_hop / self.config.sample_rate_hz
        return Segments(starts.astype(np.float32), vectors)


def segment_count(samples: int, config: FingerprintConfig) -> int:
    """Return how many whole segments a clip of `samples` samples has; a shorter one counts as one."""
    return max((samples - config.segment_samples) // config.segment_hop, 0) + 1


def _found_shapes(found: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that stands beside the network's first kernel, under names as the network has them."""
    first = "f.convs.0.conv1.weight"
    prefix = next((name.removesuffix(first) for name in found if name == first or name.endswith("." + first)), "")
    own = {name.removeprefix(prefix): shape for name, shape in found.items() if name.startswith(prefix)}
    return {first: own.get(first, ()), **own}


def _shipped() -> Weights:
    from safetensors.numpy import load_file

    if not SHIPPED.is_file():
        raise BadInput("encoder 'fingerprint' needs trained weights: give a checkpoint file, or a run as run:NAME")
    return load_file(SHIPPED)
