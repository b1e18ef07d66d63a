"""Embedding the vectors of one space into another, by a network with random weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from echodex.api import Store
from echodex.encoders.autoencoder import Autoencoder, Encoder
from echodex.errors import BadInput, NotFound, UsageError


def encoder(source: str, sizes: tuple[int, ...] = (16, 24, 8, 3)) -> Autoencoder:
    torch.manual_seed(0)
    weights = {name: tensor.numpy() for name, tensor in Encoder(sizes, corrected=True).state_dict().items()}
    return Autoencoder.build({"source": source}, weights)


def test_each_clip_of_the_source_gets_a_vector_once(kinds: Store) -> None:
    reads = encoder(kinds.space("dummy").name)
    first = kinds.embed_with(reads, where="array_has(labels, 'low')")
    assert (first.embedded, first.known, first.space.dim) == (24, 0, 3)
    rest = kinds.embed_with(reads)
    assert (rest.embedded, rest.known, rest.space) == (48, 24, first.space)
    found, source = kinds.vectors(first.space.name, normalise=False), kinds.vectors("dummy", normalise=False)
    assert found.clip_ids == source.clip_ids
    assert_array_equal(found.matrix, reads.encode_rows(source.matrix))
    lengths = np.linalg.norm(kinds.vectors(first.space.name).matrix, axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


def test_clips_that_the_source_lacks_are_passed_over(kinds: Store) -> None:
    reads = encoder(kinds.space("dummy").name)
    kinds.tables.delete("vectors_" + kinds.space("dummy").name, "clip_id < '8'")
    left = len(kinds.vectors("dummy"))
    assert 0 < left < 72
    assert kinds.embed_with(reads).embedded == left


def test_another_length_and_no_source_are_errors(kinds: Store) -> None:
    with pytest.raises(BadInput, match="vectors of length 5, not 16"):
        kinds.embed_with(encoder("dummy", (5, 4, 3)))
    with pytest.raises(NotFound, match="'datacos' does not exist"):
        kinds.embed_with(encoder("datacos"))


def test_such_a_space_answers_no_audio(kinds: Store) -> None:
    space = kinds.embed_with(encoder("dummy")).space
    with pytest.raises(UsageError, match="made from vectors of 'dummy', not from audio"):
        kinds.encoder(space)
