from __future__ import annotations

from echodex.encoders.fingerprint.config import FingerprintConfig
from echodex.encoders.versions.config import VersionsConfig
from echodex.training.network_settings import network_settings


def test_values_are_read_as_their_fields_are() -> None:
    said = network_settings("norm=batch rescale=true dim=32 f_min=20.5", FingerprintConfig)
    assert said == {"norm": "batch", "rescale": True, "dim": 32, "f_min": 20.5}
    assert network_settings("widths=64 blocks=2 dim=8", VersionsConfig) == {"widths": "64", "blocks": "2", "dim": 8}
    assert network_settings("", VersionsConfig) == {}


def test_what_is_no_value_or_no_field_is_left_to_whoever_checks() -> None:
    assert network_settings("norm odd=x", FingerprintConfig) == {"norm": "", "odd": "x"}
