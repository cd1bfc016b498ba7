"""A second reader of entries, checkpoints, cosignatures and policies.

Written from ``ledger.md`` and ``witness.md`` alone.
"""

from __future__ import annotations

import hashlib
import re

from tests.specification.pages import (
    TIME,
    Document,
    base64_bytes,
    digest,
    exactly,
    hexadecimal,
    must,
    read,
    verify,
)

MOST_ENTRY, MOST_PRIVATE, MOST_ATTACHED = 4096, 16 << 10, 4 << 20
MOST_NOTE, MOST_LINES, MOST_NAME = 128 << 10, 64, 255
MOST_POLICY, MOST_OF_EACH = 64 << 10, 64
LEDGER, WITNESS = b"\x01", b"\x04"
MOST_SIZE = 2**63 - 1
DASH = "\N{EM DASH}"

# --- ledger.md: entries -----------------------------------------------------------


def entry(data: bytes) -> Document:
    """Return an entry.

    Raises:
        RefusedError: It breaks a rule of the page.
    """
    parsed = read(data, MOST_ENTRY)
    must(isinstance(parsed, dict), "an entry is an object")
    kinds: dict[str, type] = {"v": int, "kind": str, "at": str, "facts": dict}
    for name in ("actor", "session"):
        kinds[name] = type(parsed.get(name))
        must(kinds[name] in (str, type(None)), f"{name} is of another kind")
    more = {"basis": dict, "private": str, "attached": str}
    kinds |= {name: kind for name, kind in more.items() if name in parsed}
    found = exactly(parsed, rows=list, **kinds)
    must(found["v"] == 1, "another version")
    must(TIME.fullmatch(found["at"]), "a time has one form")
    for name in ("private", "attached"):
        hexadecimal(found.get(name, "00" * 32), 32)
    check_rows(found)
    return found


def check_rows(found: Document) -> None:
    """Refuse an entry that does not say clearly which rows changed and were read."""
    stated = found.get("basis", {"counted": [], "seen": 0, "used": []})
    sets = "reads" if "reads" in stated else "counted"  # the one of old, or of today
    basis = exactly(stated, seen=int, used=list, **{sets: list})
    for several, kinds in (
        (found["rows"], [str, str, int, str]),
        (basis[sets], [str, str, int, str]),
        (basis["used"], [str, str, int]),
    ):
        for one in several:
            must(isinstance(one, list), "a row is a list")
            must([type(cell) for cell in one] == kinds, "a row has other cells")
            if kinds[-1] is str:
                hexadecimal(one[-1], 32)


def leaf(data: bytes) -> bytes:
    """Return the leaf hash of an entry."""
    return hashlib.sha256(b"\0" + data).digest()


def private(found: Document, shown: bytes) -> Document:
    """Return the erasable text that an entry committed to.

    Args:
        found: The entry.
        shown: The file ``private/<index>.json`` of an export.

    Raises:
        RefusedError: It is not what the entry committed to.
    """
    file = exactly(read(shown, 2 * MOST_PRIVATE), payload=str, salt=str)
    salt, text = hexadecimal(file["salt"], 32), file["payload"].encode()
    own = digest("strongroom/v1/private", salt, text).hex()
    must(found.get("private") == own, "the entry did not commit to this")
    return dict(read(text, MOST_PRIVATE))


def whole(found: Document, attached: bytes | None) -> Document:
    """Return an entry with the lists that its attached document has, if it has one."""
    if attached is None:
        must("attached" not in found, "its attached document is missing")
        return found
    own = digest("strongroom/v1/attached", attached).hex()
    must(found.get("attached") == own, "the entry does not name this document")
    more = read(attached, MOST_ATTACHED)
    must(isinstance(more, dict) and {"facts", "rows"} <= more.keys(), "a document")
    must(more.keys() <= {"basis", "facts", "rows"}, "a document has other fields")
    must(not found["rows"] and "basis" not in found, "its lists stand beside it")
    joined: Document = found | more | {"facts": found["facts"] | more["facts"]}
    check_rows(joined)
    return joined


# --- ledger.md: signed notes --------------------------------------------------------


def key_of(text: str, kind: bytes) -> tuple[str, str, bytes]:
    """Return name, id and public key of a ledger or a witness.

    Raises:
        RefusedError: It is in another form, or a key of another kind.
    """
    name, plus, rest = text.strip().partition("+")
    own, second, encoded = rest.partition("+")
    raw = base64_bytes(encoded)
    must(plus and second and is_name(name), "a key is name+id+base64")
    must(raw[:1] == kind and len(raw) == 33, "a key of another kind")
    known = hashlib.sha256(f"{name}\n".encode() + raw).hexdigest()[:8]
    must(own == known, "the id is of another key")
    return name, own, raw[1:]


def is_name(name: str) -> bool:
    """Return whether a note takes this for the name of a key."""
    fits = 0 < len(name) <= MOST_NAME and name.isprintable()
    return fits and not re.search(r"[\s+]", name)


def signatures(note: str) -> tuple[str, list[tuple[str, str, bytes]]]:
    """Return what a note signs, and name, key id and signature of each line."""
    must(len(note) <= MOST_NOTE, "a note is too long")
    must(not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff]", note), "control characters")
    text, gap, below = note.rpartition("\n\n")
    must(text and gap and below.endswith("\n"), "a note without signatures")
    lines = below[:-1].split("\n")
    must(len(lines) <= MOST_LINES, "too many signatures")
    return text + "\n", [signature_line(line) for line in lines]


def signature_line(line: str) -> tuple[str, str, bytes]:
    """Return name, key id and signature in a line."""
    words = line.split(" ")
    must(len(words) == 3 and words[0] == DASH, "a signature line has three words")
    raw = base64_bytes(words[2])
    must(is_name(words[1]) and len(raw) > 4, "a signature line is malformed")
    return words[1], raw[:4].hex(), raw[4:]


def checkpoint(note: str, key: str) -> tuple[int, bytes]:
    """Return size and root of the ledger that signed a note.

    Raises:
        RefusedError: It did not, or the note is malformed.
    """
    origin, own_id, public = key_of(key, LEDGER)
    text, lines = signatures(note)
    own = [raw for name, known, raw in lines if (name, known) == (origin, own_id)]
    must(own, "this ledger did not sign it")
    for raw in own:
        must(len(raw) == 64, "a signature has 64 bytes")
        verify(public, raw, text.encode())
    parts = text.split("\n")
    must(len(parts) == 4 and parts[0] == origin, "origin, size and root")
    must(re.fullmatch("0|[1-9][0-9]{0,18}", parts[1]), "a size")
    size, root = int(parts[1]), base64_bytes(parts[2])
    must(size <= MOST_SIZE and len(root) == 32, "a size or a root")
    must(size or root == hashlib.sha256().digest(), "an empty ledger has one root")
    return size, root


# --- witness.md -------------------------------------------------------------------


def cosigned(note: str, key: str) -> list[int]:
    """Return when a witness signed a note, in seconds since 1970.

    Raises:
        RefusedError: The note is malformed, or one of its lines is wrong.
    """
    name, own_id, public = key_of(key, WITNESS)
    text, lines = signatures(note)
    times = []
    for who, known, raw in lines:
        if (who, known) == (name, own_id):
            seconds = int.from_bytes(raw[:8], "big")
            must(len(raw) == 72 and seconds <= MOST_SIZE, "a cosignature")
            message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
            verify(public, raw[8:], message)
            times.append(seconds)
    return times


class Policy:
    """What a policy file says."""

    def __init__(self, data: bytes) -> None:
        """Read every line.

        Raises:
            RefusedError: One breaks a rule.
        """
        must(len(data) <= MOST_POLICY, "too long")
        must(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data), "control characters")
        self.logs: list[bytes] = []
        self.witnesses: dict[str, bytes] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum = ""
        for line in data.decode().split("\n"):
            words = re.split("[ \t]+", line.strip(" \t"))
            if words != [""] and not words[0].startswith("#"):
                self._take(words)
        must(self.quorum, "no quorum")

    def met_by(self, signed: list[bytes]) -> bool:
        """Return whether these public keys are enough."""
        met = {name for name, key in self.witnesses.items() if key in signed}
        for name, (least, members) in self.groups.items():
            if len(met & set(members)) >= least:
                met.add(name)
        return self.quorum == "none" or self.quorum in met

    def _take(self, words: list[str]) -> None:
        counts = {"log": (2, 3), "witness": (3, 4), "quorum": (2, 2)}
        least, most = counts.get(words[0], (4, len(words)))
        must(words[0] in (*counts, "group"), "an unknown word")
        must(least <= len(words) <= most, "too few words, or too many")
        {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }[words[0]](words[1:])
        kinds = (self.logs, self.witnesses, self.groups)
        must(max(map(len, kinds)) <= MOST_OF_EACH, "too many of a kind")

    def _log(self, words: list[str]) -> None:
        public = key_of(words[0], LEDGER)[2]
        must(public not in (*self.logs, *self.witnesses.values()), "a key twice")
        self.logs.append(public)

    def _witness(self, words: list[str]) -> None:
        self._new(words[0])
        public = key_of(words[1], WITNESS)[2]
        must(public not in (*self.logs, *self.witnesses.values()), "a key twice")
        self.witnesses[words[0]] = public

    def _group(self, words: list[str]) -> None:
        name, asked, *members = words
        self._new(name)
        used = [x for _, others in self.groups.values() for x in others]
        for member in members:
            must(member in {*self.witnesses, *self.groups}, "a member is not above")
            must(member not in used and members.count(member) == 1, "a member twice")
        number = {"any": "1", "all": str(len(members))}.get(asked, asked)
        must(re.fullmatch("[1-9][0-9]{0,2}", number), "a number")
        must(int(number) <= len(members), "more than there are")
        self.groups[name] = int(number), members

    def _quorum(self, words: list[str]) -> None:
        must(not self.quorum, "two quorums")
        must(words[0] in {"none", *self.witnesses, *self.groups}, "nobody above")
        self.quorum = words[0]

    def _new(self, name: str) -> None:
        must(name not in {"none", *self.witnesses, *self.groups}, "a name twice")
