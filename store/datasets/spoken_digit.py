"""The free spoken digit dataset (Jackson et al., 2018): 3,000 recordings at 8 kHz of ten digits by six speakers.

A file is called `<digit>_<speaker>_<take>`; takes 0 to 4 test, the others train.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .base import Download, Entry, Listing, find_folder, make_listing
from .registry import register

TEST_TAKES = 5
_VERSION = "1.0.10"
_FOLDERS = (
    "",
    f"free-spoken-digit-dataset-{_VERSION}",
    "free-spoken-digit-dataset-master",
    "free-spoken-digit-dataset",
)
_NAME = re.compile(r"([0-9])_([^_]+)_([0-9]+)\.(?:wav|flac)")


@register("spoken_digit")
@dataclass(frozen=True)
class SpokenDigit:
    """The data set has no settings."""

    name: ClassVar[str]

    @property
    def downloads(self) -> tuple[Download, ...]:
        """A release of the repository, made by GitHub as it is asked for: no checksum is known."""
        url = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v{_VERSION}.zip"
        return (Download((url,), archive=True, found_by=tuple(str(Path(f, "recordings")) for f in _FOLDERS)),)

    def listing(self, root: Path) -> Listing:
        """Return the recordings: the digit is the label, the speaker the artist. Nothing says which are missing."""
        folder = find_folder(root, _FOLDERS, "recordings")
        entries = []
        for file in sorted((folder / "recordings").iterdir()):
            if match := _NAME.fullmatch(file.name):
                digit, speaker, take = match.groups()
                part = "test" if int(take) < TEST_TAKES else "train"
                fields = (("artist", speaker), ("split", part))
                entries.append(Entry((f"recordings/{file.name}",), file.stem, (digit,), fields, (("take", take),)))
        notes = [f"takes 0 to {TEST_TAKES - 1} test, the others train"]
        classes = tuple(map(str, range(10)))
        return make_listing(self.name, "official", folder, entries, notes=notes, classes=classes)
