"""What the configuration files of the published programs mean here: neural-audio-fp's YAML, pfann's JSON.

Both are in sections, whose keys `configs.read_yaml` calls SECTION.KEY. What concerns a training becomes our settings,
over the preset of that program. Of what has no place here, a line says what stands in for it; values that cannot be had
are refused. Our own keys may stand beside theirs, and `settings.checked` refuses all others.
"""

from __future__ import annotations

from ..settings import COMMAND_LINE, Said
from .published_nafp import NAFP
from .published_pfann import PFANN


def for_fingerprint(said: Said, origin: str) -> Said:
    """Return what `said` means to a fingerprint training; the command line has our own keys alone."""
    program = next((each for each in (NAFP, PFANN) if each.is_meant(said)), None)
    return program.read(said, origin) if program and origin != COMMAND_LINE else said
