"""Audio files that a browser sends: private, counted, and gone afterwards."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from echodex.errors import BadInput
from echodex.explorer.server.answers import answer_errors
from echodex.explorer.server.guard import MAX_UPLOAD_BYTES, Guard
from echodex.explorer.server.hosts import Hosts
from echodex.explorer.server.upload import Uploaded

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = FastAPI()
    answer_errors(app, tmp_path / "library")

    @app.post("/api/ask")
    def _(file: Uploaded, fail: bool = False) -> dict[str, object]:
        if fail:
            raise BadInput("not this one")
        return {"mode": stat.S_IMODE(file.stat().st_mode), "bytes": file.stat().st_size, "suffix": file.suffix}

    app.add_middleware(Guard, token="t", hosts=Hosts())
    return TestClient(app, base_url="http://127.0.0.1:8765/t/", headers=SAME)


def test_a_file_is_for_its_owner_alone_while_it_is_there(client: TestClient, tmp_path: Path) -> None:
    answer = client.post("api/ask?name=Song.MP3", content=b"x" * 100_000)
    assert answer.json() == {"mode": 0o600, "bytes": 100_000, "suffix": ".mp3"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a", "a.exe", "../../x", "/etc/passwd", "a.mp3/../b", ".mp3\0", "a." + "b" * 500])
def test_of_the_name_only_a_known_suffix_is_used(client: TestClient, tmp_path: Path, name: str) -> None:
    answer = client.post("api/ask", params={"name": name}, content=b"x")
    assert answer.json()["suffix"] == ""
    assert list(tmp_path.iterdir()) == []


def test_it_is_gone_also_where_the_answer_is_an_error(client: TestClient, tmp_path: Path) -> None:
    assert client.post("api/ask?fail=1", content=b"x").status_code == 422
    assert client.post("api/ask", content=b"").status_code == 422
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_limit_is_stopped_while_it_comes(client: TestClient, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:  # without a length that says so
        for _ in range(MAX_UPLOAD_BYTES // (1 << 20) + 1):
            yield b" " * (1 << 20)

    answer = client.post("api/ask", content=pieces())
    assert answer.status_code == 413
    assert answer.json() == {"error": "the body is larger than 65536 KiB", "code": 2}
    assert list(tmp_path.iterdir()) == []
