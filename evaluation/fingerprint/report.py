"""What the published protocol found, as frozen objects: what `--json` prints, the table, and the files it writes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...store.files import write_atomic
from .material import Material
from .songs import Songs

Rows = NDArray[np.int64]
Columns = tuple[list[str], list[tuple[object, ...]]]

EXACT, NEAR, TOP3, TOP10, SONG = "Top1 exact", "Top1 near", "Top3 exact", "Top10 exact", "Top1 song"
PUBLISHED = (EXACT, NEAR, TOP3, TOP10)
"""In the order of raw_score.npy."""

OUTLASTING, SHORT = "left out: recording ends first", "left out: files too short"


@dataclass(frozen=True)
class FingerprintReport:
    """Hit rates in percent, one number a length.

    source: what was evaluated; index: its type; strict: whether queries and answers stay inside a song; queries: how
    many of the length that has most, asked: of each, which is as many as published and may be fewer in a strict
    evaluation; unanswerable: test ids left out because their recording is not in the database, outlasting and short:
    what a strict evaluation left out besides (`chosen.Chosen`); database_rows: of them dummy_rows answer nothing;
    trained_on: what the index learned from; lengths: in segments, seconds as the published table has them; hits: by
    PUBLISHED name, and SONG where songs are known; ms_per_query: median wall time of one query asked alone, search and
    match; build_s: of the index; index_mb: its codes, ids and links.
    """

    source: str
    index: str
    strict: bool
    queries: int
    asked: tuple[int, ...]
    unanswerable: int
    outlasting: tuple[int, ...]
    short: tuple[int, ...]
    test_ids: str
    seed: int
    k_probe: int
    database_rows: int
    dummy_rows: int
    trained_on: str
    lengths: tuple[int, ...]
    seconds: tuple[int, ...]
    hits: dict[str, tuple[float, ...]]
    ms_per_query: tuple[float, ...]
    build_s: float
    index_mb: float

    def table(self) -> Columns:
        """Return a header and the rows of the published table, hit rates in percent; strictly, counts before them."""
        rows: list[tuple[object, ...]] = [("seconds", *self.seconds)]
        if self.strict:
            left_out = [(OUTLASTING, *self.outlasting), (SHORT, *self.short)]
            rows += [("queries", *self.asked), *(row for row in left_out if any(row[1:]))]
        rows += [(name, *values) for name, values in self.hits.items()]
        return ["segments", *map(str, self.lengths)], [*rows, ("ms per query", *self.ms_per_query)]

    def header(self) -> str:
        """Return what was evaluated, in a line."""
        each, rules = ("a length", "inside songs") if self.strict else ("each length", "as published")
        without = f" ({self.unanswerable} more have no answer)" if self.unanswerable else ""
        up_to = "up to " if len(set(self.asked)) > 1 else ""
        return (
            f"{self.source}: {up_to}{self.queries} queries of {each}{without}, {rules}; {self.database_rows} rows, of "
            f"them {self.dummy_rows} dummies; index {self.index}, trained on {self.trained_on}; hit rates in %"
        )


@dataclass(frozen=True)
class Outcome:
    """A report and what it was counted from.

    test_ids: int64[t]; found: int64[t, lengths, KEPT], rows of the database, best first, -1 for none; raw: int64[t, 4 *
    lengths], 0 or 1, for each of PUBLISHED one column a length, -1 where a query of that length was not asked.
    """

    report: FingerprintReport
    test_ids: Rows
    found: Rows
    raw: Rows


def write_outcome(folder: Path, outcome: Outcome, material: Material) -> None:
    """Write into `folder` raw_score.npy and test_ids.npy as published, report.json, and queries.csv (see `answers`).

    Raises StorageError.
    """
    write_atomic(folder / "raw_score.npy", _npy(outcome.raw))
    write_atomic(folder / "test_ids.npy", _npy(outcome.test_ids))
    write_atomic(folder / "report.json", json.dumps(asdict(outcome.report), indent=1).encode())
    text = io.StringIO(newline="")
    rows = list(answers(outcome, material))
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write_atomic(folder / "queries.csv", text.getvalue().encode())


def answers(outcome: Outcome, material: Material) -> Iterator[dict[str, Any]]:
    """Yield for every test id and length that was asked which file it is of, from which segment on, and what was found.

    Names are "" and segments rows of the database where songs are not known.
    """
    true_rows = material.truth[outcome.test_ids]
    for at, test_id in enumerate(outcome.test_ids.tolist()):
        query, segment = _named(material.query_songs, test_id)
        answer, answer_segment = _named(material.database_songs, int(true_rows[at]))
        for place, length in enumerate(outcome.report.lengths):
            exact, near = (int(outcome.raw[at, kind * len(outcome.report.lengths) + place]) for kind in (0, 1))
            if exact < 0:
                continue  # not asked
            row = int(outcome.found[at, place, 0])
            found, found_segment = _named(material.database_songs, row)
            yield {
                "test_id": test_id,
                "segments": length,
                "query": query,
                "query_segment": segment,
                "answer": answer,
                "answer_segment": answer_segment,
                "found": found,
                "found_segment": found_segment,
                "exact": exact,
                "near": near,
            }


def _named(songs: Songs | None, row: int) -> tuple[str, int]:
    """Return the song of a row and the segment within it; without a song, "" and the row."""
    if songs is None:
        return "", row
    song = int(songs.of(np.array([row]))[0])
    return (songs.name(song), row - int(songs.bounds[song])) if song >= 0 else ("", row)


def _npy(array: Rows) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
