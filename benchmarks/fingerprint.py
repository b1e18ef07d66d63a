"""How well the fingerprint finds recordings again through rooms, noise, MP3 and telephones, and how fast.

Data: a folder with works.csv (columns path, work, rendition and params, JSON), of which the renditions "degraded" are
what queries are cut of: the rendering "orig", cut at params["offset"] seconds, in a room, with noise and as MP3. All
but these are in the database, other renditions of the same work too, and the recordings of further folders.

hit_Ns: share of cuts of N seconds (three a file, by seed) whose best place in the database, sure or not, is the right
recording within half a second; told_Ns: for which `identify` says so. hit_..._own_collection: the same for the encoder
of --own-checkpoint, trained on the user's own collection. false_positive_rate: share of 200 such cuts, of 1 to 10 s,
for which `identify` finds anything when all renditions of their work are left out of the search;
other_rendition_rate: when only their own recording is. realtime_factor_one_core: seconds of
audio per second of CPU time with one core, from waveforms to vectors, best of three. search_10s_ms_1m: median wall time
of finding what plays in a query of 10 s, vectors given, among a million segments: real ones and turned copies of them,
in an index of the kind and effort that a store would take. speedup_vs_pfann: realtime factor over that of pfann's
network (its default preset here; how fast it is does not depend on its weights). With --scale, hit rates and latencies
of the published protocol by kind of index, among so many segments.

    python benchmarks/fingerprint.py ../shared/data/versions ../shared/data/environment --own-checkpoint own.safetensors
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from report import write_result

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.encoders.base import Encoder
from echodex.encoders.fingerprint.config import PRESETS
from echodex.encoders.fingerprint.encoder import Fingerprint
from echodex.encoders.fingerprint.network import state_shapes
from echodex.evaluation.fingerprint.asking import Reply, among, ask
from echodex.evaluation.fingerprint.layout import Stack
from echodex.evaluation.fingerprint.protocol import ProtocolConfig, evaluate_material
from echodex.evaluation.fingerprint.published_index import INDEX_TYPES
from echodex.evaluation.fingerprint.report import EXACT, NEAR
from echodex.evaluation.fingerprint.tables import from_store
from echodex.indexing.index.choose import choose
from echodex.indexing.index.device import search
from echodex.indexing.index.tune import hold_out, tune
from echodex.indexing.kinds.registry import build_kind
from echodex.indexing.metric import Metric
from echodex.indexing.sequence.diagonals import Collection
from echodex.indexing.sequence.finder import Asked, Finder, open_finder
from echodex.schemas.vector import Float32
from echodex.store.vectors import normalised, read_all_segments

LENGTHS_S = (1, 2, 3, 5, 10)
CUTS = 3
STRANGERS = 200
MILLION = 1_000_000
RECALL = 0.95
TIMED = 50
MEMORY_BYTES = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Replica:
    """A degraded recording float32[n], mono, and where in which original it begins; work: all renditions that are in
    the database.
    """

    path: Path
    original: Path
    work: tuple[Path, ...]
    offset_s: float
    waveform: Float32


@dataclass(frozen=True)
class Cut:
    replica: Replica
    start_s: float
    seconds: int
    waveform: Float32


# ---------------------------------------------------------------------------------------------- the input


def read_replicas(versions: Path, rate_hz: int) -> list[Replica]:
    with (versions / "works.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    works: dict[str, dict[str, Path]] = {}
    for row in rows:
        works.setdefault(row["work"], {})[row["rendition"]] = (versions / row["path"]).resolve()
    replicas = []
    for row in rows:
        if row["rendition"] == "degraded":
            renditions = works[row["work"]]
            path = renditions.pop("degraded")
            offset_s = float(json.loads(row["params"])["offset"])
            whole = read_mono(path, rate_hz)
            replicas.append(Replica(path, renditions["orig"], tuple(renditions.values()), offset_s, whole))
    return replicas


def draw_cuts(replicas: Sequence[Replica], rate_hz: int, seed: int) -> list[Cut]:
    random = np.random.default_rng(seed)
    cuts = []
    for replica in replicas:
        for seconds in LENGTHS_S:
            for _ in range(CUTS):
                begin = int(random.integers(0, len(replica.waveform) - seconds * rate_hz + 1))
                piece = replica.waveform[begin : begin + seconds * rate_hz]
                cuts.append(Cut(replica, begin / rate_hz, seconds, piece))
    return cuts


def fingerprint(checkpoint: Path | None) -> Encoder:
    return Fingerprint.build({}, None if checkpoint is None else Fingerprint.read_weights(checkpoint))


def ids_by_path(store: Store, finder: Finder) -> dict[Path, str]:
    clips = store.clips(["clip_id", "uris"])
    known = set(finder.songs)
    return {
        Path(uri): clip_id
        for clip_id, uris in zip(*(clips.column(name).to_pylist() for name in clips.column_names), strict=True)
        if clip_id in known
        for uri in uris
    }


# ---------------------------------------------------------------------------------------------- hits


def is_right(reply: Reply, cut: Cut, ids: dict[Path, str], *, told: bool = False) -> bool:
    place = reply.told if told else reply.best
    original = ids[cut.replica.original]
    return place is not None and place.is_at(original, cut.replica.offset_s + cut.start_s)


def hit_rates(finder: Finder, cuts: Sequence[Cut], ids: dict[Path, str]) -> dict[str, float]:
    replies = [(cut, ask(finder, cut.waveform)) for cut in cuts]
    figures = {}
    for name, told in (("hit", False), ("told", True)):
        for seconds in LENGTHS_S:
            right = [is_right(reply, cut, ids, told=told) for cut, reply in replies if cut.seconds == seconds]
            figures[f"{name}_{seconds}s"] = float(np.mean(right))
    return figures


def false_positive_rates(finder: Finder, cuts: Sequence[Cut], ids: dict[Path, str], seed: int) -> tuple[float, float]:
    """The share of cuts for which something is found with all recordings of their work left out; with their own."""
    chosen = [cuts[number] for number in np.random.default_rng(seed).permutation(len(cuts))[:STRANGERS]]
    chosen.sort(key=lambda cut: cut.replica.path)
    found = np.zeros((len(chosen), 2), dtype=np.bool_)
    for replica, group in groupby(enumerate(chosen), key=lambda numbered: numbered[1].replica):
        own = {ids[replica.original]}
        finders = [
            among(finder, [clip_id for clip_id in finder.songs if clip_id not in left_out])
            for left_out in ({ids[path] for path in replica.work}, own)
        ]
        for number, cut in group:
            found[number] = [ask(without, cut.waveform).told is not None for without in finders]
    strangers, others = found.mean(axis=0).tolist()
    return strangers, others


# ---------------------------------------------------------------------------------------------- speed


def realtime_factor(encoder: Encoder, waveforms: Sequence[Float32], repeats: int = 3) -> float:
    """Seconds of audio per second of CPU time while the process is held to one core."""
    import torch

    threads = torch.get_num_threads()
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    torch.set_num_threads(1)
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    spent_s = []
    for _ in range(repeats):
        began_s = time.process_time()
        encoder.encode(waveforms)
        spent_s.append(time.process_time() - began_s)
    torch.set_num_threads(threads)
    if cores:
        os.sched_setaffinity(0, cores)
    return float(sum(len(waveform) for waveform in waveforms) / encoder.config.sample_rate_hz / min(spent_s))


def untrained_pfann() -> Encoder:
    random = np.random.default_rng(0)
    shapes = state_shapes(PRESETS["pfann"])
    weights = {name: random.standard_normal(shape).astype(np.float32) / 32 for name, shape in shapes.items()}
    return Fingerprint(PRESETS["pfann"], weights, device="cpu")


def turned(rows: Float32, count: int, seed: int) -> Float32:
    """`count` rows: those given again and again, each turned away in a random direction, to a cosine of about 0.7."""
    random = np.random.default_rng(seed)
    found = np.empty((count, rows.shape[1]), dtype=np.float32)
    for start in range(0, count, 65_536):
        stop = min(count, start + 65_536)
        away = random.standard_normal((stop - start, rows.shape[1]), dtype=np.float32) / rows.shape[1] ** 0.5
        found[start:stop] = normalised(rows[np.arange(start, stop) % len(rows)] + away)
    return found


def enlarged(finder: Finder, real: Float32, count: int) -> Collection:
    """The segments of a finder and turned copies, `count` in all, under the index that a store would take."""
    matrix = np.concatenate([real, turned(real, max(0, count - len(real)), seed=0)])
    choice = choose(len(matrix), matrix.shape[1], memory_bytes=MEMORY_BYTES)
    kind = build_kind(choice.kind, choice.settings)
    index = kind.make(len(matrix), matrix.shape[1], Metric.COSINE)
    if not index.is_trained:
        wanted = kind.train_rows(len(matrix))
        index.train(matrix[:: max(1, len(matrix) // wanted)][:wanted])
    index.add(matrix)
    measured = tune(index, kind, hold_out(matrix, Metric.COSINE), RECALL)
    megabytes = kind.bytes_per_vector(matrix.shape[1]) * len(matrix) / 1e6
    print(
        f"{len(matrix)} rows: {choice.kind}, effort {measured.effort}, recall {measured.recall:.3f}, {megabytes:.0f} MB"
    )
    own = finder.timeline.bounds
    song = int(np.median(np.diff(own)))
    bounds = np.unique(np.append(own, np.minimum(np.arange(own[-1], len(matrix) + song, song), len(matrix))))

    def find(queries: Float32, k: int) -> tuple[Rows, Float32]:
        scores, rows = search(index, kind, queries, k, measured.effort)
        return rows, scores

    return Collection(bounds, lambda rows: matrix[rows], finder.collection.silent, search=find)


def search_ms(finder: Finder, collection: Collection, cuts: Sequence[Cut]) -> float:
    spent_s, large = [], replace(finder, collection=collection)
    for cut in [cut for cut in cuts if cut.seconds == max(LENGTHS_S)][:TIMED]:
        heard = finder.hear(cut.waveform)
        began_s = time.perf_counter()
        large.runs(heard)
        spent_s.append(time.perf_counter() - began_s)
    return 1000 * statistics.median(spent_s)


# ---------------------------------------------------------------------------------------------- scale


def by_index(store: Store, replicas: Sequence[Replica], rows: int, folder: Path) -> dict[str, float]:
    """Hit rates of the published protocol, strictly inside songs, with turned copies as dummies."""
    listing = folder / "queries.csv"
    with listing.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["query", "answer", "time"])
        writer.writerows([str(r.path), str(r.original), r.offset_s] for r in replicas)
    material = from_store(store, str(listing))
    real = material.database.take(np.arange(len(material.database)))
    wanted = max(0, rows - len(real))
    dummies = material.dummies + wanted
    assert material.database_songs
    large = replace(
        material,
        database=Stack((turned(real, wanted, seed=1), real)),
        dummies=dummies,
        database_songs=material.database_songs.after(wanted),
        truth=np.where(material.truth < 0, -1, material.truth + wanted),
    )
    figures = {}
    for index in INDEX_TYPES:
        config = ProtocolConfig(index, test_ids="all", strict=True)
        report = evaluate_material(large, config).report
        print(report.header(), *report.table()[1], sep="\n")
        for name, key in (("exact", EXACT), ("near", NEAR)):
            figures[f"{name}_10s_{index}"] = report.hits[key][-1] / 100
        figures[f"ms_10s_{index}"] = report.ms_per_query[-1]
    return figures


# ---------------------------------------------------------------------------------------------- all of it


def measure(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    encoder = fingerprint(options.checkpoint)
    rate_hz = encoder.config.sample_rate_hz
    replicas = read_replicas(options.versions, rate_hz)
    cuts = draw_cuts(replicas, rate_hz, options.seed)
    store = Store.open(folder / "library")
    store.add(*(path for replica in replicas for path in replica.work), *options.distractors)
    store.embed_with(encoder)
    finder = open_finder(store, store.space(), Asked())
    ids = ids_by_path(store, finder)
    print(f"{len(finder.songs)} recordings, {len(finder.timeline)} segments, {len(cuts)} queries")
    figures = hit_rates(finder, cuts, ids)
    strangers, others = false_positive_rates(finder, cuts, ids, options.seed)
    figures |= {"false_positive_rate": strangers, "other_rendition_rate": others}
    waveforms = [read_mono(replica.original, rate_hz) for replica in replicas]
    figures["realtime_factor_one_core"] = realtime_factor(encoder, waveforms)
    figures["speedup_vs_pfann"] = figures["realtime_factor_one_core"] / realtime_factor(
        untrained_pfann(), waveforms[:2], repeats=1
    )
    real = normalised(read_all_segments(store.tables, store.space()).matrix)
    if len(real) == len(finder.timeline):
        figures["search_10s_ms_1m"] = search_ms(finder, enlarged(finder, real, options.rows), cuts)
    if options.scale:
        figures |= by_index(store, replicas, options.scale, folder)
    if options.own_checkpoint:
        store.embed_with(fingerprint(options.own_checkpoint))
        own = open_finder(store, store.space(), Asked())
        rates = hit_rates(own, cuts, ids)
        figures |= {f"hit_{seconds}s_own_collection": rates[f"hit_{seconds}s"] for seconds in LENGTHS_S}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", type=Path, help="the folder with works.csv")
    parser.add_argument("distractors", type=Path, nargs="*", help="folders of other recordings")
    parser.add_argument("--checkpoint", type=Path, help="of the encoder; default: the weights that ship")
    parser.add_argument("--own-checkpoint", type=Path, help="of an encoder trained on the user's own collection")
    parser.add_argument("--rows", type=int, default=MILLION, help="segments for search_10s_ms_1m")
    parser.add_argument("--scale", type=int, help="segments for hit rates by kind of index")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dry", action="store_true", help="print, write no result")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options, Path(folder))
    if options.dry:
        print(*(f"{name}: {value:.4g}" for name, value in figures.items()), sep="\n")
    else:
        write_result("fingerprint", figures)


if __name__ == "__main__":
    main()
