"""Folders of fingerprints as the published system writes them, and a store of melodies under untrained weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.encoders.fingerprint.config import PRESETS
from echodex.encoders.fingerprint.encoder import Fingerprint
from echodex.schemas.clip import Source

Matrix = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def draw_rows(count: int, seed: int, dim: int = 16) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((count, dim)))


def write_rows(folder: Path, name: str, rows: Matrix) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows.astype("<f4").tofile(folder / f"{name}.mm")
    np.save(folder / f"{name}_shape.npy", np.array(rows.shape))


@pytest.fixture(scope="session")
def random_rows() -> Callable[..., Matrix]:
    """Unit rows float32[count, dim] of a seed, dim 16 unless told."""
    return draw_rows


@pytest.fixture(scope="session")
def write_matrix() -> Callable[[Path, str, Matrix], None]:
    """Write a matrix into a folder as the published system does."""
    return write_rows


@pytest.fixture
def write_published(tmp_path: Path) -> Callable[..., Path]:
    """Write query, db and dummy_db: queries are the database with noise; return the folder."""

    def write(segments: int = 118, dummies: int = 300, noise: float = 0.5, dim: int = 16) -> Path:
        folder = tmp_path / "published"
        database = draw_rows(segments, 1, dim)
        write_rows(folder, "db", database)
        write_rows(folder, "query", unit(database + noise * draw_rows(segments, 2, dim)))
        write_rows(folder, "dummy_db", draw_rows(dummies, 3, dim))
        return folder

    return write


RATE_HZ, SECONDS, CLIPS = 8000, 8, 6


def draw_melody(seed: int) -> Matrix:
    """Three tones that glide, with some noise: 8 s at 8 kHz that change too slowly for a shift to matter much."""
    random = np.random.default_rng(seed)
    points, samples = np.arange(SECONDS + 1) * RATE_HZ, np.arange(SECONDS * RATE_HZ)
    glides = [np.interp(samples, points, random.uniform(300, 3500, SECONDS + 1)) for _ in range(3)]
    tones = sum(np.sin(2 * np.pi * np.cumsum(glide) / RATE_HZ) for glide in glides)
    return (0.2 * tones + 0.01 * random.standard_normal(len(samples))).astype(np.float32)


@pytest.fixture(scope="session")
def melody() -> Callable[[int], Matrix]:
    """A melody float32[64000] at 8 kHz by its number; the store of `melodies` holds 0 to 5."""
    return draw_melody


@pytest.fixture(scope="session")
def untrained() -> Fingerprint:
    """A fingerprint that has learned nothing but the statistics of its batch norms: near itself, apart from others."""
    import torch

    from echodex.encoders.fingerprint.frontend import LogMel
    from echodex.encoders.fingerprint.network import FingerprintNet

    config = PRESETS["small"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = FingerprintNet(config)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    sounds = torch.from_numpy(np.concatenate([draw_melody(seed).reshape(-1, RATE_HZ) for seed in range(10, 24)]))
    with torch.no_grad():
        network.train()(LogMel(config)(sounds))
    return Fingerprint(config, {name: value.numpy() for name, value in network.state_dict().items()}, device="cpu")


@pytest.fixture
def copied(tmp_path: Path, untrained: Fingerprint) -> Store:
    """A store as `melodies` is, with files of its own, to move or delete."""
    return make_store(tmp_path, untrained)


@pytest.fixture(scope="session")
def store_of() -> Callable[[Path, Fingerprint], Store]:
    """Make a store of the melodies 0 to 5 in a folder, files beside it, under an encoder."""
    return make_store


def make_store(folder: Path, encoder: Fingerprint) -> Store:
    store = Store.open(folder / "library")
    for number in range(CLIPS):
        soundfile.write(folder / f"{number}.wav", draw_melody(number), RATE_HZ)
    store.add_sources([Source(str(folder / f"{number}.wav")) for number in range(CLIPS)])
    store.embed_with(encoder)
    return store


@pytest.fixture(scope="session")
def melodies(tmp_path_factory: pytest.TempPathFactory, untrained: Fingerprint) -> Store:
    """A store of the melodies 0 to 5 under `untrained`, files beside it. For reading only."""
    return make_store(tmp_path_factory.mktemp("melodies"), untrained)
