"""Run folders: `runs/<name>/` of a store, one per training or evaluation."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from ..errors import Damaged, NotFound, StoreLocked, UsageError
from ..schemas.checked_json import checked_text, intact
from ..schemas.read_json import read_json
from ..schemas.run import RUN_FILE, RUNS, Run
from ..schemas.view import ALL
from ..store.files import write_atomic
from ..store.lock import writer_lock
from ..store.names import check_name
from ..store.store import Store
from .layout import KEPT_FILES
from .runlog import finite

_SUMS = "sums"


def pinned(store: Store, view: str) -> str:
    """Return "name@version" for a view, so that a run means the same rows for ever; "all" stays as it is."""
    if view == ALL:
        return ALL
    info = store.view(view)
    return f"{info.name}@{info.version}"


@contextmanager
def working_run(store: Store, draft: Run) -> Iterator[Run]:
    """Give the run to work on, held against other processes: the unfinished one that `draft` describes, or a new one.

    `draft.name` may be empty: it becomes "<objective>-<view>-<n>" with the first n that serves. Raises UsageError where
    the name belongs to a finished or to another run, StoreLocked where another process works on it.
    """
    with ExitStack() as held:
        if draft.name:
            held.enter_context(_hold(store, draft.name))
            found = _found(store, draft.name)
            if found and not _continues(found, draft):
                raise UsageError(_taken(found, draft))
            name = draft.name
        else:
            name = held.enter_context(_hold_first(store, draft))
            found = _found(store, name)
        yield found or _begun(store, replace(draft, name=name))


def finish_run(store: Store, run: Run, metrics: Mapping[str, float]) -> Run:
    """Write those of a run's metrics that are finite, which marks it as finished; return it."""
    done = replace(run, metrics=finite(metrics))
    folder = run_folder(store, run.name)
    _write(store, done, {name: sha256(folder / name) for name in KEPT_FILES if (folder / name).is_file()})
    return done


def load_run(store: Store, name: str) -> Run:
    """Return the run `name`. Raises NotFound with the nearest name, Damaged where its file cannot be read."""
    path = store.beside(RUNS, check_name(name, "run"), RUN_FILE)
    if not path.is_file():
        known = run_names(store)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f" (there is: {', '.join(known) or 'none yet'})"
        raise NotFound(f"run {name!r} does not exist in {store.place}{hint}")
    try:
        fields = intact(read_json(path.read_text()))
        fields.pop(_SUMS, None)
        return Run(**{**fields, "classes": tuple(fields["classes"])})
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path} does not describe a run; delete its folder and train it again") from error


def list_runs(store: Store) -> list[Run]:
    """Return all runs of a store, oldest first."""
    return sorted((load_run(store, name) for name in run_names(store)), key=lambda run: (run.created_at, run.name))


def run_names(store: Store) -> list[str]:
    """Return the names of all runs of a store, whether they can be read or not."""
    return sorted(path.parent.name for path in store.beside(RUNS, only=RUN_FILE).glob(f"*/{RUN_FILE}"))


def run_folder(store: Store, name: str) -> Path:
    """Return where the files of run `name` are."""
    return store.beside(RUNS, check_name(name, "run"))


def run_sums(store: Store, name: str) -> dict[str, str]:
    """Return the SHA-256 of each file of a run that was finished, none for one that is not. Raises as `load_run`."""
    run = load_run(store, name)
    fields = read_json((run_folder(store, name) / RUN_FILE).read_text())
    return dict(fields.get(_SUMS, {})) if run.metrics else {}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(store: Store, run: Run, sums: Mapping[str, str] | None = None) -> None:
    """Write a run file; sums: of the other files of the run, once they stay what they are."""
    text = checked_text(asdict(run) | ({_SUMS: dict(sums)} if sums else {}))
    write_atomic(run_folder(store, run.name) / RUN_FILE, text.encode())


@contextmanager
def _hold(store: Store, name: str) -> Iterator[str]:
    """Make the folder of run `name` if there is none, and hold its lock; raises StoreLocked where it is held."""
    with writer_lock(store.folder(RUNS, check_name(name, "run")), wait_s=0.0):
        yield name


@contextmanager
def _hold_first(store: Store, draft: Run) -> Iterator[str]:
    """Hold the first numbered name that is free, or that of an unfinished run like `draft`."""
    stem = f"{draft.objective}-{draft.view.partition('@')[0][:40]}"
    with ExitStack() as held:
        for number in count(1):
            with suppress(StoreLocked):
                name = held.enter_context(_hold(store, f"{stem}-{number}"))
                found = _found(store, name)
                if found is None or _continues(found, draft):
                    break
                held.close()
        yield name


def _found(store: Store, name: str) -> Run | None:
    return load_run(store, name) if (run_folder(store, name) / RUN_FILE).is_file() else None


def _continues(run: Run, draft: Run) -> bool:
    begun = replace(run, name=draft.name, created_at=draft.created_at, config=draft.config)
    return not run.metrics and begun == draft and same_training(run.config, draft.config)


def same_training(config: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two settings learn the same.

    Where negatives of all processes are compared, it does not matter how many processes share a batch.
    """
    return _together(config) == _together(other)


def _together(config: Mapping[str, Any]) -> dict[str, Any]:
    settings = dict(config)
    if settings.get("gather_negatives"):
        settings["batch_size"] *= settings.pop("devices")
    return settings


def _taken(run: Run, draft: Run) -> str:
    if run.metrics:
        return f"run {run.name!r} is finished; train under another name"
    begun, now = run.config.get("devices"), draft.config.get("devices")
    if begun != now:
        return (
            f"run {run.name!r} was begun with devices={begun} batch_size={run.config['batch_size']}; other devices go "
            "on with it where gather_negatives is true and batch_size times devices stays what it is"
        )
    return f"run {run.name!r} was begun with another view, space, settings or labels; train under another name"


def _begun(store: Store, draft: Run) -> Run:
    run = replace(draft, created_at=datetime.now(UTC).isoformat(timespec="microseconds"))
    _write(store, run)
    return run
