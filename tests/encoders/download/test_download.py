"""What arrives, under which name, and what is kept of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from echodex.encoders.cache import cache_folder
from echodex.errors import BadInput, StorageError
from tests.encoders.download.server import CONTENT, SHA256, Script, get


def leftovers(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_a_file_arrives_whole_with_what_is_known_of_it(url: str, script: Script, tmp_path: Path) -> None:
    path = get(url)
    assert path.read_bytes() == CONTENT
    assert path.name == "clmr_one.pt"
    assert path.is_relative_to(tmp_path / "cache")
    assert leftovers(path) == ["clmr_one.pt", "clmr_one.pt.json"]
    notes = json.loads((path.parent / "clmr_one.pt.json").read_text())
    assert (notes["size_bytes"], notes["sha256"]) == (len(CONTENT), SHA256)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_second_time_nothing_is_asked(url: str, script: Script) -> None:
    assert get(url) == get(url)
    assert len(script.asked) == 1


def test_a_file_damaged_in_the_cache_is_fetched_again(url: str, script: Script) -> None:
    path = get(url)
    path.write_bytes(CONTENT[:-1] + b"x")
    assert get(url).read_bytes() == CONTENT
    assert len(script.asked) == 2


def test_without_a_length_the_end_of_the_connection_is_the_end(url: str, script: Script) -> None:
    script.length = False
    totals: set[int | None] = set()
    assert get(url, progress=lambda stage, done, total: totals.add(total)).read_bytes() == CONTENT
    assert totals == {None}


def test_progress_counts_bytes_up_to_the_whole(url: str, script: Script) -> None:
    seen: list[tuple[str, int, int | None]] = []
    script.drop_after = [500_000]
    get(url, progress=lambda *step: seen.append(step))
    done = [step[1] for step in seen]
    assert done == sorted(done)
    assert seen[-1] == ("download", len(CONTENT), len(CONTENT))


def test_a_checksum_in_the_url_is_kept_to(url: str, script: Script) -> None:
    assert get(f"{url}#sha256={SHA256.upper()}").read_bytes() == CONTENT
    wrong = "0" * 64
    with pytest.raises(BadInput, match=f"has sha256 {SHA256}, not {wrong}; it was removed"):
        get(f"{url}#sha256={wrong}")
    assert not list(cache_folder().rglob("*.part"))


def test_a_checksum_is_kept_to_in_the_cache_too(url: str, script: Script) -> None:
    path = get(url)
    script.content = b"other"
    assert get(f"{url}#sha256={SHA256}") == path
    assert len(script.asked) == 1


@pytest.mark.parametrize("name", ["..%2F..%2Fevil", "%2e%2e", ".hidden", "", "a" * 300, "%00%1b", "ünï"])
def test_names_cannot_leave_the_cache(url: str, name: str, tmp_path: Path) -> None:
    path = get(url.rpartition("/")[0] + "/" + name)
    assert path.parent.parent == tmp_path / "cache" / "downloads"
    assert path.name.isascii()
    assert path.read_bytes() == CONTENT


def test_two_at_once_download_once(url: str, script: Script) -> None:
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(get(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert script.asked == [""]


def test_a_cache_that_cannot_be_made_is_said(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="set ECHODEX_CACHE"):
        get(url)


def test_the_cache_is_in_the_users_folder_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECHODEX_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/echodex")
    monkeypatch.setenv("ECHODEX_CACHE", "~/elsewhere")
    assert cache_folder() == Path("/home/someone/elsewhere")
