"""URIs: which are taken; none with a secret in it, and no message repeats one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import UsageError
from echodex.store.remote.address import bucket_and_key, checked, is_uri, store_uri, without_secrets

SECRET = "hunter2"
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/@?#[]"), min_size=1, max_size=8)


@pytest.mark.parametrize("text", ["s3://b/x", "gs://b", "az://c/x/y", "https://host/x.wav"])
def test_a_uri_is_told_from_a_path(text: str) -> None:
    assert is_uri(text)


@pytest.mark.parametrize("text", ["library", "/s3/x", "s3:/b", "ftp://host/x", "file:///x", "C://x", Path("s3://b/x")])
def test_a_path_is_no_uri(text: str | Path) -> None:
    assert not is_uri(text)


def test_a_store_is_named_without_a_slash_at_its_end() -> None:
    assert store_uri("s3://bucket/a/b/") == "s3://bucket/a/b"
    assert bucket_and_key("s3://bucket/a/b") == ("bucket", "a/b")


@pytest.mark.parametrize(
    "text",
    [
        f"s3://key:{SECRET}@bucket/x",
        f"s3://{SECRET}@bucket/x",
        f"s3://bucket/x?token={SECRET}",
        f"https://host/x.wav?X-Amz-Signature={SECRET}",
        f"https://user:{SECRET}@host/x.wav",
        f"gs://bucket/x#{SECRET}",
    ],
)
def test_a_uri_with_a_secret_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        checked(text)
    assert SECRET not in str(refused.value)
    assert SECRET not in without_secrets(text)


@pytest.mark.parametrize("text", ["s3://", "s3:///x", "https://"])
def test_a_uri_without_a_bucket_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        checked(text)


def test_a_web_server_holds_no_store() -> None:
    with pytest.raises(UsageError, match="cannot be a store"):
        store_uri("https://host/library")


@given(user=TEXT, password=TEXT, host=TEXT, key=TEXT, query=TEXT)
def test_nothing_of_user_and_query_is_ever_shown(user: str, password: str, host: str, key: str, query: str) -> None:
    assert without_secrets(f"s3://{user}:{password}@{host}/{key}?{query}") == f"s3://{host}/{key}"
