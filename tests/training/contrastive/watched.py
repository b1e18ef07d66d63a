"""A training that notes what each process of it does; started by itself, or by torchrun.

Arguments: a store, the name of a run, a folder for the notes, `device:step` at which to send that process SIGTERM ("-"
for never), and settings as JSON. A line of `NOTES/RANK.jsonl` is a step: epoch, step, the clips that were read, and the
loss summed over the examples of all processes in this epoch so far.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from echodex.api import Store
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.module import ContrastiveModule
from echodex.training.contrastive.train import train_clmr
from echodex.training.keeper import Keeper


def main(path: str, name: str, notes: str, stop: str, settings: str) -> None:
    rank = os.environ.get("RANK", "0")
    move, count, read = ContrastiveModule.transfer_batch_to_device, Keeper.on_train_batch_end, list[str]()

    def watched_move(self: Any, batch: Any, *others: Any) -> Any:
        if self.trainer.training:
            read[:] = batch.clip_ids
        return move(self, batch, *others)

    def watched_count(self: Any, *others: Any) -> None:
        if stop == f"{rank}:{self._module.place.step + 1}":
            os.kill(os.getpid(), signal.SIGTERM)
        try:
            count(self, *others)
        finally:
            place = self._module.place
            line = {"epoch": place.epoch, "step": place.step, "clips": list(read), "loss_sum": place.loss_sum}
            with (Path(notes) / f"{rank}.jsonl").open("a") as file:
                file.write(json.dumps({**line, "examples": place.examples}) + "\n")

    ContrastiveModule.transfer_batch_to_device = watched_move  # type: ignore[assignment,method-assign]
    Keeper.on_train_batch_end = watched_count  # type: ignore[assignment,method-assign]
    train_clmr(Store.open(path), config=ClmrTraining(**json.loads(settings)), name=name)


if __name__ == "__main__":
    main(*sys.argv[1:])
