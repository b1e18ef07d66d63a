"""P14: a tiny file cannot eat the machine: it is refused soon, and this process hardly grows."""

from __future__ import annotations

import struct
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from harness.peak import peak_growth_mb
from harness.processes import cpu_s, decoding
from harness.promise import Promise

from echodex.audio.children.pool import Children
from echodex.schemas.clip import Reason, Status

MAX_GROWTH_MB = 50
REFUSED = (Reason.TOO_LONG, Reason.TOO_LARGE, Reason.TRUNCATED, Reason.CORRUPT, Reason.SHORT, Reason.UNREADABLE)


def silence(path: Path, seconds: float, rate_hz: int, channels: int = 1) -> bytes:
    """Return a file of digital silence: what packs best."""
    block, left = np.zeros((1 << 18, channels), np.int16), round(seconds * rate_hz)
    with soundfile.SoundFile(path, "w", rate_hz, channels) as file:
        while left > 0:
            file.write(block[:left])
            left -= len(block)
    return path.read_bytes()


def without_length(flac: bytes) -> bytes:
    """Return a FLAC file whose header does not say how many samples it has."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


def bombs(folder: Path, hours: float, rate_hz: int) -> dict[str, bytes]:
    """Return files that are small and claim, or are, much more than an hour; `hours` and `rate_hz` say how much."""
    day = silence(folder / "day.flac", hours * 3600, rate_hz)
    wide = silence(folder / "wide.flac", 1.2 * 3600, rate_hz, channels=8)
    vorbis = silence(folder / "long.ogg", hours / 4 * 3600, min(rate_hz, 8000))
    wave = struct.pack("<HHIIHH", 1, 2, 48_000, 192_000, 4, 16)
    riff = (
        b"RIFF\xff\xff\xff\xff" + b"WAVEfmt " + struct.pack("<I", 16) + wave + b"data" + struct.pack("<I", 0xFFFF0000)
    )
    return {
        "a day.flac": day,
        "a day, unsaid.flac": without_length(day),
        "a day, cut.flac": day[:20_000],
        "eight channels.flac": wide,
        "eight channels, unsaid.flac": without_length(wide),
        "hours.ogg": vorbis,
        "six hours of which nothing is there.wav": riff + bytes(100),
        "a tag without end.mp3": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(5000),
        "a chunk without end.aiff": b"FORM\x7f\xff\xff\xffAIFFSSND\x7f\xff\xff\xff" + bytes(100),
        "boxes in boxes.m4a": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + b"\x7f\xff\xff\xffmoov" * 2000,
    }


def decoding_s() -> float:
    """Return the seconds of processor time of the process that decodes, which no load of the machine changes."""
    [pid] = decoding()
    return cpu_s(pid)


@pytest.mark.promise("P14")
def test_bombs_are_refused_in_little_memory(tmp_path: Path, promise: Promise) -> None:
    made = bombs(tmp_path, *((24.0, 44_100) if promise.full else (6.0, 1000)))
    slowest_s = most_mb = 0.0
    with Children() as children:
        children.decode_clip(tmp_path / "long.ogg", duration_s=1.0)  # begins one
        for name, content in made.items():
            path = tmp_path / name
            path.write_bytes(content)
            for rate_hz in (None, 22_050):
                began_s, decode = decoding_s(), partial(children.decode_clip, path, sample_rate_hz=rate_hz)
                (found, _), grown_mb = peak_growth_mb(decode)
                slowest_s = max(slowest_s, decoding_s() - began_s)
                most_mb = max(most_mb, grown_mb)
                kept = found.status == Status.BAD and found.reason in REFUSED and grown_mb < MAX_GROWTH_MB
                promise.trial(kept, f"{name}, {len(content)} bytes: {found.reason} {found.detail}, {grown_mb:.0f} MB")
    promise.figure("most_cpu_s", slowest_s)
    promise.figure("most_mb", most_mb)


ADDING = """
import sys
from pathlib import Path
from echodex.api import Store
def peak_kb():  # not ru_maxrss: a child inherits that of its parent
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
store = Store.open(sys.argv[1])
store.add(sys.argv[2])
before = peak_kb()
report = store.add(sys.argv[3])
print((peak_kb() - before) // 1024, *sorted(problem.reason for problem in report.problems))
"""


@pytest.mark.promise("P14")
def test_adding_bombs_does_not_make_the_process_grow(tmp_path: Path, promise: Promise) -> None:
    for name in ("harmless", "bombs"):
        (tmp_path / name).mkdir()
    soundfile.write(tmp_path / "harmless" / "a.wav", np.sin(np.arange(8000)), 8000)
    made = bombs(tmp_path, 6.0, 1000)
    for name, content in made.items():
        (tmp_path / "bombs" / name).write_bytes(content)
    command = [sys.executable, "-c", ADDING, *(str(tmp_path / name) for name in ("library", "harmless", "bombs"))]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    grown_mb, reasons = int(told[0]), told[1:]
    promise.trial(len(reasons) == len(made), f"{len(made)} bombs ended as {reasons}")
    promise.trial(grown_mb < MAX_GROWTH_MB, f"the process that added them grew by {grown_mb} MB")
