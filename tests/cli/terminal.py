"""Terminals at which people type commands; the real command line, in process."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp

from strongroom.cli.main import run

PASSPHRASE = "correct horse battery staple"
PASSWORD = "a password of some length"
STEP_SECONDS = 30
SAFE_SECONDS = 15
"""Left of a step so that a command on a busy machine still ends in it."""


@dataclass(frozen=True)
class Done:
    """What a command answered.

    Attributes:
        status: Its exit status.
        out: Standard output.
        err: Standard error.
    """

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  tests look into it
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        """The JSON documents on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Phone:
    """An authenticator app that never shows a code twice."""

    uri: str
    last_step: int = 0

    def code(self) -> str:
        """Return the next code that the desk would accept."""
        otp = pyotp.parse_uri(self.uri)
        assert isinstance(otp, pyotp.TOTP)
        while True:
            present, age = divmod(int(datetime.now(UTC).timestamp()), STEP_SECONDS)
            # The desk takes the step before; not one that is about to be older.
            oldest = present if age > SAFE_SECONDS else present - 1
            step = max(oldest, self.last_step + 1)
            if step <= present + 1:
                self.last_step = step
                return otp.generate_otp(step)
            time.sleep(1)


@dataclass
class Terminal:
    """One person's shell.

    Attributes:
        folder: Of the room.
        runtime: Where the token of their login rests.
        unlocked: Whether a file with the passphrase is named to each command.
        phone: Their second factor.
    """

    folder: Path
    runtime: Path
    unlocked: bool = True
    phone: Phone | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def copy(self, folder: Path) -> Terminal:
        """Return the same terminal in front of a room of its own, in ``folder``."""
        shutil.copytree(self.runtime.parent, folder, dirs_exist_ok=True)
        return self.moved(folder)

    def moved(self, folder: Path) -> Terminal:
        """Return the same terminal after its room's folder was copied to ``folder``."""
        return replace(
            self,
            folder=folder / "room",
            runtime=folder / self.runtime.name,
            phone=replace(self.phone) if self.phone else None,
            environment=dict(self.environment),
        )

    def run(self, *words: str | Path, stdin: str = "") -> Done:
        """Type a command in front of the room and return what it answered."""
        return type_command(*map(str, words), stdin=stdin, environment=self.variables)

    @property
    def variables(self) -> dict[str, str]:
        """What the shell has in its environment beside what everybody has."""
        found = {
            "STRONGROOM_ROOM": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "STRONGROOM_STATE": str(self.runtime / "state"),
            "COLUMNS": "100",
        }
        if self.unlocked:
            found["STRONGROOM_PASSPHRASE_FILE"] = str(self.passphrase_file)
        return found | self.environment

    @property
    def passphrase_file(self) -> Path:
        """A file with the passphrase, written now if it is absent."""
        path = self.runtime.parent / "passphrase"
        if not path.exists():
            path.write_text(PASSPHRASE + "\n")
        return path

    def ok(self, *words: str | Path, stdin: str = "") -> Any:  # noqa: ANN401
        """Run a command that must succeed; return its JSON."""
        done = self.run(*words, "--json", stdin=stdin)
        notes = [json.loads(line) for line in done.err.splitlines()]
        assert done.status == 0, done
        assert all("note" in note for note in notes), done
        rows = done.rows
        return rows[0] if len(rows) == 1 else rows

    def login(self, name: str) -> None:
        """Log in with the next code of the phone."""
        typed = f"{PASSWORD}\n"
        files = ["--password-file", "-"]
        if self.phone is not None:
            typed += f"{self.phone.code()}\n"
            files += ["--code-file", "-"]
        self.ok("login", name, *files, stdin=typed)


def type_command(
    *words: str, stdin: str = "", environment: Mapping[str, str] | None = None
) -> Done:
    """Run the command line in this process, with its own streams."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _environment(environment or {}),
        _standard_input(stdin),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        status = run(words)
    return Done(status=status, out=out.getvalue(), err=err.getvalue())


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in ("STRONGROOM_ROOM", "STRONGROOM_PASSPHRASE_FILE", "STRONGROOM_STATE"):
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _standard_input(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before
