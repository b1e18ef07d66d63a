"""Runs that evaluate and export themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..schemas.run import Run as RunInfo

if TYPE_CHECKING:
    from ..evaluation.tag_report import TagReport
    from .store import Store


@dataclass(frozen=True)
class Run(RunInfo):
    """A finished training."""

    store: Store = field(repr=False, compare=False, kw_only=True)

    def evaluate(self, protocol: str = "tags", *, view: str = "all", split: str = "test") -> dict[str, float]:
        """Return the metrics of the run's model on a split, by the published protocol."""
        if protocol != "tags":
            raise UsageError(f"evaluation protocol {protocol!r} does not exist (known: tags)")
        return self.report(view=view, split=split).metrics

    def report(self, *, view: str = "all", split: str = "test", resamples: int = 0, seed: int = 0) -> TagReport:
        """Return all figures of the "tags" protocol: by tag, by clip, and one row per tag; with `resamples` of the
        clips, drawn by `seed`, an interval for each.
        """
        from ..evaluation.tags import evaluate_tags

        return evaluate_tags(self.store, self.name, view=view, split=split, resamples=resamples, seed=seed)

    def export_checkpoint(self, path: str | Path, *, layout: str = "bare") -> Path:
        """Write what the run trained as a torch file of the published layout, "bare" or "lightning"; return its path.

        Of CLMR's program or, where the run is an autoencoder, of the da-TACOS study's.
        """
        from ..training.layout import AUTOENCODER

        if self.objective == AUTOENCODER:
            from ..training.autoencoder.export import export_checkpoint
        else:
            from ..training.contrastive.export import export_checkpoint
        return export_checkpoint(self.store, self.name, path, layout)


def run_of(store: Store, info: RunInfo) -> Run:
    """Return a finished run of a store as one that can be used."""
    return Run(**{f.name: getattr(info, f.name) for f in fields(RunInfo)}, store=store)
