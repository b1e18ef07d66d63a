from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CODE = """
import sys
from pathlib import Path
import numpy as np
import echodex.training.keeper as keeper
from echodex.training.config import ProbeConfig
from echodex.training.fit import fit_head
from echodex.training.module import Examples

keeper.SAVE_EVERY_S = 0.02
random = np.random.default_rng(0)
vectors, targets = random.standard_normal((400, 64)).astype(np.float32), random.integers(0, 5, 400)
train, valid = Examples(vectors[:300], targets[:300]), Examples(vectors[300:], targets[300:])
fit_head(train, valid, 5, ProbeConfig(max_epochs=150, stop_patience=150, batch_size=16), folder=Path(sys.argv[1]),
         progress=lambda *_: print("STEP", flush=True))
print("DONE", flush=True)
"""


@pytest.mark.slow
@pytest.mark.promise("P12")
def test_killed_at_any_moment_the_curve_is_the_same(tmp_path: Path) -> None:
    """The state is saved every 20 ms; four kills later the figures are those of a training left alone."""
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    for folder in (whole, pieces):
        folder.mkdir()
    subprocess.run([sys.executable, "-c", CODE, str(whole)], check=True, stdout=subprocess.DEVNULL)
    chance = random.Random(0)
    kills = 0
    while True:
        process = subprocess.Popen([sys.executable, "-c", CODE, str(pieces)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "STEP\n"
        if kills < 4:
            time.sleep(chance.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            kills += 1
        out, _ = process.communicate()
        if out.endswith("DONE\n"):
            break
    assert kills == 4
    assert (pieces / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    assert not list(pieces.glob("*.tmp"))
