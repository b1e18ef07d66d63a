"""How well `timbre` tells 40 kinds of sound apart, how fast it is, and whether it knows a recording again.

Data: ../shared/data/environment, 1,280 clips of 5 s of ESC-50 (folds 1 to 4). The projection is fitted on all clips
without their labels, as `embed` does. Accuracies are means over the given four folds: of a logistic regression on three
folds, whose C is chosen among 1, 10 and 100 by cross-validation over those three; and of the label of the nearest clip,
by cosine, of the other three folds. shipped_...: the same under the fit that ships with the package.
twin...: 40 of the recordings again, at 44.1 kHz from another encoding, among the 1,280.
realtime_factor_one_core: seconds of audio per second of CPU time with one core, from waveforms to vectors, decoding not
included, best of three.

    python benchmarks/timbre.py
"""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from one_core import realtime_factor
from report import write_result
from sklearn.linear_model import LogisticRegression

from echodex.audio.clip import read_mono
from echodex.encoders.timbre import Timbre
from echodex.schemas.vector import Float32

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "environment"
RATE_HZ = 16_000
REGULARISATION = (1.0, 10.0, 100.0)
TIMED_CLIPS = 200


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_audio(paths: list[Path]) -> list[Float32]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda path: read_mono(path, RATE_HZ), paths))


def correct(train: Float32, labels: NDArray[np.str_], test: Float32, truth: NDArray[np.str_], c: float) -> int:
    model = LogisticRegression(C=c, max_iter=1000).fit(train, labels)
    return int((model.predict(test) == truth).sum())


def logistic_accuracy(vectors: Float32, labels: NDArray[np.str_], folds: NDArray[np.str_]) -> float:
    hits = 0
    for fold in np.unique(folds):
        inner = [other for other in np.unique(folds) if other != fold]
        scores = []
        for c in REGULARISATION:
            score = 0
            for held in inner:
                train, test = np.isin(folds, inner) & (folds != held), folds == held
                score += correct(vectors[train], labels[train], vectors[test], labels[test], c)
            scores.append(score)
        best, test = REGULARISATION[int(np.argmax(scores))], folds == fold
        hits += correct(vectors[~test], labels[~test], vectors[test], labels[test], best)
        print(f"fold {fold}: C = {best:g}")
    return hits / len(labels)


def nearest_accuracy(vectors: Float32, labels: NDArray[np.str_], folds: NDArray[np.str_]) -> float:
    scores = vectors @ vectors.T
    scores[folds[:, None] == folds[None]] = -np.inf
    return float((labels[scores.argmax(axis=1)] == labels).mean())


def main() -> None:
    if not DATA.is_dir():
        print("needs ../shared/data/environment beside the checkout, which is absent: nothing measured")
        return
    rows = read_rows(DATA / "labels.csv")
    labels, folds = (np.array([row[column] for row in rows]) for column in ("category", "fold"))
    waveforms = read_audio([DATA / row["path"] for row in rows])
    shipped = Timbre.build({}, None)
    raw = shipped.describe(waveforms)
    fitted = shipped.fit(raw)
    vectors, by_shipped = fitted.project(raw), shipped.project(raw)
    pairs = read_rows(DATA / "same_recording.csv")
    position = {row["path"]: number for number, row in enumerate(rows)}
    twins = np.array([position[pair["same_as"]] for pair in pairs])
    scores = fitted.project(fitted.describe(read_audio([DATA / pair["path"] for pair in pairs]))) @ vectors.T
    own = scores[np.arange(len(twins)), twins]
    figures = {
        "esc_dev_lr_accuracy": logistic_accuracy(vectors, labels, folds),
        "esc_dev_1nn_accuracy": nearest_accuracy(vectors, labels, folds),
        "realtime_factor_one_core": realtime_factor(fitted, waveforms[:TIMED_CLIPS]),
        "shipped_lr_accuracy": logistic_accuracy(by_shipped, labels, folds),
        "shipped_1nn_accuracy": nearest_accuracy(by_shipped, labels, folds),
        "twins": len(twins),
        "twins_found_first": int((scores.argmax(axis=1) == twins).sum()),
        "twin_cosine_lowest": float(own.min()),
        "twin_cosine_median": float(np.median(own)),
    }
    write_result("timbre", figures)


if __name__ == "__main__":
    main()
