"""The explorer as a process: its URL, its port, its end; and that it calls nobody."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.explorer.server.serve import explore, exploring

ECHODEX = Path(sys.executable).parent / "echodex"


@contextmanager
def started(store: Store, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `echodex explore` at a free port; yield it and the first line that it prints."""
    command = [str(ECHODEX), "--store", str(store.path), "explore", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            yield process, line
        finally:
            process.kill()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_its_proper_end_also_while_it_sends(kinds_store: Store, end: signal.Signals) -> None:
    with started(kinds_store) as (process, url):
        found = urlsplit(url.strip())
        assert found.hostname == "127.0.0.1"
        assert len(found.path.strip("/")) >= 32
        assert urllib.request.urlopen(url.strip()).status == 200
        with socket.create_connection(("127.0.0.1", found.port or 0)) as idle:
            idle.sendall(b"GET / HTT")
            with socket.create_connection(("127.0.0.1", found.port or 0)) as asking:
                clip = kinds_store.clips(["clip_id"]).column(0)[0].as_py()
                line = f"GET {found.path}api/audio/{clip} HTTP/1.1\r\nHost: localhost:{found.port}\r\n\r\n"
                asking.sendall(line.encode())
                begun = time.monotonic()
                process.send_signal(end)
                assert process.wait(timeout=20) == 0
        assert time.monotonic() - begun < 5  # about 0.3 s where nothing else runs
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_what_the_page_begins_with_is_in_the_url(kinds_store: Store) -> None:
    with started(kinds_store, "--json", "--space", "dummy", "--view", "all") as (process, line):
        assert process.stdout is not None
        while (more := process.stdout.readline()).rstrip():
            line += more
            if more.rstrip() == "}":
                break
        url = json.loads(line)["url"]
        assert urlsplit(url).query == f"space={kinds_store.space().name}&view=all"
        assert urllib.request.urlopen(url).status == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "192.168.1.7"}, "allow-remote"),
        ({"host": ""}, "allow-remote"),
        ({"host": "no such host", "allow_remote": True}, "cannot be had"),
        ({"host": "192.0.2.1", "allow_remote": True}, "cannot be had"),
        ({"port": 70_000}, "70000"),
        ({"port": -1}, "-1"),
    ],
)
def test_where_it_cannot_listen_is_said_in_a_sentence(kinds_store: Store, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        explore(kinds_store, **{"port": 0, **options})


def test_the_command_ends_with_that_sentence(kinds_store: Store) -> None:
    command = [str(ECHODEX), "--store", str(kinds_store.path), "explore", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: at 0.0.0.0 other machines could listen")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_another_program_has_is_said_to_be_taken(kinds_store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="another with --port"):
        explore(kinds_store, port=taken.getsockname()[1])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may have any port")
def test_a_port_that_only_root_may_have_is_said_to_be_refused(kinds_store: Store) -> None:
    with pytest.raises(UsageError, match="another with --port"):
        explore(kinds_store, port=1)


def test_every_run_has_a_secret_of_its_own_and_gives_its_port_back(kinds_store: Store) -> None:
    urls = []
    for _ in range(2):
        with exploring(kinds_store) as url:
            urls.append(url)
            assert urllib.request.urlopen(url).status == 200
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(url)
    assert urlsplit(urls[0]).path != urlsplit(urls[1]).path


def test_unknown_views_and_spaces_are_refused_before_it_listens(kinds_store: Store) -> None:
    with pytest.raises(NotFound), exploring(kinds_store, view="nothing"):
        pass
    with pytest.raises(NotFound), exploring(kinds_store, space="nothing"):
        pass


def test_remote_is_warned_of_and_answers_by_address(kinds_store: Store) -> None:
    with started(kinds_store, "--host", "0.0.0.0", "--allow-remote") as (process, line):
        port = urlsplit(line.strip()).port
        url = line.strip().replace(urlsplit(line.strip()).netloc, f"127.0.0.2:{port}")
        assert urllib.request.urlopen(url).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert "whoever has the URL can listen" in process.stderr.read()


WATCHED = """
import sys, urllib.request
from echodex.api import Store
from echodex.explorer.server.serve import exploring

told = []
def watch(event, of):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        told.append((event, str(of[1] if event != "socket.getaddrinfo" else of[0])))
sys.addaudithook(watch)
store = Store.open(sys.argv[1])
clip = store.clips(["clip_id"]).column(0)[0].as_py()
with exploring(store) as url:
    of_clip = [f"api/{kind}/{clip}" for kind in ("audio", "waveform", "spectrogram")]
    for path in ["", "page/main.js", "api/store", *of_clip]:
        urllib.request.urlopen(url + path).read()
print([line for line in told if "127.0.0.1" not in line[1]])
"""


def test_it_calls_nobody(kinds_store: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(kinds_store.path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_nothing_heavy_is_imported_before_it_serves() -> None:
    code = "import sys, echodex.cli; print([m for m in ('fastapi', 'uvicorn', 'numpy', 'lancedb') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
