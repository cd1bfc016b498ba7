"""Whether a permit is for this account, this version and these segments."""

from __future__ import annotations

from strongroom.access.sessions import Actor
from strongroom.errors import DeniedError
from strongroom.permits.opening import Opening
from strongroom.permits.permit import Permit
from strongroom.permits.selection import Selection


def check_names(permit: Permit, actor: Actor, opening: Opening) -> None:
    """Refuse names that the permit lacks before any manifest is read.

    Which segments there are is known to those who may know: a name that does not
    exist and one that is not permitted get the same answer.

    Raises:
        DeniedError: The permit is another account's, or lacks one of them.
    """
    known = {*permit.segments, *permit.segment_ids}
    if permit.account != actor.account or not set(opening.segments) <= known:
        raise DeniedError(
            "the permit is for another account, version or segments",
            hint="strongroom request NAME --segment S --purpose TEXT",
            reasons=("permit-matches",),
        )


def matches(permit: Permit, actor: Actor, chosen: Selection) -> bool:
    """Return whether the permit is for this account and exactly such segments."""
    if permit.account != actor.account:
        return False
    if permit.version is None:
        same_line = set(permit.roots) == set(chosen.artifact.roots)
        return same_line and {s.name for s in chosen.segments} <= set(permit.segments)
    return (permit.artifact, permit.version) == (
        chosen.artifact.id,
        chosen.version.number,
    ) and {s.id for s in chosen.segments} <= set(permit.segment_ids)
