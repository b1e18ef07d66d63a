"""Decisions: made once, listed, undone and never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.schemas.decision import Decided, Decision, Kind, decided, decided_by
from echodex.store.decisions import standing
from echodex.store.where import equals


def ids(store: Store) -> list[str]:
    found: list[str] = store.clips(["clip_id"]).column(0).to_pylist()
    return found


def test_without_decisions_there_is_no_table(kinds: Store) -> None:
    assert kinds.decisions() == kinds.decisions(undone=True) == []
    assert not standing(kinds.tables)
    assert not kinds.tables.exists("decisions")


def test_what_was_decided_is_listed_oldest_first(kinds: Store) -> None:
    a, b, c = ids(kinds)[:3]
    made = [
        kinds.decide("pin", c, note="the only one with applause"),
        kinds.decide("distinct", b, a),
        kinds.decide("representative", b),
    ]
    assert kinds.decisions() == made == Store.open(kinds.path).decisions()
    assert [(one.kind, one.clip_id, one.other) for one in made] == [
        ("pin", c, None),
        ("distinct", a, b),
        ("representative", b, None),
    ]
    assert made[0].note == "the only one with applause"
    assert made[0].made_at < made[1].made_at < made[2].made_at
    assert {one.undone_at for one in made} == {None}
    assert standing(kinds.tables) == Decided((c,), ((a, b),), (b,))


def test_deciding_the_same_again_returns_the_decision_that_stands(kinds: Store) -> None:
    a, b = ids(kinds)[:2]
    first = kinds.decide("distinct", a, b, note="two takes")
    assert kinds.decide("distinct", b, a) == first
    assert kinds.decide("pin", a) != kinds.decide("pin", b)
    assert kinds.decide("pin", a) == kinds.decisions()[1], "others since do not matter"
    assert len(kinds.decisions()) == 3


def test_of_representatives_the_last_that_was_chosen_comes_first(kinds: Store) -> None:
    a, b = ids(kinds)[:2]
    first, second = kinds.decide("representative", a), kinds.decide("representative", b)
    assert standing(kinds.tables).representatives == (b, a)
    assert kinds.decide("representative", b) == second, "it is the last as it is"
    again = kinds.decide("representative", a, note="this one after all")
    assert standing(kinds.tables).representatives == (a, b)
    assert kinds.decisions() == [second, again]
    (undone,) = [one for one in kinds.decisions(undone=True) if one.undone_at]
    assert (undone.decision_id, undone.undone_at) == (first.decision_id, again.made_at)
    kinds.undo_decision(again.decision_id)
    assert standing(kinds.tables).representatives == (b,)


def test_undoing_keeps_the_row_and_deciding_again_makes_another(kinds: Store) -> None:
    clip = ids(kinds)[0]
    first = kinds.decide("pin", clip)
    undone = kinds.undo_decision(first.decision_id)
    assert undone.undone_at is not None
    assert undone.undone_at > first.made_at
    assert kinds.undo_decision(first.decision_id) == undone, "once is enough"
    assert kinds.decisions() == []
    again = kinds.decide("pin", clip)
    assert again.decision_id != first.decision_id
    assert kinds.decisions() == [again]
    assert kinds.decisions(undone=True) == [undone, again]
    with pytest.raises(NotFound, match=r"decision 'd7' does not exist \(echodex decisions list shows them\)"):
        kinds.undo_decision("d7")


def test_many_decisions_stay_in_order_when_their_files_are_joined(kinds: Store) -> None:
    clips = ids(kinds)
    made = [kinds.decide("pin", clip) for clip in clips]
    kinds.undo_decision(made[0].decision_id)
    assert kinds.decisions() == made[1:]
    assert [one.decision_id for one in made] == [f"d{number}" for number in range(1, len(clips) + 1)]


@pytest.mark.parametrize(
    ("kind", "clips", "error", "sentence"),
    [
        ("keep", ("a",), UsageError, "one of pin, distinct, representative, not 'keep'"),
        ("pin", ("a", "b"), UsageError, "'pin' is decided about one clip; leave the other one out"),
        ("distinct", ("a",), UsageError, "'distinct' is decided about two clips; name the other one, too"),
        ("distinct", ("a", "a"), UsageError, "cannot be distinct from itself"),
        ("pin", ("nobody",), NotFound, "clip 'nobody' is not in .*; nothing was decided"),
        ("distinct", ("a", "no\0body"), NotFound, "nothing was decided"),
    ],
)
def test_what_cannot_be_decided(
    kinds: Store, kind: str, clips: tuple[str, ...], error: type[Exception], sentence: str
) -> None:
    known = dict(zip("ab", ids(kinds), strict=False))
    with pytest.raises(error, match=sentence):
        kinds.decide(kind, *[known.get(clip, clip) for clip in clips])
    with pytest.raises(UsageError, match="a note is UTF-8 text"):
        kinds.decide("pin", known["a"], note="\0")
    assert kinds.decisions(undone=True) == []


def test_decisions_outlive_the_removal_of_their_clips(kinds: Store) -> None:
    clip = ids(kinds)[0]
    made = kinds.decide("pin", clip)
    kinds.remove([clip])
    assert kinds.decisions() == [made]
    assert kinds.undo_decision(made.decision_id).undone_at


some = st.builds(
    lambda kind, clips, undone: Decision(
        "d1", kind, min(clips), max(clips) if kind == Kind.DISTINCT else None, "", "t", "t" if undone else None
    ),
    st.sampled_from(list(Kind)),
    st.sets(st.sampled_from("abcde"), min_size=2, max_size=2),
    st.booleans(),
)


@given(data=st.data(), made=st.lists(some, max_size=12))
def test_the_order_matters_among_representatives_alone(data: st.DataObject, made: list[Decision]) -> None:
    found, again = decided(made), decided(data.draw(st.permutations(made)))
    assert (found.pinned, found.distinct) == (again.pinned, again.distinct)
    assert set(found.representatives) == set(again.representatives)
    assert found == decided([*made, *made])
    assert decided_by(found.as_recipe()) == found
    assert bool(found) == any(one.undone_at is None for one in made) == bool(found.as_recipe())


def test_a_row_that_was_taken_away_makes_no_decision_replace_another(kinds: Store) -> None:
    a, b, c, d = ids(kinds)[:4]
    for clip in (a, b, c):
        kinds.decide("pin", clip)
    kinds.tables.delete("decisions", equals("decision_id", "d1"))  # as `repair` does with one that is damaged
    assert kinds.decide("pin", d).decision_id == "d4"
    assert standing(kinds.tables).pinned == tuple(sorted((b, c, d)))
