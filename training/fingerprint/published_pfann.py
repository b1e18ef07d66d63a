"""The keys of pfann's JSON files: configs/default.json and its variants, and what its converter writes."""

from __future__ import annotations

from typing import Any

from ...errors import UsageError
from ..settings import Said
from .config import NONE
from .program import Program, Words

_OWN = (
    "train_csv",
    "validate_csv",
    "music_dir",
    "model_dir",
    "cache_dir",
    "shuffle_size",
    "fftconv_n",
    "stft_n",
    "segment_size",
    "time_offset",
    "noise.",
    "micirp.",
    "air.",
    "model.",
    "indexer.",
)
_SETTINGS = {"epoch": "max_epochs", "lr": "learning_rate", "tau": "temperature", "pad_start": "context_s"}
_NETWORK = {
    "sample_rate": "sample_rate_hz",
    "stft_n": "n_fft",
    "stft_hop": "hop_samples",
    "n_mels": "n_mels",
    "f_min": "f_min",
    "f_max": "f_max",
    "hop_size": "hop_s",
    "model.u": "slice_units",
}
_WORDS: Words = {
    "optimizer": {
        "adam": {"optimizer": "Adam", "weight_decay": 0.0},
        "lamb": {"optimizer": "LAMB-pfann", "weight_decay": 1e-6},
    },
}
_NETWORK_WORDS: Words = {
    "naf_mode": {
        "false": {},
        "true": {"power": 1.0, "padding": "constant", "mel_scale": "slaney", "mel_norm": "slaney", "offset": 0.06},
    },
    "mel_log": {"log": {"log": "log"}, "log10": {"log": "log10"}},
    "spec_norm": {
        "l2": {"waveform_norm": "l2", "normalisation": "none"},
        "max": {"waveform_norm": "max", "normalisation": "segment"},
    },
    "model.fuller": {"true": {"depthwise": False}, "false": {"depthwise": True}},
    "model.conv_activation": {"relu": {"activation": "relu"}, "elu": {"activation": "elu"}},
    "model.relu_after_bn": {"true": {"activation_last": True}, "false": {"activation_last": False}},
}
_FIXED = {"cutout_min": 0.1, "cutout_max": 0.5, "air.length": 1, "micirp.length": 0.5}

_SECTIONS = ("noise", "air", "micirp")
_STORE = "the store says what there is, and --view what is trained on"
_LISTS = "all of the folder `dir` beside it is taken; give a folder without what is to be held out"
_IDLE = {
    "train_csv": _STORE,
    "validate_csv": _STORE,
    "test_csv": _STORE,
    "music_dir": _STORE,
    "cache_dir": "`echodex materialise --rate 8000` keeps waveforms, where that is wanted",
    "model_dir": "the run's folder in the store has its state, its events and its figures",
    "shuffle_size": "an epoch is shuffled as a whole",
    "clips_per_song": "an epoch is shuffled as a whole",
    "dynamic_range": "pfann has no use for it either",
    "fftconv_n": "the length of a convolution follows from what is convolved",
    "indexer.": "`echodex identify` and `echodex evaluate fingerprint --index pfann` search",
    **{f"{section}.{split}": _LISTS for section in _SECTIONS for split in ("train", "validate")},
}
_FOLDERS = {"noise.dir": "noise", "air.dir": "rooms", "micirp.dir": "microphones"}
_SNR_DB = (0, 10)
"""What the chain has anyway."""
_DIM, _WIDTH = 128, 1024


def _together(left: Said, origin: str) -> tuple[Said, Said]:
    """Take from `left` the keys that depend on others, or are lists; return settings, and those of the encoder."""
    found: Said = {_FOLDERS[key]: left.pop(key) for key in _FOLDERS if key in left}
    network: Said = {}
    segment_s = left.pop("segment_size", 1)
    network["segment_s"] = segment_s
    if "time_offset" in left:
        found["offset_s"] = _offset_s(left.pop("time_offset"), segment_s, origin)
    snr_db = left.pop("noise.snr_min", _SNR_DB[0]), left.pop("noise.snr_max", _SNR_DB[1])
    if snr_db != _SNR_DB:
        found["snr_db"] = f"{snr_db[0]},{snr_db[1]}"
    dim, width = left.pop("model.d", _DIM), left.pop("model.h", _WIDTH)
    if not type(dim) is type(width) is int:
        raise UsageError(f"{origin}: model.d is {dim!r} and model.h {width!r}; both must be whole numbers")
    network |= {"dim": dim, "channels": ",".join(map(str, _channels(dim, width)))}
    if "model.strides" in left:
        network["time_strides"] = _time_strides(left.pop("model.strides"), origin)
    return found, network


def _offset_s(time_offset: Any, segment_s: Any, origin: str) -> float:
    """Return how far two segments drawn from `time_offset` seconds lie apart at most."""
    if not isinstance(time_offset, int | float) or not isinstance(segment_s, int | float) or time_offset < segment_s:
        raise UsageError(f"{origin}: time_offset is {time_offset!r}; it must be at least segment_size, {segment_s!r}")
    return round(float(time_offset) - segment_s, 6)


def _channels(dim: int, width: int) -> list[int]:
    """Return the channels of the eight blocks."""
    return [dim, dim, 2 * dim, 2 * dim, 4 * dim, 4 * dim, width, width]


def _time_strides(strides: Any, origin: str) -> str:
    """Return the strides in time of blocks that each have two pairs: of the convolution along time, [1, stride], and of
    the one along frequency, [2, 1].
    """
    try:
        pairs = [(tuple(along_time), tuple(along_frequency)) for along_time, along_frequency in strides]
    except (TypeError, ValueError):
        pairs = []
    odd = any(len(first) != 2 or first[0] != 1 or second != (2, 1) for first, second in pairs)
    if odd or not pairs:
        raise UsageError(f"{origin}: model.strides must be [[1, stride], [2, 1]] for each block, not {strides!r}")
    return ",".join(str(first[1]) for first, _ in pairs)


PFANN = Program(
    preset="pfann",
    own=_OWN,
    settings=_SETTINGS,
    network=_NETWORK,
    words=_WORDS,
    network_words=_NETWORK_WORDS,
    fixed=_FIXED,
    idle=_IDLE,
    empty={f"{section}.train": {_FOLDERS[f"{section}.dir"]: NONE} for section in _SECTIONS},
    rest=_together,
)
