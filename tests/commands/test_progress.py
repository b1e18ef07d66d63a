from __future__ import annotations

import pytest

from echodex.commands import progress
from echodex.progress import say, silent


def test_lines_come_at_intervals_with_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 4.0, 11.0, 12.0])
    monkeypatch.setattr("echodex.commands.progress.time.monotonic", lambda: next(clock))
    say = progress.bar()
    for done in (0, 20, 50, 55):
        say("embed", done, 100)
    assert capsys.readouterr().err.splitlines() == ["embed: 50 of 100, about 11 s left"]


def test_what_was_done_before_does_not_count_for_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 11.0])
    monkeypatch.setattr("echodex.commands.progress.time.monotonic", lambda: next(clock))
    report = progress.bar()
    for done in (60, 80):
        report("train", done, 100)
    assert capsys.readouterr().err.splitlines() == ["train: 80 of 100, about 11 s left"]


def test_lines_are_told_at_once_by_who_can(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    say(progress.bar(), "epoch 1 of 2 [loss]")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    on_terminal = progress.bar()
    on_terminal("train", 1, 5)
    say(on_terminal, "epoch 2 of 2 [loss]")
    on_terminal("train", 5, 5)
    say(silent, "nothing")
    say(lambda stage, done, total: None, "nothing")
    said = capsys.readouterr().err
    assert "epoch 1 of 2 [loss]\n" in said
    assert "epoch 2 of 2 [loss]" in said
    assert "nothing" not in said
