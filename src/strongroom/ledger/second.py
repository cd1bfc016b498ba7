"""The second signature of checkpoints: by ML-DSA-65, once the room demands it.

An entry switches it on or off.  Every checkpoint over that entry, and every later
one, carries both signatures until an entry switches it off again; the checkpoint
over that last one still carries both, so that each switch is covered by what was
demanded before it.

The line of the second signature stands under the ledger's own name with another key
id, so readers that do not know it pass over it.

Source: C2SP signed-note v1.0.0 (types without an assigned byte); FIPS 204.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from strongroom import canonical
from strongroom.crypto.mldsa import ML_DSA_65, MlDsaKey, MlDsaSigner
from strongroom.crypto.signing import ED25519
from strongroom.database import tables
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.events import MAX_ENTRY_BYTES
from strongroom.ledger.note import (
    SignatureLine,
    canonical_base64,
    key_id,
    key_text,
    split_note,
)

SWITCHED = "signatures.switched"
ONE, BOTH = ED25519, f"{ED25519}+{ML_DSA_65}"
"""What the room's checkpoints and manifests carry."""

TYPE = b"\xffstrongroom/ml-dsa-65"
"""No byte is assigned to ML-DSA-65; after 0xff follows a longer name."""

_AT_MOST_KEY_TEXT = 4096
_FACTS = ("algorithms", "checkpoint", "manifest")

_ENTRIES = tables.entries.c
# Not ordered: with a limit a database may walk all entries backwards for the few
# there are of this kind.
_SWITCHES = sa.select(_ENTRIES.id, _ENTRIES.position, _ENTRIES.body).where(
    _ENTRIES.kind == SWITCHED
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Whether two signatures are demanded, and by which second keys.

    Attributes:
        both: Whether two are.
        checkpoint: Digest of the second key of checkpoints.
        manifest: Digest of that of manifests.
    """

    both: bool
    checkpoint: str
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """An entry that says which signatures are demanded from it on.

    Attributes:
        id: Of the entry.
        position: Its index; ``None`` while it waits for one.
        body: Its bytes.
        demand: Which are.
    """

    id: int
    position: int | None
    body: bytes
    demand: Demand


def second_key_text(origin: str, key: MlDsaKey) -> str:
    """Return ``name+hash+base64`` of the second key, as outsiders keep it."""
    return key_text(origin, TYPE, key.raw)


def parse_second_key(text: str, origin: str) -> MlDsaKey:
    """Return the key that ``second_key_text`` wrote, in exactly that form.

    Raises:
        InputError: It is in another form, of another kind, or of another ledger.
    """
    # Base64 may hold a plus, a name and the hash may not.
    encoded = text[:_AT_MOST_KEY_TEXT].partition("+")[2].partition("+")[2]
    try:
        raw = canonical_base64(encoded, at_most_bytes=_AT_MOST_KEY_TEXT)
        key = MlDsaKey(raw.removeprefix(TYPE))
    except (IntegrityError, InputError):
        raise InputError(
            "a second key is name+hash+base64, of ML-DSA-65",
            hint="the file second-key of an export has it",
        ) from None
    if second_key_text(origin, key) != text:
        raise InputError(f"the second key is another ledger's than {origin}")
    return key


def second_line(text: str, origin: str, signer: MlDsaSigner) -> str:
    """Return the signature line of the second key over the text of a note."""
    signature = signer.sign_bytes(text.encode())
    id_ = key_id(origin, TYPE, signer.public.raw)
    return SignatureLine(name=origin, key_id=id_, signature=signature).text()


def verify_second(note: str, origin: str, key: MlDsaKey) -> None:
    """Check that the second key signed a note too.

    Raises:
        IntegrityError: It did not, or one of its signatures is wrong.
    """
    found = split_note(note)
    lines = found.signed_by(origin, key_id(origin, TYPE, key.raw))
    if not lines:
        raise IntegrityError(
            f"the checkpoint lacks the second signature, by {key.key_id}",
            hint="somebody took it away; or open the room again, if it was switched"
            " off meanwhile",
        )
    for line in lines:
        key.verify_bytes(line.signature, found.text.encode())


def switches(connection: sa.Connection) -> list[Switch]:
    """Return every switch there is, the newest first; nothing of them is verified.

    Raises:
        IntegrityError: One is not understood.
    """
    rows = connection.execute(_SWITCHES).all()
    found = [
        Switch(
            id=row.id, position=row.position, body=row.body, demand=demand_of(row.body)
        )
        for row in rows
    ]
    return sorted(found, key=lambda switch: switch.id, reverse=True)


def second_signer(connection: sa.Connection, before: int) -> str | None:
    """Return the second key that signs a checkpoint which is about to be made.

    Args:
        connection: Of the transaction that makes it, its entries written.
        before: How many entries the checkpoint before it covers.

    Returns:
        Its digest: of the key that was demanded before, else of the first that is
        demanded since; ``None`` if neither is.

    Raises:
        IntegrityError: A switch is not understood.
    """
    found = None
    for switch in switches(connection):
        if switch.demand.both:
            found = switch.demand.checkpoint
        if switch.position is not None and switch.position < before:
            break  # whatever it ended, ended with that checkpoint
    return found


def in_force(connection: sa.Connection) -> str | None:
    """Return the second key that signs a manifest now, if one does.

    Returns:
        Its digest; ``None`` if one signature is enough.

    Raises:
        IntegrityError: A switch is not understood.
    """
    newest = newest_demand(connection)
    return newest.manifest if newest is not None and newest.both else None


def newest_demand(connection: sa.Connection) -> Demand | None:
    """Return what the newest switch demands; ``None`` before the first.

    Raises:
        IntegrityError: A switch is not understood.
    """
    return next((switch.demand for switch in switches(connection)), None)


def demand_of(body: object) -> Demand:
    """Return what the entry with these bytes demands.

    Raises:
        IntegrityError: It is not understood.
    """
    # SQLite keeps values of any type in any column.
    if not isinstance(body, bytes):
        raise IntegrityError("an entry about signatures is not what a room writes")
    document = canonical.from_json(body, at_most_bytes=MAX_ENTRY_BYTES)
    if not isinstance(document, Mapping) or document.get("kind") != SWITCHED:
        raise IntegrityError("the entry is not about signatures")
    facts = document.get("facts")
    found = facts if isinstance(facts, Mapping) else {}
    algorithms, checkpoint, manifest = (found.get(n) for n in _FACTS)
    if algorithms not in (ONE, BOTH):
        raise IntegrityError(f"nobody knows signatures {str(algorithms)[:40]!r}")
    return Demand(
        both=algorithms == BOTH, checkpoint=str(checkpoint), manifest=str(manifest)
    )
