"""Access reviews as rows: who keeps which membership and which role.

open ──keep────▶ keep
  ├───remove──▶ remove        taken away in the same commit
  └────due────▶ lapsed        nobody answered: taken away as well,
                              or spared, where nobody would be left to give it back
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.access import accounts, projects
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.projects import PROJECTS, Membership
from strongroom.access.sessions import close_all
from strongroom.access.teams import TEAMS
from strongroom.database import people_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import IntegrityError, MissingError
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, AccountKind, Role

_ROLE = "role:"
_TEAMS_OF_APPROVERS = 2
"""What ``init`` begins with: fewer could agree to no new approver."""


class ReviewState(StrEnum):
    """Whether a review still waits for answers, or for its due date."""

    OPEN = "open"
    CLOSED = "closed"


class Answer(StrEnum):
    """What was said about one membership or role."""

    OPEN = "open"
    KEEP = "keep"
    REMOVE = "remove"
    LAPSED = "lapsed"
    SPARED = "spared"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReview:
    """One review of everybody's access."""

    id: str
    revision: int = 1
    started_by: AccountId
    started_at: datetime
    due_at: datetime
    state: ReviewState = ReviewState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessItem:
    """One membership or role of one account.

    Attributes:
        id: Of the review and the item, with a ``/``.
        thing: Id of a project, or ``role:`` and the role.
    """

    id: str
    revision: int = 1
    review: str
    account: AccountId
    thing: str
    answer: Answer = Answer.OPEN
    answered_by: AccountId | None = None
    answered_at: datetime | None = None

    @property
    def role(self) -> Role | None:
        """The role that it is about; ``None`` for a membership."""
        return role_in(self.thing)


REVIEWS: GuardedTable[AccessReview] = GuardedTable(
    people_tables.access_reviews, AccessReview
)
ITEMS: GuardedTable[AccessItem] = GuardedTable(people_tables.access_items, AccessItem)


def role_thing(role: Role) -> str:
    """Return how an item names a role."""
    return f"{_ROLE}{role}"


def role_in(thing: str) -> Role | None:
    """Return the role that an item names, if it names one."""
    return Role(thing.removeprefix(_ROLE)) if thing.startswith(_ROLE) else None


def items_of(transaction: Transaction, review: AccessReview) -> list[AccessItem]:
    """Return every item of a review; the caller that writes has locked the review.

    Raises:
        IntegrityError: One was deleted, forged, altered or restored.
    """
    return ITEMS.find_all(transaction, prefix=f"{review.id}/")


def find_item(transaction: Transaction, id_or_start: str) -> AccessItem:
    """Return the item of this id, or of the only id that starts like this.

    Raises:
        MissingError: None or several do.
    """
    start = id_or_start.rpartition("/")[2].removeprefix("item-")
    column = ITEMS.columns.id
    found = ITEMS.find(transaction, column.contains(f"/item-{start}", autoescape=True))
    if len(found) != 1 or not start:
        raise MissingError(
            f"{len(found)} items of reviews start with {id_or_start[:80]!r}",
            hint="strongroom review access list",
        )
    return found[0]


def spared(people: Iterable[Account], account: Account, role: Role | None) -> bool:
    """Return whether nobody could give a role back once it is taken away.

    Args:
        people: Every account.
        account: Whose role it is.
        role: Which; ``None`` for a membership, which can always be given back.
    """
    if role not in (Role.ADMINISTRATOR, Role.APPROVER):
        return False
    left = [
        other
        for other in people
        if other.id != account.id
        and other.kind is AccountKind.PERSON
        and other.state is AccountState.ACTIVE
        and role in other.roles
    ]
    if role is Role.ADMINISTRATOR:
        return not left
    return len({other.team for other in left}) < _TEAMS_OF_APPROVERS


def take_away(writing: Writing, item: AccessItem, *, by: AccountId | None) -> None:
    """Take a membership or a role away, and end the account's sessions.

    What the account no longer has, since somebody took it away meanwhile, is left.

    Raises:
        IntegrityError: A row was forged, altered or restored.
    """
    account = ACCOUNTS.get(writing, item.account, lock=True)
    if item.role is None:
        project = PROJECTS.get(writing, item.thing)
        projects.set_member(writing, project, account, Membership.REMOVED, by=by)
    elif item.role in account.roles:
        accounts.change_roles(
            writing,
            account,
            team=TEAMS.get(writing, account.team),
            roles=[role for role in account.roles if role is not item.role],
            request=None,
            by=by,
        )
    close_all(writing, account.id, why="access review", by=by)


def check_open(review: AccessReview, item: AccessItem) -> None:
    """Refuse a row that belongs to another review.

    Raises:
        IntegrityError: It does.
    """
    if item.review != review.id or not item.id.startswith(f"{review.id}/"):
        raise IntegrityError(f"{item.id} stands in another review")
