"""What adding and embedding cost over what cannot be avoided, and whether the cost per clip grows with the store.

vs_decode_only_ratio: wall time of `add --embed`, from files to committed rows and vectors, over the longer of its two
parts run alone on the same files with the same threads: decoding and resampling to the rate of the encoder, and the
encoding of ready waveforms. For `timbre` on WAV; with _mp3 on MP3, with _clmr for `clmr` on MP3. Where both want one
machine's cores, the least possible is their sum over the longer, printed beside. cpu_s_per_clip_10k_over_1k: CPU time
per clip of `add` and `embed dummy` for 10,000 clips over 1,000, each in a process that did a small store before.

    python benchmarks/ingest.py
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from report import write_result

from echodex.api import Store
from echodex.audio.clip import decode_clip
from echodex.encoders import registry
from echodex.encoders.base import Encoder
from echodex.schemas.clip import Source
from echodex.store.pipeline import in_order

CLIPS = 400
CLIP_S = 5.0
RATE_HZ = 22050
REPEATS = 3


def make_files(folder: Path, count: int, seconds: float, rate_hz: int, suffix: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    paths = [folder / f"{number:05d}{suffix}" for number in range(count)]
    for path in paths:
        tone = 0.3 * np.sin(2 * np.pi * random.uniform(80, 4000) * time_s)
        soundfile.write(path, tone + 0.1 * random.standard_normal(len(time_s)), rate_hz)
    return paths


def timed(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def timbre() -> Encoder:
    return registry.build("timbre")


def clmr() -> Encoder:
    """Return the published architecture with weights drawn at random: the time is the same."""
    from echodex.encoders.samplecnn import SampleCNN, state_shapes

    state = SampleCNN().state_dict()
    return registry.build("clmr", {}, {name: state[name].numpy() for name in state_shapes()})


def overlap(work: Path, encoder: Encoder, suffix: str, clips: int) -> float:
    paths = make_files(work / f"audio{suffix}", CLIPS, CLIP_S, RATE_HZ, suffix)[:clips]
    rate_hz = encoder.config.sample_rate_hz

    def decode() -> list[Any]:
        return list(in_order(lambda path: decode_clip(path, sample_rate_hz=rate_hz).waveform, paths, ahead=64))

    def both() -> None:
        Store.open(library).add_sources(sources, embed=encoder)
        Store.open(library).embed_with(encoder)

    waveforms, sources, library = decode(), [Source(str(path)) for path in paths], work / "library"
    taken: list[list[float]] = [[], [], []]
    for _ in range(REPEATS):
        shutil.rmtree(library, ignore_errors=True)
        taken[0].append(timed(decode))
        taken[1].append(timed(lambda: [encoder.encode(waveforms[i : i + 32]) for i in range(0, clips, 32)]))
        taken[2].append(timed(both))
    decode_s, encode_s, both_s = map(statistics.median, taken)
    longer_s = max(decode_s, encode_s)
    print(f"{encoder.name} on {suffix}: decode {decode_s:.2f} s, encode {encode_s:.2f} s, add + embed {both_s:.2f} s")
    print(f"  ratio {both_s / longer_s:.2f}, least possible {(decode_s + encode_s) / longer_s:.2f}")
    return both_s / longer_s


GROWTH = """
import sys, time
from echodex.api import Store

def fill(library, folder):
    store = Store.open(library)
    store.add(folder)
    store.embed("dummy")

library, warm, folder = sys.argv[1:]
fill(library + "-warm", warm)
began_s = time.process_time()
fill(library, folder)
print(time.process_time() - began_s)
"""


def cpu_s_per_clip(work: Path, count: int) -> float:
    make_files(work / "warm", 20, 0.5, 8000, ".wav")
    folder = work / f"short-{count}"
    make_files(folder, count, 0.5, 8000, ".wav")
    spent = []
    for repeat in range(REPEATS):
        arguments = [sys.executable, "-c", GROWTH, str(work / f"library-{count}-{repeat}"), work / "warm", folder]
        spent.append(float(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout))
    return statistics.median(spent) / count


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        on_wav = overlap(work, timbre(), ".wav", CLIPS)
        on_mp3 = overlap(work, timbre(), ".mp3", CLIPS)
        of_clmr = overlap(work, clmr(), ".mp3", CLIPS // 4)
        small, large = cpu_s_per_clip(work, 1_000), cpu_s_per_clip(work, 10_000)
    print(f"CPU per clip: {1e3 * small:.2f} ms at 1,000, {1e3 * large:.2f} ms at 10,000, ratio {large / small:.3f}")
    write_result(
        "ingest",
        {
            "vs_decode_only_ratio": on_wav,
            "vs_decode_only_ratio_mp3": on_mp3,
            "vs_decode_only_ratio_clmr": of_clmr,
            "cpu_s_per_clip_10k_over_1k": large / small,
            "cpu_s_per_clip_1k": small,
            "cpu_s_per_clip_10k": large,
        },
    )


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    main()
