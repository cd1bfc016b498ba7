"""The page about the command line: what ``--help`` says of every command."""

from __future__ import annotations

from typer.core import TyperCommand

from strongroom.cli.commands import leaves_of, load
from strongroom.cli.sections import SECTIONS, Leaf

WIDTH = 80
SHARED = "Options of every command:"

BEGINNING = """# Commands

Every command of `strongroom`, as its `--help` shows it, and what all of them share.

**Which room.** The folder that `--room` or `STRONGROOM_ROOM` names; else `room` in the
current folder if it is one; else the one in your data folder, which `strongroom init`
makes unless you name another.

**Secrets.** Passphrases and passwords are typed, or come from a file (`-` is standard
input, one line for each), or from a descriptor. `STRONGROOM_PASSPHRASE_FILE` names a
file, or several with `:` between them. A secret is never an argument and never the
value of a variable. `DOMAIN=FILE` is for one custody domain; what has none stays
locked. `ledger verify`, `prove` and `export` also work on a locked room.

**Who acts.** In a `solo` room whoever has its passphrase; else whoever logged in. The
token rests in `$XDG_RUNTIME_DIR/strongroom`, or in your state folder, readable by you
only.

**Answers.** `--json` gives one JSON document, and one a line for lists. Notes and
progress go to standard error. An error is `strongroom: error:` and, after
`strongroom: hint:`, the next thing to type. The exit status says of which
[kind](errors.md) it is; besides, 64 is a command typed wrongly, 70 a bug of ours, 74
a file that cannot be read or written, and 130 an interrupt.
"""


def page() -> str:
    """Return the page."""
    parts = [BEGINNING, _shared_options()]
    for section, nodes in SECTIONS.items():
        parts.append(f"\n## {section}\n")
        parts += [_entry(words, leaf) for words, leaf in leaves_of(nodes)]
    return "".join(parts)


def _shared_options() -> str:
    help_text = _help(("model", "list"), Leaf("models:list_", ""))
    _, _, shared = help_text.partition(SHARED)
    return f"\n```text\n{SHARED}{shared.rstrip()}\n```\n"


def _entry(words: tuple[str, ...], leaf: Leaf) -> str:
    own, _, _ = _help(words, leaf).partition(SHARED)
    return f"\n### strongroom {' '.join(words)}\n\n```text\n{own.rstrip()}\n```\n"


def _help(words: tuple[str, ...], leaf: Leaf) -> str:
    command: TyperCommand = load(words[-1], leaf)
    path = " ".join(("strongroom", *words))
    context = command.context_class(command, info_name=path, terminal_width=WIDTH)
    return command.get_help(context)
