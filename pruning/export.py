"""Views for other programs: the run folder of the published pruning fork, CSV, M3U, and a Hugging Face dataset."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..schemas.clip import Clip
from ..schemas.view import ViewInfo
from ..store.files import storage_errors, write_atomic

if TYPE_CHECKING:
    from ..store.store import Store

CLIP_COLUMNS = ("clip_id", "title", "artist", "album", "split", "labels", "excerpt", "duration_s")


@dataclass(frozen=True)
class Exported:
    """A view to export: its registry entry, and for each kept clip its columns and where its audio is."""

    info: ViewInfo
    rows: list[dict[str, Any]]
    sources: list[Clip]


def export_view(store: Store, view: str, target: str | Path, kind: str) -> Path:
    """Write a view to `target` and return where: "csv" and "m3u" a file, "run-folder" and "huggingface" a folder.

    A file is replaced at once, a folder must be new; either is there whole or not at all. Raises UsageError for an
    unknown kind or a folder that exists, NotFound for an unknown view, StorageError where writing fails.
    """
    path = Path(os.path.abspath(target))  # noqa: PTH100
    if kind == "run-folder":
        from .export_run import write_run_folder

        return _new_folder(path, lambda folder: write_run_folder(store, store.view(view), folder, path))
    if kind == "huggingface":
        from .export_dataset import write_dataset

        return _new_folder(path, lambda folder: write_dataset(_read(store, view), folder))
    if kind not in ("csv", "m3u"):
        raise UsageError(f"views cannot be exported as {kind!r} (known: run-folder, csv, m3u, huggingface)")
    from .export_lists import csv_text, m3u_text

    text = csv_text(_read(store, view)) if kind == "csv" else m3u_text(_read(store, view))
    write_atomic(path, text.encode())
    return path


def _read(store: Store, view: str) -> Exported:
    info = store.view(view)
    rows = store.view_rows(info)
    kept = rows.filter(rows.column("kept")).drop_columns(["row_id", "split"])
    clips = store.clips(CLIP_COLUMNS, view=f"{info.name}@{info.version}")
    joined = [{**clip, **row} for clip, row in zip(clips.to_pylist(), kept.sort_by("clip_id").to_pylist(), strict=True)]
    return Exported(info, joined, store.sources([row["clip_id"] for row in joined], view=f"{info.name}@{info.version}"))


def _new_folder(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a temporary folder beside `path`, then give it that name."""
    if path.exists():
        raise UsageError(f"{path} is there already; export to a new folder, or remove it first")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            write(temporary)
            temporary.rename(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return path
