"""A server on loopback that has files, and breaks off where it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """files: by name; asked: name and Range of each request; drop_after: bytes sent of each answer by then."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    drop_after: list[int] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    state: Server

    def do_GET(self) -> None:
        name, wanted = self.path.rpartition("/")[2], self.headers.get("Range", "")
        self.state.asked.append((name, wanted))
        if name not in self.state.files:
            self.send_error(404)
            return
        content = self.state.files[name]
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if first else 200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(content) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        body = content[first:]
        self.wfile.write(body[: self.state.drop_after.pop(0)] if self.state.drop_after else body)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server for the length of the block."""
    state = Server()
    listening = ThreadingHTTPServer(("127.0.0.1", 0), type("Serving", (Handler,), {"state": state}))
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{listening.server_port}/copy"
    try:
        yield state
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
