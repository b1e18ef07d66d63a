"""Duplicates: a hundred thousand clips that are alike are one group, not ten thousand million pairs in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

PATHOLOGICAL = """
import sys
import numpy as np
from echodex.indexing.groups.stars import star_groups

def peak_mb():  # not ru_maxrss: a child inherits that of its parent
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

rng = np.random.default_rng(0)
rows = rng.normal(size=(1, 32)) + float(sys.argv[1]) * rng.normal(size=(100_000, 32))
matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
groups = star_groups(matrix, 0.98)
assert [len(group) for group in groups] == [100_000], [len(group) for group in groups]
print(peak_mb())
"""


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 1e-4], ids=["identical", "nearly identical"])
def test_a_hundred_thousand_alike_in_bounded_memory(noise: float) -> None:
    child = subprocess.run([sys.executable, "-c", PATHOLOGICAL, str(noise)], check=True, capture_output=True, text=True)
    assert float(child.stdout) < 1500
