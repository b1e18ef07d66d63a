"""`export memmap`: what the published `generate` does, from a space or by an encoder (`pieces`, written by `memmap`).

A user there names a data set for dummy_db, db and query in a configuration, or a source of his own; here each is a view
or a folder, and what is not named is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...encoders.base import Encoder, Fittable
from ...errors import BadInput, NotFound, UsageError
from ...progress import Progress, silent
from ...schemas.run import TRAINED
from ...schemas.view import ALL
from ...store.derived import check_hears
from ...store.reading import Problem
from ...training.trained import find_encoder
from .layout import DATABASE, QUERY
from .memmap import NAMES, Part, write_parts
from .pieces import EncoderOrigin, Origin, Piece, SpaceOrigin, pieces_of_files
from .tables import VIEW

if TYPE_CHECKING:
    from ...store.store import Store


@dataclass(frozen=True)
class MemmapReport:
    """folder: where the parts are; made_by: the encoder's digest, and the space; problems: clips that are in none."""

    folder: str
    made_by: dict[str, str]
    parts: list[Part]
    problems: list[Problem]


@dataclass(frozen=True)
class Maker:
    """Which encoder makes fingerprints where no space has them already, as `store.embed` takes it."""

    encoder: str
    checkpoint: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def needs_store(sources: Iterable[str], encoder: str | None) -> bool:
    """Tell whether a view, a space or a run is meant."""
    views = any(source.startswith(VIEW) for source in sources)
    return views or encoder is None or encoder.startswith(TRAINED)


def export_memmap(
    store: Store | None,
    folder: Path,
    sources: Mapping[str, str],
    *,
    space: str | None = None,
    maker: Maker | None = None,
    progress: Progress = silent,
) -> MemmapReport:
    """Write parts into `folder`, all or none: sources, from one of memmap.NAMES to where its clips come from.

    A source is "view:NAME" ("view:all": every clip), or a folder of audio. The clips of a view are as `space` has them,
    files are by its encoder; with `maker`, all are by that encoder. store: None where every source is a folder, and the
    encoder no run. What cannot be read is passed over and told; in db and query, whose rows are to lie side by side, it
    is an error. Raises NotFound, BadInput, UsageError.
    """
    if not sources or not sources.keys() <= set(NAMES):
        raise UsageError(f"say which of {', '.join(NAMES)} to write, and from where")
    for source in sources.values():
        _check(source, store)
    origin = _origin(store, space, maker, progress)
    problems: list[Problem] = []
    ordered = [(name, sources[name]) for name in NAMES if name in sources]
    parts = {name: _sound(name, _found(origin, name, source, progress), problems) for name, source in ordered}
    written = write_parts(folder, parts, origin.made_by)
    return MemmapReport(str(folder), origin.made_by, written, problems)


def _check(source: str, store: Store | None) -> None:
    """Raise for a source that is not there, before hours of work on another."""
    if not source.startswith(VIEW):
        if not Path(source).exists():
            raise NotFound(f"{source} does not exist; give view:NAME, or a folder of audio files")
    elif store and source != VIEW + ALL:
        store.view(source.removeprefix(VIEW))


def _origin(store: Store | None, space: str | None, maker: Maker | None, progress: Progress) -> Origin:
    if maker and not space:
        return EncoderOrigin(store, _encoder(store, maker, progress), progress)
    if store and not maker:
        return SpaceOrigin(store, store.space(space), progress)
    raise UsageError("say either a space of a store, or an encoder: the one has vectors, the other makes them")


def _found(origin: Origin, name: str, source: str, progress: Progress) -> Iterator[Piece | Problem]:
    if source.startswith(VIEW):
        return origin.of_view(source.removeprefix(VIEW), name)
    return pieces_of_files(origin.encoder(), Path(source), name, progress)


def _sound(name: str, found: Iterator[Piece | Problem], problems: list[Problem]) -> Iterator[Piece]:
    """Yield the pieces and note the problems; raise BadInput for those of db and query, once all are known."""
    own: list[Problem] = []
    for each in found:
        if isinstance(each, Piece):
            yield each
        else:
            own.append(each)
    if own and name in (DATABASE, QUERY):
        raise BadInput(
            f"{len(own)} clips of {name} have no fingerprints, so its rows would not lie beside those of their "
            f"replicas: the first is {own[0].path} ({own[0].detail}); mend them, or leave them out"
        )
    problems += own


def _encoder(store: Store | None, maker: Maker, progress: Progress) -> Encoder:
    found = find_encoder(store, maker.encoder, maker.settings, maker.checkpoint, progress=progress)
    if isinstance(found, Fittable):
        raise UsageError(
            f"encoder {found.name!r} is fitted on the clips of a store; run `echodex embed {found.name}`, and name its "
            "space"
        )
    check_hears(found)
    return found
