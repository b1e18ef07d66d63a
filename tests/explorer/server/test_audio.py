"""The audio of clips as a browser asks for it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from echodex.api import Store
from echodex.explorer.server.app import create_app
from echodex.explorer.server.hosts import Hosts
from echodex.explorer.server.session import Session
from echodex.schemas.clip import Source
from echodex.testing.files import write_audio

RATE_HZ = 22_050


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(Session(store), "t", Hosts()), base_url="http://127.0.0.1:8765/t/") as client:
        yield client


@pytest.fixture
def clip(store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "audio" / "a.mp3"
    tone = 0.5 * np.sin(np.arange(3 * RATE_HZ) * 0.1)
    write_audio(path, tone.astype(np.float32), RATE_HZ)
    store.add_sources([Source(str(path)), Source(str(path), 1.0, 0.5)])
    return path


def ids(store: Store) -> tuple[str, str]:
    """The clip that is the whole file, and the excerpt of it."""
    rows = store.clips(["clip_id", "excerpt"]).to_pylist()
    return next(r["clip_id"] for r in rows if not r["excerpt"]), next(r["clip_id"] for r in rows if r["excerpt"])


def test_the_file_itself_with_ranges(client: TestClient, store: Store, clip: Path) -> None:
    whole, _ = ids(store)
    answer = client.get(f"api/audio/{whole}")
    assert answer.status_code == 200
    assert answer.content == clip.read_bytes()
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"
    part = client.get(f"api/audio/{whole}", headers={"Range": "bytes=100-299"})
    assert part.status_code == 206
    assert part.content == clip.read_bytes()[100:300]
    assert part.headers["content-range"] == f"bytes 100-299/{clip.stat().st_size}"
    assert part.headers["etag"] == answer.headers["etag"]


def test_a_part_of_another_version_is_not_mixed_in(client: TestClient, store: Store, clip: Path) -> None:
    whole, _ = ids(store)
    tag = client.get(f"api/audio/{whole}").headers["etag"]
    same = client.get(f"api/audio/{whole}", headers={"Range": "bytes=0-9", "If-Range": tag})
    assert (same.status_code, len(same.content)) == (206, 10)
    other = client.get(f"api/audio/{whole}", headers={"Range": "bytes=0-9", "If-Range": '"x"'})
    assert (other.status_code, len(other.content)) == (200, clip.stat().st_size)
    assert client.get(f"api/audio/{whole}?as=wav").headers["etag"] != tag


def test_excerpts_and_what_is_asked_for_as_wav(client: TestClient, store: Store, clip: Path) -> None:
    whole, excerpt = ids(store)
    for path, seconds in ((f"api/audio/{whole}?as=wav", 3.0), (f"api/audio/{excerpt}", 0.5)):
        for _ in range(2):  # decoded, then as it was kept
            answer = client.get(path)
            assert answer.headers["content-type"] == "audio/wav"
            samples, rate_hz = soundfile.read(io.BytesIO(answer.content))
            assert (len(samples), rate_hz) == (round(seconds * RATE_HZ), RATE_HZ)
            part = client.get(path, headers={"Range": "bytes=-100"})
            assert part.content == answer.content[-100:]
    expected, _ = soundfile.read(clip, start=RATE_HZ, stop=RATE_HZ + RATE_HZ // 2, dtype="float32")
    assert np.abs(samples - expected).max() < 0.01


def test_the_pictures_come_as_packets(client: TestClient, store: Store, clip: Path) -> None:
    whole, _ = ids(store)
    for path, dtype, shape in (
        (f"api/waveform/{whole}?bins=50", "int8", [50, 2]),
        (f"api/spectrogram/{whole}?frames=40&bands=30", "uint8", [30, 40]),
    ):
        content = client.get(path).content
        length = int.from_bytes(content[:4], "little")
        header = json.loads(content[4 : 4 + length])
        assert (header["dtype"], header["shape"], header["duration_s"]) == (dtype, shape, 3.0)
        assert len(content) == 4 + length + shape[0] * shape[1]
        assert np.frombuffer(content[4 + length :], dtype).any()


def test_a_file_that_is_gone_or_changed_is_said_to_be(client: TestClient, store: Store, clip: Path) -> None:
    whole, _ = ids(store)
    clip.write_bytes(clip.read_bytes() + b"x")
    for kind in ("audio", "waveform", "spectrogram"):
        answer = client.get(f"api/{kind}/{whole}")
        assert (answer.status_code, answer.json()["code"]) == (409, 6)
    clip.unlink()
    for kind in ("audio", "waveform", "spectrogram"):
        answer = client.get(f"api/{kind}/{whole}")
        assert (answer.status_code, answer.json()["code"]) == (404, 66)


def test_clips_without_audio_have_none_to_play(client: TestClient, store: Store, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no audio at all")
    store.add_sources([Source(str(bad))])
    (clip_id,) = store.tables.scan("clips", ["clip_id"]).column(0).to_pylist()
    answer = client.get(f"api/audio/{clip_id}")
    assert answer.status_code == 422
    assert "no audio to play" in answer.json()["error"]
