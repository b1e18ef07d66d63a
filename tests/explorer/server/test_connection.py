"""Connections that ask for nothing: how many, and for how long."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from echodex.api import Store
from echodex.explorer.server import connection
from echodex.explorer.server.serve import exploring

PATIENCE_S = 0.4


@dataclass(frozen=True)
class Served:
    """A running explorer, which waits for PATIENCE_S."""

    url: str
    port: int

    @property
    def line(self) -> bytes:
        """The first line of a request for the page, and the headers it needs but for the end of them."""
        return f"GET {urlsplit(self.url).path} HTTP/1.1\r\nHost: localhost\r\n".encode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@pytest.fixture
def served(kinds_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(connection, "PATIENCE_S", PATIENCE_S)
    with exploring(kinds_store) as url:
        yield Served(url, int(urlsplit(url).port or 0))


def closed_after(wire: socket.socket, trickle: bytes = b"") -> float:
    """Return after how many seconds a connection is closed by the other side, bytes of `trickle` being sent to it."""
    begun = time.monotonic()
    wire.settimeout(0.05)
    while time.monotonic() - begun < 10:
        try:
            if trickle:
                wire.sendall(trickle)
            if not wire.recv(1 << 16):
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - begun


def test_a_connection_that_asks_nothing_is_closed(served: Served) -> None:
    with served.connect() as wire:
        assert PATIENCE_S / 2 < closed_after(wire) < 5


def test_headers_that_never_end_do_not_hold_it_open(served: Served) -> None:
    with served.connect() as wire:
        wire.sendall(served.line)
        assert PATIENCE_S / 2 < closed_after(wire, b"X: a\r\n") < 5


def test_a_body_that_nobody_wanted_does_not_either(served: Served) -> None:
    with served.connect() as wire:
        wire.sendall(b"POST /wrong/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n")
        assert wire.recv(1 << 16).startswith(b"HTTP/1.1 404 ")
        assert PATIENCE_S / 2 < closed_after(wire, b"x") < 5


def test_one_that_goes_on_asking_is_kept(served: Served) -> None:
    with served.connect() as wire:
        for _ in range(4):
            wire.sendall(served.line + b"\r\n")
            time.sleep(PATIENCE_S / 2)
            assert wire.recv(1 << 20).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_was_admitted_may_come_slowly(served: Served) -> None:
    path = urlsplit(served.url).path
    with served.connect() as wire:
        head = f"POST {path}api/jobs HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        wire.sendall(head.encode() + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{")
        time.sleep(2 * PATIENCE_S)
        wire.sendall(b"}")
        assert wire.recv(1 << 16).startswith(b"HTTP/1.1 400 ")


def test_more_connections_than_a_browser_needs_leave_room_for_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST", 5)
    monkeypatch.setattr(connection, "PATIENCE_S", 1.0)
    with ExitStack() as stack:
        idle = [stack.enter_context(served.connect()) for _ in range(5)]
        with served.connect() as more:
            assert closed_after(more) < 0.5
        for wire in idle:
            closed_after(wire)
        assert urllib.request.urlopen(served.url).status == 200
