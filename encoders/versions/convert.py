"""Checkpoints of the published program as weights: read without running anything that they name.

Lightning Fabric wrote them: the network and the constant-Q kernels beside optimiser, schedule and the program's
settings as a pickled OmegaConf object. Of that object's classes none is imported: an empty one stands in for each.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BadInput
from ..base import Weights
from ..checkpoint import MAX_BYTES, check_intact, pick_state, read_tensors, torch_tensors

if TYPE_CHECKING:
    from torch import Tensor

CONFIGURATION = "configuration.yaml"
"""The settings of a training, which the published program keeps beside its checkpoints."""

_FIRST = {"clews": "frontend.0.gain", "folded": "prepare.gain"}
"""The first name of each network's state."""

_KERNELS = "cqt."
"""What the names of constant-Q kernels begin with, in the published state alone; ours are made, not loaded."""

_FRONT_END = {
    ("cqt", "hoplen"): 0.02,
    ("cqt", "noctaves"): 7,
    ("cqt", "nbinsoct"): 12,
    ("cqt", "fscale"): 1,
    ("cqt", "pool"): 5,
    ("frontend", "cqtpow"): 0.5,
}
"""What a model of those settings hears, where they say it; others would be heard wrongly."""

_HARMLESS = ("omegaconf.", "typing.", "collections.defaultdict", "pathlib.", "numpy.", "enum.", "_codecs.encode")
_PLAIN = {f"builtins.{kind}" for kind in ("bool", "bytes", "dict", "float", "int", "list", "str", "tuple", "type")}
"""What settings are made of. Not even these are made: they are only not refused."""

_YAML_BYTES = 256 * 1024
_YAML_LEVELS = 8


class _StandIn:
    """An object of a class that is not imported: takes whatever it is given and keeps nothing."""

    def __new__(cls, *_: object) -> Any:
        return object.__new__(cls)

    def __setstate__(self, _: object) -> None:
        """Forget the state."""


def _empty(*_: object) -> dict[object, object]:
    """Stand in for a defaultdict, which a file fills."""
    return {}


def read_published(path: Path) -> Weights:
    """Return the arrays of the network in the checkpoint `path`: Fabric's, a state dict or safetensors.

    Where `configuration.yaml` lies beside it, the model that it names must be this one. Raises NotFound and BadInput.
    """
    _check_configuration(path.with_name(CONFIGURATION))
    tensors = _tensors(path)
    own = {name: tensor for name, tensor in tensors.items() if _KERNELS not in name}
    if not own:
        raise BadInput(f"checkpoint {path} holds no network, so it is partial; give checkpoint_best.ckpt")
    return pick_state(own, _found_shapes, path)


def _tensors(path: Path) -> dict[str, Tensor]:
    """Return the named tensors; large files, as the published ones are, are mapped and not held in memory whole."""
    if path.is_file() and path.suffix == ".safetensors":
        return _safetensors(path)
    if path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist()):
                check_intact(archive, str(path))
                return _from_fabric(path)
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise BadInput(
            f"checkpoint {path} is torn, or an archive of several files; copy or download it again, or unpack it and "
            "give the checkpoint_best.ckpt in it"
        )
    return read_tensors(path)


def _from_fabric(path: Path) -> dict[str, Tensor]:
    from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

    try:
        asked = get_unsafe_globals_in_checkpoint(str(path))
    except Exception as error:  # a crafted or torn file makes torch raise nearly anything
        raise BadInput(f"checkpoint {path} is torn or no torch file; copy or download it again") from error
    settings = [name for name in asked if name.startswith(_HARMLESS) or name in _PLAIN]
    stand_ins = [(_empty if name == "collections.defaultdict" else _StandIn, name) for name in settings]
    with safe_globals(stand_ins):  # type: ignore[arg-type]
        return torch_tensors(path, str(path))


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise BadInput(f"checkpoint {path} is not valid safetensors: {str(error)[:200]!r}") from error


def _found_shapes(found: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that stands beside a network's first array, under names as the network has them."""
    for first in _FIRST.values():
        prefix = next((name.removesuffix(first) for name in found if f".{name}".endswith("." + first)), None)
        if prefix is not None:
            own = {name.removeprefix(prefix): shape for name, shape in found.items() if name.startswith(prefix)}
            return {first: own[first], **own}
    return {_FIRST["clews"]: (1,)}


def _check_configuration(path: Path) -> None:
    """Raise BadInput where the settings beside a checkpoint cannot be read, or are of another model."""
    if not path.is_file():
        return
    model = _part(_read_nested(path), "model")
    if model.get("name") != "clews":
        raise BadInput(f"{path} is of the model {str(model.get('name'))[:80]!r}, but only 'clews' is read")
    for (part, key), wanted in _FRONT_END.items():
        found = _part(model, part).get(key, wanted)
        if found != wanted:
            raise BadInput(f"{path} says model.{part}.{key}={str(found)[:80]}, but only {wanted} is read")


def _part(settings: dict[str, Any], key: str) -> dict[str, Any]:
    part = settings.get(key)
    return part if isinstance(part, dict) else {}


def _read_nested(path: Path) -> dict[str, Any]:
    """Return a YAML file of plain values; tags, aliases and depth, which could do more or take long, are refused."""
    import yaml

    if path.stat().st_size > _YAML_BYTES:
        raise BadInput(f"{path} is larger than {_YAML_BYTES >> 10} KiB, which no model's settings are")
    try:
        text = path.read_bytes()
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _YAML_LEVELS:  # the rest need not be read
                raise BadInput(f"{path} has aliases or is nested deeper than {_YAML_LEVELS} levels; it is not read")
        settings = yaml.safe_load(text)
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not valid YAML: {' '.join(str(error).split())[:200]}") from error
    return settings if isinstance(settings, dict) else {}
