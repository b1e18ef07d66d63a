"""Two processes on one CPU do what two GPUs would."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.errors import BadInput
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.train import train_clmr
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log

Make = Callable[..., ClmrTraining]


@pytest.mark.slow
@pytest.mark.parametrize("gather", [False, True])
def test_two_processes_train_one_network(few: Store, tiny: Make, gather: bool) -> None:
    config = tiny(devices=2, batch_size=3, gather_negatives=gather, max_epochs=20)
    run = train_clmr(few, config=config)
    assert (run.metrics["epochs"], run.metrics["steps"]) == (20, 60)
    losses = [line["train_loss"] for line in read_log(run_folder(few, run.name))]
    assert sum(losses[15:]) < sum(losses[:5])
    seen = 2 * (6 if gather else 3) - 1
    assert abs(losses[0] - math.log(seen)) < 0.7


def press_when(process: subprocess.Popen[str], ready: Callable[[], bool]) -> None:
    while not ready():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)


CODE = """
import sys
from echodex.api import Store
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.train import train_clmr

if __name__ == "__main__":
    config = ClmrTraining(width=1 / 32, batch_size=3, devices=2, max_epochs=60, sample_rate=8000, transforms_pitch=0.0,
                          transforms_reverb=0.0, monitor_every=0)
    train_clmr(Store.open(sys.argv[1]), config=config, name="pair")
"""


@pytest.mark.slow
def test_ctrl_c_stops_both_and_they_go_on(few: Store, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CODE)
    command = [sys.executable, str(script), str(few.path)]
    process = subprocess.Popen(command, text=True, stderr=subprocess.PIPE)
    folder = run_folder(few, "pair")
    press_when(process, lambda: len(read_log(folder)) >= 2)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
    assert (folder / "last.safetensors").is_file()
    done = len(read_log(folder))
    assert done < 60
    subprocess.run(command, check=True, timeout=300)
    assert [line["epoch"] for line in read_log(folder)] == list(range(60))
    assert load_run(few, "pair").metrics["epochs"] == 60


@pytest.mark.slow
def test_what_stops_a_process_is_said(few: Store, tiny: Make) -> None:
    with pytest.raises(BadInput, match="lower learning_rate"):
        train_clmr(few, config=tiny(devices=2, batch_size=3, learning_rate=1e30))
