"""A store with every verb. Each method is one call into the room that does the work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import UsageError
from ..progress import Progress, silent
from .spread import SpreadStore

if TYPE_CHECKING:
    from ..audio.limits import Limits
    from ..indexing.distance import Distance
    from ..indexing.identify_all import BatchReport
    from ..indexing.index.build import Built
    from ..schemas.cluster import ClusterRun
    from ..schemas.graph import Graph, GraphManifest
    from ..schemas.hit import DuplicateGroup, Hit, Match
    from ..schemas.manifest import IndexManifest
    from ..schemas.vector import Float32
    from ..store.embedding import EmbedReport
    from ..store.ingest import AddReport
    from ..store.status import StoreStatus
    from ..training.audition import Audition
    from .runs import Run
    from .views import Plan, View


class Store(SpreadStore):
    """A store with all verbs. `echodex.open` makes one."""

    def add(
        self,
        *paths: str | Path,
        labels: str | Path | None = None,
        label_column: str | None = None,
        dataset: str | None = None,
        root: str | Path | None = None,
        download: bool = False,
        embed: str | None = None,
        limits: Limits | None = None,
        progress: Progress = silent,
        **settings: Any,
    ) -> AddReport:
        """Add files and folders (none: those that `labels` lists); with `embed`, embed them in the same pass.

        labels: a CSV with a `path` column, see docs/formats.md. dataset: a published data set in the folder `root`
        instead, with its own `settings`; `download` fetches what is not there, see docs/datasets.md. Passes over what
        it knows; safe to interrupt and repeat.
        """
        from ..store.datasets.adding import add_listing
        from ..store.datasets.notes import note_dataset
        from ..store.datasets.prepare import prepare
        from ..store.sources import LabelsFile, gather
        from ..training.trained import find_encoder

        listing = None
        if dataset is not None or root is not None or download or settings:
            if dataset is None or root is None or paths or labels:
                odd = f"; {', '.join(settings)} can only be its settings" if settings else ""
                raise UsageError(f"a data set is added by its name and its root, without paths and labels{odd}")
            listing = prepare(dataset, root, download=download, settings=settings, progress=progress)
            note_dataset(self.path, listing)
        encoder = find_encoder(self, embed, {}, progress=progress) if embed else None
        if listing:
            report = add_listing(self, listing, embed=encoder, limits=limits, progress=progress)
        else:
            said = LabelsFile(Path(labels), label_column).load() if labels else None
            sources = list(gather(paths, said))
            report = self.add_sources(sources, embed=encoder, limits=limits, progress=progress)
            if said:
                report.unmatched_labels = len(said.by_path.keys() - {source.path for source in sources})
        if encoder:
            report.problems += self.embed_with(encoder, progress=progress).problems
        return report

    def add_features(
        self,
        kind: str,
        *paths: str | Path,
        limits: Limits | None = None,
        progress: Progress = silent,
        **settings: Any,
    ) -> AddReport:
        """Add files of features that somebody else computed: clips without audio, and what the files hold.

        kind: "datacos", a space of rows (settings: store/features/datacos.py), or "cqt", frames for networks of
        versions (h5_root, mm_root and others: store/features/cqt/kind.py). Passes over what it knows; safe to
        interrupt and repeat.
        """
        from ..audio.limits import Limits
        from ..store.features.adding import add_features

        asked = limits or Limits()
        return add_features(self.tables, kind, paths, settings=settings, limits=asked, progress=progress)

    def embed(
        self,
        encoder: str = "timbre",
        *,
        checkpoint: str | None = None,
        settings: Mapping[str, Any] | None = None,
        view: str | None = None,
        where: str | None = None,
        refit: bool = False,
        frames: str | None = None,
        progress: Progress = silent,
    ) -> EmbedReport:
        """Give every usable clip a vector by an encoder: a name, a checkpoint (file or URL), a YAML file, or what a
        finished run trained ("run:NAME").

        frames: those of that name in the place of audio, "cqt" for what `materialise` and `add_features` call so; for
        encoders of versions, see store/frames/embedding.py.
        """
        from ..store.frames.embedding import embed_frames
        from ..training.trained import find_encoder

        found = find_encoder(self, encoder, settings or {}, checkpoint, progress=progress)
        if frames is not None:
            return embed_frames(self, found, frames, view=view, where=where, progress=progress)
        return self.embed_with(found, view=view, where=where, refit=refit, progress=progress)

    def similar(
        self,
        query: str | Path | Float32,
        *,
        k: int = 10,
        space: str | None = None,
        view: str | None = None,
        where: str | None = None,
        index: str | None = None,
        match: str = "mean",
        progress: Progress = silent,
        **matching: Any,
    ) -> list[Hit]:
        """Return the `k` clips most similar to a clip id, an audio file or a vector float32[dim].

        match: "mean" compares a vector a clip, the mean of its segments; "versions" compares clips as sets of segments,
        as other performances of a work are told. Settings of the latter, `redux` and `exact` among them:
        indexing.segment_sets.search.Matching.
        """
        from ..indexing.search import similar

        if match not in ("mean", "versions"):
            raise UsageError(f"match is mean or versions, not {match!r}")
        if match == "versions":
            from ..indexing.segment_sets.search import Matching, similar_versions

            if index is not None:
                raise UsageError("match versions takes the index of segments that was built last; leave out the index")
            asked = Matching(**matching)
            return similar_versions(self, query, asked, k=k, space=space, view=view, where=where, progress=progress)
        if matching:
            raise UsageError(f"{', '.join(matching)} can only be settings of match versions")
        return similar(self, query, k=k, space=space, view=view, where=where, index=index, progress=progress)

    def build_index(
        self, kind: str = "auto", *, space: str | None = None, progress: Progress = silent, **settings: Any
    ) -> Built:
        """Build a FAISS index over a space. kind: one, a preset, "auto". Settings: indexing.index.build.BuildConfig."""
        from ..indexing.index.build import BuildConfig, build_index

        config = BuildConfig(kind, **settings)
        return build_index(self, config, space=space, progress=progress)

    def indexes(self, *, space: str | None = None) -> list[IndexManifest]:
        """Return the indexes of a space, the last built first."""
        from ..indexing.index.build import shelf_of

        return shelf_of(self, self.space(space)).manifests()

    def drop_index(self, name: str, *, space: str | None = None) -> None:
        """Remove an index or a kNN graph; it can always be built again."""
        from ..indexing.kept import drop

        drop(self, name, space=space)

    def graphs(self, *, space: str | None = None) -> list[GraphManifest]:
        """Return the kNN graphs of a space, by name."""
        from ..indexing.kept import graphs

        return graphs(self, space=space)

    def knn_graph(self, k: int = 15, *, space: str | None = None, **settings: Any) -> Graph:
        """Return the `k` nearest others of every clip, kept for later. Settings: indexing.graph.knn_graph."""
        from ..indexing.graph import knn_graph

        return knn_graph(self, space, k, **settings)

    def identify(
        self,
        query: str | Path | BinaryIO,
        *,
        limit: int | None = None,
        space: str | None = None,
        progress: Progress = silent,
        **asked: Any,
    ) -> list[Match]:
        """Return which stretches of clips play where in an audio file of any length, or an open binary file.

        asked: view, where, min_score and phases, see indexing.sequence.finder.Asked.
        """
        from ..indexing.identify import identify
        from ..indexing.sequence.finder import Asked

        return identify(self, query, Asked(**asked), space=space, limit=limit, progress=progress)

    def identify_all(
        self,
        queries: Sequence[str | Path],
        out: str | Path,
        *,
        space: str | None = None,
        progress: Progress = silent,
        **asked: Any,
    ) -> BatchReport:
        """Answer many audio files into the folder `out`, see indexing.sequence.batch; goes on where it was stopped.

        asked: as in `identify`.
        """
        from ..indexing.identify_all import identify_all
        from ..indexing.sequence.finder import Asked

        return identify_all(self, list(map(str, queries)), out, Asked(**asked), space=space, progress=progress)

    def identify_stream(
        self, blocks: Iterable[Float32], sample_rate_hz: int, *, space: str | None = None, **asked: Any
    ) -> Iterator[Match]:
        """Yield what plays in a stream of waveforms float32[n], mono: each match once, as soon as it is sure.

        asked: as in `identify`.
        """
        from ..indexing.identify_all import identify_stream
        from ..indexing.sequence.finder import Asked

        return identify_stream(self, blocks, sample_rate_hz, Asked(**asked), space=space)

    def duplicates(
        self,
        *,
        space: str | None = None,
        view: str | None = None,
        where: str | None = None,
        progress: Progress = silent,
        **settings: Any,
    ) -> list[DuplicateGroup]:
        """Return the star groups of clips that are the same recording; verify="audio" aligns the waveforms of each
        pair. In a space of fingerprints (by="segments"), the groups of clips that share audio, and which stretches.
        Settings: indexing.groups.config.DuplicatesConfig (min_score, verify, by, decisions).
        """
        from ..indexing.duplicates import duplicates
        from ..indexing.groups.config import DuplicatesConfig

        config = DuplicatesConfig(**settings)
        return duplicates(self, config, space=space, view=view, where=where, progress=progress)

    def distance(self, a: str, b: str, *, space: str | None = None) -> Distance:
        """Return how far `a` is from `b`, each a clip (id or path) or a work: the mean Euclidean distance of vectors as
        they are stored.
        """
        from ..indexing.distance import distance

        return distance(self, a, b, space=space)

    def cluster(
        self,
        space: str | None = None,
        *,
        plot: str | Path | None = None,
        progress: Progress = silent,
        **settings: Any,
    ) -> ClusterRun:
        """Cluster a space, keep the labels. Settings: pruning.clustering.config.ClusterConfig; plot: a PNG to draw."""
        from ..pruning.cluster import ClusterConfig
        from ..pruning.clustering.runs import cluster_space

        return cluster_space(self, ClusterConfig(**settings), space=space, plot=plot, progress=progress)

    def prune(
        self,
        selector: str = "facility",
        *,
        space: str | None = None,
        view: str = "all",
        where: str | None = None,
        progress: Progress = silent,
        **settings: Any,
    ) -> Plan:
        """Return a plan of what to keep; nothing is written before it is saved. Settings: pruning.plan.PruneConfig."""
        from ..pruning.plan import PruneConfig, plan
        from .views import Plan

        config = PruneConfig(selector=selector, **settings)
        return Plan(self, plan(self, config, space=space, view=view, where=where, progress=progress))

    def view(self, name: str) -> View:
        """Return the view "lean" (its newest version) or "lean@2"."""
        from .views import view_of

        return view_of(self, super().view(name))

    def undo(self, name: str) -> View | None:
        """Take back the last save of view `name` ("lean@3": if it is that one); return the version it is again, None
        where that was its only one. Raises UsageError where a run stands on it.
        """
        from .views import view_of

        before = super().undo(name)
        return view_of(self, before) if before else None

    def run(self, name: str) -> Run:
        """Return a run by its name."""
        from ..training.run import load_run
        from .runs import run_of

        return run_of(self, load_run(self, name))

    def play(
        self,
        clip: str | Path,
        *,
        augment: str | None = None,
        out: str | Path | None = None,
        seed: int = 42,
        epoch: int = 0,
    ) -> Audition:
        """Write what training hears of a clip (id or path) as a WAV file; augment: None, "clmr" or "fingerprint".

        out: a new file, None for one in the current folder that is named for the clip. See training/audition.py.
        """
        from ..training.audition import audition

        return audition(self, clip, augment=augment, out=out, seed=seed, epoch=epoch)

    def explore(self, **asked: Any) -> None:
        """Serve the local page that shows the store, until Ctrl-C; asked: see explorer.server.serve.explore."""
        from ..explorer.server.serve import explore

        explore(self, **asked)

    def status(self) -> StoreStatus:
        """Return what the store holds, counted."""
        from ..store.status import store_status

        return store_status(self.tables)
