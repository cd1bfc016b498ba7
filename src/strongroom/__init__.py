"""Strongroom keeps model weights from leaving, and proves every opening."""

from __future__ import annotations

__version__ = "0.1.0.dev0"
