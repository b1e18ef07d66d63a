"""Which of several copies is the original: the fullest, least degraded one, as far as its description tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COLUMNS = ("decoded_s", "codec", "sample_rate_hz", "channels")
"""Columns of the clips table that `preference` needs."""

LOSSY = ("aac", "ac3", "adpcm", "alaw", "amr", "gsm", "mp2", "mp3", "mpeg", "opus", "speex", "ulaw", "vorbis", "wma")
"""Parts of the names of codecs that lose something."""


ORDER = ("duration", "lossless", "rate", "channels")
"""What makes the better original, the most telling first."""


def preference(clips: pa.Table, order: Sequence[str] = ORDER) -> NDArray[np.int64]:
    """Return int64[n]: the place of each clip when the better original comes first; equals share a place.

    Longer comes first (to the nearest second: encoders pad by some hundredths), then lossless, then the higher sample
    rate, then more channels; or as `order`, any of ORDER, says. clips: a table with COLUMNS.
    """
    return places(np.stack([_KEYS[name](clips) for name in order], axis=1))


def places(keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return int64[n]: the place of each row of float[n, k] in lexicographic order, from 0; equal rows share one."""
    order = np.lexsort(keys.T[::-1])
    new = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    place = np.zeros(len(keys), dtype=np.int64)
    place[order[1:]] = np.cumsum(new)
    return place


def _is_lossy(codec: str) -> bool:
    return any(part in codec.lower() for part in LOSSY)


def _numbers(clips: pa.Table, column: str) -> NDArray[np.float64]:
    return np.asarray(clips.column(column).fill_null(0).to_numpy(), dtype=np.float64)


def _lossy(clips: pa.Table) -> NDArray[np.float64]:
    codecs = clips.column("codec").fill_null("").combine_chunks().dictionary_encode()
    lossy = np.array([_is_lossy(codec) for codec in codecs.dictionary.to_pylist()], dtype=np.float64)
    return np.asarray(lossy[codecs.indices.to_numpy()])


_KEYS: dict[str, Callable[[pa.Table], NDArray[np.float64]]] = {
    "duration": lambda clips: -np.rint(_numbers(clips, "decoded_s")),
    "lossless": _lossy,
    "rate": lambda clips: -_numbers(clips, "sample_rate_hz"),
    "channels": lambda clips: -_numbers(clips, "channels"),
}
"""Lower for the better, by each of ORDER."""
