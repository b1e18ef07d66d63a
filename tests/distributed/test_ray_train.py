"""The program of docs/several-machines.md trains in two workers of Ray Train as two processes of torchrun do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness.cluster import Nodes

from echodex.api import Store
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "several-machines.md"
SMALL = "width=1 / 32, sample_rate=8000, max_epochs=2, batch_size=4"
"""Instead of the page's batch of 48 of a whole network."""


def program(store: Store, folder: Path) -> str:
    """Return the page's program for a store here, two workers without GPUs, and a smaller network."""
    text = PAGE.read_text().partition("```python\nimport echodex\n")[2].partition("```")[0]
    for said, here in (
        ("/shared/library", str(store.path)),
        ("/shared/ray", str(folder)),
        ("batch_size=48", SMALL),
        ("num_workers=8, use_gpu=True", "num_workers=2"),
    ):
        assert said in text
        text = text.replace(said, here)
    return f"import echodex\n{text}"


def test_two_workers_of_ray_train_are_two_processes_of_a_training(local: Store, nodes: Nodes, tmp_path: Path) -> None:
    shutil.copytree(local.path, tmp_path / "library")
    store = Store.open(tmp_path / "library")
    store.prune("random", keep=40).save("lean")
    script = tmp_path / "train.py"
    script.write_text(program(store, tmp_path / "ray"))
    environment = os.environ | {"RAY_ADDRESS": nodes.address, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    run = load_run(store, "big")
    assert run.config["devices"] == 2
    assert [line["epoch"] for line in read_log(run_folder(store, "big"))] == [0, 1]
