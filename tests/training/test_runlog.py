from __future__ import annotations

import math
import shutil
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from echodex.errors import StorageError
from echodex.training.runlog import RunLog, read_log


def write(folder: Path, epochs: range, begin: int) -> None:
    log = RunLog(folder, begin)
    for epoch in epochs:
        log.write({"epoch": epoch, "valid_loss": 1 / (epoch + 1)})
    log.close()


def test_lines_of_epochs_that_come_again_are_dropped(tmp_path: Path) -> None:
    write(tmp_path, range(4), 0)
    write(tmp_path, range(2, 5), 2)
    assert [line["epoch"] for line in read_log(tmp_path)] == [0, 1, 2, 3, 4]


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, range(3), 0)
    whole = (tmp_path / "metrics.jsonl").read_bytes()
    (tmp_path / "metrics.jsonl").write_bytes(whole[:-4])
    assert [line["epoch"] for line in read_log(tmp_path)] == [0, 1]
    assert read_log(tmp_path / "elsewhere") == []


def test_what_is_not_finite_is_left_out(tmp_path: Path) -> None:
    """JSON has no NaN, and strict readers refuse a file with one; older files have some."""
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 0, "uniformity": NaN}\n')
    log = RunLog(tmp_path, 1)
    log.write({"epoch": 1, "valid_loss": 0.5, "uniformity": math.nan, "train_loss": math.inf})
    log.close()
    assert read_log(tmp_path) == [{"epoch": 0}, {"epoch": 1, "valid_loss": 0.5}]


def test_tensorboard_reads_the_same_figures(tmp_path: Path) -> None:
    write(tmp_path, range(3), 0)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(event.step, round(event.value, 3)) for event in events.Scalars("valid_loss")] == [
        (0, 1.0),
        (1, 0.5),
        (2, 0.333),
    ]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())


def test_events_that_cannot_be_written_are_one_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """TensorBoard writes in a thread of its own, which would print a traceback."""
    hook = threading.excepthook
    (tmp_path / "run").mkdir()
    log = RunLog(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").write_text("no folder")
    with pytest.raises(StorageError), closing(log):
        log.show({"grey": np.zeros((4, 4), np.uint8)}, 0)
    assert threading.excepthook is hook
    assert "Traceback" not in capfd.readouterr().err
