from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from echodex.encoders.versions.config import PRESETS as NETWORKS
from echodex.errors import BadInput, EchodexError, UsageError
from echodex.training.versions.config import PRESETS, VersionsTraining


def test_the_published_presets() -> None:
    dvi, shs = PRESETS["dvi"], PRESETS["shs"]
    for config in (dvi, shs):
        assert (config.batch_size, config.versions, config.crop_s, config.shingle_hop_s) == (25, 4, 150, 20)
        assert (config.near, config.far, config.gamma, config.epsilon) == ("bpwr-5", "min", 5, 1e-6)
        assert (config.learning_rate, config.plateau_factor, config.plateau_patience) == (2e-4, 0.2, 9)
        assert (config.least_rate, config.max_epochs, config.seed, config.precision) == (1e-6, 1000, 43, "32-true")
        assert config.monitor_hop_s == 10
    assert (dvi.encoder, shs.encoder) == (NETWORKS["dvi"], NETWORKS["shs"])
    assert (dvi.mask, dvi.stretch, dvi.transpose, dvi.monitor) == (0.1, 0.1, 0.1, "comp")
    assert (shs.mask, shs.stretch, shs.transpose, shs.monitor) == (0.4, 0.3, 0.5, "map")


def test_the_encoder_of_a_training() -> None:
    assert VersionsTraining().encoder == NETWORKS["small"]
    own = VersionsTraining(network_settings="widths=16 blocks=1 dim=32 segment_s=10").encoder
    assert own == replace(NETWORKS["small"], widths="16", blocks="1", dim=32, segment_s=10.0)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"network": "large"}, UsageError, "network is 'large'; there is small, dvi, shs"),
        ({"monitor": "loss"}, UsageError, "monitor is 'loss'; there is comp, map"),
        ({"versions": 1}, UsageError, "versions is 1; it must be at least 2"),
        ({"batch_size": 0}, UsageError, "batch_size"),
        ({"near": "bpwr-0"}, UsageError, "reduction 'bpwr-0' does not exist"),
        ({"far": "least"}, UsageError, "reduction 'least' does not exist"),
        ({"mask": 1.2}, UsageError, "probability of mask is 1.2"),
        ({"plateau_factor": 1.0}, UsageError, "plateau_factor is 1.0; it must be below 1"),
        ({"valid_share": 1.0}, UsageError, "no work is left to teach"),
        ({"crop_s": 0.01}, UsageError, "at least a frame long, 0.1 s"),
        ({"gamma": 0.0}, UsageError, "gamma is 0.0; it must be above 0"),
        ({"network_settings": "width=3"}, BadInput, "no setting 'width'"),
    ],
)
def test_what_cannot_be_is_named(settings: dict[str, Any], error: type[EchodexError], message: str) -> None:
    with pytest.raises(error, match=message):
        VersionsTraining(**settings)
