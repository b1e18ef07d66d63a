"""Which of several copies is the original: the fullest, least degraded one, as far as its description tells."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COLUMNS = ("decoded_s", "codec", "sample_rate_hz", "channels")
"""Columns of the clips table that `preference` needs."""

LOSSY = ("aac", "ac3", "adpcm", "alaw", "amr", "gsm", "mp2", "mp3", "mpeg", "opus", "speex", "ulaw", "vorbis", "wma")
"""Parts of the names of codecs that lose something."""


def preference(clips: pa.Table) -> NDArray[np.int64]:
    """Return int64[n]: the place of each clip when the better original comes first; equals share a place.

    Longer comes first (to the nearest second: encoders pad by some hundredths), then lossless, then the higher sample
    rate, then more channels. clips: a table with COLUMNS.
    """
    lossy = [_is_lossy(codec) for codec in clips.column("codec").to_pylist()]
    keys = np.stack(
        [
            -np.rint(_numbers(clips, "decoded_s")),
            np.array(lossy, dtype=np.float64),
            -_numbers(clips, "sample_rate_hz"),
            -_numbers(clips, "channels"),
        ],
        axis=1,
    )
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _is_lossy(codec: str | None) -> bool:
    return any(part in (codec or "").lower() for part in LOSSY)


def _numbers(clips: pa.Table, column: str) -> NDArray[np.float64]:
    return np.asarray(clips.column(column).fill_null(0).to_numpy(), dtype=np.float64)
