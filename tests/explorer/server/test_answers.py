"""Errors as answers: each kind with its status, none with more than its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from echodex import errors
from echodex.audio.unusable import Unusable
from echodex.explorer.server.answers import Json, answer_errors
from echodex.schemas.clip import Reason

FOLDER = Path("/home/someone/library")


def client_of(error: Exception) -> TestClient:
    app = FastAPI(default_response_class=Json)
    answer_errors(app, FOLDER)

    @app.get("/{number}")
    def _(number: int) -> dict[str, object]:
        if number:
            raise error
        return {"name": "\udcff.wav"}

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.UsageError("so"), 400, 2),
        (errors.NotFound("so"), 404, 66),
        (errors.StoreLocked("so"), 409, 4),
        (errors.Stale("so"), 409, 6),
        (errors.BadInput("so"), 422, 65),
        (Unusable("a.wav", Reason.EMPTY, "so"), 422, 65),
        (errors.Unavailable("so"), 501, 69),
        (errors.Damaged("so"), 503, 5),
        (errors.StorageError("so"), 507, 74),
        (errors.EchodexError("so"), 500, 1),
        (OSError(28, "No space left on device", "/home/someone/secret"), 507, 74),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_kind_of_error_has_its_status(error: Exception, status: int, code: int) -> None:
    answer = client_of(error).get("/1")
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "code"}
    assert answer.json()["code"] == code
    assert "secret" not in answer.text


def test_every_error_of_the_tree_has_a_status_of_its_own() -> None:
    kinds = errors.EchodexError.__subclasses__()
    assert {client_of(kind("so")).get("/1").status_code for kind in kinds if kind.__module__ == "echodex.errors"} == {
        400, 404, 409, 422, 501, 503, 507,
    }  # fmt: skip


def test_the_store_is_not_named_by_its_path() -> None:
    answer = client_of(errors.NotFound(f"clip 'x' is not in {FOLDER} (echodex status counts what is)")).get("/1")
    assert answer.json()["error"] == "clip 'x' is not in the store (echodex status counts what is)"


def test_what_fits_no_route_and_no_type_is_answered_in_the_same_way() -> None:
    client = client_of(errors.UsageError("so"))
    assert client.get("/nothing/here").json() == {"error": "not found", "code": 66}
    odd = client.get("/%3Cscript%3E")
    assert (odd.status_code, odd.json()["code"]) == (400, 2)
    assert odd.json()["error"].startswith("number: ")
    assert "script" not in odd.text
    assert client.post("/1").status_code == 405
    assert client.post("/1").headers["allow"] == "GET"


def test_names_that_are_not_utf_8_are_told_as_json_can() -> None:
    assert client_of(errors.UsageError("so")).get("/0").content == b'{"name":"\\udcff.wav"}'
