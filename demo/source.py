"""What the demo works on: a corpus made on the spot, or a folder of the user's own."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import NotFound
from ..progress import Progress
from ..store.sources import walk
from ..testing.corpus import make_corpus

LABELS = "labels.csv"


@dataclass(frozen=True)
class DemoSource:
    """folder: of audio; labels_csv: None where nothing is known; planted: groups of paths relative to `folder`, None
    where the truth is not known.
    """

    folder: Path
    labels_csv: Path | None
    planted: tuple[tuple[str, ...], ...] | None


def made_source(out_dir: Path, clips: int, seed: int, progress: Progress) -> DemoSource:
    """Make a corpus of `clips` files in `out_dir/corpus`."""
    corpus = make_corpus(out_dir.absolute() / "corpus", clips=clips, seed=seed, progress=progress)
    return DemoSource(corpus.folder, corpus.labels_csv, corpus.planted)


def given_source(audio: Path, out_dir: Path) -> DemoSource:
    """Return the folder `audio` with its own `labels.csv`, or else with the names of its subfolders as labels.

    Those are written to `out_dir/labels.csv`. Raises NotFound where there is no such folder.
    """
    folder = Path(os.path.abspath(audio))  # noqa: PTH100  (as `add` names files: resolve() would follow links)
    if not folder.is_dir():
        raise NotFound(f"audio folder {audio} does not exist")
    if (folder / LABELS).is_file():
        return DemoSource(folder, folder / LABELS, None)
    parts = ((file, Path(file).relative_to(folder).parts) for file in walk(folder))
    rows = [(file, inside[0]) for file, inside in parts if len(inside) > 1]
    if not rows:
        return DemoSource(folder, None, None)
    labels_csv = out_dir.absolute() / LABELS
    with labels_csv.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label"), *rows])
    return DemoSource(folder, labels_csv, None)
