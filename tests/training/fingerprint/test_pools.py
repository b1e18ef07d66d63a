from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.io import savemat

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.training.fingerprint.config import FingerprintTraining
from echodex.training.fingerprint.pools import read_pools

Make = Callable[..., FingerprintTraining]


@pytest.fixture
def noises(tmp_path: Path) -> Path:
    """Three seconds and twelve, and a file that is none."""
    folder = tmp_path / "noises"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name, seconds in (("a", 3), ("b", 12)):
        soundfile.write(folder / f"{name}.wav", random.uniform(-0.1, 0.1, seconds * 8000), 8000, subtype="FLOAT")
    (folder / "c.wav").write_text("nothing")
    return folder


def test_synthetic_where_nothing_is_given(brief: Make) -> None:
    pools = read_pools(brief(chain="phone"))
    assert pools.said == "noise: 4 synthetic ones; rooms: 4 synthetic ones; voices: 1 synthetic ones"
    again = read_pools(brief(chain="phone"))
    for pool, other, samples in ((pools.noise, again.noise, 80_000), (pools.rooms, again.rooms, 8000)):
        assert pool is not None
        assert other is not None
        assert pool.shape == (4, samples)
        assert torch.equal(pool, other)
    assert pools.microphones is None


def test_a_folder_of_noise(brief: Make, noises: Path) -> None:
    pools = read_pools(brief(noise=str(noises)))
    assert pools.noise is not None
    assert pools.noise.shape == (3, 80_000)  # three seconds again and again, twelve in two rows
    assert pools.speech is None
    first = soundfile.read(noises / "a.wav", dtype="float32")[0]
    [row] = [row for row in pools.noise if torch.equal(row[:24_000], row[24_000:48_000])]
    np.testing.assert_allclose(row[:24_000], first, atol=1e-6)
    assert pools.said.startswith(f"noise: 3 from {noises}; rooms: 4 synthetic")
    both = read_pools(brief(noise=f"{noises},synthetic"))
    assert both.noise is not None
    assert both.noise.shape == (7, 80_000)


def test_what_cannot_be_heard_is_counted(brief: Make, noises: Path, caplog: pytest.LogCaptureFixture) -> None:
    soundfile.write(noises / "d.wav", np.zeros(8000), 8000)
    pools = read_pools(brief(noise=str(noises)))
    assert pools.noise is not None
    assert pools.noise.shape == (3, 80_000)
    assert "2 files in" in caplog.text


def test_a_store_without_its_test_clips(brief: Make, noises: Path, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "noise-store")
    (tmp_path / "labels.csv").write_text(f"path,split\n{noises}/a.wav,test\n{noises}/b.wav,train\n")
    store.add(noises / "a.wav", noises / "b.wav", labels=tmp_path / "labels.csv")
    noise = read_pools(brief(noise=str(store.path))).noise
    assert noise is not None
    assert noise.shape == (2, 80_000)


def test_rooms_begin_at_their_direct_sound_but_for_the_published_chain(brief: Make, tmp_path: Path) -> None:
    response = np.zeros(4000, np.float32)
    response[300], response[700] = 0.5, -0.2
    soundfile.write(tmp_path / "hall.wav", response, 8000, subtype="FLOAT")
    aligned = read_pools(brief(rooms=str(tmp_path / "hall.wav"), chain="phone")).rooms
    assert aligned is not None
    assert aligned.shape == (1, 8000)
    assert aligned[0].nonzero()[:, 0].tolist() == [0, 400]
    raw = read_pools(brief(rooms=str(tmp_path / "hall.wav"), chain="nafp")).rooms
    assert raw is not None
    np.testing.assert_allclose(raw[0, :4000], response, atol=1e-6)


def test_rooms_of_the_aachen_database(brief: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    response = np.zeros((1, 24_000))
    response[0, 480:] = np.sin(2 * np.pi * 440 * np.arange(23_520) / 48_000) * np.exp(-np.arange(23_520) / 4000)
    information = {"fs": 48_000.0, "room": "stairway", "head": 1.0}
    savemat(tmp_path / "air_stairway_0_1_3_90.mat", {"h_air": response, "air_info": information})
    savemat(tmp_path / "other.mat", {"x": response}, do_compression=True)
    (tmp_path / "torn.mat").write_bytes((tmp_path / "other.mat").read_bytes()[:900])
    rooms = read_pools(brief(rooms=str(tmp_path), chain="nafp")).rooms
    assert rooms is not None
    assert rooms.shape == (1, 8000)
    expected = np.sin(2 * np.pi * 440 * np.arange(3920) / 8000) * np.exp(-np.arange(3920) / (4000 / 6))
    np.testing.assert_allclose(rooms[0, 100:3000], expected[20:2920], atol=0.01)
    assert "2 files in" in caplog.text


def test_microphones_are_half_a_second_and_what_is_none_is_left_out(brief: Make, tmp_path: Path) -> None:
    response = np.zeros(6000, np.float32)
    response[100], response[110] = 0.9, 0.3
    soundfile.write(tmp_path / "phone.wav", response, 8000, subtype="FLOAT")
    pools = read_pools(brief(chain="pfann", noise="none", rooms="none", microphones=str(tmp_path / "phone.wav")))
    assert pools.noise is pools.rooms is pools.speech is None
    assert pools.microphones is not None
    assert pools.microphones.shape == (1, 4000)
    assert pools.microphones[0].nonzero()[:, 0].tolist() == [0, 10]
    assert pools.said == f"microphones: 1 from {tmp_path / 'phone.wav'}"
    assert read_pools(brief(noise="none", rooms="none")).said == "nothing"


@pytest.mark.parametrize(("said", "error"), [("nowhere", NotFound), ("", UsageError)])
def test_what_is_not_there_is_said(brief: Make, said: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="synthetic"):
        read_pools(brief(rooms=said))


def test_a_folder_without_audio_is_said(brief: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no audio that can be heard"):
        read_pools(brief(rooms=str(tmp_path)))
