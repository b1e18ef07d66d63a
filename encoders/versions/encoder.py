"""`versions`: a vector for each 20 s of a clip, every 5 s, near those of other performances of the same work.

As published: a clip is cut from its start; where the last segment reaches beyond its end, the clip begins again, and
one shorter than a segment is repeated until it fills one. Each segment has frames of its own, mirrored at its ends.
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
from ..checkpoint import check_shapes, own_array
from ..registry import register
from .choice import choose_config
from .config import VersionsConfig

_STRETCH = 8
"""Segments of one clip that are computed together: always the same ones, so that neighbours change no bit."""


@register("versions")
class Versions:
    """The encoder of a configuration and its weights, under CLEWS's state names where the network is CLEWS's."""

    name: ClassVar[str]

    def __init__(self, config: VersionsConfig, weights: Weights, *, device: str | None = None) -> None:
        from .inference import Embedding, FrameEmbedding, load_network
        from .network import state_shapes

        shapes = state_shapes(config)
        check_shapes({name: array.shape for name, array in weights.items()}, shapes, "the state of 'versions'")
        self.config = config
        self._weights = {name: own_array(weights, name, shape) for name, shape in shapes.items()}
        network = load_network(config, self._weights, device)
        self._embedding = Embedding(config, network).to(next(network.parameters()).device)
        self._frame_embedding = FrameEmbedding(config, network)

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder of these settings (`preset` among them, see `choose_config`) and weights; raise BadInput
        where there are none.
        """
        if not weights:
            choose_config(config, {})  # what is wrong with the settings comes first
            raise BadInput(
                "encoder 'versions' needs trained weights: give a checkpoint file with --checkpoint (those of CLEWS "
                "are Zenodo's record 15045900), or a run as run:NAME"
            )
        return cls(choose_config(config, weights), weights)

    @staticmethod
    def read_weights(path: Path) -> Weights:
        """Return the network's arrays from CLEWS's `checkpoint_best.ckpt`, a state dict or safetensors.

        Whether the arrays are all there shows when they are built. Raises NotFound, BadInput.
        """
        from .convert import read_published

        return read_published(path)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.config.dim

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the network's arrays under its state names."""
        return dict(self._weights)

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each waveform (float32[n], mono); raise BadInput, naming the position of one that is
        empty or not finite.
        """
        self._check(waveforms, "waveform", axis=0)
        size, hop = self.config.segment_samples, self.config.segment_hop
        cut = [_stretches(waveform, size, hop) for waveform in waveforms]
        return self._segments(self._embedding, cut, hop / self.config.sample_rate_hz)

    def encode_frames(self, frames: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each clip's frames (magnitudes float32[bins, t], one each `config.frame_s`).

        Raises BadInput, naming the position of what is empty, not finite or of other bands.
        """
        self._check(frames, "frames", axis=1)
        for position, clip in enumerate(frames):
            if len(clip) != self.config.bins:
                raise BadInput(f"frames {position} have {len(clip)} bands, but this encoder takes {self.config.bins}")
        size, hop = self.config.frames, self.config.frame_hop
        cut = [_stretches(clip.T, size, hop) for clip in frames]
        return self._segments(self._frame_embedding, cut, hop * self.config.frame_s)

    def _check(self, clips: Sequence[Float32], what: str, *, axis: int) -> None:
        for position, clip in enumerate(clips):
            if clip.ndim != axis + 1 or not clip.shape[axis] or not np.isfinite(clip).all():
                raise BadInput(f"{what} {position} is empty or not finite, so 'versions' has no vector for it")

    def _segments(self, module: Any, cut: list[list[tuple[Float32, int]]], hop_s: float) -> list[Segments]:
        """Return the segments of clips cut into stretches, `hop_s` seconds from one to the next."""
        from ..inference import forward_each

        if not cut:
            return []
        rows = forward_each(module, [stretch for clip in cut for stretch, _ in clip])
        if not np.isfinite(rows).all():
            raise BadInput("'versions' gives values that are not finite, so its weights are damaged; give others")
        counts = [sum(count for _, count in clip) for clip in cut]
        vectors = np.split(rows, np.cumsum(counts)[:-1])
        return [Segments((np.arange(len(of)) * hop_s).astype(np.float32), of) for of in vectors]


def segment_count(length: int, size: int, hop: int) -> int:
    """Return how many segments of `size`, each a `hop` after the last, it takes to hear all of `length`."""
    return max(-(-(length - size) // hop), 0) + 1


def _stretches(clip: Float32, size: int, hop: int) -> list[tuple[Float32, int]]:
    """Return pieces of a clip (float32[n, ...]), and how many segments each holds; the clip is repeated at its end.

    The pieces are parts of the clip, and not copies, but for the last.
    """
    count = segment_count(len(clip), size, hop)
    pieces = []
    for first in range(0, count, _STRETCH):
        held = min(_STRETCH, count - first)
        begin, end = hop * first, hop * (first + held - 1) + size
        inside = clip[begin:end] if end <= len(clip) else np.take(clip, np.arange(begin, end), axis=0, mode="wrap")
        pieces.append((inside, held))
    return pieces
