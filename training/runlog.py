"""What a training tells while it runs: one JSON line an epoch in `metrics.jsonl`, and TensorBoard events."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..schemas.read_json import read_json
from ..store.files import PRIVATE_FILE, storage_errors, sync, write_atomic
from ..store.remote.mirror import stored
from .layout import METRICS_FILE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RunLog:
    """Appends the figures of epochs to a run folder.

    On resume, lines of epochs from `epoch` on are dropped: they come again.
    """

    def __init__(self, folder: Path, epoch: int = 0) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        self._path = folder / METRICS_FILE
        kept = [line for line in read_log(folder) if line["epoch"] < epoch]
        write_atomic(self._path, "".join(map(_line, kept)).encode())
        self._hook, threading.excepthook = threading.excepthook, self._heed
        with storage_errors(folder):
            self._events = SummaryWriter(str(folder), purge_step=epoch if epoch else None)

    def write(self, figures: Mapping[str, float]) -> None:
        """Append those of an epoch's figures that are finite; `figures["epoch"]` is its number."""
        with storage_errors(self._path), self._path.open("a") as stream:
            stream.write(_line(figures))
        stored(self._path)
        with storage_errors(self._path.parent):
            for name, value in finite(figures).items():
                if name != "epoch":
                    self._events.add_scalar(name, value, int(figures["epoch"]))

    def show(self, pictures: Mapping[str, NDArray[np.uint8]], epoch: int) -> None:
        """Put grey pictures uint8[height, width] of an epoch among the events."""
        with storage_errors(self._path.parent):
            for name, picture in pictures.items():
                self._events.add_image(name, picture, epoch, dataformats="HW")

    def close(self) -> None:
        """Flush and close the event file; wait until the disk has the figures, which a finished run must not lose."""
        try:
            with storage_errors(self._path.parent):
                self._events.close()
                sync(self._path)
        finally:
            threading.excepthook = self._hook
        for path in self._path.parent.glob("events.out.tfevents.*"):
            path.chmod(PRIVATE_FILE)
            stored(path)

    def _heed(self, failure: threading.ExceptHookArgs) -> None:
        """Let TensorBoard's thread fail without a traceback: whoever writes to it next, or closes it, is told."""
        if not (failure.exc_type and issubclass(failure.exc_type, OSError) and _is_of_tensorboard(failure.thread)):
            self._hook(failure)


def _is_of_tensorboard(thread: threading.Thread | None) -> bool:
    return type(thread).__module__.startswith("tensorboard")


def read_log(folder: Path) -> list[dict[str, float]]:
    """Return the lines of a run's `metrics.jsonl`; a last line that a crash cut short is left out."""
    path = folder / METRICS_FILE
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    return [read_json(line) for line in lines if line.endswith("\n")]


def finite(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the figures that are finite: JSON has no others."""
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def _line(figures: Mapping[str, float]) -> str:
    return json.dumps(finite(figures), allow_nan=False) + "\n"
