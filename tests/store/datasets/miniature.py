"""Making miniature copies of data sets."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from echodex.store.datasets.magnatagatune import TAGS

Files = Mapping[str, bytes]


def sound(seed: int, kind: str = "WAV", rate_hz: int = 8000) -> bytes:
    """The bytes of a file with a quarter of a second of noise; another seed, another file."""
    target = io.BytesIO()
    samples = 0.1 * np.random.default_rng(seed).standard_normal(rate_hz // 4)
    soundfile.write(target, samples, rate_hz, format=kind)
    return target.getvalue()


def put(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def zipped(files: Files) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def tarred(files: Files, mode: Any = "w:gz") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def npy(value: object) -> bytes:
    target = io.BytesIO()
    np.save(target, np.asarray(value))
    return target.getvalue()


MTT_CLIPS = {
    "2": ("f/american_bach-aria-30-59", "test", ("classical", "violin")),
    "6": ("f/american_bach-aria-146-175", "test", ()),
    "10": ("0/some_band-song-0-29", "train", ("rock", "guitar", "loud")),
    "11": ("1/some_band-other-0-29", "train", ("choral",)),
    "12": ("a/some_band-third-0-29", "train", ("no vocals", "techno")),
    "20": ("c/a_choir-hymn-0-29", "valid", ("choral", "guitar")),
    "35644": ("6/norine_braun-dropped-0-29", "train", ()),
}
"""Id: path without its suffix, part, tags. The last is in the index and in no published list."""

DROPPED = "35644"


@dataclass(frozen=True)
class MagnaTagATuneCopy:
    """lists of pons2017 and of 12-1-3, and audio, by name."""

    lists: dict[str, bytes]
    arrays: dict[str, bytes]
    audio: dict[str, bytes]

    @property
    def parts(self) -> dict[str, bytes]:
        """The archive of the audio in three parts."""
        whole = zipped(self.audio)
        third = len(whole) // 3
        cuts = [whole[:third], whole[third : 2 * third], whole[2 * third :]]
        return {f"mp3.zip.{number:03}": cut for number, cut in enumerate(cuts, start=1)}


def hot(tags: tuple[str, ...], order: tuple[str, ...] = TAGS) -> list[float]:
    return [float(tag in tags) for tag in order]


def magnatagatune() -> MagnaTagATuneCopy:
    used = {identity: clip for identity, clip in MTT_CLIPS.items() if identity != DROPPED}
    lists = {"index_mtt.tsv": "".join(f"{i}\t{path}.mp3\n" for i, (path, _, _) in MTT_CLIPS.items()).encode()}
    for part, name in (("train", "train"), ("valid", "val"), ("test", "test")):
        rows = [f"{i}\t{hot(tags)}\n" for i, (_, own, tags) in used.items() if own == part]
        lists[f"{name}_gt_mtt.tsv"] = "".join(rows).encode()
    order = tuple(sorted(TAGS))
    tagged = [clip for clip in used.values() if clip[2]]
    arrays = {"tags.npy": npy(order), "binary.npy": npy([hot(tags, order) for _, _, tags in tagged])}
    for part in ("train", "valid", "test"):
        lines = [f"{row}\t{path}.mp3" for row, (path, own, _) in enumerate(tagged) if own == part]
        arrays[f"{part}.npy"] = npy(lines)
    audio = {f"{path}.mp3": sound(int(identity), "MP3", 16000) for identity, (path, _, _) in used.items()}
    return MagnaTagATuneCopy(lists, arrays, audio)
