"""Which kind of index suits a space, by its size, this machine's memory and whether clips will be removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...schemas.manifest import CLIP, SEGMENT
from ..kinds.registry import build_kind

FLAT_ROWS = 50_000
"""Up to here every row is compared: a query takes milliseconds, nothing is missed, nothing has to be learnt."""

MEMORY_SHARE = 0.25
"""An index may take this share of the memory."""

HNSW_DIM = 256
"""Rows of fewer numbers are compared so fast that walking a graph does not pay."""

SCANNED_ROWS = 200_000
"""From here on segments are looked through by short codes first. They are asked for a hundred neighbours of each of
dozens of segments at once: where a clip is asked for ten, making the tables of codes would take longer.

Measured on a million fingerprints of 64 numbers, one thread, 96 neighbours of 40 segments, both tuned for recall@10
0.95: "ivf" 24 ms, "ivfpq-rr" 12 ms; twice or half the cells, or pieces of two numbers, are no faster at equal recall.
"""

SCANNED = {"refine": "fp32", "k_factor": 4.0}
"""The rows as they are to look again: sequence match scores with them."""


@dataclass(frozen=True)
class Choice:
    """A registered kind with its settings, and why in one sentence."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def choose(
    n: int, dim: int, *, memory_bytes: int, deletes: bool = True, level: str = CLIP, gpu: bool = False
) -> Choice:
    """Return the kind for n rows of `dim` numbers on a machine with `memory_bytes`.

    level: whether rows are of CLIP or SEGMENT; gpu: whether FAISS has one, which is faster than any code and wants
    rows as they are. Of SCANNED_ROWS segments and more "ivfpq-rr" is taken, where it fits.

    deletes: whether rows will be removed. Where not, and rows are as long as HNSW_DIM, "hnsw" goes before "ivf": tuned
    for recall 0.95, one query at a time, one thread, 200,000 clustered rows, it answers 16,000 queries/s of 512 numbers
    and "ivf" 11,000 ("ivf-fp16" 15,000), but 22,000 of 128 numbers and "ivf" 32,000. It takes five times as long to
    build, and what is removed stays in its way.
    """
    if n <= FLAT_ROWS:
        return Choice("flat", reason=f"{n:,} vectors are few enough to compare a query with every one")
    scanned = level == SEGMENT and n >= SCANNED_ROWS and not gpu
    if scanned and (size := n * build_kind("ivfpq-rr", SCANNED).bytes_per_vector(dim)) <= MEMORY_SHARE * memory_bytes:
        reason = (
            f"{n:,} segments of {dim} numbers take {_size(size)} as ivfpq-rr, which looks through short codes first"
        )
        return Choice("ivfpq-rr", dict(SCANNED), reason)
    kinds = ("ivf", "ivf-fp16", "ivf-sq8") if deletes or dim < HNSW_DIM else ("hnsw", "ivf", "ivf-fp16", "ivf-sq8")
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
