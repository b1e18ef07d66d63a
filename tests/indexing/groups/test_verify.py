from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.indexing.groups.verify import BATCH, Verifier
from echodex.schemas.clip import Clip

RATE = 8000


def clips(folder: Path, waveforms: list[np.ndarray[tuple[int], np.dtype[np.float64]]]) -> list[Clip]:
    found = []
    for row, waveform in enumerate(waveforms):
        path = folder / f"{row}.wav"
        soundfile.write(path, waveform, RATE)
        file = path.stat()
        found.append(Clip(str(row), str(path), 0.0, len(waveform) / RATE, file.st_mtime_ns, file.st_size))
    return found


def test_a_batch_without_a_copy_ends_the_search(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = [0.1 * random.standard_normal(RATE // 4) for _ in range(3 * BATCH)]
    copies = {0, 1, BATCH, 3 * BATCH - 1}
    sources = clips(tmp_path, [noise[0] * 0.5 if row in copies else noise[row] for row in range(3 * BATCH)])
    with Verifier(sources, threads=2) as verifier:
        found = verifier.same_recording(0, list(range(1, 3 * BATCH)))
    assert sorted(found) == [1, BATCH], (
        "the third batch is not reached: the second half of the first two has a copy each"
    )


def test_half_an_overlap_is_not_a_copy(tmp_path: Path) -> None:
    whole = 0.1 * np.random.default_rng(0).standard_normal(4 * RATE)
    with Verifier(clips(tmp_path, [whole[: 2 * RATE], whole[RATE : 3 * RATE], whole]), threads=1) as verifier:
        assert verifier.same_recording(0, [1]) == {}
        assert sorted(verifier.same_recording(2, [0, 1])) == [0, 1]


def test_an_excerpt_is_compared_as_an_excerpt(tmp_path: Path) -> None:
    whole = 0.1 * np.random.default_rng(0).standard_normal(4 * RATE)
    [source] = clips(tmp_path, [whole])
    excerpts = [replace(source, clip_id=f"from {start}", offset_s=start, duration_s=2.0) for start in (0.0, 2.0)]
    with Verifier([*excerpts, source], threads=1) as verifier:
        assert verifier.same_recording(0, [1]) == {}
        assert verifier.same_recording(2, [1])[1].offset_s == pytest.approx(2.0, abs=1e-3)
