"""The server that badly behaves, and the address of a file on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.encoders.download.server import Handler, Script


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
