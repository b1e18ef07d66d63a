"""Blocks that are freed and asked for again: do their pages come from the kernel every time?"""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

import pytest
import torch

from echodex.training.memory import freed_memory_kept, give_back

SIZES = tuple(mib * 2**20 for mib in (16, 24, 48, 64, 32, 20))
"""Of blocks that live together, as the activations of a step do."""
PAGES = sum(SIZES) // resource.getpagesize()

pytestmark = pytest.mark.skipif(
    not (sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")),
    reason="only glibc is told to keep what is freed",
)


def faults_of_a_step() -> int:
    """Return how many pages came from the kernel while blocks were filled, all of which are freed at its end."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [torch.ones(size, dtype=torch.uint8) for size in SIZES]
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def has_a_mapping(blocks: int = 2**30) -> bool:
    """Return whether a block larger than all others, never touched, is given a mapping of its own."""
    block = torch.empty(blocks, dtype=torch.uint8)
    heap = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[heap]"))
    first, last = (int(address, 16) for address in heap.split()[0].split("-"))
    return not first <= block.data_ptr() < last


def test_blocks_are_used_again_within_and_given_back_after() -> None:
    assert has_a_mapping()
    before = resident_bytes()
    with freed_memory_kept():
        assert not has_a_mapping()
        faults = [faults_of_a_step() for _ in range(12)]
        assert sum(faults[6:]) < PAGES  # of six times as many
        give_back()
        assert resident_bytes() < before + SIZES[0]
        assert faults_of_a_step() > PAGES // 2
    assert resident_bytes() < before + SIZES[0]
    assert has_a_mapping()


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ZeroDivisionError), freed_memory_kept():
        raise ZeroDivisionError
    assert has_a_mapping()
