"""What adding and embedding cost over what cannot be avoided, and whether the cost per clip grows with the store.

vs_decode_only_ratio: wall time of `add --embed timbre`, from files to committed rows and vectors, over the longer of
its two parts run alone on the same files with the same threads: decoding and resampling to the rate of the encoder, and
encoding ready waveforms; here for MP3, with _wav for WAV. cpu_s_per_clip_10k_over_1k: CPU time per clip of `add` and
`embed dummy` for 10,000 clips over 1,000, each in a process of its own that has done a small store before.

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

import numpy as np
import soundfile
from report import write_result

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


def overlap(work: Path, suffix: str) -> dict[str, float]:
    from echodex.api import Store
    from echodex.audio.clip import decode_clip
    from echodex.encoders import registry
    from echodex.store.pipeline import in_order

    paths = make_files(work / f"audio{suffix}", CLIPS, CLIP_S, RATE_HZ, suffix)
    encoder = registry.build("timbre")
    rate_hz = encoder.config.sample_rate_hz
    decode = lambda path: decode_clip(path, sample_rate_hz=rate_hz).waveform  # noqa: E731
    waveforms = list(in_order(decode, paths, ahead=64))
    decode_s, encode_s, both_s = [], [], []
    library = work / "library"
    for _ in range(REPEATS):
        shutil.rmtree(library, ignore_errors=True)
        decode_s.append(timed(lambda: list(in_order(decode, paths, ahead=64))))
        encode_s.append(timed(lambda: [encoder.encode(waveforms[i : i + 32]) for i in range(0, CLIPS, 32)]))
        both_s.append(timed(lambda: Store.open(library).add(*paths, embed="timbre")))
    longer_s = max(statistics.median(decode_s), statistics.median(encode_s))
    ratio = statistics.median(both_s) / longer_s
    print(
        f"{suffix}: decode {statistics.median(decode_s):.2f} s, encode {statistics.median(encode_s):.2f} s,"
        f" add + embed {statistics.median(both_s):.2f} s, ratio {ratio:.2f}"
    )
    return {
        "decode_s": statistics.median(decode_s),
        "encode_s": statistics.median(encode_s),
        "add_embed_s": statistics.median(both_s),
        "ratio": ratio,
    }


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
        parts = {suffix: overlap(work, suffix) for suffix in (".wav", ".mp3")}
        small, large = cpu_s_per_clip(work, 1_000), cpu_s_per_clip(work, 10_000)
    print(f"CPU per clip: {1e3 * small:.2f} ms at 1,000, {1e3 * large:.2f} ms at 10,000, ratio {large / small:.3f}")
    write_result(
        "ingest",
        {
            "vs_decode_only_ratio": parts[".mp3"]["ratio"],
            "vs_decode_only_ratio_wav": parts[".wav"]["ratio"],
            "cpu_s_per_clip_10k_over_1k": large / small,
            "cpu_s_per_clip_1k": small,
            "cpu_s_per_clip_10k": large,
        },
    )


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    main()
