"""remove: says how many, and does it only with --yes."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import NotFound, UsageError


def run(store: Store, *arguments: str) -> tuple[str, BaseException | None]:
    result = CliRunner().invoke(cli, ["--store", str(store.path), "remove", *arguments])
    return result.stdout, result.exception


def count(store: Store) -> int:
    return store.tables.count("clips")


def test_it_only_says_so_until_told_to(kinds: Store) -> None:
    where = "array_has(labels, 'noise')"
    assert run(kinds, "--where", where) == ("would remove 24 clips; --yes does it\n", None)
    assert count(kinds) == 72
    assert run(kinds, "--where", where, "--yes") == ("removed 24 clips\n", None)
    assert count(kinds) == len(kinds.vectors()) == 48


def test_clips_go_by_id_and_by_path(kinds: Store) -> None:
    first, second = kinds.clips(["clip_id"]).column(0).to_pylist()[:2]
    [source] = kinds.sources([second])
    out, _ = run(kinds, first, source.path, second, "--yes", "--json")
    assert json.loads(out) == {"clips": 2, "removed": True}
    assert count(kinds) == 70
    assert Path(source.path).exists()


def test_clips_whose_files_are_gone(store: Store, tmp_path: Path, make_wav: object) -> None:
    assert callable(make_wav)
    paths = [make_wav(f"{number}.wav", seed=number) for number in range(3)]
    store.add(*paths)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(paths[1].read_bytes())
    store.add(copy)
    paths[0].unlink()
    paths[1].unlink()  # but its copy is there
    out, _ = run(store, "--missing", "--yes", "--json")
    assert json.loads(out) == {"clips": 1, "removed": True}
    assert count(store) == 2


def test_unusable_clips_can_be_removed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"no sound")
    store.add(tmp_path / "noise.wav")
    assert count(store) == 1
    assert run(store, str(tmp_path / "noise.wav"), "--yes") == ("removed 1 clip\n", None)
    assert count(store) == 0


def test_what_makes_no_sense_is_refused(kinds: Store) -> None:
    for arguments in ([], ["x", "--missing"], ["--where", "a", "--missing"]):
        assert isinstance(run(kinds, *arguments)[1], UsageError)
    for name in ("nobody", "\0", "/no/such.wav"):
        assert isinstance(run(kinds, name, "--yes")[1], NotFound)
    assert count(kinds) == 72
