from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest

from echodex.api import Store
from echodex.training.run import run_folder

CODE = """
import sys
import echodex.training.keeper as keeper
from echodex.api import Store
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.train import train_clmr

keeper.SAVE_EVERY_S = 0.0  # every step
config = ClmrTraining(width=1 / 32, batch_size=6, max_epochs=8, sample_rate=8000, transforms_pitch=0.0,
                      transforms_reverb=0.0, monitor_every=3)
train_clmr(Store.open(sys.argv[1]), config=config, name=sys.argv[2], progress=lambda *_: print("STEP", flush=True))
print("DONE", flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_curve_is_the_same(few: Store) -> None:
    """The state is saved after every step; three kills later the figures are those of a training left alone."""
    command = [sys.executable, "-c", CODE, str(few.path)]
    subprocess.run([*command, "whole"], check=True, stdout=subprocess.DEVNULL)
    chance = random.Random(0)
    kills = 0
    while True:
        process = subprocess.Popen([*command, "pieces"], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "STEP\n"
        if kills < 3:
            time.sleep(chance.uniform(0, 0.6))
            process.send_signal(signal.SIGKILL)
            kills += 1
        out, _ = process.communicate()
        if out.endswith("DONE\n"):
            break
    assert kills == 3
    whole, pieces = (run_folder(few, name) for name in ("whole", "pieces"))
    for name in ("metrics.jsonl", "encoder.safetensors"):
        assert (pieces / name).read_bytes() == (whole / name).read_bytes()
