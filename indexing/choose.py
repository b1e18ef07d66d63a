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

    deletes: whether rows will be removed, which not every kind can do.
    """
    room = MEMORY_SHARE * memory_bytes
    if n <= FLAT_ROWS:
        return Choice("flat", reason=f"{n:,} vectors are few enough to compare a query with every one")
    kinds = ("ivf", "ivf-sq8") if deletes else ("ivf", "ivf-sq8", "ivf-rabitq")
    sizes = {kind: n * build_kind(kind).bytes_per_vector(dim) for kind in kinds}
    chosen = next((kind for kind in kinds if sizes[kind] <= room), kinds[-1])
    fits = "fit in" if sizes[chosen] <= room else "are the least there is, more than"
    return Choice(
        chosen, reason=f"{n:,} vectors of {dim} numbers take {_size(sizes[chosen])} as {chosen}, which {fits}"
    )


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
