"""Where the command line begins, and how every error ends it."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn

from strongroom.cli import interrupts

if TYPE_CHECKING:
    from typer.exceptions import TyperException

USAGE: Final = 64  # EX_USAGE: the command was typed wrongly
BUG: Final = 70  # EX_SOFTWARE: an error that is none of ours
IO_ERROR: Final = 74  # EX_IOERR: a file could not be read or written
INTERRUPTED: Final = 130  # what shells say of SIGINT
OBJECTS: Final = 50_000  # 700 is Python's own: 100 ms of looking at what is imported
STOPPED: Final = "interrupted; nothing is half done"


def main() -> NoReturn:
    """Do what the words of this process say, and end it."""
    interrupts.deliver_always()
    gc.set_threshold(OBJECTS)
    # What libraries remark while an error travels is not for whoever typed; psycopg
    # warns of each pipeline that a conflict ends.  The error itself is told.
    logging.lastResort = None
    status = run()
    interrupts.ignore()
    gc.freeze()  # else Python looks through it all once more at its end: 150 ms
    sys.exit(status)


def run(words: Sequence[str] | None = None) -> int:
    """Do what ``words`` say and return the exit status.

    Args:
        words: Without the program's name; those of the process unless given.
    """
    arguments = list(sys.argv[1:] if words is None else words)
    ending = Ending(arguments)
    with ending:  # imports too: an interrupt may come at any moment
        from strongroom.cli.commands import whole_command

        status = whole_command().main(
            arguments, prog_name="strongroom", standalone_mode=False
        )
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        ending.status = status if isinstance(status, int) else 0
        sys.stdout.flush()  # a pipe that broke shows here, not at exit
    return ending.status


class Ending:
    """Turns whatever ends a command into two lines and an exit status."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        """Show a traceback of our own mistakes only with ``--debug``.

        Args:
            words: What was typed.
        """
        self.status = 0
        self._words = words
        self._debug = "--debug" in words
        self._json = "--json" in words

    def __enter__(self) -> Ending:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Say what went wrong on standard error and keep the status."""
        if error is None or isinstance(error, GeneratorExit):
            return False
        self.status = self._explain(error)
        return True

    def _explain(self, error: BaseException) -> int:  # noqa: PLR0911  a table
        if isinstance(error, KeyboardInterrupt):
            if sys.stderr.isatty() and not self._json:
                sys.stderr.write("\n")  # after the prompt, or the ^C of the terminal
            return self._complain(error, INTERRUPTED, STOPPED)
        from typer.exceptions import Abort, Exit, TyperException

        from strongroom.cli.output import exit_status
        from strongroom.errors import IntegrityError, StrongroomError

        if isinstance(error, StrongroomError):
            hint = error.hint
            if not isinstance(error, IntegrityError):  # no example helps there
                hint = hint or help_hint(self._words)
            return self._complain(error, exit_status(error), str(error), hint)
        if isinstance(error, Exit | SystemExit):
            code = error.exit_code if isinstance(error, Exit) else error.code
            return code if isinstance(code, int) else int(code is not None)
        if isinstance(error, Abort):
            return self._explain(KeyboardInterrupt())
        if type(error).__name__ == "NoArgsIsHelpError":  # typer's; it is private there
            sys.stderr.write(f"{error}\n")
            return USAGE
        if isinstance(error, TyperException):
            return self._complain(error, USAGE, usage_problem(error), usage_hint(error))
        if isinstance(error, BrokenPipeError):
            # Whoever read our output stopped; say nothing at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        if isinstance(error, OSError):
            where = f"{error.filename}: " if error.filename else ""
            problem = f"{where}{error.strerror or type(error).__name__}"
            return self._complain(error, IO_ERROR, problem, help_hint(self._words))
        return self._admit(error)

    def _admit(self, error: BaseException) -> int:
        """Say that it is our mistake, and where; never with values of variables."""
        import traceback

        if self._debug:
            traceback.print_exception(error)
        frames = traceback.extract_tb(error.__traceback__)
        last = frames[-1] if frames else None
        place = f" at {os.path.basename(last.filename)}:{last.lineno}" if last else ""
        return self._complain(
            error,
            BUG,
            f"this is a bug in Strongroom: {type(error).__name__}{place}",
            "" if self._debug else "repeat it with --debug and report what it prints",
        )

    def _complain(
        self, error: BaseException, status: int, problem: str, hint: str = ""
    ) -> int:
        """Write what went wrong, and what to do next, to standard error."""
        if self._json:
            import json

            document = {
                "error": problem,
                "hint": hint,
                "kind": type(error).__name__,
                "reasons": list(getattr(error, "reasons", ())),
                "status": status,
            }
            sys.stderr.write(json.dumps(document) + "\n")
            return status
        for label, text in (("error", problem), ("hint", hint)):
            if text:
                sys.stderr.write(f"strongroom: {label}: {one_line(text)}\n")
        return status


def one_line(text: str) -> str:
    """Return ``text`` on one line without control characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def usage_problem(error: TyperException) -> str:
    """Return what was typed wrongly, in our form of a sentence."""
    meant = getattr(error, "possibilities", None)
    said = error.message if meant else error.format_message()
    text = said.strip().rstrip(".").replace("Value error, ", "")
    if meant:
        text += f"; did you mean {meant[0]}?"
    return text[0].lower() + text[1:]


def help_hint(words: Sequence[str]) -> str:
    """Return where to read about the command that ``words`` call; empty if none."""
    from strongroom.cli.commands import every_leaf

    for command, _ in every_leaf():
        if tuple(words[: len(command)]) == command:
            return f"strongroom {' '.join(command)} --help shows an example"
    return ""


def usage_hint(error: TyperException) -> str:
    """Return how to find out what the command takes."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "strongroom"
    return f"{path} --help"
