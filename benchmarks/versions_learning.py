"""What a small network of versions learns: taught on half of the works, asked for the other half, beside `chroma`.

Data: ../shared/data/versions, 64 works in five renditions, 26 s each. Half of the works (an even md5 of the name) teach
and are validated on, the other half, which nothing is chosen by, is asked for: a query is a work's `orig`, the answers
are all other clips of that half, those of the query's work being right. `half` is trained on the works of the first
half alone, with the defaults of `train versions`; `made`, a network of a third of the size, on --made works that are
composed, played in four renditions each and rendered by `testing/music`, in STAGES; `both` goes on from there with the
works of the first half.

clews_small_map (_lo, _hi): mean average precision of `both`, with a normal 95 % interval over works;
clews_small_half_map, clews_small_made_map: of the other two, of which `made` has heard no real work at all, so that
clews_small_made_all_map is what it finds in both halves; clews_small_seen_map: of `both` on the half that taught it;
chroma_map: of `chroma`, fitted on the store as `embed` does, on all works; chroma_unseen_map (_lo, _hi): on the half
that is asked for; best_map_unseen_works: the highest there; chance_map: of a random order there. Learning curves:
results/versions.png.

    python benchmarks/versions_learning.py [--made 600] [--store DIR]

Interrupted, the same command goes on: trainings that are done are taken from the store.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from report import RESULTS, write_result

import echodex
from echodex.api import Store, evaluate_versions, train
from echodex.errors import NotFound
from echodex.evaluation.versions.report import VersionsReport
from echodex.schemas.run import Run
from echodex.testing.music.works import draw_work
from echodex.training.layout import ENCODER_FILE
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "versions"
STORE = Path(__file__).parent / ".stores" / "versions_learning"
PLAYED, PERFORMANCE_S, WRITTEN_S, RATE_HZ = 4, 26.0, 40.0, 16_000
"""Renditions of a made-up work, seconds of them and of the work."""
SEED = 7
THIN = "stem=16 widths=16,32,48"
"""92,000 parameters: what two cores can teach many works in an hour or two."""
STRONG = {"mask": 0.8, "stretch": 0.8, "transpose": 0.5}
STAGES: dict[str, dict[str, Any]] = {
    "made-1": {"learning_rate": 1e-3, "max_epochs": 10},
    "made-2": {"learning_rate": 7e-4, "max_epochs": 14, **STRONG},
    "made-3": {"learning_rate": 2e-4, "max_epochs": 8, **STRONG},
}
"""Of the made-up works, each from the best epoch of the one before."""
BOTH: dict[str, Any] = {"learning_rate": 3e-4, "max_epochs": 40, "plateau_patience": 4}
COLORS = {"half": "#0072B2", "made": "#D55E00", "both": "#009E73"}
"""Told apart with any common kind of colour blindness (Okabe and Ito, 2008)."""


def split_of(work: str) -> str:
    return "train" if int(hashlib.md5(work.encode()).hexdigest(), 16) % 2 == 0 else "test"


def real_store(folder: Path) -> Store:
    """A store of the recordings, with `chroma` vectors."""
    with (DATA / "works.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    described = [
        {
            "path": str((DATA / row["path"]).resolve()),
            "work": row["work"],
            "rendition": row["rendition"],
            "split": split_of(row["work"]),
        }
        for row in rows
    ]
    store = added(folder / "real", described)
    store.embed("chroma")
    return store


def made_store(folder: Path, works: int) -> Store:
    """A store of made-up works."""
    audio = folder / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    described = []
    for number in range(works):
        paths = [audio / f"{number:04}-{performance}.flac" for performance in range(PLAYED)]
        if not all(path.exists() for path in paths):
            play(number, paths)
        described += [{"path": str(path.resolve()), "work": f"made-{number:04}"} for path in paths]
    return added(folder / "made", described)


def play(number: int, paths: Sequence[Path]) -> None:
    rng = np.random.default_rng([SEED, number])
    work = draw_work(rng, WRITTEN_S)
    for path in paths:
        soundfile.write(path, work.play(rng, RATE_HZ, PERFORMANCE_S), RATE_HZ, subtype="PCM_16")


def added(folder: Path, described: list[dict[str, str]]) -> Store:
    folder.parent.mkdir(parents=True, exist_ok=True)
    labels = folder.with_suffix(".csv")
    with labels.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, described[0].keys())
        writer.writeheader()
        writer.writerows(described)
    store = echodex.open(folder)
    print(
        f"{folder.name}: {store.add(*(row['path'] for row in described), labels=labels).hours:.1f} h of audio are new"
    )
    return store


def trained(store: Store, name: str, **settings: Any) -> Run:
    try:
        return load_run(store, name)
    except NotFound:
        return train("versions", store=store, name=name, progress=progress, **settings)


def trained_in_stages(store: Store) -> Run:
    """Return the run of the last stage."""
    start = "fresh"
    for name, settings in STAGES.items():
        run = trained(store, name, start=start, network_settings=THIN, plateau_patience=2, **settings)
        start = f"run:{name}"
    return run


def progress(stage: str, done: int, total: int) -> None:
    if done == total or done % 100 == 0:
        print(f"{stage}: {done} of {total}")


def asked(store: Store, encoder: str, split: str | None = "test") -> VersionsReport:
    """Ask for the originals among the clips of a split, or of both."""
    where = f"split = '{split}'" if split else None
    queries = "rendition = 'orig'" + (f" and {where}" if where else "")
    space = store.embed(encoder).space.name
    return evaluate_versions(store=store, space=space, queries=queries, where=where)


def draw_curves(curves: dict[str, list[float]], figures: dict[str, float]) -> None:
    """Draw the valid MAP of every epoch, and as lines what was found of the half that is asked for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    found = {"half": "clews_small_half_map", "made": "clews_small_made_map", "both": "clews_small_map"}
    for name, curve in curves.items():
        axes.plot(range(1, len(curve) + 1), curve, color=COLORS[name], label=name)
        axes.axhline(figures[found[name]], color=COLORS[name], linestyle="--")
    axes.axhline(figures["chroma_unseen_map"], color="black", linestyle="--", label="chroma, other half")
    axes.axhline(figures["chance_map"], color="grey", linestyle=":", label="chance")
    axes.set(
        xlabel="epoch", ylabel="MAP", ylim=(0, 1), title="valid works (solid), the half that is asked for (dashed)"
    )
    axes.legend()
    figure.savefig(RESULTS / "versions.png", dpi=100)


def curve_of(store: Store, *runs: str) -> list[float]:
    """Return the valid MAP of every epoch of runs that follow each other."""
    return [line["m_MAP"] for run in runs for line in read_log(run_folder(store, run))]


def before() -> dict[str, float]:
    """Return the figures of versions.json that are there already: others write to it as well."""
    path = RESULTS / "versions.json"
    return dict(json.loads(path.read_text())["figures"]) if path.exists() else {}


def measure(folder: Path, made: int) -> dict[str, float]:
    store, composed = real_store(folder), made_store(folder, made)
    everything = asked(store, "chroma", split=None).rows[0].map
    trained(store, "half")
    encoder = str(run_folder(composed, trained_in_stages(composed).name) / ENCODER_FILE)
    trained(store, "both", start=encoder, network_settings=THIN, **BOTH)
    unseen = {
        "chroma_unseen_map": asked(store, "chroma"),
        "clews_small_half_map": asked(store, "run:half"),
        "clews_small_made_map": asked(store, encoder),
        "clews_small_map": asked(store, "run:both"),
    }
    assert not any(report.taught for report in unseen.values())
    found = {name: report.rows[0].map for name, report in unseen.items()}
    figures = {
        "chroma_map": everything.mean,
        **{name: figure.mean for name, figure in found.items()},
        **{f"{name}_lo": figure.mean - figure.half_width for name, figure in found.items()},
        **{f"{name}_hi": min(figure.mean + figure.half_width, 1.0) for name, figure in found.items()},
        "clews_small_made_all_map": asked(store, encoder, split=None).rows[0].map.mean,
        "clews_small_seen_map": asked(store, "run:both", split="train").rows[0].map.mean,
        "best_map_unseen_works": max(figure.mean for figure in found.values()),
        "chance_map": unseen["clews_small_map"].chance_map,
    }
    curves = {"half": curve_of(store, "half"), "made": curve_of(composed, *STAGES), "both": curve_of(store, "both")}
    draw_curves(curves, figures)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=600, help="works that are composed and played for it")
    parser.add_argument("--store", type=Path, default=STORE, help="a folder for stores, audio and runs")
    options = parser.parse_args()
    if not DATA.is_dir():
        print("needs ../shared/data/versions beside the checkout, which is absent: nothing measured")
        return
    write_result("versions", before() | measure(options.store, options.made))


if __name__ == "__main__":
    main()
