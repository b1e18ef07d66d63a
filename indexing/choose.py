"""Which kind of index suits a space, by its size, this machine's memory and whether clips will be removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .kinds.registry import build_kind

FLAT_ROWS = 50_000
"""Up to here every row is compared: a query takes milliseconds, nothing is missed, nothing has to be learnt."""

MEMORY_SHARE = 0.25
"""An index may take this share of the memory."""


@dataclass(frozen=True)
class Choice:
    """A registered kind with its settings, and why in one sentence."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def choose(n: int, dim: int, *, memory_bytes: int, deletes: bool = True) -> Choice:
    """Return the kind for n rows of `dim` numbers on a machine with `memory_bytes`.

    deletes: whether rows will be removed. Where not, "ivf-rabitq" stands between "ivf" and "ivf-sq8": half the memory
    of the first, and the effort decides what it finds, while codes of "ivf-sq8" lose what no effort finds again.

    Never "hnsw". One query at a time, tuned for recall 0.95, one thread, 200,000 clustered rows: of 128 numbers it
    answers 22,000 queries/s and "ivf" 32,000, of 512 numbers 16,000 and 11,000; it takes five to nine times as long to
    build. A tenth of a millisecond is not worth that: who wants it asks for it by name.
    """
    if n <= FLAT_ROWS:
        return Choice("flat", reason=f"{n:,} vectors are few enough to compare a query with every one")
    kinds = ("ivf", "ivf-sq8") if deletes else ("ivf", "ivf-rabitq", "ivf-sq8")
    sizes = {kind: n * build_kind(kind).bytes_per_vector(dim) for kind in kinds}
    room = MEMORY_SHARE * memory_bytes
    chosen = next((kind for kind in kinds if sizes[kind] <= room), kinds[-1])
    fits = "within" if sizes[chosen] <= room else "the smallest kind that will do, and are more than"
    reason = (
        f"{n:,} vectors of {dim} numbers take {_size(sizes[chosen])} as {chosen}, {fits} the quarter of "
        f"{_size(memory_bytes)} memory that an index may take"
    )
    return Choice(chosen, reason=reason)


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
