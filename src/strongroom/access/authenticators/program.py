"""Another program as authenticator: what reaches a key that this machine does not.

It is given one JSON object on standard input, ``{"origin": ..., "create": options}``
or ``{"origin": ..., "get": options}``, and writes the answer to standard output.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from strongroom.access.assertions import MAX_RESPONSE_BYTES
from strongroom.access.ceremonies import TIMEOUT_SECONDS
from strongroom.errors import UnavailableError


class ProgramAuthenticator:
    """Asks a program, once for each call, and believes nothing that it says."""

    def __init__(self, command: Sequence[str], *, origin: str) -> None:
        """Name the program.

        Args:
            command: The program and its arguments; no shell reads them.
            origin: Where the room says that passkeys are presented.
        """
        self._command = list(command)
        self._origin = origin

    def create(self, options: str) -> str:
        """Make a passkey."""
        return self._ask("create", options)

    def get(self, options: str) -> str:
        """Sign with a passkey."""
        return self._ask("get", options)

    def _ask(self, what: str, options: str) -> str:
        asked = json.dumps({"origin": self._origin, what: json.loads(options)})
        name = self._command[0]
        try:
            done = subprocess.run(  # noqa: S603 (what this user named, no shell)
                self._command,
                input=asked.encode(),
                stdout=subprocess.PIPE,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except OSError as error:
            raise UnavailableError(f"{name}: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise UnavailableError(
                f"{name} did not answer within {TIMEOUT_SECONDS} s"
            ) from None
        if done.returncode != 0 or len(done.stdout) > MAX_RESPONSE_BYTES:
            raise UnavailableError(
                f"{name} gave no answer",
                hint="it says on standard error what was wrong",
            )
        return done.stdout.decode(errors="replace")
