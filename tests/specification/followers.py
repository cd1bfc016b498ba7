"""A second reader of a custodian's pin, and of what changes it.

Written from ``custody-protocol.md`` and ``ledger.md``, "Who reads no entries", alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tests.specification import ledger
from tests.specification.pages import (
    ML_DSA,
    Document,
    base64_bytes,
    digest,
    exactly,
    must,
    read,
    verify,
    write,
)

MOST_PIN, MOST_ENTRY, MOST_SIZE = 4096, 4096, 2**63
SECOND = b"\xffstrongroom/ml-dsa-65"
FIRST_FORM, SECOND_FORM = (f"strongroom/custody-pin/v{n}" for n in (1, 2))


def pin(data: bytes) -> Document:
    """Return whom a custodian serves, and what it demands of checkpoints.

    Raises:
        RefusedError: It is no pin.
    """
    found = read(data, MOST_PIN)
    must(isinstance(found, dict), "a pin is an object")
    kinds: dict[str, type] = {"format": str, "room": str, "verifier": str}
    if found.get("format") == SECOND_FORM:
        found = exactly(found, second=str, above=int, **kinds)
        must(0 < found["above"] < MOST_SIZE, "a size")
        return found
    found = exactly(found, **kinds)
    must(found["format"] == FIRST_FORM, "another form")
    return found | {"second": "", "above": 0}


def follow(before: Document, shown: Document) -> bytes:
    """Return the pin after an entry that changes which signatures are carried.

    Args:
        before: From ``pin``.
        shown: The entry, its position, its inclusion proof, the checkpoint with the
            size and root that stand beside it, and the second key or nothing.

    Raises:
        RefusedError: It is not believed.
    """
    note, key = shown["note"], shown["second"]
    size, root = ledger.checkpoint(note, before["verifier"])
    must((size, root.hex()) == (shown["size"], shown["root"]), "another anchor")
    if before["second"] and size > before["above"]:
        check_second(note, before["second"], before["verifier"])
    entry, position = shown["entry"].encode(), shown["position"]
    siblings = [bytes.fromhex(text) for text in shown["siblings"]]
    must(above(entry, position, size, siblings) == root, "the entry is not there")
    must(position >= before["above"], "an entry from before the last change")
    document = read(entry, MOST_ENTRY)
    must(document["kind"] == "signatures.switched", "an entry of another kind")
    check_named(document["facts"], key, before["verifier"])
    if key and not before["second"]:
        check_second(note, key, before["verifier"])
    kept = {"room": before["room"], "verifier": before["verifier"]}
    return write(kept | {"format": SECOND_FORM, "second": key, "above": size})


def check_named(facts: Document, key: str, verifier: str) -> None:
    """Check that the entry names this second key, or ends them and none comes."""
    both = {"ed25519": False, "ed25519+ml-dsa-65": True}.get(facts["algorithms"])
    must(both is not None, "signatures that nobody knows")
    must(both == bool(key), "a key comes where two are demanded, and nowhere else")
    if key:
        public = second_key(key, verifier)[1]
        own = digest("strongroom/v1/key-id", ML_DSA, public).hex()
        must(facts["checkpoint"] == own, "the entry names another key")


def check_second(note: str, key: str, verifier: str) -> None:
    """Check that this second key signed the checkpoint too."""
    own_id, public = second_key(key, verifier)
    text, lines = ledger.signatures(note)
    origin = verifier.partition("+")[0]
    own = [raw for name, known, raw in lines if (name, known) == (origin, own_id)]
    must(own, "it lacks the second signature")
    for raw in own:
        verify(public, raw, text.encode(), ML_DSA)


def second_key(key: str, verifier: str) -> tuple[str, bytes]:
    """Return id and public key of a second key of the ledger."""
    words = key.split("+", 2)
    must(len(words) == 3, "a key is name+id+base64")
    name, own_id, raw = words[0], words[1], base64_bytes(words[2])
    must(name == verifier.partition("+")[0], "a key of another ledger")
    must(raw[: len(SECOND)] == SECOND, "a key of another kind")
    known = hashlib.sha256(f"{name}\n".encode() + raw).hexdigest()[:8]
    must(own_id == known, "the id is of another key")
    return own_id, raw[len(SECOND) :]


def above(entry: bytes, index: int, size: int, siblings: Sequence[bytes]) -> bytes:
    """Return the root over an entry; RFC 9162 section 2.1.3.2."""
    must(0 <= index < size, "an index outside of the ledger")
    node, place, last = ledger.leaf(entry), index, size - 1
    for sibling in siblings:
        must(last > 0, "too many hashes")
        if place & 1 or place == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        place, last = place >> 1, last >> 1
    must(last == 0, "too few hashes")
    return node
