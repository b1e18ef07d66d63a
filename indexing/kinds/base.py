"""What an index kind is: a frozen configuration that makes an empty FAISS index and says how hard it may search."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from ..metric import Metric


def learnable(n: int) -> int:
    """Return how many of n rows an index can learn from for sure: up to a fifth are held out to measure its recall."""
    return n - n // 5


class Kind(Protocol):
    """One way of building a FAISS index. Adding one is one file with `@register("name")` and one test file.

    An index is made in three steps: `make`, `index.train` with `train_rows` rows where that is not 0, and
    `index.add` of all rows. Rows are `metric.prepared`.
    """

    name: ClassVar[str]
    config_type: ClassVar[type[Any]]
    """The class of `config`: a frozen dataclass of numbers and words with defaults."""
    effort_name: ClassVar[str]
    """What FAISS calls the effort of a search: "nprobe", "ef_search", or "" where the search is exact."""
    gpu: ClassVar[bool]
    """Whether FAISS has the same index on a GPU."""
    config: Any

    @property
    def selects(self) -> bool:
        """Whether FAISS can search among some of the rows only."""

    def make(self, n: int, dim: int, metric: Metric) -> Any:
        """Return an empty faiss.Index for about n rows of `dim` numbers.

        Raises UsageError where this kind cannot hold such rows, saying what can.
        """

    def train_rows(self, n: int) -> int:
        """Return how many of n rows the index learns from; 0 where there is nothing to learn."""

    def efforts(self, n: int) -> tuple[int, ...]:
        """Return the efforts worth trying on n rows, ascending; none for an exact kind."""

    def parameters(self, effort: int, selector: Any = None) -> Any:
        """Return faiss.SearchParameters for an effort, only among what the faiss.IDSelector accepts (None: all).

        Raises UsageError where FAISS cannot search this kind with a selector.
        """

    def bytes_per_vector(self, dim: int) -> float:
        """Return how many bytes a row takes in the index, ids and links included, the cells' centres left out."""


def ladder(first: int, last: int) -> tuple[int, ...]:
    """Return whole numbers from `first` to `last`, both included, each about 2^(1/4) times the one before."""
    steps = [first]
    while steps[-1] < last:
        steps.append(min(last, max(steps[-1] + 1, round(steps[-1] * 2**0.25))))
    return tuple(steps)
