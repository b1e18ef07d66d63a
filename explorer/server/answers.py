"""What the server says as JSON: answers, and errors as one sentence with a status and the exit code of their kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from ...errors import (
    BadInput,
    Damaged,
    EchodexError,
    NotFound,
    Stale,
    StorageError,
    StoreLocked,
    Unavailable,
    UsageError,
)

_STATUS: dict[type[EchodexError], int] = {
    UsageError: 400,
    NotFound: 404,
    StoreLocked: 409,
    Stale: 409,
    BadInput: 422,
    Unavailable: 501,
    Damaged: 503,
    StorageError: 507,
}
_KIND: dict[int, type[EchodexError]] = {404: NotFound}


class Json(JSONResponse):
    """JSON in ASCII: names of files that are not UTF-8 come as lone surrogates, which no other encoding takes."""

    def render(self, content: Any) -> bytes:
        """Return `content` as bytes."""
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def refusal(status: int, sentence: str, code: int = UsageError.exit_code) -> Json:
    """Return the answer to a request that is refused or failed; code: what the command line would end with."""
    return Json({"error": sentence, "code": code}, status)


def answer_errors(app: FastAPI, *places: str | Path) -> None:
    """Let `app` answer every error that is meant as JSON; others are the guard's. places: of the store, which
    no answer names.
    """

    def failed(_: Request, error: Exception) -> Response:
        status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
        code = error.exit_code if isinstance(error, EchodexError) else EchodexError.exit_code
        said = str(error)
        for place in places:
            said = said.replace(str(place), "the store")
        return refusal(status, said, code)

    def refused(_: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):  # for the types; only those come here
            raise error
        code = _KIND.get(error.status_code, UsageError).exit_code
        said = str(error.detail)
        answer = refusal(error.status_code, said.lower() if said.istitle() else said, code)
        answer.headers.update(error.headers or {})
        return answer

    def malformed(_: Request, error: Exception) -> Response:
        return refusal(400, _first(error) if isinstance(error, RequestValidationError) else "the request is malformed")

    def unreadable(_: Request, error: Exception) -> Response:
        words = error.strerror if isinstance(error, OSError) else None
        return refusal(507, f"reading or writing failed: {words or 'the disk refused'}", StorageError.exit_code)

    app.add_exception_handler(EchodexError, failed)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(OSError, unreadable)


def _first(error: RequestValidationError) -> str:
    """Say what is wrong with the first odd value, without the value."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("query", "path", "body"))
    return f"{where[:80] or 'the body'}: {first['msg']}"
