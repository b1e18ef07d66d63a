"""What a corpus will hold, decided before a sample is computed: recordings, melodies in renditions, copies to plant.

The mix is that of a sample library: every label has recordings of its own (`singles`), some labels also have sessions
of a dozen near-identical takes (so that pruning has something to prune), a few works are played in three renditions,
and about one file in six is a copy of another.
Renditions of a work, takes of a session and copies of a recording stay in one split: nothing leaks into the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from .melodies import Played, draw_melody, rendition
from .recordings import INSTRUMENTS, LABELS, RATES_HZ, Recording, record, retake

FEWEST = 40
"""A corpus smaller than this cannot hold a recording of every label and a duplicate of every kind."""
KINDS = ("exact", "reencoded", "relevelled", "cropped", "noised")
"""Ways in which a planted copy differs from its original."""
COPIES = 0.16
MELODIES = 0.085
SESSIONS = 0.27
"""Shares of all files: planted copies, renditions of melodies, takes in sessions."""
TAKES = 12
RENDITIONS = ("a", "b", "c")
SPLITS = ("train", "test", "train", "valid", "test", "train", "train", "test", "valid")
"""Splits that the singles of a label, and the works, go to in turn."""
TRAIN_COPIES = 0.85
"""Share of the planted copies whose original is in the train split."""
SUFFIXES, SUFFIX_SHARES = (".wav", ".flac", ".ogg", ".mp3"), (0.35, 0.25, 0.22, 0.18)


@dataclass(frozen=True)
class PlannedClip:
    """A recording and the file it will be: `path` is relative to the corpus, `quality` that of `files.write_audio`."""

    path: str
    label: str
    split: str
    recording: Recording
    quality: float
    work: str = ""
    rendition: str = ""


@dataclass(frozen=True)
class PlannedCopy:
    """A file made from the file of another clip: `kind` is one of KINDS, `seed` settles the rest."""

    path: str
    source: PlannedClip
    kind: str
    sample_rate_hz: int
    quality: float
    seed: int


@dataclass(frozen=True)
class Plan:
    """All files of a corpus, originals first."""

    clips: tuple[PlannedClip, ...]
    copies: tuple[PlannedCopy, ...]

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the paths of each recording that has copies, with those of its copies: original first."""
        found: dict[str, list[str]] = {}
        for copy in self.copies:
            found.setdefault(copy.source.path, [copy.source.path]).append(copy.path)
        return tuple(tuple(paths) for paths in found.values())


def plan_corpus(clips: int, seed: int) -> Plan:
    """Return the plan of a corpus of `clips` files; the same arguments give the same plan.

    Raises UsageError below FEWEST.
    """
    if clips < FEWEST:
        raise UsageError(
            f"a corpus of {clips} clips cannot hold every label and kind of duplicate; ask for {FEWEST} or more"
        )
    rng = np.random.default_rng(seed)
    copies = round(COPIES * clips)
    originals = [*_melodies(max(round(MELODIES * clips / 3), 1), rng), *_sessions(round(SESSIONS * clips / TAKES), rng)]
    originals += _singles(clips - copies - len(originals), rng)
    return Plan(tuple(originals), tuple(_copies(originals, copies, rng)))


def _singles(count: int, rng: np.random.Generator) -> Iterator[PlannedClip]:
    """Yield recordings that have nothing to do with one another, the labels and splits in turn."""
    labels = list(LABELS)
    for i in range(count):
        label, turn = labels[i % len(labels)], i // len(labels)
        recording = record(LABELS[label], rng)
        yield _clip(f"{label}_{turn:03d}", label, SPLITS[turn % len(SPLITS)], recording, rng)


def _sessions(count: int, rng: np.random.Generator) -> Iterator[PlannedClip]:
    """Yield `count` sessions of TAKES takes each, all in the train split, over randomly ordered labels."""
    order = rng.permutation(list(LABELS))
    for i in range(count):
        label = str(order[i % len(order)])
        first = record(LABELS[label], rng)
        for take in range(TAKES):
            recording = retake(first, rng) if take else first
            yield _clip(f"{label}_session{i:02d}_take{take:02d}", label, "train", recording, rng)


def _melodies(works: int, rng: np.random.Generator) -> Iterator[PlannedClip]:
    """Yield each work in three renditions: other instruments, keys and tempos."""
    for i in range(works):
        melody = draw_melody(rng)
        players = rng.choice(list(INSTRUMENTS), size=len(RENDITIONS), replace=False)
        keys_hz = 220 * 2 ** (rng.choice(np.arange(-5, 7), size=len(RENDITIONS), replace=False) / 12)
        tempos = rng.permutation([rng.uniform(110, 130), rng.uniform(135, 160), rng.uniform(165, 200)])
        for name, player, key_hz, tempo in zip(RENDITIONS, players, keys_hz, tempos, strict=True):
            played = rendition(melody, INSTRUMENTS[str(player)](rng), float(key_hz), float(tempo))
            recording = _recorded(played, rng)
            split = SPLITS[i % len(SPLITS)]
            yield _clip(
                f"melody_{i:02d}_{name}", "melody", split, recording, rng, work=f"melody_{i:02d}", rendition=name
            )


def _copies(originals: list[PlannedClip], count: int, rng: np.random.Generator) -> Iterator[PlannedCopy]:
    """Yield `count` copies, the kinds in turn, one to three of different kinds for each recording chosen."""
    train = [clip for clip in originals if clip.split == "train"]
    other = [clip for clip in originals if clip.split != "train"]
    pools = [list(rng.permutation(np.array(pool, dtype=object))) for pool in (train, other)]
    made = 0
    while made < count:
        source = pools[int(rng.random() >= TRAIN_COPIES)].pop()
        for _ in range(min(int(rng.choice([1, 2, 3], p=(0.5, 0.3, 0.2))), count - made)):
            yield _copy(source, KINDS[made % len(KINDS)], f"audio/inbox/copy_{made:04d}", rng)
            made += 1


def _copy(source: PlannedClip, kind: str, stem: str, rng: np.random.Generator) -> PlannedCopy:
    """Return a copy in a format drawn at random; a re-encoded one is in another format and at another sample rate."""
    suffix, rate_hz = source.path[source.path.rindex(".") :], source.recording.sample_rate_hz
    if kind == "reencoded":
        suffix = str(rng.choice([s for s in SUFFIXES if s != suffix]))
        rate_hz = int(rng.choice([r for r in RATES_HZ if r != rate_hz]))
    elif kind != "exact":
        suffix = str(rng.choice(SUFFIXES))
    return PlannedCopy(stem + suffix, source, kind, rate_hz, rng.uniform(0.3, 0.8), int(rng.integers(2**62)))


def _clip(
    stem: str,
    label: str,
    split: str,
    recording: Recording,
    rng: np.random.Generator,
    *,
    work: str = "",
    rendition: str = "",
) -> PlannedClip:
    suffix = str(rng.choice(SUFFIXES, p=SUFFIX_SHARES))
    path = f"audio/{label}/{stem}{suffix}"
    return PlannedClip(path, label, split, recording, rng.uniform(0.4, 0.8), work, rendition)


def _recorded(played: Played, rng: np.random.Generator) -> Recording:
    return record(lambda _rng, _seconds: played, rng)
