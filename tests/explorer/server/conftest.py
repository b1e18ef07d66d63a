"""A page without a browser: it asks the application as a page does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from numpy.typing import NDArray

from echodex.api import Store
from echodex.explorer.server.app import create_app
from echodex.explorer.server.hosts import Hosts
from echodex.explorer.server.session import Session

OWN = {"sec-fetch-site": "same-origin"}


@dataclass(frozen=True)
class Page:
    """A page over a session."""

    client: TestClient
    session: Session
    store: Store

    def ask(self, path: str, /, **params: Any) -> Response:
        """Return the answer to a GET."""
        return self.client.get(f"api/{path}", params=params)

    def get(self, path: str, /, **params: Any) -> dict[str, Any]:
        """Return what is answered as JSON, where that is no refusal."""
        answer = self.ask(path, **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def packet(self, path: str, /, **params: Any) -> tuple[dict[str, Any], NDArray[Any]]:
        """Return the header and the array of a packet."""
        answer = self.ask(path, **params)
        assert answer.status_code == 200, answer.text
        length = int.from_bytes(answer.content[:4], "little")
        header = json.loads(answer.content[4 : 4 + length])
        array = np.frombuffer(answer.content, dtype=header["dtype"], offset=4 + length)
        return header, array.reshape(header["shape"])

    def post(self, path: str, /, **body: Any) -> Response:
        """Return the answer to a POST of JSON."""
        return self.client.post(f"api/{path}", json=body, headers=OWN)

    def delete(self, path: str) -> Response:
        """Return the answer to a DELETE."""
        return self.client.delete(f"api/{path}", headers=OWN)

    def upload(self, sound: bytes, **params: Any) -> Response:
        """Return the answer to asking with a file."""
        return self.client.post("api/ask", content=sound, params=params, headers=OWN)

    def here(self, space: str | None = None) -> dict[str, str]:
        """Return the space and state that questions about rows carry."""
        found = self.get("space", **({"space": space} if space else {}))
        return {"space": found["space"], "state": found["state"]}

    def job(self, **asked: Any) -> dict[str, Any]:
        """Return what is told of a job once it has ended."""
        answer = self.post("jobs", **asked)
        assert answer.status_code == 200, answer.text
        return self.ended(answer.json()["job"])

    def ended(self, name: str) -> dict[str, Any]:
        """Wait for a job; return what is told of it."""
        until = time.monotonic() + 60
        while (told := self.get(f"jobs/{name}"))["state"] == "running":
            assert time.monotonic() < until, told
            time.sleep(0.01)
        return told


@pytest.fixture
def open_page() -> Iterator[Callable[[Store], Page]]:
    """Open a page over a store."""
    with ExitStack() as stack:

        def page(store: Store) -> Page:
            session = Session(store)
            stack.callback(session.close)
            app = create_app(session, "secret", Hosts())
            return Page(TestClient(app, base_url="http://localhost/secret/"), session, store)

        yield page


@pytest.fixture
def page(kinds: Store, open_page: Callable[[Store], Page]) -> Page:
    """A page over 72 clips of three kinds, to write to."""
    return open_page(kinds)
