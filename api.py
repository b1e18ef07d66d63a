"""The public face: a store with every verb, views that load and explain themselves, runs that evaluate themselves.

Each method is one call into the room that does the work. `echodex.open`, `echodex.train` and `echodex.diff` are the
doors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .errors import UsageError
from .progress import Progress, silent
from .schemas.run import Run as RunInfo
from .schemas.view import ViewInfo
from .store.locate import locate
from .store.store import Store as BaseStore

if TYPE_CHECKING:
    import pyarrow as pa
    from torch.utils.data import DataLoader

    from .audio.limits import Limits
    from .evaluation.report import PruningReport
    from .indexing.index.build import Built
    from .pruning.diff import ViewDiff
    from .pruning.explain import Explanation
    from .pruning.plan import Plan as PruningPlan
    from .pruning.summary import PlanSummary
    from .pruning.sweep import SweepPoint
    from .schemas.cluster import ClusterRun
    from .schemas.graph import Graph
    from .schemas.hit import DuplicateGroup, Hit, Match
    from .schemas.manifest import IndexManifest
    from .schemas.vector import Float32
    from .store.embedding import EmbedReport
    from .store.ingest import AddReport
    from .store.status import StoreStatus


class Store(BaseStore):
    """A store with all verbs. `echodex.open` makes one."""

    def add(
        self,
        *paths: str | Path,
        labels: str | Path | None = None,
        label_column: str | None = None,
        embed: str | None = None,
        limits: Limits | None = None,
        progress: Progress = silent,
    ) -> AddReport:
        """Add files and folders (none: those that `labels` lists); with `embed`, embed them in the same pass.

        labels: a CSV with a `path` column, see docs/formats.md. Passes over what it knows; safe to interrupt and
        repeat.
        """
        from .encoders.resolve import resolve
        from .store.sources import LabelsFile, gather

        said = LabelsFile(Path(labels), label_column).load() if labels else None
        sources = list(gather(paths, said))
        encoder = resolve(embed, {}, None, progress=progress) if embed else None
        report = self.add_sources(sources, embed=encoder, limits=limits, progress=progress)
        if said:
            report.unmatched_labels = len(said.by_path.keys() - {source.path for source in sources})
        if encoder:
            self.embed_with(encoder, progress=progress)
        return report

    def embed(
        self,
        encoder: str = "timbre",
        *,
        checkpoint: str | None = None,
        settings: Mapping[str, Any] | None = None,
        view: str | None = None,
        where: str | None = None,
        refit: bool = False,
        progress: Progress = silent,
    ) -> EmbedReport:
        """Give every usable clip a vector: by an encoder's name, a checkpoint (file or URL), or a YAML file."""
        from .encoders.resolve import resolve

        found = resolve(encoder, settings or {}, checkpoint, progress=progress)
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
        progress: Progress = silent,
    ) -> list[Hit]:
        """Return the `k` clips most similar to a clip id, an audio file or a vector float32[dim]."""
        from .indexing.search import similar

        return similar(self, query, k=k, space=space, view=view, where=where, index=index, progress=progress)

    def build_index(
        self, kind: str = "auto", *, space: str | None = None, progress: Progress = silent, **settings: Any
    ) -> Built:
        """Build a FAISS index over a space. kind: a kind, a preset, or "auto". Settings: indexing.index.build's
        BuildConfig.
        """
        from .indexing.index.build import BuildConfig, build_index

        config = BuildConfig(kind, **settings)
        return build_index(self, config, space=space, progress=progress)

    def indexes(self, *, space: str | None = None) -> list[IndexManifest]:
        """Return the indexes of a space, the last built first."""
        from .indexing.index.build import shelf_of

        return shelf_of(self, self.space(space)).manifests()

    def drop_index(self, name: str, *, space: str | None = None) -> None:
        """Remove an index; it can always be built again."""
        from .indexing.index.build import drop_index

        drop_index(self, name, space=space)

    def knn_graph(self, k: int = 15, *, space: str | None = None, **settings: Any) -> Graph:
        """Return the `k` nearest others of every clip, kept for later. Settings: indexing.graph.knn_graph."""
        from .indexing.graph import knn_graph

        return knn_graph(self, space, k, **settings)

    def identify(
        self,
        query: str | Path | BinaryIO,
        *,
        min_score: float | None = None,
        limit: int | None = None,
        space: str | None = None,
        view: str | None = None,
        where: str | None = None,
        progress: Progress = silent,
    ) -> list[Match]:
        """Return which stretches of clips play where in an audio file of any length, or an open binary file."""
        from .indexing.identify import identify

        return identify(
            self, query, space=space, view=view, where=where, min_score=min_score, limit=limit, progress=progress
        )

    def duplicates(
        self,
        *,
        min_score: float | None = None,
        verify: str | None = None,
        space: str | None = None,
        view: str | None = None,
        where: str | None = None,
        progress: Progress = silent,
    ) -> list[DuplicateGroup]:
        """Return the star groups of clips that are the same recording; verify="audio" aligns the waveforms of each
        pair.
        """
        from .indexing.duplicates import duplicates

        return duplicates(
            self, min_score=min_score, verify=verify, space=space, view=view, where=where, progress=progress
        )

    def cluster(self, space: str | None = None, *, plot: str | Path | None = None, **settings: Any) -> ClusterRun:
        """Cluster a space, keep the labels. Settings: pruning.clustering.config.ClusterConfig; plot: a PNG to draw."""
        from .pruning.cluster import ClusterConfig
        from .pruning.clustering.runs import cluster_space

        return cluster_space(self, ClusterConfig(**settings), space=space, plot=plot)

    def prune(
        self,
        selector: str = "facility",
        *,
        space: str | None = None,
        view: str = "all",
        where: str | None = None,
        **settings: Any,
    ) -> Plan:
        """Return a plan of what to keep; nothing is written before it is saved. Settings: pruning.plan.PruneConfig."""
        from .pruning.plan import PruneConfig, plan

        config = PruneConfig(selector=selector, **settings)
        return Plan(self, plan(self, config, space=space, view=view, where=where))

    def view(self, name: str) -> View:
        """Return the view "lean" (its newest version) or "lean@2"."""
        return _view(self, super().view(name))

    def run(self, name: str) -> Run:
        """Return a run by its name."""
        from .training.run import load_run

        return _run(self, load_run(self, name))

    def status(self) -> StoreStatus:
        """Return what the store holds, counted."""
        from .store.status import store_status

        return store_status(self.tables)


@dataclass(frozen=True)
class Plan:
    """What pruning would keep. Nothing is written before `save`."""

    store: Store
    plan: PruningPlan

    @property
    def rows(self) -> pa.Table:
        """One row per clip of the source (schemas.view.VIEW_ROWS without row_id)."""
        return self.plan.rows

    def summary(self) -> PlanSummary:
        """Return counts, hours, coverage per cluster and examples."""
        return self.plan.summary()

    def at(self, keep: float) -> Plan:
        """Return the same plan with another budget: a share of the clips (0.3) or a count (1000)."""
        return Plan(self.store, self.plan.at(keep))

    def sweep(self, shares: Sequence[float] | None = None) -> list[SweepPoint]:
        """Return coverage, duplicates left and histogram shifts at each budget; None: ten shares."""
        from .pruning.sweep import SHARES, sweep

        return sweep(self.plan, SHARES if shares is None else shares)

    def save(self, name: str) -> View:
        """Write the plan as the next version of view `name`."""
        return _view(self.store, self.plan.save(self.store, name))


@dataclass(frozen=True)
class View(ViewInfo):
    """A saved view."""

    store: Store = field(repr=False, compare=False, kw_only=True)

    @property
    def address(self) -> str:
        """The view with its version, "lean@2"."""
        return f"{self.name}@{self.version}"

    def rows(self) -> pa.Table:
        """Return one row per clip of the source (schemas.view.VIEW_ROWS)."""
        return self.store.view_rows(self)

    def plan(self) -> Plan:
        """Return the plan that the view was saved from; nothing is computed again."""
        from .pruning.plan import reopen

        return Plan(self.store, reopen(self.store, self.address))

    def at(self, keep: float) -> Plan:
        """Return a plan with another budget of the same order: a share (0.3) or a count (1000)."""
        return self.plan().at(keep)

    def explain(self, clip: str | Path) -> Explanation:
        """Return why a clip (id or path) is kept or not."""
        from .pruning.explain import explain

        return explain(self.store, self.address, clip)

    def loader(self, *, batch_size: int, seconds: float | None = None, **settings: Any) -> DataLoader[Any]:
        """Return a DataLoader over the view: waveform crops of `seconds`, or vectors. Settings:
        training.loader.view_loader.
        """
        from .training.loader import view_loader

        return view_loader(self.store, self.address, batch_size=batch_size, seconds=seconds, **settings)


@dataclass(frozen=True)
class Run(RunInfo):
    """A finished training."""

    store: Store = field(repr=False, compare=False, kw_only=True)

    def evaluate(self, protocol: str = "tags", *, view: str = "all", split: str = "test") -> dict[str, float]:
        """Return the metrics of the run's model on a split, by the published protocol."""
        from .evaluation.tags import evaluate_tags

        if protocol != "tags":
            raise UsageError(f"evaluation protocol {protocol!r} does not exist (known: tags)")
        return evaluate_tags(self.store, self.name, view=view, split=split)


def open(path: str | Path | None = None, *, create: bool = True) -> Store:  # noqa: A001  (the name users write)
    """Return the store at `path`, making it if there is none; None: $ECHODEX_STORE, or the nearest one upward from
    here.
    """
    return Store.open(locate(path, create=create), create=create)


def train(
    objective: str,
    *,
    view: str = "all",
    space: str | None = None,
    name: str | None = None,
    store: Store | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> Run:
    """Train `objective` ("probe") on a view and return the run. Settings: training.probe.ProbeConfig."""
    from .training.config import ProbeConfig
    from .training.probe import train_probe

    if objective != "probe":
        raise UsageError(f"training objective {objective!r} does not exist (known: probe)")
    where = store or open(create=False)
    config = ProbeConfig(**settings)
    return _run(where, train_probe(where, view=view, space=space, config=config, name=name, progress=progress))


def diff(a: str, b: str, *, store: Store | None = None) -> ViewDiff:
    """Return what two views ("all", "lean", "lean@2") keep alone and together."""
    from .pruning.diff import diff as compare

    return compare(store or open(create=False), a, b)


def evaluate_pruning(
    *, view: str, against: str = "random", repeats: int = 5, store: Store | None = None, **settings: Any
) -> PruningReport:
    """Train fresh heads on a view, on random subsets of its size and on everything, and compare them in pairs."""
    from .evaluation.pruning import evaluate_pruning as compare

    return compare(store or open(create=False), view=view, against=against, repeats=repeats, **settings)


def _view(store: Store, info: ViewInfo) -> View:
    return View(**{f.name: getattr(info, f.name) for f in fields(ViewInfo)}, store=store)


def _run(store: Store, info: RunInfo) -> Run:
    return Run(**{f.name: getattr(info, f.name) for f in fields(RunInfo)}, store=store)
