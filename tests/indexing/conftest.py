from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from echodex.api import Store

MakeWav = Callable[..., Path]


@pytest.fixture
def filled(store: Store, make_wav: MakeWav, tmp_path: Path) -> Store:
    """Twelve tones of different pitch, embedded by "dummy", labelled even and odd."""
    lines = ["path,labels,split"]
    for seed in range(12):
        make_wav(f"{seed}.wav", seed=seed)
        lines.append(f"audio/{seed}.wav,{'odd' if seed % 2 else 'even'},{'train' if seed < 8 else 'test'}")
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(lines))
    store.add(tmp_path / "audio", labels=labels)
    store.embed("dummy")
    return store
