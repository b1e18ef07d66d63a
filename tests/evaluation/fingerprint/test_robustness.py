from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.evaluation.fingerprint.coded import RATE_HZ, available, coded
from echodex.evaluation.fingerprint.conditions import all_conditions
from echodex.evaluation.fingerprint.robustness import RobustnessPoint, RobustnessReport, evaluate_robustness
from echodex.evaluation.fingerprint.robustness_plot import draw_robustness


def tone(frequency_hz: float, rate_hz: int, seconds: float = 3.0) -> np.ndarray:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def loudest_hz(samples: np.ndarray, rate_hz: int) -> float:
    windowed = samples * np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(windowed, 8 * len(windowed)))
    return float(np.argmax(spectrum) * rate_hz / (8 * len(windowed)))


@pytest.mark.parametrize("codec", ["mp3", "opus", "aac"])
def test_a_real_codec_keeps_the_tone_and_the_time(codec: str) -> None:
    if not available(codec):
        pytest.skip(f"this PyAV cannot encode {codec}")
    samples = tone(1000, RATE_HZ)
    samples[:RATE_HZ] = 0  # the tone begins after a second
    after = coded(samples, codec, 48)
    assert after.shape == samples.shape
    assert loudest_hz(after[RATE_HZ:], RATE_HZ) == pytest.approx(1000, abs=1)
    begins = np.flatnonzero(np.abs(after) > 0.2)[0]
    assert abs(begins - RATE_HZ) < 0.06 * RATE_HZ
    assert np.abs(after - samples).max() > 1e-4  # it was coded
    with pytest.raises(UsageError, match="known: mp3, opus, aac"):
        coded(samples, "wav", 48)


def test_what_each_condition_does() -> None:
    rate_hz = 8000
    found = {(each.kind, each.amount): each for each in all_conditions(rate_hz, 3.0, seed=0)}
    samples = tone(1000, rate_hz)
    for kind, amount, hz, seconds in (
        ("none", "none", 1000, 3),
        ("pitch", 2.0, 1020, 3),
        ("pitch", -2.0, 980, 3),
        ("tempo", 2.0, 1000, 3 / 1.02),
        ("tempo", -1.0, 1000, 3 / 0.99),
        ("speed", 1.0, 1010, 3 / 1.01),
    ):
        after = found[kind, amount].damage(samples, "0")
        assert loudest_hz(after[4000:-4000], rate_hz) == pytest.approx(hz, abs=1), (kind, amount)
        assert len(after) == pytest.approx(seconds * rate_hz, abs=2)
    for snr_db in (-5.0, 10.0):
        noise = found["noise", snr_db].damage(samples, "0") - samples
        assert 10 * np.log10(np.mean(samples**2) / np.mean(noise**2)) == pytest.approx(snr_db, abs=0.1)
    banded = found["band", "1000-3000"].damage(tone(300, rate_hz), "0")
    assert np.abs(banded[2000:-2000]).max() < 0.02
    ringing = found["room", 1.2].damage(np.pad(samples[:4000], (0, 8000)), "0")
    assert np.mean(ringing[6000:8000] ** 2) > 1e-7


@pytest.mark.slow
def test_a_moved_file_is_left_out_of_every_point(copied: Store) -> None:
    paths = sorted(clip.path for clip in copied.sources(copied.clips(["clip_id"]).column(0).to_pylist()))
    for path in paths[1:]:
        Path(path).unlink()
    report = evaluate_robustness(copied, queries=6, seconds=2.0, seed=1)
    assert (report.queries, report.lost) == (1, 5)
    assert {point.hits for point in report.points} <= {0.0, 100.0}
    assert report.points[0].hits == 100.0
    assert report.header().endswith("5 files left out that cannot be read any more")
    Path(paths[0]).unlink()
    with pytest.raises(NotFound, match="none of 6 files can be read"):
        evaluate_robustness(copied, queries=6, seconds=2.0, seed=1)


@pytest.mark.slow
def test_a_curve_of_a_store_and_its_picture(melodies: Store, tmp_path: Path) -> None:
    report = evaluate_robustness(melodies, queries=6, seconds=5.0, seed=1)
    rates = {(point.kind, point.amount): point for point in report.points}
    assert rates["none", "none"].hits >= 50
    assert rates["noise", 20.0].hits >= rates["noise", -10.0].hits
    assert all(0 <= point.told <= point.hits <= 100 for point in report.points)
    assert len(report.table()[1]) == len(report.points)
    with pytest.raises(UsageError, match="no clip is 60 s long"):
        evaluate_robustness(melodies, seconds=60.0)


def test_a_picture_of_points(tmp_path: Path) -> None:
    points = [RobustnessPoint("none", "none", "", 90.0, 80.0), RobustnessPoint("band", "300-3400", "Hz", 60.0, 40.0)]
    points += [RobustnessPoint("noise", snr_db, "dB", 50.0 + snr_db, 40.0) for snr_db in (0.0, 10.0, -5.0)]
    draw_robustness(RobustnessReport("fingerprint-1", 6, 6, 0, 5.0, 1, tuple(points)), tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
