"""The published evaluation of fingerprints by kind of index, among many segments.

Data and queries are those of fingerprint.py: whole degraded recordings, of which the protocol cuts sequences; the
database is the recordings, and turned copies of their segments are its dummies. exact_Ns_KIND, near_Ns_KIND: share of
queries of N seconds answered with the very segment, or one beside it; ms_10s_KIND: time of a query of 10 s, search and
re-ranking, in batches as published. Names end in the number of segments, in thousands.

    python benchmarks/fingerprint_scale.py ../shared/data/versions ../shared/data/environment --rows 1000000
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from fingerprint import Replica, fingerprint, read_replicas, turned
from report import write_result

from echodex.api import Store
from echodex.evaluation.fingerprint.layout import Stack
from echodex.evaluation.fingerprint.material import Material
from echodex.evaluation.fingerprint.protocol import ProtocolConfig, evaluate_material
from echodex.evaluation.fingerprint.published_index import INDEX_TYPES
from echodex.evaluation.fingerprint.report import EXACT, NEAR
from echodex.evaluation.fingerprint.tables import from_store

SECONDS = {1: 1, 3: 2, 5: 3, 9: 5, 11: 6, 19: 10}
"""What so many segments of a second each, half a second apart, span."""


def real_material(store: Store, replicas: Sequence[Replica], folder: Path) -> Material:
    listing = folder / "queries.csv"
    with listing.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["query", "answer", "time"])
        writer.writerows([str(r.path), str(r.original), r.offset_s] for r in replicas)
    return from_store(store, str(listing))


def among(material: Material, rows: int) -> Material:
    """The material with so many segments in all, the others of them dummies."""
    real = material.database.take(np.arange(len(material.database)))
    wanted = max(0, rows - len(real))
    assert material.database_songs
    return replace(
        material,
        database=Stack((turned(real, wanted, seed=1), real)),
        dummies=material.dummies + wanted,
        database_songs=material.database_songs.after(wanted),
        truth=np.where(material.truth < 0, -1, material.truth + wanted),
        unbroken=None if material.unbroken is None else np.append(0, material.unbroken + wanted),
    )


def rates(material: Material, kinds: Sequence[str], rows: int, test_ids: str) -> dict[str, float]:
    figures = {}
    for kind in kinds:
        report = evaluate_material(material, ProtocolConfig(kind, test_ids=test_ids, strict=True)).report
        print(report.header(), *report.table()[1], sep="\n")
        end = f"{kind}_{rows // 1000}k"
        for name, key in (("exact", EXACT), ("near", NEAR)):
            figures |= {
                f"{name}_{seconds}s_{end}": hit / 100
                for seconds, hit in zip(SECONDS.values(), report.hits[key], strict=True)
            }
        figures[f"ms_10s_{end}"] = report.ms_per_query[-1]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", type=Path, help="the folder with works.csv")
    parser.add_argument("distractors", type=Path, nargs="*", help="folders of other recordings")
    parser.add_argument("--checkpoint", type=Path, help="of the encoder; default: the weights that ship")
    parser.add_argument("--rows", type=int, nargs="+", default=[0, 1_000_000], help="segments in all; 0: the real ones")
    parser.add_argument("--kinds", nargs="+", default=list(INDEX_TYPES), choices=INDEX_TYPES)
    parser.add_argument("--largest", nargs="+", default=None, help="kinds for the last of --rows, where not all")
    parser.add_argument("--test-ids", default="all", help="all, or how many of the queries of each length to draw")
    options = parser.parse_args()
    encoder = fingerprint(options.checkpoint)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        replicas = read_replicas(options.versions, encoder.config.sample_rate_hz)
        store = Store.open(Path(folder) / "library")
        store.add(*(path for replica in replicas for path in replica.work), *options.distractors)
        store.embed_with(encoder)
        material = real_material(store, replicas, Path(folder))
        for rows in options.rows:
            large = among(material, rows)
            last = rows == options.rows[-1]
            kinds = options.largest if last and options.largest else options.kinds
            figures |= rates(large, kinds, len(large.database), options.test_ids)
    write_result("fingerprint_scale", figures)


if __name__ == "__main__":
    main()
