"""Why a clip is in a view, or not: in fields, and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from ..errors import NotFound
from ..indexing.places import clip_of
from ..schemas.view import Kept

if TYPE_CHECKING:
    import pyarrow as pa

    from ..store.store import Store


@dataclass(frozen=True)
class Explanation:
    """What a view says of one clip.

    view: "name@version"; rank: its place in the order of what to keep first, of `ranked` clips, None where it was not
    ranked; cluster: -1 for noise, -2 where nothing was clustered; representative: the clip that stands for it, at
    cosine `similarity` (itself for a kept clip, None where there is none); gain: what the selector gains by it, None
    where it gave none; stands_for: how many pruned clips it stands for; sentence: all that in words.
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
    representative = row["representative"] or clip_id
    paths = [source.path for source in store.sources([clip_id, representative])]
    stood_for = rows.filter(pc.and_(pc.equal(rows.column("representative"), clip_id), pc.invert(rows.column("kept"))))
    above = _row(rows, representative) if not row["kept"] else None
    ranked = len(rows) - rows.column("rank").null_count
    return Explanation(
        clip_id=clip_id,
        path=paths[0],
        view=address,
        kept=row["kept"],
        reason=row["reason"],
        cluster=row["cluster"],
        rank=row["rank"],
        ranked=ranked,
        representative=row["representative"],
        representative_path=paths[1] if row["representative"] else None,
        similarity=row["similarity"],
        gain=row["gain"],
        stands_for=len(stood_for),
        sentence=_sentence(row, paths, address, len(stood_for), above) + _return(row, ranked),
    )


def _row(rows: pa.Table, clip_id: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = rows.filter(pc.equal(rows.column("clip_id"), clip_id)).to_pylist()
    return found[0] if found else None


def _sentence(row: dict[str, Any], paths: list[str], view: str, stands_for: int, above: dict[str, Any] | None) -> str:
    """Return the sentence. paths: of the clip and of what stands for it; above: the latter's row, for a pruned clip."""
    name, other = paths
    near = f"{other} (cosine {row['similarity']:.3f})" if row["representative"] else "no clip at all"
    if row["kept"]:
        why = {
            Kept.SELECTED: f"the selector chose it in cluster {row['cluster']}",
            Kept.NOISE: "it is in no cluster, and noise is kept",
            Kept.UNTOUCHED: "it is not of the split that was pruned",
        }[Kept(row["reason"])]
        also = f", where it stands for {stands_for} clips that are left out" if stands_for else ""
        return f"{name} is in {view}: {why}{also}."
    if row["reason"] == Kept.NO_VECTOR:
        return f"{name} is not in {view}: it had no vector, so nobody could tell whether it is redundant."
    if row["reason"] == Kept.NOISE:
        return f"{name} is not in {view}: it is in no cluster, and noise is pruned; the nearest kept clip is {near}."
    if row["reason"] == Kept.DUPLICATE:
        chain = f", which is itself {above['reason']}" if above and not above["kept"] else ""
        return f"{name} is not in {view}: it is a duplicate of {near}{chain}."
    return f"{name} is not in {view}: in cluster {row['cluster']} it is covered by {near}."


def _return(row: dict[str, Any], ranked: int) -> str:
    """Return at which budget a pruned clip would come back."""
    if row["kept"] or row["rank"] is None:
        return ""
    gain = "" if row["gain"] is None else f", for a gain of {row['gain']:.2g}"
    return f" It would come back at a budget of {row['rank'] + 1} of {ranked} clips{gain}."
