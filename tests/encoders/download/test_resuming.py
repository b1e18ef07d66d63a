"""Downloads that break off go on where they stopped, or begin anew where that would mix two files."""

from __future__ import annotations

import json
import resource

import pytest

from echodex.encoders.download import TRIES
from echodex.errors import StorageError, Unavailable
from tests.encoders.download.server import CONTENT, Script, get, interrupted


@pytest.mark.parametrize(("etag", "modified"), [('"one"', None), (None, "Wed, 01 Jan 2025 00:00:00 GMT")])
def test_a_dropped_connection_is_continued(url: str, script: Script, etag: str | None, modified: str | None) -> None:
    script.etag, script.modified = etag, modified
    script.drop_after = [500_000, 100_000]
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", "bytes=500000-", "bytes=600000-"]


def test_an_interrupted_download_goes_on_the_next_time(url: str, script: Script) -> None:
    def interrupt(stage: str, done: int, total: int | None) -> None:
        if done > 500_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(url, progress=interrupt)
    path = get(url)
    assert path.read_bytes() == CONTENT
    assert script.asked[0] == ""
    assert int(script.asked[1].removeprefix("bytes=").rstrip("-")) > 500_000


def test_a_server_without_ranges_is_read_from_the_start(url: str, script: Script) -> None:
    script.ranges = False
    script.drop_after = [500_000]
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", "bytes=500000-"]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_validator_nothing_is_continued(url: str, script: Script, etag: str | None) -> None:
    script.etag = etag
    script.drop_after = [500_000]
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", ""]


def test_a_file_that_changed_in_between_is_read_from_the_start(url: str, script: Script) -> None:
    def change(stage: str, done: int, total: int | None) -> None:
        script.content, script.etag = CONTENT[::-1], '"two"'

    script.drop_after = [500_000]
    assert get(url, progress=change).read_bytes() == CONTENT[::-1]
    assert script.asked == ["", "bytes=500000-"]


def test_a_server_that_ignores_if_range_mixes_no_versions(url: str, script: Script) -> None:
    path = interrupted(url, script)
    notes = path.with_name("clmr_one.pt.json")
    script.content, script.etag = CONTENT[::-1], '"two"'
    notes.write_text(json.dumps({"validator": '"one"'}))
    script.modified = '"one"'  # accepts the old validator, yet sends the new file
    assert get(url).read_bytes() == CONTENT[::-1]
    assert script.asked[-1] == ""


def test_another_part_than_asked_for_is_thrown_away(url: str, script: Script) -> None:
    interrupted(url, script)
    script.wrong_part = True
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", "bytes=500000-", ""]


def test_a_part_longer_than_the_file_is_thrown_away(url: str, script: Script) -> None:
    interrupted(url, script)
    script.content = CONTENT[:1000]
    assert get(url).read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("notes", ["", "{", "[1]", "\x00"])
def test_torn_notes_cost_a_new_start_and_no_more(url: str, script: Script, notes: str) -> None:
    path = interrupted(url, script)
    path.with_name("clmr_one.pt.json").write_text(notes)
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", ""]


def test_a_length_that_never_comes_is_said_and_what_came_is_kept(url: str, script: Script) -> None:
    script.drop_after = [100_000] * TRIES
    with pytest.raises(Unavailable, match=r"ended after 500000 of 1048576 bytes"):
        get(url)
    assert get(url).read_bytes() == CONTENT
    assert script.asked[-1] == "bytes=500000-"


def test_a_redirection_keeps_the_range(url: str, script: Script) -> None:
    interrupted(url, script)
    script.answers, script.to = [302], url + "?signed"
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", "bytes=500000-", "bytes=500000-"]


def test_a_disk_that_takes_no_more_is_said_and_the_part_kept(url: str, script: Script) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    try:
        with pytest.raises(StorageError, match="could not be written: File too large; free space"):
            get(url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", "bytes=600000-"]
