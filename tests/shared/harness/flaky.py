"""A proxy before an object store that counts what is asked, and now and then answers 500 or 503, slowly, or not at all.

It runs in threads of the test's process. What it does to a request is decided by a function that the test gives.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

SLOW_S = 0.3


class Fault(Enum):
    """What befalls a request. AFTER: the server has done what was asked, and nobody is told."""

    NONE = "none"
    ERROR_BEFORE = "500 before"
    ERROR_AFTER = "500 after"
    BUSY = "503"
    CUT_BEFORE = "cut before"
    CUT_AFTER = "cut after"
    SLOW = "slow"


Decide = Callable[[str, str], Fault]
"""From method and path of a request to what befalls it."""


class Flaky:
    """A proxy at `endpoint`. `requests` counts by method, `seen` are all (method, path), `faults` what befell them.

    unconditional: puts that are told to replace nothing replace it all the same, as servers do that know no better.
    """

    def __init__(self, target: str) -> None:
        self.target = target.removeprefix("http://")
        self.decide: Decide = lambda method, path: Fault.NONE
        self.unconditional = False
        self.requests: Counter[str] = Counter()
        self.seen: list[tuple[str, str]] = []
        self.faults: Counter[Fault] = Counter()
        self.broken: list[str] = []
        self._one = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.flaky = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def told(self, method: str, path: str) -> Fault:
        """Note a request; return what is to befall it."""
        with self._one:
            self.requests[method] += 1
            self.seen.append((method, unquote(path)))
            fault = self.decide(method, unquote(path))
            self.faults[fault] += 1
            return fault

    def forget(self) -> None:
        """Count from here."""
        with self._one:
            self.requests.clear()
            self.seen.clear()
            self.faults.clear()

    @contextmanager
    def serving(self) -> Iterator[Flaky]:
        """Serve for the length of the block."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    flaky: Flaky

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note it, and say nothing: clients that give up are what this is for."""
        self.flaky.broken.append(repr(sys.exc_info()[1]))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name the library gives it)
        """Say nothing."""

    def _any(self) -> None:
        body = self._body()
        fault = self.server.flaky.told(self.command, self.path)
        if fault is Fault.CUT_BEFORE:
            self._cut()
            return
        if fault in (Fault.ERROR_BEFORE, Fault.BUSY):
            self._fail(503 if fault is Fault.BUSY else 500)
            return
        status, headers, answer = self._forwarded(body)
        if fault is Fault.CUT_AFTER:
            self._cut()
        elif fault is Fault.ERROR_AFTER:
            self._fail(500)
        else:
            if fault is Fault.SLOW:
                time.sleep(SLOW_S)
            self._send(status, headers, answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        link = HTTPConnection(self.server.flaky.target, timeout=60)
        try:
            dropped = {"transfer-encoding", "if-none-match" if self.server.flaky.unconditional else ""}
            kept = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            kept["Content-Length"] = str(len(body))
            link.request(self.command, self.path, body=body, headers=kept)
            answer = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            link.close()

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value  # of a HEAD, what a GET would have
            elif name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body)

    def _fail(self, status: int) -> None:
        code = "SlowDown" if status == 503 else "InternalError"
        body = f"<Error><Code>{code}</Code><Message>again, please</Message></Error>".encode()
        self._send(status, [("Content-Type", "application/xml")], b"" if self.command == "HEAD" else body)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)
