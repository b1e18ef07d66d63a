"""A server that speaks S3, on loopback: moto, as a process of its own; a store at a URI, and what a test says to it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from .flaky import Flaky

NEEDED = ("moto", "flask", "s3fs")
KEY_ID, SECRET = "AKIAKEYOFTHETESTS", "s3-secret-access-key-of-the-tests"
BUCKET = "library"
_TAKES_S = 60.0


def require() -> None:
    """Skip the test where the packages for it are missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (pip install 'moto[server]' s3fs)")


@contextmanager
def serving() -> Iterator[str]:
    """Serve an empty object store for the length of the block; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-c", "from moto.server import main; main()", "-H", "127.0.0.1"]
    process = subprocess.Popen([*command, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def environment(endpoint: str) -> dict[str, str]:
    """Return the variables that let a process use the object store at an address."""
    return {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


def make_bucket(endpoint: str, name: str = BUCKET) -> None:
    """Make a bucket, if it is not there."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket=name)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + _TAKES_S
    while time.monotonic() < end_s and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the object store did not start")


@pytest.fixture(scope="session")
def object_server() -> Iterator[str]:
    """The address of a server that speaks S3, with an empty bucket."""
    require()
    with serving() as endpoint:
        make_bucket(endpoint)
        yield endpoint


@pytest.fixture
def remote(object_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A URI at which there is nothing yet, in an environment that has what it takes to use it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment(object_server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path / "cache"))
    return f"s3://{BUCKET}/{secrets.token_hex(6)}"


@pytest.fixture
def flaky(object_server: str, remote: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flaky]:
    """A proxy before the object store, through which this process speaks to it."""
    proxy = Flaky(object_server)
    with proxy.serving():
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy
    print("the proxy's own troubles:", proxy.broken[:10])
