"""LibriSpeech (Panayotov et al., 2015): read English at 16 kHz; the label is the speaker.

`LibriSpeech/<subset>/<speaker>/<chapter>/<speaker>-<chapter>-<number>.flac`, with a list of the chapter's utterances
beside them. No speaker is in two kinds of subset, so a speaker probe needs `split=drawn`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...errors import UsageError
from .base import Download, Entry, Listing, find_folder, make_listing
from .registry import register

SUBSETS = (
    "train-clean-100",
    "train-clean-360",
    "train-other-500",
    "dev-clean",
    "dev-other",
    "test-clean",
    "test-other",
)
OFFICIAL, DRAWN = "official", "drawn"
_FOLDERS = ("LibriSpeech", "")
_PARTS = {"train": "train", "dev": "valid", "test": "test"}
_HOST = "http://www.openslr.org/resources/12/"


@register("librispeech")
@dataclass(frozen=True)
class LibriSpeech:
    """subsets: names joined by ","; split: "official", from the subsets' names, or "drawn", left open by `add`."""

    subsets: str = "train-clean-100,test-clean"
    split: str = OFFICIAL

    name: ClassVar[str]

    def __post_init__(self) -> None:
        odd = next((subset for subset in self._wanted if subset not in SUBSETS), None)
        if odd is not None:
            raise UsageError(f"LibriSpeech has no subset {odd!r}; it has {', '.join(SUBSETS)}")
        if self.split not in (OFFICIAL, DRAWN):
            raise UsageError(f"librispeech has no split {self.split!r}; there is {OFFICIAL} and {DRAWN}")

    @property
    def downloads(self) -> tuple[Download, ...]:
        """One archive per subset, with the checksums that torchaudio knows."""
        from torchaudio.datasets import librispeech

        urls = {subset: f"{_HOST}{subset}.tar.gz" for subset in self._wanted}
        return tuple(
            Download(
                (f"{url}#sha256={librispeech._CHECKSUMS[url]}",),
                archive=True,
                found_by=tuple(str(Path(folder, subset)) for folder in _FOLDERS),
            )
            for subset, url in urls.items()
        )

    def listing(self, root: Path) -> Listing:
        """Return the utterances of the subsets; those that a chapter's list has and its folder has not are missing."""
        folder = find_folder(root, _FOLDERS, "*-*/*/*/*.flac")
        entries = [entry for subset in self._wanted for entry in self._entries(folder, subset)]
        notes = [f"subsets: {', '.join(self._wanted)}; the label is the speaker"]
        if self.split == OFFICIAL:
            notes.append("train, valid and test have no speaker in common: a speaker probe needs split=drawn")
        return make_listing(self.name, self.split, folder, entries, notes=notes)

    @property
    def _wanted(self) -> tuple[str, ...]:
        return tuple(subset.strip() for subset in self.subsets.split(","))

    def _entries(self, folder: Path, subset: str) -> Iterator[Entry]:
        fields = (("split", _PARTS[subset.partition("-")[0]]),) if self.split == OFFICIAL else ()
        chapters = sorted((folder / subset).glob("*/*/"))
        if not chapters:
            yield Entry((subset,), subset)  # a folder is no file: the subset is missing as a whole
        for chapter in chapters:
            speaker, number = chapter.parent.name, chapter.name
            for name in sorted(_utterances(chapter)):
                path = f"{subset}/{speaker}/{number}/{name}.flac"
                yield Entry((path,), name, (speaker,), fields, (("chapter", number), ("subset", subset)))


def _utterances(chapter: Path) -> set[str]:
    """Return the names of a chapter's utterances, in its list or in its folder."""
    names = {file.stem for file in chapter.glob("*.flac")}
    for listed in chapter.glob("*.trans.txt"):
        lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
        names |= {line.partition(" ")[0] for line in lines if line.strip()}
    return names
