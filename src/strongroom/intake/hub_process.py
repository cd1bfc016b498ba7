"""Has the program asked that talks to a hub, and believes nothing of what it says.

Every answer is one bounded line; where it failed, the error is in our words alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import IO, Any, Final

from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    StrongroomError,
    UnavailableError,
)

MOST_LINE: Final = 64 << 10
ITS_KEEPER: Final = "ask whoever keeps the hub, or name a mirror: --endpoint URL"
ANOTHER_WAY: Final = "fetch the files another way, and name the folder"
_BEGIN: Final = (
    "import sys; sys.path.insert(0, {!r}); "
    "from strongroom.intake.hub_program import main; main()"
)
_SILENT: Final = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_XET": "1",  # a protocol of its own, past every check here
}
PASSED_ON: Final = ("HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables of the environment that say how hosts are reached."""


@contextmanager
def asking(
    order: Mapping[str, Any],
    home: Path,
    *,
    environment: Mapping[str, str],
    seconds: int,
) -> Iterator[Iterator[Mapping[str, Any]]]:
    """Start the program, and give its answers; end it when the block does.

    Args:
        order: What to do, a JSON object.
        home: A private folder, for notes of the library.
        environment: From which ``PASSED_ON`` is taken.
        seconds: After which it is ended.

    Raises:
        SetupError: The library is not installed.
    """
    if find_spec("huggingface_hub") is None:
        raise SetupError(
            "huggingface_hub is not installed", hint="pip install 'strongroom[hub]'"
        )
    root = str(Path(__file__).parents[2])
    known = {n: v for n, v in environment.items() if n.upper() in PASSED_ON}
    with _told(json.dumps(order).encode()) as asked:
        program = subprocess.Popen(  # noqa: S603 (this interpreter, our program)
            [sys.executable, "-I", "-c", _BEGIN.format(root)],
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env={**known, **_SILENT, "HF_HOME": str(home), "HOME": str(home)},
        )
    late = Timer(seconds, program.kill)
    late.start()
    with program:  # closes its end, and waits
        try:
            yield _answers(program.stdout, str(order["endpoint"]))
        finally:
            late.cancel()
            program.kill()


@contextmanager
def _told(order: bytes) -> Iterator[int]:
    """Give a descriptor to read an order from, which has a token: in memory alone."""
    descriptor = os.memfd_create("order")
    try:
        os.write(descriptor, order)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _answers(lines: IO[bytes] | None, endpoint: str) -> Iterator[Mapping[str, Any]]:
    """Yield each answer, until one says that it failed.

    Raises:
        StrongroomError: It failed, in our words.
    """
    while True:
        line = lines.readline(MOST_LINE) if lines else b""
        if not line:
            raise UnavailableError(
                f"the hub {endpoint} could not be used: it took too long, or said"
                " nonsense",
                hint=ANOTHER_WAY,
            )
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise IntegrityError(
                f"the hub {endpoint} answered what is not understood", hint=ITS_KEEPER
            )
        if "failed" in answer:
            raise failure(endpoint, str(answer["failed"]), answer.get("status"))
        yield answer


def failure(endpoint: str, word: str, status: object) -> StrongroomError:
    """Return our error for a word of the program; nothing of the hub's is in it.

    Args:
        endpoint: Of the hub.
        word: Of the program.
        status: Of the hub's answer, if it is about one.
    """
    hub = f"the hub {endpoint}"
    known: Mapping[str, StrongroomError] = {
        "commit": IntegrityError(
            f"{hub} answered with another commit", hint=ITS_KEEPER
        ),
        "away": IntegrityError(
            f"{hub} sends to another host",
            hint="ask whoever keeps it, or name the other one: --endpoint URL",
        ),
        "elsewhere": IntegrityError(
            f"{hub} sends to a host that it did not name before",
            hint="try again; if it stays so, ask whoever keeps it",
        ),
        "inside": IntegrityError(
            f"{hub} sends to this machine, to the network around it, or to no https",
            hint="ask whoever keeps it; nothing was fetched",
        ),
        "much": InputError(f"{hub} lists too much for one model", hint=ANOTHER_WAY),
        "longer": IntegrityError("a file is longer than the hub said", hint=ITS_KEEPER),
        "missing": MissingError(
            f"{hub} has no such commit, or shows it to somebody else only",
            hint="--token-file FILE, if it is not public",
        ),
        "gated": DeniedError(
            f"{hub} shows it only to those who agreed to its terms",
            hint="agree to them there, and name your token: --token-file FILE",
        ),
        "unreachable": UnavailableError(
            f"{hub} does not answer",
            hint="is that its address, and is it reached from here?",
        ),
        "disk": UnavailableError(
            "what the hub sent cannot be written", hint="is the disk full?"
        ),
    }
    more = f" ({status})" if isinstance(status, int) else f" ({word[:40]})"
    unknown = UnavailableError(f"{hub} could not be used{more}", hint=ANOTHER_WAY)
    return known.get(word, unknown)
