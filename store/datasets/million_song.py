"""The Million Song Dataset (Bertin-Mahieux et al., 2011) by the lists of 50 Last.fm tags (musicnn; Pons et al., 2018).

The audio, clips of 7digital, cannot be downloaded by anyone any more; this reads the folder of those who have it:
`processed_annotations/` with the lists, and clips as `<first digit>/<second digit>/<7digital id>.clip.mp3`.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...errors import BadInput
from .annotations import read_tagged
from .base import Download, Entry, Listing, find_file, make_listing
from .plain_pickle import read_plain_dict
from .registry import register

LEAST_DIGITS = 2
"""A clip lies in a folder of its id's first digit, in one of its second."""

_ROOTS = ("million_song_dataset", "")
_FOLDERS = tuple(str(Path(root, "processed_annotations")) for root in _ROOTS)
_AUDIO = ("", "preprocessed/", "processed/")
_LISTS = {"train": "train_gt_msd.tsv", "valid": "val_gt_msd.tsv", "test": "test_gt_msd.tsv"}


@register("million_song")
@dataclass(frozen=True)
class MillionSong:
    """The data set has no settings."""

    name: ClassVar[str]

    @property
    def downloads(self) -> tuple[Download, ...]:
        """Nothing: the audio is not public."""
        return ()

    def listing(self, root: Path) -> Listing:
        """Return the clips of the three lists; those without a 7digital id are missing, named by their track id."""
        tags = _read_tags(find_file(root, "output_labels_msd.txt", _FOLDERS))
        clips = read_plain_dict(find_file(root, "MSD_id_to_7D_id.pkl", _FOLDERS))
        entries, counts, unknown = [], Counter[str](), 0
        for part, name in _LISTS.items():
            for track, labels in read_tagged(find_file(root, name, _FOLDERS), tags):
                counts[part] += 1
                unknown += len(clips.get(track, "")) < LEAST_DIGITS
                entries.append(Entry(_paths(track, clips.get(track, "")), track, labels, (("split", part),)))
        folder = root / _ROOTS[0] if (root / _ROOTS[0]).is_dir() else root
        said = ", ".join(f"{counts[part]} {part}" for part in _LISTS)
        notes = [f"split by the lists: {said}; {unknown} of them have no clip"]
        return make_listing(self.name, "lists", folder, entries, notes=notes, classes=tags)


def _paths(track: str, clip: str) -> tuple[str, ...]:
    if len(clip) < LEAST_DIGITS:
        return (track,)
    stem = f"{clip[0]}/{clip[1]}/{clip}.clip"
    return tuple(f"{folder}{stem}{suffix}" for folder in _AUDIO for suffix in (".mp3", ".wav"))


def _read_tags(path: Path) -> tuple[str, ...]:
    """Return the tags of a file whose second line ends in a Python list of strings; no code in it runs."""
    try:
        line = path.read_text(encoding="utf-8").splitlines()[1]
        tags = ast.literal_eval(line[line.index("[") :])
    except (UnicodeDecodeError, IndexError, ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise BadInput(f"{path} has no list of tags in its second line ({error}); copy it again") from error
    if not isinstance(tags, list) or not tags or not all(isinstance(tag, str) for tag in tags):
        raise BadInput(f"{path} has something else than a list of tags in its second line; copy it again")
    return tuple(tags)
