"""Finding a Ray cluster, or starting one on this machine, for as long as a command takes."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from ..errors import Unavailable
from ..progress import Progress, say, silent
from ..store.journal import FOLDER
from ..store.shards import Workers

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what Ray is to do by default from some version on; else it warns
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of shards that nobody waits for any more
}


_KNOCK_S = 10.0


@contextmanager
def workers_of(
    address: str | None, folder: Path | None = None, progress: Progress = silent
) -> Iterator[Workers | None]:
    """Give the workers of the cluster at `address` for the length of the block; None for None.

    folder: of a store, where they may keep what shards came to (store/journal.py); gone when the block is done, and
    left for the next one where it raises.

    address: "host:port", "ray://host:port", "auto" for the cluster that this machine is a node of; "" for that of
    $RAY_ADDRESS, or of this machine, or else one of this machine's cores that ends with the block. A connection that
    the program has to a cluster is used, whatever the address. Raises Unavailable where Ray is not installed, or no
    cluster answers.
    """
    if address is None:
        yield None
        return
    from .workers import RayWorkers

    with _connected(address):
        workers = RayWorkers(folder, progress)
        say(progress, f"ray: {workers.count} workers on {workers.nodes} nodes")
        try:
            yield workers
        finally:
            workers.end()
        if folder is not None:
            rmtree(folder / FOLDER, ignore_errors=True)


@contextmanager
def _connected(address: str) -> Iterator[None]:
    os.environ.update({name: value for name, value in _QUIET.items() if name not in os.environ})
    try:
        import ray
    except ImportError as error:
        raise Unavailable("work on a cluster needs Ray: pip install 'echodex[ray]' here and on every node") from error
    if ray.is_initialized():
        yield
        return
    with _own_signals():
        try:
            _knock(address)
            with warnings.catch_warnings():  # Ray forks and becomes another program at once: no lancedb is left in it
                warnings.filterwarnings("ignore", message="lancedb fork support")
                ray.init(address or None, log_to_driver=False, logging_level=logging.CRITICAL)
        except (ray.exceptions.RayError, ConnectionError, ValueError, RuntimeError, OSError) as error:
            ray.shutdown()
            first = str(error).strip().partition("\n")[0]
            raise Unavailable(
                f"no Ray cluster answers at {address or 'this machine'} ({first}); start one by `ray start --head`, or "
                "leave the address out for the cores of this machine"
            ) from error
    try:
        ray._private.worker._worker_logs_enabled = False  # it tells of lost workers on stdout, which is data
        yield
    finally:
        ray.shutdown()
        ray._private.worker._worker_logs_enabled = True


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at "host:port" or "ray://host:port": Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what SIGTERM does as it is: Ray would put a handler of its own in its place."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
