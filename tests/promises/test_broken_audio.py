"""P13: broken audio ends with a named reason, and is never a crash, a hang or, unsaid, half a clip."""

from __future__ import annotations

import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from harness.mutation import mutated
from harness.promise import Promise

from echodex.api import Store
from echodex.audio.children.pool import Children
from echodex.schemas.clip import Reason, Status

NAMES = ("a.wav", "f.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff", "a.au", "a.caf", "a.w64", "a.m4a", "a.opus", "a.webm")
CODECS = {".m4a": "aac", ".opus": "libopus", ".webm": "libopus"}


def sound(seconds: float, rate_hz: int) -> np.ndarray:
    """Return float32[n, 2]: tones that glide, in noise, so that every moment sounds different."""
    time_s = np.arange(round(seconds * rate_hz))[:, None] / rate_hz
    glide = np.sin(2 * np.pi * (150 + 40 * np.arange(2) + 60 * time_s) * time_s)
    return (0.3 * glide + 0.05 * np.random.default_rng(0).standard_normal(glide.shape)).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate_hz: int, subtype: str | None = None) -> Path:
    codec = CODECS.get(path.suffix)
    if codec is None:
        soundfile.write(path, samples, rate_hz, subtype=subtype or ("FLOAT" if path.name == "f.wav" else None))
        return path
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        for start in range(0, len(samples), 1152):
            piece = np.ascontiguousarray(samples[start : start + 1152].T)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.promise("P13")
def test_a_cut_file_says_that_it_is_cut(tmp_path: Path, promise: Promise) -> None:
    with Children() as children:
        for name in NAMES:
            path = write(tmp_path / name, sound(1.5, 48_000), 48_000)
            content, whole = path.read_bytes(), children.decode_clip(path)[0]
            assert whole.status == Status.OK, (name, whole)
            for end in np.linspace(0, len(content) - 1, promise.size(fast=5, full=40)).astype(int):
                path.write_bytes(content[:end])
                found, _ = children.decode_clip(path, sample_rate_hz=16_000)
                shortened = whole.decoded_s - found.decoded_s > 0.1
                usable = found.status != Status.BAD
                kept = bool(found.reason) if shortened else (not found.reason or found.status != Status.OK)
                kept = kept and usable == (found.waveform is not None)
                promise.trial(kept, f"{name}, the first {end} of {len(content)} bytes: {found}")


@pytest.mark.promise("P13")
def test_mutated_files_are_added_each_with_how_it_ended(store: Store, tmp_path: Path, promise: Promise) -> None:
    folder, random = tmp_path / "mutated", np.random.default_rng(13)
    folder.mkdir()
    seeds = [write(tmp_path / name, sound(0.4, 48_000), 48_000) for name in NAMES]
    contents = [path.read_bytes() for path in seeds]
    count = promise.size(fast=200, full=2000)
    for number in range(count):
        which = number % len(seeds)
        (folder / f"{number:04}{seeds[which].suffix}").write_bytes(mutated(contents[which], random))
    report = store.add(folder)
    rows = store.tables.scan("clips", ["uris", "status", "reason", "decoded_s"]).to_pylist()
    told = {uri: row for row in rows for uri in row["uris"]} | {
        problem.path: {"status": Status.BAD, "reason": problem.reason, "decoded_s": 0.0} for problem in report.problems
    }
    reasons = {*Reason} - {Reason.NONE}
    for path in sorted(folder.iterdir()):
        row = told.get(str(path))
        kept = row is not None and (row["reason"] in reasons) == (row["status"] != Status.OK)
        promise.trial(kept and (row or {})["status"] in {*Status}, f"{path.name} ended as {row}")
    crashed = sum(row["reason"] in (Reason.CRASHED, Reason.TIMEOUT, Reason.TOO_LARGE) for row in told.values())
    promise.figure("ended_with_their_process", float(crashed))


def riff(rate_hz: int, channels: int, declared: int, data: bytes, bits: int = 16) -> bytes:
    """Return a WAV file whose header says what it is told to."""
    frame = channels * bits // 8
    shape = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * frame & 0xFFFFFFFF, frame & 0xFFFF, bits)
    head = b"WAVEfmt " + struct.pack("<I", 16) + shape + b"data" + struct.pack("<I", declared)
    return b"RIFF" + struct.pack("<I", len(head) + len(data)) + head + data


def odd_files(folder: Path) -> dict[str, set[str]]:
    """Write files that are odd, each in its own way; return by name the reasons that each may end with."""
    noise = (3000 * np.random.default_rng(1).standard_normal(16_000)).astype("<i2").tobytes()
    tone = sound(1.0, 16_000)
    for name, samples, subtype in (
        ("nan.wav", np.full((8000, 1), np.nan), "FLOAT"),
        ("inf.wav", np.where(np.arange(8000) == 4000, np.inf, 0.1)[:, None], "FLOAT"),
        ("one_nan.wav", np.where(np.arange(8000) == 7999, np.nan, 0.1)[:, None], "DOUBLE"),
        ("dc.wav", np.full((8000, 1), 0.5), None),
        ("one_sample.wav", np.full((1, 1), 0.5), None),
        ("64.wav", np.repeat(tone[:, :1], 64, axis=1), None),
        ("loud.wav", 5 * tone, "FLOAT"),
    ):
        soundfile.write(folder / name, samples, 16_000, subtype=subtype)
    soundfile.write(folder / "renamed.wav", tone, 16_000, format="OGG")
    soundfile.write(folder / "renamed.mp3", tone, 16_000, format="WAV")
    for name, content in (
        ("empty.wav", b""),
        ("empty.mp3", b""),
        ("text.flac", b"This is no sound.\n" * 50),
        ("4gib.wav", riff(16_000, 1, 0xFFFFFF00, noise[:100])),
        ("2gib.wav", riff(16_000, 1, 0x7F000000, noise)),
        ("rate_0.wav", riff(0, 1, len(noise), noise)),
        ("rate_max.wav", riff(0x7FFFFFFF, 1, len(noise), noise)),
        ("channels_0.wav", riff(16_000, 0, len(noise), noise)),
        ("channels_1000.wav", riff(16_000, 1000, len(noise), noise)),
        ("channels_65535.wav", riff(16_000, 65_535, len(noise), noise)),
    ):
        (folder / name).write_bytes(content)
    return {
        "nan.wav": {"non-finite"},
        "inf.wav": {"non-finite"},
        "one_nan.wav": {"non-finite"},
        "dc.wav": {"silent"},
        "one_sample.wav": {"short"},
        "64.wav": {""},
        "loud.wav": {"clipped"},
        "renamed.wav": {""},
        "renamed.mp3": {""},
        "empty.wav": {"empty"},
        "empty.mp3": {"empty"},
        "text.flac": {"unreadable"},
        "4gib.wav": {"short", "truncated"},
        "2gib.wav": {"truncated"},
        "rate_0.wav": {"unreadable", "bad-rate"},
        "rate_max.wav": {"bad-rate", "unreadable"},
        "channels_0.wav": {"unreadable", "bad-channels"},
        "channels_1000.wav": {"bad-channels", "unreadable"},
        "channels_65535.wav": {"bad-channels", "unreadable"},
    }


@pytest.mark.promise("P13")
def test_odd_files_end_as_they_should_and_the_command_says_so(tmp_path: Path, promise: Promise) -> None:
    folder, library = tmp_path / "odd", tmp_path / "library"
    folder.mkdir()
    expected = odd_files(folder)
    command = [sys.executable, "-m", "echodex.cli", "-q", "--store", str(library), "add", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    promise.trial(done.returncode == 3 and "files are not ok" in done.stdout, f"exit {done.returncode}: {done.stdout}")
    rows = Store.open(library).tables.scan("clips", ["uris", "status", "reason"]).to_pylist()
    told = {Path(uri).name: row["reason"] for row in rows for uri in row["uris"]}
    for name, reasons in expected.items():
        promise.trial(told.get(name) in reasons, f"{name} ended as {told.get(name)!r}, not {sorted(reasons)}")


@pytest.mark.promise("P13")
def test_every_file_of_the_collection_ends_in_a_child_as_it_is_expected(shared_data: Path, promise: Promise) -> None:
    files = sorted(path for path in (shared_data / "formats").iterdir() if path.suffix != ".csv")
    with Children() as children:
        for path in files[: promise.size(fast=20, full=len(files))]:
            found, _ = children.decode_clip(path, sample_rate_hz=16_000)
            promise.trial((found.status == Status.OK) == (found.reason == Reason.NONE), f"{path.name}: {found}")
