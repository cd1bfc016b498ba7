"""Sigstore bundles: a DSSE envelope, and by whose key or certificate it is signed.

Only what OpenSSF model signing writes without a log: version 0.3 in JSON, one
signature, a named key or a chain of certificates.  A bundle with entries of a log
or timestamps is refused, not read in part: what it claims would not be checked.

Source: sigstore protobuf-specs, ``sigstore_bundle.proto``; DSSE 1.0.2.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.crypto.certificates import MOST_CHAIN
from strongroom.errors import InputError
from strongroom.intake.dsse import IN_TOTO
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.documents import Value, parse

MOST_BYTES = 16 << 20
"""Ten thousand files with long names take 4 MB."""

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_MOST_VALUES = 1000  # eight certificates and what is around them: 40
_MOST_SIGNATURE_BYTES = 256  # 104 for P-384
_HINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One signature over one statement.  Nothing of it is checked.

    Attributes:
        payload: The statement, as it was signed.
        signature: In DER form.
        hint: Fingerprint of the key that it is said to be by; empty if there is none.
        chain: Certificates in DER form, the signer's first; empty for a key.
    """

    payload: bytes
    signature: bytes
    hint: str = ""
    chain: tuple[bytes, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the bundle as JSON, in the order of the ``model_signing`` command."""
        material: dict[str, object] = {"publicKey": {"hint": self.hint}}
        if self.chain:
            listed = [{"rawBytes": _to_base64(one)} for one in self.chain]
            material = {"x509CertificateChain": {"certificates": listed}}
        envelope = {
            "payload": _to_base64(self.payload),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": _to_base64(self.signature), "keyid": ""}],
        }
        document = {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {**material, "tlogEntries": []},
            "dsseEnvelope": envelope,
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Bundle:
        """Return the bundle, unverified.

        Raises:
            InputError: It is too long, or no bundle of this kind.
        """
        if len(data) > MOST_BYTES:
            raise InputError(f"signature has over {MOST_BYTES} bytes")
        try:
            document = parse(data, most_values=_MOST_VALUES)
        except RefusedError as error:
            raise InputError(f"signature is malformed: {error}") from None
        top = _object(document, "mediaType", "verificationMaterial", "dsseEnvelope")
        if top["mediaType"] != MEDIA_TYPE:
            raise InputError(
                f"signature is no sigstore bundle 0.3: {_shown(top['mediaType'])}"
            )
        payload, signature = _envelope(top["dsseEnvelope"])
        hint, chain = _material(top["verificationMaterial"])
        return cls(payload=payload, signature=signature, hint=hint, chain=chain)


def _envelope(value: Value) -> tuple[bytes, bytes]:
    envelope = _object(value, "payload", "payloadType", "signatures")
    if envelope["payloadType"] != IN_TOTO:
        raise InputError(
            f"signature is not over an in-toto statement:"
            f" {_shown(envelope['payloadType'])}"
        )
    signatures = envelope["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise InputError("a model's signature file has exactly one signature")
    raw = _from_base64(_object(signatures[0], "sig", optional=("keyid",))["sig"])
    if not 0 < len(raw) <= _MOST_SIGNATURE_BYTES:
        raise InputError("signature has the wrong length")
    return _from_base64(envelope["payload"]), raw


def _material(value: Value) -> tuple[str, tuple[bytes, ...]]:
    kinds = ("publicKey", "x509CertificateChain")
    empty = ("tlogEntries", "timestampVerificationData")
    material = _object(value, optional=kinds + empty)
    if any(material.get(name) for name in empty):
        raise InputError(
            "signature leans on a transparency log or a timestamp",
            hint="only signatures by a key or a certificate are read:"
            " model_signing sign key",
        )
    named = [name for name in kinds if name in material]
    if len(named) != 1:
        raise InputError("signature names one key, or one chain of certificates")
    if named == ["publicKey"]:
        # rawBytes and keyDetails stand there too since version 1.0 of the command
        optional = ("hint", "rawBytes", "keyDetails")
        return _hint(_object(material["publicKey"], optional=optional)), ()
    chain = _object(material["x509CertificateChain"], "certificates")["certificates"]
    if not isinstance(chain, list) or not 0 < len(chain) <= MOST_CHAIN:
        raise InputError(f"a chain has 1 to {MOST_CHAIN} certificates")
    return "", tuple(_from_base64(_object(o, "rawBytes")["rawBytes"]) for o in chain)


def _hint(key: Mapping[str, Value]) -> str:
    hint = key.get("hint")
    if hint is None or hint == "":  # before version 1.0.1 of the command
        return ""
    if not isinstance(hint, str) or not _HINT.fullmatch(hint):
        raise InputError("signature names its key by something else than SHA-256")
    return hint


def _object(
    value: Value, *names: str, optional: tuple[str, ...] = ()
) -> Mapping[str, Value]:
    """Return an object that has all of the names, and no others but the optional."""
    if not isinstance(value, dict):
        raise InputError("signature has something else where an object belongs")
    unknown = sorted(set(value) - {*names, *optional})
    missing = sorted(set(names) - set(value))
    if unknown or missing:
        what = f"lacks {missing[0]}" if missing else f"has {quoted(unknown[0])}"
        raise InputError(f"signature {what} in an object of a bundle")
    return value


def _shown(value: Value) -> str:
    return quoted(value) if isinstance(value, str) else "no text"


def _to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _from_base64(value: Value) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "*", validate=True)
    except (binascii.Error, ValueError):
        raise InputError("signature holds text that is not base64") from None
