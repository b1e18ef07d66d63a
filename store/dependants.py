"""Which runs stand on a version of a view: it must not vanish beneath them, or nobody could repeat them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from ..errors import UsageError
from ..schemas.read_json import read_json
from ..schemas.run import RUN_FILE, RUNS
from ..schemas.view import ViewInfo
from .remote.mirror import fetched
from .remote.tables import place_of


def check_free(folder: Path, infos: Iterable[ViewInfo]) -> None:
    """Raise UsageError, naming a run, where a run of the store at `folder` is pinned to one of these versions."""
    addresses = {f"{info.name}@{info.version}" for info in infos}
    for path in sorted(fetched(folder / RUNS, RUN_FILE).glob(f"*/{RUN_FILE}")):
        view = _view_of(path)
        if view in addresses:
            raise UsageError(
                f"run {path.parent.name!r} stands on view {view}, which stays as long as that run does: "
                f"remove {place_of(folder)}/{RUNS}/{path.parent.name} first"
            )


def _view_of(path: Path) -> str | None:
    """Return the view that a run file names, None where it cannot be read."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return str(read_json(path.read_text()).get("view"))
    return None
