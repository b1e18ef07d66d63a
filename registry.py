"""Finding an implementation by name: each registers itself, and a name loads only its own file.

A room with an extension point makes one Registry; adding an implementation is adding one file.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Generic, TypeVar

from .errors import EchodexError, NotFound

T = TypeVar("T")
C = TypeVar("C", bound=type[Any])


class Registry(Generic[T]):
    """Classes of one kind, T, by name.

    what: that kind, as errors call it ("encoder"); package: where `<name>.py`, with "_" for "-", registers each of the
    `built_in` ones when it is imported; error: what an unknown name raises; classes: those registered so far.
    """

    def __init__(
        self, what: str, package: str, built_in: tuple[str, ...], error: type[EchodexError] = NotFound
    ) -> None:
        self._what, self._package, self._built_in, self._error = what, package, built_in, error
        self.classes: dict[str, type[T]] = {}

    def register(self, name: str) -> Callable[[C], C]:
        """Return a class decorator that makes a class known as `name`, and sets its `name`."""

        def add(found: C) -> C:
            found.name = name
            self.classes[name] = found
            return found

        return add

    def names(self) -> tuple[str, ...]:
        """Return all known names: those built in, in their own order, then those of others."""
        return (*self._built_in, *(name for name in self.classes if name not in self._built_in))

    def find(self, name: str) -> type[T]:
        """Return the class registered as `name`; raise the registry's error with the nearest name."""
        if name not in self.classes and name in self._built_in:
            import_module(f".{name.replace('-', '_')}", self._package)
        if name not in self.classes:
            raise self._error(f"{self._what} {name[:80]!r} does not exist{nearest(name, self.names())}")
        return self.classes[name]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what an error says of an unknown name: the nearest of the known ones, if any is near, and all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"{meant} (known: {', '.join(known) or 'none'})"
