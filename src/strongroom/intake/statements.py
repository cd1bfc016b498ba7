"""What OpenSSF model signing states: the name of a model and the digest of each file.

An in-toto statement.  Its one subject is the model; the subject's digest is SHA-256
over the digests of all files, in the order in which they are listed.

Source: in-toto attestation framework, Statement v1; OpenSSF model signing 1.0,
predicate ``https://model_signing/signature/v1.0``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.documents import Value, parse
from strongroom.intake.jobs import MOST_FILES
from strongroom.intake.names import is_plain_name, verify_paths

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
ALONE = "."
"""What a model that is one file calls that file."""

_MOST_VALUES = 10 * MOST_FILES
"""Marks that begin a value: four for each file, and one for what was ignored."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatement:
    """What a signer said of a model.

    Attributes:
        name: Of its folder, or of the one file.
        files: Hexadecimal SHA-256 by path, in the signer's order.
        ignored: Paths that the signer left out, whether or not anything was there.
    """

    name: str
    files: Mapping[str, str]
    ignored: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 over the digests of all files."""
        digests = (bytes.fromhex(sha256) for sha256 in self.files.values())
        return hashlib.sha256(b"".join(digests)).hexdigest()

    def to_bytes(self) -> bytes:
        """Return the statement as JSON."""
        resources = [
            {"algorithm": "sha256", "digest": sha256, "name": path}
            for path, sha256 in self.files.items()
        ]
        serialization = {
            "allow_symlinks": False,
            "hash_type": "sha256",
            "ignore_paths": list(self.ignored),
            "method": "files",
        }
        document = {
            "_type": STATEMENT,
            "predicate": {"resources": resources, "serialization": serialization},
            "predicateType": PREDICATE,
            "subject": [{"digest": {"sha256": self.digest}, "name": self.name}],
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ModelStatement:
        """Return the statement.

        Args:
            data: Whose signature was verified, and whose length is bounded.

        Raises:
            InputError: It is no such statement, does not agree with itself, or is
                over something else than whole files by SHA-256.
        """
        try:
            document = _object(parse(data, most_values=_MOST_VALUES), "statement")
        except RefusedError as error:
            raise InputError(f"statement is malformed: {error}") from None
        if document.get("_type") != STATEMENT:
            raise InputError("what is signed is no in-toto statement of version 1")
        if document.get("predicateType") != PREDICATE:
            raise InputError(
                f"what is signed states something else than a model: "
                f"{_text(document.get('predicateType'), 'type of a predicate')}"
            )
        name, digest = _subject(document.get("subject"))
        predicate = _object(document.get("predicate"), "predicate")
        ignored = _ignored(predicate.get("serialization"))
        statement = cls(
            name=name, files=_resources(predicate.get("resources")), ignored=ignored
        )
        if statement.digest != digest:
            raise InputError("digest of the model is not that over its files")
        return statement


def in_order(files: Mapping[str, str]) -> dict[str, str]:
    """Return files in the order of ``model_signing``: by the parts of their paths."""
    return {path: files[path] for path in sorted(files, key=lambda p: p.split("/"))}


def _subject(value: Value) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 1:
        raise InputError("a model's statement has exactly one subject")
    subject = _object(value[0], "subject")
    digests = _object(subject.get("digest"), "digest")
    name, digest = subject.get("name"), digests.get("sha256")
    if not isinstance(name, str) or not is_plain_name(name):
        raise InputError("the model has no name that can be shown")
    return name, _digest(digest)


def _ignored(value: Value) -> tuple[str, ...]:
    serialization = _object(value, "serialization")
    for name, wanted in (("method", "files"), ("hash_type", "sha256")):
        if serialization.get(name) != wanted:
            raise InputError(
                f"signature is over {_text(serialization.get(name), name)},"
                f" and {wanted} are read",
                hint="sign whole files by SHA-256, as model_signing does by itself",
            )
    ignored = serialization.get("ignore_paths", [])
    if not isinstance(ignored, list) or len(ignored) > MOST_FILES:
        raise InputError("statement has no list of ignored paths")
    if not all(isinstance(path, str) for path in ignored):
        raise InputError("an ignored path is no text")
    return tuple(str(path) for path in ignored)


def _resources(value: Value) -> dict[str, str]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_FILES:
        raise InputError(f"a model has 1 to {MOST_FILES} signed files")
    files: dict[str, str] = {}
    for one in value:
        resource = _object(one, "resource")
        path = resource.get("name")
        if not isinstance(path, str) or resource.get("algorithm") != "sha256":
            raise InputError("a signed file has no path, or is not hashed by SHA-256")
        if path in files:
            raise InputError(f"{quoted(path)} is signed twice")
        files[path] = _digest(resource.get("digest"))
    if list(files) != [ALONE]:
        verify_paths(files)
    return files


def _digest(value: Value) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise InputError("a SHA-256 digest has 64 hexadecimal digits")
    return value


def _object(value: Value, what: str) -> Mapping[str, Value]:
    if not isinstance(value, dict):
        raise InputError(f"{what} is no object")
    return value


def _text(value: Value, what: str) -> str:
    return quoted(value) if isinstance(value, str) else f"no {what}"
