"""What `evaluate tags` found for a run, kept in its folder: one file for each view and split it was evaluated on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import Damaged
from ..schemas.read_json import read_json
from ..store.files import write_atomic
from .bootstrap import Bounds
from .tag_report import TagReport, TagRow

_STEM = "tags-"


def keep_tags(folder: Path, report: TagReport) -> None:
    """Write a report into a run's folder, in the place of an earlier one of the same view and split."""
    path = folder / f"{_STEM}{report.split}-{report.view}.json"
    write_atomic(path, json.dumps(asdict(report), indent=1).encode())


def tag_files(folder: Path) -> list[Path]:
    """Return the files of the reports that a run's folder keeps, by split and view."""
    return sorted(folder.glob(f"{_STEM}*.json"))


def read_tags(path: Path) -> TagReport:
    """Return a report that was kept. Raises Damaged where the file holds none."""
    try:
        fields = read_json(path.read_bytes())
        bounds = {key: Bounds(**ends) for key, ends in fields["bounds"].items()}
        rows = tuple(TagRow(**_row(row)) for row in fields["tags"])
        return TagReport(
            **{**fields, "bounds": bounds, "tags": rows, "left_out_classes": tuple(fields["left_out_classes"])}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{path} holds no evaluation by tag; delete it and evaluate the run again") from error


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a TagRow as they were before they became JSON."""
    ends = {key: fields[key] for key in ("roc_auc_bounds", "pr_auc_bounds")}
    return {**fields, **{key: None if found is None else Bounds(**found) for key, found in ends.items()}}
