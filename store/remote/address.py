"""URIs: which are taken, and how they are shown. None may hold a secret: it would be stored, shown and logged."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ...errors import UsageError

STORES = ("s3", "gs", "az")
"""Where a store can be."""
SOURCES = (*STORES, "http", "https")
"""Where audio can be."""


def is_uri(text: str | Path) -> bool:
    """Return whether `text` names an object of one of SOURCES, and no path. A Path never does."""
    return isinstance(text, str) and text.partition("://")[0] in SOURCES and "://" in text


def store_uri(text: str) -> str:
    """Return the URI of a store, without a slash at its end.

    Raises UsageError for a scheme that is no object store, and as `checked` does.
    """
    uri = checked(text).rstrip("/")
    if scheme(uri) not in STORES:
        raise UsageError(f"{uri} cannot be a store: a store is a folder, or at {', '.join(f'{s}://' for s in STORES)}")
    return uri


def checked(text: str) -> str:
    """Return the URI that `text` is. Raises UsageError for one without a bucket or a host, and for one that holds a
    user, a password, a query or a fragment: these may be secrets.
    """
    shown = without_secrets(text)
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError as error:
        raise UsageError(f"{shown} is no address of an object; check it") from error
    if parts.scheme in STORES and shown != text:
        raise UsageError(
            f"{shown} was given with a user, a password or a query; leave these out, and put credentials into the "
            "environment or the files that the cloud's own tools read"
        )
    if parts.scheme not in SOURCES or not host or any(ord(c) < 32 for c in text):
        raise UsageError(f"{shown[:200]!r} is no address of an object; it looks like s3://bucket/folder")
    if shown != text:
        raise UsageError(f"{shown} was given with a user, a password, a query or a fragment, which would be stored")
    return text


def scheme(uri: str) -> str:
    """Return "s3" of "s3://bucket"."""
    return uri.partition("://")[0]


def without_secrets(text: str) -> str:
    """Return a URI without user, password, query and fragment."""
    head, _, rest = text.partition("://")
    place = rest.partition("?")[0].partition("#")[0]
    bucket, slash, key = place.partition("/")
    return f"{head}://{bucket.rpartition('@')[2]}{slash}{key}"


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Return ("bucket", "folder/file") of "s3://bucket/folder/file"."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key
