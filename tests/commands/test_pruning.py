from __future__ import annotations

from echodex.commands.pruning import SELECTORS
from echodex.pruning.selectors import registry


def test_the_command_offers_what_is_registered() -> None:
    assert list(SELECTORS) == registry.names()
