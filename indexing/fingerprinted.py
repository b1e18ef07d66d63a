"""The fingerprints of clips: those that the store holds, else made on the spot."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..encoders.resolve import resolve
from ..errors import BadInput, NotFound, UsageError
from ..schemas.vector import Float32, Space
from ..store.clip_audio import read_clip
from ..store.vectors import normalised
from .groups.fingerprints import FingerprintVerifier
from .groups.recent import Recent
from .sequence.background import background
from .sequence.diagonals import Held
from .sequence.listen import hear
from .sequence.quiet import SURELY, silences, silent_near

if TYPE_CHECKING:
    from ..encoders.base import Encoder
    from ..store.store import Store

FINGERPRINT = "fingerprint"

SAMPLED = 100
"""Clips that tell what strangers score."""

CACHE_BYTES = 256 << 20
"""Fingerprints kept for the next comparison: 8,000 clips of 30 s, of 128 dimensions at a hop of half a second."""

logger = logging.getLogger(__name__)


def fingerprint_verifier(store: Store, clip_ids: Sequence[str], everyone: Sequence[str]) -> FingerprintVerifier:
    """Return what compares the clips `clip_ids`, by their place in it, by fingerprints.

    These are the vectors of the store's newest space of fingerprints, and where it has none of a clip, or there is no
    such space, they are made by its encoder, or by the one that ships. everyone: among whom strangers are looked for.
    Raises UsageError where there is neither.
    """
    space = _space(store)
    encoder = store.encoder(space) if space else _shipped()
    makes = _Fingerprints(store, space, encoder, clip_ids)
    places = np.unique(np.linspace(0, len(everyone) - 1, min(SAMPLED, len(everyone))).astype(int)).tolist()
    sample = _Fingerprints(store, space, encoder, [everyone[place] for place in places])
    held = sample(range(len(places)))
    quiet = silences(encoder)
    unrelated = background(_joined(held, encoder.dim, quiet))
    hop_s = float(encoder.config.hop_s)
    noise = np.random.default_rng(0).standard_normal(round(8 * hop_s + 6) * encoder.config.sample_rate_hz)
    window_s = hear(noise.astype(np.float32), encoder, hop_s).window_s
    return FingerprintVerifier(makes, unrelated, silent_near(quiet, unrelated.threshold), hop_s, window_s)


class _Fingerprints:
    """Gives the fingerprints of clips, by their places in `clip_ids`."""

    def __init__(self, store: Store, space: Space | None, encoder: Encoder, clip_ids: Sequence[str]) -> None:
        self._store, self._space, self._encoder = store, space, encoder
        self._clip_ids = list(clip_ids)
        self._recent = Recent[Float32](CACHE_BYTES)

    def __call__(self, places: Sequence[int]) -> list[Float32]:
        return self._recent.get_all(places, self._read)

    def _read(self, places: list[int]) -> list[Float32]:
        clip_ids = [self._clip_ids[place] for place in places]
        held = self._held(self._space, clip_ids) if self._space else {}
        return [held[clip_id] if clip_id in held else self._made(clip_id) for clip_id in clip_ids]

    def _held(self, space: Space, clip_ids: list[str]) -> dict[str, Float32]:
        """Return the fingerprints of those of the clips that the space holds."""
        try:
            owners, _, matrix = self._store.segments(space.name, clip_ids)
        except NotFound:
            if len(clip_ids) == 1:
                logger.info("clip %s has no fingerprint in space %s: it is made", clip_ids[0], space.name)
                return {}
            half = len(clip_ids) // 2
            return self._held(space, clip_ids[:half]) | self._held(space, clip_ids[half:])
        bounds = [0, *(at for at in range(1, len(owners)) if owners[at] != owners[at - 1]), len(owners)]
        return {owners[begin]: normalised(matrix[begin:end]) for begin, end in itertools.pairwise(bounds)}

    def _made(self, clip_id: str) -> Float32:
        [clip] = self._store.sources([clip_id])
        try:
            waveform = read_clip(clip, self._encoder.config.sample_rate_hz)
            return normalised(self._encoder.encode([waveform])[0].vectors)
        except (BadInput, NotFound) as error:
            logger.warning("%s is left out of the comparison: %s", clip.path, error)
            return np.empty((0, self._encoder.dim), dtype=np.float32)


def _joined(held: list[Float32], dim: int, quiet: Float32) -> Held:
    """Return clips, each by its segments, as one."""
    matrix = np.concatenate([np.empty((0, dim), dtype=np.float32), *held])
    bounds = np.cumsum([0, *map(len, held)]).astype(np.int64)
    return Held(bounds, lambda rows: matrix[rows], silent_near(quiet, SURELY))


def _space(store: Store) -> Space | None:
    return next((space for space in reversed(store.spaces()) if space.encoder == FINGERPRINT), None)


def _shipped() -> Encoder:
    try:
        return resolve(FINGERPRINT, {})
    except BadInput as error:
        raise UsageError(
            "verify='fingerprint' needs fingerprints, and there is no space of them: run `echodex embed fingerprint "
            "--checkpoint FILE` first"
        ) from error
