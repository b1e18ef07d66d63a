"""Pickles read without unpickling; Python's own pickle is the oracle."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import BadInput, NotFound
from echodex.store.datasets.plain_pickle import read_plain_dict

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def read(content: bytes, folder: Path) -> dict[str, str]:
    path = folder / "ids.pkl"
    path.write_bytes(content)
    return read_plain_dict(path)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran-by-a-pickle",)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_it_reads_what_pickle_writes(protocol: int, tmp_path: Path) -> None:
    same = "1234567"
    said = {f"TR{number:05}": str(number * 7) for number in range(2500)} | {"TRa": same, "TRb": same, "é\n'": "\\"}
    assert read(pickle.dumps(said, protocol), tmp_path) == said
    assert read(pickle.dumps({}, protocol), tmp_path) == {}
    assert read(pickle.dumps({"a": "b"}, protocol), tmp_path) == {"a": "b"}


@given(st.dictionaries(st.text(), st.text()), st.sampled_from(PROTOCOLS))
def test_any_dictionary_of_strings(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, str], protocol: int
) -> None:
    assert read(pickle.dumps(said, protocol), tmp_path_factory.getbasetemp()) == said


def test_what_python_2_wrote(tmp_path: Path) -> None:
    text = b"(dp0\nS'TRMMMYQ128F932D901'\np1\nS'6435511'\np2\nsS'TRMMMKD128F425225D'\np3\ng2\ns."
    assert read(text, tmp_path) == {"TRMMMYQ128F932D901": "6435511", "TRMMMKD128F425225D": "6435511"}
    binary = b"\x80\x02}q\x01(U\x12TRMMMYQ128F932D901q\x02U\x076435511q\x03U\x12TRMMMKD128F425225Dq\x04h\x03u."
    assert read(binary, tmp_path) == read(text, tmp_path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [{"a": 1}, {"a": None}, {"a": ["b"]}, {"a": ("b",)}, {1: "a"}, {"a": b"b"}, {"a": {"b": "c"}}, ["a"], "a", Evil()],
    ids=lambda value: "evil" if isinstance(value, Evil) else repr(value),
)
def test_anything_else_is_refused(value: object, protocol: int, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"ids\.pkl"):
        read(pickle.dumps(value, protocol), tmp_path)


def test_an_attack_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in PROTOCOLS:
        with pytest.raises(BadInput, match="is refused: it holds more than a dictionary of strings"):
            read(pickle.dumps({"a": Evil()}, protocol), tmp_path)
    assert not (tmp_path / "ran-by-a-pickle").exists()
    pickle.loads(pickle.dumps(Evil()))  # it would have
    assert (tmp_path / "ran-by-a-pickle").exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_torn_one_is_refused_wherever_it_ends(protocol: int, tmp_path: Path) -> None:
    whole = pickle.dumps({"TRa": "12", "TRb": "34", "TRc": "12"}, protocol)
    for end in range(len(whole)):
        with pytest.raises(BadInput):
            read(whole[:end], tmp_path)


@given(st.binary(max_size=60))
def test_no_bytes_do_anything_but_read_or_be_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        found = read(content, tmp_path_factory.getbasetemp())
    except BadInput:
        return
    assert all(isinstance(item, str) for pair in found.items() for item in pair)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"ids\.pkl does not exist"):
        read_plain_dict(tmp_path / "ids.pkl")
