from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.encoders.fingerprint import Fingerprint
from echodex.encoders.fingerprint.config import PRESETS
from echodex.encoders.fingerprint.network import build_network
from echodex.testing.make_fingerprint_fit import RATE_HZ, SECONDS, SETTINGS, compact, provenance, write_piece
from echodex.training.fingerprint import config
from echodex.training.settings import read_settings


def test_a_piece_is_written_once_and_always_the_same(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    for folder in (tmp_path, tmp_path / "again"):
        write_piece(folder, 3)
    path = tmp_path / "00003.wav"
    assert path.read_bytes() == (tmp_path / "again" / "00003.wav").read_bytes()
    found = soundfile.info(path)
    assert (found.frames, found.samplerate) == (SECONDS * RATE_HZ, RATE_HZ)
    path.write_bytes(b"kept")
    write_piece(tmp_path, 3)
    assert path.read_bytes() == b"kept"


def test_the_settings_are_some() -> None:
    said = read_settings(config.FingerprintTraining, config.PRESETS, None, SETTINGS)
    assert (said.network, said.noise, said.rooms) == ("small", "synthetic", "synthetic")


def test_a_file_says_what_made_it_and_other_settings_are_refused(tmp_path: Path) -> None:
    settings: dict[str, object] = {"batch_size": 320, "anchors_per_clip": 20, "synthetic": 512, "learning_rate": 1e-3}
    (tmp_path / "run.json").write_text(json.dumps({"config": settings, "metrics": {"valid_loss": 1.5}}))
    [(key, text)] = provenance(tmp_path / "encoder.safetensors", 7).items()
    assert key == "echodex.made"
    assert json.loads(text)["pieces"] == 7
    assert json.loads(text)["training"] == settings
    (tmp_path / "run.json").write_text(json.dumps({"config": {**settings, "synthetic": 256}, "metrics": {}}))
    with pytest.raises(SystemExit, match="another synthetic"):
        provenance(tmp_path / "encoder.safetensors", 7)


def test_compact_weights_are_nearly_as_good() -> None:
    full = {name: tensor.numpy() for name, tensor in build_network(PRESETS["small"], seed=1).state_dict().items()}
    small = compact({f"encoder.{name}": array for name, array in full.items()})
    assert sum(array.nbytes for array in small.values()) < 1.5e6
    waveform = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE_HZ).astype(np.float32)
    exact, found = (
        Fingerprint(PRESETS["small"], weights, device="cpu").encode([waveform])[0].vectors for weights in (full, small)
    )
    np.testing.assert_allclose(found, exact, atol=1e-3)
