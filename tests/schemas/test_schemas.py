from __future__ import annotations

import dataclasses

import pytest

from echodex.errors import Damaged
from echodex.schemas.clip import CLIPS, DESCRIPTIVE, Source
from echodex.schemas.format import FORMAT_VERSION, check_marker, marker
from echodex.schemas.vector import Space, vector_schema
from echodex.schemas.view import VIEW_ROWS, VIEWS, ViewInfo

KEY = b"lance-schema:unenforced-primary-key"
SPACE = Space("timbre-1f00ba12", "timbre", "1f00ba12", {"sample_rate_hz": 16000}, 4, "2026-11-21", "shipped")


@pytest.mark.parametrize(
    ("schema", "keys"),
    [(CLIPS, {"clip_id"}), (vector_schema(4), {"clip_id", "segment"}), (VIEWS, {"name", "version"})],
)
def test_the_keys_are_declared_so_that_writers_cannot_double_rows(schema: object, keys: set[str]) -> None:
    declared = {field.name for field in schema if (field.metadata or {}).get(KEY) == b"true"}  # type: ignore[attr-defined]
    assert declared == keys
    assert all(not schema.field(name).nullable for name in keys)  # type: ignore[attr-defined]


def test_descriptive_columns_and_view_fields_are_in_their_tables() -> None:
    assert set(DESCRIPTIVE) <= set(CLIPS.names)
    assert {field.name for field in dataclasses.fields(ViewInfo)} | {"row_sum"} == set(VIEWS.names)
    assert VIEW_ROWS.names[0] == "clip_id"


def test_a_space_survives_its_tables_metadata() -> None:
    assert Space.from_metadata(SPACE.name, SPACE.to_metadata()) == SPACE
    with pytest.raises(Damaged, match="vectors_x"):
        Space.from_metadata("x", None)
    with pytest.raises(Damaged):
        Space.from_metadata("x", {b"echodex.space": b"{}"})


def test_the_marker_is_accepted_and_a_newer_one_named() -> None:
    import json

    assert check_marker(json.dumps(marker()), "echodex.json") == FORMAT_VERSION
    assert check_marker('{"format": "echodex", "version": 1}', "echodex.json") == 1
    newer = json.dumps({"format": "echodex", "version": FORMAT_VERSION + 1})
    with pytest.raises(Damaged, match=f"version {FORMAT_VERSION + 1}"):
        check_marker(newer, "echodex.json")
    for other in ('{"format": "echodex", "version": 0}', '{"format": "echodex", "version": "x"}', "[]", "", "\0"):
        with pytest.raises(Damaged, match=r"echodex\.json"):
            check_marker(other, "echodex.json")


def test_an_excerpt_is_less_than_the_file() -> None:
    assert not Source("a.wav").is_excerpt
    assert Source("a.wav", duration_s=1.0).is_excerpt
    assert Source("a.wav", offset_s=1.0).is_excerpt
