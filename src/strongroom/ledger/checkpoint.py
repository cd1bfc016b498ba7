"""Checkpoints: the size and root of the ledger, signed so that others can keep them.

A checkpoint is a signed note: text, an empty line, one line per signature.  The
ledger's own line must be there and verify; lines of others, such as witnesses,
stay in the note and are ignored here.

Source: C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.tree import AT_MOST_ENTRIES, EMPTY_ROOT, HASH_BYTES

ED25519_TYPE = b"\x01"
"""Signature type of plain Ed25519 in signed notes."""

AT_MOST_NOTE_BYTES = 128 << 10
"""Room for the 16 signatures that every reader must accept, post-quantum ones
of 5 kB included."""

AT_MOST_SIGNATURES = 64
_AT_MOST_NAME_BYTES = 255
_AT_MOST_DIGITS = 19  # of a signed 64-bit integer
_PUBLIC_BYTES = 32
_SIGNATURE_BYTES = 64
_KEY_ID_BYTES = 4
_DASH = "\N{EM DASH} "

Sign: TypeAlias = Callable[[bytes], bytes]
"""Gives the raw 64-byte Ed25519 signature over a message."""

Verify: TypeAlias = Callable[[bytes, bytes], None]
"""``verify(signature, message)`` raises IntegrityError when they do not match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The public key of a ledger under its name, as outsiders keep it.

    Attributes:
        origin: Name of the ledger, such as ``strongroom.example/room-7``.
        public: The 32-byte Ed25519 public key.
    """

    origin: str
    public: bytes

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            InputError: The origin is no key name or the key is not 32 bytes.
        """
        if not _is_name(self.origin):
            raise InputError(f"{self.origin[:80]!r} cannot name a ledger")
        if len(self.public) != _PUBLIC_BYTES:
            raise InputError(f"an Ed25519 public key is {_PUBLIC_BYTES} bytes")

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that tell keys of one name apart; not a digest to trust."""
        content = self.origin.encode() + b"\n" + ED25519_TYPE + self.public
        return hashlib.sha256(content).digest()[:_KEY_ID_BYTES]

    def text(self) -> str:
        """Return ``origin+hash+base64``, which an outsider compares and keeps."""
        encoded = base64.b64encode(ED25519_TYPE + self.public).decode()
        return f"{self.origin}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def from_text(cls, text: str) -> VerifierKey:
        """Return the key that ``text`` wrote, which must be in that form exactly.

        Raises:
            InputError: It is no verifier key, or not one for Ed25519.
        """
        # Base64 may hold a plus, a name and the hash may not.
        origin, _, rest = text[:1024].strip().partition("+")
        _, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
            key = cls(origin=origin, public=raw[1:])
        except ValueError:
            raise InputError("a verifier key is origin+hash+base64") from None
        if key.text() != text.strip():
            raise InputError("the hash in the verifier key does not fit its key")
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One signature of a note, by whomever; verified or not.

    Attributes:
        name: Name of the key.
        key_id: 4 bytes that tell keys of one name apart.
        signature: As its type prescribes; for Ed25519 64 bytes.
    """

    name: str
    key_id: bytes
    signature: bytes

    def text(self) -> str:
        """Return the line, its newline included."""
        encoded = base64.b64encode(self.key_id + self.signature).decode()
        return f"{_DASH}{self.name} {encoded}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What the ledger was at one moment.

    Attributes:
        origin: Name of the ledger.
        size: How many entries it has.
        root: Root of the tree over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            InputError: One of them is impossible.
        """
        if not _is_name(self.origin):
            raise InputError(f"{self.origin[:80]!r} cannot name a ledger")
        if not 0 <= self.size <= AT_MOST_ENTRIES or len(self.root) != HASH_BYTES:
            raise InputError(f"no ledger of {self.size} entries has this root")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise InputError("an empty ledger has another root")

    def text(self) -> str:
        """Return what is signed: origin, size and root, a line each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, sign: Sign, *, public: bytes) -> str:
        """Return the signed note.

        Args:
            sign: Signs bytes with the ledger's key.
            public: The 32-byte public key that belongs to it.

        Raises:
            InputError: The key or the signature has another length.
        """
        key = VerifierKey(origin=self.origin, public=public)
        signature = sign(self.text().encode())
        if len(signature) != _SIGNATURE_BYTES:
            raise InputError(f"an Ed25519 signature is {_SIGNATURE_BYTES} bytes")
        line = SignatureLine(name=key.origin, key_id=key.key_id, signature=signature)
        return f"{self.text()}\n{line.text()}"

    @classmethod
    def open(cls, note: str, *, key: VerifierKey, verify: Verify) -> Checkpoint:
        """Return the checkpoint in a note that the ledger signed.

        Args:
            note: The signed note; lines of other keys in it are ignored.
            key: The ledger's name and public key.
            verify: Checks a signature with that key.

        Raises:
            IntegrityError: The note is malformed, of another ledger, not signed
                with this key, or one of this key's signatures is wrong.
        """
        text, lines = _split_note(note)
        own = [x for x in lines if (x.name, x.key_id) == (key.origin, key.key_id)]
        if not own:
            raise IntegrityError(f"the checkpoint is not signed by {key.text()}")
        for line in own:
            verify(line.signature, text.encode())
        checkpoint = _parse_text(text)
        if checkpoint.origin != key.origin:
            raise IntegrityError(f"the checkpoint is of {checkpoint.origin!r}")
        return checkpoint


def signature_lines(note: str) -> tuple[SignatureLine, ...]:
    """Return every signature in a note, none of them verified.

    Raises:
        IntegrityError: The note is malformed.
    """
    return _split_note(note)[1]


def canonical_base64(text: str, *, at_most_bytes: int) -> bytes:
    """Return the decoded bytes; only the one standard encoding of them will do.

    Raises:
        IntegrityError: It is no base64, has stray bits or is too long.
    """
    if len(text) <= 4 * (at_most_bytes // 3 + 1):
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            data = b""
        if len(data) <= at_most_bytes and base64.b64encode(data).decode() == text:
            return data
    raise IntegrityError("text is not base64 of the expected length")


def canonical_decimal(text: str) -> int:
    """Return the number that ASCII digits without leading zeros spell.

    Raises:
        IntegrityError: It is something else or above ``AT_MOST_ENTRIES``.
    """
    if len(text) <= _AT_MOST_DIGITS and text.isascii() and text.isdigit():
        number = int(text)
        if str(number) == text and number <= AT_MOST_ENTRIES:
            return number
    raise IntegrityError(f"{text[:32]!r} is not the size or index of a ledger")


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    # Extension lines are possible in the format; no monitor could audit them, so
    # the ledger signs none, and one that turns up is refused.
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004  (origin, size, root, end)
        raise IntegrityError("the checkpoint is not origin, size and root")
    size, root = canonical_decimal(lines[1]), lines[2]
    try:
        return Checkpoint(
            origin=lines[0],
            size=size,
            root=canonical_base64(root, at_most_bytes=HASH_BYTES),
        )
    except InputError as error:
        raise IntegrityError(f"the checkpoint is impossible: {error}") from None


def _split_note(note: str) -> tuple[str, tuple[SignatureLine, ...]]:
    """Return the signed text and the signatures."""
    if len(note) > AT_MOST_NOTE_BYTES:
        raise IntegrityError(f"a checkpoint has {len(note)} characters")
    if any((c < " " and c != "\n") or "\ud800" <= c <= "\udfff" for c in note):
        raise IntegrityError("a checkpoint has characters that no note may have")
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not gap or not text or lines.pop() != "" or not lines:
        raise IntegrityError("a checkpoint has no signatures")
    if len(lines) > AT_MOST_SIGNATURES:
        raise IntegrityError(f"a checkpoint has {len(lines)} signatures")
    return text + "\n", tuple(_parse_line(line) for line in lines)


def _parse_line(line: str) -> SignatureLine:
    dash, rest = line[: len(_DASH)], line[len(_DASH) :]
    name, _, encoded = rest.partition(" ")
    data = canonical_base64(encoded, at_most_bytes=AT_MOST_NOTE_BYTES)
    if dash != _DASH or not _is_name(name) or len(data) <= _KEY_ID_BYTES:
        raise IntegrityError("a signature line of the checkpoint is malformed")
    return SignatureLine(
        name=name, key_id=data[:_KEY_ID_BYTES], signature=data[_KEY_ID_BYTES:]
    )


def _is_name(name: str) -> bool:
    """Tell whether signed notes take it: some text without spaces and pluses."""
    if not name or len(name) > _AT_MOST_NAME_BYTES or not name.isprintable():
        return False
    return "+" not in name and not any(c.isspace() for c in name)
