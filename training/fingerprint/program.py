"""A published program's configuration keys, each with what it means here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import UsageError
from ..settings import Said
from .config import PRESETS

logger = logging.getLogger(__name__)

Words = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Key, and its value in lower case, to settings."""


@dataclass(frozen=True)
class Program:
    """The keys of a program. preset: ours of its name; own: keys that no file of ours has, by what they begin with.

    settings: keys whose values are those of a setting; network: of the encoder's configuration; words and
    network_words: keys with few values, and what each means; fixed: keys that have one value here; idle: what stands in
    for a key, or for all that begin so; empty: what such a key means that is there and empty; rest: what takes the keys
    that are left together, and returns settings and those of the encoder.
    """

    preset: str
    own: tuple[str, ...]
    settings: Mapping[str, str]
    network: Mapping[str, str]
    words: Words
    network_words: Words
    fixed: Mapping[str, Any]
    idle: Mapping[str, str]
    empty: Mapping[str, Mapping[str, Any]]
    rest: Callable[[Said, str], tuple[Said, Said]]

    def read(self, said: Said, origin: str) -> Said:
        """Return `said` in our words; raises UsageError for a value that there is not here."""
        left = {key: value for key, value in said.items() if not self._stands_in(key)}
        emptied = [key for key, value in said.items() if not value and key in self.empty]
        _tell((key for key in said if self._stands_in(key) and key not in emptied), self._stands_in, origin)
        found, network = self.rest(left, origin)  # takes out what it reads
        for key, value in left.items():
            if key in self.settings:
                found[self.settings[key]] = value
            elif key in self.network:
                network[self.network[key]] = value
            elif key in self.words:
                found |= _word(self.words[key], key, value, origin)
            elif key in self.network_words:
                network |= _word(self.network_words[key], key, value, origin)
            elif key in self.fixed:
                _check_fixed(key, value, self.fixed[key], origin)
            else:
                found[key] = value  # ours, or nobody's
        for key in emptied:
            found |= self.empty[key]
        return {"preset": self.preset} | self._of_network(network) | found

    def is_meant(self, said: Said) -> bool:
        """Tell whether a file is of this program."""
        return any(str(key).startswith(self.own) for key in said)

    def _stands_in(self, key: str) -> str:
        """Return what stands in for a key, "" where it has a meaning."""
        return next((reason for name, reason in self.idle.items() if _is_of(str(key), name)), "")

    def _of_network(self, network: Said) -> Said:
        """Return the settings that make the encoder of the preset the one of `network`."""
        preset = PRESETS[self.preset].encoder
        other = {name: value for name, value in network.items() if getattr(preset, name) != value}
        found: Said = {"dim": other.pop("dim")} if "dim" in other else {}
        if other:
            found["network_settings"] = " ".join(f"{name}={_plain(value)}" for name, value in other.items())
        return found


def _tell(keys: Iterable[str], reason_of: Callable[[str], str], origin: str) -> None:
    """Say of each key that has no meaning what stands in for it: a line for those of one reason."""
    by_reason: dict[str, list[str]] = {}
    for key in keys:
        by_reason.setdefault(reason_of(key), []).append(key)
    for reason, named in by_reason.items():
        logger.warning("%s: %s: %s", origin, ", ".join(named), reason)


def _is_of(key: str, name: str) -> bool:
    return key == name or (name.endswith((".", "_")) and key.startswith(name))


def _word(known: Mapping[str, Mapping[str, Any]], key: str, value: Any, origin: str) -> Mapping[str, Any]:
    word = str(value).lower()
    if word not in known:
        raise UsageError(f"{origin}: {key} is {value!r}; there is {', '.join(known)}")
    return known[word]


def _check_fixed(key: str, value: Any, wanted: Any, origin: str) -> None:
    if value != wanted:
        raise UsageError(f"{origin}: {key} is {value!r}; a training here has {wanted!r} alone")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
