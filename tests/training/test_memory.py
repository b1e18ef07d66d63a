"""Blocks that are freed and asked for again: do their pages come from the kernel every time?"""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

import pytest
import torch

from echodex.training.memory import freed_memory_kept

BYTES = 64 * 2**20
PAGES = BYTES // resource.getpagesize()

pytestmark = pytest.mark.skipif(
    not (sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")),
    reason="only glibc is told to keep what is freed",
)


def faults_of_a_block() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(BYTES, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_a_block_is_used_again_within_and_given_back_after() -> None:
    assert faults_of_a_block() > PAGES // 2
    before = resident_bytes()
    with freed_memory_kept():
        faults_of_a_block()
        assert faults_of_a_block() < PAGES // 10
    assert resident_bytes() < before + BYTES // 2
    assert faults_of_a_block() > PAGES // 2


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ZeroDivisionError), freed_memory_kept():
        raise ZeroDivisionError
    faults_of_a_block()
    assert faults_of_a_block() > PAGES // 2
