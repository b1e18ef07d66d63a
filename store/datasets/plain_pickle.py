"""Reading a pickle of one plain dictionary of strings without unpickling: no instruction that could call is obeyed."""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import Any

from ...errors import BadInput, NotFound

MAX_BYTES = 256 << 20
"""A dictionary of a million track ids takes 50 MB."""

_STRINGS = {
    "STRING",
    "BINSTRING",
    "SHORT_BINSTRING",
    "UNICODE",
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
}
_PUT = {"PUT", "BINPUT", "LONG_BINPUT"}
_GET = {"GET", "BINGET", "LONG_BINGET"}
_MARK = object()


def read_plain_dict(path: Path) -> dict[str, str]:
    """Return the dictionary of strings that is pickled in a file, whatever the protocol.

    Raises NotFound, or BadInput, naming the instruction, for a file that asks for anything but one such dictionary.
    """
    if not path.is_file():
        raise NotFound(f"{path} does not exist")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{path} is larger than {MAX_BYTES >> 20} MiB, which no list of track ids is")
    machine = _Machine(path)
    try:
        for opcode, argument, _ in pickletools.genops(path.read_bytes()):
            if opcode.name == "STOP":
                return machine.result()
            machine.obey(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:  # torn, or not as pickle writes
        raise BadInput(f"{path} is torn or no pickle of a dictionary ({error}); copy it again") from error
    raise BadInput(f"{path} ends too early; copy it again")


class _Machine:
    """Pickle's stack and memo, for dictionaries and strings alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def obey(self, name: str, argument: Any) -> None:
        """Do what one instruction says; raise BadInput for one that has no place in a dictionary of strings."""
        if name in _STRINGS:
            self._stack.append(argument)
        elif name in _PUT:
            self._memo[argument] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name in _GET:
            self._stack.append(self._memo[argument])
        elif name == "MARK":
            self._stack.append(_MARK)
        elif name in ("EMPTY_DICT", "DICT"):
            items = self._above_mark() if name == "DICT" else []
            self._stack.append({})
            self._set(items)
        elif name in ("SETITEM", "SETITEMS"):
            self._set([self._stack.pop(-2), self._stack.pop()] if name == "SETITEM" else self._above_mark())
        elif name not in ("PROTO", "FRAME"):
            raise BadInput(f"{self._path} is refused: it holds more than a dictionary of strings ({name})")

    def result(self) -> dict[str, str]:
        """Return what is left when the pickle ends."""
        if len(self._stack) != 1 or not isinstance(self._stack[0], dict):
            raise BadInput(f"{self._path} does not hold one dictionary")
        return self._stack[0]

    def _above_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or not all(isinstance(item, str) for item in items):
            raise BadInput(f"{self._path} is refused: it holds more than a dictionary of strings")
        target.update(zip(items[::2], items[1::2], strict=True))
