"""The store: a folder or a URI that holds everything. Opens it, and puts the verbs of this room behind one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from ..audio.limits import Limits
from ..errors import NotFound, UsageError
from ..progress import Progress, silent
from ..schemas.clip import CLIPS, Clip, Source, Status
from ..schemas.cluster import ClusterRun
from ..schemas.decision import Decision
from ..schemas.format import MARKER
from ..schemas.view import ALL, ViewInfo
from . import clusters, decisions, spaces, undoing, vectors, views
from .files import private_folder
from .keys import rows_of
from .known import CLIPS_TABLE
from .making import make_store
from .migrating import migrate
from .places import place_of
from .remote.mirror import fetched
from .tables import Tables
from .where import all_of, check_where

if TYPE_CHECKING:
    from ..encoders.base import Encoder
    from ..schemas.vector import Float32, Space, Vectors
    from .blob_writing import BlobReport
    from .embedding import EmbedReport
    from .ingest import AddReport
    from .shards import Workers

USABLE = f"status != '{Status.BAD}'"


class Store:
    """A store at a folder or a URI. Cheap to make and to pickle: nothing is opened before it is used.

    place: where it is. path: where the files beside its tables are, the same folder or the mirror of the URI.
    """

    def __init__(self, place: str | Path) -> None:
        self.tables = Tables(place)
        self.path, self.place = self.tables.folder, self.tables.place
        self.migrated_from: int | None = None
        """The format version that the store was of until it was opened as this object, None where it is of it still."""
        self.kept: dict[object, object] = {}
        """What rooms above keep open for as long as this object lives. Never pickled."""
        self.workers: Workers | None = None
        """Who does long work in shards, None: this process. Never pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.place,)

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True) -> Self:
        """Return the store at `path`, a folder or a URI, making it there if `create` and there is none. One of an
        earlier format is brought up to this one (store/migrating.py).

        Raises NotFound, UsageError where `path` is something else, Damaged for an unknown or newer format, StorageError
        for an earlier one that may not be written to.
        """
        store = cls(path)
        if not fetched(store.path / MARKER).is_file():
            if not create:
                says = "is not an echodex store; `echodex add` makes one, --store names one elsewhere"
                raise NotFound(f"{store.place} {says}")
            make_store(store.tables)
            store = cls(path)
        store.migrated_from = migrate(store.path)
        return store

    # ------------------------------------------------------------------------------------------ writing

    def add_sources(
        self,
        sources: Sequence[Source],
        *,
        embed: Encoder | None = None,
        limits: Limits | None = None,
        progress: Progress = silent,
    ) -> AddReport:
        """Add sources; with `embed`, their waveforms go to that encoder in the same pass, so that `embed_with` has
        less to do. Workers make no such pass.
        """
        from .embedding import listener
        from .ingest import add_sources

        told = listener(self.tables, embed) if embed and not self.workers else None
        asked = limits or Limits()
        return add_sources(self.tables, sources, limits=asked, listener=told, progress=progress, workers=self.workers)

    def embed_with(
        self,
        encoder: Encoder,
        *,
        view: str | None = None,
        where: str | None = None,
        refit: bool = False,
        progress: Progress = silent,
    ) -> EmbedReport:
        """Give every usable clip (of a view, that `where` selects) a vector under `encoder`."""
        from ..encoders.base import RowEncoder
        from .derived import embed_rows
        from .embedding import embed_clips, nothing_to_embed
        from .reading import with_audio

        wanted = self.clips(["clip_id", "channels"], view=view, where=where)
        if isinstance(encoder, RowEncoder):
            return embed_rows(self.tables, encoder, wanted.column(0), progress=progress)
        clips = self.sources(with_audio(wanted))
        if not clips:
            raise nothing_to_embed(self.place, len(wanted), encoder)
        clips.sort(key=lambda clip: clip.path)  # neighbours on disk are read together
        return embed_clips(self.tables, encoder, clips, refit=refit, progress=progress, workers=self.workers)

    def import_vectors(self, name: str, path: str | Path, ids: str | Path | None = None) -> tuple[Space, int]:
        """Add ready-made vectors as the space `name`; return it and how many were new. See store/importing.py."""
        from .importing import import_vectors

        return import_vectors(self.tables, name, Path(path), Path(ids) if ids else None)

    def materialise(
        self,
        *,
        view: str | None = None,
        where: str | None = None,
        sample_rate_hz: int | None = None,
        features: str | None = None,
        progress: Progress = silent,
    ) -> BlobReport:
        """Write the waveforms of the usable clips (of a view, that `where` selects) at a rate (None: 22,050 Hz) into a
        table that loaders read crops from; with features="cqt" constant-Q frames instead. Goes on where it was stopped.

        See store/materialising.py and store/frames/compute.py.
        """
        from .frames.compute import COMPUTED, compute_frames
        from .materialising import materialise
        from .reading import audio_clips

        if features is None:
            clips = audio_clips(self, view=view, where=where)
            rate_hz = 22_050 if sample_rate_hz is None else sample_rate_hz
            return materialise(self.tables, clips, rate_hz, workers=self.workers, progress=progress)
        if features != COMPUTED:
            raise UsageError(f"features {features[:80]!r} cannot be made from audio; there is {COMPUTED}")
        if sample_rate_hz is not None:
            raise UsageError(f"features {COMPUTED} have a rate of their own; leave out the rate")
        return compute_frames(self, features, view=view, where=where, progress=progress)

    def remove(self, clip_ids: Sequence[str]) -> int:
        """Delete clips, their vectors and waveforms; return how many. Saved views keep what they were made from.

        Raises NotFound naming an unknown id; nothing is removed then. See store/removing.py.
        """
        from .removing import remove_clips

        return remove_clips(self.tables, clip_ids)

    # ------------------------------------------------------------------------------------------ reading

    def clips(
        self,
        columns: Sequence[str],
        *,
        view: str | None = None,
        where: str | None = None,
        clip_ids: Sequence[str] | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Return columns of the usable clips (kept by a view, that `where` selects), sorted by clip id.

        With `clip_ids`, only those of them are read; an id that is no usable clip is left out. A view is read as it was
        saved: from the version of the clips table that its tag holds; anything else from `version`, None for the
        newest.
        """
        rows = self._usable(list(dict.fromkeys(["clip_id", *columns])), view, where, clip_ids, version)
        return rows.sort_by("clip_id").select(list(columns))

    def sources(self, clip_ids: Sequence[str], *, view: str | None = None) -> list[Clip]:
        """Return where the audio of each clip is, in the given order: of several places the first whose file is as it
        was, else the first that exists.

        With `view`, clips that were removed since it was saved are found too. Raises NotFound naming an unknown id.
        """
        rows = self._rows_by_id(clip_ids, None)
        info = self._named(view)
        if info and len(rows) < len(set(clip_ids)):
            gone = [clip_id for clip_id in clip_ids if clip_id not in rows]
            rows |= self._rows_by_id(gone, info.version_of(CLIPS_TABLE))
        unknown = next((clip_id for clip_id in clip_ids if clip_id not in rows), None)
        if unknown is not None:
            raise NotFound(f"clip {unknown[:80]!r} is not in {self.place} (echodex status counts what is)")
        return [place_of(rows[clip_id]) for clip_id in clip_ids]

    def spaces(self) -> list[Space]:
        """Return all spaces, oldest first."""
        return spaces.list_spaces(self.tables)

    def space(self, name: str | None = None) -> Space:
        """Return a space by its name, or the newest of an encoder by the encoder's; None: the newest of all."""
        return spaces.find_space(self.tables, name)

    def encoder(self, space: Space) -> Encoder:
        """Return the encoder of a space, rebuilt from the weights that the store keeps."""
        return spaces.load_encoder(self.path, space)

    def vectors(
        self, space: str | None = None, *, view: str | None = None, where: str | None = None, normalise: bool = True
    ) -> Vectors:
        """Return one vector per usable clip (kept by a view, that `where` selects) of a space that has one, sorted by
        clip id: of unit length, or as it is stored. A view is read at the version that it was saved from.
        """
        found = self.space(space)
        info = self._named(view)
        table = spaces.table_of(found)
        wanted = self._usable(["clip_id"], view, where).column("clip_id")
        version = info.version_of(table) if info else None
        return vectors.read_pooled(self.tables, found, wanted, version, normalise=normalise)

    def versions(self, space: Space, *, view: str | None = None) -> dict[str, int]:
        """Return by name at which version the clips table and that of a space are read now: the newest, or the one that
        a view holds.

        Read at these, both stay what they are while others write.
        """
        info = self._named(view)
        held = {name: info.version_of(name) if info else None for name in (CLIPS_TABLE, spaces.table_of(space))}
        return {name: self.tables.version(name) if version is None else version for name, version in held.items()}

    def segments(self, space: str | None, clip_ids: Sequence[str]) -> tuple[list[str], Float32, Float32]:
        """Return every segment of `clip_ids`, in that order: clip id [s], start_s float32[s], raw vectors
        float32[s, d].
        """
        found = vectors.read_segments(self.tables, self.space(space), clip_ids)
        return found.clip_ids.to_pylist(), found.starts_s, found.matrix

    def cluster_rows(self, space: str | None = None, run: int | None = None) -> pa.Table:
        """Return label, probability and outlier score per clip (schemas.cluster.CLUSTER_ROWS) of a clustering run.

        run: its number; None: the last of the space.
        """
        return clusters.run_rows(self.tables, clusters.find_run(self.tables, self.space(space), run))

    def cluster_runs(self, space: str | None = None) -> list[ClusterRun]:
        """Return the clustering runs of a space, oldest first."""
        return clusters.list_runs(self.tables, self.space(space))

    def drop_cluster_run(self, run: int, space: str | None = None) -> ClusterRun:
        """Remove a clustering run by its number; return what it was. Raises NotFound."""
        found = clusters.find_run(self.tables, self.space(space), run)
        clusters.drop_run(self.tables, found)
        return found

    # ------------------------------------------------------------------------------------------ views

    def views(self) -> list[ViewInfo]:
        """Return every version of every view."""
        return views.list_views(self.tables)

    def view(self, name: str) -> ViewInfo:
        """Return the registry entry of "lean" (its newest version) or "lean@2"."""
        return views.find_view(self.tables, name)

    def view_rows(self, info: ViewInfo) -> pa.Table:
        """Return the rows of a view (schemas.view.VIEW_ROWS), sorted by clip id."""
        return views.view_rows(self.tables, info)

    def save_view(
        self,
        name: str,
        rows: pa.Table,
        recipe: dict[str, Any],
        space: Space | None,
        versions: Mapping[str, int] | None = None,
    ) -> ViewInfo:
        """Write rows as the next version of view `name`; versions: of the tables that they were worked out from."""
        return views.save_view(self.tables, name, rows, recipe, space, versions)

    def delete_view(self, name: str) -> list[ViewInfo]:
        """Delete "lean@2", or every version of "lean"; return what was deleted. Raises UsageError where a run stands on
        one of them.
        """
        return undoing.delete_named(self.tables, name)

    def undo(self, name: str) -> ViewInfo | None:
        """Take back the last save of view `name`; return the version it is again, if any. See store/undoing.py."""
        return undoing.undo_save(self.tables, name)

    # ------------------------------------------------------------------------------------------ decisions

    def decide(self, kind: str, clip_id: str, other: str | None = None, note: str = "") -> Decision:
        """Note that a clip is to stay ("pin") or stands for its duplicates ("representative"), or that it is no
        duplicate of `other` ("distinct"); return the decision, which `prune` and `duplicates` heed from now on.

        Deciding the same twice returns the decision that stands. Of representatives near each other the last one chosen
        counts, so that one that is chosen again after others is noted anew. A decision about a clip that is removed
        later does not count. Raises UsageError, or NotFound for an unknown clip.
        """
        return decisions.decide(self.tables, kind, clip_id, other, note)

    def decisions(self, undone: bool = False) -> list[Decision]:
        """Return the decisions that stand, with `undone` also those that were taken back, oldest first."""
        return decisions.list_decisions(self.tables, undone=undone)

    def undo_decision(self, decision_id: str) -> Decision:
        """Take a decision back; return it. Saved views stay what they are. Raises NotFound."""
        return decisions.undo_decision(self.tables, decision_id)

    def folder(self, *parts: str) -> Path:
        """Return a folder of the store for files beside the tables, made private if it is not there."""
        return fetched(private_folder(self.path.joinpath(*parts)))

    def beside(self, *parts: str, only: str = "*") -> Path:
        """Return a file or folder beside the tables as it is by now, whether there is one or not; see `fetched`."""
        return fetched(self.path.joinpath(*parts), only)

    def _usable(
        self,
        columns: list[str],
        view: str | None,
        where: str | None,
        clip_ids: Sequence[str] | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Return columns, clip_id among them, of the usable clips in any order."""
        info = self._named(view)
        version = info.version_of(CLIPS_TABLE) if info else version
        selected = all_of(USABLE, check_where(where, CLIPS) if where else None)
        if clip_ids is None:
            rows = self.tables.scan(CLIPS_TABLE, columns, where=selected, version=version)
        else:
            rows = rows_of(self.tables, CLIPS_TABLE, columns, clip_ids, where=selected, version=version)
        if info:
            rows = rows.filter(pc.is_in(rows.column("clip_id"), value_set=views.kept_ids(self.tables, info)))
        return rows

    def _rows_by_id(self, clip_ids: Sequence[str], version: int | None) -> dict[str, dict[str, Any]]:
        columns = ["clip_id", "uris", "mtimes_ns", "size_bytes", "offset_s", "duration_s"]
        rows = rows_of(self.tables, CLIPS_TABLE, columns, clip_ids, version=version)
        return {row["clip_id"]: row for row in rows.to_pylist()}

    def _named(self, view: str | None) -> ViewInfo | None:
        return None if view in (None, ALL) else self.view(str(view))
