from __future__ import annotations

import itertools

import torch

from echodex.api import Store
from echodex.training.loader import ViewLoader, view_loader
from echodex.training.waveforms import CropBatches


def make(store: Store) -> ViewLoader:
    return view_loader(store, batch_size=20, seconds=0.05, seed=1)


def test_the_rest_of_any_epoch(kinds_store: Store) -> None:
    """72 clips: four batches an epoch."""
    loader = make(kinds_store)
    epochs = [list(loader) for _ in range(3)]
    for epoch, start in itertools.product(range(3), range(4)):
        rest = CropBatches(loader, epoch, start)
        assert len(rest) == 4 - start
        found = list(rest)
        assert len(found) == len(rest)
        assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(found, epochs[epoch][start:], strict=True))


def test_an_iterator_that_nobody_asks_reads_nothing(kinds_store: Store) -> None:
    loader = make(kinds_store)
    before = loader.state_dict()
    iter(CropBatches(loader, 2))
    assert loader.state_dict() == before
