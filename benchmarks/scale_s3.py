"""Two writers at once to a store on object storage that fails now and then: how many rows are lost or doubled.

The server is moto, on loopback, behind a proxy that answers some requests with 500 or 503, slowly, or not at all. The
oracle is the list of clips that the writers were given.

s3_lost_rows: clips without a row or without a vector, and rows that are there twice.

    python benchmarks/scale_s3.py [--clips 1000]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
from report import write_result

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "shared"))

from harness.flaky import Fault, Flaky
from harness.object_store import BUCKET, environment, make_bucket, serving

CLIPS, WRITERS = 1000, 2
EVERY = 15
"""One request in so many fails, one way or another."""

WRITE = """
import sys
from echodex.api import Store
from echodex.store import embedding, ingest
place, *files = sys.argv[1:]
ingest.COMMIT_CLIPS = embedding.COMMIT_CLIPS = 20
store = Store.open(place)
store.add(*files, embed="dummy")
"""


def figures(clips: int) -> dict[str, float]:
    """Let WRITERS processes add and embed the same clips at once, each in an order of its own; return what came of it.

    A writer that ends with an error is started again, as its error says.
    """
    chance = random.Random(0)
    kinds = [fault for fault in Fault if fault is not Fault.NONE]
    with tempfile.TemporaryDirectory() as folder, serving() as endpoint:
        make_bucket(endpoint)
        proxy = Flaky(endpoint)
        proxy.decide = lambda *_: chance.choice(kinds) if chance.random() * EVERY < 1 else Fault.NONE
        files, place = _waves(Path(folder) / "audio", clips), f"s3://{BUCKET}/library"
        began_s = time.monotonic()
        with proxy.serving():
            told = os.environ | environment(proxy.endpoint)
            orders = [chance.sample(files, len(files)) for _ in range(WRITERS)]
            commands = [[sys.executable, "-c", WRITE, place, *order] for order in orders]
            homes = [told | {"ECHODEX_CACHE": f"{folder}/cache{number}"} for number in range(WRITERS)]
            _run(list(zip(commands, homes, strict=True)))
        spent_s = time.monotonic() - began_s
        lost, doubled = _judge(place, clips, os.environ | environment(endpoint), f"{folder}/cache")
        faults = sum(count for fault, count in proxy.faults.items() if fault is not Fault.NONE)
    return {
        "clips": clips,
        "writers": WRITERS,
        "requests": sum(proxy.requests.values()),
        "faults": faults,
        "seconds": spent_s,
        "s3_lost_rows": lost + doubled,
    }


def _run(writers: list[tuple[list[str], dict[str, str]]]) -> None:
    """Run all at once, and those that end with an error again."""
    for _ in range(10):
        processes = [subprocess.Popen(command, env=told) for command, told in writers]
        codes = [process.wait() for process in processes]
        writers = [writer for writer, code in zip(writers, codes, strict=True) if code]
        if not writers:
            return
    raise SystemExit("a writer fails again and again")


def _judge(place: str, clips: int, told: dict[str, str], cache: str) -> tuple[int, int]:
    """Return how many rows are missing, and how many are there twice."""
    os.environ |= told | {"ECHODEX_CACHE": cache}
    from echodex.api import Store

    tables = Store.open(place, create=False).tables
    names = [name for name in tables.names() if name == "clips" or name.startswith("vectors_")]
    found = [tables.scan(name, ["clip_id"]).column(0).to_pylist() for name in names]
    if len(found) != 2:
        return clips, 0
    return sum(clips - len(set(ids)) for ids in found), sum(len(ids) - len(set(ids)) for ids in found)


def _waves(folder: Path, count: int) -> list[str]:
    """Write 0.1 s of noise at 8 kHz into each of `count` files, no two alike; return their paths."""
    folder.mkdir(parents=True)
    for number in range(count):
        samples = np.random.default_rng(number).integers(-8000, 8000, 800, dtype=np.int16)
        with wave.open(str(folder / f"{number:05}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, len(samples), "NONE", ""))
            file.writeframes(samples.tobytes())
    return [str(path) for path in sorted(folder.iterdir())]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=CLIPS)
    write_result("scale_s3", figures(parser.parse_args().clips))
