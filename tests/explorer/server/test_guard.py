"""What the guard does where the application fails; what it refuses is in tests/attacks/test_explorer.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from echodex.explorer.server.guard import SAFE_HEADERS, Guard
from echodex.explorer.server.hosts import Hosts

TOKEN = "the-secret-of-this-run"


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.get("/api/fails")
    def _() -> None:
        raise RuntimeError("/home/someone/secret")

    @app.get("/api/breaks-off")
    def _() -> StreamingResponse:
        def pieces() -> Iterator[bytes]:
            yield b"some"
            raise RuntimeError("/home/someone/secret")

        return StreamingResponse(pieces())

    app.add_middleware(Guard, token=TOKEN, hosts=Hosts())
    return TestClient(app, base_url=f"http://127.0.0.1:8765/{TOKEN}/")


def test_a_fault_of_ours_is_told_in_a_sentence_and_logged_without_the_secret(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("api/fails")
    assert answer.status_code == 500
    assert answer.json() == {"error": "internal: RuntimeError; the terminal says more", "code": 1}
    assert all(answer.headers[name] == value for name, value in SAFE_HEADERS.items())
    assert "Traceback" in caplog.text
    assert TOKEN not in caplog.text


def test_a_fault_after_the_answer_began_ends_it(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("api/breaks-off")
    assert (answer.status_code, answer.content) == (200, b"some")
    assert "Traceback" in caplog.text


def test_no_socket_of_another_protocol_is_opened(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("api/fails"):
        pass
