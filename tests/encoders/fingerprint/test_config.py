"""What can be set, what cannot, and which preset some weights are of."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.encoders.config import build_config
from echodex.encoders.fingerprint.choice import choose_config
from echodex.encoders.fingerprint.config import PRESETS, FingerprintConfig
from echodex.encoders.fingerprint.network import state_shapes
from echodex.errors import BadInput

Arrays = dict[str, NDArray[Any]]


def arrays(config: FingerprintConfig) -> Arrays:
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in state_shapes(config).items()}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_through_json_and_back(name: str) -> None:
    config = PRESETS[name]
    assert build_config(FingerprintConfig, json.loads(json.dumps(asdict(config)))) == config


def test_what_a_configuration_says_of_its_segments() -> None:
    assert [PRESETS[name].frames for name in PRESETS] == [32] * 4
    assert replace(PRESETS["nafp"], segment_s=2.0).frames == 63
    config = PRESETS["nafp"]
    assert (config.segment_samples, config.segment_hop, config.strides) == (8000, 4000, (2, 2, 2, 2, 1, 2, 1, 2))
    assert config.widths == (128, 128, 256, 256, 512, 512, 1024, 1024)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mel_scale": "bark"}, "mel_scale must be one of htk, slaney, not 'bark'"),
        ({"version": 2}, "version must be one of 1, not 2"),
        ({"power": 3.0}, "power must be one of 1.0, 2.0"),
        ({"hop_s": 0.0}, "hop_s must be more than 0"),
        ({"hop_s": 1e-9}, "hop_s at least one sample"),
        ({"segment_s": float("nan")}, "segment_s must be more than 0, not nan"),
        ({"segment_s": 0.05}, "segment_s must be longer than half of n_fft=1024"),
        ({"f_max": 5000.0}, "f_min < f_max <= 4000"),
        ({"f_min": 4000.0}, "f_min < f_max"),
        ({"offset": -1.0}, "offset and floor_db must be 0 or more"),
        ({"normalisation": "none"}, "floor_db is counted from the maximum"),
        ({"channels": "32,x"}, "channels must be whole numbers from 1 to 8192 with commas between, not '32,x'"),
        ({"channels": "32,64"}, "time_strides has 6 numbers, but channels has 2"),
        ({"time_strides": "2,2,2,2,1,1"}, "leave 1 x 2 of 64 bands x 32 frames, not 1 x 1"),
        ({"n_mels": 128}, "leave 2 x 1 of 128 bands"),
        ({"dim": 48}, "dim must divide the last of channels, 256; it is 48"),
        ({"windows": 3}, "has no setting 'windows'"),
        ({"dim": "64"}, "dim must be int"),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        choose_config({"preset": "small", **settings}, {})
    with pytest.raises(BadInput):
        choose_config(settings, arrays(PRESETS["small"]))


@pytest.mark.parametrize("name", ["small", "pfann"])
def test_weights_say_which_preset_they_are_of(name: str) -> None:
    assert choose_config({}, arrays(PRESETS[name])) == PRESETS[name]
    assert choose_config({"hop_s": 0.25}, arrays(PRESETS[name])) == replace(PRESETS[name], hop_s=0.25)


def test_presets_of_one_network_must_be_told_apart() -> None:
    weights = arrays(PRESETS["nafp"])
    with pytest.raises(BadInput, match="fit the presets nafp and pfann-naf, which hear differently"):
        choose_config({}, weights)
    assert choose_config({"preset": "pfann-naf"}, weights) == PRESETS["pfann-naf"]
    assert choose_config(asdict(PRESETS["pfann-naf"]), weights) == PRESETS["pfann-naf"]


def test_settings_go_before_the_preset() -> None:
    thin = replace(PRESETS["pfann"], depthwise=True)
    assert choose_config({"preset": "pfann", "depthwise": True}, {}) == thin
    assert choose_config({"depthwise": True}, arrays(thin)) == thin


def test_an_unknown_preset_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"preset 'nafq' .* did you mean 'nafp'"):
        choose_config({"preset": "nafq"}, {})


def test_partial_weights_are_taken_for_the_preset_they_are_nearest_to() -> None:
    weights = arrays(PRESETS["pfann"])
    del weights["f.convs.3.ln1.weight"]
    assert choose_config({}, weights) == PRESETS["pfann"]
