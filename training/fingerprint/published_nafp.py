"""The keys of neural-audio-fp's files (Chang et al., 2021): config/default.yaml, 640_lamb.yaml, now_playing.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import UsageError
from ..settings import Said
from .config import NONE
from .program import Program, Words

_SECTIONS = ("DIR.", "DATA_SEL.", "MODEL.", "BSZ.", "TRAIN.", "LOSS.", "TD_AUG.", "SPEC_AUG.", "DEVICE.")

_SETTINGS = {
    "BSZ.TR_BATCH_SZ": "batch_size",
    "TRAIN.MAX_EPOCH": "max_epochs",
    "TRAIN.LR": "learning_rate",
    "LOSS.TAU": "temperature",
    "LOSS.MARGIN": "margin",
    "DEVICE.CPU_N_WORKERS": "workers",
}
_NETWORK = {
    "MODEL.FS": "sample_rate_hz",
    "MODEL.DUR": "segment_s",
    "MODEL.HOP": "hop_s",
    "MODEL.STFT_WIN": "n_fft",
    "MODEL.STFT_HOP": "hop_samples",
    "MODEL.F_MIN": "f_min",
    "MODEL.F_MAX": "f_max",
    "MODEL.N_MELS": "n_mels",
    "MODEL.EMB_SZ": "dim",
}
_WORDS: Words = {
    "TRAIN.OPTIMIZER": {
        "adam": {"optimizer": "Adam", "weight_decay": 0.0},
        "lamb": {"optimizer": "LAMB", "weight_decay": 1e-6},
    },
    "TRAIN.LR_SCHEDULE": {
        "cos": {"schedule": "cosine", "alpha": 1e-6},
        "cos-restart": {"schedule": "restarts", "alpha": 2e-6},
        "none": {"schedule": "none"},
    },
    "TRAIN.MINI_TEST_IN_TRAIN": {"true": {"monitor_layers": True}, "false": {"monitor_layers": False}},
    "LOSS.LOSS_MODE": {
        "ntxent": {"loss": "ntxent-sum"},
        "online-triplet": {"loss": "triplet"},
        "semi-hard-triplet": {"loss": "triplet"},
    },
}
_NETWORK_WORDS: Words = {
    "MODEL.FEAT": {"melspec": {"rescale": False}, "melspec_maxnorm": {"rescale": True}},
    "MODEL.BN": {
        "layer_norm2d": {"norm": "layer2d"},
        "layer_norm1d": {"norm": "layer1d"},
        "batch_norm": {"norm": "batch"},
    },
}
_FIXED = {
    "TD_AUG.TR_SPEECH_AUG": False,
    "SPEC_AUG.SPECAUG_PROBS": 1,
    "SPEC_AUG.SPECAUG_N_HOLES": 1,
    "SPEC_AUG.SPECAUG_HOLE_FILL": "zeros",
}

_STORE = "the store says what there is, and --view what is trained on"
_RUN = "the run's folder in the store has its state, its events and its figures, always"
_GENERATE = "`echodex export memmap` is told what fingerprints are of, and where they go"
_IDLE = {
    "DIR.SOURCE_ROOT_DIR": _STORE,
    "DATA_SEL.TRAIN": _STORE,
    "DATA_SEL.REDUCE_ITEMS_P": _STORE,
    "DIR.OUTPUT_ROOT_DIR": _GENERATE,
    "DATA_SEL.TEST_": _GENERATE,
    "DIR.LOG_ROOT_DIR": _RUN,
    "TRAIN.CHECKPOINT_KEEP_N_HOUR": _RUN,
    "TRAIN.TENSORBOARD": _RUN,
    "TRAIN.SAVE_IMG": _RUN,
    "DIR.SPEECH_ROOT_DIR": "voices are mixed in by chain=phone, from speech=FOLDER",
    "BSZ.VAL_": "monitor_clips says how many clips are measured on, in batches as in training",
    "BSZ.TS_": "what is embedded has no batches that could leave a rest",
    "TD_AUG.VAL_": "what is measured on is degraded as what is trained on",
    "TD_AUG.TS_": "`echodex evaluate fingerprint --live` makes queries",
    "DEVICE.CPU_MAX_QUEUE": "batches are read in advance as far as memory allows",
}
_SNR_DB = [0, 10]
"""What the chain has anyway."""
_TRAIN_FOLDER = "tr"
"""Of the folders of noise and of rooms."""


def _together(left: Said, origin: str) -> tuple[Said, Said]:
    """Take from `left` the keys that depend on others, or are lists; return settings, and those of the encoder."""
    found: Said = {}
    if "BSZ.TR_N_ANCHOR" in left:
        found["replicas"] = _replicas(left.get("BSZ.TR_BATCH_SZ"), left.pop("BSZ.TR_N_ANCHOR"), origin)
    for setting, switch, folder in (
        ("noise", "TD_AUG.TR_BG_AUG", "DIR.BG_ROOT_DIR"),
        ("rooms", "TD_AUG.TR_IR_AUG", "DIR.IR_ROOT_DIR"),
    ):
        place, wanted = left.pop(folder, None), left.pop(switch, True)
        if not wanted:
            found[setting] = NONE
        elif place:
            found[setting] = str(Path(str(place)) / _TRAIN_FOLDER)
    snr_db = left.pop("TD_AUG.TR_SNR", _SNR_DB)
    if snr_db != _SNR_DB:
        found["snr_db"] = _joined(snr_db)
    if "SPEC_AUG.SPECAUG_CHAIN" in left:
        found["masks"] = _joined(left.pop("SPEC_AUG.SPECAUG_CHAIN"))
    return found, {}


def _replicas(batch: Any, anchors: Any, origin: str) -> int:
    """Return how many replicas an anchor has where a batch holds so many anchors."""
    if type(batch) is not int or type(anchors) is not int or anchors < 1 or batch % anchors or batch == anchors:
        raise UsageError(
            f"{origin}: BSZ.TR_BATCH_SZ is {batch!r} and BSZ.TR_N_ANCHOR {anchors!r}; each anchor must have as many "
            "replicas, one at the least"
        )
    return batch // anchors - 1


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


NAFP = Program(
    preset="published",
    own=_SECTIONS,
    settings=_SETTINGS,
    network=_NETWORK,
    words=_WORDS,
    network_words=_NETWORK_WORDS,
    fixed=_FIXED,
    idle=_IDLE,
    empty={},
    rest=_together,
)
