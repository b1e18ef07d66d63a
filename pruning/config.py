"""What `prune` is asked to do: one frozen object, kept whole in the recipe of the view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .clustering.config import ClusterConfig
from .selectors.base import Selector
from .selectors.registry import build

NOISE_POLICIES = ("keep", "prune", "cluster")
PREFERENCES = ("longer", "quality", "labelled")
LEAKAGE_POLICIES = ("report", "keep-test", "error")
MATCHES = ("mean", "best-pair")
KEEP_VERSIONS = "keep"
ONE_PER_WORK = "one-per-work"
VERSIONS = (KEEP_VERSIONS, ONE_PER_WORK)
DEFAULT_SPLIT = "train"
DEFAULT_DUPLICATE_SCORE = 0.98


@dataclass(frozen=True)
class PruneConfig(ClusterConfig):
    """Settings of a plan: those of its clustering, and more. Raises UsageError, or NotFound for an unknown selector,
    naming what is wrong.

    selector: a registered name; eps, t: the stops of those selectors that have them; compat: a published reading, of
    those that have it; `options`: the selector's other settings. keep: a budget instead of the stop, a share (float, 0
    to 1) or a count (int) of the clips of the pruned split. noise: what becomes of clips in no cluster: all kept, all
    pruned, or selected from as one more cluster. split: the only one that is pruned ("all": every clip, whatever its
    split; None: "train", or every clip where there are no splits). seed: of whatever is left to chance.

    duplicate_score: from which score clips are duplicates, 0 to not collapse any. match: what the score is, the cosine
    of the mean vectors of two clips ("mean"), or the highest cosine of any two segments of theirs ("best-pair"), so
    that an excerpt is a duplicate of what it was cut from. It decides on duplicates alone, within the pruned split and
    across splits: clusters are found, and clips selected in them, by the means.

    versions: what becomes of clips of one `work`; None: nothing, they are clips as any others. "keep": no clip goes
    because of another performance of its work, that is a clip of the work which is neither of the same file nor of the
    same rendition. Such clips are no duplicates, also across splits; a selector never weighs them against each other
    (layers.py); and none is the representative of another. "one-per-work": of every work one clip is kept
    (one_per_work.py), and all others but pinned ones go, whatever the budget; a budget counts what is left, and may
    leave out works. Clips without a work are pruned as if nothing was said. verify: "audio", with versions="keep", to
    also take clips of one work for one recording whose scores make them duplicates and whose waveforms align
    (same_recording.py).

    prefer: which clips are preferred when picks are compared (how much, each selector says: selectors/base.py), and
    which of some duplicates stays: "longer", "quality" (lossless, then sample rate) or "labelled". pin: clip ids or
    paths of clips that are always kept, first of all, and pin_where: a filter that selects more of them; they count
    towards a budget. min_per_label: how many clips every label keeps at least, where it has them, those that are no
    copies of each other first. leakage: what becomes of clips of the pruned split that have a duplicate in another
    split of the store, of the source or not: kept or not as any other ("report"), pruned ("keep-test", unless pinned),
    or UsageError ("error"). decisions: whether to heed what people decided about clips (heeding.py).
    """

    selector: str = "facility"
    eps: float = 0.05
    t: float = 0.5
    compat: str | None = None
    keep: float | int | None = None
    duplicate_score: float = DEFAULT_DUPLICATE_SCORE
    match: str = "mean"
    versions: str | None = None
    verify: str | None = None
    noise: str = "keep"
    split: str | None = None
    prefer: str | None = None
    pin: Sequence[str | Path] = ()
    pin_where: str | None = None
    min_per_label: int = 0
    leakage: str = "report"
    decisions: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if doubled := sorted({"eps", "t", "compat"} & self.options.keys()):
            raise UsageError(f"{doubled[0]} is a setting of its own, not one of the selector's other options")
        if self.build_selector().needs_keep and self.keep is None:
            raise UsageError(f"selector {self.selector!r} has no stop of its own; give a budget with keep")
        if self.keep is not None:
            budget(self.keep, 1)
        if not 0 <= self.duplicate_score <= 1:
            raise UsageError(f"the duplicate score is a cosine from 0 (off) to 1, not {self.duplicate_score}")
        self._check_policies()
        self._check_versions()

    def _check_policies(self) -> None:
        if self.match not in MATCHES:
            raise UsageError(f"match is one of {', '.join(MATCHES)}, not {self.match!r}")
        if self.noise not in NOISE_POLICIES:
            raise UsageError(f"noise is one of {', '.join(NOISE_POLICIES)}, not {self.noise!r}")
        if self.prefer not in (None, *PREFERENCES):
            raise UsageError(f"prefer is one of {', '.join(PREFERENCES)}, not {self.prefer!r}")
        if isinstance(self.pin, str):
            raise UsageError(f"pin takes a list of clip ids or paths, not {self.pin!r}; a filter goes to pin_where")
        if self.min_per_label < 0:
            raise UsageError(f"min_per_label is a count of clips, 0 or more, not {self.min_per_label}")
        if self.leakage not in LEAKAGE_POLICIES:
            raise UsageError(f"leakage is one of {', '.join(LEAKAGE_POLICIES)}, not {self.leakage!r}")
        if self.leakage != "report" and self.duplicate_score == 0:
            raise UsageError(f"leakage={self.leakage!r} looks for duplicates; give a duplicate score above 0")

    def _check_versions(self) -> None:
        if self.versions not in (None, *VERSIONS):
            raise UsageError(f"versions is one of {', '.join(VERSIONS)}, not {self.versions!r}")
        if self.verify not in (None, "audio"):
            raise UsageError(f"verify is 'audio' or left out, not {self.verify!r}")
        if self.verify and (self.versions != KEEP_VERSIONS or self.duplicate_score == 0):
            raise UsageError(
                "verify tells copies of a recording from other performances of its work among duplicates: it goes with "
                "versions='keep' and a duplicate score above 0"
            )

    def build_selector(self) -> Selector:
        """Return the selector with its settings."""
        compat = {} if self.compat is None else {"compat": self.compat}
        return build(self.selector, {"eps": self.eps, "t": self.t}, {**compat, **self.options})

    def as_recipe(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them; `config_of` reads them back."""
        return {**asdict(self), "pin": [str(name) for name in self.pin]}


def config_of(recipe: Mapping[str, Any]) -> PruneConfig:
    """Return the settings that a view's recipe holds; those that it does not know yet take their defaults."""
    pin = recipe.get("pin", ())
    if isinstance(pin, str):  # as it was before a filter had a setting of its own
        return PruneConfig(**{**recipe, "pin": (), "pin_where": pin})
    return PruneConfig(**{**recipe, "pin": tuple(pin)})


def budget(keep: float | int, clips: int) -> int:
    """Return how many of `clips` a budget keeps: a share (float) rounded, at least 1, or a count (int), at most all.

    1 is one clip, 1.0 is all of them. Raises UsageError for a budget that is neither.
    """
    if isinstance(keep, float) and 0 < keep <= 1:
        return max(1, round(keep * clips))
    if isinstance(keep, int) and not isinstance(keep, bool) and keep >= 1:
        return min(keep, clips)
    raise UsageError(f"keep is a share above 0 and up to 1.0, or a count of at least 1, not {keep!r}")
