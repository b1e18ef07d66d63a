"""Evaluations by tag in a run's folder: read back as they were, one for each view and split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from echodex.errors import Damaged
from echodex.evaluation.bootstrap import Bounds
from echodex.evaluation.kept_tags import keep_tags, read_tags, tag_files
from echodex.evaluation.tag_report import OF_SEGMENTS, TagReport, TagRow

REPORT = TagReport(
    run="probe-1",
    view="lean@1",
    split="test",
    splits_of="",
    taught_clips=2,
    clips=9,
    segments=18,
    multi_label=True,
    metrics={"ROC-AUC": 0.75},
    bounds={"ROC-AUC": Bounds(0.5, 1.0)},
    resamples=100,
    seed=3,
    left_out_classes=("drums",),
    left_out_clips=1,
    tags=(
        TagRow("guitar", 4, 0.75, 0.5, Bounds(0.25, 1.0), Bounds(0.125, 0.75)),
        TagRow("drums", 0, None, None, None, None),
    ),
    protocol=OF_SEGMENTS,
)


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    earlier = replace(REPORT, clips=8)
    others = [replace(REPORT, view="all"), replace(REPORT, split="valid"), replace(REPORT, view="lean@2")]
    for report in (earlier, *others, REPORT):
        keep_tags(tmp_path, report)
    (tmp_path / "evaluation.json").write_text("{}")
    found = [read_tags(path) for path in tag_files(tmp_path)]
    assert [(one.split, one.view) for one in found] == [
        ("test", "all"),
        ("test", "lean@1"),
        ("test", "lean@2"),
        ("valid", "lean@1"),
    ]
    assert found[1] == REPORT


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"bounds": {}, "tags": [], "left_out_classes": []}'])
def test_what_holds_none_is_damaged(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tags-test-all.json"
    path.write_text(text)
    with pytest.raises(Damaged, match=r"tags-test-all\.json"):
        read_tags(path)
