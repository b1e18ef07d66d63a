"""Which addresses are followed, and that none of their secrets is shown."""

from __future__ import annotations

import pytest

from echodex.encoders import download as download_module
from echodex.encoders.download import TRIES
from echodex.errors import BadInput, Unavailable
from tests.encoders.download.server import CONTENT, Script, get


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("file:///etc/passwd", r"file:///etc/passwd cannot be downloaded: only http:// and https://"),
        ("ftp://host/a.pt", "only http"),
        ("http:///a.pt", "only http"),
        ("http://host:port/a.pt", "is no web address"),
        ("http://me:secret@[::1/a.pt?secret#sha256=0", "is no web address"),
        ("https://me:secret@host/a.pt?token=secret", r"https://host/a\.pt carries a user name"),
        ("https://host/a.pt#sha256=12", "not #sha256= and 64 hex digits"),
        ("https://host/a.pt#md5=0", "not #sha256="),
    ],
)
def test_what_is_no_web_address_is_refused(url: str, bad: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        get(bad)
    assert "secret" not in str(caught.value)


def test_no_secret_of_a_url_is_shown_or_written(url: str, script: Script) -> None:
    path = get(url + "?token=secret")
    assert "secret" not in path.with_name(path.name + ".json").read_text()
    script.answers = [403]
    with pytest.raises(Unavailable, match="403") as caught:
        get(url + "?token=secret2")
    assert "secret" not in str(caught.value)


def test_redirections_are_followed_within_the_web_alone(url: str, script: Script) -> None:
    script.answers, script.to = [302], url + "?signed"
    assert get(url).read_bytes() == CONTENT
    for elsewhere in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        script.answers, script.to = [302] * TRIES, elsewhere
        with pytest.raises(Unavailable):
            get(url + "?again")


def test_a_redirection_away_from_https_is_refused() -> None:
    import urllib.request
    from email.message import Message

    request = urllib.request.Request("https://host/a.pt?token=secret")
    with pytest.raises(Unavailable, match=r"https://host/a\.pt cannot .* without https"):
        download_module._Redirects().redirect_request(request, None, 302, "Found", Message(), "http://host/a.pt")
