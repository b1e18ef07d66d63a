"""What the environment says of an object store that Lance and fsspec have to be told alike.

Credentials are not among it: both libraries look for them by themselves, in the environment and in the files of the
cloud's own tools, and nothing here ever holds one.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from ...errors import UsageError
from .address import scheme, without_secrets

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_ALLOW_HTTP = "AWS_ALLOW_HTTP"
_CONNECT_S = 10
_ANSWER_S = 60
TRIES = 6
"""How often fsspec's S3 asks, over some 15 s."""
RETRY_S = 60
_RETRIES = 10
"""How long, and how often, Lance tries a request again that fails, with pauses that grow from 0.1 s to 15 s. By itself
it gives up after three, which is a second.
"""


def for_lance(uri: str) -> dict[str, str]:
    """Return what Lance is to be told of the object store at `uri`, as storage options. Raises UsageError."""
    bounded = {
        "connect_timeout": f"{_CONNECT_S}s",
        "client_retry_timeout": str(RETRY_S),
        "client_max_retries": str(_RETRIES),
    }
    if scheme(uri) != "s3":
        return bounded
    endpoint = s3_endpoint()
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    told = {"aws_region": region} if region else {}
    if endpoint:
        told |= {"aws_endpoint": endpoint, "aws_region": region or "us-east-1"}
        told |= {"allow_http": "true"} if endpoint.startswith("http://") else {}
    return bounded | told


def for_fsspec(uri: str) -> dict[str, Any]:
    """Return what fsspec is to be told of the object store, or the web server, at `uri`. Raises UsageError."""
    told: dict[str, Any] = {"use_listings_cache": False}
    if scheme(uri) != "s3":
        return told
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    waits = {
        "connect_timeout": _CONNECT_S,
        "read_timeout": _ANSWER_S,
        "retries": {"mode": "standard", "max_attempts": TRIES},
    }
    told["config_kwargs"] = waits
    if endpoint := s3_endpoint():
        told["endpoint_url"] = endpoint
    if region:
        told["client_kwargs"] = {"region_name": region}
    return told


def s3_endpoint() -> str | None:
    """Return the address of a server that speaks S3 and is not Amazon's, None where none is named.

    Raises UsageError for one that holds a user or a password, and for plain http unless AWS_ALLOW_HTTP is true.
    """
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    if endpoint is None:
        return None
    shown = without_secrets(endpoint)
    if shown != endpoint or urlsplit(endpoint).scheme not in ("http", "https"):
        raise UsageError(f"the endpoint {shown} is not an address such as https://host:9000; correct {_ENDPOINTS[1]}")
    if endpoint.startswith("http://") and os.environ.get(_ALLOW_HTTP, "").lower() not in ("true", "1"):
        raise UsageError(f"the endpoint {shown} is not encrypted; set {_ALLOW_HTTP}=true where it is meant")
    return endpoint
