from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from echodex.api import Store
from echodex.encoders.fingerprint import encoder as shipped
from echodex.encoders.fingerprint.config import PRESETS
from echodex.encoders.fingerprint.frontend import LogMel
from echodex.encoders.fingerprint.network import build_network
from echodex.errors import UsageError
from echodex.indexing.groups.fingerprints import FingerprintVerifier
from echodex.indexing.sequence.background import Background
from echodex.indexing.sequence.quiet import silent_near

Matrix = NDArray[np.float32]
HOP_S, WINDOW_S = 0.5, 1.0


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random_rows(count: int, seed: int) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((count, 32)))


def verifier(clips: list[Matrix], quiet: Matrix) -> FingerprintVerifier:
    unrelated = Background(threshold=0.6, scale=0.05, rate=0.001)
    return FingerprintVerifier(
        lambda rows: [clips[row] for row in rows], unrelated, silent_near(quiet, 0.6), HOP_S, WINDOW_S
    )


def test_a_copy_lies_on_its_original_for_the_most_part() -> None:
    whole, silence = random_rows(40, 0), random_rows(1, 9)
    clips = [
        whole,
        unit(whole[7:31] + 0.05 * random_rows(24, 1)),
        np.concatenate([whole[20:30], random_rows(20, 2)]),
        random_rows(40, 3),
        np.repeat(silence, 40, axis=0),
        whole[:0],
        np.repeat(silence, 30, axis=0),
    ]
    held = verifier(clips, silence)
    found = held.same_recording(0, [1, 2, 3, 4, 5])
    assert list(found) == [1]
    stretch = found[1]
    assert (stretch.start_s, stretch.end_s) == (0.0, 12.5)
    assert (stretch.representative_start_s, stretch.representative_end_s) == (3.5, 16.0)
    assert (stretch.segments, stretch.confidence > 0.999) == (24, True)
    assert held.same_recording(4, [6]) == {}, "silence is like silence in all recordings"


def test_long_clips_are_not_compared_segment_by_segment() -> None:
    whole = random_rows(2400, 0)
    held = verifier([whole, unit(whole[100:] + 0.2 * random_rows(2300, 1))], random_rows(1, 9))
    tracemalloc.start()
    [stretch] = held.same_recording(0, [1]).values()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (stretch.segments, stretch.representative_start_s) == (2300, 50.0)
    assert peak < 4 * len(whole) ** 2 * 2, "as much as two matrices of all pairs"


@pytest.mark.skipif(shipped.SHIPPED.is_file(), reason="weights ship with this version")
def test_what_is_missing_is_told(filled: Store) -> None:
    with pytest.raises(UsageError, match="embed fingerprint --checkpoint FILE"):
        filled.duplicates(min_score=0.5, verify="fingerprint")


def centred_network(waveforms: Matrix) -> dict[str, NDArray[np.float32]]:
    """The state of a random `small` network whose norms and last biases suit waveforms float32[b, 8000]."""
    network = build_network(PRESETS["small"], seed=1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        mels = LogMel(PRESETS["small"])(torch.from_numpy(waveforms))
        network.train().represent(mels)
        network.eval()
        network.g.linear2.bias -= network.g(network.represent(mels)).mean(dim=0)
    return {name: array.numpy().copy() for name, array in network.state_dict().items()}


def test_candidates_of_another_space_are_confirmed(store: Store, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "audio").mkdir()
    tones = []
    for seed in range(12):
        pitches = np.repeat(random.uniform(300, 3500, 48), 1000)
        tones.append(0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / 8000) + 0.02 * random.standard_normal(48_000))
        soundfile.write(tmp_path / "audio" / f"{seed}.wav", tones[-1], 8000)
    soundfile.write(tmp_path / "audio" / "copy.wav", tones[4][8000:], 8000)
    state = centred_network(np.concatenate(tones).reshape(-1, 8000).astype(np.float32))
    save_file(state, tmp_path / "random.safetensors")
    store.add(tmp_path / "audio")
    store.embed("fingerprint", checkpoint=str(tmp_path / "random.safetensors"))
    soundfile.write(tmp_path / "audio" / "late.wav", tones[7][:40_000], 8000)
    store.add(tmp_path / "audio")
    store.embed("dummy")
    assert max(len(group.members) for group in store.duplicates(min_score=0.5)) > 2
    group, other = sorted(store.duplicates(min_score=0.5, verify="fingerprint"), key=lambda each: each.members[0].path)
    assert [Path(member.path).name for member in group.members] == ["4.wav", "copy.wav"]
    assert [Path(member.path).name for member in other.members] == ["7.wav", "late.wav"], "its fingerprint is made"
    [stretch] = group.members[1].stretches
    assert stretch.representative_start_s - stretch.start_s == 1.0
    [again] = store.duplicates(space="fingerprint")
    assert {m.clip_id for m in again.members} == {m.clip_id for m in group.members}
    [match, *_] = store.identify(tmp_path / "audio" / "copy.wav", space="fingerprint")
    assert match.score > 0.99
