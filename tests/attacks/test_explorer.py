"""Requests made to do harm: other origins, other names, other paths, odd ids, ranges, bodies and bytes.

All go over a real socket to a real server. None is answered wrongly, and none with a 500.
"""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute

from echodex.api import Store
from echodex.explorer.server.app import ROUTERS
from echodex.explorer.server.guard import MAX_JSON_BYTES, MAX_UPLOAD_BYTES, SAFE_HEADERS
from echodex.explorer.server.serve import exploring
from echodex.explorer.server.session import Session

pytestmark = pytest.mark.promise("P19")

SECRETS = (b"root:", b"Traceback", b'File "', b"site-packages")
"""What no answer may hold: a file of the system, a traceback."""


@dataclass(frozen=True)
class Server:
    """A running explorer, a clip and a space of its store."""

    port: int
    token: str
    clip: str
    space: str
    state: str
    folder: Path

    def fill(self, text: str) -> bytes:
        """Return `text` with what only shows at run time in the place of <port>, <token> and the like."""
        for name in ("port", "token", "clip", "space", "state"):
            text = text.replace(f"<{name}>", str(getattr(self, name)))
        return text.encode("latin-1")

    def send(self, *parts: bytes, torn: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Send raw bytes, and no more where they are `torn`; return status, headers and body, 0 for no answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            with suppress(ConnectionError):  # refused before all of it was taken
                for part in parts:
                    wire.sendall(part)
                if torn:
                    wire.shutdown(socket.SHUT_WR)
            answer = HTTPResponse(wire, method="HEAD" if parts[0].startswith(b"HEAD") else None)
            try:
                answer.begin()
                return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            except (HTTPException, ConnectionError):
                return 0, {}, b""

    def ask(
        self, target: str, *headers: str, method: str = "GET", body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request as a browser would, with `headers` in the place of its own where they are of one name."""
        lines = list(headers)
        if not any(line.lower().startswith("host:") for line in lines):
            lines.insert(0, "Host: 127.0.0.1:<port>")
        if body and not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in lines):
            lines.append(f"Content-Length: {len(body)}")
        text = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "Connection: close", "", ""])
        return self.send(self.fill(text), body)


@pytest.fixture(scope="module")
def server(kinds_store: Store) -> Iterator[Server]:
    clip = kinds_store.clips(["clip_id"]).column(0)[0].as_py()
    with exploring(kinds_store) as url:
        found = urlsplit(url)
        space = json.loads(urllib.request.urlopen(f"{url}api/space").read())
        where = int(found.port or 0), found.path.strip("/")
        yield Server(*where, clip, space["space"], space["state"], kinds_store.path)


@pytest.fixture(autouse=True)
def _still_answers(server: Server) -> Iterator[None]:
    yield
    assert server.ask("/<token>/")[0] == 200


def check(answer: tuple[int, dict[str, str], bytes], expected: int, server: Server) -> None:
    """Assert the status, the headers that every answer has, and that nothing is told that need not be."""
    status, headers, body = answer
    assert status == expected, body[:300]
    for name, value in SAFE_HEADERS.items():
        assert headers[name.lower()] == value
    assert not any(secret in body for secret in SECRETS)
    if status >= 400:
        said = json.loads(body)
        assert set(said) == {"error", "code"}
        assert said["error"]
        assert str(server.folder) not in said["error"]


HOSTS = {
    "localhost:<port>": 200,
    "LOCALHOST:<port>": 200,
    "[::1]:<port>": 200,
    "evil.example:<port>": 403,
    "evil.example": 403,
    "localhost": 200,
    "localhost:9000": 200,
    "localhost:": 403,
    "localhost:<port>123": 403,
    "localhost.evil.example:<port>": 403,
    "evil.example#localhost:<port>": 403,
    "localhost:<port>@evil.example": 403,
    "user@localhost:<port>": 403,
    "localhost.:<port>": 403,
    "127.0.0.1.nip.io:<port>": 403,
    "127.1:<port>": 403,
    "2130706433:<port>": 403,
    "0.0.0.0:<port>": 403,
    "[::ffff:127.0.0.1]:<port>": 403,
    "[::1:<port>": 403,
    "::1": 403,
    "127.0.0.1:<port>, evil.example": 403,
    "": 403,
    "\xe9vil:<port>": 403,
    "localhost:+<port>": 403,
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_that_somebody_pointed_at_us_is_refused(server: Server, host: str) -> None:
    check(server.ask("/<token>/", f"Host: {host}"), HOSTS[host], server)


PATHS = {
    "/": 404,
    "/page/main.js": 404,
    "/api/store": 404,
    "/?token=<token>": 404,
    "/wrong-token-of-the-same-length-/": 404,
    "/<token>": 404,
    "/<token>x/": 404,
    "//<token>/": 404,
    "/x/../<token>/": 404,
    "/x/<token>/": 404,
    "http://evil.example/<token>/": 404,
    "/%00/": 404,
    "/%ff%fe/": 404,
    "/<token>/index.html": 404,
    "/<token>/docs": 404,
    "/<token>/openapi.json": 404,
    "/<token>/page/": 404,
    "/<token>/page/../index.html": 404,
    "/<token>/page/../../server/app.py": 404,
    "/<token>/page/..%2f..%2fserver%2fapp.py": 404,
    "/<token>/page/%2e%2e/%2e%2e/server/app.py": 404,
    "/<token>/page/%252e%252e%252fserver%252fapp.py": 404,
    "/<token>/page/..%5c..%5cserver%5capp.py": 404,
    "/<token>/page/%c0%ae%c0%ae/server/app.py": 404,
    "/<token>/page//etc/passwd": 404,
    "/<token>/page/%2fetc%2fpasswd": 404,
    "/<token>/page/file:///etc/passwd": 404,
    "/<token>/page/main.js%00.css": 404,
    "/<token>/page/main.js/": 404,
    "/<token>/page/vendor": 404,
    "/<token>/api/audio/../../../../etc/passwd": 404,
    "/<token>/api/audio/..%2f..%2f..%2fetc%2fpasswd": 404,
    "/<token>/api/audio/%2fetc%2fpasswd": 404,
    "/<token>/api/audio/0000.wav": 404,
    "/<token>/api/audio/": 404,
    "/<token>/api/audio/<clip>/x": 404,
    "/<token>/api/audio/<clip>%00": 404,
    "/<token>/api/audio/%00": 404,
    "/<token>/api/audio/'%20OR%20'1'='1": 404,
    "/<token>/api/audio/x';%20DROP%20TABLE%20clips;--": 404,
    "/<token>/api/audio/*": 404,
    "/<token>/api/audio/%ed%a0%80": 404,
    "/<token>/api/audio/%e2%80%ae%f0%9f%92%a9": 404,
    "/<token>/api/audio/x%0d%0aSet-Cookie:%20a=b": 404,
    "/<token>/api/audio/" + "a" * 900: 404,
    "/<token>/api/audio/" + "a" * 2_000: 414,
    "/<token>/api/audio/<clip>?as=" + "w" * 9_000: 414,
    "/<token>/api/audio/<clip>?as=exe": 400,
    "/<token>/api/audio/<clip>?as=wav&as=../../etc/passwd": 400,
    "/<token>/api/audio/<clip>?path=/etc/passwd": 200,
    "/<token>/api/waveform/<clip>?bins=0": 400,
    "/<token>/api/waveform/<clip>?bins=-1": 400,
    "/<token>/api/waveform/<clip>?bins=1e9": 400,
    "/<token>/api/waveform/<clip>?bins=1000000000": 400,
    "/<token>/api/waveform/<clip>?bins=" + "9" * 6_000: 400,
    "/<token>/api/waveform/<clip>?bins=NaN": 400,
    "/<token>/api/waveform/nobody": 404,
    "/<token>/api/spectrogram/<clip>?frames=100000&bands=96": 400,
    "/<token>/api/spectrogram/<clip>?bands=%00": 400,
    "/<token>/api/spectrogram/nobody": 404,
}


@pytest.mark.parametrize("target", PATHS)
def test_nothing_is_read_but_the_page_and_clips_by_their_id(server: Server, target: str) -> None:
    answer = server.ask(target)
    check(answer, PATHS[target], server)
    assert "set-cookie" not in answer[1]


CLIP_BYTES = 4_044
RANGES = {
    "bytes=0-0": (206, 1),
    "bytes=0-": (206, CLIP_BYTES),
    "bytes=-1": (206, 1),
    "bytes=-999999999999999999999999": (206, CLIP_BYTES),
    "bytes=4043-4043": (206, 1),
    "bytes=0-99999999999999999999999999": (206, CLIP_BYTES),
    "bytes=4044-": (416, None),
    "bytes=99999999999999999999999999-": (416, None),
    "bytes=-0": (416, None),
    "bytes=" + "9" * 8_000 + "-": (416, None),
    "bytes=5-2": (200, CLIP_BYTES),
    "bytes=-": (200, CLIP_BYTES),
    "bytes=": (200, CLIP_BYTES),
    "bytes": (200, CLIP_BYTES),
    "bytes=a-b": (200, CLIP_BYTES),
    "bytes=--1": (200, CLIP_BYTES),
    "bytes=-1-": (200, CLIP_BYTES),
    "bytes=1.5-3": (200, CLIP_BYTES),
    "bytes=0x10-0x20": (200, CLIP_BYTES),
    "bytes=\xb2-\xb3": (200, CLIP_BYTES),
    "lines=1-2": (200, CLIP_BYTES),
    "bytes=0-1,2-3": (200, CLIP_BYTES),
    "bytes=" + "0-," * 1_300: (200, CLIP_BYTES),
    "": (200, CLIP_BYTES),
}


@pytest.mark.parametrize("asked", RANGES, ids=lambda asked: asked[:24])
@pytest.mark.parametrize("form", ["", "?as=wav"])
def test_an_odd_range_costs_no_more_than_the_clip(server: Server, asked: str, form: str) -> None:
    status, length = RANGES[asked]
    answer = server.ask(f"/<token>/api/audio/<clip>{form}", f"Range: {asked}")
    check(answer, status, server)
    if length is None:
        assert answer[1]["content-range"] == f"bytes */{CLIP_BYTES}"
    else:
        assert len(answer[2]) == length == int(answer[1]["content-length"])


OWN = "Origin: http://127.0.0.1:<port>"
SITES: dict[tuple[str, ...], tuple[int, int, int]] = {
    # headers: the page, what it asks for, a change
    (): (200, 200, 403),
    ("Sec-Fetch-Site: same-origin",): (200, 200, 400),
    ("Sec-Fetch-Site: same-origin", OWN): (200, 200, 400),
    (OWN,): (200, 200, 400),
    ("Sec-Fetch-Site: none",): (200, 200, 403),
    ("Sec-Fetch-Site: same-site",): (403, 403, 403),
    ("Sec-Fetch-Site: cross-site",): (403, 403, 403),
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document"): (200, 403, 403),
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: iframe"): (403, 403, 403),
    ("Sec-Fetch-Site: cross-site", OWN): (403, 403, 403),
    ("Sec-Fetch-Site: same-origin", "Origin: http://evil.example"): (403, 403, 403),
    ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"): (400, 400, 400),
    ("Sec-Fetch-Site: SAME-ORIGIN",): (403, 403, 403),
    ("Sec-Fetch-Site: ",): (403, 403, 403),
    ("Origin: null",): (403, 403, 403),
    ("Origin: http://evil.example",): (403, 403, 403),
    ("Origin: http://localhost:<port>",): (403, 403, 403),
    ("Origin: https://127.0.0.1:<port>",): (403, 403, 403),
    ("Origin: http://127.0.0.1:<port>.evil.example",): (403, 403, 403),
    ("Origin: http://127.0.0.1:<port>/",): (403, 403, 403),
    ("Origin: ",): (403, 403, 403),
    (OWN, "Origin: http://evil.example"): (400, 400, 400),
    ("Referer: http://127.0.0.1:<port>/<token>/",): (200, 200, 403),
}


@pytest.mark.parametrize("headers", SITES, ids=" ".join)
def test_a_page_of_another_origin_gets_nothing_and_changes_nothing(server: Server, headers: tuple[str, ...]) -> None:
    page, data, change = SITES[headers]
    check(server.ask("/<token>/", *headers), page, server)
    check(server.ask("/<token>/api/audio/<clip>", *headers), data, server)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        sent = (*headers, f"Content-Type: {kind}")
        check(server.ask("/<token>/api/decisions", *sent, method="POST", body=b'{"kind":"pin"}'), change, server)


SAME = "Sec-Fetch-Site: same-origin"
JSON = "Content-Type: application/json"
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"kind":"\xff\xfe"}',
    "another type": b"[1,2]",
    "a number": b"7",
    "null": b"null",
    "a lone surrogate": b'{"kind":"\\ud800","clip_id":"\\udfff"}',
    "NUL": b'{"kind":"pin\\u0000","clip_id":"\\u0000"}',
    "wrong types": b'{"kind":["pin"],"clip_id":{"a":1}}',
    "no number": b'{"kind":"pin","clip_id":NaN}',
    "very deep": b"[" * 30_000 + b"]" * 30_000,
    "a huge number": b'{"kind":"plan","settings":{"eps":' + b"9" * 6_000 + b"}}",
    "a path": b'{"kind":"../../etc/passwd","clip_id":"/etc/passwd"}',
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["decisions", "jobs"])
def test_a_malformed_body_is_said_to_be_one(server: Server, name: str, path: str) -> None:
    check(server.ask(f"/<token>/api/{path}", SAME, JSON, method="POST", body=BODIES[name]), 400, server)


def chunks(count: int, size: int = 1 << 16) -> bytes:
    return (b"%x\r\n" % size + b" " * size + b"\r\n") * count + b"0\r\n\r\n"


LARGE: dict[str, tuple[str, tuple[str, ...], bytes, int]] = {
    "json": ("jobs", (), b" " * (MAX_JSON_BYTES + 1), 413),
    "json in chunks": ("jobs", ("Transfer-Encoding: chunked",), chunks(2), 413),
    "json said to be larger": ("jobs", (f"Content-Length: {MAX_JSON_BYTES + 1}",), b"{}", 413),
    "a file said to be larger": ("ask", (f"Content-Length: {MAX_UPLOAD_BYTES + 1}",), b"RIFF", 413),
    "a file of no measure": ("ask", ("Content-Length: 99999999999999999999",), b"RIFF", 413),
    "a file in chunks": ("ask", ("Transfer-Encoding: chunked",), chunks(1025), 413),
    "an empty file": ("ask", (), b"", 422),
    "no audio": ("ask?space=<space>&state=<state>&name=../../etc/passwd%00.mp3", (), b"not audio at all", 422),
}


@pytest.mark.parametrize("name", LARGE)
def test_no_body_is_larger_than_its_limit(server: Server, name: str) -> None:
    path, headers, body, status = LARGE[name]
    check(server.ask(f"/<token>/api/{path}", SAME, *headers, method="POST", body=body), status, server)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "CONNECT", "get", "GETGET", "PROPFIND"])
@pytest.mark.parametrize("target", ["/<token>/", "/<token>/api/audio/<clip>"])
def test_other_methods_are_refused(server: Server, method: str, target: str) -> None:
    status, headers, body = server.ask(target, SAME, method=method)
    assert status == 405
    assert headers["x-content-type-options"] == "nosniff"
    assert b"<token>" not in body


@pytest.mark.parametrize("target", ["/<token>/", "/<token>/page/main.js", "/<token>/api/audio/<clip>"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_can_only_be_read_is_not_changed(server: Server, method: str, target: str) -> None:
    check(server.ask(target, SAME, method=method), 405, server)


HOST = "Host: 127.0.0.1:<port>\r\n"
GET = "GET /<token>/ HTTP/1.1\r\n"
RAW = {
    "zeros": ("\0" * 64 + "\r\n\r\n", 400),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 64 + "\r\n\r\n", 400),
    "HTTP/0.9": ("GET /<token>/\r\n\r\n", 400),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 403),
    "HTTP/9.9": (f"GET /<token>/ HTTP/9.9\r\n{HOST}\r\n", 505),
    "HTTP/1.0": (f"GET /<token>/ HTTP/1.0\r\n{HOST}\r\n", 200),
    "HTTP/1.0 without a host": ("GET /<token>/ HTTP/1.0\r\n\r\n", 403),
    "no host": (f"{GET}\r\n", 400),
    "two hosts": (f"{GET}{HOST}Host: evil.example\r\n\r\n", 400),
    "the same host twice": (f"{GET}{HOST}{HOST}\r\n", 400),
    "a space before the colon": (f"{GET}Host : 127.0.0.1:<port>\r\n\r\n", 400),
    "a folded header": (f"{GET}{HOST}X: a\r\n b\r\n\r\n", 200),
    "NUL in a header": (f"{GET}{HOST}X: a\0b\r\n\r\n", 400),
    "a space in the path": (f"GET /<token>/ x HTTP/1.1\r\n{HOST}\r\n", 400),
    "bytes in the path": (f"GET /<token>/\xff HTTP/1.1\r\n{HOST}\r\n", 400),
    "no path": (f"GET  HTTP/1.1\r\n{HOST}\r\n", 400),
    "a star": (f"OPTIONS * HTTP/1.1\r\n{HOST}\r\n", 404),
    "a proxy's": (f"CONNECT evil.example:443 HTTP/1.1\r\n{HOST}\r\n", 404),
    "no length": (f"POST /<token>/api/jobs HTTP/1.1\r\n{HOST}Content-Length: x\r\n\r\n", 400),
    "a negative length": (f"POST /<token>/api/jobs HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n", 400),
    "two lengths": (f"POST /<token>/api/jobs HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
    "an unknown coding": (f"POST /<token>/api/jobs HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip\r\n\r\n", 400),
    "a torn chunk": (
        f"POST /<token>/api/jobs HTTP/1.1\r\n{HOST}{SAME}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
    ),
    "headers without end": (GET + HOST + "X: " + "a" * 40_000, 400),
    "long headers": (GET + HOST + "X: " + "a" * 20_000 + "\r\n\r\n", 431),
    "many headers": (GET + HOST + "X: a\r\n" * 4_000 + "\r\n", 431),
    "another protocol": (
        f"GET /<token>/api/audio/x HTTP/1.1\r\n{HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        404,
    ),
}


TORN = {
    "nothing": ("", 0),
    "an empty line": ("\r\n\r\n", 400),
    "half a line": ("GET /<tok", 0),
    "no end of headers": (GET + HOST, 0),
    "a body that ends early": (
        f"POST /<token>/api/jobs HTTP/1.1\r\n{HOST}{SAME}\r\nContent-Length: 99\r\n\r\n{{}}",
        0,
    ),
}
"""What breaks off has no answer, and leaves nothing behind."""


@pytest.mark.parametrize("name", RAW | TORN)
def test_what_is_no_request_ends_the_connection_at_most(server: Server, name: str) -> None:
    text, expected = (RAW | TORN)[name]
    status, _, body = server.send(server.fill(text), torn=name in TORN)
    assert status == expected
    assert not any(secret in body for secret in SECRETS)


ODD = [
    "",
    "-1",
    "0",
    "1e400",
    "9" * 30,
    "NaN",
    "%00",
    "%ed%a0%80",
    "'%20OR%201=1--",
    "../../etc/passwd",
    "a" * 900,
    "[]",
    "1,x",
]


def reading_routes(store: Store) -> list[tuple[str, list[str]]]:
    """Every route that is read, and the names of its parameters in the query."""
    routes = [route for router in ROUTERS for route in router(Session(store)).routes if isinstance(route, APIRoute)]
    return [
        (route.path, [field.alias for field in route.dependant.query_params])
        for route in routes
        if "GET" in (route.methods or ())
    ]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:12])
def test_no_odd_value_of_any_parameter_breaks_a_route(server: Server, kinds_store: Store, odd: str) -> None:
    routes = reading_routes(kinds_store)
    assert len(routes) > 15
    good = {
        "space": "<space>",
        "state": "<state>",
        "clip_id": "<clip>",
        "a": "all",
        "b": "all",
        "rows": "0",
        "text": "0",
    }
    for path, names in routes:
        filled = path.replace("{clip_id}", "<clip>")
        cases = [re.sub(r"\{[^}]*\}", lambda _: odd, path)]
        for changed in names:
            values = {name: good[name] for name in names if name in good} | {changed: odd}
            cases.append(filled + "?" + "&".join(f"{name}={value}" for name, value in values.items()))
        for target in cases:
            status, _, body = server.ask(f"/<token>{target}")
            assert status in (200, 400, 404, 409, 414, 422), (target, body[:300])
            assert not any(secret in body for secret in SECRETS), target
