"""What echodex found out about every clip, as columns to colour by: clusters, and what views say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...schemas.cluster import ClusterRun
from ...schemas.decision import Decision, Kind
from ...schemas.view import ViewInfo
from ...store import clusters, views
from ...store.tables import Tables
from .single import once
from .snapshot import Snapshot
from .values import Column, Values, category, number

NOISE = "noise"
_WORDS = {Kind.PIN: "pinned", Kind.DISTINCT: "distinct", Kind.REPRESENTATIVE: "representative"}

Read = Callable[[], Mapping[str, Values]]


def cluster_columns(tables: Tables, snapshot: Snapshot, run: ClusterRun) -> list[Column]:
    """Return the columns of a clustering run of the space."""

    def read() -> dict[str, Values]:
        rows = _aligned(snapshot, clusters.run_rows(tables, run))
        return {
            "cluster": _labels(rows.column("label")),
            "cluster_probability": number(rows.column("probability")),
            "cluster_outlier": number(rows.column("outlier_score")),
        }

    titles = {
        "cluster": ("cluster", "category"),
        "cluster_probability": ("how firmly in its cluster", "number"),
        "cluster_outlier": ("outlier score", "number"),
    }
    return _columns("clusters", titles, once(read))


def view_columns(tables: Tables, snapshot: Snapshot, info: ViewInfo) -> list[Column]:
    """Return what a view says of its clips: kept or pruned and why, cluster, rank, how near what stands for it is."""
    address = f"{info.name}@{info.version}"

    def read() -> dict[str, Values]:
        rows = _aligned(snapshot, views.view_rows(tables, info))
        return {
            f"view:{address}": _fates(rows),
            f"view_cluster:{address}": _labels(rows.column("cluster")),
            f"view_rank:{address}": number(rows.column("rank")),
            f"view_similarity:{address}": number(rows.column("similarity")),
        }

    titles = {
        f"view:{address}": (address, "category"),
        f"view_cluster:{address}": (f"{address}: cluster", "category"),
        f"view_rank:{address}": (f"{address}: rank", "number"),
        f"view_similarity:{address}": (f"{address}: similarity to its representative", "number"),
    }
    return _columns("view", titles, once(read))


def decision_columns(snapshot: Snapshot, decisions: Sequence[Decision]) -> list[Column]:
    """Return what people decided about clips; nothing where they decided nothing."""
    if not decisions:
        return []
    return [Column("decision", "decision", "category", "decisions", lambda: _decided(snapshot, decisions))]


def kept_of(fates: Values) -> NDArray[np.bool_]:
    """Return bool[n]: which clips a view keeps, by the first of its columns."""
    return np.asarray(np.array(fates.header["kept"], dtype=np.bool_)[fates.array])


def _decided(snapshot: Snapshot, decisions: Sequence[Decision]) -> Values:
    """Return what was decided about each clip; of one that several things were, all of them."""
    kinds: dict[str, set[str]] = {}
    for made in decisions:
        for clip_id in (made.clip_id, made.other):
            if clip_id is not None:
                kinds.setdefault(clip_id, set()).add(_WORDS[Kind(made.kind)])
    texts = np.full(len(snapshot), None, dtype=object)
    for row, said in zip(snapshot.rows_of(list(kinds)).tolist(), kinds.values(), strict=True):
        if row >= 0:
            texts[row] = ", ".join(sorted(said))
    return category(pa.array(texts, pa.string()))


def _columns(group: str, titles: Mapping[str, tuple[str, str]], read: Read) -> list[Column]:
    """Return columns that are all read when the first of them is asked for: their rows are gone through once."""
    return [Column(name, title, kind, group, _one(read, name)) for name, (title, kind) in titles.items()]


def _one(read: Read, name: str) -> Callable[[], Values]:
    return lambda: read()[name]


def _aligned(snapshot: Snapshot, rows: pa.Table) -> pa.Table:
    """Return rows with a clip id each as one row a clip of the snapshot; null where it has none."""
    places = pc.index_in(snapshot.ids, value_set=rows.column("clip_id").combine_chunks())
    wanted = [name for name in rows.column_names if name not in ("clip_id", "representative")]  # ids take the most room
    return rows.select(wanted).take(places)


def _labels(labels: pa.ChunkedArray) -> Values:
    """Return clusters by number; -1 is noise, and -2, where nothing was clustered, none."""
    names = pc.if_else(pc.equal(labels, -1), NOISE, labels.cast(pa.string()))
    return category(pc.if_else(pc.less(labels, -1), None, names))


def _fates(rows: pa.Table) -> Values:
    """Return "kept: why" or "pruned: why"; header: also `kept`, which of the names say that a clip is kept.

    Clips that were not in the view's source have none.
    """
    fate = pc.if_else(rows.column("kept"), "kept", "pruned")
    found = category(pc.binary_join_element_wise(fate, rows.column("reason"), ": "))
    kept = [name.startswith("kept: ") for name in found.header["names"]]
    return Values(found.array, {**found.header, "kept": kept})
