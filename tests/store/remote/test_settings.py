"""The environment's word on a server reaches Lance and fsspec alike, and plain http only where it is meant."""

from __future__ import annotations

import pytest

from echodex.errors import UsageError
from echodex.store.remote.settings import for_fsspec, for_lance

NAMES = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AWS_ALLOW_HTTP",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
)


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_server_is_told_to_both(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "https://minio.example:9000")
    assert for_lance("s3://b/x")["aws_endpoint"] == "https://minio.example:9000"
    assert "allow_http" not in for_lance("s3://b/x")
    assert for_fsspec("s3://b/x")["endpoint_url"] == "https://minio.example:9000"


def test_a_region_is_told_to_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert for_lance("s3://b/x")["aws_region"] == "eu-central-1"
    assert for_fsspec("s3://b/x")["client_kwargs"] == {"region_name": "eu-central-1"}


def test_plain_http_has_to_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    for told in (for_lance, for_fsspec):
        with pytest.raises(UsageError, match="AWS_ALLOW_HTTP"):
            told("s3://b/x")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    assert for_lance("s3://b/x")["allow_http"] == "true"


def test_a_server_with_a_password_is_refused_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "https://user:hunter2@minio.example")
    with pytest.raises(UsageError) as refused:
        for_lance("s3://b/x")
    assert "hunter2" not in str(refused.value)


def test_no_credential_is_ever_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHUNTER")
    for uri in ("s3://b/x", "gs://b/x", "az://b/x"):
        assert "hunter" not in f"{for_lance(uri)} {for_fsspec(uri)}".lower()
