"""A labelled corpus of real audio files made by synthesis, with planted duplicates whose truth is known."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import TypeVar

import numpy as np
import scipy.signal
import soundfile as sf

from ..errors import UsageError
from .alter import add_noise, crop, relevel
from .files import write_audio
from .plan import Plan, PlannedClip, PlannedCopy, plan_corpus
from .tones import Float32, tone

P = TypeVar("P", PlannedClip, PlannedCopy)
COLUMNS = ("path", "label", "split", "work", "rendition")
"""Columns of `labels.csv`."""


@dataclass(frozen=True)
class Corpus:
    """A corpus on disk.

    folder: what to add; labels_csv: COLUMNS, `path` relative to `folder`; planted: groups of such paths that
    are duplicates of one another, original first; kinds: what was done to each copy, by path; hours: copies too.
    """

    folder: Path
    labels_csv: Path
    planted: tuple[tuple[str, ...], ...]
    kinds: Mapping[str, str]
    clips: int
    hours: float


def _ignore(stage: str, done: int, total: int | None) -> None:
    """Say nothing."""


def make_corpus(
    folder: Path, *, clips: int = 500, seed: int = 0, progress: Callable[[str, int, int | None], None] = _ignore
) -> Corpus:
    """Write `clips` audio files of 2 to 5 s, `labels.csv` and `duplicates.csv` (path,group,kind) into `folder`.

    The same arguments give the same bytes on one machine. Raises UsageError below `plan.FEWEST` clips, and where the
    folder holds audio already: two corpora in one folder would make the truth false.
    """
    if (folder / "audio").exists():
        raise UsageError(f"{folder} holds a corpus already; name another folder, or delete it first")
    plan = plan_corpus(clips, seed)
    seconds = _in_threads(lambda clip: _write_clip(folder, clip), plan.clips, "recordings", progress)
    seconds += _in_threads(lambda copy: _write_copy(folder, copy), plan.copies, "copies", progress)
    _write_tables(folder, plan)
    return Corpus(
        folder=folder,
        labels_csv=folder / "labels.csv",
        planted=plan.groups(),
        kinds={copy.path: copy.kind for copy in plan.copies},
        clips=len(seconds),
        hours=sum(seconds) / 3600,
    )


def dummy_corpus(folder: Path, n: int = 12, *, seconds: float = 0.5) -> Corpus:
    """Write `n` short sines as 8 kHz wav files with four labels in turn and no duplicates: the least to test with."""
    rows = []
    for i in range(n):
        path = f"audio/tone_{i:04d}.wav"
        write_audio(folder / path, tone(200.0 + 37.0 * i, seconds, 8000), 8000)
        rows.append((path, f"label_{i % 4}", ("train", "train", "valid", "test")[i // 4 % 4], "", ""))
    _write_csv(folder / "labels.csv", COLUMNS, rows)
    return Corpus(folder, folder / "labels.csv", (), {}, n, n * seconds / 3600)


def _in_threads(
    write: Callable[[P], float], planned: Sequence[P], stage: str, progress: Callable[[str, int, int | None], None]
) -> list[float]:
    """Return `write` of each, in order: what it does inside NumPy and libsndfile runs on two or more cores at once."""
    done = []
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
        for seconds in pool.map(write, planned):
            done.append(seconds)
            progress(stage, len(done), len(planned))
    return done


def _write_clip(folder: Path, clip: PlannedClip) -> float:
    """Render a recording into its file; return its seconds."""
    samples = clip.recording.render()
    write_audio(folder / clip.path, samples, clip.recording.sample_rate_hz, quality=clip.quality)
    return len(samples) / clip.recording.sample_rate_hz


def _write_copy(folder: Path, copy: PlannedCopy) -> float:
    """Make a copy from the file of its source, as whoever copied it would have; return its seconds."""
    source, target = folder / copy.source.path, folder / copy.path
    if copy.kind == "exact":
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return copy.source.recording.seconds
    samples, rate_hz = sf.read(source, dtype="float32", always_2d=True)
    altered = _altered(samples, copy.kind, np.random.default_rng(copy.seed))
    if copy.sample_rate_hz != rate_hz:
        common = gcd(copy.sample_rate_hz, rate_hz)
        resampled = scipy.signal.resample_poly(altered, copy.sample_rate_hz // common, rate_hz // common, axis=0)
        altered = relevel(resampled, 0.0)
    write_audio(target, altered, copy.sample_rate_hz, quality=copy.quality)
    return len(altered) / copy.sample_rate_hz


def _altered(samples: Float32, kind: str, rng: np.random.Generator) -> Float32:
    """Return what a copy of this kind holds: another level, no start or end, more noise, or the same samples."""
    if kind == "relevelled":
        return relevel(samples, rng.uniform(-12, 3))
    if kind == "cropped":
        return crop(samples, rng.uniform(0.10, 0.25), at_start=bool(rng.random() < 0.5))
    if kind == "noised":
        return add_noise(samples, rng.uniform(20, 30), rng, str(rng.choice(["white", "pink"])))
    return samples


def _write_tables(folder: Path, plan: Plan) -> None:
    """Write what a user would know (`labels.csv`) and what only the maker does (`duplicates.csv`)."""
    rows = [(clip.path, clip.label, clip.split, clip.work, clip.rendition) for clip in plan.clips]
    rows += [(c.path, c.source.label, c.source.split, c.source.work, c.source.rendition) for c in plan.copies]
    _write_csv(folder / "labels.csv", COLUMNS, rows)
    kinds = {copy.path: copy.kind for copy in plan.copies}
    groups = enumerate(plan.groups())
    truth = [(path, str(i), kinds.get(path, "original")) for i, group in groups for path in group]
    _write_csv(folder / "duplicates.csv", ("path", "group", "kind"), truth)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
