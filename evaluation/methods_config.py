"""What a comparison of pruning methods is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import UsageError
from ..pruning.config import PruneConfig
from ..pruning.selectors.registry import selector_class
from ..training.config import ProbeConfig
from .ranks import CHANCE, DISTINCT, RANDOM, UNIFORM

DEFAULT_METHODS = ("facility", "jsd", RANDOM, DISTINCT, UNIFORM)
NOISE = "cluster"
"""What becomes of noise, whatever the method: it is selected from as one more cluster. Kept or pruned whole, it would
decide about a large part of the clips in place of the method."""


@dataclass(frozen=True)
class MethodsConfig:
    """Settings of `compare_methods`. Raises UsageError, or NotFound for an unknown selector, naming what is wrong.

    methods: selectors and draws by chance (ranks.CHANCE), of which "random" is always part, for all others are compared
    with it; selectors are compared with "distinct" too where it is named. keeps: shares of the train clips, above 0 and
    below 1; repeats: pairs of fresh runs, at least 2; inject: this share of the train clips again as planted
    duplicates; group_by: a column, or a key of `extra`, whose values never straddle the splits; split: of the `split`
    column, the only one that takes part (None: all clips do). prune: duplicate score, clustering and stops; its
    selector, keep, noise and seed are set here, and no clip is preferred, pinned or kept for its label's sake. probe:
    the head; repeat k has the seed probe.seed + k for splits, planted duplicates, methods and heads.
    """

    methods: tuple[str, ...] = DEFAULT_METHODS
    keeps: tuple[float, ...] = (0.75, 0.5)
    repeats: int = 10
    inject: float = 0.0
    group_by: str | None = None
    split: str | None = None
    prune: PruneConfig = field(default_factory=PruneConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)

    def __post_init__(self) -> None:
        for name, values in (("methods", self.methods), ("keep", self.keeps)):
            if not values or len(set(values)) < len(values):
                raise UsageError(f"{name} takes at least one value and none twice, not {list(values)}")
        for method in self.methods:
            if method not in CHANCE:
                selector_class(method)
        wrong = [keep for keep in self.keeps if not 0 < keep < 1]
        if wrong:
            raise UsageError(f"a kept share is above 0 and below 1, not {wrong[0]}")
        if self.repeats < 2 or not 0 <= self.inject <= 1:
            raise UsageError(
                f"a comparison takes at least 2 repeats and injects a share from 0 to 1, not {self.repeats} "
                f"and {self.inject}"
            )
        if DISTINCT in self.methods and self.prune.duplicate_score == 0:
            raise UsageError(
                f"{DISTINCT!r} draws once duplicates are collapsed: leave it out, or give a duplicate score above 0"
            )
        if self.probe.inputs != "clip" or self.probe.label_share != 1:
            raise UsageError(
                "methods are compared on one vector per clip and all labels of what they keep: the probe's inputs must "
                "be 'clip' and its label_share 1"
            )

    @property
    def arms(self) -> tuple[str, ...]:
        """The methods, with "random" behind them where it was not named."""
        return self.methods if RANDOM in self.methods else (*self.methods, RANDOM)

    def pruning(self, seed: int) -> PruneConfig:
        """Return the settings that every method has in the repeat of one seed."""
        return replace(self.prune, keep=self.keeps[0], noise=NOISE, seed=seed)
