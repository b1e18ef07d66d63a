"""materialise: says what it wrote, goes on, and ends with 3 where a file is not ok."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import UsageError


def run(store: Store, *arguments: str) -> tuple[str, int]:
    result = CliRunner().invoke(cli, ["--store", str(store.path), "--quiet", "materialise", *arguments])
    return result.stdout, result.exit_code


def test_it_writes_a_view_and_then_the_rest(kinds: Store) -> None:
    kinds.prune("random", duplicate_score=0, keep=0.5).save("half")
    out, code = run(kinds, "--view", "half", "--rate", "8000")
    assert (out, code) == ("waveforms_8000: 36 clips written (0.00 h, 0.1 MB), 0 known\n", 0)
    assert kinds.status().waveforms == {"waveforms_8000": 36}
    assert "waveforms_8000     36" in CliRunner().invoke(cli, ["--store", str(kinds.path), "status"]).stdout
    out, code = run(kinds, "--rate", "8000", "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["table"], said["written"], said["known"], said["problems"]) == ("waveforms_8000", 36, 36, [])


def test_a_file_that_changed(store: Store, make_wav: Callable[..., Path]) -> None:
    paths = [make_wav(f"{seed}.wav", seed=seed) for seed in range(3)]
    store.add(*paths)
    paths[0].write_bytes(b"something else")
    out, code = run(store)
    assert code == 3
    assert out.startswith("waveforms_22050: 2 clips written")
    assert "1 files are not ok" in out
    assert str(paths[0]) in out


def test_frames_are_written_and_counted(store: Store, make_wav: Callable[..., Path]) -> None:
    store.add(*[make_wav(f"{seed}.wav", seed=seed, seconds=1.0) for seed in range(2)])
    out, code = run(store, "--features", "cqt")
    assert (out, code) == ("frames_cqt: 2 clips written (0.00 h, 0.0 MB), 0 known\n", 0)
    assert store.status().frames == {"frames_cqt": 2}
    assert "frames_cqt      2" in CliRunner().invoke(cli, ["--store", str(store.path), "status"]).stdout
    said = json.loads(run(store, "--features", "cqt", "--json")[0])
    assert (said["known"], said["layout"]["bins"], said["layout"]["source"]) == (2, 84, "computed")
    for odd in (["--features", "mel"], ["--features", "cqt", "--rate", "8000"]):
        with pytest.raises(UsageError, match=r"features .*cqt"):
            raise CliRunner().invoke(cli, ["--store", str(store.path), "materialise", *odd]).exception or AssertionError
