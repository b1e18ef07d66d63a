from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.datasets.loopback import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of files on loopback."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as state:
        yield state
