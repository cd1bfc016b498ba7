"""Recording what people know: courses by administrators, texts by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strongroom.access.accounts import ACCOUNTS, Account, find_account
from strongroom.access.breakglass import BREAK_GLASS, GlassState
from strongroom.access.gate import Gate
from strongroom.access.person_terms import is_text
from strongroom.access.policy import Resource
from strongroom.access.projects import PROJECTS, owners, projects_of
from strongroom.access.sessions import Actor, verify_actor
from strongroom.access.teams import TEAMS
from strongroom.access.training import (
    TRAINING,
    Training,
    TrainingKind,
    lacking,
    training_of,
)
from strongroom.database.times import format_time
from strongroom.errors import ConflictError, InputError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """An account with all that decisions read of it.

    Attributes:
        team: Its name.
        projects: Names.
        owns: Names of those of them that the account owns.
        training: What the person took and acknowledged.
        lacking: What their roles ask for and they lack now.
        reviews: Openings past the approvals that still owe a review.
    """

    account: Account
    team: str
    projects: tuple[str, ...]
    owns: tuple[str, ...]
    training: tuple[Training, ...]
    lacking: tuple[str, ...]
    reviews: int


class TrainingRecords:
    """Records what people know."""

    def __init__(self, gate: Gate) -> None:
        """Wire the shell."""
        self._gate = gate
        self._ledger = gate.ledger

    def add(self, actor: Actor, name: str, course: str, *, until: datetime) -> Training:
        """Record that somebody took a course, which counts until then.

        Raises:
            InputError: Nothing asks for the course, or it would be over already.
            MissingError: There is no such account.
            DeniedError: The actor may not record it.
        """
        self._check_known(course, text=False)
        with (
            self._gate.recording_refusals(actor, "training:record", name),
            self._ledger.transaction() as writing,
        ):
            if until <= writing.now:
                raise InputError(
                    f"{until:%Y-%m-%d %H:%M} UTC is over", hint="--until 2027-06-30"
                )
            account = self._recording(writing, actor, name)
            row = _put(writing, actor, account, course, until)
            writing.append(_recorded(actor, row))
        return row

    def remove(self, actor: Actor, name: str, course: str) -> Training:
        """Let a course count no longer, from now on.

        Raises:
            ConflictError: It does not count now.
            MissingError: There is no such account.
            DeniedError: The actor may not record it.
        """
        with (
            self._gate.recording_refusals(actor, "training:record", name),
            self._ledger.transaction() as writing,
        ):
            account = self._recording(writing, actor, name)
            known = {row.name: row for row in training_of(writing, account)}
            row = known.get(course)
            if row is None or row.until is None or row.until <= writing.now:
                raise ConflictError(
                    f"{course[:80]} does not count for {account.name} now",
                    hint=f"strongroom account show {account.name}",
                )
            row = _put(writing, actor, account, course, writing.now)
            writing.append(_recorded(actor, row))
        return row

    def acknowledge(self, actor: Actor, digest: str) -> Training:
        """Record that the actor knows the text of this digest.

        Raises:
            InputError: Nothing asks for such a text.
            DeniedError: The actor may not act.
        """
        self._check_known(digest, text=True)
        with (
            self._gate.recording_refusals(actor, "training:acknowledge", actor.account),
            self._ledger.transaction() as writing,
        ):
            resource = Resource(kind="Account", id=actor.account)
            account = self._gate.require(
                writing, actor, "training:acknowledge", resource
            )
            row = _put(writing, actor, account, digest, None)
            writing.append(
                actor.event(
                    "training.acknowledged", {"account": row.account, "digest": digest}
                )
            )
        return row

    def show(self, actor: Actor, name: str) -> Profiled:
        """Return an account with all that decisions read of it.

        Raises:
            MissingError: There is no such account.
            DeniedError: It is somebody else's, and the actor neither administers,
                approves, audits nor watches.
        """
        with (
            self._gate.recording_refusals(actor, "training:read", name),
            self._ledger.reading() as reading,
        ):
            verify_actor(reading, actor, now=reading.now)
            account = find_account(reading, name)
            resource = Resource(kind="Account", id=account.id)
            self._gate.require(reading, actor, "training:read", resource)
            asked = self._gate.terms.training.asked_of(account.roles, None)
            mine = projects_of(reading, account.id)
            owned = {o.project for o in owners(reading) if o.account == account.id}
            called = {project.id: project.name for project in PROJECTS.find(reading)}
            owed = BREAK_GLASS.find(
                reading,
                BREAK_GLASS.columns.account == account.counts_as,
                BREAK_GLASS.columns.state == GlassState.OPEN,
            )
            return Profiled(
                account=account,
                team=TEAMS.get(reading, account.team).name,
                projects=tuple(sorted(called[project] for project in mine)),
                owns=tuple(sorted(called[project] for project in owned)),
                training=tuple(training_of(reading, account)),
                lacking=tuple(lacking(reading, account, asked, now=reading.now)),
                reviews=len(owed),
            )

    def _recording(self, writing: Writing, actor: Actor, name: str) -> Account:
        account = find_account(writing, name)
        resource = Resource(kind="Account", id=account.id)
        self._gate.require(writing, actor, "training:record", resource)
        return ACCOUNTS.get(writing, account.counts_as, lock=True)

    def _check_known(self, name: str, *, text: bool) -> None:
        """Refuse a name that nothing asks for: it would be a typing error."""
        known = [n for n in self._gate.terms.training.known if is_text(n) is text]
        if name not in known:
            what = "text" if text else "course"
            listed = ", ".join(sorted(known)) or "nothing, see [PROFILE.training]"
            raise InputError(
                f"nothing asks for the {what} {name[:80]!r}",
                hint=f"terms.toml asks for: {listed}",
            )


def _put(
    writing: Writing,
    actor: Actor,
    account: Account,
    name: str,
    until: datetime | None,
) -> Training:
    """Write one row, or its next revision."""
    row_id = f"{account.counts_as}/{name}"
    found = TRAINING.find(writing, TRAINING.columns.id == row_id, lock=True)
    if found:
        return TRAINING.replace(
            writing,
            found[0],
            until=until,
            added_by=actor.account,
            added_at=writing.now,
        )
    return TRAINING.insert(
        writing,
        Training(
            id=row_id,
            account=account.counts_as,
            kind=TrainingKind.TEXT if until is None else TrainingKind.COURSE,
            name=name,
            until=until,
            added_by=actor.account,
            added_at=writing.now,
        ),
    )


def _recorded(actor: Actor, row: Training) -> Event:
    return actor.event(
        "training.recorded",
        {
            "account": row.account,
            "course": row.name,
            "until": format_time(row.until) if row.until else None,
        },
        subject=row.account,
    )
