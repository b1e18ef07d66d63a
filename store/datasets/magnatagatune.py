"""MagnaTagATune (Law et al., 2009): 25,863 clips of 29 s, of which most studies use the 50 most frequent tags.

Two splits of the same folders are in use, 12 to train, 1 to validate and 3 to test, and figures on one do not compare
with figures on the other: `pons2017` (Pons et al., 2018; 18,706 / 1,825 / 5,329 clips, untagged ones among them), which
CLMR uses, and `12-1-3` (Lee et al., 2017), without clips that have none of the tags.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from numpy.typing import NDArray

from ...errors import BadInput, UsageError
from ..arrays import read_array
from .annotations import names_of, read_pairs, read_tagged
from .base import Download, Entry, Listing, find_file, find_folder, make_listing
from .registry import register

TAGS = (
    *("guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano"),
    *("ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing"),
    *("vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop"),
    *("soft", "sitar", "solo", "man", "classic", "choir", "voice", "new age", "dance", "male voice"),
    *("female vocal", "beats", "harp", "cello", "no voice", "weird", "country", "metal", "female voice", "choral"),
)
"""The 50 tags, in the order of the lists and of published heads' outputs."""

PONS2017, BY_FOLDER = "pons2017", "12-1-3"
DROPPED = ("35644", "55753", "57881")
"""Clips of the index that pons2017 leaves out: their audio is missing or corrupt."""

PUBLISHED = {PONS2017: {"train": 18706, "valid": 1825, "test": 5329}}

_FOLDERS = ("magnatagatune", "")
_AUDIO = "https://mirg.city.ac.uk/datasets/magnatagatune/"
_LISTS = {
    PONS2017: (
        "https://github.com/jordipons/musicnn-training/raw/master/data/index/mtt/",
        {"train": "train_gt_mtt.tsv", "valid": "val_gt_mtt.tsv", "test": "test_gt_mtt.tsv"},
        ("index_mtt.tsv",),
    ),
    BY_FOLDER: (
        "https://github.com/minzwon/sota-music-tagging-models/raw/master/split/mtat/",
        {"train": "train.npy", "valid": "valid.npy", "test": "test.npy"},
        ("binary.npy", "tags.npy"),
    ),
}
"""By split: where its lists are, the list of each part, and what else is needed."""

Tagged = tuple[str, str, tuple[str, ...]]
"""Clip id, path, tags."""


@register("magnatagatune")
@dataclass(frozen=True)
class MagnaTagATune:
    """`split`: pons2017 or 12-1-3."""

    split: str = PONS2017

    name: ClassVar[str]

    def __post_init__(self) -> None:
        if self.split not in _LISTS:
            raise UsageError(f"magnatagatune has no split {self.split!r}; there is {' and '.join(_LISTS)}")

    @property
    def downloads(self) -> tuple[Download, ...]:
        """The lists of the split, and the audio: one zip archive in three parts."""
        host, lists, others = _LISTS[self.split]
        names = (*lists.values(), *others)
        files = tuple(
            Download((host + name,), found_by=tuple(str(PurePosixPath(folder, name)) for folder in _FOLDERS))
            for name in names
        )
        there = tuple(str(PurePosixPath(folder, "f", f"*.{kind}")) for folder in _FOLDERS for kind in ("mp3", "wav"))
        parts = tuple(f"{_AUDIO}mp3.zip.{number:03}" for number in (1, 2, 3))
        return (*files, Download(parts, archive=True, into=_FOLDERS[0], found_by=there))

    def listing(self, root: Path) -> Listing:
        """Return the clips of the split, untagged ones too where the split has them."""
        read = _read_pons2017 if self.split == PONS2017 else _read_by_folder
        counts, untagged = Counter[str](), 0
        entries = []
        for part, name in _LISTS[self.split][1].items():
            for identity, path, tags in read(root, name):
                if identity in DROPPED and self.split == PONS2017:
                    continue
                counts[part] += 1
                untagged += not tags
                stem = path.removesuffix(".mp3")
                entries.append(Entry((f"{stem}.mp3", f"{stem}.wav"), identity, tags, (("split", part),)))
        folder = find_folder(root, _FOLDERS, "[0-9a-f]")
        notes = self._notes(counts, untagged)
        return make_listing(self.name, self.split, folder, entries, notes=notes, classes=TAGS)

    def _notes(self, counts: Counter[str], untagged: int) -> list[str]:
        said = ", ".join(f"{counts[part]} {part}" for part in ("train", "valid", "test"))
        published = PUBLISHED.get(self.split, dict(counts))
        differs = "" if dict(counts) == published else f" (published: {', '.join(map(str, published.values()))})"
        notes = [f"split {self.split}: {said}{differs}; {untagged} of them have none of the 50 tags"]
        if self.split == PONS2017:
            notes.append(f"left out by the split, as missing or corrupt: {', '.join(DROPPED)}")
        return notes


def _read_pons2017(root: Path, name: str) -> Iterator[Tagged]:
    paths = dict(read_pairs(find_file(root, "index_mtt.tsv", _FOLDERS)))
    file = find_file(root, name, _FOLDERS)
    for identity, tags in read_tagged(file, TAGS):
        if identity not in paths:
            raise BadInput(f"{file} has clip {identity!r}, which index_mtt.tsv has not; download both again")
        yield identity, paths[identity], tags


def _read_by_folder(root: Path, name: str) -> Iterator[Tagged]:
    order = tuple(str(tag) for tag in _load(find_file(root, "tags.npy", _FOLDERS), "U", 1))
    if sorted(order) != sorted(TAGS):
        raise BadInput(f"tags.npy below {root} does not hold MagnaTagATune's 50 tags; download it again")
    rows = _load(find_file(root, "binary.npy", _FOLDERS), "biuf", 2)
    file = find_file(root, name, _FOLDERS)
    for line in _load(file, "U", 1):
        row, tab, path = str(line).partition("\t")
        if not (tab and row.isdecimal() and int(row) < len(rows)):
            raise BadInput(f"{file}: {str(line)[:60]!r} is not a row of binary.npy, a tab and a path")
        yield row, path, names_of(rows[int(row)].tolist(), order, f"binary.npy, row {row},")


def _load(path: Path, kinds: str, dimensions: int) -> NDArray[Any]:
    """Return an array of one of the `kinds` of NumPy's dtypes; raise BadInput for anything else, pickles above all."""
    try:
        array = read_array(path)
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} is not a plain NumPy array ({error}); download it again") from error
    if array.dtype.kind not in kinds or array.ndim != dimensions:
        raise BadInput(f"{path} holds {array.dtype} with {array.ndim} axes, not what the split's lists hold")
    return array
