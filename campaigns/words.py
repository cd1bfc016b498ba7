"""Type words at every command that nobody would, and see what it answers.

    ./dev campaign words [--count N] [--seed S] [--from N] [--command WORDS]

Each attempt is one real command line before a room of its own, in a process of its
own, inside of bubblewrap: an own file system in memory, no network, nothing outside
can be written.  Options and arguments get names that exist, and what breaks parsers
of words: huge and negative numbers, paths that are folders, pipes, devices and loops,
lone surrogates, control characters, kilobytes.  A command may do it, or refuse with
one sentence and one hint.  A bug of ours, a traceback, a signal, a document that is
no JSON, 5 seconds of processor time, or the passphrase on the screen is a problem.
Prints one line of JSON; exit status 1 if there was any.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from campaigns._options import add_number, parser_of
from strongroom.access.founding import Founder
from strongroom.app import create_strongroom
from strongroom.types import Profile, Secret
from tests.cli.terminal import PASSPHRASE, PASSWORD, Terminal
from tests.journeys.rooms import CHEAP, QUICK, write_small_model

ROOT = Path(__file__).resolve().parents[1]
HOUSE = "/tmp/house"  # noqa: S108  inside of the sandbox, where it is ours alone
MODEL = "tiny"


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    given = _parser().parse_args(words)
    with tempfile.TemporaryDirectory(prefix="strongroom-words-") as name:
        facts = _furnish(Path(name))
        ordered = vars(given) | {"facts": facts}
        done = subprocess.run(
            [*_sandbox(Path(name)), sys.executable, "-m", "campaigns._typed"],
            input=json.dumps(ordered).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
    heard = json.loads(done.stdout)
    line = {"campaign": "words", "seed": given.seed, **heard}
    print(json.dumps(line))
    return 1 if heard["problems"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add_number(parser, "--count", 500, "command lines")
    add_number(parser, "--seed", 0, "of all random choices")
    add_number(parser, "--from", 0, "first command line", dest="from_")
    parser.add_argument(
        "--command", default="", metavar="WORDS", help="only commands that begin so"
    )
    return parser


def _furnish(folder: Path) -> dict[str, str]:
    """Make the room of one person with one model; return names that it knows."""
    room, _ = create_strongroom(
        folder / "room",
        profile=Profile.SOLO,
        passphrases={"*": Secret(PASSPHRASE.encode())},
        owner=Founder(name="me", team="me", password=Secret(PASSWORD.encode())),
        cost=CHEAP,
        password_cost=QUICK,
    )
    room.close()
    (folder / "me").mkdir(mode=0o700)
    terminal = Terminal(folder=folder / "room", runtime=folder / "me")
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    sealed = terminal.ok("seal", write_small_model(folder / "model"), "--as", MODEL)
    asked = terminal.ok("request", MODEL, "--purpose", "words", "--yes")
    return {"version": str(sealed["version"]), "request": asked["request"]}


def _sandbox(folder: Path) -> Iterator[str]:
    """Give the words before a command that is to run alone with its room."""
    yield from (_bubblewrap(), "--unshare-all", "--die-with-parent", "--new-session")
    yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
    yield from ("--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/dev/shm")  # noqa: S108
    for needed in (str(ROOT), sys.prefix):  # they may lie below what is covered
        yield from ("--ro-bind", needed, needed)
    yield from ("--ro-bind", str(folder), HOUSE, "--chdir", str(ROOT))


def _bubblewrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise SystemExit("bubblewrap is not here; apt-get install bubblewrap")
    return found


if __name__ == "__main__":
    sys.exit(main())
