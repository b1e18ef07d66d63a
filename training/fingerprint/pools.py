"""What replicas are made with: noise, voices and rooms out of folders and stores, or synthetic."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...audio.augment.background import noise_pool
from ...audio.augment.impulse_responses import response_pool
from ...audio.augment.synthetic_noise import synthetic_noise, synthetic_speech
from ...audio.augment.synthetic_rooms import synthetic_rooms
from ...audio.children.pool import Children
from ...errors import EchodexError, NotFound, UsageError
from ...store.remote.sources import at_hand
from ...store.sources import is_store, walk
from ...store.store import Store
from ..splits import TEST, meaning
from .aachen import SUFFIX as MATLAB
from .aachen import read_aachen
from .config import NONE, SYNTHETIC, FingerprintTraining

VOICES = 4
"""Synthetic noises for one synthetic voice."""
NOISE_S = 10.0
"""Length of the rows of a pool of noise; a recording is cut into as many as it fills."""
MOST_NOISE_S = 4 * 3600.0
"""What is read of recordings of noise, and as much of voices: 460 MB."""
ROOM_S = 1.0
MICROPHONE_S = 0.5
"""What is kept of a response, as pfann has it."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pools:
    """noise, speech: float32[m, k]; rooms, microphones: float32[m, k], direct sound first; None: left out.

    said: what they are, in words.
    """

    noise: Tensor | None
    rooms: Tensor | None
    speech: Tensor | None
    microphones: Tensor | None
    said: str

    def to(self, device: torch.device) -> Pools:
        """Return them on a device."""
        pools = (self.noise, self.rooms, self.speech, self.microphones)
        noise, rooms, speech, microphones = (None if pool is None else pool.to(device) for pool in pools)
        return Pools(noise, rooms, speech, microphones, self.said)


def read_pools(config: FingerprintTraining) -> Pools:
    """Return what `config` names, at its encoder's rate. Raises NotFound, UsageError for a path without any sound."""
    voices = -(-config.synthetic // VOICES)
    noise = _backgrounds(config.noise, synthetic_noise, config.synthetic, config)
    rooms = _responses(config.rooms, ROOM_S, config)
    speech = _backgrounds(config.speech, synthetic_speech, voices, config) if config.chain == "phone" else None
    microphones = _responses(config.microphones, MICROPHONE_S, config)
    told = [
        _words("noise", config.noise, noise),
        _words("rooms", config.rooms, rooms),
        _words("voices", config.speech, speech),
        _words("microphones", config.microphones, microphones),
    ]
    return Pools(noise, rooms, speech, microphones, "; ".join(filter(None, told)) or "nothing")


def _backgrounds(
    named: str, make: Callable[[int, int, int, int], Tensor], count: int, config: FingerprintTraining
) -> Tensor | None:
    """Return float32[m, samples] of each source that `named` names, one below the other; None for NONE."""
    if named == NONE:
        return None
    rate_hz = config.encoder.sample_rate_hz
    samples = round(max(NOISE_S, config.context_s + config.encoder.segment_s) * rate_hz)
    pools = [
        make(count, samples, rate_hz, config.seed)
        if part == SYNTHETIC
        else noise_pool(_recordings(part, rate_hz, config.seed, MOST_NOISE_S), samples)
        for part in _parts(named)
    ]
    return torch.cat(pools)


def _responses(named: str, seconds: float, config: FingerprintTraining) -> Tensor | None:
    """Return float32[m, seconds]: direct sound first, but for NAFP's chain, which takes responses as they are; None for
    NONE.
    """
    if named == NONE:
        return None
    rate_hz = config.encoder.sample_rate_hz
    samples = round(seconds * rate_hz)
    pools = []
    for part in _parts(named):
        if part == SYNTHETIC:
            pools.append(synthetic_rooms(config.synthetic, rate_hz, config.seed, seconds=seconds))
        elif config.chain == "nafp":
            responses = [response[:samples] for response in _recordings(part, rate_hz, config.seed)]
            pools.append(torch.stack([functional.pad(each, (0, samples - len(each))) for each in responses]))
        else:
            pools.append(response_pool(list(_recordings(part, rate_hz, config.seed)), samples))
    return torch.cat(pools)


def check_pools(config: FingerprintTraining) -> None:
    """Raise NotFound for a path in `config` that is not there, UsageError where it holds no file; reads no audio."""
    speech = config.speech if config.chain == "phone" else NONE
    for named in (config.noise, config.rooms, speech, config.microphones):
        for part in _parts(named):
            if part not in (SYNTHETIC, NONE) and not _files(part):
                raise UsageError(f"there is no audio in {part}; name a folder or store that has some")


def _recordings(path: str, rate_hz: int, seed: int, most_s: float = float("inf")) -> Iterator[Tensor]:
    """Yield float32[n] of each recording in a folder or store, in an order drawn by seed, up to `most_s` seconds.

    Files that cannot be read, or are silent, are passed over and counted. Raises NotFound, UsageError where there is
    none that can.
    """
    left = most_s * rate_hz
    files = _files(path)
    found = passed = 0
    with Children() as children:
        for number in np.random.default_rng(seed).permutation(len(files)).tolist():
            file, offset_s, duration_s = files[number]
            try:
                recording = torch.from_numpy(
                    read_aachen(file, rate_hz)
                    if file.endswith(MATLAB)
                    else children.read_mono(at_hand(file), rate_hz, offset_s=offset_s, duration_s=duration_s)
                )
            except (EchodexError, OSError):
                passed += 1
                continue
            if not recording.any():
                passed += 1
                continue
            found += 1
            yield recording[: int(min(left, len(recording)))]
            left -= len(recording)
            if left <= 0:
                break
    if not found:
        raise UsageError(f"there is no audio that can be heard in {path}; name a folder or store that has some")
    if passed:
        logger.warning("%d files in %s cannot be read or are silent; %d others are used", passed, path, found)


def _files(path: str) -> list[tuple[str, float, float | None]]:
    """Return path, offset and length of each recording in a folder, a store (but for its test clips), or of a file;
    rooms as MATLAB files among them.
    """
    place = Path(path).expanduser().absolute()
    if not place.exists():
        raise NotFound(f"{place} does not exist; name a folder of audio, a store, or `{SYNTHETIC}`")
    if is_store(place):
        store = Store.open(place, create=False)
        table = store.clips(["clip_id", "split"])
        names = zip(table.column("clip_id").to_pylist(), table.column("split").to_pylist(), strict=True)
        clips = store.sources([clip_id for clip_id, split in names if meaning(split) != TEST])
        return [(clip.path, clip.offset_s, clip.duration_s) for clip in clips]
    found = [*walk(place), *sorted(map(str, place.rglob(f"*{MATLAB}")))] if place.is_dir() else [str(place)]
    return [(file, 0.0, None) for file in found]


def _parts(named: str) -> list[str]:
    parts = [part.strip() for part in named.split(",") if part.strip()]
    if not parts:
        raise UsageError(f"noise, rooms and speech must each name a folder, a store, `{SYNTHETIC}` or `{NONE}`")
    return parts


def _words(kind: str, named: str, pool: Tensor | None) -> str:
    if pool is None:
        return ""
    return f"{kind}: {len(pool)} {'synthetic ones' if named == SYNTHETIC else f'from {named}'}"
