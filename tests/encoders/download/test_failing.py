"""What a server refuses or keeps to itself: what may pass is tried again, and what may not is said."""

from __future__ import annotations

import threading

import pytest

from echodex.encoders import download as download_module
from echodex.encoders.cache import cache_folder
from echodex.encoders.download import TRIES, download
from echodex.errors import BadInput, Unavailable
from tests.encoders.download.server import CONTENT, Handler, Script, get


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_passing_failure_is_tried_again(url: str, script: Script, status: int) -> None:
    script.answers = [status, status]
    assert get(url).read_bytes() == CONTENT
    assert len(script.asked) == 3


def test_the_pauses_between_tries_double(url: str, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    script.answers = [500] * TRIES
    with pytest.raises(Unavailable, match=rf"in {TRIES} tries \(500 .*run it again"):
        download(url)
    assert pauses == [1, 2, 4, 8]


def test_a_missing_file_is_said_at_once(url: str, script: Script) -> None:
    script.answers = [404]
    with pytest.raises(Unavailable, match=r"clmr%20one\.pt cannot be downloaded: 404 Not Found; check the URL"):
        get(url)
    assert len(script.asked) == 1


def test_an_unreachable_host_is_said(url: str) -> None:
    with pytest.raises(Unavailable, match=r"could not be downloaded in 5 tries \(.*refused"):
        get("http://127.0.0.1:9/file.pt")


def test_a_silent_server_times_out(url: str, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(download_module, "TRIES", 1)
    held = threading.Event()
    monkeypatch.setattr(Handler, "do_GET", lambda self: held.wait(5))
    with pytest.raises(Unavailable, match="timed out"):
        get(url)
    held.set()


@pytest.mark.parametrize("length", [True, False])
def test_what_is_larger_than_any_checkpoint_is_refused(
    url: str, script: Script, length: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module, "MAX_BYTES", 100_000)
    script.length = length
    with pytest.raises(BadInput, match="is larger than"):
        get(url)
    assert not [path for path in cache_folder().rglob("*") if path.is_file() and path.stat().st_size > 100_000]
