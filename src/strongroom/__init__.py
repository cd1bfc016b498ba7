"""Strongroom keeps model weights from leaving, and proves every opening."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strongroom.access.founding import Founder
    from strongroom.app import create_strongroom, open_strongroom
    from strongroom.client.client import Strongroom
    from strongroom.client.opened import OpenedModel
    from strongroom.client.writing import write_model
    from strongroom.errors import StrongroomError
    from strongroom.types import Classification, Profile, Role, Secret

__version__ = "0.1.0.dev0"

__all__ = [
    "Classification",
    "Founder",
    "OpenedModel",
    "Profile",
    "Role",
    "Secret",
    "Strongroom",
    "StrongroomError",
    "__version__",
    "create_strongroom",
    "open_strongroom",
    "write_model",
]

_PLACES = {
    "Classification": "strongroom.types",
    "Founder": "strongroom.access.founding",
    "OpenedModel": "strongroom.client.opened",
    "Profile": "strongroom.types",
    "Role": "strongroom.types",
    "Secret": "strongroom.types",
    "Strongroom": "strongroom.client.client",
    "StrongroomError": "strongroom.errors",
    "create_strongroom": "strongroom.app",
    "open_strongroom": "strongroom.app",
    "write_model": "strongroom.client.writing",
}
"""Where each name comes from; imported when it is first used."""


def __getattr__(name: str) -> object:
    """Import a name when it is used: an eager one costs 0.4 s at every start.

    Raises:
        AttributeError: There is no such name.
    """
    from importlib import import_module  # noqa: PLC0415  as above

    if name not in _PLACES:
        raise AttributeError(f"module 'strongroom' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
