from __future__ import annotations

import pyarrow as pa

from echodex.store.recordings import recordings_of


def test_excerpts_of_a_file_are_of_one_recording_and_parts_of_a_file_of_features_are_not() -> None:
    rows = [
        {"clip_id": "a", "uris": ["/z/song.mp3", "/b/song.mp3"], "channels": 2},
        {"clip_id": "b", "uris": ["/b/song.mp3"], "channels": 2},
        {"clip_id": "c", "uris": ["/b/other.mp3"], "channels": 1},
        {"clip_id": "d", "uris": ["/b/chunk.h5"], "channels": 0},
        {"clip_id": "e", "uris": ["/b/chunk.h5"], "channels": 0},
    ]
    found = recordings_of(pa.Table.from_pylist(rows))
    assert found[0] == found[1]
    assert len({*found[1:]}) == 4
