"""What it means that an object store does not do what it is asked: one sentence each, without what it said.

What servers and libraries say of a failure may hold key ids, signatures and what was signed. So nothing of it is
repeated, and the error has no cause that would be shown in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import EchodexError, StorageError
from .address import without_secrets

_OF_LANCE = re.compile(
    r"Generic (S3|GCS|MicrosoftAzure|HTTP) error|Error performing|error sending request|Encountered internal error|"
    r"External error: .*(credential|dispatch|timeout)|the credential provider|PermissionDenied|Unauthenticated",
    re.IGNORECASE | re.DOTALL,
)
_STATUS = re.compile(r"status code: (\d{3})|HTTP status (?:client|server) error \((\d{3})")
_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "DefaultCredentialsError")
_REFUSED = (401, 403)
_NOT_THERE = 404
_NO_BUCKET = "NoSuchBucket"
_WITHOUT = re.compile(r"credential provider|no credentials|CredentialsNotLoaded", re.IGNORECASE)


@contextmanager
def storage_answers(place: str) -> Iterator[None]:
    """Turn what fsspec, and what is below it, raises inside the block into StorageError, naming the URI `place`.

    FileNotFoundError and FileExistsError, which are answers, ImportError and errors of our own go through.
    """
    try:
        yield
    except (EchodexError, FileNotFoundError, FileExistsError, ImportError):
        raise
    except Exception as error:
        raise failure(place, error) from None


def is_of_storage(error: Exception) -> bool:
    """Return whether what Lance raised is that an object store could not be asked, and says nothing of a table.

    That there is no such object is an answer; that there is no such bucket is none.
    """
    said = str(error)
    return bool(_OF_LANCE.search(said)) and (_status(error) != _NOT_THERE or _NO_BUCKET in said)


def failure(place: str, error: Exception) -> StorageError:
    """Return the error for what could not be done at the URI `place`."""
    shown, status = without_secrets(place), _status(error)
    if status in _REFUSED or isinstance(error, PermissionError):
        return StorageError(f"{shown} may not be used with these credentials; check them, and what they allow")
    if type(error).__name__ in _CREDENTIALS or _WITHOUT.search(str(error)):
        return StorageError(
            f"there are no credentials for {shown}; put them into the environment or the files that the cloud's own "
            "tools read"
        )
    if _NO_BUCKET in str(error) or status == _NOT_THERE:
        return no_bucket(place)
    said = f"answered {status}, also when asked again" if status else "did not answer, or not to the end"
    return StorageError(f"the server of {shown} {said}; nothing that was finished is lost: run the same command again")


def no_bucket(place: str) -> StorageError:
    """Return the error for the URI `place`, whose bucket is not there."""
    return StorageError(
        f"{without_secrets(place)} is in no bucket that is there; check its name, or make the bucket first"
    )


def _status(error: Exception) -> int | None:
    """Return the HTTP status of a failure, None where nothing was answered."""
    seen: BaseException | None = error
    for _ in range(5):  # s3fs puts botocore's error into an OSError
        answer = getattr(seen, "response", None)
        if isinstance(answer, dict):
            return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
        status = getattr(seen, "status", None) or getattr(seen, "status_code", None)
        if isinstance(status, int):
            return status
        seen = getattr(seen, "__cause__", None)
    found = _STATUS.search(str(error))
    return int(found[1] or found[2]) if found else None
