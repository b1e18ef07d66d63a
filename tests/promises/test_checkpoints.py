"""A process that is killed while it saves a checkpoint leaves the one before or the new one, and training goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness.faults import Shim
from harness.promise import Promise

WORKER = """
import json, random, sys
from pathlib import Path
import numpy as np
import echodex.training.keeper as keeper
import lightning.pytorch, torch.utils.tensorboard
from echodex.training.config import ProbeConfig
from echodex.training.fit import fit_head
from echodex.training.layout import METRICS_FILE, STATE_FILE
from echodex.training.module import Examples
from echodex.training.state import load_state
from harness import faults

keeper.SAVE_EVERY_S = 0.0  # after every step
folder, kills, steps = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[1]) / "steps"
chance = np.random.default_rng(0)
vectors, targets = chance.standard_normal((200, 16)).astype(np.float32), chance.integers(0, 3, 200)
train, valid = Examples(vectors[:150], targets[:150]), Examples(vectors[150:], targets[150:])
config = ProbeConfig(max_epochs=2 + kills // 4, stop_patience=100, batch_size=10)

def fit(place, at):
    def told(stage, done, total):
        steps.write_text(str(done))
    place.mkdir(exist_ok=True)
    if at:
        faults.arm(place, at)
    fit_head(train, valid, 3, config, folder=place, progress=told)

pieces, whole = folder / "pieces", folder / "whole"
pick = random.Random(0)
for number in range(kills):
    steps.write_text("0")
    ended = faults.in_child(lambda: fit(pieces, pick.randint(1, 45)))
    assert ended == faults.KILLED, ended
    done, kept = int(steps.read_text()), 0
    wrong = None
    if (pieces / STATE_FILE).exists():
        def look():
            steps.write_text(str(load_state(pieces / STATE_FILE)["place"]["step"]))
        wrong = "it does not load" if faults.in_child(look) else None
        kept = int(steps.read_text())
    if not wrong and not done - 1 <= kept:
        wrong = f"step {kept} was saved, {done} done"
    print(json.dumps([not wrong, f"kill {number}: {wrong or 'kept'}"]), flush=True)
assert faults.in_child(lambda: fit(pieces, 0)) == 0
assert faults.in_child(lambda: fit(whole, 0)) == 0
same = (pieces / METRICS_FILE).read_bytes() == (whole / METRICS_FILE).read_bytes()
print(json.dumps([same, "the figures of the whole training"]), flush=True)
assert not list(pieces.glob(".*.tmp"))
"""


@pytest.mark.promise("P12")
def test_killed_while_saving(promise: Promise, shim: Shim, tmp_path: Path) -> None:
    """The operations of a few savings are counted from the start of each process, so that kills fall on all of them."""
    done = shim.run(WORKER, tmp_path, promise.size(fast=3, full=30))
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        promise.trial(*json.loads(line))
