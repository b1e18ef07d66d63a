"""The public face: a store with every verb, views that load and explain themselves, runs that evaluate themselves.

`echodex.open`, `echodex.open_damaged`, `echodex.train`, `echodex.diff`, `echodex.evaluate_cliques`,
`echodex.evaluate_fingerprint`, `echodex.evaluate_pruning`, `echodex.evaluate_versions`, `echodex.compare_methods`,
`echodex.compare_views`, `echodex.probe_from_head`, `echodex.verify_features`, `echodex.export_memmap`,
`echodex.export_onnx` and `echodex.export_tensors` are the doors.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Damaged, NotFound, StorageError, UsageError
from ..progress import Progress, silent
from ..schemas.format import MARKER
from ..store.known import CLIPS_TABLE
from ..store.locate import locate
from ..store.migrating import migrate
from .exports import export_memmap, export_tensors
from .heads import compare_views, export_onnx, probe_from_head
from .runs import Run, run_of
from .store import Store
from .views import Plan, View

if TYPE_CHECKING:
    from ..evaluation.cliques.report import CliquesReport
    from ..evaluation.fingerprint.report import FingerprintReport
    from ..evaluation.methods_report import MethodsReport
    from ..evaluation.report import PairedReport
    from ..evaluation.versions.report import VersionsReport
    from ..pruning.diff import ViewDiff
    from ..store.features.verifying import FeatureSample

__all__ = [
    "Plan",
    "Run",
    "Store",
    "View",
    "compare_methods",
    "compare_views",
    "diff",
    "evaluate_cliques",
    "evaluate_fingerprint",
    "evaluate_pruning",
    "evaluate_versions",
    "export_memmap",
    "export_onnx",
    "export_tensors",
    "open",
    "open_damaged",
    "probe_from_head",
    "train",
    "verify_features",
]


def open(path: str | Path | None = None, *, create: bool = True) -> Store:  # noqa: A001  (the name users write)
    """Return the store at `path`, a folder or a URI, making it if there is none; None: $ECHODEX_STORE, or the nearest
    one upward from here.
    """
    return Store.open(locate(path, create=create), create=create)


def open_damaged(path: str | Path | None = None) -> Store:
    """Return the store at `path`, as `open` finds it, to `check` and to `repair` it, also where its marker is damaged.

    One of an earlier format is brought up to this one, as `open` does. Raises NotFound where there is neither a marker
    nor a table of clips.
    """
    store = Store(locate(path, create=False))
    if not store.beside(MARKER).exists() and not store.tables.is_begun(CLIPS_TABLE):
        raise NotFound(f"{store.place} is not an echodex store; --store names one elsewhere")
    with suppress(Damaged, StorageError, ValueError, OSError):  # what cannot be read is what the check is to tell
        migrate(store.path)
    return store


def train(
    objective: str,
    *,
    view: str = "all",
    space: str | None = None,
    name: str | None = None,
    strict: bool = False,
    store: Store | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> Run:
    """Train `objective` on a view and return the run.

    objective: "clmr", "supervised", "fingerprint", "versions", "probe" or "autoencoder". Settings: fields of
    ClmrTraining, SupervisedTraining, FingerprintTraining, VersionsTraining, ProbeConfig or AutoencoderTraining (in
    training/), on top of the preset that `preset` names. space: for the latter two, what they learn from. strict: for
    the others, stop with BadInput where a clip cannot be read; it is left out and counted otherwise.
    """
    from ..training.objectives import find_objective
    from ..training.settings import settle

    chosen = find_objective(objective)
    if space is not None and not chosen.takes_space:
        raise UsageError(f"a training of {objective!r} reads waveforms, so it takes no space; leave it out")
    if strict and chosen.takes_space:
        raise UsageError(f"a training of {objective!r} reads vectors, not files, so it cannot be strict about these")
    config = settle(chosen.presets, settings)
    where = store or open(create=False)
    given: dict[str, Any] = {"strict": True} if strict else {}
    given |= {} if space is None else {"space": space}
    return run_of(where, chosen.train(where, view=view, config=config, name=name, progress=progress, **given))


def diff(a: str, b: str, *, store: Store | None = None, progress: Progress = silent) -> ViewDiff:
    """Return what two views ("all", "lean", "lean@2") keep alone and together."""
    from ..pruning.diff import diff as compare

    return compare(store or open(create=False), a, b, progress)


def verify_features(kind: str, *paths: str | Path, **settings: Any) -> FeatureSample:
    """Return what the first of the files holds that `Store.add_features` would add with the same arguments."""
    from ..store.features.verifying import verify_features as verify

    return verify(kind, paths, settings)


def evaluate_cliques(
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    standardise: bool = False,
    store: Store | None = None,
    **settings: Any,
) -> CliquesReport:
    """Return how far the clips of a work are from each other and from others in a space, as the da-TACOS study asks.

    standardise: bring the columns to one scale first. Settings: evaluation.cliques.protocol.CliquesConfig.
    """
    from ..evaluation.cliques.evaluate import evaluate_cliques as evaluate
    from ..evaluation.cliques.protocol import CliquesConfig

    config, where_from = CliquesConfig(**settings), store or open(create=False)
    return evaluate(where_from, config, space=space, view=view, where=where, standardise=standardise)


def evaluate_pruning(
    *, view: str, against: str = "random", repeats: int = 5, store: Store | None = None, **settings: Any
) -> PairedReport:
    """Train fresh heads on a view, on random subsets of its size and on everything, and compare them in pairs."""
    from ..evaluation.pruning import evaluate_pruning as compare

    return compare(store or open(create=False), view=view, against=against, repeats=repeats, **settings)


def evaluate_fingerprint(
    folder: str | Path | None = None,
    *,
    queries: str | None = None,
    store: Store | None = None,
    out: str | Path | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> FingerprintReport:
    """Return how often recordings are found again by the published protocol: in a folder of query.mm, db.mm and
    dummy_db.mm, or in a space of a store with `queries` (evaluation/fingerprint/tables.py says which).

    settings: of a folder `dummy_folder` and `songs`, of a space `space`, `view` and `where`; and those of
    evaluation.fingerprint.protocol.ProtocolConfig. out: a folder to write raw_score.npy, test_ids.npy and more into.
    """
    from ..evaluation.fingerprint.evaluate import evaluate_folder, evaluate_space
    from ..evaluation.fingerprint.protocol import ProtocolConfig

    if (folder is None) == (queries is None):
        raise UsageError("say either a folder of fingerprints, or queries for a space")
    names = ("dummy_folder", "songs") if folder is not None else ("space", "view", "where")
    given: dict[str, Any] = {name: settings.pop(name) for name in names if name in settings}
    given |= {"out": None if out is None else Path(out), "progress": progress}
    if folder is not None:
        return evaluate_folder(Path(folder), ProtocolConfig(**settings), **given)
    config = ProtocolConfig(**{"test_ids": "all", **settings})
    return evaluate_space(store or open(create=False), str(queries), config, **given)


def evaluate_versions(
    *,
    space: str | None = None,
    store: Store | None = None,
    out: str | Path | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> VersionsReport:
    """Return how well other performances of a work are found by the published protocol of version matching.

    settings: those of evaluation.versions.material.Chosen (`by`, `track`, `queries`, `unseen`, `view`, `where`) and of
    evaluation.versions.protocol.VersionsConfig. out: a folder to write report.json and queries.csv into.
    """
    from ..evaluation.versions.evaluate import evaluate_versions as evaluate
    from ..evaluation.versions.material import Chosen
    from ..evaluation.versions.protocol import VersionsConfig

    chosen = Chosen(**{name: settings.pop(name) for name in Chosen.__dataclass_fields__ if name in settings})
    config = VersionsConfig(**settings)
    folder = None if out is None else Path(out)
    return evaluate(store or open(create=False), config, chosen, space=space, out=folder, progress=progress)


def compare_methods(
    *, space: str | None = None, store: Store | None = None, progress: Progress = silent, **settings: Any
) -> MethodsReport:
    """Train fresh heads on what each pruning method keeps and compare them in pairs. Settings:
    evaluation.methods_config.MethodsConfig.
    """
    from ..evaluation.methods import compare_methods as compare
    from ..evaluation.methods_config import MethodsConfig

    return compare(store or open(create=False), MethodsConfig(**settings), space=space, progress=progress)
