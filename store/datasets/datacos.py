"""da-TACOS (Yesiler et al., 2019) for those who have audio of it: works and performances by SecondHandSongs.com.

It is published as metadata and features without audio (`echodex add --features datacos`). Here its performances are
files `P_<number>`, in folders `W_<number>` or not, with any suffix. The benchmark (1,000 works in 13 versions, and
2,000 in one, which are only to be told from others) tests, the subset for cover analysis (5,000 works in 2) teaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...errors import NotFound, UsageError
from .base import Download, Listing
from .datacos_metadata import Told, read_metadata, said_of
from .registry import register
from .versions import KEEP, Version, check_singles, first_folder, list_versions

SUBSETS = {"coveranalysis": "train", "benchmark": "test"}
ALL = "all"
_FOLDERS = ("", "meta", "metadata", "da-tacos_metadata")


@register("datacos")
@dataclass(frozen=True)
class DaTacos:
    """subset: benchmark, coveranalysis or all; meta: the folder of the metadata, from the root, "" to look for it;
    singles: drop or keep (versions.py).
    """

    subset: str = ALL
    meta: str = ""
    singles: str = KEEP

    name: ClassVar[str]

    def __post_init__(self) -> None:
        check_singles(self.singles)
        if self.subset not in (*SUBSETS, ALL):
            raise UsageError(f"datacos has no subset {self.subset[:80]!r}; there is {', '.join((*SUBSETS, ALL))}")

    @property
    def downloads(self) -> tuple[Download, ...]:
        """Nothing: there is no audio to be had."""
        return ()

    def listing(self, root: Path) -> Listing:
        """Return the performances of the subset; of all, those of the subsets whose metadata are there."""
        wanted = tuple(SUBSETS) if self.subset == ALL else (self.subset,)
        folders = (self.meta,) if self.meta else _FOLDERS
        told, notes = dict[str, Told](), []
        for subset in wanted:
            folder = first_folder(root, folders, [_file(subset)])
            if folder is None:
                notes.append(f"no {_file(subset)}: nothing of that subset is used")
            else:
                told[subset] = read_metadata(folder / _file(subset))
        if not told:
            tried = ", ".join(str(root / folder) for folder in folders)
            files = " or ".join(map(_file, wanted))
            raise NotFound(f"there is no {files} in {tried}; put it there, or name its folder: --set meta=FOLDER")
        if shared := len(_works(told.get("benchmark", {})) & _works(told.get("coveranalysis", {}))):
            notes.append(f"{shared} works are in both subsets: what is learned of them is no fair test")
        versions = _versions(told)
        return list_versions(self.name, self.subset, root, versions, singles=self.singles, notes=notes)


def _file(subset: str) -> str:
    return f"da-tacos_{subset}_subset_metadata.json"


def _works(told: Told) -> set[str]:
    return {work for work, _ in told}


def _versions(told: dict[str, Told]) -> Iterator[Version]:
    """Yield each performance once: what is in both subsets is in the benchmark."""
    tested = told.get("benchmark", {})
    for subset, performances in told.items():
        for (work, name), about in performances.items():
            if subset == "benchmark" or (work, name) not in tested:
                fields, extra = said_of(about)
                stems = (f"{work}/{name}", name)
                yield Version(f"{work}/{name}", work, name, SUBSETS[subset], stems, fields, extra)
