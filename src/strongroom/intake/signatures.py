"""Whether files are those that somebody signed: each of them, and no others.

Stricter than the ``model_signing`` command: what a signer chose to ignore may not be
there, another name is noticed, and so are folders without files, which no digest
covers.  The only file that need not be signed is the signature itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.crypto.certificates import TrustAnchors, key_of, verify_chain
from strongroom.crypto.ecdsa import EcKey, EcSigner
from strongroom.errors import InputError, IntegrityError
from strongroom.intake.bundles import Bundle
from strongroom.intake.dsse import IN_TOTO, preauthentication_encoding
from strongroom.intake.findings import (
    MOST_MESSAGE,
    Finding,
    Level,
    counted,
    listed,
    quoted,
)
from strongroom.intake.statements import ALONE, ModelStatement, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A signature that came with files, and by whom it has to be.

    Attributes:
        bundle: The signature file.
        trust: Keys of which one is the signer's, or authorities that vouch for it.
    """

    bundle: bytes
    trust: tuple[EcKey, ...] | TrustAnchors


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What lay there, as far as a signature speaks of it.

    Attributes:
        name: Of the folder, or of the one file.
        files: Hexadecimal SHA-256 by path.
        empty_folders: Paths of folders that hold nothing.
    """

    name: str
    files: Mapping[str, str]
    empty_folders: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What checking a claim led to.

    Attributes:
        signer: Fingerprint of the key; empty if the signature is not valid.
        findings: An error among them refuses the files.
    """

    signer: str
    findings: tuple[Finding, ...]


UNSIGNED = Checked(signer="", findings=())
"""Nothing came with the files."""


def sign_files(
    name: str,
    files: Mapping[str, str],
    signer: EcSigner,
    *,
    chain: Sequence[bytes] = (),
) -> bytes:
    """Return a signature file that the ``model_signing`` command verifies.

    Args:
        name: Of the model.
        files: Hexadecimal SHA-256 by path.
        signer: Signs.
        chain: Certificates in DER form, the signer's first; none names the key.

    Raises:
        InputError: The first certificate is not of the signer's key.
    """
    if chain and key_of(chain[0]) != signer.public:
        raise InputError(
            "the first certificate is not of the key that signs",
            hint="put the signer's own certificate first in the file",
        )
    payload = ModelStatement(name=name, files=in_order(files)).to_bytes()
    return Bundle(
        payload=payload,
        signature=signer.sign_bytes(preauthentication_encoding(IN_TOTO, payload)),
        hint="" if chain else signer.public.fingerprint,
        chain=tuple(chain),
    ).to_bytes()


def verify_statement(claim: Claim, *, at: datetime) -> tuple[EcKey, ModelStatement]:
    """Return by which key a claim is signed, and what it states.

    Args:
        claim: To check.
        at: When certificates have to be valid: now, since a signature with no
            trusted timestamp does not prove when it was made.  Aware UTC.

    Raises:
        InputError: The signature file, or what is signed, is malformed.
        IntegrityError: It is signed by nobody who is trusted.
    """
    bundle = Bundle.from_bytes(claim.bundle)
    signed = preauthentication_encoding(IN_TOTO, bundle.payload)
    *others, last = _trusted(bundle, claim.trust, at)
    key = next((k for k in others if _is_by(k, bundle.signature, signed)), last)
    key.verify_bytes(bundle.signature, signed)
    return key, ModelStatement.from_bytes(bundle.payload)


def check_claim(claim: Claim, arrived: Arrived, *, at: datetime) -> Checked:
    """Return what a signature says of files, every fault as a finding.

    Args:
        claim: What came with them.
        arrived: What lay there.
        at: As for ``verify_statement``.
    """
    try:
        key, statement = verify_statement(claim, at=at)
    except (InputError, IntegrityError) as error:
        why = f"{error}; {error.hint}" if error.hint else str(error)
        found = _finding("signature/invalid", Level.ERROR, why)
        return Checked(signer="", findings=(found,))
    own = hashlib.sha256(claim.bundle).hexdigest()
    findings = (
        *_differences(statement, arrived, own),
        *_oddities(statement, arrived),
        _finding(
            "signature/valid",
            Level.NOTE,
            f"{counted(len(statement.files), 'file')} signed as"
            f" {quoted(statement.name)} by key {key.fingerprint}",
        ),
    )
    return Checked(signer=key.fingerprint, findings=findings)


def _trusted(
    bundle: Bundle, trust: tuple[EcKey, ...] | TrustAnchors, at: datetime
) -> list[EcKey]:
    """Return the keys that may have signed: one, unless the bundle names none.

    Raises:
        InputError: A certificate is malformed.
        IntegrityError: None of those that are trusted may.
    """
    if isinstance(trust, TrustAnchors):
        if not bundle.chain:
            raise IntegrityError(
                "signature is by a bare key, and no certificate vouches for it",
                hint="name the key: --key public.pem",
            )
        return [verify_chain(bundle.chain, trust, at=at)]
    named = key_of(bundle.chain[0]).fingerprint if bundle.chain else bundle.hint
    fitting = [key for key in trust if named in ("", key.fingerprint)]
    if not fitting:
        wanted = " or ".join(key.fingerprint[:16] for key in trust)
        raise IntegrityError(f"signature is by key {named[:16]}, not by {wanted}")
    return fitting


def _is_by(key: EcKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify_bytes(signature, signed)
    except IntegrityError:
        return False
    return True


def _differences(
    statement: ModelStatement, arrived: Arrived, own: str
) -> Iterator[Finding]:
    """Yield one finding for each way in which the files are not the signed ones."""
    signed, found = dict(statement.files), dict(arrived.files)
    if list(signed) == [ALONE] and len(found) == 1:
        signed = {next(iter(found)): signed[ALONE]}
    unsigned = found.keys() - signed.keys()
    itself = {path for path in unsigned if found[path] == own}
    if len(itself) == 1:  # more would be files that somebody named as they liked
        unsigned -= itself
    other = [path for path in found.keys() & signed if found[path] != signed[path]]
    for paths, why in (
        (other, "not as they were signed"),
        (signed.keys() - found.keys(), "signed and not there"),
        (unsigned, "there and not signed"),
    ):
        if paths:
            what = f"{counted(len(paths), 'file')} {why}: {listed(sorted(paths))}"
            yield _finding("signature/files", Level.ERROR, what)


def _oddities(statement: ModelStatement, arrived: Arrived) -> Iterator[Finding]:
    if statement.name != arrived.name:
        what = f"signed as {quoted(statement.name)}, and called {quoted(arrived.name)}"
        yield _finding("signature/name", Level.WARNING, what)
    if arrived.empty_folders:
        what = (
            f"folders hold nothing and are not signed: {listed(arrived.empty_folders)}"
        )
        yield _finding("signature/folder", Level.WARNING, what)


def _finding(rule: str, level: Level, message: str) -> Finding:
    return Finding(rule=rule, level=level, message=message[:MOST_MESSAGE])
