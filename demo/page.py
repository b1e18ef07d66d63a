"""The report of a demo: its figures, the map of all views, and what was found and left out, to listen to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..explorer.layout import layout
from ..explorer.map import draw_store
from ..explorer.report import Example, Report, Section, Sound, Table, duplicate_example, shown_name, write_report
from ..schemas.hit import DuplicateGroup
from ..schemas.view import Kept
from .result import DemoResult, shown

if TYPE_CHECKING:
    from ..api import Store, View

MAP, REPORT = "map.png", "report.html"
GROUPS, PRUNED, WORKS = 8, 8, 3
"""How many examples of each kind are shown."""


def write_page(
    out_dir: Path,
    store: Store,
    views: Mapping[str, View],
    groups: Sequence[DuplicateGroup],
    result: DemoResult,
    root: Path,
) -> None:
    """Write `map.png` and `report.html` into `out_dir`; files are named relative to `root`, the folder of audio."""
    about = _clips(store)
    rows = {name: view.rows().to_pylist() for name, view in views.items()}
    draw_store(store, layout(store), out_dir / MAP, views=list(views))
    lean = next(iter(views))
    sections = (
        Section("Duplicates", DUPLICATES, tuple(duplicate_example(group, root) for group in _hardest(groups))),
        Section(f"Left out of {lean}", LEFT_OUT, tuple(_pruned(rows[lean], about, root))),
        Section("The same work, other recordings", SAME_WORK, tuple(_works(about.values(), root))),
    )
    report = Report(
        title="echodex demo",
        text=f"{result.clips:,} clips, {result.hours:.2f} hours of audio from {root}.",
        tables=tuple(_tables(result)),
        map_png=out_dir / MAP,
        sections=tuple(section for section in sections if section.examples),
    )
    write_report(report, out_dir / REPORT)


DUPLICATES = (
    "The same recording in several files: proposed by their vectors, verified by aligning the waveforms. The residual "
    "is what is left of a file after subtracting its best match."
)
LEFT_OUT = "Redundant, not the same recording: each pruned clip beside the kept clip that stands for it."
SAME_WORK = (
    "Renditions of one melody are alike to the ear, but no two are the same recording: none is called a duplicate."
)


def _clips(store: Store) -> dict[str, dict[str, Any]]:
    """Return the usable clips by id: labels, work, rendition, and the path of each."""
    clips = store.clips(["clip_id", "labels", "work", "rendition"]).to_pylist()
    paths = store.sources([clip["clip_id"] for clip in clips])
    return {source.clip_id: {**clip, "path": Path(source.path)} for clip, source in zip(clips, paths, strict=True)}


def _tables(result: DemoResult) -> Iterable[Table]:
    found = result.duplicates
    planted = "unknown" if found.planted is None else f"{found.planted:,}"
    yield Table(
        "Duplicates",
        ("pairs", ""),
        (
            ("planted", planted),
            ("found", f"{found.found:,}"),
            ("recall", shown(found.recall)),
            ("precision", shown(found.precision)),
        ),
    )
    views = ((name, f"{v.kept:,}", f"{v.share:.1%}", f"{v.coverage:.3f}") for name, v in result.views.items())
    yield Table("Views", ("view", "kept", "share", "coverage"), tuple(views))
    if result.probe is not None:
        scores = (
            ("everything", result.probe.full),
            ("the pruned view", result.probe.pruned),
            ("as many at random", result.probe.random),
        )
        yield Table("Probe", ("trained on", "test score"), tuple((name, f"{score:.3f}") for name, score in scores))
    yield Table("Seconds", ("stage", ""), tuple((stage, f"{s:.1f}") for stage, s in result.seconds.items()))


def _hardest(groups: Sequence[DuplicateGroup]) -> list[DuplicateGroup]:
    """Return the groups whose members are furthest apart: those that are hardest to believe."""
    return sorted(groups, key=lambda group: (group.lowest_pair_score, group.representative))[:GROUPS]


def _pruned(rows: list[dict[str, Any]], about: Mapping[str, dict[str, Any]], root: Path) -> Iterable[Example]:
    """Yield redundant clips beside what stands for them: of each cluster the least similar, the hardest to defend."""
    redundant = [row for row in rows if row["reason"] == Kept.REDUNDANT and row["representative"] in about]
    hardest: dict[int, dict[str, Any]] = {}
    for row in sorted(redundant, key=lambda row: (row["similarity"], row["clip_id"])):
        hardest.setdefault(row["cluster"], row)
    for row in list(hardest.values())[:PRUNED]:
        title = f"cluster {row['cluster']}, similarity {row['similarity']:.3f}"
        yield Example(
            title, (_sound(about[row["representative"]], root, "kept"), _sound(about[row["clip_id"]], root, "pruned"))
        )


def _works(clips: Iterable[dict[str, Any]], root: Path) -> Iterable[Example]:
    """Yield works with several renditions, one clip of each."""
    works: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for clip in clips:
        if clip["work"] and clip["rendition"]:
            works[clip["work"]].setdefault(clip["rendition"], clip)
    several = [name for name, renditions in sorted(works.items()) if len(renditions) > 1]
    for name in several[:WORKS]:
        yield Example(name, tuple(_sound(clip, root, f"rendition {key}") for key, clip in sorted(works[name].items())))


def _sound(clip: Mapping[str, Any], root: Path, fact: str) -> Sound:
    labels = ", ".join(clip["labels"] or [])
    return Sound(clip["path"], shown_name(clip["path"], root), tuple(filter(None, (fact, labels))))
