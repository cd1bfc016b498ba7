"""Inside of the sandbox of ``words``: types command lines, and judges each answer."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep

from campaigns._lines import Lines, lay_out
from campaigns._options import cpu_seconds
from campaigns.words import HOUSE
from strongroom.cli.main import BUG, INTERRUPTED, run
from tests.cli.terminal import PASSPHRASE, PASSWORD

PATIENCE_SECONDS = 60.0
"""By the clock on the wall, before a command is told to stop."""
CPU_SECONDS = 5
MOST_MEMORY = 3 << 30
MOST_SHOWN = 1 << 20
SHOP = Path("/tmp/shop")  # noqa: S108  ours alone: the sandbox's own
SIGNALLED = 128
_SERVING = {"serve", "watch"}
_COMPLAINT = re.compile(r"strongroom: (error|hint|note|warning): ")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command line did.

    Attributes:
        status: Its exit status; over 128 if a signal ended it.
        late: It had to be told to stop.
    """

    status: int
    out: str
    err: str
    late: bool


def main() -> None:
    """Type as many lines as standard input orders, and print what was heard."""
    order = json.loads(sys.stdin.buffer.read())
    lines = Lines(order["facts"], order["command"])
    statuses: Counter[int] = Counter()
    problems = without_hint = 0
    commands = set()
    for number in range(order["from_"], order["from_"] + order["count"]):
        command, words = lines.line(Random(f"{order['seed']} {number}"))  # noqa: S311
        answer = answer_to(words)
        statuses[answer.status] += 1
        commands.add(command)
        found = [*problems_of(command, words, answer)]
        problems += len(found)
        if has_no_hint(answer):
            without_hint += 1
            found.append("no hint")
        for one in found:
            said = f"{ascii(list(words))[:2000]} {ascii(answer.err)[-2500:]}"
            sys.stderr.write(f"{number}: {one}: {said}\n")
    line = {
        "lines": sum(statuses.values()),
        "commands": len(commands),
        "statuses": {str(k): n for k, n in sorted(statuses.items())},
        "without_hint": without_hint,
        "problems": problems,
        "cpu_seconds": cpu_seconds(),
    }
    print(json.dumps(line))


def answer_to(words: Sequence[str]) -> Answer:
    """Run one command line in a process of its own, before a copy of the room."""
    shutil.rmtree(SHOP, ignore_errors=True)
    shutil.copytree(HOUSE, SHOP)
    out, err = (os.memfd_create(name) for name in ("out", "err"))
    try:
        child = os.fork()
        if not child:
            os._exit(_type(words, out, err))
        status, late = _waited(child)
        return Answer(status=status, late=late, out=_shown(out), err=_shown(err))
    finally:
        os.close(out)
        os.close(err)


def _type(words: Sequence[str], out: int, err: int) -> int:
    """Be the command: its streams, its limits, its surroundings; never returns."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(
        STRONGROOM_ROOM=str(SHOP / "room"),
        STRONGROOM_PASSPHRASE_FILE=str(SHOP / "passphrase"),
        STRONGROOM_STATE=str(SHOP / "state"),
        XDG_RUNTIME_DIR=str(SHOP / "me"),
    )
    os.chdir(SHOP)
    lay_out(SHOP)
    sys.argv = ["strongroom", *words]
    status = run(words)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _waited(child: int) -> tuple[int, bool]:
    """Wait for a process; tell it to stop when it takes too long, and then end it."""
    stops = {PATIENCE_SECONDS: signal.SIGINT, 2 * PATIENCE_SECONDS: signal.SIGKILL}
    started, late = monotonic(), False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            ended = os.waitstatus_to_exitcode(status)
            return (SIGNALLED - ended if ended < 0 else ended), late
        for after in [one for one in stops if monotonic() - started > one]:
            os.kill(child, stops.pop(after))
            late = True
        sleep(0.002)


def _shown(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, min(size, MOST_SHOWN), 0).decode("utf-8", "replace")


def problems_of(command: str, words: Sequence[str], answer: Answer) -> Iterator[str]:
    """Say what is wrong with an answer."""
    serves = bool(_SERVING & {*command.split()})
    if answer.status == BUG:
        yield "a bug of ours"
    if answer.status > SIGNALLED and answer.status != INTERRUPTED:
        yield f"ended by signal {answer.status - SIGNALLED}"
    if answer.late and not serves:
        yield f"did not end within {PATIENCE_SECONDS:.0f} seconds"
    if "Traceback (most recent call last)" in answer.err + answer.out:
        yield "a traceback"
    for secret in (PASSPHRASE, PASSWORD):
        if secret in answer.out + answer.err:
            yield "a secret is shown"
    if answer.status and not answer.err:
        yield f"status {answer.status} without a word"
    if "\x1b" in answer.out + answer.err:
        yield "escapes of a terminal on what is none"
    if "--json" in words:
        yield from _no_json(answer)


def has_no_hint(answer: Answer) -> bool:
    """Return whether an error says nothing of what to do next."""
    as_json = '"error": ' in answer.err and '"hint": ""' in answer.err
    return as_json or ("error: " in answer.err and "hint: " not in answer.err)


def _no_json(answer: Answer) -> Iterator[str]:
    for stream in (answer.out, answer.err):
        for line in stream.splitlines():
            try:
                json.loads(line)
            except ValueError:
                yield f"is no JSON: {line[:80]!r}"
                break


if __name__ == "__main__":
    main()
