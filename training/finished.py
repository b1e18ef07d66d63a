"""A finished probe, as evaluation and export take it; a supervised run is one, on the vectors of its own encoder."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Stale, UsageError
from ..schemas.run import Run
from ..schemas.vector import Space
from ..store.store import Store
from .head import Head, load_head
from .layout import CLMR, HEAD_FILE, PROBE, SUPERVISED
from .run import load_run, run_folder


@dataclass(frozen=True)
class FinishedProbe:
    """run: what it was trained on; space: where its vectors come from; head: what it learned."""

    run: Run
    space: Space
    head: Head


def finished_probe(store: Store, name: str) -> FinishedProbe:
    """Return the probe of run `name`.

    Raises NotFound, UsageError where the run is another objective's, not finished, or supervised and not embedded with
    yet, Stale where its space is of another encoder by now, Damaged where its head cannot be read.
    """
    run = load_run(store, name)
    if run.objective not in (PROBE, SUPERVISED) or not run.metrics:
        raise UsageError(f"run {run.name!r} {_next_step(run)}")
    space = _own_space(store, run) if run.objective == SUPERVISED else _taught_space(store, run)
    return FinishedProbe(run, space, load_head(run_folder(store, name) / HEAD_FILE))


def _next_step(run: Run) -> str:
    """Return why a run cannot be asked what clips are, and what to do about it."""
    if run.objective not in (PROBE, SUPERVISED, CLMR):
        return (
            f"is of {run.objective!r} and has no head; name one of `echodex train probe` or `echodex train supervised`"
        )
    if not run.metrics:
        return f"is not finished; give the same `echodex train {run.objective}` command again to go on"
    embed, probe = f"`echodex embed run:{run.name}`", f"`echodex train probe --space run:{run.name}`"
    return f"is an encoder without a head; run {embed}, then {probe}, and name the run of that"


def _taught_space(store: Store, run: Run) -> Space:
    """Return the space that a probe learned from."""
    space = store.space(run.space)
    if space.digest != run.encoder_digest:
        raise Stale(f"space {run.space!r} is of another encoder than run {run.name!r} was trained on; train it again")
    return space


def _own_space(store: Store, run: Run) -> Space:
    """Return the space of the encoder that a run trained."""
    found = next((space for space in store.spaces() if space.digest == run.encoder_digest), None)
    if found is None:
        raise UsageError(f"run {run.name!r} has a head, but no vectors for it yet: run `echodex embed run:{run.name}`")
    return found
