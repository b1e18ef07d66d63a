"""Configurations as users of the published systems write them: a YAML file, with `key=value` on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from ..errors import NotFound, UsageError
from ..store.files import write_atomic


@dataclass(frozen=True)
class ProbeConfig:
    """A head on the vectors of a space: `hidden` 0 for a linear one, else the width of its one hidden layer (ReLU).

    Adam at `learning_rate`, times `plateau_factor` after `plateau_patience` epochs without a lower valid loss; the
    end after `stop_patience` epochs in which it fell by less than `stop_delta`, or `max_epochs`. `labels`: the clips
    column that names the classes.

    inputs: "clip", one unit vector per clip (the mean of its segments), or "window", one of its segments, drawn by
    `seed`, as the encoder gives it. standardise: shift the vectors to mean 0 and scale them by one factor to a mean
    variance of 1 (over the train clips), as a fixed layer that is folded into the head in the end. Unit vectors of 256
    dimensions are so small that the published learning rate is not done with them after 200 epochs; a factor per
    dimension would undo the weights that the encoder gave its dimensions.
    """

    hidden: int = 0
    inputs: str = "clip"
    standardise: bool = True
    batch_size: int = 48
    max_epochs: int = 200
    learning_rate: float = 5e-3
    weight_decay: float = 1e-2
    plateau_factor: float = 0.1
    plateau_patience: int = 5
    stop_patience: int = 10
    stop_delta: float = 1e-4
    seed: int = 42
    labels: str = "labels"

    def __post_init__(self) -> None:
        if self.inputs not in ("clip", "window"):
            raise UsageError(f"inputs is {self.inputs!r}; a probe learns from 'clip' or 'window' vectors")
        for name in ("batch_size", "max_epochs", "plateau_patience", "stop_patience"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("hidden", "seed", "weight_decay", "stop_delta"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it must not be negative")
        if not self.learning_rate > 0 or not 0 < self.plateau_factor < 1:
            raise UsageError("learning_rate must be above 0, and plateau_factor between 0 and 1")


PRESETS = {
    "default": ProbeConfig(),
    "published": ProbeConfig(inputs="window", standardise=False, learning_rate=1e-3, weight_decay=1e-6, stop_delta=0.0),
}
"""`published`: CLMR's linear evaluation (Spijkervet and Burgoyne, 2021) as its code has it; `hidden=512`: its MLP."""


def read_settings(path: str | Path | None, overrides: Sequence[str]) -> dict[str, Any]:
    """Return the settings of a ProbeConfig: a preset's, with what a YAML file and then `key=value` strings say instead.

    The preset is "default" unless the file or a string names another (`preset=published`). Raises NotFound for a
    missing file, UsageError for a key that there is not or a value of another type, naming it.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    if path is not None and not Path(path).is_file():
        raise NotFound(f"configuration {path} does not exist")
    try:
        merged = OmegaConf.merge(OmegaConf.load(path) if path else {}, OmegaConf.from_dotlist(list(overrides)))
        said = cast(dict[str, Any], OmegaConf.to_container(merged))
        preset = _preset(said.pop("preset", "default"))
        settings = OmegaConf.merge(OmegaConf.structured(preset), said)
        return asdict(cast(ProbeConfig, OmegaConf.to_object(settings)))
    except (OmegaConfBaseException, YAMLError, AttributeError, TypeError, ValueError, OSError) as error:
        first = str(error).partition("\n")[0] or type(error).__name__
        keys = ", ".join(asdict(PRESETS["default"]))
        raise UsageError(
            f"configuration {path or ' '.join(overrides)} cannot be used ({first}); keys: {keys}"
        ) from error


def _preset(name: object) -> ProbeConfig:
    try:
        return PRESETS[str(name)]
    except KeyError:
        raise UsageError(f"preset {name!r} does not exist; there is {', '.join(PRESETS)}") from None


def write_config(path: Path, config: ProbeConfig) -> None:
    """Write a configuration as YAML that `read_settings` takes."""
    from omegaconf import OmegaConf

    write_atomic(path, OmegaConf.to_yaml(OmegaConf.create(asdict(config))).encode())
