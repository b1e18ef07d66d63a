"""Make the weights that ship with `fingerprint`: a training on synthetic music alone, degraded by synthetic rooms and
noise. Nothing is recorded.

    python -m echodex.testing.make_fingerprint_fit --minutes 110 --folder build/fingerprint

Pieces of `testing.music` are written to a folder, and then three commands do the rest: `echodex add`, `materialise` and
`train fingerprint` with SETTINGS. Interrupt it and give it again with the same numbers to go on: pieces that are there
stay, and the training goes on from its last step. `--minutes` sets the number of steps, by STEPS_A_MINUTE, over which
the learning rate falls. Run it again whenever the preset `small` changes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from ..encoders.fingerprint.encoder import SHIPPED
from ..schemas.read_json import read_json
from .music import draw_piece

RATE_HZ = 8000
SECONDS = 30.0
PIECES = 1500
SEED = 20_261
STEPS_A_MINUTE = 120
"""What one core of a server of 2024 (AMD EPYC, in bf16) does, half a second of process time each; two do more."""
SETTINGS = (
    "preset=fingerprint-small",
    "batch_size=320",
    "anchors_per_clip=20",
    "synthetic=512",
    "learning_rate=0.001",
)
"""What `train fingerprint` is told beside max_steps."""


def write_piece(folder: Path, number: int) -> None:
    """Write piece `number` as a WAV file of 16 bits at RATE_HZ, where it is not there yet."""
    path = folder / f"{number:05}.wav"
    if not path.is_file():
        piece = draw_piece(np.random.default_rng([SEED, number]), RATE_HZ, SECONDS)
        torn = path.with_suffix(".part")
        soundfile.write(torn, piece, RATE_HZ, subtype="PCM_16", format="WAV")
        torn.replace(path)


def trained(folder: Path, pieces: int, steps: int) -> Path:
    """Return the file of the encoder trained on the first pieces, all in `folder`; what is there stays."""
    audio, store = folder / f"audio-{pieces}", folder / f"store-{pieces}"
    encoder = store / "runs" / f"fit-{steps}" / "encoder.safetensors"
    if not encoder.is_file():
        audio.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            list(pool.map(partial(write_piece, audio), range(pieces), chunksize=8))
        _echodex(store, "add", str(audio))
        _echodex(store, "materialise", "--rate", str(RATE_HZ))
        _echodex(store, "train", "fingerprint", "--name", encoder.parent.name, f"max_steps={steps}", *SETTINGS)
    return encoder


def _echodex(store: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "echodex.cli", "--store", str(store), *words], check=True)  # noqa: S603


def provenance(encoder: Path, pieces: int) -> dict[str, str]:
    """Return what the weights were made with, for their file; exit where the run was told other SETTINGS."""
    run = read_json((encoder.parent / "run.json").read_text(encoding="utf-8"))
    told = dict(setting.split("=") for setting in SETTINGS if not setting.startswith("preset"))
    if other := [name for name, value in told.items() if float(run["config"][name]) != float(value)]:
        raise SystemExit(f"{encoder.parent} is a training with another {', '.join(other)}; give another --folder")
    made = {"pieces": pieces, "seconds": SECONDS, "seed": SEED, "training": run["config"], "figures": run["metrics"]}
    return {"echodex.made": json.dumps(made, sort_keys=True)}


def compact(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a trained encoder under its own names, kernels as float16, all else as it is."""
    own = {name.removeprefix("encoder."): array for name, array in arrays.items()}
    return {name: array.astype(np.float16) if array.ndim > 1 else array for name, array in own.items()}


def main(report: Callable[[str], object] = print) -> None:
    """Write SHIPPED, or what --out names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=110.0, help="of training, about")
    parser.add_argument("--pieces", type=int, default=PIECES, help=f"of {SECONDS:.0f} s each")
    parser.add_argument("--folder", type=Path, default=Path("build/fingerprint"), help="for pieces, store and run")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    said = parser.parse_args()
    steps = max(1, round(said.minutes * STEPS_A_MINUTE))
    encoder = trained(said.folder, said.pieces, steps)
    torn = said.out.with_suffix(".part")
    save_file(compact(load_file(encoder)), torn, provenance(encoder, said.pieces))
    torn.replace(said.out)
    report(f"{said.out}: {said.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
