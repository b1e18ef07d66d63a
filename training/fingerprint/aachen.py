"""Rooms of the Aachen Impulse Response Database, which come as MATLAB files, and which pfann trains with.

Jeub, Schäfer and Vary, "A binaural room impulse response database for the evaluation of dereverberation algorithms"
(DSP 2009).
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from ...audio.resample import resample
from ...errors import BadInput
from ...schemas.vector import Float32

SUFFIX = ".mat"


def read_aachen(path: str | Path, rate_hz: int) -> Float32:
    """Return float32[n], the response in a file, at a rate. Raises BadInput for a file that holds none."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    # scipy answers files of MATLAB 7.3, which are HDF5, with NotImplementedError; the database's are older
    try:
        found = loadmat(path, variable_names=["h_air", "air_info"])
        response = np.asarray(found["h_air"], dtype=np.float32).ravel()
        own_rate_hz = int(found["air_info"]["fs"].item().item())
    except (OSError, ValueError, TypeError, LookupError, NotImplementedError, MatReadError, zlib.error) as error:
        raise BadInput(
            f"{path} holds no room of the Aachen database ({str(error)[:80]}); leave it out, or give a WAV file"
        ) from error
    if not np.isfinite(response).all() or own_rate_hz < 1:
        raise BadInput(f"{path} holds no room of the Aachen database: its numbers are not finite, or its rate is 0")
    return resample(response, own_rate_hz, rate_hz)
