"""Connections that cost nothing for long: only so many, and each has to come to its point.

Other users of this machine can connect without knowing the secret. Were they let to, connections that never ask
anything would take every file handle of the process, and with them the store.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 128
"""Connections at once; a browser keeps six of them. Another is closed as soon as it is made."""
PATIENCE_S = 20.0
"""How long a request may take until its headers are all there, and how long after its answer the rest of a body that
nobody wanted. An answer may take as long as it takes, and so may the body of a request that was admitted.
"""


class Connection(H11Protocol):
    """uvicorn's connection, which is closed when it has waited for PATIENCE_S, however much trickles in meanwhile."""

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, or close where too many others do."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._wait_no_more()

    def handle_events(self) -> None:
        """Take what has come; the headers of a request end the waiting."""
        super().handle_events()
        if self._answers():
            self._wait_no_more()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it has come already."""
        super().on_response_complete()
        if not self._answers():
            self._wait()

    def _answers(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._wait_no_more()
        self._end = self.loop.call_later(PATIENCE_S, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
