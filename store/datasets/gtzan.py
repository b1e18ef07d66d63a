"""GTZAN (Tzanetakis and Cook, 2002): 10 genres, by the fault-filtered split (Kereliuk et al., 2015; Sturm, 2013).

1,000 excerpts of 30 s, of which the split keeps 443, 197 and 290: without repetitions, distortions and artists on both
sides. The lists are those of torchaudio, read from the installed package.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...errors import Unavailable
from .base import Download, Entry, Listing, find_folder, make_listing
from .registry import register

_FOLDERS = ("genres", "genres_original", "Data/genres_original", "gtzan/genres", "GTZAN/genres", "")
_SUFFIXES = (".wav", ".au", ".mp3")
_LISTS = {"train": "filtered_train", "valid": "filtered_valid", "test": "filtered_test"}


@register("gtzan")
@dataclass(frozen=True)
class Gtzan:
    """GTZAN has no settings."""

    name: ClassVar[str]

    @property
    def downloads(self) -> tuple[Download, ...]:
        """One archive, at the address and with the checksum that torchaudio knows; the host is often down."""
        from torchaudio.datasets import gtzan

        found_by = tuple(f"{folder}/blues/*" if folder else "blues/*" for folder in _FOLDERS)
        url = f"{gtzan.URL}#sha256={gtzan._CHECKSUMS[gtzan.URL]}"
        return (Download((url,), archive=True, found_by=found_by),)

    def listing(self, root: Path) -> Listing:
        """Return the 930 clips of the filtered split."""
        from torchaudio.datasets import gtzan

        folder = find_folder(root, _FOLDERS, "blues")
        entries = []
        for part, attribute in _LISTS.items():
            stems = getattr(gtzan, attribute, None)
            if not stems:
                raise Unavailable("this torchaudio has no list of GTZAN's filtered split; install torchaudio 2.11")
            for stem in stems:
                genre = stem.partition(".")[0]
                paths = tuple(f"{genre}/{stem}{suffix}" for suffix in _SUFFIXES)
                entries.append(Entry(paths, stem, (genre,), (("split", part),)))
        notes = [f"fault-filtered split: {len(entries)} of 1000 clips are used"]
        classes = tuple(gtzan.gtzan_genres)
        return make_listing(self.name, "filtered", folder, entries, notes=notes, classes=classes)
