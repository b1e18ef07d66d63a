"""What the network is shown of pieces of versions: their segments, changed where they teach."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...audio.augment.constant_q import STEPS
from ...audio.augment.rng import BatchRng, row_seeds
from ..inputs import chance
from ..order import generator
from .config import VersionsTraining
from .items import shingles


def taught(pieces: Tensor, names: Sequence[str], epoch: int, config: VersionsTraining) -> Tensor:
    """Return float32[b, versions, s, bins, t] of pieces float32[b, versions, crop, bins] of the items `names`.

    What is drawn for a segment depends on (seed, epoch, name) and its place alone, but for the order of the changes,
    which a batch shares, as published.
    """
    cut = shown(pieces, config.shingle_hop_s, config)
    places = [f"{name}:{version}:{segment}" for name in names for version, segment in _places(cut)]
    rng = BatchRng(row_seeds(config.seed, epoch, places).to(pieces.device))
    order = generator(chance(config.seed, epoch, names[0], "order")).permutation(list(STEPS)).tolist()
    return config.augmentation(cut.flatten(0, 2), rng, order).view(cut.shape)


def shown(pieces: Tensor, hop_s: float, config: VersionsTraining) -> Tensor:
    """Return the segments float32[b, versions, s, bins, t] of pieces float32[b, versions, crop, bins], as they are."""
    encoder = config.encoder
    cut = shingles(pieces.flatten(0, 1), encoder.frames, max(1, round(hop_s / encoder.frame_s)))
    return cut.view(*pieces.shape[:2], *cut.shape[1:])


def _places(cut: Tensor) -> list[tuple[int, int]]:
    versions, segments = cut.shape[1:3]
    return [(version, segment) for version in range(versions) for segment in range(segments)]
