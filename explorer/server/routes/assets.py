"""The page itself: what lies in explorer/page/, by a list made at start, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response

from ....errors import NotFound
from ..session import Session

_PAGE = Path(__file__).resolve().parents[2] / "page"
_INDEX = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Other files of the folder are not served."""


def router(_: Session) -> APIRouter:
    """Return the routes of the page and its files."""
    routes = APIRouter()
    files = {path.relative_to(_PAGE).as_posix(): path for path in _PAGE.rglob("*") if path.suffix in _TYPES}

    def file(name: str, known: str | None) -> Response:
        path = files.get(name)
        if path is None or not path.is_file():
            raise NotFound("there is no such page")
        content = path.read_bytes()
        headers = {"ETag": f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'}
        if known == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=_TYPES[path.suffix], headers=headers)

    # on the loop itself: a file is read in less time than it takes to hand it to a thread, and a page asks for thirty
    @routes.get("/")
    async def index(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        return file(_INDEX, if_none_match)

    @routes.get("/page/{name:path}")
    async def asset(name: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
        return file(name, if_none_match)

    return routes
