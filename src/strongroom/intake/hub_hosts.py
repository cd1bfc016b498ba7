"""Which hosts a hub may send to; no library, for the program that talks to hubs too."""

from __future__ import annotations

from ipaddress import ip_address
from socket import inet_aton
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def may_send(endpoint: str, url: str) -> bool:
    """Return whether a hub may send whoever asks it to an address.

    A hub elsewhere that sends to this machine, or to a number of the network around
    it, would have us ask a service that listens to neighbours.  A name that resolves
    to such a number is not noticed.

    Args:
        endpoint: Of the hub.
        url: To which it sends.
    """
    if urlsplit(url).scheme != "https" and not (_is_plain(endpoint) and _is_plain(url)):
        return False
    return _is_near(endpoint) or not _is_near(url)


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def _is_near(url: str) -> bool:
    """Return whether an address names this machine, or a number that is not public."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host in LOOPBACK or host.endswith(".localhost"):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        pass
    try:  # as resolvers read 127.1 and 2130706433
        return not ip_address(inet_aton(host)).is_global
    except OSError:
        return False
