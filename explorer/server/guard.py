"""What stands before the page: who may ask, what may be asked, how much may be sent, and what every answer says.

Not trusted are the pages of other origins that the same browser has open, and other users of this machine. Against a
name that was pointed at us (DNS rebinding) stands the list of hosts; against forged requests the browser's own word
of where they come from; against all others the secret in the path, which only the printed URL holds.
"""

from __future__ import annotations

import hmac
import logging
import sys
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ...errors import EchodexError
from .answers import refusal
from .hosts import Hosts

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

VERSIONS = ("1.0", "1.1")
METHODS = ("GET", "POST", "DELETE")
MAX_PATH = 1_024
MAX_QUERY = 8_192
"""500 rows of seven digits fit."""
MAX_HEADERS, MAX_HEADERS_BYTES = 100, 16_384
MAX_JSON_BYTES = 64 << 10
MAX_UPLOAD_BYTES = 64 << 20
UPLOADS = ("/api/ask",)
"""Paths whose body may be an audio file."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval'",  # regl, which draws the map, compiles its commands with Function()
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
SAFE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "X-Frame-Options": "DENY",
}


class _Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Guard:
    """An ASGI application around `app`, which sees paths without the secret prefix."""

    def __init__(self, app: ASGIApp, token: str, hosts: Hosts) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        try:
            inner, limit = self._admitted(scope)
            answer.kept = not inner["path"].startswith("/api/")
            await self._app(inner, _counted(receive, limit), answer.send)
        except _Refused as error:
            await refusal(error.status, str(error))(scope, receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:
            logger.exception("a request failed")  # never its path, which holds the secret
            if not answer.started:
                sentence = f"internal: {type(error).__name__}; the terminal says more"
                await refusal(500, sentence, EchodexError.exit_code)(scope, receive, answer.send)

    def _admitted(self, scope: Scope) -> tuple[Scope, int]:
        """Return the scope without the prefix, and how many bytes its body may have; raise _Refused."""
        headers = _headers(scope)
        host = headers.get("host", "")
        if not self._hosts.allow(host):
            raise _Refused(403, "forbidden")
        path = self._below_token(scope)
        if len(path) > MAX_PATH or len(scope["query_string"]) > MAX_QUERY:
            raise _Refused(414, "the address is too long")
        if scope["http_version"] not in VERSIONS:
            raise _Refused(505, "this version of HTTP is not spoken here")
        if scope["method"] not in METHODS:
            raise _Refused(405, "method not allowed")
        _check_origin(scope["method"], path, headers, f"{scope['scheme']}://{host}")
        limit = MAX_UPLOAD_BYTES if path in UPLOADS else MAX_JSON_BYTES
        if _length(headers) > limit:
            raise _Refused(413, _too_large(limit))
        raw_path = path.encode("utf-8", "surrogatepass")
        return {**scope, "path": path, "raw_path": raw_path, "root_path": ""}, limit

    def _below_token(self, scope: Scope) -> str:
        """Return the path after the secret; raise _Refused where it is another, in the same time for any."""
        first, slash, rest = scope["path"].removeprefix("/").partition("/")
        if not (hmac.compare_digest(first.encode("utf-8", "surrogatepass"), self._token) and slash):
            raise _Refused(404, "not found")
        return f"/{rest}"


class _Answer:
    """Sends an answer with the headers that all have. kept: the browser may keep it, and asks whether it changed."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.kept = False
        self.started = False

    async def send(self, message: Message) -> None:
        """Send a part of it."""
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers.update(SAFE_HEADERS)
            headers["Cache-Control"] = "no-cache" if self.kept else "no-store"
        await self._send(message)


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers that decide; raise _Refused where there are too many, or one of these comes twice."""
    sizes = [len(name) + len(value) for name, value in scope["headers"]]
    if len(sizes) > MAX_HEADERS or sum(sizes) > MAX_HEADERS_BYTES:
        raise _Refused(431, "the headers are too long")
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in (b"host", b"origin", b"sec-fetch-site", b"sec-fetch-dest", b"content-length"):
            key = name.decode()
            if key in found:
                raise _Refused(400, f"the header {key} comes twice")
            found[key] = value.decode("latin-1")
    return found


def _check_origin(method: str, path: str, headers: dict[str, str], own: str) -> None:
    """Raise _Refused for what a page of another origin asks."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if method != "GET":
        if (origin is None) if site is None else (site != "same-origin"):
            raise _Refused(403, "forbidden")
    elif site not in (None, "same-origin", "none") and not (
        path == "/" and headers.get("sec-fetch-dest") == "document"
    ):
        raise _Refused(403, "forbidden")  # but a link to the page may be followed from anywhere
    if origin is not None and origin != own:
        raise _Refused(403, "forbidden")


def _length(headers: dict[str, str]) -> int:
    """Return the length that a body is said to have, 0 where nothing is said; raise _Refused for no number."""
    said = headers.get("content-length", "0")
    if not (said.isascii() and said.isdigit()):
        raise _Refused(400, "the header content-length is not a number")
    return int(said) if len(said) < 16 else sys.maxsize


def _counted(receive: Receive, limit: int) -> Receive:
    """Return `receive`, which stops a body of more than `limit` bytes, whatever its length was said to be."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413, _too_large(limit))  # which passes through what reads a body
        return message

    return counted


def _too_large(limit: int) -> str:
    """Return the sentence about a body of more than `limit` bytes."""
    return f"the body is larger than {limit >> 10} KiB"
