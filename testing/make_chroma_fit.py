"""Make the fit that ships with `chroma`, and the clips that keep company with a store's own: works by synthesis.

    python -m echodex.testing.make_chroma_fit

A clip is one performance of a work of its own: harmony, lines and rhythms are drawn, then key, tempo, players, room and
noise. Nothing is recorded. The same file on one machine. Run it again whenever the tables of `chroma` change, and raise
its version.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from ..encoders.chroma.fit import SHIPPED, write_shipped
from ..encoders.chroma.follow import describe
from ..encoders.chroma.spectra import SAMPLE_RATE_HZ
from ..schemas.vector import Float32
from .music.works import draw_work

CLIPS = 384
SEED = 20_261
SECONDS = 24.0


def draw_clip(number: int) -> Float32:
    """Return float32[n] at SAMPLE_RATE_HZ: performance `number`."""
    rng = np.random.default_rng([SEED, number])
    return draw_work(rng, SECONDS).play(rng, SAMPLE_RATE_HZ, SECONDS)


def describe_clip(number: int) -> Float32:
    """Return the tables of performance `number`, float32[RAW]."""
    return describe(draw_clip(number))


def main(report: Callable[[str], object] = print) -> None:
    """Write SHIPPED."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        raw = np.stack(list(pool.map(describe_clip, range(CLIPS), chunksize=32)))
    write_shipped(raw)
    report(f"{SHIPPED.name}: fitted on {CLIPS} performances, {SHIPPED.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
