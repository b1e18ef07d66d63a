"""The report of made-up measures: figures, table, files and pictures."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.evaluation.versions.material import Chosen, Material, read_material
from echodex.evaluation.versions.measures import RANKS, Measures
from echodex.evaluation.versions.plot import draw_versions
from echodex.evaluation.versions.protocol import VersionsConfig
from echodex.evaluation.versions.report import VersionsReport, report_of, write_report

CONFIG = VersionsConfig("bpwr-5", lengths=(2, 0))


@pytest.fixture(scope="module")
def material(tunes: Store) -> Material:
    return read_material(tunes, tunes.space(), Chosen())


@pytest.fixture(scope="module")
def found(material: Material) -> list[Measures]:
    """Measures by chance, for each of two lengths."""
    random, count = np.random.default_rng(0), len(material.queries)
    measures = []
    for _ in CONFIG.lengths:
        precision, first, arp, nar, chance = random.random((5, count))
        by_rank = np.sort(random.random((count, len(RANKS))) < 0.5, axis=1).astype(np.float64)
        measures.append(Measures(precision, first, arp, nar, chance, by_rank))
    return measures


@pytest.fixture(scope="module")
def report(material: Material, found: list[Measures]) -> VersionsReport:
    return report_of(material, Chosen(), CONFIG, found, taught=0)


def test_figures_are_means_over_queries(report: VersionsReport, found: list[Measures], material: Material) -> None:
    assert [row.length for row in report.rows] == [2, 0]
    for row, each in zip(report.rows, found, strict=True):
        assert row.map.mean == pytest.approx(each.average_precision.mean())
        assert row.arp.half_width == pytest.approx(1.96 * each.arp.std(ddof=1) / np.sqrt(len(material.queries)))
        assert row.by_rank == pytest.approx(each.by_rank.mean(axis=0))
    assert report.chance_map == pytest.approx(found[0].chance.mean())
    assert (report.queries, report.without, report.candidates, report.works, report.unnamed) == (19, 3, 22, 8, 1)


def test_the_table_has_a_row_for_each_length(report: VersionsReport, found: list[Measures]) -> None:
    columns, rows = report.table()
    assert columns[:3] == ["segments", "MAP", "+-"]
    assert [row[0] for row in rows] == [2, "all"]
    assert rows[1][1] == report.rows[1].map.mean
    assert rows[1][-2:] == (found[1].by_rank[:, 0].mean(), found[1].by_rank[:, RANKS.index(10)].mean())


def test_files_hold_every_query(
    report: VersionsReport, found: list[Measures], material: Material, tmp_path: Path
) -> None:
    write_report(tmp_path, report, material, found)
    assert json.loads((tmp_path / "report.json").read_text())["rows"][1]["map"]["mean"] == report.rows[1].map.mean
    with (tmp_path / "queries.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["clip_id"] for row in rows] == [material.clip_ids[clip] for clip in material.queries] * 2
    assert [row["segments"] for row in rows] == ["2"] * 19 + ["all"] * 19
    assert [float(row["nar"]) for row in rows[19:]] == pytest.approx(found[1].nar.tolist(), rel=1e-5)


def test_pictures_follow_the_figures(report: VersionsReport, tmp_path: Path) -> None:
    one = replace(report, rows=report.rows[1:])
    for name, drawn in (("both", report), ("again", report), ("one", one), ("other", replace(one, chance_map=0.9))):
        draw_versions(drawn, tmp_path / f"{name}.png")
    both, again, alone, other = ((tmp_path / f"{name}.png").read_bytes() for name in ("both", "again", "one", "other"))
    assert both.startswith(b"\x89PNG")
    assert both == again != alone
    assert alone == other, "without lengths there is no panel that shows chance"
