"""What can be set, what cannot, and which preset some weights are of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.encoders.config import build_config
from echodex.encoders.versions.choice import choose_config
from echodex.encoders.versions.config import PRESETS, VersionsConfig
from echodex.encoders.versions.network import state_shapes
from echodex.errors import BadInput


def arrays(config: VersionsConfig) -> dict[str, NDArray[Any]]:
    """Arrays of the right shapes that take no memory."""
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in state_shapes(config).items()}


@pytest.mark.parametrize("preset", PRESETS)
def test_weights_say_which_preset_is_meant(preset: str) -> None:
    assert choose_config({}, arrays(PRESETS[preset])) == PRESETS[preset]
    assert choose_config({"hop_s": 10}, arrays(PRESETS[preset])) == replace(PRESETS[preset], hop_s=10.0)


def test_partial_weights_get_the_nearest_preset() -> None:
    partial = arrays(PRESETS["shs"])
    del partial["backbone.3.convs.2.conv.weight"]
    assert choose_config({}, partial) == PRESETS["shs"]


def test_a_named_preset_and_its_settings_go_before_the_weights(tiny_config: Callable[[str], VersionsConfig]) -> None:
    config = choose_config({"preset": "dvi", "noise": True}, arrays(PRESETS["shs"]))
    assert config == replace(PRESETS["dvi"], noise=True)
    assert choose_config(asdict(tiny_config("clews")), arrays(PRESETS["dvi"])) == tiny_config("clews")


def test_a_misspelt_preset_gets_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"preset 'div' of 'versions' does not exist; did you mean 'dvi'\? \(known: sma"):
        choose_config({"preset": "div"}, {})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"segment_s": 0.0}, "segment_s must be more than 0"),
        ({"hop_s": float("nan")}, "hop_s must be more than 0"),
        ({"hop_s": 1e-9}, "hop_s at least one sample"),
        ({"segment_s": 0.5}, "longer than half of a kernel of 16384 samples"),
        ({"segment_s": 0.6, "network": "clews"}, "at least 7 frames of 0.1 s"),
        ({"octaves": 9}, "octaves of f_min=32.7 Hz reach beyond half of the sample rate"),
        ({"octaves": 1, "network": "clews"}, "octaves must be at least 2 with network 'clews', not 1"),
        ({"version": 2}, "version must be one of 1, not 2"),
        ({"network": "cqtnet"}, "network must be one of clews, folded, not 'cqtnet'"),
        ({"widths": "32,x"}, "widths must be whole numbers"),
        ({"widths": "32,63,96"}, "widths must be even"),
        ({"blocks": "1,1"}, "blocks has 2 numbers, but widths has 3"),
        ({"dims": 4}, "has no setting 'dims'"),
    ],
)
def test_what_cannot_be_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        build_config(VersionsConfig, settings)
