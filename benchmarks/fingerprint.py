"""How well the fingerprint finds recordings again through rooms, noise, MP3 and telephones, and how fast.

Data: a folder with works.csv (columns path, work, rendition and params, JSON), of which the renditions "degraded" are
what queries are cut of: the rendering "orig", cut at params["offset"] seconds, in a room, with noise and as MP3. All
but these are in the database, other renditions of the same work too, and the recordings of further folders.

hit_Ns: share of cuts of N seconds (three a file, by seed) whose best place in the database, sure or not, is the right
recording within half a second; told_Ns: for which `identify` says so; song_Ns: right in which recording, wherever in
it (rendered music repeats itself, bar for bar). ..._own_collection: the same for the encoder of
--own-checkpoint, trained on the user's own collection; ..._1m: of every fourth cut among a million segments, real ones
and turned copies of them. false_positive_rate: share of the same cuts for which `identify` finds anything when all
renditions of their work are left out of the search, and the recordings whose noise was mixed in; where what it finds is
the same sound in the clean recordings, waveform against waveform, it counts for shared_passage_rate instead (works that
have a phrase in common, rendered alike); other_rendition_rate: for which it finds anything when of their work only
their own recording is left out. realtime_factor_one_core: seconds of audio per
second of CPU time with one core, from waveforms to vectors, best of three; speedup_vs_pfann: that over the same of
pfann's network, its default preset here (how fast it is does not depend on its weights). search_10s_ms_1m: median wall
time of telling what plays in a query of 10 s, its vectors given, among a million segments of a store, in the index that
it takes by itself; gb_1m: the most memory that the process held.

    python benchmarks/fingerprint.py ../shared/data/versions ../shared/data/environment --own-checkpoint own.safetensors
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import synthetic
from one_core import realtime_factor
from report import write_result
from scipy.signal import correlate

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.encoders.base import Encoder
from echodex.encoders.fingerprint.config import PRESETS
from echodex.encoders.fingerprint.encoder import Fingerprint
from echodex.encoders.fingerprint.network import state_shapes
from echodex.evaluation.fingerprint.asking import Reply, among, ask
from echodex.indexing.sequence.finder import Asked, Finder, open_finder
from echodex.schemas.hit import Match
from echodex.schemas.vector import Float32, Space
from echodex.store.vectors import normalised, read_all_segments

LENGTHS_S = (1, 2, 3, 5, 10)
CUTS = 3
SHARED, SILENT = 0.8, 1e-9
"""Two clean passages that correlate so well are one sound, and what is less energy is none."""
MILLION = 1_000_000
SONG, AT_ONCE = 120, 512
"""Segments of a made-up clip, and such clips that are made at a time."""
TIMED, WARM = 60, 10
"""Queries that are timed, and how many of them before it counts."""
PEER_RECORDINGS = 2
"""What the large network of pfann is timed on."""


@dataclass(frozen=True)
class Replica:
    """A degraded recording float32[n], mono, and where in which original it begins; work: all renditions that are in
    the database; noise: what the name of the recording begins with that was mixed in, "" for none.
    """

    path: Path
    original: Path
    work: tuple[Path, ...]
    noise: str
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
            params = json.loads(row["params"])
            noise = "-".join(params.get("noise", "").split("-")[:2])  # of several takes of one source, any
            whole = read_mono(path, rate_hz)
            all_of_it = tuple(renditions.values())
            replicas.append(Replica(path, renditions["orig"], all_of_it, noise, float(params["offset"]), whole))
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


def is_song(reply: Reply, cut: Cut, ids: dict[Path, str]) -> bool:
    return reply.best is not None and reply.best.clip_id == ids[cut.replica.original]


def hit_rates(finder: Finder, cuts: Sequence[Cut], ids: dict[Path, str]) -> dict[str, float]:
    replies = [(cut, ask(finder, cut.waveform)) for cut in cuts]
    figures = {}
    for seconds in LENGTHS_S:
        asked = [(reply, cut, ids) for cut, reply in replies if cut.seconds == seconds]
        figures[f"hit_{seconds}s"] = float(np.mean([is_right(*one) for one in asked]))
        figures[f"told_{seconds}s"] = float(np.mean([is_right(*one, told=True) for one in asked]))
        figures[f"song_{seconds}s"] = float(np.mean([is_song(*one) for one in asked]))
    return figures


def is_shared(cut: Cut, match: Match, matched: Path) -> bool:
    """Tell whether the clean passages of a match are one sound: a waveform against the other, however far it lags."""
    rate_hz, lag_s = PRESETS["small"].sample_rate_hz, 0.5
    begin_s = cut.replica.offset_s + cut.start_s + match.query_start_s
    length_s = match.query_end_s - match.query_start_s
    passage = part(read_mono(cut.replica.original, rate_hz), begin_s, begin_s + length_s, rate_hz)
    other = part(
        read_mono(matched, rate_hz), match.clip_start_s - lag_s, match.clip_start_s + length_s + lag_s, rate_hz
    )
    if len(other) < len(passage):
        return False
    products = correlate(other, passage, "valid", "fft")
    energies = correlate(other**2, np.ones_like(passage), "valid", "fft") * (passage**2).sum()
    return bool((np.abs(products) / np.sqrt(np.maximum(energies, SILENT))).max() >= SHARED)


def part(waveform: Float32, start_s: float, stop_s: float, rate_hz: int) -> Float32:
    return waveform[max(round(start_s * rate_hz), 0) : max(round(stop_s * rate_hz), 0)]


def false_positive_rates(finder: Finder, cuts: Sequence[Cut], ids: dict[Path, str]) -> dict[str, float]:
    """Ask with all recordings of a work left out, and with its own."""
    path_of = {clip_id: path for path, clip_id in ids.items()}
    wrong, shared, other_renditions = 0, 0, 0
    for replica, group in groupby(cuts, key=lambda cut: cut.replica):
        own = {ids[replica.original]}
        heard = {ids[path] for path in replica.work}
        if replica.noise:
            heard |= {clip_id for path, clip_id in ids.items() if path.name.startswith(replica.noise)}
        others = own | heard - {ids[path] for path in replica.work}
        strange, related = (among(finder, [c for c in finder.songs if c not in out]) for out in (heard, others))
        for cut in group:
            found = strange.matches(strange.hear(cut.waveform))
            same = [is_shared(cut, match, path_of[match.clip_id]) for match in found]
            shared += any(same)
            wrong += not all(same)
            other_renditions += ask(related, cut.waveform).told is not None
    counts = {"false_positive": wrong, "shared_passage": shared, "other_rendition": other_renditions}
    return {f"{name}_rate": count / len(cuts) for name, count in counts.items()}


# ---------------------------------------------------------------------------------------------- speed


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


def enlarge(store: Store, space: Space, count: int) -> None:
    """Add clips of SONG segments to a space, turned copies of what it holds, until it has about `count` segments."""
    real = normalised(read_all_segments(store.tables, space).matrix)
    songs = max(0, count - len(real)) // SONG
    sizes = [min(AT_ONCE, songs - start) for start in range(0, songs, AT_ONCE)]
    blocks = (turned(real, size * SONG, seed).reshape(size, SONG, -1) for seed, size in enumerate(sizes))
    synthetic.append_clips(store, space, songs, blocks, hop_s=PRESETS["small"].hop_s)


def search_ms(finder: Finder, cuts: Sequence[Cut]) -> float:
    """The median wall time of telling what plays in the longest cuts, their vectors given."""
    spent_s = []
    for cut in [cut for cut in cuts if cut.seconds == max(LENGTHS_S)][:TIMED]:
        heard = finder.hear(cut.waveform)
        began_s = time.perf_counter()
        finder.matches(heard)
        spent_s.append(time.perf_counter() - began_s)
    return 1000 * statistics.median(spent_s[WARM:])


def at_scale(store: Store, space: Space, rows: int, cuts: Sequence[Cut], ids: dict[Path, str]) -> dict[str, float]:
    """Hit rates, time and memory among so many segments."""
    enlarge(store, space, rows)
    finder = open_finder(store, space, Asked())
    print(f"{len(finder.timeline)} segments")
    spent_ms = search_ms(finder, cuts)
    held_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{spent_ms:.1f} ms, {held_gb:.1f} GB")
    rates = {f"{name}_1m": value for name, value in hit_rates(finder, cuts[:: CUTS + 1], ids).items()}
    return {"search_10s_ms_1m": spent_ms, "gb_1m": held_gb, **rates}


# ---------------------------------------------------------------------------------------------- all of it


def measure(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    encoder = fingerprint(options.checkpoint)
    rate_hz = encoder.config.sample_rate_hz
    replicas = read_replicas(options.versions, rate_hz)
    cuts = draw_cuts(replicas, rate_hz, options.seed)
    store = Store.open(folder / "library")
    store.add(*(path for replica in replicas for path in replica.work), *options.distractors)
    store.embed_with(encoder)
    space = store.space()
    finder = open_finder(store, space, Asked())
    ids = ids_by_path(store, finder)
    print(f"{len(finder.songs)} recordings, {len(finder.timeline)} segments, {len(cuts)} queries")
    figures = hit_rates(finder, cuts, ids)
    figures |= false_positive_rates(finder, cuts, ids)
    waveforms = [read_mono(replica.original, rate_hz) for replica in replicas]
    figures["realtime_factor_one_core"] = realtime_factor(encoder, waveforms)
    few = waveforms[:PEER_RECORDINGS]
    figures["speedup_vs_pfann"] = realtime_factor(encoder, few) / realtime_factor(untrained_pfann(), few)
    if options.own_checkpoint:
        store.embed_with(fingerprint(options.own_checkpoint))
        own = open_finder(store, store.space(), Asked())
        rates = hit_rates(own, cuts, ids)
        figures |= {f"{name}_own_collection": rates[name] for name in rates if not name.startswith("told")}
    print(figures)
    return figures | at_scale(store, space, options.rows, cuts, ids)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", type=Path, help="the folder with works.csv")
    parser.add_argument("distractors", type=Path, nargs="*", help="folders of other recordings")
    parser.add_argument("--checkpoint", type=Path, help="of the encoder; default: the weights that ship")
    parser.add_argument("--own-checkpoint", type=Path, help="of an encoder trained on the user's own collection")
    parser.add_argument("--rows", type=int, default=MILLION, help="segments for search_10s_ms_1m")
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
