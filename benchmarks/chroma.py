"""How well `chroma` finds other versions of a work, end to end: `add`, `embed chroma`, `similar --space chroma`.

Data: ../shared/data/versions, 64 works in five renditions, 26 s each. A query is each work's `orig`; the answers are
the other 319 clips by falling score. The settings of `chroma` were chosen on the `chosen` half of the works (an even
md5 of the name) and held against the other half. No label is used by any fit.

chroma_map (_lo, _hi): mean average precision of the four other renditions, fitted on the store as `embed` does, with a
bootstrap interval (95 %, over works); chroma_map_chosen_half, chroma_map_held_half; chroma_map_RENDITION: mean
reciprocal rank among wrong answers of that rendition alone; chroma_map_outside: of originals that are not in the store,
asked as files (256 answers), and so not in its fit either; chroma_map_shipped: under the fit that ships with the
package; chance_map: of a random order; realtime_factor_one_core: seconds of audio per second of CPU time with one core,
from waveforms to vectors, decoding not included, best of three.

    python benchmarks/chroma.py
"""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from one_core import realtime_factor
from report import write_result

import echodex
from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.encoders.chroma import Chroma
from echodex.evaluation.bootstrap import bounds, resampled_mean
from echodex.evaluation.versions.measures import expected_precision
from echodex.schemas.vector import Float32

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "versions"
RENDITIONS = ("altfont", "cover", "live", "degraded")
RESAMPLES = 10_000
TIMED_CLIPS = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class File:
    path: Path
    work: str
    rendition: str


def read_files() -> list[File]:
    with (DATA / "works.csv").open(newline="", encoding="utf-8") as file:
        return [File((DATA / row["path"]).resolve(), row["work"], row["rendition"]) for row in csv.DictReader(file)]


def in_chosen_half(work: str) -> bool:
    return int(hashlib.md5(work.encode()).hexdigest(), 16) % 2 == 0


def precision(hits: Sequence[bool]) -> float:
    """Average precision of a ranking: True where an answer is right."""
    places = np.flatnonzero(hits)
    return float(np.mean(np.arange(1, len(places) + 1) / (places + 1)))


def precisions(rankings: Mapping[str, list[File]]) -> Floats:
    return np.array([precision([file.work == work for file in ranking]) for work, ranking in rankings.items()])


def only(rankings: Mapping[str, list[File]], rendition: str) -> Floats:
    """Precisions where the only right answer is one rendition, the others of the work left out."""
    kept = {w: [f for f in files if f.work != w or f.rendition == rendition] for w, files in rankings.items()}
    return precisions(kept)


@contextmanager
def embedded(files: Sequence[File]) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        store = echodex.open(Path(folder) / "library")
        store.add(*(file.path for file in files))
        report = store.embed("chroma")
        print(report.space.note)
        yield store


def ask(store: Store, files: Sequence[File], queries: Sequence[File]) -> dict[str, list[File]]:
    """Return, by work, what is found for each query, itself left out."""
    by_path = {str(file.path): file for file in files}
    rankings = {}
    for query in queries:
        hits = [by_path[str(hit.path)] for hit in store.similar(query.path, k=len(files), space="chroma")]
        rankings[query.work] = [file for file in hits if file.path != query.path]
    return rankings


def by_vectors(files: Sequence[File], vectors: Float32) -> dict[str, list[File]]:
    """The same from vectors float32[n, d] of unit length."""
    rankings = {}
    for number, query in enumerate(files):
        if query.rendition == "orig":
            order = np.argsort(-(vectors @ vectors[number]), kind="stable")
            rankings[query.work] = [files[place] for place in order if place != number]
    return rankings


def main() -> None:
    if not DATA.is_dir():
        print("needs ../shared/data/versions beside the checkout, which is absent: nothing measured")
        return
    files = read_files()
    originals = [file for file in files if file.rendition == "orig"]
    others = [file for file in files if file.rendition != "orig"]
    with embedded(files) as store:
        found = ask(store, files, originals)
    with embedded(others) as store:
        outside = ask(store, others, originals)
    shipped = Chroma.build({}, None)
    waveforms = [read_mono(file.path, shipped.config.sample_rate_hz) for file in files]
    vectors = np.concatenate([segments.vectors for segments in shipped.encode(waveforms)])
    each = precisions(found)
    chosen = np.array([in_chosen_half(work) for work in found])
    interval, held = (bounds(resampled_mean(values, RESAMPLES, seed=0)) for values in (each, each[~chosen]))
    figures = {
        "chroma_map": float(each.mean()),
        "chroma_map_lo": interval.low,
        "chroma_map_hi": interval.high,
        "chroma_map_chosen_half": float(each[chosen].mean()),
        "chroma_map_held_half": float(each[~chosen].mean()),
        "chroma_map_held_half_lo": held.low,
        "chroma_map_held_half_hi": held.high,
        **{f"chroma_map_{rendition}": float(only(found, rendition).mean()) for rendition in RENDITIONS},
        "chroma_map_outside": float(precisions(outside).mean()),
        "chroma_map_shipped": float(precisions(by_vectors(files, vectors)).mean()),
        "chance_map": float(expected_precision(*np.array([[len(RENDITIONS)], [len(files) - 1]], np.float64))[0]),
        "realtime_factor_one_core": realtime_factor(shipped, waveforms[:TIMED_CLIPS]),
    }
    write_result("chroma", figures)


if __name__ == "__main__":
    main()
