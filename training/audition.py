"""What training hears of a clip: one piece of it, as it is or augmented, as a WAV file to listen to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from ..audio.augment.clmr import TransformsConfig, clmr_chain
from ..audio.augment.rng import BatchRng, row_seeds
from ..errors import BadInput, UsageError
from ..indexing.places import clip_of
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from ..store.files import write_atomic
from ..store.store import Store
from .crops import CropConfig, CropReader, crop_starts
from .fetch import Fetched

RATE_HZ = 22_050
SECONDS = 3**10 / RATE_HZ
"""The input of CLMR: 59,049 samples, 2.68 s."""

SYNTHETIC = 16
"""Noises and rooms that are made to choose from for a replica: 256, as the training has, take many seconds."""


@dataclass(frozen=True)
class Audition:
    """A piece that was written to `path`: from `start_s` in the clip, `seconds` long; peak: its largest magnitude."""

    path: str
    clip_id: str
    source: str
    start_s: float
    seconds: float
    peak: float


@dataclass(frozen=True)
class _Heard:
    """samples: float32[n], mono, at rate_hz; start_s: where in the clip they begin."""

    samples: Float32
    rate_hz: int
    start_s: float


def audition(
    store: Store, clip: str | Path, *, augment: str | None, out: str | Path | None, seed: int, epoch: int
) -> Audition:
    """Write what training with `seed` hears first of `clip` in `epoch`.

    clip: an id, or the path of a file that was added. augment: None for CLMR's crop as it is, 2.68 s at 22,050 Hz;
    "clmr" for the same through its chain with the published probabilities; "fingerprint" for a replica of 1 s at 8,000
    Hz, as the default training of fingerprints makes it, of fewer synthetic noises, rooms and voices. The file is mono,
    32-bit float, so that nothing is clipped: `out`, or a file in the current folder that is named for the clip and the
    three others. Raises NotFound and UsageError for a clip as indexing.places.clip_of does, UsageError for another
    chain or where `out` is there already, BadInput where the clip cannot be read.
    """
    if augment is not None and augment not in CHAINS:
        raise UsageError(f"augmentation {augment!r} does not exist (known: {', '.join(CHAINS)})")
    if out is not None and Path(out).exists():
        raise UsageError(f"{out} is there already; name a new file")
    [found] = store.sources([clip_of(store, clip)])
    heard = CHAINS[augment](found, seed, epoch) if augment else _crop(found, seed, epoch)
    path = Path(out or f"{Path(found.path).stem}.{augment or 'plain'}-{seed}-{epoch}.wav")
    samples, rate_hz = heard.samples, heard.rate_hz
    write_atomic(path.absolute(), lambda to: wavfile.write(to, rate_hz, samples))  # soundfile puts the time into it
    seconds, peak = len(samples) / rate_hz, float(np.abs(samples).max())
    return Audition(str(path), found.clip_id, found.path, heard.start_s, seconds, peak)


def _crop(clip: Clip, seed: int, epoch: int, *, augmented: bool = False) -> _Heard:
    """Return the first crop that CLMR's training takes of a clip."""
    crops = CropConfig(SECONDS, RATE_HZ, seed=seed)
    waveform = _readable(CropReader([clip], crops).fetch(np.zeros(1, np.int64), epoch), clip).inputs
    if augmented:
        rng = BatchRng(row_seeds(seed, epoch, [clip.clip_id]))
        waveform = clmr_chain(TransformsConfig(), RATE_HZ)(waveform, rng)
    return _Heard(waveform[0].numpy(), RATE_HZ, crop_starts(crops, epoch, clip)[0] / RATE_HZ)


def _augmented(clip: Clip, seed: int, epoch: int) -> _Heard:
    return _crop(clip, seed, epoch, augmented=True)


def _replica(clip: Clip, seed: int, epoch: int) -> _Heard:
    """Return the replica of the first segment that the training of fingerprints draws of a clip."""
    from .fingerprint.clips import pair_plan
    from .fingerprint.config import FingerprintTraining
    from .fingerprint.pairs import PairReader, example_names
    from .fingerprint.pools import read_pools
    from .fingerprint.replicas import replica_chain
    from .pieces import PieceReader

    config = FingerprintTraining(seed=seed, synthetic=SYNTHETIC)
    rate_hz = config.encoder.sample_rate_hz
    plan = pair_plan(config, config.anchors_per_clip, drawn=True)
    examples = plan.examples([clip])[:1]
    reader = PairReader(PieceReader([clip], rate_hz, None), examples, plan)
    pair = _readable(reader.fetch(np.zeros(1, np.int64), epoch), clip).inputs
    rng = BatchRng(row_seeds(seed, epoch, example_names([clip], examples), stream=1))
    samples = replica_chain(config, read_pools(config))(pair[:, 1].contiguous(), rng)[0, config.context_samples :]
    start_s = plan.starts(clip, examples[0].number, epoch)[1] / rate_hz
    return _Heard(samples.contiguous().numpy(), rate_hz, start_s)


CHAINS: dict[str, Callable[[Clip, int, int], _Heard]] = {"clmr": _augmented, "fingerprint": _replica}


def _readable(fetched: Fetched, clip: Clip) -> Fetched:
    if fetched.skipped:
        raise BadInput(fetched.skipped[clip.clip_id])
    return fetched
