"""What the protocol found, as frozen objects: what `--json` prints, the table, and the files it writes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ...store.files import write_atomic
from .material import Chosen, Material
from .measures import RANKS, Figure, Measures, figure
from .protocol import WHOLE, VersionsConfig
from .shingles import Shingles

Columns = tuple[list[str], list[tuple[object, ...]]]


@dataclass(frozen=True)
class VersionsRow:
    """Queries of one length, in segments (WHOLE: all of a clip). map: mean average precision; mr1: mean rank of the
    first version; arp, nar: in percent (measures.py); by_rank: the share of queries whose first version is among the
    first of RANKS.
    """

    length: int
    map: Figure
    mr1: Figure
    arp: Figure
    nar: Figure
    by_rank: tuple[float, ...]


@dataclass(frozen=True)
class VersionsReport:
    """space: what was evaluated; chosen: which clips took part; redux: the reduction; query, candidate: their shingles;
    queries: how many were asked; without: those left out because no other version of them is there; taught: how many of
    those asked are of works that the encoder was trained on, or chosen by; candidates: how many clips were searched;
    works: how many works they are of; unnamed: clips among them of no work; segments: stored ones of all of them;
    chance_map: the MAP of a random order; ranks: those of `by_rank`; rows: one for each length.
    """

    space: str
    chosen: Chosen
    redux: str
    query: Shingles
    candidate: Shingles
    queries: int
    without: int
    taught: int
    candidates: int
    works: int
    unnamed: int
    segments: int
    chance_map: float
    ranks: tuple[int, ...]
    rows: tuple[VersionsRow, ...]

    def header(self) -> str:
        """Return what was evaluated, in a line."""
        unseen = " of unseen works" if self.chosen.unseen else ""
        without = f" ({self.without} more have no other version)" if self.without else ""
        unnamed = f" and {self.unnamed} of none" if self.unnamed else ""
        taught = f"; {self.taught} queries are of works that taught the encoder" if self.taught else ""
        return (
            f"{self.space}: {self.queries} queries{unseen}{without} against {self.candidates} clips of {self.works} "
            f"works by {self.chosen.by!r}{unnamed}; {self.redux}; a random order has MAP {self.chance_map:.3f}; MAP "
            f"and top 1, 10 from 0 to 1, ARP and NAR in %{taught}"
        )

    def table(self) -> Columns:
        """Return a header and a row for each length: means and half-widths of their 95 % intervals."""
        names = ["segments", "MAP", "+-", "MR1", "+-", "ARP", "+-", "NAR", "+-", "top 1", "top 10"]
        rows: list[tuple[object, ...]] = []
        for row in self.rows:
            figures = [part for each in (row.map, row.mr1, row.arp, row.nar) for part in (each.mean, each.half_width)]
            first, tenth = (row.by_rank[self.ranks.index(rank)] for rank in (1, 10))
            rows.append(("all" if row.length == WHOLE else row.length, *figures, first, tenth))
        return names, rows


def report_of(
    material: Material, chosen: Chosen, config: VersionsConfig, found: Sequence[Measures], *, taught: int
) -> VersionsReport:
    """Return the report of what `evaluate_material` found; taught: as in VersionsReport."""
    rows = [
        VersionsRow(
            length,
            figure(each.average_precision),
            figure(each.first_rank),
            figure(each.arp),
            figure(each.nar),
            tuple(each.by_rank.mean(axis=0).tolist()),
        )
        for length, each in zip(config.lengths, found, strict=True)
    ]
    return VersionsReport(
        space=material.space.name,
        chosen=chosen,
        redux=config.redux,
        query=config.query,
        candidate=config.candidate,
        queries=len(material.queries),
        without=material.without,
        taught=taught,
        candidates=len(material.clip_ids),
        works=len(np.unique(material.works)) - material.unnamed,
        unnamed=material.unnamed,
        segments=int(material.sizes.sum()),
        chance_map=float(found[0].chance.mean()),
        ranks=RANKS,
        rows=tuple(rows),
    )


def write_report(folder: Path, report: VersionsReport, material: Material, found: Sequence[Measures]) -> None:
    """Write report.json, and queries.csv with the measures of every query and length, into `folder`.

    Raises StorageError.
    """
    write_atomic(folder / "report.json", json.dumps(asdict(report), indent=1).encode())
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["clip_id", "segments", "average_precision", "first_rank", "arp", "nar"])
    for row, each in zip(report.rows, found, strict=True):
        columns = zip(each.average_precision, each.first_rank, each.arp, each.nar, strict=True)
        for clip, values in zip(material.queries, columns, strict=True):
            writer.writerow([material.clip_ids[clip], row.length or "all", *(f"{value:.6g}" for value in values)])
    write_atomic(folder / "queries.csv", text.getvalue().encode())
