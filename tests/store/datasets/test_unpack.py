"""Archives of friends and strangers, whole and torn."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from echodex.errors import BadInput, StorageError
from echodex.progress import silent
from echodex.store.datasets.unpack import unpack
from tests.store.datasets.miniature import Files, tarred, zipped

FILES = {"a/one.wav": b"one" * 500, "a/b/two.wav": b"two" * 700, "three.txt": b"", "a/ünï.wav": b"4"}
MAKERS: dict[str, Callable[[Files], bytes]] = {
    "zip": zipped,
    "tar": lambda files: tarred(files, "w:"),
    "tar.gz": tarred,
    "tar.bz2": lambda files: tarred(files, "w:bz2"),
    "tar.xz": lambda files: tarred(files, "w:xz"),
}


def parts_of(content: bytes, folder: Path, number: int = 1) -> list[Path]:
    size = -(-len(content) // number)
    paths = [folder / f"archive.{i:03}" for i in range(number)]
    for i, path in enumerate(paths):
        path.write_bytes(content[i * size : (i + 1) * size])
    return paths


def found_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("parts", [1, 3, 7])
def test_every_file_comes_out_as_it_went_in(kind: str, parts: int, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    paths = parts_of(MAKERS[kind](FILES), tmp_path, parts)
    unpack(paths, tmp_path / "out", lambda *step: seen.append(step))
    assert found_in(tmp_path / "out") == FILES
    assert seen[-1] == ("unpack", len(FILES), len(FILES) if kind == "zip" else None)


@pytest.mark.parametrize("kind", MAKERS)
def test_interrupted_it_goes_on_with_what_is_left(kind: str, tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    paths, out = parts_of(MAKERS[kind](FILES), tmp_path), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        unpack(paths, out, interrupt)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert len(before) == 2
    torn = out / "a/b/two.wav"
    before.pop(torn, None)
    torn.parent.mkdir(parents=True, exist_ok=True)
    torn.write_bytes(b"tw")  # as a power cut may leave it
    unpack(paths, out, silent)
    assert found_in(out) == FILES
    assert {path: path.stat().st_mtime_ns for path in before} == before


EVIL = ["../evil", "a/../../evil", "/tmp/evil", "..\\evil", "a\\..\\..\\evil", "a/b/../../../evil"]


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_nothing_is_written_outside_the_folder(name: str, kind: str, tmp_path: Path) -> None:
    paths = parts_of(MAKERS[kind]({name: b"evil"}), tmp_path)
    with pytest.raises(BadInput, match="evil"):
        unpack(paths, tmp_path / "out", silent)
    assert found_in(tmp_path).keys() == {"archive.000"}


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_no_link_leads_out_of_the_folder(kind: str, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").symlink_to(tmp_path / "outside")
    with pytest.raises(BadInput, match="through a link"):
        unpack(parts_of(MAKERS[kind](FILES), tmp_path), tmp_path / "out", silent)
    assert not list((tmp_path / "outside").iterdir())


def test_links_and_devices_of_an_archive_are_left_out(tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, kind in (
            ("a", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("p", tarfile.FIFOTYPE),
            ("c", tarfile.CHRTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc"
            archive.addfile(member)
        member = tarfile.TarInfo("a/passwd")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"mine"))
    unpack(parts_of(content.getvalue(), tmp_path), tmp_path / "out", silent)
    assert found_in(tmp_path / "out") == {"a/passwd": b"mine"}
    assert not (tmp_path / "out/a").is_symlink()


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_torn_archive_is_said(kind: str, tmp_path: Path) -> None:
    whole = MAKERS[kind]({f"{i}.wav": bytes([i]) * 50 for i in range(20)} | {"last": bytes(range(256)) * 40})
    for keep in (len(whole) // 3, len(whole) // 2, len(whole) - 30):
        [path] = parts_of(whole[:keep], tmp_path)
        with pytest.raises(BadInput, match=r"archive .* is torn or of an unknown kind .* delete it"):
            unpack([path], tmp_path / f"out{keep}", silent)


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    content = bytearray(zipped({"one": bytes(range(256)) * 10}))
    content[60] ^= 4
    with pytest.raises(BadInput, match="torn"):
        unpack(parts_of(bytes(content), tmp_path), tmp_path / "out", silent)
    assert not (tmp_path / "out/one").exists()


def test_something_else_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unknown kind"):
        unpack(parts_of(b"<html>404</html>" * 100, tmp_path), tmp_path / "out", silent)


def test_a_disk_too_small_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimpleNamespace(total=10, used=5, free=5)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: small)
    with pytest.raises(StorageError, match="free space"):
        unpack(parts_of(zipped(FILES), tmp_path), tmp_path / "out", silent)
    assert not list((tmp_path / "out").iterdir())


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"one": b"secret"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert zipfile.is_zipfile(io.BytesIO(content))
    with pytest.raises(BadInput, match="encrypted"):
        unpack(parts_of(bytes(content), tmp_path), tmp_path / "out", silent)
