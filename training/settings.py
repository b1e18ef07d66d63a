"""Settings of a training as users of the published systems write them: a YAML file, with `key=value` on top.

What a file and the command line say is checked against a frozen dataclass: its fields are the keys, its annotations
(bool, int, float, str, or one of them or None) the types. Each training keeps its dataclass and its presets.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_type_hints

from ..errors import UsageError
from ..store.files import write_atomic
from .configs import read_yaml, resolved

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")

Said = dict[str, Any]
"""Keys and plain values, as a file or a command line gives them."""

Translate = Callable[[Said, str], Said]
"""From what `origin` (a file, or the command line) says in another program's words to the keys of a dataclass."""

COMMAND_LINE = "the command line"
DEFAULT = "default"
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def read_settings(
    kind: type[C],
    presets: Mapping[str, C],
    path: str | Path | None,
    overrides: Sequence[str],
    translate: Translate | None = None,
) -> C:
    """Return a preset with what a YAML file, and then `key=value` strings, say instead.

    The preset is "default" unless the file or a string names another (`preset=published`). path: of a YAML file, or the
    name of one that ships (configs.find_config); its `defaults` list includes others. translate: what a file in the
    words of a published program means. Raises NotFound for a missing file, UsageError for a key that there is not, with
    the nearest one, or a value of another type or out of range, naming it.
    """
    said: Said = {}
    for origin, part in ((str(path), read_yaml(path) if path else {}), (COMMAND_LINE, _parsed(overrides))):
        if translate:
            part = translate(part, origin)
        said |= checked(kind, part, origin)
    return settle(presets, said)


def settle(presets: Mapping[str, C], said: Mapping[str, Any], origin: str = "the call") -> C:
    """Return the preset that `said` names, or the default one, with the other keys of `said` in its place."""
    values = checked(type(presets[DEFAULT]), said, origin)
    preset = values.pop("preset", DEFAULT)
    if preset not in presets:
        raise UsageError(f"preset {preset!r} does not exist; there is {', '.join(presets)}")
    return replace(presets[preset], **values)


def checked(kind: type[DataclassInstance], said: Mapping[str, Any], origin: str) -> Said:
    """Return `said` with each value as the type of its field of `kind`; raise UsageError, naming `origin` and the key.

    Whole numbers are taken where a number is asked for, 0 and 1 for false and true, numbers for words.
    """
    types = get_type_hints(kind)
    keys = ["preset", *(field.name for field in fields(kind))]
    found: Said = {}
    for key, value in said.items():
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f" (there is: {', '.join(keys)})"
            raise UsageError(f"{origin}: there is no setting {key!r}{hint}")
        found[key] = _typed(types.get(key, str), value, f"{origin}: {key}")
    return found


def write_config(path: Path, config: DataclassInstance) -> None:
    """Write a configuration as YAML that `read_settings` takes."""
    from omegaconf import OmegaConf

    write_atomic(path, OmegaConf.to_yaml(OmegaConf.create(asdict(config))).encode())


def _parsed(overrides: Sequence[str]) -> Said:
    """Return what `key=value` strings say; the values are read as YAML is."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    odd = next((text for text in overrides if not text.partition("=")[1]), None)
    if odd is not None:
        raise UsageError(f"{odd!r} is not KEY=VALUE")
    try:
        return cast(Said, resolved(OmegaConf.from_dotlist(list(overrides))))
    except (OmegaConfBaseException, YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{' '.join(overrides)} cannot be read as KEY=VALUE ({first_line(error)})") from error


def first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return str(error).partition("\n")[0] or type(error).__name__


def _typed(annotation: Any, value: Any, what: str) -> Any:
    """Return `value` as the type that `annotation` says; raise UsageError, beginning with `what`."""
    choices = get_args(annotation) or (annotation,)
    if value is None and NoneType in choices:
        return None
    kind = next(choice for choice in choices if choice is not NoneType)
    if type(value) is kind and (kind is not float or math.isfinite(value)):
        return value
    number = isinstance(value, int) and not isinstance(value, bool)
    if kind is bool and number and value in (0, 1):
        return bool(value)
    if kind is float and number:
        return float(value)
    if kind is str and (number or isinstance(value, float)):
        return str(value)
    raise UsageError(f"{what} must be {_KINDS[kind]}, not {value!r}")
