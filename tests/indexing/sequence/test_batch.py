from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from echodex.indexing.sequence.batch import ANSWERS, DETAIL, SCORES, Answer, AnswerFiles

QUERIES = ["long.wav", 'a "name", in three parts', "été.wav"]
LONG = Answer("clip.wav", 0.9, 1.5, tuple(np.linspace(-1, 1, 20_000).tolist()), np.ones((1, 2), np.float32))
ANSWERED = [LONG, Answer('b "name", too', 0.5, 0.25, (0.5, 0.5)), Answer("où.wav", 0.75, 2.0, (0.75,))]


def write(folder: Path, answers: list[Answer]) -> int:
    """Go on with a batch by so many answers; return how many there were before."""
    with AnswerFiles(folder, QUERIES, ["clip.wav"], "{}") as files:
        known = files.done
        for answer in answers:
            files.write(answer)
    return known


@pytest.mark.parametrize("stopped", [0, 1, 2, 3])
def test_a_batch_with_a_very_long_match_goes_on(tmp_path: Path, stopped: int) -> None:
    assert write(tmp_path / "whole", ANSWERED) == 0
    assert max(map(len, (tmp_path / "whole" / DETAIL).read_bytes().split(b","))) > 131_072
    write(tmp_path / "out", ANSWERED[:stopped])
    assert write(tmp_path / "out", ANSWERED[stopped:]) == stopped
    for name in (ANSWERS, DETAIL, SCORES):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("torn", [b"query,ans", b'long.wav,"clip.wav', "é".encode()[:1], b"x,y\nx,y\nx"])
def test_what_is_torn_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    write(tmp_path / "whole", ANSWERED)
    write(tmp_path / "out", ANSWERED[:2])
    for name in (ANSWERS, DETAIL):
        with (tmp_path / "out" / name).open("ab") as stream:
            stream.write(torn)
    assert write(tmp_path / "out", ANSWERED[2:]) == 2
    for name in (ANSWERS, DETAIL):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
