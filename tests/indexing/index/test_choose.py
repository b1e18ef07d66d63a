from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.indexing.index.choose import choose
from echodex.indexing.kinds.registry import build_kind
from echodex.schemas.manifest import CLIP, SEGMENT

GB = 10**9


@pytest.mark.parametrize(
    ("n", "memory", "deletes", "kind"),
    [
        (0, 1, True, "flat"),
        (50_000, 1, True, "flat"),
        (50_001, 8 * GB, True, "ivf"),
        (1_000_000, 16 * GB, True, "ivf"),
        (1_000_000, 16 * GB, False, "hnsw"),
        (1_000_000, 8 * GB, True, "ivf-fp16"),
        (1_000_000, 8 * GB, False, "ivf-fp16"),
        (1_000_000, 4 * GB, True, "ivf-sq8"),
        (1_000_000, 4 * GB, False, "ivf-sq8"),
        (100_000_000, 8 * GB, True, "ivf-sq8"),
        (100_000_000, 8 * GB, False, "ivf-sq8"),
    ],
)
def test_the_kind_follows_rows_and_memory(n: int, memory: int, deletes: bool, kind: str) -> None:
    choice = choose(n, 512, memory_bytes=memory, deletes=deletes)
    assert (choice.kind, choice.settings) == (kind, {})


def test_the_reason_gives_the_numbers() -> None:
    assert choose(1200, 128, memory_bytes=GB).reason == "1,200 vectors are few enough to compare a query with every one"
    assert choose(1_000_000, 512, memory_bytes=16 * GB).reason == (
        "1,000,000 vectors of 512 numbers take 2.1 GB as ivf, "
        "within the quarter of 16.0 GB memory that an index may take"
    )
    assert choose(10**9, 512, memory_bytes=16 * GB).reason == (
        "1,000,000,000 vectors of 512 numbers take 520.0 GB as ivf-sq8, the smallest kind that will do, "
        "and are more than the quarter of 16.0 GB memory that an index may take"
    )


def test_many_segments_are_looked_through_by_short_codes() -> None:
    def kinds(n: int, memory: int, level: str = SEGMENT, gpu: bool = False) -> tuple[str, dict[str, Any]]:
        choice = choose(n, 64, memory_bytes=memory, level=level, gpu=gpu)
        return choice.kind, choice.settings

    short = ("ivfpq-rr", {"refine": "fp32", "k_factor": 4.0})
    assert kinds(1_000_000, 16 * GB) == kinds(200_000, 16 * GB) == short
    assert kinds(199_999, 16 * GB) == kinds(1_000_000, 16 * GB, CLIP) == ("ivf", {})
    assert kinds(1_000_000, 16 * GB, gpu=True) == ("ivf", {})
    assert kinds(10_000_000, 11 * GB) == ("ivf", {}), "codes and rows do not fit, rows alone do"
    assert choose(1_000_000, 64, memory_bytes=16 * GB, level=SEGMENT).reason == (
        "1,000,000 segments of 64 numbers take 296 MB as ivfpq-rr, which looks through short codes first"
    )


@given(n=st.integers(50_001, 10**9), dim=st.integers(1, 4096), memory=st.integers(1, 10**13), deletes=st.booleans())
def test_what_is_chosen_can_delete_and_fits_where_anything_does(n: int, dim: int, memory: int, deletes: bool) -> None:
    choice = choose(n, dim, memory_bytes=memory, deletes=deletes)
    kind = build_kind(choice.kind, choice.settings)
    assert choice.kind != "hnsw" or not deletes
    fits = n * kind.bytes_per_vector(dim) <= memory / 4
    assert fits or n * build_kind("ivf-sq8").bytes_per_vector(dim) > memory / 4
    if choice.kind not in ("hnsw", "ivf"):
        assert n * build_kind("ivf").bytes_per_vector(dim) > memory / 4


def test_short_rows_need_no_graph() -> None:
    assert choose(1_000_000, 128, memory_bytes=16 * GB, deletes=False).kind == "ivf"
