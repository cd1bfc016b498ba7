"""Whose key a certificate names, once its chain leads to one that is trusted.

The chain is checked as RFC 5280 says, by the library's own verifier.  Beyond that,
the certificate has to be for signing: one that a web server got from the same
authority signs no models.

Source: RFC 5280, 4.2.1.3, 4.2.1.12 and 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification as v
from cryptography.x509.oid import ExtendedKeyUsageOID

from strongroom.crypto.ecdsa import EcKey
from strongroom.errors import InputError, IntegrityError

MOST_CERTIFICATE_BYTES = 16 << 10
MOST_CHAIN = 8
_MOST_PEM_BYTES = 1 << 20  # the list of a browser has 250 KB
_MOST_ANCHORS = 500

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """The certificates to which a chain has to lead.

    Attributes:
        certificates: X.509 in DER form.
    """

    certificates: tuple[bytes, ...]

    @classmethod
    def from_pem(cls, data: bytes) -> TrustAnchors:
        """Return the certificates of a PEM file.

        Raises:
            InputError: The file is too long, or holds no certificates.
        """
        if len(data) > _MOST_PEM_BYTES:
            raise InputError(f"certificates have at most {_MOST_PEM_BYTES} bytes")
        try:
            loaded = x509.load_pem_x509_certificates(data)
        except ValueError:
            raise InputError("file holds no certificates in PEM form") from None
        if len(loaded) > _MOST_ANCHORS:
            raise InputError(f"at most {_MOST_ANCHORS} certificates are trusted")
        return cls(tuple(one.public_bytes(Encoding.DER) for one in loaded))


def key_of(certificate: bytes) -> EcKey:
    """Return the public key of a certificate; nothing says whether it is trusted.

    Args:
        certificate: X.509 in DER form.

    Raises:
        IntegrityError: It is no certificate, or not of a key on P-256 or P-384.
    """
    return _key_of(_load(certificate))


def verify_chain(
    chain: Sequence[bytes], anchors: TrustAnchors, *, at: datetime
) -> EcKey:
    """Return the key of the first certificate, which may sign and is trusted.

    Args:
        chain: X.509 in DER form: whose signature it is, then who vouches for whom.
        anchors: To one of which it has to lead; those in the chain do not count.
        at: When every certificate has to be valid; aware UTC.

    Raises:
        IntegrityError: The chain leads nowhere, one has expired or is not yet valid,
            or the first is not for signing.
    """
    if not 0 < len(chain) <= MOST_CHAIN:
        raise IntegrityError(f"a chain has 1 to {MOST_CHAIN} certificates")
    leaf, *between = [_load(one) for one in chain]
    builder = v.PolicyBuilder().time(at).max_chain_depth(MOST_CHAIN)
    builder = builder.store(v.Store([_load(one) for one in anchors.certificates]))
    builder = builder.extension_policies(
        ca_policy=v.ExtensionPolicy.permit_all()
        .require_present(
            x509.BasicConstraints, v.Criticality.AGNOSTIC, _require_authority
        )
        .may_be_present(x509.KeyUsage, v.Criticality.AGNOSTIC, _require_issuing),
        ee_policy=v.ExtensionPolicy.permit_all(),
    )
    try:
        builder.build_client_verifier().verify(leaf, between)
    except (v.VerificationError, ValueError) as error:
        raise IntegrityError(
            f"certificate is not trusted on {at:%Y-%m-%d}",
            hint="has it expired? is its authority among those you trust?"
            f" {str(error)[:200]!a}",
        ) from None
    _verify_usage(leaf)
    return _key_of(leaf)


def _require_authority(
    _policy: v.Policy, _certificate: x509.Certificate, found: x509.BasicConstraints
) -> None:
    if not found.ca:
        raise ValueError("a certificate of the chain is no authority's")


def _require_issuing(
    _policy: v.Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None
) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("a certificate of the chain may not issue others")


def _verify_usage(leaf: x509.Certificate) -> None:
    """Refuse a certificate that is not for signing code or documents."""
    try:
        extensions = leaf.extensions
        usage = _extension(extensions, x509.KeyUsage)
        extended = _extension(extensions, x509.ExtendedKeyUsage)
    except (ValueError, x509.DuplicateExtension):
        raise IntegrityError("certificate has malformed extensions") from None
    if usage is not None and not usage.digital_signature:
        raise IntegrityError("certificate is not for signatures")
    if extended is not None and ExtendedKeyUsageOID.CODE_SIGNING not in extended:
        raise IntegrityError("certificate is for something else than signing code")
    if usage is None and extended is None:
        raise IntegrityError("certificate does not say what it is for")


def _extension(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _load(certificate: bytes) -> x509.Certificate:
    if len(certificate) > MOST_CERTIFICATE_BYTES:
        raise IntegrityError(
            f"a certificate has at most {MOST_CERTIFICATE_BYTES} bytes"
        )
    try:
        return x509.load_der_x509_certificate(certificate)
    except ValueError:
        raise IntegrityError("bytes are no certificate") from None


def _key_of(certificate: x509.Certificate) -> EcKey:
    try:
        loaded = certificate.public_key()
        return EcKey(
            loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )
    except (ValueError, InputError, x509.InvalidVersion):
        raise IntegrityError("certificate is not of a key on P-256 or P-384") from None
