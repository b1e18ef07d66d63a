from __future__ import annotations

import pytest

from echodex.commands import progress


def test_lines_come_at_intervals_with_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 4.0, 11.0, 12.0])
    monkeypatch.setattr("echodex.commands.progress.time.monotonic", lambda: next(clock))
    say = progress.bar()
    for done in (0, 20, 50, 55):
        say("embed", done, 100)
    assert capsys.readouterr().err.splitlines() == ["embed: 50 of 100, about 11 s left"]
