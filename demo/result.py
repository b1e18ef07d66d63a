"""What a demo found out, as one frozen object: the fields with a repr are what `--json` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from .score import DuplicateScore


@dataclass(frozen=True)
class ViewResult:
    """A view: kept clips, their share of all clips (0 to 1), and how well they cover the pruned split (0 to 1)."""

    kept: int
    share: float
    coverage: float


@dataclass(frozen=True)
class ProbeResult:
    """Mean test score of probes trained on everything, on the pruned view, and on as many random clips."""

    full: float
    pruned: float
    random: float


@dataclass(frozen=True)
class DemoResult:
    """The figures of a demo.

    clips and hours: in the store, byte-identical files counted once; views: by name; probe: None where there was
    nothing to train on, `notes` say why; seconds: wall time by stage; report: the page to open.
    """

    clips: int
    hours: float
    duplicates: DuplicateScore
    views: dict[str, ViewResult]
    probe: ProbeResult | None
    seconds: dict[str, float]
    report: Path = field(repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    def text(self) -> str:
        """Return the figures as a table of two columns, then the notes and where the report is."""
        rows = self._rows()
        width = max(len(what) for what, _ in rows)
        lines = [f"{what:<{width}}  {figure}" for what, figure in rows]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes), f"open {self.report}"])

    def _rows(self) -> list[tuple[str, str]]:
        found = self.duplicates
        rows = [("clips", f"{self.clips:,}"), ("hours", f"{self.hours:.2f}")]
        if found.planted is not None:
            rows.append(("duplicate pairs planted", f"{found.planted:,}"))
        rows.append(("duplicate pairs found", f"{found.found:,}"))
        if found.planted is not None:
            rows.append(("recall, precision", f"{shown(found.recall)}, {shown(found.precision)}"))
        for name, view in self.views.items():
            rows.append((f"kept in {name}", f"{view.kept:,} ({view.share:.1%}), coverage {view.coverage:.3f}"))
        if self.probe is not None:
            rows += [(f"probe on {name}", f"{score:.3f}") for name, score in asdict(self.probe).items()]
        stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in self.seconds.items())
        return [*rows, ("seconds", f"{sum(self.seconds.values()):.1f} ({stages})")]


def shown(share: float | None) -> str:
    """Return a share with three digits, "-" where it is not known."""
    return "-" if share is None else f"{share:.3f}"
