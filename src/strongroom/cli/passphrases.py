"""Secrets that people type or keep in files; never an argument or a variable.

``STRONGROOM_PASSPHRASE_FILE`` names files, like ``--passphrase-file``.  ``-`` is
standard input, one line for each secret.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from strongroom.errors import InputError, MissingError, SetupError, UnavailableError
from strongroom.types import Secret

VARIABLE: Final = "STRONGROOM_PASSPHRASE_FILE"
MOST_BYTES: Final = 1024
"""What Argon2 is given at most; a longer file is another one than was meant."""

STANDARD_INPUT: Final = "-"
HINT: Final = f"--passphrase-file FILE, or {VARIABLE}"


def given(files: Sequence[str], descriptor: int | None) -> bool:
    """Return whether something says where passphrases are, without asking."""
    return bool(files or descriptor is not None or os.environ.get(VARIABLE))


def find(
    domains: Sequence[str],
    *,
    known: Sequence[str],
    files: Sequence[str],
    descriptor: int | None,
    new: bool = False,
) -> dict[str, Secret]:
    """Return the passphrases of custody domains; the first one is always there.

    Args:
        domains: Those that are needed; none are returned for none.
        known: All that the room has.
        files: ``FILE`` or ``DOMAIN=FILE``; the environment's unless given.
        descriptor: To read one for every domain from; ``None`` without one.
        new: Whether they are being chosen, so that they are asked for twice.

    Raises:
        InputError: A file is empty or too long, or names no domain of the room.
        SetupError: None is given and nobody is there to type one.
    """
    named = dict(_parse(text, known) for text in files or _from_environment())
    if descriptor is not None:
        named["*"] = f"/dev/fd/{descriptor}"
    if not domains:
        return {}
    if not named:
        return _ask(domains, new=new)
    wanted = {d: named.get(d, named.get("*")) for d in domains}
    read = {name: read_secret(name) for name in dict.fromkeys(wanted.values()) if name}
    return {domain: read[name] for domain, name in wanted.items() if name}


def read_secret(name: str) -> Secret:
    """Return the first line of a file, or of standard input for ``-``.

    Raises:
        MissingError: There is no such file.
        InputError: The line is empty or too long.
        UnavailableError: It cannot be read.
    """
    try:
        if name == STANDARD_INPUT:
            line = sys.stdin.readline(MOST_BYTES + 2).encode()
        else:
            with Path(name).open("rb") as file:
                line = file.readline(MOST_BYTES + 2)
    except FileNotFoundError:
        raise MissingError(f"there is no file {name}") from None
    except OSError as error:
        raise UnavailableError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnavailableError(f"{name} cannot be read: it is not UTF-8") from None
    secret = line.removesuffix(b"\n").removesuffix(b"\r")
    if not 0 < len(secret) <= MOST_BYTES:
        raise InputError(
            f"the first line of {name} holds no secret of 1 to {MOST_BYTES} bytes"
        )
    return Secret(secret)


def secret(prompt: str, file: str | None, *, option: str, new: bool = False) -> Secret:
    """Return a secret from a file if one is named, else as it is typed.

    Args:
        prompt: What to ask for, such as ``Password``.
        file: Named by ``option``.
        option: To name in the hint.
        new: Whether it is being chosen, so that it is asked for twice.

    Raises:
        SetupError: No file is named and nobody is there to type.
        InputError: The two times differ.
    """
    if file is not None:
        return read_secret(file)
    typed = type_secret(prompt, hint=f"{option} FILE")
    if new and type_secret(f"{prompt} again", hint="") != typed:
        raise InputError("the two times differ", hint="try again")
    return typed


def type_secret(prompt: str, *, hint: str) -> Secret:
    """Return what a person types, unseen.

    Raises:
        SetupError: Nobody is there to type.
    """
    import getpass

    if not somebody_types():
        raise SetupError(f"nobody is there to type: {prompt.lower()}", hint=hint)
    return Secret(getpass.getpass(f"{prompt}: ", stream=sys.stderr).encode())


def somebody_types() -> bool:
    """Return whether a person sits at the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(domains: Sequence[str], *, new: bool) -> dict[str, Secret]:
    first, *others = domains
    label = "Passphrase" if not others else f"Passphrase of {first}"
    typed = {first: type_secret("New " + label.lower() if new else label, hint=HINT)}
    if new and type_secret("The same again", hint=HINT) != typed[first]:
        raise InputError("the two times differ", hint="try again")
    for domain in others:
        answer = type_secret(f"Passphrase of {domain} (Enter: the same)", hint=HINT)
        typed[domain] = answer if len(answer) else typed[first]
        if new and len(answer) and type_secret("The same again", hint=HINT) != answer:
            raise InputError("the two times differ", hint="try again")
    return typed


def _parse(text: str, known: Sequence[str]) -> tuple[str, str]:
    """Return the domain, or ``*``, and the file that ``text`` names."""
    domain, equals, name = text.partition("=")
    if not equals or os.sep in domain or Path(text).exists():
        return "*", text
    if domain not in known:
        raise InputError(
            f"the room has no custody domain {domain[:40]!r}",
            hint="its domains: " + ", ".join(known),
        )
    return domain, name


def _from_environment(environment: Mapping[str, str] = os.environ) -> list[str]:
    names = environment.get(VARIABLE, "")
    return [name for name in names.split(os.pathsep) if name]
