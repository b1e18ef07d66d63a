"""Synthetic rooms: how fast they fade, what comes first, and that real rooms would not stand out among them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
import soxr
import torch

from echodex.audio.augment.impulse_responses import response_pool
from echodex.audio.augment.synthetic_rooms import SOUND_M_S, Room, draw_room, room_response, synthetic_rooms

RATE = 8000
ROOM = Room(np.array([6.0, 5.0, 3.0]), np.array([1.0, 2.0, 1.5]), np.array([4.0, 3.0, 1.2]), 0.5, 1.0, 1.0, 0.1)


def schroeder_db(response: np.ndarray) -> np.ndarray:
    left = np.cumsum(response[::-1].astype(float) ** 2)[::-1]
    return np.asarray(10 * np.log10(left / left[0] + 1e-12))


def reverberation_s(response: np.ndarray) -> float:
    """T20 of ISO 3382: three times how long the Schroeder integral takes from -5 to -25 dB."""
    left_db = schroeder_db(response)
    at = np.flatnonzero((left_db <= -5) & (left_db >= -25))
    return float(-60 / np.polyfit(at / RATE, left_db[at], 1)[0])


def within(responses: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    band = scipy.signal.butter(4, [low_hz, high_hz], "band", fs=RATE, output="sos")
    return np.asarray(scipy.signal.sosfilt(band, responses))


def clarity_db(responses: np.ndarray) -> np.ndarray:
    """C50: what comes within 50 ms over what comes later."""
    power = responses.astype(float) ** 2
    early = int(0.05 * RATE)
    return np.asarray(10 * np.log10(power[:, :early].sum(axis=1) / power[:, early:].sum(axis=1)))


@pytest.mark.parametrize("wanted_s", [0.15, 0.5, 1.1])
def test_they_fade_by_60_db_in_the_time_asked(wanted_s: float) -> None:
    rooms = synthetic_rooms(30, RATE, 1, seconds=1.6, t60_s=(wanted_s, wanted_s), device_share=0, devices=0).numpy()
    found = [reverberation_s(room) for room in within(rooms, 707, 1414)]
    assert np.median(found) == pytest.approx(wanted_s, rel=0.08)
    np.testing.assert_allclose(found, wanted_s, rtol=0.3)


def test_low_frequencies_ring_longer_and_high_ones_shorter() -> None:
    random = np.random.default_rng(5)
    room = replace(ROOM, t60_s=0.6, low=1.5, high=0.5)
    rooms = np.stack([room_response(room, 16_000, RATE, random) for _ in range(20)])
    for low_hz, high_hz, share in ((60, 150, 1.5), (750, 1350, 1.0), (3100, 3900, 0.5)):
        found = np.median([reverberation_s(response) for response in within(rooms, low_hz, high_hz)])
        assert found == pytest.approx(0.6 * share, rel=0.12)


def test_the_direct_sound_comes_first_then_the_floor_or_a_wall_where_geometry_says() -> None:
    response = room_response(ROOM, 4000, RATE, np.random.default_rng(0))
    assert response[0] == pytest.approx(1, abs=1e-6)
    direct_m = np.linalg.norm(ROOM.source_m - ROOM.microphone_m)
    mirrored_m = [
        np.linalg.norm(ROOM.microphone_m - np.where(np.arange(3) == axis, 2 * wall - ROOM.source_m, ROOM.source_m))
        for axis in range(3)
        for wall in (0, ROOM.size_m[axis])
    ]
    first = round((min(mirrored_m) - direct_m) / SOUND_M_S * RATE)
    strong = np.flatnonzero(np.abs(response) > 0.3 * direct_m / min(mirrored_m))
    assert strong[1] == first


def test_farther_away_there_is_more_of_the_room() -> None:
    random = np.random.default_rng(2)
    towards = ROOM.microphone_m - ROOM.source_m
    places = [ROOM.source_m + share * towards for share in (0.1, 0.3, 0.9)]
    rooms = np.stack([room_response(replace(ROOM, microphone_m=place), 8000, RATE, random) for place in places])
    near, middle, far = clarity_db(rooms)
    assert near > middle + 5 > far + 7


def test_a_diffuse_field_is_as_loud_as_kuttruff_says() -> None:
    """Reverberant over direct energy is (r / r_c)**2, the critical distance r_c = 0.057 sqrt(V / T60)."""
    random = np.random.default_rng(3)
    room = replace(ROOM, t60_s=0.8)
    energy = [(room_response(room, 12_000, RATE, random)[1:] ** 2).sum() for _ in range(20)]
    critical_m = 0.057 * np.sqrt(room.volume_m3 / room.t60_s)
    assert 10 * np.log10(np.mean(energy)) == pytest.approx(20 * np.log10(room.distance_m / critical_m), abs=2.5)


def test_drawn_rooms_hold_their_sources_and_reach_from_closets_to_halls() -> None:
    random = np.random.default_rng(0)
    rooms = [draw_room((0.1, 1.2), random) for _ in range(300)]
    for room in rooms:
        for place in (room.source_m, room.microphone_m):
            assert ((place > 0) & (place < room.size_m)).all()
    volumes = [room.volume_m3 for room in rooms]
    assert min(volumes) < 20
    assert max(volumes) > 300


def test_a_pool_is_ready_for_convolution_and_its_rows_do_not_depend_on_their_number() -> None:
    pool = synthetic_rooms(40, RATE, 7, seconds=0.5)
    assert pool.shape == (40, 4000)
    assert pool.dtype == torch.float32
    torch.testing.assert_close(pool, response_pool(list(pool), 4000))
    assert torch.equal(synthetic_rooms(3, RATE, 7, seconds=0.5), pool[:3])
    assert not torch.equal(synthetic_rooms(3, RATE, 8, seconds=0.5), pool[:3])


def test_devices_alone_have_no_tail_and_colour_the_sound() -> None:
    devices = synthetic_rooms(30, RATE, 0, device_share=1).double().numpy()
    assert (devices[:, 1600:] ** 2).sum(axis=1).max() < 1e-3
    gains_db = 20 * np.log10(np.abs(np.fft.rfft(devices))[:, 300:3000] + 1e-6)
    assert np.median(gains_db.std(axis=1)) > 2


def test_real_rooms_would_not_stand_out(shared_data: Path) -> None:
    """The quartiles of real rooms lie within the middle nine tenths of the synthetic ones, whose median is likely."""
    paths = sorted((shared_data / "impulse_responses").glob("*.wav"))
    waves = [soundfile.read(path, dtype="float32", always_2d=True) for path in paths if "cabinet" not in path.name]
    mono = [torch.from_numpy(soxr.resample(wave[:, 0], rate_hz, RATE)) for wave, rate_hz in waves]
    real = response_pool([wave for wave in mono if len(wave) > RATE / 2], 8000).numpy()
    synthetic = synthetic_rooms(200, RATE, 0, device_share=0).numpy()
    for measure in (clarity_db, lambda rooms: np.array([reverberation_s(room) for room in rooms])):
        low, high = np.percentile(measure(synthetic), [5, 95])
        quartiles = np.percentile(measure(real), [25, 50, 75])
        assert low < quartiles[0] < quartiles[2] < high
        low, high = np.percentile(measure(real), [5, 95])
        assert low < np.median(measure(synthetic)) < high
