"""Which names a browser may have called us by."""

from __future__ import annotations

import socket

import pytest

from echodex.explorer.server.hosts import hosts_of, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "LocalHost", "127.8.9.1"])
def test_loopback_is_known_in_all_its_forms_and_at_any_port(host: str) -> None:
    assert is_loopback(host)
    hosts = hosts_of(host)
    own = f"[{host}]" if host == "::1" else host
    for name in ("localhost", "127.0.0.1", "[::1]", own):
        for port in ("", ":8765", ":9000", ":80", ":65535"):  # of a tunnel, that of its near end
            assert hosts.allow(name + port)
    assert not hosts.allow("192.168.1.7:8765")
    assert not hosts.allow("example.org:8765")


@pytest.mark.parametrize("odd", [":", ":+1", ":1:2", ":123456", ":8765 ", ":\u0661", ":8765@evil.example", "]", "."])
def test_what_is_no_port_is_no_name_of_ours(odd: str) -> None:
    for name in ("localhost", "127.0.0.1", "[::1]"):
        assert not hosts_of("127.0.0.1").allow(name + odd)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", "2130706433", "127.0.0.1.nip.io", ""])
def test_everything_else_is_not_this_machine_alone(host: str) -> None:
    assert not is_loopback(host)


def test_where_we_listen_at_one_address_that_one_is_meant() -> None:
    assert hosts_of("192.168.1.7").allow("192.168.1.7")  # browsers leave the port out where it is 80
    assert hosts_of("192.168.1.7").allow("192.168.1.7:8765")
    assert hosts_of("fd00::7").allow("[fd00::7]:8765")
    assert not hosts_of("192.168.1.7").allow("192.168.1.8:8765")
    assert not hosts_of("music.example.org").allow("192.168.1.7:8765")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_where_we_listen_at_all_a_name_that_can_be_pointed_at_us_is_still_refused(host: str) -> None:
    hosts = hosts_of(host)
    for name in ("192.168.1.7", "10.0.0.1", "[fd00::7]", "localhost", socket.gethostname()):
        assert hosts.allow(f"{name}:8765")
    for name in ("evil.example", "192.168.1.7.nip.io", "[evil]", "1.2.3", "0x7f000001", "", "192.168.1.7:8765"):
        assert not hosts.allow(f"{name}:8765")
