"""Downloading one file once: resumed where it broke off, checked, and kept in the user's cache.

Nothing is fetched but what a user asked for.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urlsplit

from ..errors import BadInput, Unavailable
from ..progress import Progress, silent
from .cache import CachedFile, cache_folder, locked, writing

TIMEOUT_S = 30.0
"""Seconds without a byte after which a connection counts as broken."""

MAX_BYTES = 4 << 30
"""Of a checkpoint; the published ones of `versions` hold 0.8 GB of weights, and some beside them an optimiser."""

TRIES = 5
_BLOCK = 256 * 1024
_PASSING = (408, 416, 425, 429, 500, 502, 503, 504)
"""HTTP answers that may be other ones at the next try."""


def download(url: str, *, progress: Progress = silent, pause_s: float = 1.0) -> Path:
    """Return the path of the file behind `url` in the cache, downloaded unless it is there; raise as `download_to`."""
    address, _ = _split(url)
    folder = cache_folder() / "downloads" / hashlib.sha256(address.encode()).hexdigest()[:16]
    return download_to(url, folder / _file_name(address), max_bytes=MAX_BYTES, progress=progress, pause_s=pause_s)


def download_to(url: str, path: Path, *, max_bytes: int, progress: Progress = silent, pause_s: float = 1.0) -> Path:
    """Return `path`, to which the file behind `url` was downloaded unless it is there already, as it came.

    A URL may end in `#sha256=<64 hex digits>`, which the file must then have. pause_s: seconds before the second try,
    doubling after each. Raises Unavailable where the host or the file cannot be had (what came is kept and continued
    the next time), BadInput for a URL that is none, a file larger than `max_bytes` or one with another checksum, and
    StorageError for a full disk.
    """
    address, sha256 = _split(url)
    file = CachedFile(path)
    with locked(path.parent):
        if not file.is_whole(sha256):
            _fetch(address, file, max_bytes, progress, pause_s)
            found = file.accept(_shown(address), sha256)
            if sha256 not in ("", found):
                raise BadInput(f"{_shown(address)} has sha256 {found}, not {sha256}; it was removed")
    return path


def _split(url: str) -> tuple[str, str]:
    """Return the address and the sha256 that the URL asks for ("": none)."""
    try:
        address, fragment = urldefrag(quote(url, safe="%/:?#[]@!$&'()*+,;="))
        parts = urlsplit(address)
        _ = parts.port  # read here, so that an impossible one fails here
    except ValueError as error:
        shown = url.partition("?")[0].rpartition("@")[2]
        raise BadInput(f"{shown!r} is no web address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{_shown(address)} cannot be downloaded: only http:// and https:// addresses are")
    if parts.username is not None:
        raise BadInput(f"{_shown(address)} carries a user name, which is not supported; download the file by hand")
    if fragment and not re.fullmatch(r"sha256=[0-9a-fA-F]{64}", fragment):
        raise BadInput(f"{_shown(address)} ends in #{fragment!r}, which is not #sha256= and 64 hex digits")
    return address, fragment.removeprefix("sha256=").lower()


def _shown(address: str) -> str:
    """Return an address for messages and files: without user, password and query, which may be secrets."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _file_name(address: str) -> str:
    last = unquote(urlsplit(address).path).rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]", "_", last)[-100:].lstrip(".") or "download"


def _fetch(address: str, file: CachedFile, max_bytes: int, progress: Progress, pause_s: float) -> None:
    """Download until the part is whole, trying again after whatever may pass."""
    for attempt in range(TRIES):
        try:
            return _attempt(address, file, max_bytes, progress)
        except urllib.error.HTTPError as error:
            error.close()
            reason = f"{error.code} {error.reason}"
            if error.code not in _PASSING:
                raise Unavailable(f"{_shown(address)} cannot be downloaded: {reason}; check the URL") from error
            if error.code == 416:  # the part is not shorter than the file
                file.discard()
        except (OSError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        if attempt + 1 < TRIES:
            time.sleep(pause_s * 2**attempt)
    raise Unavailable(
        f"{_shown(address)} could not be downloaded in {TRIES} tries ({reason}); run it again to go on where it stopped"
    )


def _attempt(address: str, file: CachedFile, max_bytes: int, progress: Progress) -> None:
    """Ask for what is missing and add it to the part; raise OSError where it ends early."""
    validator = file.known().get("validator")
    have = file.part.stat().st_size if validator and file.part.exists() else 0
    headers = {"User-Agent": "echodex", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": str(validator)}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - _split lets http and https through alone
    with _opener().open(request, timeout=TIMEOUT_S) as response:
        start, total = _extent(response, have, file)
        if not start:
            file.discard()
            file.note(url=_shown(address), validator=_validator(response))
        size = start
        while block := response.read(_BLOCK):
            if max(total or 0, size + len(block)) > max_bytes:
                file.discard()
                raise BadInput(
                    f"{_shown(address)} is larger than {max_bytes >> 20} MiB; fetch it by hand, and give the file"
                )
            with writing(file.part), file.part.open("ab") as part:
                part.write(block)
            size += len(block)
            progress("download", size, total)
    if total is not None and size != total:
        raise ConnectionError(f"the connection ended after {size} of {total} bytes")


def _extent(response: Any, have: int, file: CachedFile) -> tuple[int, int | None]:
    """Return where the body starts in the file and how long the whole is (None: not said)."""
    if response.status != 206:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    if not span or int(span[1]) != have or _validator(response) != file.known().get("validator"):
        file.discard()
        raise ConnectionError("the server answered with another part than was asked for")
    return have, int(span[2]) if span[2].isdecimal() else None


def _validator(response: Any) -> str | None:
    """Return what tells one state of the file from another: a strong ETag, else the time of its last change."""
    etag: str | None = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    changed: str | None = response.headers.get("Last-Modified")
    return changed


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https and nothing else: no files, no ftp, no data URLs."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections, except from https to http."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        """Return the request for the new place."""
        request, new_url = args[0], args[-1]
        if request.type == "https" and urlsplit(new_url).scheme != "https":
            raise Unavailable(
                f"{_shown(request.full_url)} cannot be downloaded: it redirects to an address without https"
            )
        return super().redirect_request(*args)
