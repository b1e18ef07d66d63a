"""Building an index: read the space, train, add, find the effort that reaches the recall asked for, write it all."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...errors import NotFound, UsageError
from ...progress import Progress, say, silent
from ...schemas.manifest import CLIP, SEGMENT, IndexManifest, Recipe
from ...schemas.vector import Float32, Space
from ...store.lock import writer_lock
from ...store.names import check_name
from ...store.shards import Workers
from ...store.spaces import table_of
from ...store.vectors import read_all_segments, read_pooled
from ...store.where import equals
from ..kinds.base import Kind
from ..kinds.presets import PRESETS
from ..kinds.registry import build_kind
from ..metric import Metric, prepared
from .choose import choose
from .device import gpu_count, resolve_device, to_cpu, to_device
from .filling import can_merge, fill_by
from .mapped import lists_at
from .rowids import id_table
from .shelf import UNSEALED, Shelf
from .tune import HeldOut, Measured, hold_out, measure, tune

if TYPE_CHECKING:
    from ...store.store import Store

RECALL = 0.95
ADD_ROWS = 65_536
AUTO = "auto"
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class BuildConfig:
    """What to build. kind: a registered kind, a preset, or "auto" (indexing/index/choose.py); settings: of the kind.

    metric: cosine, ip or l2, by default cosine or the preset's; level: CLIP or SEGMENT; recall: recall@10 to tune the
    effort for, None: RECALL, or the published effort of a preset; name: by default made from the rest; device: auto,
    cpu or cuda; deletes: whether clips will be removed often ("auto" only).
    """

    kind: str = AUTO
    settings: Mapping[str, Any] = field(default_factory=dict)
    metric: str | None = None
    level: str = CLIP
    recall: float | None = None
    name: str | None = None
    device: str = "auto"
    deletes: bool = True


@dataclass(frozen=True)
class Built:
    """An index as it was written, and why it is of this kind ("" where its kind was asked for)."""

    manifest: IndexManifest
    reason: str


@dataclass(frozen=True)
class _Feed:
    """What an index is made from: prepared vectors float32[n, d] and the table of RowIds that names their rows."""

    matrix: Float32
    ids: pa.Table
    version: int


def shelf_of(store: Store, space: Space) -> Shelf:
    """Return the shelf of a space, whose folder is made when the first index is put there: a store that may only be
    read has none.
    """
    return Shelf(store.path / "indexes" / space.name)


def build_index(store: Store, config: BuildConfig, *, space: str | None = None, progress: Progress = silent) -> Built:
    """Build an index over a space and keep it. Raises UsageError for what cannot be built, NotFound for no vectors."""
    found = store.space(space)
    recipe, reason = recipe_of(config, rows_at(store, found, config.level), found.dim)
    draft = draft_index(store, found, recipe, device=config.device, progress=progress)
    return Built(keep_index(store, found, draft), reason)


@dataclass(frozen=True)
class Draft:
    """An index in memory (a faiss.Index on the CPU), its rows, and its manifest but for what depends on the files."""

    manifest: IndexManifest
    index: Any
    ids: pa.Table

    def put(self, shelf: Shelf) -> IndexManifest:
        """Write it to a shelf."""
        return shelf.put(self.manifest, self.write, self.ids, lists_at)

    def write(self, path: Path) -> None:
        """Write the index to a file by Python: FAISS, where the end of one finds no room, only prints that."""
        import faiss

        with path.open("wb") as file:
            writer = faiss.PyCallbackIOWriter(file.write, _PIECE_BYTES)  # type: ignore[attr-defined]  # has no stub
            faiss.write_index(self.index, writer)


def draft_index(
    store: Store, space: Space, recipe: Recipe, *, device: str = "auto", progress: Progress = silent
) -> Draft:
    """Build the index of a recipe over a space as it is now, in memory."""
    started = time.monotonic()
    kind = build_kind(recipe.kind, recipe.settings)
    where = resolve_device(device)
    feed = _feed(store, space, recipe)
    held = hold_out(feed.matrix, Metric(recipe.metric))
    index = _trained(feed.matrix, kind, recipe, held.own, where, progress)
    index = _filled(index, feed.matrix, progress, store.workers)
    progress("tune", 0, None)
    measured = _measured(index, kind, held, recipe)
    manifest = IndexManifest(
        recipe=recipe,
        dim=space.dim,
        ntotal=len(feed.matrix),
        space=space.name,
        space_identity=space.identity,
        table_version=feed.version,
        effort=measured.effort,
        recall=measured.recall,
        recall_k=measured.k,
        recall_queries=measured.queries,
        built_s=round(time.monotonic() - started, 3),
        built_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        faiss_version=library_version(),
        index_file="",
        ids_file="",
        index_seal=UNSEALED,
        ids_seal=UNSEALED,
        lists_at=0,
    )
    return Draft(manifest, to_cpu(index), feed.ids)


def keep_index(store: Store, space: Space, draft: Draft) -> IndexManifest:
    """Write an index to its space's shelf, in place of one of the same name; return its manifest. Raises StorageError.

    The version of the table that it was built at is tagged, so that it stays and what changed since can be told.
    """
    written = draft.put(shelf_of(store, space))
    with writer_lock(store.path):
        store.tables.tag(table_of(space), tag_of(written.name), written.table_version)
    return written


def drop_index(store: Store, space: Space, name: str) -> None:
    """Remove an index, and its tag, in one step as far as other writers can see. Raises NotFound."""
    with writer_lock(store.path):
        shelf_of(store, space).drop(name)
        store.tables.untag(table_of(space), tag_of(name))


def library_version() -> str:
    """Return the version of FAISS, importing it."""
    import faiss

    return str(faiss.__version__)


def tag_of(name: str) -> str:
    """Return the tag that keeps the version an index was built at: what changed since is told by comparing with it."""
    return f"index-{name}"


def rows_at(store: Store, space: Space, level: str) -> int:
    """Return how many rows an index of a level has: the segments of a space, or its clips, of which each has a first
    segment.
    """
    return store.tables.count(table_of(space), where=equals("segment", 0) if level == CLIP else None)


def recipe_of(config: BuildConfig, n: int, dim: int) -> tuple[Recipe, str]:
    """Return what `config` means for n vectors of length `dim`, and why."""
    if config.level not in (CLIP, SEGMENT):
        raise UsageError(f"an index is of level {CLIP} or {SEGMENT}, not {config.level!r}")
    if config.recall is not None and not 0 < config.recall <= 1:
        raise UsageError(f"recall is a share above 0, up to 1, not {config.recall}")
    kind, settings, effort, reason, metric = config.kind, dict(config.settings), 0, "", config.metric
    if kind == AUTO:
        gpu = config.device != "cpu" and gpu_count() > 0
        choice = choose(n, dim, memory_bytes=_memory_bytes(), deletes=config.deletes, level=config.level, gpu=gpu)
        kind, settings, reason = choice.kind, {**choice.settings, **settings}, choice.reason
    elif kind in PRESETS:
        preset = PRESETS[kind]
        kind, settings = preset.kind, {**preset.settings, **settings}
        effort, metric = preset.effort if config.recall is None else 0, metric or str(preset.metric)
    chosen = Metric.of(metric or Metric.COSINE)
    build_kind(kind, settings)  # a setting that does not exist is told before the space is read
    parts = [config.kind if config.kind in PRESETS else kind]
    parts += [str(chosen)] if chosen is not Metric.COSINE and config.kind not in PRESETS else []
    parts += ["segments"] if config.level == SEGMENT else []
    name = check_name(config.name or "-".join(parts), "index")
    ours = config.kind == AUTO and config.deletes and not config.name and not config.settings  # nothing said of it
    return Recipe(name, kind, settings, str(chosen), config.level, config.recall or RECALL, effort, ours), reason


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _feed(store: Store, space: Space, recipe: Recipe) -> _Feed:
    version = store.tables.version(table_of(space))
    metric = Metric(recipe.metric)
    if recipe.level == CLIP:
        pooled = read_pooled(store.tables, space, None, version, normalise=metric is Metric.COSINE)
        feed = _Feed(pooled.matrix, id_table(pooled.clip_ids), version)
    else:
        rows = read_all_segments(store.tables, space, version)
        feed = _Feed(prepared(rows.matrix, metric), id_table(rows.clip_ids, rows.segments, rows.starts_s), version)
    if not len(feed.matrix):
        raise NotFound(f"space {space.name!r} holds no vectors; run `echodex embed {space.encoder}`")
    return feed


def _trained(
    matrix: Float32, kind: Kind, recipe: Recipe, held: NDArray[np.int64], device: str, progress: Progress
) -> Any:
    """Return the empty index, trained on rows spread over all that are not held out."""
    n, dim = matrix.shape
    index = to_device(kind.make(n, dim, Metric(recipe.metric)), kind, device)
    if not index.is_trained:
        progress("train", 0, None)
        others = np.setdiff1d(np.arange(n), held)
        rows = others if len(others) else np.arange(n)  # so few that there is nothing to hold out
        wanted = min(len(rows), kind.train_rows(n))
        index.train(matrix[rows[:: max(1, len(rows) // wanted)][:wanted]])
    return index


def _filled(index: Any, matrix: Float32, progress: Progress, workers: Workers | None) -> Any:
    """Return the index with all rows. workers: who adds them, where it is of a kind that can be merged."""
    n = len(matrix)
    if workers is not None:
        index = to_cpu(index)
        if can_merge(index):
            fill_by(workers, index, matrix, progress)
            return index
        say(progress, "this kind of index cannot be put together from parts: it is built by this machine")
    for start in range(0, n, ADD_ROWS):
        index.add(matrix[start : start + ADD_ROWS])
        progress("index", min(start + ADD_ROWS, n), n)
    return index


def _measured(index: Any, kind: Kind, held: HeldOut, recipe: Recipe) -> Measured:
    if recipe.effort:
        return measure(index, kind, recipe.effort, held)
    return tune(index, kind, held, recipe.target)
