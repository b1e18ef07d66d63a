"""A browser that goes on to something else ends what it had asked for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect

from echodex.explorer.server.wanted import while_wanted


class Steps:
    """An application that takes steps until nobody waits, or there were 100: how many, and whether it was left."""

    def __init__(self) -> None:
        self.taken, self.left = 0, threading.Event()
        self.app = FastAPI()

        @self.app.get("/")
        def _(request: Request) -> int:
            heed = while_wanted(request)
            while self.taken < 100:
                self.taken += 1
                time.sleep(0.01)
                try:
                    heed()
                except ClientDisconnect:
                    self.left.set()
                    raise
            return self.taken


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def wire() -> Iterator[tuple[Steps, socket.socket]]:
    steps = Steps()
    with serving(steps.app) as port, socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield steps, wire


def test_work_that_is_waited_for_is_done_to_its_end(wire: tuple[Steps, socket.socket]) -> None:
    steps, connection = wire
    answer = b""
    while not answer.endswith(b"100"):
        answer += connection.recv(1 << 16)
    assert not steps.left.is_set()


def test_work_that_is_not_ends_soon(wire: tuple[Steps, socket.socket]) -> None:
    steps, connection = wire
    while not steps.taken:
        time.sleep(0.001)
    connection.close()
    assert steps.left.wait(10)
    assert steps.taken < 100
