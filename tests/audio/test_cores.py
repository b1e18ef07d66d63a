from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from echodex.audio.cores import core_count, cores_given


@pytest.mark.parametrize(
    ("told", "cores"),
    [
        ("200000 100000\n", 2.0),
        ("50000 100000\n", 0.5),
        ("250000 100000", 2.5),
        ("max 100000\n", math.inf),
        ("", math.inf),
        ("1 0", math.inf),
    ],
)
@pytest.mark.parametrize("name", ["/", "/kubepods/pod7"])
def test_what_a_container_is_given(tmp_path: Path, name: str, told: str, cores: float) -> None:
    group = tmp_path / "groups" / name.strip("/")
    group.mkdir(parents=True)
    (group / "cpu.max").write_text(told)
    (tmp_path / "mine").write_text(f"2:cpu:/other\n0::{name}\n")
    assert cores_given(tmp_path / "mine", tmp_path / "groups") == cores


def test_without_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert cores_given(tmp_path / "mine", tmp_path) == math.inf
    (tmp_path / "mine").write_text("1:cpu:/\n")
    assert cores_given(tmp_path / "mine", tmp_path) == math.inf
    (tmp_path / "mine").write_text("0::/\n")
    assert cores_given(tmp_path / "mine", tmp_path) == math.inf


def test_no_more_than_this_process_may_use() -> None:
    assert 1 <= core_count() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="binds a process to a core, which is Linux's")
def test_a_process_that_is_bound_to_one_core_has_one() -> None:
    bind = "import os; os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])"
    ask = "from echodex.audio.cores import core_count; print(core_count())"
    assert subprocess.check_output([sys.executable, "-c", f"{bind}; {ask}"], text=True).strip() == "1"
