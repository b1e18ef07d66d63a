"""Many queries, and their answers in the files that PFANN's matcher writes.

answers.tsv: `query<TAB>answer`, a line a query: the path of the surest match, NO_MATCH, or ERROR where it cannot be
decoded. answers_detail.csv: query, answer, score (mean cosine), time (seconds into the answer at which the query
begins), part_scores (the cosine of each pair of segments, spaces between); without a match both numbers are nan, which
PFANN's own tools take for a number. answers.bin: float32[queries, songs, 2], score and offset in seconds of every song
for every query (`songs`); songs.txt: the path of each song, in order.

A query is written when it is done, its line of answers.tsv last, so that a batch that was stopped goes on.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import UsageError
from ...schemas.read_json import read_json
from ...schemas.vector import Float32
from ...store.files import private_folder, storage_errors, write_atomic

ANSWERS, DETAIL, SCORES, SONGS, BATCH = "answers.tsv", "answers_detail.csv", "answers.bin", "songs.txt", "batch.json"
NO_MATCH, ERROR = "no match", "error"
HEADER = ("query", "answer", "score", "time", "part_scores")


@dataclass(frozen=True)
class Answer:
    """What is written of a query. score: NaN and time_s: NaN where nothing matches; songs: float32[songs, 2]."""

    answer: str
    score: float = float("nan")
    time_s: float = float("nan")
    part_scores: tuple[float, ...] = field(default=())
    songs: Float32 | None = None


class AnswerFiles:
    """The files of a batch in a folder. `done`: how many queries are answered already."""

    def __init__(self, folder: Path, queries: Sequence[str], songs: Sequence[str], settings: str) -> None:
        """Begin a batch, or go on with it. settings: all that the answers depend on besides.

        Raises UsageError where the folder holds another batch.
        """
        self._folder = private_folder(folder)
        self._queries = [one_line(query) for query in queries]
        self._shape = (len(queries), len(songs), 2)
        self._begin([one_line(song) for song in songs], settings)
        with storage_errors(folder):
            self.answers = self._kept()
            self._keep(len(self.answers))
            self._tsv = (folder / ANSWERS).open("a", encoding="utf-8", newline="")
            self._csv = (folder / DETAIL).open("a", encoding="utf-8", newline="")

    def __enter__(self) -> AnswerFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._tsv.close()
        self._csv.close()

    @property
    def done(self) -> int:
        """How many queries are answered."""
        return len(self.answers)

    def write(self, answer: Answer) -> None:
        """Write the answer of the next query."""
        query, plain = self._queries[self.done], one_line(answer.answer)
        with storage_errors(self._folder):
            if answer.songs is not None:
                table = np.memmap(self._folder / SCORES, np.float32, "r+", shape=self._shape)
                table[self.done] = answer.songs
                table.flush()
            self._csv.write(_detail(query, plain, answer))
            self._csv.flush()
            self._tsv.write(f"{query}\t{plain}\n")
            self._tsv.flush()
        self.answers.append(plain)

    def _begin(self, songs: list[str], settings: str) -> None:
        listed = "\n".join([*self._queries, "", *songs, settings]).encode("utf-8", "surrogateescape")
        mark = {"queries": self._shape[0], "songs": self._shape[1], "digest": hashlib.sha256(listed).hexdigest()}
        at = self._folder / BATCH
        if at.is_file():
            if _mark(at) != mark:
                raise UsageError(
                    f"{self._folder} holds the answers of another batch (other queries, clips or settings); choose "
                    "another folder"
                )
            return
        there = [name for name in (ANSWERS, DETAIL, SCORES, SONGS) if (self._folder / name).exists()]
        if there:
            raise UsageError(f"{self._folder / there[0]} is there already and of no batch; choose another folder")
        write_atomic(self._folder / SONGS, "".join(f"{song}\n" for song in songs).encode("utf-8", "surrogateescape"))
        with storage_errors(self._folder), (self._folder / SCORES).open("wb") as stream:
            stream.truncate(4 * int(np.prod(self._shape)))
        write_atomic(at, json.dumps(mark).encode())

    def _kept(self) -> list[str]:
        """Return the answers that are written whole."""
        answers = []
        for query, line in zip(self._queries, _lines(self._folder / ANSWERS), strict=False):
            asked, tab, answer = line.decode(errors="replace").partition("\t")
            if not tab or asked != query:
                break
            answers.append(answer)
        return answers

    def _keep(self, count: int) -> None:
        """Cut both files off after `count` queries: what is further on was not written whole."""
        for name, header in ((DETAIL, 1), (ANSWERS, 0)):
            kept = _lines(self._folder / name)[: header + count]
            if header and not kept:
                kept = [",".join(HEADER).encode()]
            write_atomic(self._folder / name, b"".join(line + b"\n" for line in kept))


def one_line(text: str) -> str:
    """Return `text` with what would end a field or a line, and what is no Unicode, escaped."""
    plain = text.replace("\\", "\\\\") if any(c in text for c in "\t\r\n") else text
    plain = plain.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
    return plain.encode("utf-8", "backslashreplace").decode()


def _detail(query: str, answer: str, found: Answer) -> str:
    text = io.StringIO(newline="")
    parts = " ".join(f"{score:.4f}" for score in found.part_scores)
    row = [query, answer, f"{found.score:.6f}", f"{found.time_s:.3f}", parts]
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()


def _lines(path: Path) -> list[bytes]:
    """Return the whole lines of a file, of which each is a row: no field holds the end of a line (`one_line`).

    They are not read as CSV, for the reader of the standard library takes no field of more than 128 KiB, and the part
    scores of a long match are more.
    """
    return path.read_bytes().split(b"\n")[:-1] if path.is_file() else []


def _mark(path: Path) -> object:
    try:
        return read_json(path.read_text())
    except ValueError:
        return None
