"""The application: the page, what it asks for, and the guard before both."""

from __future__ import annotations

from fastapi import FastAPI

from .answers import Json, answer_errors
from .guard import Guard
from .hosts import Hosts
from .routes import assets, audio, clips, decisions, diff, groups, jobs, plans, runs, similar, space, stores
from .session import Session

ROUTERS = (
    assets.router,
    audio.router,
    stores.router,
    space.router,
    clips.router,
    similar.router,
    jobs.router,
    groups.router,
    plans.router,
    decisions.router,
    diff.router,
    runs.router,
)


def create_app(session: Session, token: str, hosts: Hosts) -> FastAPI:
    """Return the explorer of a session. Everything lies below the path `/{token}/`, for requests to `hosts`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, default_response_class=Json)
    answer_errors(app, session.store.place, session.store.path)
    for router in ROUTERS:
        app.include_router(router(session))
    app.add_middleware(Guard, token=token, hosts=hosts)
    return app
