"""How much the fingerprint bears: hit rate against noise, rooms, codecs, bands, pitch, tempo and speed, as a picture.

100 cuts of 5 s of the recordings given, those of at least that length, one damage at a time, are looked for among all
of them (`echodex evaluate fingerprint --robustness`). hits_KIND_AMOUNT: share whose best place is the right recording
within half a second; told_KIND_AMOUNT: of which `identify` is sure. The curves: results/fingerprint_robustness.png.

    python benchmarks/fingerprint_robustness.py ../shared/data/versions ../shared/data/speech_digits
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from fingerprint import fingerprint, read_replicas
from report import RESULTS, write_result

from echodex.api import Store
from echodex.evaluation.fingerprint.robustness import evaluate_robustness
from echodex.evaluation.fingerprint.robustness_plot import draw_robustness


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", type=Path, help="the folder with works.csv (see fingerprint.py)")
    parser.add_argument("distractors", type=Path, nargs="*", help="folders of other recordings")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    encoder = fingerprint(None)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "library")
        works = read_replicas(options.versions, encoder.config.sample_rate_hz)
        store.add(*(path for work in works for path in work.work), *options.distractors)
        store.embed_with(encoder)
        report = evaluate_robustness(store, seed=options.seed)
    draw_robustness(report, RESULTS / "fingerprint_robustness.png")
    figures = {}
    for point in report.points:
        name = f"{point.kind}_{point.amount}".replace(" ", "_")
        figures |= {f"hits_{name}": point.hits / 100, f"told_{name}": point.told / 100}
    write_result("fingerprint_robustness", figures)


if __name__ == "__main__":
    main()
