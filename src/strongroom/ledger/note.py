"""Signed notes: text, an empty line, and one line for each signature.

Source: C2SP signed-note v1.0.0.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from strongroom.errors import InputError, IntegrityError

PUBLIC_BYTES = 32
"""Length of an Ed25519 public key."""

SIGNATURE_BYTES = 64
"""Length of an Ed25519 signature."""

AT_MOST_NOTE_BYTES = 128 << 10
"""Room for the 16 signatures that every reader must accept, post-quantum ones
of 5 kB included."""

AT_MOST_SIGNATURES = 64
_AT_MOST_NAME_BYTES = 255
_AT_MOST_KEY_TEXT = 1024
_KEY_ID_BYTES = 4
_DASH = "\N{EM DASH} "
# A search, since a loop takes 0.25 ms for the 4.6 kB of two signatures.
_IN_NO_NOTE = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


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


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart; nothing in it is verified.

    Attributes:
        text: What was signed, its last newline included.
        lines: Every signature.
    """

    text: str
    lines: tuple[SignatureLine, ...]

    def signed_by(self, name: str, key_id: bytes) -> tuple[SignatureLine, ...]:
        """Return the lines that claim to be of this key."""
        return tuple(x for x in self.lines if (x.name, x.key_id) == (name, key_id))


def key_id(name: str, kind: bytes, public: bytes) -> bytes:
    """Return the 4 bytes that tell keys of one name apart; not a digest to trust.

    Args:
        name: Of the key.
        kind: The byte that stands for its kind of signature.
        public: The 32-byte Ed25519 public key.
    """
    content = name.encode() + b"\n" + kind + public
    return hashlib.sha256(content).digest()[:_KEY_ID_BYTES]


def key_text(name: str, kind: bytes, public: bytes) -> str:
    """Return ``name+hash+base64``, in which form public keys are kept."""
    encoded = base64.b64encode(kind + public).decode()
    return f"{name}+{key_id(name, kind, public).hex()}+{encoded}"


def parse_key(text: str, kind: bytes) -> tuple[str, bytes]:
    """Return name and public key from a text in exactly that form.

    Raises:
        InputError: It is in another form, or of another kind of signature.
    """
    # Base64 may hold a plus, a name and the hash may not.
    name, _, rest = text[:_AT_MOST_KEY_TEXT].strip().partition("+")
    _, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raw = b""
    check_key(name, raw[1:], problem="a verifier key is name+hash+base64")
    if key_text(name, kind, raw[1:]) != text.strip():
        raise InputError("the hash in the verifier key does not fit its key")
    return name, raw[1:]


def check_key(name: str, public: bytes, *, problem: str = "") -> None:
    """Refuse what cannot be the name and the public key of a signer.

    Raises:
        InputError: The name is none that notes take, or the key is not 32 bytes.
    """
    if not is_key_name(name):
        raise InputError(problem or f"{name[:80]!r} cannot name a key in a ledger")
    if len(public) != PUBLIC_BYTES:
        raise InputError(problem or f"an Ed25519 public key is {PUBLIC_BYTES} bytes")


def split_note(note: str) -> Note:
    """Return the signed text and the signatures.

    Raises:
        IntegrityError: The note is malformed.
    """
    if len(note) > AT_MOST_NOTE_BYTES:
        raise IntegrityError(f"a checkpoint has {len(note)} characters")
    if _IN_NO_NOTE.search(note):
        raise IntegrityError("a checkpoint has characters that no note may have")
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not gap or not text or lines.pop() != "" or not lines:
        raise IntegrityError("a checkpoint has no signatures")
    if len(lines) > AT_MOST_SIGNATURES:
        raise IntegrityError(f"a checkpoint has {len(lines)} signatures")
    return Note(text + "\n", tuple(_parse_line(line) for line in lines))


def is_key_name(name: str) -> bool:
    """Tell whether signed notes take it: some text without spaces and pluses."""
    if not name or len(name) > _AT_MOST_NAME_BYTES or not name.isprintable():
        return False
    return "+" not in name and not any(c.isspace() for c in name)


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


def _parse_line(line: str) -> SignatureLine:
    dash, rest = line[: len(_DASH)], line[len(_DASH) :]
    name, _, encoded = rest.partition(" ")
    data = canonical_base64(encoded, at_most_bytes=AT_MOST_NOTE_BYTES)
    if dash != _DASH or not is_key_name(name) or len(data) <= _KEY_ID_BYTES:
        raise IntegrityError("a signature line of the checkpoint is malformed")
    return SignatureLine(
        name=name, key_id=data[:_KEY_ID_BYTES], signature=data[_KEY_ID_BYTES:]
    )
