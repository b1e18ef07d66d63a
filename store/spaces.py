"""Spaces: the tables `vectors_<space>`, each with the identity of its encoder, and the weights kept beside them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoders import registry
from ..encoders.base import Encoder, RowEncoder, digest
from ..errors import Damaged, NotFound, UsageError
from ..schemas.read_json import read_json
from ..schemas.run import RUN_FILE, RUNS, TRAINED
from ..schemas.vector import Space, vector_schema
from .files import write_atomic
from .lock import writer_lock
from .names import check_name, is_name
from .remote.mirror import fetched
from .tables import Tables

PREFIX = "vectors_"
IMPORTED = "import"
"""The encoder name of a space whose vectors came ready-made: it has none that could embed a query."""


def table_of(space: Space) -> str:
    """Return the name of a space's table."""
    return PREFIX + space.name


def list_spaces(tables: Tables) -> list[Space]:
    """Return all spaces, oldest first."""
    names = [name.removeprefix(PREFIX) for name in tables.names() if name.startswith(PREFIX)]
    odd = next((name for name in names if not is_name(name)), None)
    if odd is not None:  # it becomes the name of folders
        raise Damaged(f"{tables.place} holds a table {PREFIX}{odd[:80]} that echodex did not make; move it out")
    spaces = [Space.from_metadata(name, tables.schema(PREFIX + name).metadata) for name in names]
    return sorted(spaces, key=lambda space: (space.created_at, space.name))


def find_space(tables: Tables, name: str | None) -> Space:
    """Return the space called `name`, else the newest of the encoder `name`, or that of what a run trained
    ("run:NAME", with the settings it was trained with); None: the newest of all. Raises NotFound.
    """
    spaces = list_spaces(tables)
    if not spaces:
        raise NotFound(f"{tables.place} holds no vectors yet; run `echodex embed`")
    if name is None:
        return spaces[-1]
    if name.startswith(TRAINED):
        identity = _trained_digest(tables.folder, name.removeprefix(TRAINED))
        found = [space for space in spaces if space.digest == identity]
    else:
        found = [space for space in spaces if space.name == name] or [s for s in spaces if s.encoder == name]
    if not found:
        known = ", ".join(space.name for space in spaces)
        raise NotFound(f"space {name[:80]!r} does not exist (there is: {known}); run `echodex embed {name[:80]}`")
    return found[-1]


def _trained_digest(folder: Path, run: str) -> str:
    """Return the digest of the encoder that a run trained. Raises NotFound where there is no finished run of it."""
    path = fetched(folder / RUNS / check_name(run, "run") / RUN_FILE)
    try:
        described = read_json(path.read_text())
        # what has a space is a probe, which trained no encoder
        identity = "" if described["space"] else described["encoder_digest"]
    except (OSError, ValueError, KeyError, TypeError):
        identity = ""
    if not identity:
        raise NotFound(f"{folder} has no finished run {run!r} that trained an encoder; run `echodex train` first")
    return str(identity)


def space_of(tables: Tables, encoder: Encoder, note: str = "") -> Space:
    """Return the space of this very encoder (configuration and weights), making it and keeping the weights if it is
    new.
    """
    identity = digest(encoder)
    with writer_lock(tables.folder):
        for space in list_spaces(tables):
            if space.digest == identity:
                return space
        name = check_name(f"{encoder.name}-{identity[:8]}", "space")
        space = Space(name, encoder.name, identity, asdict(encoder.config), encoder.dim, _now(), note)
        keep_weights(tables.folder, space, encoder)
        tables.create(table_of(space), vector_schema(space.dim, space.to_metadata()))
    return space


def imported_space(tables: Tables, name: str, dim: int, note: str) -> Space:
    """Return the space `name` for ready-made vectors of length `dim`, making it if it is new.

    Raises UsageError where `name` is a space of another kind or length.
    """
    check_name(name, "space")
    with writer_lock(tables.folder):
        for space in list_spaces(tables):
            if space.name != name:
                continue
            if space.encoder != IMPORTED or space.dim != dim:
                raise UsageError(
                    f"space {name!r} is of encoder {space.encoder!r} with {space.dim} dimensions: spaces never mix; "
                    "import under another --name"
                )
            return space
        space = Space(name, IMPORTED, f"import:{name}", {}, dim, _now(), note)
        tables.create(table_of(space), vector_schema(dim, space.to_metadata()))
    return space


def load_encoder(folder: Path, space: Space) -> Encoder:
    """Return the encoder of a space, rebuilt from the weights in the store at `folder`.

    Raises UsageError for a space that was imported or made from another space's vectors, Damaged where the weights are
    missing or not those of the space.
    """
    if space.encoder == IMPORTED:
        raise UsageError(
            f"space {space.name!r} was imported: echodex cannot embed new audio into it; ask by clip or vector"
        )
    weights = kept_weights(folder, space)
    encoder = registry.build(space.encoder, space.config, weights)
    if isinstance(encoder, RowEncoder):
        raise UsageError(
            f"space {space.name!r} is made from vectors of {encoder.source!r}, not from audio; ask by clip or vector"
        )
    if digest(encoder) != space.digest:
        kept = weights_path(folder, space).name
        raise Damaged(
            f"the encoder of space {space.name!r} is not the one its vectors were made with ({kept} is missing or "
            "changed, or this version of echodex computes it differently); run `echodex embed` for a new space"
        )
    return encoder


def kept_weights(folder: Path, space: Space) -> dict[str, NDArray[Any]] | None:
    """Return the arrays that the store at `folder` keeps for a space's encoder, None where it needs none.

    Raises Damaged where they cannot be read.
    """
    path = fetched(weights_path(folder, space))
    if not path.exists():
        return None
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise Damaged(f"{path} is damaged ({error}); restore it from a copy of the store") from error


def weights_path(folder: Path, space: Space) -> Path:
    """Return where the store at `folder` keeps the weights of a space's encoder, if it has any."""
    return folder / "encoders" / f"{space.name}.safetensors"


def keep_weights(folder: Path, space: Space, encoder: Encoder) -> None:
    """Write the weights of a space's encoder, if it has any, to the store at `folder`. Raises StorageError."""
    weights = encoder.weights()
    if weights:
        from safetensors.numpy import save

        # `save` writes the memory of an array as it lies; `ascontiguousarray` would make a number an array of one
        laid_out = {name: np.asarray(array, order="C") for name, array in weights.items()}
        write_atomic(weights_path(folder, space), save(laid_out))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
