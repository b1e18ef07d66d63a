"""Why a clip is in a view, or not: in fields, and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from ..errors import NotFound
from ..indexing.places import clip_of
from ..schemas.view import Kept, ViewInfo
from ..store.known import CLIPS_TABLE
from .clustering.config import NOISE
from .config import KEEP_VERSIONS

if TYPE_CHECKING:
    import pyarrow as pa

    from ..store.store import Store


@dataclass(frozen=True)
class Explanation:
    """What a view says of one clip.

    view: "name@version"; rank: its place in the order of what to keep first, of `ranked` clips, None where it was not
    ranked; cluster: -1 for noise, -2 where nothing was clustered; representative: the clip that stands for it, at
    cosine `similarity` (itself for a kept clip, None where there is none); gain: what the selector gains by it, None
    where it gave none; budget, budget_share: the smallest budget that keeps it, as a count and as a share of `ranked`
    (0 to 1), None where no budget does or none was asked; stands_for: how many pruned clips it stands for; sentence:
    all that in words.
    """

    clip_id: str
    path: str
    view: str
    kept: bool
    reason: str
    cluster: int
    rank: int | None
    ranked: int
    representative: str | None
    representative_path: str | None
    similarity: float | None
    gain: float | None
    budget: int | None
    budget_share: float | None
    stands_for: int
    sentence: str


def explain(store: Store, view: str, clip: str | Path) -> Explanation:
    """Return why `clip`, a clip id or the path of a file that was added, is kept by a view ("lean", "lean@2") or not.

    Raises NotFound for an unknown view or clip, and for a clip that was added after the view was saved.
    """
    info = store.view(view)
    address = f"{info.name}@{info.version}"
    clip_id = clip_of(store, clip)
    rows = store.view_rows(info)
    row = _row(rows, clip_id)
    if row is None:
        raise NotFound(f"{clip} was not among the clips that view {address} was made from; prune again to take it in")
    stands = row["representative"] or clip_id
    path, other = (source.path for source in store.sources([clip_id, stands], view=address))
    stood_for = rows.filter(pc.and_(pc.equal(rows.column("representative"), clip_id), pc.invert(rows.column("kept"))))
    ranked = len(rows) - rows.column("rank").null_count
    budget = _budget(row["rank"], info.recipe)
    found = Explanation(
        clip_id=clip_id,
        path=path,
        view=address,
        kept=row["kept"],
        reason=row["reason"],
        cluster=row["cluster"],
        rank=row["rank"],
        ranked=ranked,
        representative=row["representative"],
        representative_path=other if row["representative"] else None,
        similarity=row["similarity"],
        gain=row["gain"],
        budget=budget,
        budget_share=None if budget is None else budget / ranked,
        stands_for=len(stood_for),
        sentence="",
    )
    config = info.recipe.get("config", {})
    if found.kept:
        return replace(found, sentence=_why_in(found, config))
    if found.reason == Kept.LEAKAGE:
        return replace(found, sentence=_why_leaked(found, _told(store, info, stands, "split"), config))
    if found.reason == Kept.VERSION:
        work = _told(store, info, clip_id, "work")
        return replace(found, sentence=_why_version(found, work, _row(rows, stands), config))
    return replace(found, sentence=_why_out(found, _row(rows, stands), config) + _way_back(found))


def _budget(rank: int | None, recipe: dict[str, Any]) -> int | None:
    """Return the smallest budget that keeps a clip; those that are required are kept at any."""
    if rank is None:
        return None
    return 1 if rank < recipe.get("required", 0) else rank + 1


def _told(store: Store, info: ViewInfo, clip_id: str, column: str) -> str | None:
    """Return what a column says of a clip, of the view's source or not, as it was when the view was saved."""
    clips = store.clips([column], clip_ids=[clip_id], version=info.version_of(CLIPS_TABLE))
    return next(iter(clips.column(column).to_pylist()), None)


def _row(rows: pa.Table, clip_id: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = rows.filter(pc.equal(rows.column("clip_id"), clip_id)).to_pylist()
    return found[0] if found else None


def _why_in(found: Explanation, config: dict[str, Any]) -> str:
    """Return why a clip is kept; config: the settings in the view's recipe."""
    gain = "" if found.gain is None else f" for a gain of {found.gain:.2g}"
    place = None if found.rank is None else found.rank + 1
    budget = config.get("keep") is not None
    chose = "the budget reaches it" if budget else "the selector chose it"
    where = "among those in no cluster" if found.cluster == NOISE else f"in cluster {found.cluster}"
    why = {
        Kept.SELECTED: f"{chose} {where}{gain}, at place {place} of {found.ranked}",
        Kept.NOISE: f"{chose} {where}, at place {place} of {found.ranked}"
        if budget
        else "it is in no cluster, so that no other clip stands for it",
        Kept.PINNED: "it is pinned, and stays whatever the budget",
        Kept.LABEL: f"a label of its keeps {config.get('min_per_label')} clips whatever the budget, of which it is one",
        Kept.WORK: "it is the one clip of its work that stays (versions='one-per-work'), though the selector left it",
        Kept.UNTOUCHED: "it is not of the split that was pruned",
    }[Kept(found.reason)]
    also = f"; it stands for {found.stands_for} clips that are left out" if found.stands_for else ""
    return f"{found.path} is in {found.view}: {why}{also}."


def _why_out(found: Explanation, representative: dict[str, Any] | None, config: dict[str, Any]) -> str:
    """Return why a clip is left out; representative: the row of the clip that stands for it."""
    near = _near(found, config)
    if found.reason == Kept.NO_VECTOR:
        why = "it had no vector, so that nobody could tell whether it is redundant"
    elif found.reason == Kept.NOISE:
        policy = "noise is pruned" if config.get("keep") is None else "the budget does not reach it"
        why = f"it is in no cluster, and {policy}; the nearest kept clip is {near}"
    elif found.reason == Kept.DUPLICATE:
        why = f"it is a duplicate of {near}{_fate(representative)}"
    elif found.cluster == NOISE:
        why = f"it is in no cluster, and the selector chose others of those; the nearest kept clip is {near}"
    elif found.representative is None:
        why = "the budget does not reach it, and all that is kept are other performances of its work"
    elif representative and representative["cluster"] != found.cluster and config.get("versions") == KEEP_VERSIONS:
        why = (
            f"the budget does not reach it; of its cluster, {found.cluster}, at most other performances of its work "
            f"are kept, and the nearest clip beside those is {near}"
        )
    elif representative and representative["cluster"] != found.cluster:
        why = f"nothing of its cluster, {found.cluster}, is kept; the nearest kept clip is {near}"
    else:
        why = f"in cluster {found.cluster} it is covered by {near}"
    return f"{found.path} is not in {found.view}: {why}."


def _fate(representative: dict[str, Any] | None) -> str:
    """Return what to add of a representative that is not kept either."""
    return f", which is itself {representative['reason']}" if representative and not representative["kept"] else ""


def _why_version(
    found: Explanation, work: str | None, representative: dict[str, Any] | None, config: dict[str, Any]
) -> str:
    """Return why a clip is left to another one of its work."""
    why = f"of its work, {work!r}, one clip stays (versions='one-per-work'): {_near(found, config)}"
    return f"{found.path} is not in {found.view}: {why}{_fate(representative)}."


def _why_leaked(found: Explanation, split: str | None, config: dict[str, Any]) -> str:
    """Return why a clip is left to another split."""
    why = f"it is a duplicate of {_near(found, config)} in split {split!r}, which keeps it (leakage='keep-test')"
    return f"{found.path} is not in {found.view}: {why}."


def _near(found: Explanation, config: dict[str, Any]) -> str:
    """Return who stands for a clip, and how near that is."""
    if not found.representative:
        return "none" if config.get("versions") != KEEP_VERSIONS else "none, but for other performances of its work"
    by_segments = config.get("match") == "best-pair" and found.reason in (Kept.DUPLICATE, Kept.LEAKAGE, Kept.VERSION)
    cosine = "cosine of their nearest segments" if by_segments else "cosine"
    return f"{found.representative_path} ({cosine} {found.similarity:.3f})"


def _way_back(found: Explanation) -> str:
    """Return at which budget a pruned clip would come back."""
    if found.budget is None or found.budget_share is None:
        return ""
    gain = "" if found.gain is None else f", for a gain of {found.gain:.2g}"
    return (
        f" It would come back at a budget of {found.budget} of {found.ranked} clips ({found.budget_share:.1%}){gain}."
    )
