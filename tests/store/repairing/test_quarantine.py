"""What is moved out of the way is kept apart, with the reason, whatever it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from echodex.store.repairing.quarantine import NOTE, Quarantine


def test_files_keep_the_place_that_they_had(tmp_path: Path) -> None:
    path = tmp_path / "clips.lance" / "data" / "0.lance"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"torn")
    quarantine = Quarantine(tmp_path)
    assert not quarantine.used
    place = tmp_path / quarantine.move(path, "it is torn")
    assert place == quarantine.folder / "clips.lance" / "data" / "0.lance"
    assert place.read_bytes() == b"torn"
    assert not path.exists()
    assert quarantine.used


def test_of_one_name_both_are_kept_and_why(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    places = [quarantine.put(pa.table({"n": [number]}), "clips", f"reason {number}") for number in range(2)]
    read = [pa.ipc.open_file(tmp_path / place).read_all().column("n").to_pylist() for place in places]
    assert read == [[0], [1]]
    notes = [json.loads(line) for line in (quarantine.folder / NOTE).read_text().splitlines()]
    assert [note["why"] for note in notes] == ["reason 0", "reason 1"]
    assert all((quarantine.folder / note["file"]).exists() for note in notes)


def test_two_repairs_in_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = {Quarantine(tmp_path).folder for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in folders)
