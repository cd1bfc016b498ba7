"""Which hosts are asked, and sent to; no library, for the program that asks too."""

from __future__ import annotations

import re
from ipaddress import ip_address
from socket import inet_aton
from typing import Final
from urllib.parse import urlsplit

from strongroom.errors import InputError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def verify_address(url: str) -> None:
    """Check that an address is one at which a hub may be asked.

    Raises:
        InputError: It is not; what may be a secret in it is not repeated.
    """
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or _is_plain(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket, or a port that is no number
        safe = named = False
    if not (safe and named and url.isprintable()) or set(url) & set("@?# "):
        shown = re.split("[?#]", url)[0].rpartition("@")[2][:80]
        raise InputError(
            f"{shown!a} is no address of a hub",
            hint="https://HOST, without a name or a query in it; plain http on this"
            " machine only",
        )


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
