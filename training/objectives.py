"""What can be trained: each objective's settings, and the function that trains it. A name loads only its own files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..schemas.run import Run
from .layout import AUTOENCODER, CLMR, FINGERPRINT, PROBE, SUPERVISED, VERSIONS
from .published_config import for_clmr, for_probe, for_supervised
from .settings import Said, Translate

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Objective:
    """kind: the dataclass of its settings; presets: of that class, by name, "default" among them.

    translate: what a configuration of the published program means to it; train: takes a store, and `view`, `config`,
    `name` and `progress` by name; takes_space: and `space`, as what learns from vectors does, or else `strict`.
    """

    kind: type[DataclassInstance]
    presets: Mapping[str, Any]
    translate: Translate
    train: Callable[..., Run]
    takes_space: bool = False


def find_objective(name: str) -> Objective:
    """Return the objective called `name`; raise UsageError with the nearest name where there is none."""
    if name not in _OBJECTIVES:
        near = difflib.get_close_matches(name, _OBJECTIVES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"training objective {name!r} does not exist{hint} (known: {', '.join(sorted(_OBJECTIVES))})")
    return _OBJECTIVES[name]()


def _probe() -> Objective:
    from .config import PRESETS, ProbeConfig
    from .probe import train_probe

    return Objective(ProbeConfig, PRESETS, for_probe, train_probe, takes_space=True)


def _supervised() -> Objective:
    from .supervised.config import PRESETS, SupervisedTraining
    from .supervised.train import train_supervised

    return Objective(SupervisedTraining, PRESETS, for_supervised, train_supervised)


def _clmr() -> Objective:
    from .contrastive.config import PRESETS, ClmrTraining
    from .contrastive.train import train_clmr

    return Objective(ClmrTraining, PRESETS, for_clmr, train_clmr)


def _fingerprint() -> Objective:
    from .fingerprint.config import PRESETS, FingerprintTraining
    from .fingerprint.published_config import for_fingerprint
    from .fingerprint.train import train_fingerprint

    return Objective(FingerprintTraining, PRESETS, for_fingerprint, train_fingerprint)


def _versions() -> Objective:
    from .versions.config import PRESETS, VersionsTraining
    from .versions.train import train_versions

    return Objective(VersionsTraining, PRESETS, _as_said, train_versions)


def _autoencoder() -> Objective:
    from .autoencoder.config import PRESETS, AutoencoderTraining
    from .autoencoder.train import train_autoencoder

    return Objective(AutoencoderTraining, PRESETS, _as_said, train_autoencoder, takes_space=True)


def _as_said(said: Said, _: str) -> Said:
    return said


_OBJECTIVES = {
    PROBE: _probe,
    CLMR: _clmr,
    SUPERVISED: _supervised,
    FINGERPRINT: _fingerprint,
    VERSIONS: _versions,
    AUTOENCODER: _autoencoder,
}
