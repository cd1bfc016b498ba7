"""The sealed object: its header, its records and the facts a manifest signs.

An object is 256 bytes of header and then records, each ciphertext and a 16-byte
tag.  Record 0 is short, so that one read of 16 KiB brings the header and, as a
rule, the whole index; the others lie at a stride of 1 MiB on whole pages, the last
one as long as it has to be.  The header is public and tells nothing but ids,
numbers and a commitment to the key.  Decrypted and concatenated, the records are
the *stream* that ``crypto.layout`` describes.

Source: ``docs/specification/sealed-object.md``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from strongroom.crypto.keys import (
    KEY_BYTES,
    SALT_BYTES,
    SUITE_AES_256_GCM,
    SUITES,
    SegmentContext,
)
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret, id_bytes

MAGIC = b"STRMSEAL"
"""Read as a little-endian u64, as safetensors does, it is far over its cap."""

VERSION = 1
HEADER_BYTES = 256
RECORD_BYTES = 1024 * 1024  # 1 MiB and 4 MiB tie; 64 KiB costs a third more CPU
TAG_BYTES = 16
PLAIN_BYTES = RECORD_BYTES - TAG_BYTES
"""Plaintext of every record but the first and the last, in bytes."""

START_BYTES = 16 * 1024
"""Header and record 0 together; the index of 100 tensors fits."""

FIRST_PLAIN_BYTES = START_BYTES - HEADER_BYTES - TAG_BYTES
"""Plaintext of record 0, in bytes; it is always whole."""

MAX_RECORDS = 2**32
SHA256_BYTES = 32

Cipher: TypeAlias = AESGCM | ChaCha20Poly1305

_ID_BYTES = 16
_RESERVED_BYTES = 7
_USED_BYTES = 144


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first 256 bytes of an object; what it claims, not what it is.

    Attributes:
        suite: How records are encrypted.
        salt: 32 random bytes of the sealing attempt.
        artifact: The 16 bytes of its id.
        version: Which version of it.
        generation: Which sealing of that version.
        segment: The 16 bytes of its id.
        records: How many records follow, 1 to 2**32.
        shares: How many custodians hold a share, 1 to 255.
        commitment: 32 bytes that only the key yields.
    """

    suite: int
    salt: bytes
    artifact: bytes
    version: int
    generation: int
    segment: bytes
    records: int
    shares: int
    commitment: bytes

    def to_bytes(self) -> bytes:
        """Return the 256 bytes."""
        parts = (
            MAGIC,
            VERSION.to_bytes(2, "big"),
            self.suite.to_bytes(2, "big"),
            RECORD_BYTES.to_bytes(4, "big"),
            self.salt,
            self.artifact,
            self.version.to_bytes(8, "big"),
            self.generation.to_bytes(8, "big"),
            self.segment,
            self.records.to_bytes(8, "big"),
            self.shares.to_bytes(1, "big"),
            bytes(_RESERVED_BYTES),
            self.commitment,
        )
        return b"".join(parts).ljust(HEADER_BYTES, b"\0")

    @classmethod
    def parse(cls, data: bytes) -> Header:
        """Return what 256 bytes claim.

        Raises:
            IntegrityError: They are no header of this version, name an unknown
                suite or stride, or have a reserved byte that is not zero.
        """
        if len(data) != HEADER_BYTES or data[:8] != MAGIC:
            raise IntegrityError("it is not a sealed object")
        header = cls(
            suite=int.from_bytes(data[10:12], "big"),
            salt=data[16:48],
            artifact=data[48:64],
            version=int.from_bytes(data[64:72], "big"),
            generation=int.from_bytes(data[72:80], "big"),
            segment=data[80:96],
            records=int.from_bytes(data[96:104], "big"),
            shares=data[104],
            commitment=data[112:_USED_BYTES],
        )
        if header.to_bytes() != data:  # version, stride, reserved bytes
            raise IntegrityError("the header is not one of version 1")
        if header.suite not in SUITES or header.shares == 0:
            raise IntegrityError("the header names an unknown suite or no share")
        if not 1 <= header.records <= MAX_RECORDS:
            raise IntegrityError(f"the header states {header.records} records")
        return header


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFacts:
    """Everything about one object that the signed manifest states.

    Attributes:
        object_name: Where the store keeps it.
        context: What it is.
        salt: 32 random bytes of the sealing attempt.
        commitment: 32 bytes that only its key yields.
        records: How many records, 1 to 2**32.
        length: Of the whole object, in bytes.
        plain_bytes: Of the tensors and files in it.
        sha256: Of the whole object, 32 bytes.
    """

    object_name: str
    context: SegmentContext
    salt: bytes
    commitment: bytes
    records: int
    length: int
    plain_bytes: int
    sha256: bytes

    def __post_init__(self) -> None:
        if self.context.record_bytes != RECORD_BYTES:
            raise InputError(f"records of {self.context.record_bytes} bytes")
        if len(self.salt) != SALT_BYTES or len(self.commitment) != KEY_BYTES:
            raise InputError("a salt and a commitment have 32 bytes each")
        if len(self.sha256) != SHA256_BYTES:
            raise InputError(f"a SHA-256 has {SHA256_BYTES} bytes")
        if not 1 <= self.records <= MAX_RECORDS:
            raise InputError(f"an object does not have {self.records} records")
        if self.records != record_count(self.stream_bytes):
            raise InputError(f"{self.records} records do not make {self.length} bytes")
        if not 0 <= self.plain_bytes <= self.stream_bytes - FIRST_PLAIN_BYTES:
            raise InputError(f"{self.plain_bytes} bytes do not fit the object")

    @property
    def stream_bytes(self) -> int:
        """Length of the decrypted records, padding included."""
        return self.length - HEADER_BYTES - TAG_BYTES * self.records

    def header(self) -> Header:
        """Return the header that the object must have."""
        return Header(
            suite=self.context.suite,
            salt=self.salt,
            artifact=id_bytes(self.context.artifact),
            version=self.context.version,
            generation=self.context.generation,
            segment=id_bytes(self.context.segment),
            records=self.records,
            shares=self.context.shares,
            commitment=self.commitment,
        )

    def verify_header(self, data: bytes) -> None:
        """Check that ``data`` is exactly the header that the manifest states.

        Raises:
            IntegrityError: It is another one; names the field.
        """
        expected = self.header()
        if data == expected.to_bytes():
            return
        found = Header.parse(data)
        for field in dataclasses.fields(Header):
            if getattr(found, field.name) != getattr(expected, field.name):
                raise IntegrityError(
                    f"{self.object_name} has another {field.name} than the manifest",
                    hint="strongroom model verify shows which objects differ",
                )


def object_bytes(stream_bytes: int) -> int:
    """Return the length of the object that holds a stream of this length."""
    return HEADER_BYTES + stream_bytes + TAG_BYTES * record_count(stream_bytes)


def record_count(stream_bytes: int) -> int:
    """Return how many records hold a stream of this length, at least one."""
    return 1 + max(0, -(-(stream_bytes - FIRST_PLAIN_BYTES) // PLAIN_BYTES))


def record_offset(record: int) -> int:
    """Return where the record begins in its object."""
    return START_BYTES + (record - 1) * RECORD_BYTES if record else HEADER_BYTES


def record_start(record: int) -> int:
    """Return where the record's plaintext begins in the stream."""
    return FIRST_PLAIN_BYTES + (record - 1) * PLAIN_BYTES if record else 0


def record_at(position: int) -> int:
    """Return which record holds this position of the stream."""
    return 1 + (position - FIRST_PLAIN_BYTES) // PLAIN_BYTES


def record_plain_bytes(record: int, stream_bytes: int) -> int:
    """Return how many bytes of a stream of this length the record holds."""
    whole = PLAIN_BYTES if record else FIRST_PLAIN_BYTES
    return min(whole, stream_bytes - record_start(record))


def record_nonce(record: int, *, last: bool) -> bytes:
    """Return the 12 bytes of nonce: three zeros, the number, whether it is last.

    Unique because a key encrypts one stream once, and each number is used once.
    The last flag keeps an object that was cut between records from opening.
    """
    return b"\0\0\0" + record.to_bytes(8, "big") + (b"\1" if last else b"\0")


def cipher_for(suite: int, key: Secret) -> Cipher:
    """Return the cipher of the records.

    Raises:
        InputError: The key does not have 32 bytes, or the suite is unknown.
    """
    if len(key) != KEY_BYTES or suite not in SUITES:
        raise InputError(f"suite {suite} with a key of {len(key)} bytes")
    if suite == SUITE_AES_256_GCM:
        return AESGCM(key.reveal())
    return ChaCha20Poly1305(key.reveal())


def padded(length: int) -> int:
    """Return ``length`` rounded up so that it leaks only its coarse size.

    Adds at most 12 %, and less the longer it is (2 % at 100 MB).

    Source: Padmé, in "Reducing Metadata Leakage from Encrypted Files" (PETS
    2019), section 4.
    """
    if length <= 1:
        return length
    exponent = length.bit_length() - 1
    zero_bits = exponent - exponent.bit_length()
    mask = (1 << max(0, zero_bits)) - 1
    return (length + mask) & ~mask
