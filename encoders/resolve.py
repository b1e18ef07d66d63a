"""From what a user wrote to an encoder: a name, a checkpoint file, a URL of one, or a YAML file that says which."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ..errors import BadInput, NotFound
from ..progress import Progress, silent
from .base import Encoder, Weights
from .checkpoint import SUFFIXES
from .download import download
from .registry import encoder_class, names

CHECKPOINT_ENCODER = "clmr"
"""What a checkpoint is of when only the checkpoint is given."""

_YAML_BYTES = 64 * 1024


@runtime_checkable
class ReadsCheckpoints(Protocol):
    """An encoder class whose weights come from a checkpoint file."""

    def read_weights(self, path: Path) -> Weights:
        """Return the encoder's arrays from a checkpoint file; raise NotFound or BadInput."""


def resolve(
    spec: str, settings: Mapping[str, Any], checkpoint: str | None = None, *, progress: Progress = silent
) -> Encoder:
    """Return the encoder that `spec` says, with `settings` over what a YAML file says.

    spec: a registered name ("timbre"), the path or URL of a checkpoint (then it is a "clmr"), or the path of a YAML
    file with the key `encoder` and, as wanted, `checkpoint` (a URL, or a path from that file's folder) and settings.
    checkpoint: a path or URL; it goes before the YAML file's. A URL is downloaded into the cache; nothing else is.
    Raises NotFound for a name or path that does not exist, with the nearest one, BadInput for what cannot be used, and
    the errors of `download`.
    """
    name, known, found = _read_spec(spec)
    if found and checkpoint and Path(spec).suffix not in (".yaml", ".yml"):
        raise BadInput(f"{spec} is a checkpoint itself; leave out the other one, {checkpoint}")
    encoder = encoder_class(name)
    source = checkpoint or found
    weights = _read_weights(encoder, name, source, progress) if source else None
    return encoder.build({**known, **settings}, weights)


def _read_spec(spec: str) -> tuple[str, dict[str, Any], str | None]:
    """Return the encoder's name, its settings and its checkpoint, as far as `spec` says them."""
    if "://" in spec:
        return CHECKPOINT_ENCODER, {}, spec
    path = Path(spec).expanduser()
    if spec in names() or not (path.suffix or path.name != spec or path.exists()):
        return spec, {}, None  # the registry names the nearest encoder where there is none
    _check_path(path)
    if path.suffix in (".yaml", ".yml"):
        return _read_yaml(path)
    if path.suffix not in SUFFIXES:
        raise BadInput(f"{path} is neither a checkpoint ({', '.join(SUFFIXES)}) nor a YAML file (.yaml, .yml)")
    return CHECKPOINT_ENCODER, {}, str(path)


def _check_path(path: Path) -> None:
    """Raise NotFound with the nearest name of the folder where there is no such file."""
    if path.is_file():
        return
    if path.is_dir():
        raise BadInput(f"{path} is a folder; give the checkpoint or YAML file in it")
    folder = path.parent
    beside = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    hint = f"; did you mean {folder / near[0]}?" if near else ""
    raise NotFound(
        f"{path} does not exist{hint} (an encoder is one of {', '.join(names())}, a checkpoint or a YAML file)"
    )


def _read_yaml(path: Path) -> tuple[str, dict[str, Any], str | None]:
    fields = _read_flat(path)
    name, checkpoint = fields.pop("encoder", None), fields.pop("checkpoint", None)
    if not isinstance(name, str):
        raise BadInput(f"{path} must have the key 'encoder', one of {', '.join(names())}")
    if checkpoint is not None and not isinstance(checkpoint, str):
        raise BadInput(f"{path}: 'checkpoint' must be a path or a URL, not {checkpoint!r}")
    if checkpoint and "://" not in checkpoint:
        checkpoint = str(path.parent / Path(checkpoint).expanduser())
    return name, fields, checkpoint


def _read_flat(path: Path) -> dict[str, Any]:
    """Return the keys of a YAML file of plain values; tags, anchors and nesting, which could do more, are refused."""
    import yaml

    if path.stat().st_size > _YAML_BYTES:
        raise BadInput(f"{path} is larger than {_YAML_BYTES >> 10} KiB, which no encoder's settings are")
    try:
        text = path.read_bytes()
        nested = (yaml.CollectionStartEvent, yaml.AliasEvent)
        parts = (event for event in yaml.parse(text, Loader=yaml.SafeLoader) if isinstance(event, nested))
        next(parts, None)  # the list itself; more of them need not be read, which can take long
        fields = None if next(parts, None) else yaml.safe_load(text)
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise BadInput(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(fields, dict) or not all(isinstance(key, str) for key in fields):
        raise BadInput(f"{path} must be a flat list of 'key: value' lines, beginning with 'encoder:'")
    return fields


def _read_weights(encoder: type[Encoder], name: str, source: str, progress: Progress) -> Weights:
    if not isinstance(encoder, ReadsCheckpoints):
        raise BadInput(f"encoder {name!r} takes no checkpoint, so {source} is of no use to it")
    path = download(source, progress=progress) if "://" in source else Path(source).expanduser()
    return encoder.read_weights(path)
