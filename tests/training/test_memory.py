"""Blocks that are freed and asked for again: do their pages come from the kernel every time?

In a process of its own: in one that has run for long, the heap may have no room left to grow.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not (sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")),
    reason="only glibc is told to keep what is freed",
)

HELP = """
import resource
from pathlib import Path

import torch

from echodex.training.memory import freed_memory_kept, give_back

SIZES = [mib * 2**20 for mib in (16, 24, 48, 64, 32, 20)]  # of blocks that live together, as the activations of a step
PAGES = sum(SIZES) // resource.getpagesize()

def faults_of_a_step():  # how many pages came from the kernel while blocks were filled, all of which are then freed
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [torch.ones(size, dtype=torch.uint8) for size in SIZES]
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

def has_a_mapping():  # whether a block larger than all others, never touched, is given a mapping of its own
    block = torch.empty(2**30, dtype=torch.uint8)
    heap = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[heap]"))
    first, last = (int(address, 16) for address in heap.split()[0].split("-"))
    return not first <= block.data_ptr() < last
"""

BLOCKS = """
assert has_a_mapping()
before = resident_bytes()
with freed_memory_kept():
    assert not has_a_mapping()
    faults = [faults_of_a_step() for _ in range(12)]
    assert sum(faults[6:]) < PAGES, faults  # of six times as many
    give_back()
    assert resident_bytes() < before + SIZES[0]
    assert faults_of_a_step() > PAGES // 2
assert resident_bytes() < before + SIZES[0]
assert has_a_mapping()
"""

ERROR = """
try:
    with freed_memory_kept():
        raise ZeroDivisionError
except ZeroDivisionError:
    assert has_a_mapping()
else:
    raise AssertionError
"""


@pytest.mark.parametrize("code", [BLOCKS, ERROR], ids=["used again within, given back after", "an error ends it too"])
def test_freed_memory(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", HELP + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
