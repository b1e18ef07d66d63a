from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from echodex.errors import BadInput, EchodexError, UsageError
from echodex.training.fingerprint.config import PRESETS, FingerprintTraining


def test_the_published_presets() -> None:
    nafp, lamb, now, pfann = (PRESETS[name] for name in ("published", "640_lamb", "now_playing", "pfann"))
    assert (nafp.batch_size, nafp.anchors, nafp.optimizer, nafp.learning_rate) == (120, 60, "Adam", 1e-4)
    assert (nafp.loss, nafp.temperature, nafp.schedule, nafp.alpha, nafp.max_epochs) == (
        "ntxent-sum",
        0.05,
        "cosine",
        1e-6,
        100,
    )
    assert (lamb.batch_size, lamb.anchors, lamb.optimizer, lamb.weight_decay) == (640, 320, "LAMB", 1e-6)
    assert (now.batch_size, now.anchors, now.replicas, now.loss, now.margin) == (320, 64, 4, "triplet", 0.4)
    assert now.optimizer == "Adam"
    assert (pfann.batch_size, pfann.loss, pfann.network, pfann.chain) == (640, "ntxent", "pfann", "pfann")
    assert nafp.masks == "cutout,horizontal"
    assert nafp.masks_shared
    assert pfann.alpha * pfann.learning_rate == pytest.approx(1e-7)
    assert nafp.offset_samples == 1600


def test_epochs_are_counted_or_follow_from_the_steps() -> None:
    assert FingerprintTraining(max_epochs=7).epochs(batches=10) == 7
    assert FingerprintTraining(max_steps=95).epochs(batches=10) == 10
    assert FingerprintTraining(max_steps=5).epochs(batches=10) == 1


def test_the_encoder_of_a_training() -> None:
    assert FingerprintTraining().encoder.dim == 64
    assert FingerprintTraining(dim=128).encoder.dim == 128
    assert PRESETS["published"].encoder.widths[-1] == 1024
    own = FingerprintTraining(network_settings="norm=layer1d rescale=true f_min=200 dim=32", dim=128).encoder
    assert own == replace(FingerprintTraining().encoder, norm="layer1d", rescale=True, f_min=200.0, dim=128)


def test_ratios_of_signal_to_noise() -> None:
    assert FingerprintTraining().snr_range_db is None
    assert FingerprintTraining(snr_db="-5, 12.5").snr_range_db == (-5.0, 12.5)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"network": "large"}, UsageError, "network is 'large'; there is small, nafp"),
        ({"loss": "contrastive"}, UsageError, "loss"),
        ({"optimizer": "SGD"}, UsageError, "Adam, AdamW, LAMB"),
        ({"batch_size": 161}, UsageError, "multiple of 1 \\+ replicas = 2"),
        ({"batch_size": 2}, UsageError, "two anchors"),
        ({"replicas": 3}, UsageError, "takes one of each anchor"),
        ({"temperature": 0.0}, UsageError, "temperature"),
        ({"offset_s": -0.1}, UsageError, "offset_s is -0.1; it must be at least 0, and finite"),
        ({"dim": 100}, BadInput, "must divide"),
        ({"monitor_clips": 1}, UsageError, "monitor_clips"),
        ({"noise": "none"}, UsageError, "the chain phone needs noise and rooms"),
        ({"microphones": "mics"}, UsageError, "only the chain pfann takes them"),
        ({"chain": "pfann", "microphones": "synthetic"}, UsageError, "only recorded ones"),
        ({"chain": "nafp", "speech": "voices"}, UsageError, "only the chain phone takes voices"),
        ({"snr_db": "5"}, UsageError, "snr_db is '5'; it must be LOW,HIGH"),
        ({"snr_db": "9,3"}, UsageError, "it must be LOW,HIGH"),
        ({"network_settings": "widths=3"}, BadInput, "no setting 'widths'"),
        ({"network_settings": "norm"}, BadInput, "norm must be one of layer2d"),
    ],
)
def test_what_cannot_be_is_named(settings: dict[str, Any], error: type[EchodexError], message: str) -> None:
    with pytest.raises(error, match=message):
        FingerprintTraining(**settings)
