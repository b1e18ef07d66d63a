"""Downloads from a server on loopback that behaves badly in each way that servers do."""

from __future__ import annotations

import hashlib
import json
import resource
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from echodex.encoders import download as download_module
from echodex.encoders.cache import cache_folder
from echodex.encoders.download import TRIES, download
from echodex.errors import BadInput, StorageError, Unavailable

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Script:
    """What the server does, and what it was asked: the value of Range ("" for none) per request."""

    content: bytes = CONTENT
    etag: str | None = '"one"'
    modified: str | None = None
    ranges: bool = True
    wrong_part: bool = False
    length: bool = True
    drop_after: list[int] = field(default_factory=list)  # bytes sent per request before the connection ends
    answers: list[int] = field(default_factory=list)  # statuses of the first requests
    to: str = ""  # where 302 leads
    asked: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    script: Script

    def do_GET(self) -> None:
        script = self.script
        wanted = self.headers.get("Range", "")
        script.asked.append(wanted)
        if script.answers:
            status = script.answers.pop(0)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", script.to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and script.ranges else 0
        fresh = self.headers.get("If-Range") in (script.etag, script.modified)
        self.send_body(script, first if fresh else 0)

    def send_body(self, script: Script, first: int) -> None:
        whole = len(script.content)
        if first >= whole > 0:
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        if script.etag:
            self.send_header("ETag", script.etag)
        if script.modified:
            self.send_header("Last-Modified", script.modified)
        if first:
            self.send_header("Content-Range", f"bytes {first - script.wrong_part}-{whole - 1}/{whole}")
        if script.length:
            self.send_header("Content-Length", str(whole - first))
        self.end_headers()
        body = script.content[first:]
        self.wfile.write(body[: script.drop_after.pop(0)] if script.drop_after else body)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def url(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A file on the server; the cache is tmp_path/cache."""
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Scripted", (Handler,), {"script": script}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/releases/clmr%20one.pt"
    server.shutdown()
    server.server_close()
    thread.join()


def get(url: str, **options: object) -> Path:
    return download(url, pause_s=0.0, **options)  # type: ignore[arg-type]


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


def interrupted(url: str, script: Script) -> Path:
    """Leave a part of 500,000 bytes and return the path that the whole file would have."""

    def interrupt(stage: str, done: int, total: int | None) -> None:
        if done == 500_000:
            raise KeyboardInterrupt

    script.drop_after = [500_000]
    with pytest.raises(KeyboardInterrupt):
        get(url, progress=interrupt)
    (part,) = cache_folder().rglob("*.part")
    assert part.stat().st_size == 500_000
    return part.with_suffix("")


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


def test_a_length_that_never_comes_is_said_and_what_came_is_kept(url: str, script: Script) -> None:
    script.drop_after = [100_000] * TRIES
    with pytest.raises(Unavailable, match=r"ended after 500000 of 1048576 bytes"):
        get(url)
    assert get(url).read_bytes() == CONTENT
    assert script.asked[-1] == "bytes=500000-"


def test_without_a_length_the_end_of_the_connection_is_the_end(url: str, script: Script) -> None:
    script.length = False
    totals: set[int | None] = set()
    assert get(url, progress=lambda stage, done, total: totals.add(total)).read_bytes() == CONTENT
    assert totals == {None}


def test_a_silent_server_times_out(url: str, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(download_module, "TRIES", 1)
    held = threading.Event()
    monkeypatch.setattr(Handler, "do_GET", lambda self: held.wait(5))
    with pytest.raises(Unavailable, match="timed out"):
        get(url)
    held.set()


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


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("file:///etc/passwd", r"file:///etc/passwd cannot be downloaded: only http:// and https://"),
        ("ftp://host/a.pt", "only http"),
        ("http:///a.pt", "only http"),
        ("http://host:port/a.pt", "is no web address"),
        ("http://me:secret@[::1/a.pt?secret#sha256=0", "is no web address"),
        ("https://me:secret@host/a.pt?token=secret", r"https://host/a\.pt carries a user name"),
        ("https://host/a.pt#sha256=12", "not #sha256= and 64 hex digits"),
        ("https://host/a.pt#md5=0", "not #sha256="),
    ],
)
def test_what_is_no_web_address_is_refused(url: str, bad: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        get(bad)
    assert "secret" not in str(caught.value)


def test_no_secret_of_a_url_is_shown_or_written(url: str, script: Script) -> None:
    path = get(url + "?token=secret")
    assert "secret" not in path.with_name(path.name + ".json").read_text()
    script.answers = [403]
    with pytest.raises(Unavailable, match="403") as caught:
        get(url + "?token=secret2")
    assert "secret" not in str(caught.value)


def test_redirections_are_followed_within_the_web_alone(url: str, script: Script) -> None:
    script.answers, script.to = [302], url + "?signed"
    assert get(url).read_bytes() == CONTENT
    for elsewhere in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        script.answers, script.to = [302] * TRIES, elsewhere
        with pytest.raises(Unavailable):
            get(url + "?again")


def test_a_redirection_keeps_the_range(url: str, script: Script) -> None:
    interrupted(url, script)
    script.answers, script.to = [302], url + "?signed"
    assert get(url).read_bytes() == CONTENT
    assert script.asked == ["", "bytes=500000-", "bytes=500000-"]


def test_a_redirection_away_from_https_is_refused() -> None:
    import urllib.request
    from email.message import Message

    request = urllib.request.Request("https://host/a.pt?token=secret")
    with pytest.raises(Unavailable, match=r"https://host/a\.pt cannot .* without https"):
        download_module._Redirects().redirect_request(request, None, 302, "Found", Message(), "http://host/a.pt")


@pytest.mark.parametrize("length", [True, False])
def test_what_is_larger_than_any_checkpoint_is_refused(
    url: str, script: Script, length: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module, "MAX_BYTES", 100_000)
    script.length = length
    with pytest.raises(BadInput, match="is larger than"):
        get(url)
    assert not [path for path in cache_folder().rglob("*") if path.is_file() and path.stat().st_size > 100_000]


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


def test_a_cache_that_cannot_be_made_is_said(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="set ECHODEX_CACHE"):
        get(url)


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


def test_the_cache_is_in_the_users_folder_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECHODEX_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/echodex")
    monkeypatch.setenv("ECHODEX_CACHE", "~/elsewhere")
    assert cache_folder() == Path("/home/someone/elsewhere")
