"""Command lines that nobody would type, made from the commands there are."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

from typer.core import TyperArgument, TyperCommand, TyperOption

from strongroom.cli.commands import every_leaf, load

HOSTILE: Final = (
    *("", " ", "-", "--", "-1", "0", "1", "2", "00", "nan", "1e999", "-0.0", "1_0"),
    *(str(1 << 31), str(1 << 63), str(1 << 64), str(-(1 << 63)), "9" * 5000),
    *("é", "\u202eevil", "a\nb", "a\tb", "\x1b[2J", "\udcff\udcfe", "\U0001d54f"),
    *("%s%n{}{0}", "$(id)", "'; DROP TABLE entries; --", "a" * 300, "b" * 100_000),
    *("..", "../../etc/passwd", "/", "/proc/self/mem", "/dev/zero", "/dev/full"),
    *("folder", "loop", "socket", "empty", "bytes", "long", "missing/file"),
    *("tiny", "tiny@v1", "tiny@v99999999999", "tiny@", "@v1", "tiny/../tiny", "me"),
    *(
        "all",
        "*",
        "1h",
        "0s",
        "-1h",
        "9" * 30 + "d",
        "1.5h",
        "2026-11-26",
        "0000-00-00",
    ),
    *(
        "http://",
        "socket:socket",
        "file:",
        "pkcs11:",
        "hf://a/b@c",
        "sha256:" + "0" * 64,
    ),
)
SWITCH_CHANCE: Final = 0.12
LONG: Final = ("demo",)
"""Has no arguments to speak of, and takes half a minute."""
REQUIRED_CHANCE: Final = 0.9
ODD_CHANCE: Final = 0.35


class Lines:
    """Makes command lines.

    Attributes:
        commands: The words of each command there is, with its parameters.
    """

    def __init__(self, facts: Mapping[str, str], only: str) -> None:
        """Load every command that begins with ``only``.

        Args:
            facts: Ids that the room knows.
            only: Words; all commands if empty.
        """
        self.commands: dict[str, TyperCommand] = {
            " ".join(words): load(words[-1], leaf)
            for words, leaf in every_leaf()
            if " ".join(words).startswith(only) and words != LONG
        }
        self._known = (
            *facts.values(), "tiny", "tiny@v1", "me", "model", "passphrase", "new",
            "bytes", "1h", "3", "a reason of some length", "restricted", "researcher",
            "json", "totp", "solo", "default", "intake", "passed", "main", "prod",
        )  # fmt: skip

    def line(self, random: Random) -> tuple[str, tuple[str, ...]]:
        """Return a command and the words that call it, hostile ones among them."""
        name = random.choice([*self.commands])
        words: list[str] = []
        for param in self.commands[name].params:
            if isinstance(param, TyperOption):
                words += self._option(param, random)
            elif isinstance(param, TyperArgument):
                count = random.choice(
                    (1, 1, 1, 1, 0, 2) if param.nargs == 1 else (1, 3)
                )
                words += [self._value(random) for _ in range(count)]
        if random.random() < SWITCH_CHANCE:
            words.insert(random.randrange(len(words) + 1), random.choice(HOSTILE))
        return name, (*name.split(), *words)

    def _option(self, param: TyperOption, random: Random) -> list[str]:
        chance = REQUIRED_CHANCE if param.required else SWITCH_CHANCE
        if param.name in {"help", "debug"} or random.random() > chance:
            return []
        name = random.choice([*param.opts, *param.secondary_opts])
        if param.is_flag:
            return [name]
        value = self._value(random)
        return [f"{name}={value}"] if random.random() < ODD_CHANCE else [name, value]

    def _value(self, random: Random) -> str:
        return random.choice(self._known if random.random() > ODD_CHANCE else HOSTILE)


def lay_out(folder: Path) -> None:
    """Make what the hostile paths name."""
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(folder / "socket"))
    for name, data in (
        ("empty", b""),
        ("bytes", bytes(range(256))),
        ("long", b"[" * 99999),
    ):
        (folder / name).write_bytes(data)
