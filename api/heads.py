"""Heads: views compared by fresh ones, published ones taken over, models with or without them for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..progress import Progress, silent
from ..store.locate import locate
from .runs import Run, run_of
from .store import Store

if TYPE_CHECKING:
    from ..evaluation.report import PairedReport
    from ..training.onnx_export import OnnxFile


def compare_views(
    *, view: str, baselines: Sequence[str] = ("all",), repeats: int = 5, store: Store | None = None, **settings: Any
) -> PairedReport:
    """Train fresh heads on a view and on each of `baselines`, test all on the same clips, and compare them in pairs."""
    from ..evaluation.views import compare_views as compare

    return compare(store or _here(), view=view, baselines=baselines, repeats=repeats, **settings)


def probe_from_head(path: str | Path, *, classes: str, store: Store | None = None, **settings: Any) -> Run:
    """Return a finished run whose head is that of a published head file. classes: "magnatagatune", "store", or a text
    file of its outputs' names. Settings: training.from_head.probe_from_head.
    """
    from ..training.from_head import probe_from_head as take

    where = store or _here()
    return run_of(where, take(where, path, classes=classes, **settings))


def export_onnx(
    target: str,
    path: str | Path,
    *,
    head: str | Path | None = None,
    store: Store | None = None,
    progress: Progress = silent,
) -> OnnxFile:
    """Write the encoder of a space, a run or a checkpoint as an ONNX file, with the run's head, or a published one."""
    from ..training.onnx_export import export_onnx as export
    from ..training.onnx_export import is_file_name

    where = store or (None if is_file_name(target) else _here())
    return export(where, target, path, head=head, progress=progress)


def _here() -> Store:
    return Store.open(locate(None, create=False), create=False)
