"""A store of short tunes, each in several renditions, in segments of a quarter of a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.schemas.clip import Source

RATE_HZ, SEGMENT_S = 8000, 0.25
WORKS, RENDITIONS = 6, ("orig", "cover", "live")


def tune(work: int, rendition: int, segments: int) -> NDArray[np.float64]:
    """Notes of a work, one a segment, each rendition with other timbre and noise; it begins on another note."""
    notes = np.roll(np.random.default_rng(work).uniform(200, 3500, segments), rendition)
    random = np.random.default_rng([work, rendition])
    time_s = np.arange(int(RATE_HZ * SEGMENT_S)) / RATE_HZ
    parts = [np.sin(2 * np.pi * note * time_s) + 0.3 * np.sin(4 * np.pi * note * time_s) for note in notes]
    samples = 0.3 * np.concatenate(parts)
    return np.asarray(samples + 0.01 * (1 + rendition) * random.standard_normal(len(samples)))


@pytest.fixture(scope="session")
def tunes(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """18 clips of 6 works of 5 to 7 segments, 2 of works of their own, 1 of none; work 0's cover comes in two parts of
    one file. For reading only.
    """
    folder = tmp_path_factory.mktemp("tunes")
    sources = []
    for work in range(WORKS + 2):
        for number, rendition in enumerate(RENDITIONS if work < WORKS else ("orig",)):
            path = folder / f"{work}-{rendition}.wav"
            soundfile.write(path, tune(work, number, 5 + work % 3), RATE_HZ)
            fields = (("work", f"w{work}"), ("rendition", rendition))
            if (work, rendition) == (0, "cover"):
                sources += [Source(str(path), 0.0, 0.75, (), fields), Source(str(path), 0.5, 0.75, (), fields)]
            else:
                sources.append(Source(str(path), fields=fields))
    soundfile.write(folder / "none.wav", tune(99, 0, 5), RATE_HZ)
    store = Store.open(folder / "library")
    store.add_sources([*sources, Source(str(folder / "none.wav"))])
    store.embed("dummy")
    store.embed("dummy", settings={"window_s": SEGMENT_S})
    return store


@pytest.fixture(scope="session")
def paths(tunes: Store) -> dict[str, str]:
    """Name of the file of each clip, by id."""
    clips = tunes.clips(["clip_id", "uris"]).to_pylist()
    return {clip["clip_id"]: Path(clip["uris"][0]).name for clip in clips}
