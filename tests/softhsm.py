"""Real tokens of the tests' own: SoftHSM in a folder that goes away.

SoftHSM reads ``SOFTHSM2_CONF`` and its list of tokens when the library is
initialised, so that both are set before, and the library begins anew after each
token that is made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from strongroom.crypto.token_uri import TokenUri
from strongroom.types import Secret

PIN = Secret(b"correct 1234")
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
_VARIABLE = "SOFTHSM2_CONF"


def module() -> str | None:
    """Return the library, if it, its program and ``python-pkcs11`` are here."""
    if find_spec("pkcs11") is None or shutil.which("softhsm2-util") is None:
        return None
    return next((path for path in _MODULES if Path(path).exists()), None)


class SoftHsm:
    """A place for tokens."""

    def __init__(self, folder: Path, library: str) -> None:
        """Write its configuration."""
        self.tokens = folder / "tokens"
        self.tokens.mkdir()
        self.configuration = folder / "softhsm2.conf"
        self.configuration.write_text(
            f"directories.tokendir = {self.tokens}\nlog.level = ERROR\n"
        )
        self.library = library
        self._made = 0

    def new_token(self, label: str | None = None) -> TokenUri:
        """Make a token and return its URI; with a label of its own unless given."""
        self._made += 1
        label = label or f"token {self._made}"
        subprocess.run(
            [
                *("softhsm2-util", "--init-token", "--free", "--label", label),
                *("--so-pin", "officer", "--pin", PIN.reveal().decode()),
            ],
            check=True,
            capture_output=True,
        )
        self.begin_anew()
        return TokenUri(token=label, module=self.library)

    def begin_anew(self) -> None:
        """Let this process see all tokens; it ends every session."""
        import pkcs11

        pkcs11.lib(self.library).reinitialize()


@contextmanager
def running(library: str) -> Iterator[SoftHsm]:
    """Give a SoftHSM whose tokens go away."""
    before = os.environ.get(_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="strongroom-hsm-") as folder:
        hsm = SoftHsm(Path(folder), library)
        os.environ[_VARIABLE] = str(hsm.configuration)
        try:
            yield hsm
        finally:
            os.environ.pop(_VARIABLE, None)
            if before is not None:
                os.environ[_VARIABLE] = before
