"""Erasing what a person was called and typed, after they left."""

from __future__ import annotations

from typing import Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call

OLD_COPIES = (
    "not reached: backups, exports with --private, and copies made before;"
    " see docs/how-to/erase-a-person.md"
)


def erase(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")],
) -> None:
    """Erase name and free text of somebody who has left; proofs and exposure stay.

    In standard an approver of another team has to agree.  After a first time that
    said so, the same again makes the bytes leave the files.

    Example: strongroom account erase ada
    """
    from strongroom.access.accounts import find_account
    from strongroom.access.erasure import is_erased
    from strongroom.cli.requests import request_document

    with call.open() as room:
        with room.room.ledger.reading() as reading:
            account = find_account(reading, name)
        if is_erased(account):
            room.room.persons.erasures.scrub()
            call.output.say(
                {"account": account.id, "erased": True},
                f"{account.id} was erased; its bytes left the database's files",
                OLD_COPIES,
            )
            return
        request = room.room.persons.erasures.ask(room.actor, name)
    done = request.state == "approved"
    call.output.say(
        {**request_document(request), "erased": done},
        f"name and text of {account.id} are erased"
        if done
        else words.waits(request.id, request.approvals, request.distinct_teams),
        OLD_COPIES,
    )
