"""What `prune` is asked to do: one frozen object, kept whole in the recipe of the view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from .selectors.base import Selector
from .selectors.registry import build

NOISE_POLICIES = ("keep", "prune", "cluster")
DEFAULT_SPLIT = "train"


@dataclass(frozen=True)
class PruneConfig:
    """Settings of a plan. Raises UsageError, or NotFound for an unknown selector, naming what is wrong.

    selector: a registered name; eps, t: the stops of those selectors that have them, `options`: any other setting of
    the selector. keep: a budget instead of the stop, a share (float, 0 to 1) or a count (int) of the clips of the
    pruned split. duplicate_score: cosine from which clips are duplicates, 0 to not collapse any. min_cluster_size,
    min_samples: of HDBSCAN. noise: what becomes of clips in no cluster: all kept, all pruned, or selected from as one
    more cluster. split: the only one that is pruned (None: "train" if there is such a split, else everything). seed:
    of whatever is left to chance.
    """

    selector: str = "facility"
    eps: float = 0.05
    t: float = 0.5
    keep: float | int | None = None
    duplicate_score: float = 0.98
    min_cluster_size: int = 10
    min_samples: int = 5
    noise: str = "keep"
    split: str | None = None
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.build_selector().needs_keep and self.keep is None:
            raise UsageError(f"selector {self.selector!r} has no stop of its own; give a budget with keep")
        if self.keep is not None:
            budget(self.keep, 1)
        if not 0 <= self.duplicate_score <= 1:
            raise UsageError(f"the duplicate score is a cosine from 0 (off) to 1, not {self.duplicate_score}")
        if self.noise not in NOISE_POLICIES:
            raise UsageError(f"noise is one of {', '.join(NOISE_POLICIES)}, not {self.noise!r}")
        if self.seed < 0:
            raise UsageError(f"a seed is 0 or more, not {self.seed}")

    def build_selector(self) -> Selector:
        """Return the selector with its settings."""
        return build(self.selector, {"eps": self.eps, "t": self.t}, self.options)


def budget(keep: float | int, clips: int) -> int:
    """Return how many of `clips` a budget keeps: a share (float) rounded, at least 1, or a count (int), at most all.

    1 is one clip, 1.0 is all of them. Raises UsageError for a budget that is neither.
    """
    if isinstance(keep, float) and 0 < keep <= 1:
        return max(1, round(keep * clips))
    if isinstance(keep, int) and not isinstance(keep, bool) and keep >= 1:
        return min(keep, clips)
    raise UsageError(f"keep is a share above 0 and up to 1.0, or a count of at least 1, not {keep!r}")
