"""The whole main job in one call: add, embed, duplicates, prune, probe, map and report, timed by stage."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .. import api
from ..errors import UsageError
from ..evaluation.metrics import ACCURACY, ROC_AUC
from ..evaluation.report import FULL, VIEW
from ..evaluation.report import RANDOM as BY_CHANCE
from ..progress import Progress, silent
from ..schemas.hit import DuplicateGroup
from .page import REPORT, write_page
from .result import DemoResult, ProbeResult, ViewResult
from .score import DuplicateScore, score_duplicates
from .source import DemoSource, given_source, made_source

ENCODER = "timbre"
LEAN, JSD, RANDOM = "lean", "jsd", "random"
"""Views that the demo saves: by facility location, by Jensen-Shannon divergence, and by chance as many as `lean`."""
EPS, T = 0.05, 0.5
REPEATS = 3
"""Probes trained on each choice of clips, with paired seeds."""


def run_demo(
    out_dir: Path,
    *,
    audio: Path | None = None,
    place: str | Path | None = None,
    clips: int = 500,
    seed: int = 0,
    progress: Progress = silent,
) -> DemoResult:
    """Run the main job in the empty folder `out_dir` and return its figures.

    Works on a made corpus of `clips` files, or on the folder `audio` with its `labels.csv`, or else the names of its
    subfolders as labels. Leaves `map.png` and `report.html` there, and the store: in `library`, or at `place`, a folder
    or a URI. Raises UsageError where `out_dir` holds anything, or that store does.
    """
    out_dir = out_dir.absolute()
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        raise UsageError(f"{out_dir} is not an empty folder; name another one for the demo")
    out_dir.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    if place is not None and api.open(place).status().clips:
        raise UsageError(f"{place} holds clips; name another store for the demo")
    with clock.stage("corpus"):
        source = given_source(audio, out_dir) if audio else made_source(out_dir, clips, seed, progress)
    store = api.open(place or out_dir / "library")
    notes = _fill(store, source, clock, progress)
    with clock.stage("duplicates"):
        groups = store.duplicates(verify="audio", progress=progress)
    with clock.stage("prune"):
        views, scores = _save_views(store, seed)
    with clock.stage("probe"):
        probe, why_none = _compare_probes(store, progress)
    status = store.status()
    result = DemoResult(
        clips=status.clips,
        hours=status.hours,
        duplicates=_score(groups, source),
        views=scores,
        probe=probe,
        seconds=clock.seconds,
        report=out_dir / REPORT,
        notes=(*notes, *why_none),
    )
    with clock.stage("report"):
        write_page(out_dir, store, views, groups, result, source.folder)
    return replace(result, seconds=clock.seconds)


class Clock:
    """Wall time by stage, in `seconds`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done in the block."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 2)


def _fill(store: api.Store, source: DemoSource, clock: Clock, progress: Progress) -> tuple[str, ...]:
    """Add and embed what there is; return what to say about files that cannot be used."""
    with clock.stage("add"):
        problems = store.add(source.folder, labels=source.labels_csv, progress=progress).problems
    with clock.stage("embed"):
        store.embed(ENCODER, progress=progress)
    if not problems:
        return ()
    return (f"files that are not ok: {len(problems)}; `echodex --store {store.place} status` says why",)


def _save_views(store: api.Store, seed: int) -> tuple[dict[str, api.View], dict[str, ViewResult]]:
    """Save a view by each method; the random one keeps as many clips of the pruned split as the first."""
    lean = store.prune("facility", eps=EPS, seed=seed)
    plans = {
        LEAN: lean,
        JSD: store.prune("jsd", t=T, seed=seed),
        RANDOM: store.prune("random", keep=lean.summary().pool_kept, duplicate_score=0.0, seed=seed),
    }
    summaries = {name: plan.summary() for name, plan in plans.items()}
    scores = {name: ViewResult(s.kept, s.share, s.coverage) for name, s in summaries.items()}
    return {name: plan.save(name) for name, plan in plans.items()}, scores


def _compare_probes(store: api.Store, progress: Progress) -> tuple[ProbeResult | None, tuple[str, ...]]:
    """Return mean test scores of probes on all clips, on the pruned view and on random ones; or why there are none."""
    if store.status().labels < 2:
        return None, ("no probe: the clips have fewer than two labels",)
    try:
        report = api.evaluate_pruning(view=LEAN, against="uniform", repeats=REPEATS, store=store, progress=progress)
    except UsageError as error:
        return None, (f"no probe: {error}",)
    means = {name: report.arm(name).means for name in (FULL, VIEW, BY_CHANCE)}
    metric = ROC_AUC if report.multi_label else ACCURACY
    return ProbeResult(*(means[name][metric].mean for name in (FULL, VIEW, BY_CHANCE))), ()


def _score(groups: Sequence[DuplicateGroup], source: DemoSource) -> DuplicateScore:
    found = [
        [Path(os.path.relpath(member.path, source.folder)).as_posix() for member in group.members] for group in groups
    ]
    return score_duplicates(found, source.planted)
