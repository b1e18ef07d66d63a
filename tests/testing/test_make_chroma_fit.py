from __future__ import annotations

import numpy as np

from echodex.encoders.chroma.fit import COMPANIONS, SHIPPED
from echodex.encoders.chroma.follow import RAW
from echodex.testing.make_chroma_fit import describe_clip


def test_a_number_is_a_performance() -> None:
    raw = describe_clip(5)
    assert raw.shape == (RAW,)
    assert np.isfinite(raw).all()
    np.testing.assert_array_equal(describe_clip(5), raw)
    assert (describe_clip(6) != raw).any()


def test_what_ships_was_made_of_these_performances() -> None:
    from safetensors.numpy import load_file

    companions = load_file(SHIPPED)["companions"]
    assert companions.shape == (COMPANIONS, RAW)
    np.testing.assert_allclose(companions[3].astype(np.float32), describe_clip(3), atol=2e-3)
