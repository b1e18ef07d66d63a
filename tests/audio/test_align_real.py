"""Real recordings: true duplicates and what only sounds alike are far apart in residual."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from echodex.audio.align import align
from echodex.audio.clip import read_mono

RATE = 16_000


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_forty_recordings_at_another_rate_and_codec(shared_data: Path, rate_hz: int) -> None:
    folder = shared_data / "environment"
    source = {row["path"]: (row["category"], row["src_file"]) for row in table(folder / "labels.csv")}
    random = np.random.default_rng(0)
    twins, others = [], []
    for row in table(folder / "same_recording.csv"):
        original = read_mono(folder / row["path"], rate_hz)
        found = align(original, read_mono(folder / row["same_as"], rate_hz), rate_hz)
        assert abs(found.offset_s) < 1e-4
        twins.append(found.residual_db)
        category, recording = source[row["same_as"]]
        alike = [path for path, (kind, from_) in source.items() if kind == category and from_ != recording]
        chosen = [read_mono(folder / path, rate_hz) for path in random.choice(alike, 2, replace=False)]
        others += [align(original, other, rate_hz).residual_db for other in chosen]
    assert max(twins) < -9
    assert min(others) > -1


@pytest.mark.slow
def test_renditions_of_a_work_are_not_its_recording(shared_data: Path) -> None:
    folder = shared_data / "versions"
    works: dict[str, dict[str, str]] = defaultdict(dict)
    for row in table(folder / "works.csv"):
        works[row["work"]][row["rendition"]] = row["path"]
    degraded = []
    for renditions in list(works.values())[::8]:
        original = read_mono(folder / renditions["orig"], RATE)
        for kind in ("altfont", "cover", "live"):
            assert align(original, read_mono(folder / renditions[kind], RATE), RATE).residual_db > -1
        degraded.append(align(original, read_mono(folder / renditions["degraded"], RATE), RATE).residual_db)
    assert np.median(degraded) < -1.5  # the same rendering, but in a room, at 0 to 15 dB of noise, often by telephone
