"""Which clips have lost their file, by time and by bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.progress import silent
from echodex.schemas.finding import Damage
from echodex.store.checking_sources import source_findings


@pytest.fixture
def folder(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> Path:
    for number in range(4):
        make_wav(f"{number}.wav", seed=number)
    store.add(tmp_path / "audio")
    return tmp_path / "audio"


def found(store: Store, *, verify: bool = False) -> dict[str, str]:
    findings = source_findings(store.tables, verify=verify, progress=silent)
    return {Path(finding.where).name: finding.kind for finding in findings}


def flip(path: Path) -> None:
    """Alter a byte behind the back of the file's time."""
    state, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_files_as_they_were_are_in_order(store: Store, folder: Path) -> None:
    assert found(store) == found(store, verify=True) == {}


def test_what_is_gone_or_touched_is_told_and_bytes_where_they_are_asked_for(store: Store, folder: Path) -> None:
    (folder / "0.wav").unlink()
    os.utime(folder / "1.wav", (1_000_000_000, 1_000_000_000))
    flip(folder / "2.wav")
    told: dict[str, str] = {"0.wav": Damage.SOURCE_MISSING, "1.wav": Damage.SOURCE_CHANGED}
    assert found(store) == told
    assert found(store, verify=True) == told | {"2.wav": Damage.SOURCE_CHANGED}


def test_one_place_of_several_is_enough(store: Store, folder: Path) -> None:
    shutil.copy2(folder / "0.wav", folder / "copy.wav")
    store.add(folder)
    (folder / "0.wav").unlink()
    assert found(store, verify=True) == {}
    (folder / "copy.wav").unlink()
    assert list(found(store).values()) == [Damage.SOURCE_MISSING]
