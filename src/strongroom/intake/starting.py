"""The first module inside the sandbox: starts a worker with as little work as it takes.

    python -I -S -B -c "... from strongroom.intake.starting import start; ..."

Of 39 ms of CPU that a worker took from Python's first instruction to its end, 13 were
work that it has no use for: collecting garbage among what it imports, taking itself
apart at its end, and importing ``inspect``.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

_SELDOM_USED = "inspect"
"""``dataclasses`` imports it, with ast, dis and tokenize, for classes without a word of
documentation."""


def start(module: str, words: Sequence[str]) -> NoReturn:
    """Run a worker, and end the process.

    Whatever the worker raises ends it as Python does, with a traceback.

    Args:
        module: Of ``intake``, whose ``main`` runs.
        words: For it.
    """
    gc.disable()
    import_later(_SELDOM_USED)
    main = import_module(f"strongroom.intake.{module}").main
    gc.freeze()  # what was imported stays
    gc.enable()
    main(words)
    os._exit(0)  # its files are closed, and the sandbox ends with it


def import_later(name: str) -> None:
    """Have a module imported when somebody first uses it; no other can tell.

    Not ``importlib.util.LazyLoader``: until Python 3.12.3 a second import statement was
    a use, and importing it takes 4 ms.

    Args:
        name: Of a module of the standard library that lies in no package.
    """
    if name not in sys.modules:
        sys.modules[name] = _Later(name)


class _Later(ModuleType):
    """Stands where the module will be."""

    def __getattr__(self, attribute: str) -> object:
        """Return what the module has under this name.

        Raises:
            AttributeError: Nothing.
        """
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), attribute)
