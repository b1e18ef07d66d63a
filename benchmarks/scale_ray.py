"""What a Ray cluster costs and saves: each stage by this process with one core and with two, and by one and by two
workers of one core each.

ray_equals_local: 1 where rows, vectors (to within 1e-4), groups of duplicates, clusters and the view are the same all
four ways, else 0. overhead_s_fixed: from `store.on` to the first shard done, for a shard that does nothing, in a
process that has not loaded Ray yet: what a command waits for before a cluster does anything. ray_speedup_2_workers: the
time of all stages by one worker over that by two; local_speedup_2_cores: the same of this process, which is what two
cores of this machine can give. ray_over_local: the time of all stages by one worker over that by this process with one
core. The rest: seconds of each stage.

    python benchmarks/scale_ray.py [--clips 20000]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from report import write_result

from echodex.api import Store
from echodex.store.shards import Shard
from echodex.store.spaces import table_of

CLIPS = 20_000
CLIP_S = 1.0
RATE_HZ = 8000
STAGES = ("add", "embed", "materialise", "duplicates", "cluster", "prune")


def make_sounds(folder: Path, count: int) -> None:
    """Write tones with noise, every fifth nearly the one before it."""
    folder.mkdir()
    time_s = np.arange(int(CLIP_S * RATE_HZ)) / RATE_HZ
    for number in range(count):
        random = np.random.default_rng(number - 1 if number % 5 == 1 else number)
        sound = np.sin(2 * np.pi * random.uniform(100, 3800) * time_s) * np.exp(-time_s * random.uniform(0, 6))
        sound = 0.4 * sound + 0.05 * random.standard_normal(len(time_s))
        soundfile.write(folder / f"{number:06}.wav", sound + 1e-4 * number / count, RATE_HZ)


def measured(store: Store, sounds: Path) -> dict[str, float]:
    """Return how many seconds each stage takes."""
    work: dict[str, Callable[[], Any]] = {
        "add": lambda: store.add(sounds),
        "embed": lambda: store.embed("timbre"),
        "materialise": lambda: store.materialise(sample_rate_hz=RATE_HZ),
        "duplicates": store.duplicates,
        "cluster": store.cluster,
        "prune": lambda: store.prune("facility").save("lean"),
    }
    times = {}
    for stage in STAGES:
        began_s = time.perf_counter()
        work[stage]()
        times[stage] = time.perf_counter() - began_s
    return times


def measured_alone(folder: Path, sounds: Path, cores: Sequence[int]) -> dict[str, float]:
    """Return the same of a process of its own with so many cores: libraries count them when they are loaded."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        command = [sys.executable, __file__, "--alone", str(folder), str(sounds)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    finally:
        os.sched_setaffinity(0, all_cores)
    times: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return times


def same(one: Store, other: Store) -> bool:
    """Return whether two stores hold the same, and answer alike."""
    keys = ["clip_id", "segment", "start_s"]
    rows = [
        store.tables.scan(table_of(store.space()), [*keys, "vector"]).sort_by([(key, "ascending") for key in keys])
        for store in (one, other)
    ]
    if not rows[0].select(keys).equals(rows[1].select(keys)):
        return False
    vectors = [np.stack(table.column("vector").to_numpy()) for table in rows]
    views = [store.view("lean").rows().drop_columns(["row_id"]) for store in (one, other)]
    groups = [[[member.clip_id for member in group.members] for group in s.duplicates()] for s in (one, other)]
    return bool(
        np.allclose(*vectors, atol=1e-4)
        and views[0].equals(views[1])
        and groups[0] == groups[1]
        and one.cluster_rows().equals(other.cluster_rows())
    )


def nothing(content: int) -> int:
    return content


def overhead_s(store: Path, address: str) -> float:
    """Return how long it takes a process until a worker has done nothing."""
    command = [sys.executable, __file__, "--overhead", str(store), address]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def overhead_here_s(folder: str, address: str) -> float:
    """Return the same of this process."""
    opened = Store.open(folder)
    began_s = time.perf_counter()
    with opened.on(address) as store:
        assert store.workers is not None
        list(store.workers.each(nothing, [Shard("nothing", 0)]))
        return time.perf_counter() - began_s


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Give the address of a cluster of so many nodes of one core, beside a head without any."""
    ray = str(Path(sys.executable).parent / "ray")
    address = f"127.0.0.1:{6500 + workers}"
    quiet = ["--block", "--disable-usage-stats", "--min-worker-port=0", "--max-worker-port=0"]
    quiet += ["--node-ip-address=127.0.0.1", "--object-store-memory=400000000"]
    nodes = [["--head", f"--port={6500 + workers}", "--num-cpus=0", "--include-dashboard=false"]]
    nodes += [[f"--address={address}", "--num-cpus=1"]] * workers
    started = []
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        try:
            for number, node in enumerate(nodes):
                log = Path(folder, f"{number}.log")
                with log.open("wb") as out:
                    command = [ray, "start", *node, *quiet]
                    environment = os.environ | {"RAY_TMPDIR": folder}
                    started.append(subprocess.Popen(command, stdout=out, stderr=out, env=environment))
                while b"--block" not in log.read_bytes():
                    if started[-1].poll() is not None:
                        raise RuntimeError(log.read_text())
                    time.sleep(0.1)
            yield address
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--alone", nargs=2, metavar=("STORE", "SOUNDS"), help="in this process; prints JSON")
    parser.add_argument("--overhead", nargs=2, metavar=("STORE", "ADDRESS"), help="in this process; prints seconds")
    options = parser.parse_args()
    if options.overhead:
        print(overhead_here_s(*options.overhead))
        return
    if options.alone:
        print(json.dumps(measured(Store.open(options.alone[0]), Path(options.alone[1]))))
        return
    clips = options.clips
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": os.urandom(32).hex()}
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_sounds(folder / "sounds", clips)
        stores, times, waits = dict[str, Store](), dict[str, dict[str, float]](), list[float]()
        for count in (1, 2):
            times[f"local_{count}"] = measured_alone(folder / f"local{count}", folder / "sounds", cores[:count])
            stores[f"local_{count}"] = Store.open(folder / f"local{count}")
        for workers in (1, 2):
            with cluster(workers) as address:
                waits.append(overhead_s(folder / "empty", address))
                stores[f"ray_{workers}"] = Store.open(folder / f"ray{workers}")
                with stores[f"ray_{workers}"].on(address) as store:
                    times[f"ray_{workers}"] = measured(store, folder / "sounds")
        equal = all(same(stores["local_1"], store) for store in stores.values())
        shutil.rmtree(folder / "sounds")
    print(f"{'stage':>12}" + "".join(f"{name:>10}" for name in times))
    for stage in STAGES:
        print(f"{stage:>12}" + "".join(f"{seconds[stage]:>10.2f}" for seconds in times.values()))
    total = {name: sum(seconds.values()) for name, seconds in times.items()}
    figures = {
        "clips": float(clips),
        "ray_equals_local": float(equal),
        "overhead_s_fixed": min(waits),
        "ray_speedup_2_workers": total["ray_1"] / total["ray_2"],
        "local_speedup_2_cores": total["local_1"] / total["local_2"],
        "ray_over_local": total["ray_1"] / total["local_1"],
    }
    figures |= {f"{name}_{stage}_s": times[name][stage] for name in times for stage in STAGES}
    write_result("scale_ray", figures)


if __name__ == "__main__":
    main()
