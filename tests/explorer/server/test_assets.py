"""The page's own files."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

import echodex.explorer
from echodex.api import Store
from echodex.explorer.server.app import create_app
from echodex.explorer.server.hosts import Hosts
from echodex.explorer.server.session import Session

PAGE = Path(echodex.explorer.__file__).parent / "page"


@pytest.fixture
def client(store: Store) -> TestClient:
    return TestClient(create_app(Session(store), "t", Hosts()), base_url="http://127.0.0.1:8765/t/")


def test_every_file_that_the_page_uses_is_served(client: TestClient) -> None:
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}
    files = [path for path in PAGE.rglob("*") if path.suffix in kinds]
    assert files
    for path in files:
        answer = client.get(f"page/{path.relative_to(PAGE).as_posix()}")
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()
        assert answer.headers["content-type"].split(";")[0] == kinds[path.suffix]


def test_a_browser_that_has_it_is_told_so(client: TestClient) -> None:
    answer = client.get("")
    assert answer.content == (PAGE / "index.html").read_bytes()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("", headers={"If-None-Match": '"x"'}).status_code == 200


def test_what_the_page_asks_for_is_not_kept(client: TestClient) -> None:
    assert client.get("api/store").headers["cache-control"] == "no-store"
