"""Which names a browser may have called us by: those that nobody else can point at us, at any port.

Who reaches us through a tunnel, as `ssh -L 9000:127.0.0.1:8765` makes one, names the port of its near end; and a page
elsewhere gains nothing by a port, as long as it has no name that leads here.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"(?P<name>[^:\[\]]+|\[[^\[\]]*\])(?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Hosts:
    """What a Host header may be: one of `names`, with any port or none; with `any_address`, any IP address as well."""

    names: tuple[str, ...] = LOOPBACK
    any_address: bool = False

    def allow(self, header: str) -> bool:
        """Return whether a Host header names us."""
        found = _HOST.fullmatch(header)
        if found is None:
            return False
        name = found["name"]
        return name.lower() in self.names or (self.any_address and _is_address(name))


def hosts_of(host: str) -> Hosts:
    """Return what may be asked for where we listen at `host`.

    Where that is every address of the machine, any IP address may: a page elsewhere can point a name at us, never an
    address that is not its own.
    """
    bare = host.strip("[]")
    if bare in ("0.0.0.0", "::"):  # noqa: S104
        own = {socket.gethostname().lower(), socket.getfqdn().lower()}
        return Hosts((*LOOPBACK, *sorted(own)), any_address=True)
    return Hosts(tuple(dict.fromkeys((*LOOPBACK, in_url(bare).lower()))))


def in_url(host: str) -> str:
    """Return `host` as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches `host`."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
    except ValueError:
        return False
    return True
