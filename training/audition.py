"""What training hears of a clip: one crop of it, as it is or augmented, as a WAV file to listen to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.io import wavfile

from ..audio.augment.clmr import TransformsConfig, clmr_chain
from ..audio.augment.rng import BatchRng, row_seeds
from ..errors import BadInput, UsageError
from ..indexing.places import clip_of
from ..schemas.clip import Clip
from ..store.files import write_atomic
from ..store.store import Store
from .crops import CropConfig, CropReader, crop_starts

CHAINS = {"clmr": clmr_chain}
RATE_HZ = 22_050
SECONDS = 3**10 / RATE_HZ
"""The input of CLMR: 59,049 samples, 2.68 s."""


@dataclass(frozen=True)
class Audition:
    """A crop that was written to `path`: from `start_s` in the clip, `seconds` long; peak: its largest magnitude."""

    path: str
    clip_id: str
    source: str
    start_s: float
    seconds: float
    peak: float


def audition(
    store: Store, clip: str | Path, *, augment: str | None, out: str | Path | None, seed: int, epoch: int
) -> Audition:
    """Write the first crop that training with `seed` takes of `clip` in `epoch`, through the chain `augment`.

    clip: an id, or the path of a file that was added; augment: "clmr" with its published probabilities, None for the
    crop as it is. The file is mono, 22,050 Hz, 32-bit float, so that nothing is clipped: `out`, or a file in the
    current folder that is named for the clip and the three others. Raises NotFound and UsageError for a clip as
    indexing.places.clip_of does, UsageError for another chain or where `out` is there already, BadInput where the clip
    cannot be read.
    """
    if augment is not None and augment not in CHAINS:
        raise UsageError(f"augmentation {augment!r} does not exist (known: {', '.join(CHAINS)})")
    if out is not None and Path(out).exists():
        raise UsageError(f"{out} is there already; name a new file")
    [found] = store.sources([clip_of(store, clip)])
    crops = CropConfig(SECONDS, RATE_HZ, seed=seed)
    waveform = _crop(found, crops, epoch)
    if augment is not None:
        rng = BatchRng(row_seeds(seed, epoch, [found.clip_id]))
        waveform = CHAINS[augment](TransformsConfig(), RATE_HZ)(waveform, rng)
    path = Path(out or f"{Path(found.path).stem}.{augment or 'plain'}-{seed}-{epoch}.wav")
    samples = waveform[0].numpy()
    write_atomic(path.absolute(), lambda to: wavfile.write(to, RATE_HZ, samples))  # soundfile puts the time into it
    start_s = crop_starts(crops, epoch, found)[0] / RATE_HZ
    return Audition(str(path), found.clip_id, found.path, start_s, SECONDS, float(np.abs(samples).max()))


def _crop(clip: Clip, config: CropConfig, epoch: int) -> torch.Tensor:
    """Return float32[1, samples]."""
    fetched = CropReader([clip], config).fetch(np.zeros(1, np.int64), epoch)
    if fetched.skipped:
        raise BadInput(fetched.skipped[clip.clip_id])
    return fetched.inputs
