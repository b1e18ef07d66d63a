from __future__ import annotations

import pyarrow as pa

from echodex.indexing.groups.originals import COLUMNS, preference


def test_longer_then_lossless_then_higher_rate_then_more_channels() -> None:
    rows = [
        (5.0, "wav/pcm_16", 16_000, 1),
        (5.05, "mp3/mp3", 44_100, 2),
        (5.0, "flac/pcm_16", 44_100, 1),
        (30.0, "ogg/vorbis", 44_100, 2),
        (5.0, "wav/pcm_24", 44_100, 2),
        (5.0, "mov/alac", 44_100, 2),
        (5.0, "wav/ima_adpcm", 44_100, 2),
        (None, None, None, None),
    ]
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)})
    assert preference(table).tolist() == [3, 4, 2, 0, 1, 1, 4, 5]


def test_nothing() -> None:
    empty = pa.table({name: pa.array([], pa.string() if name == "codec" else pa.float64()) for name in COLUMNS})
    assert preference(empty).tolist() == []
