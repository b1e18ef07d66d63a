"""ESC-50 (Piczak, 2015): 2,000 environmental recordings of 5 s, 50 classes, 5 folds that keep sources apart."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...errors import BadInput, UsageError
from .base import Download, Entry, Listing, find_folder, make_listing
from .registry import register

FOLDS = 5
_FOLDERS = ("", "ESC-50-master", "ESC-50")
_LIST = "meta/esc50.csv"
_COLUMNS = ("filename", "fold", "category", "target", "src_file")


@register("esc50")
@dataclass(frozen=True)
class Esc50:
    """test_fold: 1 to 5; the fold before it (5 before 1) validates, the others train."""

    test_fold: int = FOLDS

    name: ClassVar[str]

    def __post_init__(self) -> None:
        if not 1 <= self.test_fold <= FOLDS:
            raise UsageError(f"test_fold is {self.test_fold}; ESC-50 has folds 1 to {FOLDS}")

    @property
    def downloads(self) -> tuple[Download, ...]:
        """The repository as a zip archive, made by GitHub as it is asked for: no checksum is known."""
        url = "https://github.com/karolpiczak/ESC-50/archive/master.zip"
        return (Download((url,), archive=True, found_by=tuple(str(Path(f, _LIST)) for f in _FOLDERS)),)

    def listing(self, root: Path) -> Listing:
        """Return the clips of `meta/esc50.csv`, classes in the order of their numbers."""
        folder = find_folder(root, _FOLDERS, _LIST)
        rows = _read(folder / _LIST)
        entries = [self._entry(row) for row in rows]
        numbered = {int(row["target"]): row["category"] for row in rows}
        split = f"test fold {self.test_fold}"
        notes = [f"fold {self.test_fold} tests, fold {self._valid_fold} validates, the others train"]
        classes = tuple(numbered[number] for number in sorted(numbered))
        return make_listing(self.name, split, folder, entries, notes=notes, classes=classes)

    @property
    def _valid_fold(self) -> int:
        return (self.test_fold - 2) % FOLDS + 1

    def _entry(self, row: dict[str, str]) -> Entry:
        fold = int(row["fold"])
        part = {self.test_fold: "test", self._valid_fold: "valid"}.get(fold, "train")
        fields = (("fold", str(fold)), ("split", part))
        extra = (("source_file", row["src_file"]),)
        return Entry((f"audio/{row['filename']}",), row["filename"], (row["category"],), fields, extra)


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} is not a UTF-8 CSV ({error}); download it again") from error
    for number, row in enumerate(rows, start=2):
        whole = all(row.get(column) for column in _COLUMNS)
        if not whole or not row["target"].isdecimal() or row["fold"] not in map(str, range(1, FOLDS + 1)):
            raise BadInput(f"{path}, line {number}: a value is missing or no number; download it again")
    return rows
