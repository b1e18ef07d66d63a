"""The YAML files that ship (`clmr.yaml`: every key of the published configuration), and reading any other one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import NotFound, UsageError
from ...schemas.read_json import read_json

SUFFIXES = (".yaml", ".yml")
JSON = ".json"
_SHIPPED = Path(__file__).parent
_LEVELS = 16
_REFERENCE = re.compile(r"\$\{[\w.-]+\}")
"""What a file may say of its own keys."""


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Return the settings in a YAML file, over those of the files that its `defaults` list names, the last one first.

    A key within a section is called SECTION.KEY. An entry of the list is a path from the file's folder, with or without
    `.yaml`, the name of a file that ships, or `{folder: name}` as the published program writes it. A file whose name
    ends in .json is read as JSON. Raises NotFound, and UsageError for what is not `key: value`, or a file that includes
    itself.
    """
    return _merged(find_config(path), ())


def find_config(name: str | Path, folder: Path | None = None) -> Path:
    """Return the path of the YAML file `name`, from `folder`; where there is none, that of the shipped one so called.

    Raises NotFound with the nearest name.
    """
    path = (folder or Path()) / Path(name).expanduser()
    tried = [path, *(Path(f"{path}{suffix}") for suffix in SUFFIXES)]
    try:
        # what a file includes is called as one: it could name any file of the user's, which errors then quote
        found = next((f for f in tried if f.is_file() and (folder is None or f.suffix in (*SUFFIXES, JSON))), None)
    except (OSError, ValueError) as error:  # too long for a name, or with a NUL in it
        raise NotFound(f"configuration {str(name)[:80]!r} does not exist; that is no name of a file") from error
    if found:
        return found
    shipped = {file.stem: file for file in _SHIPPED.glob("*.yaml")}
    if str(name) in shipped:
        return shipped[str(name)]
    beside = [file.stem for file in path.parent.glob("*") if file.suffix in SUFFIXES]
    near = difflib.get_close_matches(path.stem, [*beside, *shipped], n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"those that ship are {', '.join(sorted(shipped))}"
    raise NotFound(f"configuration {path} does not exist; {hint}")


def ships(name: str | Path) -> bool:
    """Return whether `name` means a file that ships; raises NotFound for none at all."""
    return find_config(name).parent == _SHIPPED


def _merged(path: Path, including: tuple[Path, ...]) -> dict[str, Any]:
    path = path.resolve()
    if path in including:
        raise UsageError(f"configuration {path} includes itself, by its `defaults`; take that entry out")
    said = _flat(path)
    found: dict[str, Any] = {}
    for entry in _included(said.pop("defaults", None) or [], path):
        found |= _merged(find_config(entry, path.parent), (*including, path))
    return found | said


def _included(entries: Any, path: Path) -> list[str]:
    """Return the names in a `defaults` list."""
    if not isinstance(entries, list):
        raise UsageError(f"configuration {path}: `defaults` must be a list of YAML files")
    names: list[str] = []
    for entry in entries:
        pairs = entry.items() if isinstance(entry, dict) else [("", entry)]
        names += [f"{folder}/{name}" if folder else str(name) for folder, name in pairs]
    return names


def _flat(path: Path) -> dict[str, Any]:
    """Return the keys of a file, those within sections as SECTION.KEY."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    kind = "JSON" if path.suffix == JSON else "YAML"
    said: Any
    try:
        if kind == "JSON":
            said = read_json(path.read_text(encoding="utf-8"))
        else:
            _check_levels(path.read_bytes())
            said = resolved(OmegaConf.load(path))
    except (OmegaConfBaseException, YAMLError, ValueError, OSError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError(f"configuration {path} cannot be read as {kind} ({reason})") from error
    if not isinstance(said, dict):
        raise UsageError(f"configuration {path} must be a list of `key: value` lines")
    return _by_key(said)


def _check_levels(text: bytes) -> None:
    """Raise ValueError for YAML that is nested deep, which takes long to read, and for an alias in what itself has an
    anchor: a few of those stand for more than memory holds.
    """
    import yaml

    anchors: list[bool] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) and any(anchors):
            raise ValueError("an alias lies in what has an anchor itself")
        if isinstance(event, yaml.CollectionStartEvent):
            anchors.append(event.anchor is not None)
        if isinstance(event, yaml.CollectionEndEvent):
            anchors.pop()
        if len(anchors) > _LEVELS:  # the rest need not be read
            raise ValueError(f"it is nested deeper than {_LEVELS} levels")


def resolved(config: Any) -> Any:
    """Return what an OmegaConf says, `${KEY}` replaced by what KEY says. Raises ValueError for what asks for more.

    A resolver (`${oc.env:NAME}`) would let a file that somebody sends read the environment, into the run's own file.
    """
    from omegaconf import OmegaConf

    odd = next((text for text in _strings(OmegaConf.to_container(config)) if "${" in _REFERENCE.sub("", text)), None)
    if odd is not None:
        raise ValueError(f"{odd[:80]!r}: only ${{KEY}} is replaced, by what that key of the same file says")
    return OmegaConf.to_container(config, resolve=True)


def _strings(said: Any) -> Iterator[str]:
    """Yield the texts among plain values, however deep."""
    if isinstance(said, str):
        yield said
    parts = [*said.keys(), *said.values()] if isinstance(said, dict) else said if isinstance(said, list) else ()
    for part in parts:
        yield from _strings(part)


def _by_key(said: dict[Any, Any], section: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in said.items():
        name = f"{section}{key}"
        found |= _by_key(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found
