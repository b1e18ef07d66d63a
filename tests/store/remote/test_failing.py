"""What a server or a library says of a failure becomes a sentence that repeats none of it."""

from __future__ import annotations

import pytest

from echodex.errors import NotFound, StorageError
from echodex.store.remote.failing import failure, is_of_storage, storage_answers

SAID = "Generic S3 error: Error performing PUT http://h/b/x in 5ms - Server returned non-2xx status code: {}: {}"
SIGNED = "<AWSAccessKeyId>AKIAHUNTER</AWSAccessKeyId><StringToSign>hunter2</StringToSign>"


@pytest.mark.parametrize(("status", "words"), [(403, "credentials"), (404, "no bucket"), (503, "answered 503")])
def test_what_lance_says_is_understood_and_not_repeated(status: int, words: str) -> None:
    error = OSError(SAID.format(status, f"<Code>NoSuchBucket</Code>{SIGNED}" if status == 404 else SIGNED))
    assert is_of_storage(error)
    told = str(failure("s3://b/x", error))
    assert words in told
    assert "HUNTER" not in told.upper()


def test_what_says_something_of_a_table_is_not_of_storage() -> None:
    assert not is_of_storage(ValueError("LanceError(IO): not a Lance file: wrong magic"))
    assert not is_of_storage(ValueError(SAID.format(404, "Not Found")))


def test_an_error_of_a_library_has_no_cause_that_would_show_it() -> None:
    with pytest.raises(StorageError) as raised, storage_answers("s3://b/x"):
        raise ConnectionError(SIGNED)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("answer", [FileNotFoundError("x"), FileExistsError("x"), NotFound("x")])
def test_answers_go_through(answer: Exception) -> None:
    with pytest.raises(type(answer)), storage_answers("s3://b/x"):
        raise answer
