"""Running the explorer: a socket that is ours alone, a secret in the URL, and an end that does not wait."""

from __future__ import annotations

import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from queue import Queue
from types import FrameType
from typing import Any
from urllib.parse import urlencode

import uvicorn

from ...errors import EchodexError, UsageError
from ...schemas.view import ALL
from ...store.store import Store
from .app import create_app
from .connection import Connection
from .hosts import hosts_of, in_url, is_loopback
from .session import Session

PORT = 8765
_TOKEN_BYTES = 24
_HEADERS_BYTES = 32_768
"""What a request line and headers may come to before they are even read; the guard is stricter."""


@dataclass(frozen=True)
class _Address:
    """Where to listen: a name or an IP address, and a port, 0 for any that is free.

    Anything but this machine's own loopback has to be meant: `remote`.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    remote: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise UsageError(f"port {self.port} is not from 0 to 65535")
        if not (self.remote or is_loopback(self.host)):
            raise UsageError(
                f"at {self.host} other machines could listen to the clips; add --allow-remote where that is meant, or "
                f"leave --host out and use `ssh -L {self.port}:127.0.0.1:{self.port}`"
            )


def explore(
    store: Store,
    *,
    space: str | None = None,
    view: str | None = None,
    host: str = "127.0.0.1",
    port: int = PORT,
    allow_remote: bool = False,
    open_browser: bool = False,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the explorer of a store until Ctrl-C or SIGTERM, either of which is its proper end.

    space, view: what the page begins with. port: 0 for any that is free. allow_remote: needed for a `host` that other
    machines reach. ready: is told the URL, which holds the secret, once a browser can open it (None: it is printed).
    Raises NotFound for an unknown space or view, UsageError where the address cannot be had.
    """
    with _server(store, _Address(host, port, allow_remote), space, view) as server:

        def told(url: str) -> None:
            (ready or _print)(url)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        server.run_until_told(told)


@contextmanager
def exploring(store: Store, *, space: str | None = None, view: str | None = None, port: int = 0) -> Iterator[str]:
    """Serve the explorer of a store beside what goes on, as in a notebook: yields the URL, ends with the block."""
    with _server(store, _Address(port=port), space, view) as server:
        urls: Queue[str | None] = Queue()

        def serve() -> None:
            try:
                server.run_until_told(urls.put)
            finally:
                urls.put(None)

        thread = threading.Thread(target=serve, name="explorer", daemon=True)
        thread.start()
        url = urls.get()
        if url is None:
            raise EchodexError("the explorer could not be started; the terminal says why")
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _server(store: Store, address: _Address, space: str | None, view: str | None) -> Iterator[_Server]:
    if view not in (None, ALL):
        store.view(view)
    begin = {"space": store.space(space).name if space else None, "view": view}
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with closing(_listen(address)) as listener, closing(Session(store)) as session:
        port = int(listener.getsockname()[1])
        app = create_app(session, token, hosts_of(address.host))
        query = urlencode({key: value for key, value in begin.items() if value})
        url = f"http://{_shown(address.host)}:{port}/{token}/" + (f"?{query}" if query else "")
        session.warm(space)
        yield _Server(app, listener, url)


class _Server(uvicorn.Server):
    """uvicorn, which says when it listens, and for which a signal to end is no error."""

    def __init__(self, app: Any, listener: socket.socket, url: str) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                proxy_headers=False,
                timeout_graceful_shutdown=0,
                h11_max_incomplete_event_size=_HEADERS_BYTES,
                access_log=False,  # lines of it would hold the secret
                log_config=None,
                log_level="critical",
                server_header=False,
            )
        )
        self._listener = listener
        self._url = url
        self._told: Callable[[str], None] = _print

    def run_until_told(self, told: Callable[[str], None]) -> None:
        """Serve until a signal or `should_exit`; tell the URL once a browser can open it."""
        self._told = told
        self.run([self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._told(self._url)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End, at once; uvicorn would raise the signal again afterwards."""
        self.should_exit = True


def _listen(address: _Address) -> socket.socket:
    """Return a listening socket; raise UsageError where the address cannot be had."""
    host = address.host.strip("[]")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen()
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"port {address.port} of {host} cannot be had ({getattr(error, 'strerror', None) or error}); choose "
            "another with --port, 0 for any that is free"
        ) from error
    return listener


def _shown(host: str) -> str:
    """Return `host` as a browser can open it."""
    bare = host.strip("[]")
    return socket.gethostname() if bare in ("0.0.0.0", "::") else in_url(bare)  # noqa: S104


def _print(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
