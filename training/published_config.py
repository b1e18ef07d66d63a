"""What the configuration of the published program (CLMR, its `config.yaml` and the flags of Lightning 1) means here.

One file of it serves three commands there and three trainings here; each takes the keys that concern it. In a file the
others are passed over, on the command line they are refused. Most keys have kept their names.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError
from .configs import ships
from .settings import COMMAND_LINE, Said

logger = logging.getLogger(__name__)

_STORE = "`echodex add --dataset NAME --root DIR` puts it into a store, and --view says which of its clips to train on"
_DATASETS = {"dataset": _STORE, "dataset_dir": _STORE}
"""In every published file: passed over there, which is told."""
_LOGGED = "every epoch is validated and logged"
_REFUSED = {
    "indices_file": "`echodex prune` saves such a choice as a view, and --view trains on it",
    "accelerator": "a GPU is used where there is one",
    "sync_batchnorm": "with several processes, batch norms share their statistics anyway",
    "log_every_n_steps": _LOGGED,
    "check_val_every_n_epoch": _LOGGED,
    "resume_from_checkpoint": "the same command again goes on where an interrupted one was",
}
_FILES = {
    "checkpoint_path": "`echodex embed clmr --checkpoint FILE` reads one, and an unfinished run goes on by itself",
    "finetuner_checkpoint_path": "`echodex train probe --from-head FILE` takes a trained head",
}
_LIGHTNING = {"gpus": "devices", "accumulate_grad_batches": "accumulate"}
_PRECISIONS = {"16": "16-mixed", "32": "32-true", "bf16": "bf16-mixed"}
_HEAD = {"finetuner_max_epochs": "max_epochs", "finetuner_learning_rate": "learning_rate"}
_OF_HEAD = ("finetuner_mlp", "finetuner_batch_size", *_HEAD)
_TRANSFORMS = ("polarity", "noise", "gain", "filters", "delay", "pitch", "reverb")
_OF_CROPS = ("audio_length", "sample_rate", *(f"transforms_{name}" for name in _TRANSFORMS))
_OF_RUNNING = ("workers", "learning_rate", "max_epochs", "precision", *_LIGHTNING)
_MLP_WIDTH = 512
_OF_LOSS = ("projection_dim", "temperature", "optimizer")


@dataclass(frozen=True)
class Words:
    """Which of the published keys a training takes.

    command: it; renamed: keys that are called otherwise here; elsewhere: keys that concern other trainings, and which.
    """

    command: str
    renamed: Mapping[str, str]
    elsewhere: Mapping[str, str]

    def read(self, said: Mapping[str, Any], origin: str) -> Said:
        """Return `said` in our words; raises UsageError for what has no meaning here, saying what to use instead."""
        reasons = _REFUSED | (_DATASETS if origin == COMMAND_LINE else {})
        refused = [key for key in said if key in reasons]
        if refused:
            names = ", ".join(map(repr, refused))
            raise UsageError(f"{origin} has {names}: {reasons[refused[0]]}; take it out")
        _tell_passed_over([key for key in said if key in _DATASETS], origin)
        found: Said = {}
        for key, value in said.items():
            if key in _DATASETS:
                continue
            if key in self.elsewhere:
                if origin == COMMAND_LINE:
                    raise UsageError(f"{key!r} is a setting of `{self.elsewhere[key]}`, not of `{self.command}`")
                continue
            found[self.renamed.get(key, key)] = value
        return found


def _tell_passed_over(keys: Sequence[str], origin: str) -> None:
    """Say which keys of a file the store stands in for, unless the file is the one that ships."""
    if keys and not ships(origin):
        logger.warning("%s: the store and --view stand in for %s", origin, " and ".join(keys))


_CLMR, _SUPERVISED, _PROBE = (f"echodex train {name}" for name in ("clmr", "supervised", "probe"))
_FOR_CLMR = Words(_CLMR, _LIGHTNING, dict.fromkeys(_OF_HEAD, _PROBE))
_FOR_SUPERVISED = Words(
    _SUPERVISED, _LIGHTNING, dict.fromkeys(_OF_HEAD, _PROBE) | dict.fromkeys((*_OF_LOSS, "gpus"), _CLMR)
)
_OF_ENCODER = dict.fromkeys((*_OF_CROPS, *_OF_LOSS, *_OF_RUNNING), _CLMR)
_FOR_PROBE = Words(_PROBE, _HEAD, _OF_ENCODER)
_TOLD_TO_PROBE = Words(_PROBE, _HEAD, {key: of for key, of in _OF_ENCODER.items() if key not in _HEAD.values()})
"""On the command line, where learning_rate and max_epochs are those of the head."""


def for_clmr(said: Said, origin: str) -> Said:
    """Return what `said` means to a contrastive training."""
    if said.get("supervised"):
        raise UsageError(f"{origin}: 'supervised' is a training of its own here: run `{_SUPERVISED}`")
    return _FOR_CLMR.read(_plain(said, origin), origin)


def for_supervised(said: Said, origin: str) -> Said:
    """Return what `said` means to a supervised training."""
    return _FOR_SUPERVISED.read(_plain(said, origin), origin)


def for_probe(said: Said, origin: str) -> Said:
    """Return what `said` means to a probe.

    A file is taken for a published one where it has a key that begins with `finetuner_`: then learning_rate is that of
    the encoder, the head's is finetuner_learning_rate, and the preset is "published" unless it says another.
    """
    if origin != COMMAND_LINE and not any(str(key).startswith("finetuner_") for key in said):
        return said
    found = _plain(said, origin)
    hidden = found.pop("finetuner_mlp", None)
    found.pop("finetuner_batch_size", None)  # of extracting vectors, which are in the store
    if origin != COMMAND_LINE:
        return {"preset": "published"} | _FOR_PROBE.read(found, origin) | _hidden(hidden)
    return _TOLD_TO_PROBE.read(found, origin) | _hidden(hidden)


def _plain(said: Said, origin: str) -> Said:
    """Return `said` without the keys that say nothing in a training here, and with precision as Lightning 2 says it."""
    for key, instead in _FILES.items():
        if said.get(key):
            raise UsageError(f"{origin}: {key!r} has no place in a training: {instead}; take it out")
    found = {key: value for key, value in said.items() if key != "supervised" and key not in _FILES}
    if "precision" in found:
        found["precision"] = _PRECISIONS.get(str(found["precision"]), found["precision"])
    if found.get("gpus") in (0, 1):
        del found["gpus"]  # one process, as always where nothing else is said
    return found


def _hidden(mlp: Any) -> Said:
    return {} if mlp is None else {"hidden": _MLP_WIDTH if mlp else 0}
