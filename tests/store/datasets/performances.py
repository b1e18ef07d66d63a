"""Making miniature copies of data sets of musical versions: their layouts, around any files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch

from echodex.testing.music.works import draw_work
from tests.store.datasets.miniature import put

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Take:
    """One performance: its work and number from 0, its part, and the bytes of its file (None: there is none)."""

    work: int
    number: int
    part: str
    audio: bytes | None

    @property
    def performer(self) -> str:
        return f"Band {self.number}"


def takes(works: Mapping[str, int], versions: int = 2, audio: bytes = b"") -> list[Take]:
    """So many works of each part, in so many versions each; every file has `audio` and a few bytes of its own."""
    parts = [part for part, count in works.items() for _ in range(count)]
    pairs = [(work, number) for work in range(len(parts)) for number in range(versions)]
    return [Take(w, n, parts[w], audio + f"{w}-{n}".encode()) for w, n in pairs]


def played(works: Mapping[str, int], versions: int, seconds: float, rate_hz: int) -> list[Take]:
    """As `takes`, with music: each work is composed once, and each version played in another key and tempo."""
    composed = [draw_work(np.random.default_rng([7, work]), seconds) for work in range(sum(works.values()))]
    found = []
    for take in takes(works, versions):
        samples = composed[take.work].play(np.random.default_rng([take.work, take.number]), rate_hz, seconds)
        target = io.BytesIO()
        soundfile.write(target, samples, rate_hz, format="MP3")
        found.append(Take(take.work, take.number, take.part, target.getvalue()))
    return found


def _put(folder: Path, files: Mapping[str, bytes | None]) -> None:
    put(folder, {name: content for name, content in files.items() if content is not None})


def shs100k(folder: Path, found: list[Take], lists: str = "") -> None:
    """As CLEWS expects it: `<first two letters>/<set>-<version>.mp3`, sets 8000, 8001 ..."""
    text = {
        "list": "".join(
            f"{8000 + t.work}\t{t.number}\tSong {t.work}\t{t.performer}\thttps://y/{t.work}{t.number}\t1\n"
            for t in found
        )
    }
    for part, name in zip(PARTS, ("SHS100K-TRAIN", "SHS100K-VAL", "SHS100K-TEST"), strict=True):
        text[name] = "".join(f"{8000 + t.work}\t{t.number}\n" for t in found if t.part == part)
    put(folder / lists, {name: content.encode() for name, content in text.items()})
    _put(folder, {f"80/{8000 + t.work}-{t.number}.mp3": t.audio for t in found})


def video(take: Take) -> str:
    """The id of a video, of letters in both cases."""
    return f"{'aB' if take.number % 2 else 'Cd'}_{take.work}-{take.number}"


LIGHT = "Discogs-VI-YT-20240701-light.json"


def discogs_vi(folder: Path, found: list[Take]) -> None:
    """The lists of each part, and audio in folders of which the second kind is in upper case."""
    for part, suffix in zip(PARTS, ("train", "val", "test"), strict=True):
        cliques: dict[str, list[dict[str, str]]] = {}
        for t in found:
            if t.part == part:
                cliques.setdefault(f"C-{t.work}", []).append({"version_id": f"V-{t.number}", "youtube_id": video(t)})
        put(folder, {f"{LIGHT}.{suffix}": json.dumps(cliques).encode()})
    for t in found:
        above = video(t)[:2].upper() if t.number % 2 else video(t)[:2]
        about = json.dumps({"title": f"Song {t.work}", "artist": t.performer, "views": 3}).encode()
        _put(folder / above, {f"{video(t)}.mp3": t.audio, f"{video(t)}.meta": about if t.audio else None})


def covers80(folder: Path, found: list[Take]) -> None:
    """Two lists of names without suffixes; takes 0 and 1 of each work."""
    lines = {0: "", 1: ""}
    for t in found:
        name = f"Song_{t.work}/band_{t.number}+The_Album+0{t.work + 1}-Song_{t.work}"
        lines[t.number] += name + "\n"
        _put(folder, {f"{name}.mp3": t.audio})
    put(folder, {f"list{number + 1}.list": text.encode() for number, text in lines.items()})


def datacos(folder: Path, found: list[Take]) -> None:
    """Metadata of both subsets: what tests is the benchmark, the rest for cover analysis."""
    for subset, tests in (("benchmark", True), ("coveranalysis", False)):
        told: dict[str, dict[str, dict[str, object]]] = {}
        for t in found:
            if (t.part == "test") == tests:
                about = {"work_title": f"Song {t.work}", "perf_title": f"Song {t.work}!", "perf_artist": t.performer}
                ids = {"work_id": f"W_{t.work}", "perf_id": f"P_{t.work}{t.number}", "instrumental": "No"}
                told.setdefault(ids["work_id"], {})[ids["perf_id"]] = about | ids | {"mb_performances": {}}
        put(folder, {f"da-tacos_{subset}_subset_metadata.json": json.dumps(told).encode()})
    _put(folder, {f"audio/W_{t.work}/P_{t.work}{t.number}.mp3": t.audio for t in found})


def clews(folder: Path, found: list[Take]) -> None:
    """What CLEWS's own preparation writes of an SHS100K folder."""
    info, parts = {}, {part: dict[str, list[str]]() for part in PARTS}
    for number, t in enumerate(found):
        name = f"{8000 + t.work}-{t.number}"
        parts[t.part].setdefault(str(8000 + t.work), []).append(name)
        said = {"id": number, "clique": str(8000 + t.work), "version": str(t.number), "filename": f"80/{name}.mp3"}
        info[name] = said | {"artist": t.performer, "title": None, "samplerate": 16000, "length": 9.5, "channels": 1}
    folder.mkdir(parents=True, exist_ok=True)
    torch.save([info, parts], folder / "metadata-shs.pt")
    _put(folder, {f"80/{8000 + t.work}-{t.number}.mp3": t.audio for t in found})
