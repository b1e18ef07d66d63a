"""A server on loopback that behaves badly in each way that servers do, and how tests ask it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from echodex.encoders.cache import cache_folder
from echodex.encoders.download import download

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


def get(url: str, **options: object) -> Path:
    return download(url, pause_s=0.0, **options)  # type: ignore[arg-type]


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
