"""Keys and certificates as openssl makes them, and the command of the OpenSSF."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from strongroom.crypto.certificates import TrustAnchors
from strongroom.crypto.ecdsa import EcKey, EcSigner
from strongroom.intake.signatures import Claim
from strongroom.types import Secret
from tests.project.vectors import Case

FOR_CODE = ("keyUsage=critical,digitalSignature", "extendedKeyUsage=codeSigning")


def openssl(*words: str | Path) -> str:
    """Run ``openssl`` and return what it prints."""
    return subprocess.run(
        ["openssl", *map(str, words)], check=True, capture_output=True, text=True
    ).stdout


def model_signing(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command of the OpenSSF; the caller looks at the status."""
    return subprocess.run(
        [sys.executable, "-m", "model_signing", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
    )


def claim_of(case: Case, bundle: bytes) -> Claim:
    """Return a bundle and whom a published case trusts."""
    if "key" in case:
        return Claim(bundle=bundle, trust=(EcKey.from_pem(case["key"].encode()),))
    anchors = TrustAnchors.from_pem(case["certificates"].encode())
    return Claim(bundle=bundle, trust=anchors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A key pair in two PEM files."""

    private: Path
    public: Path

    @property
    def key(self) -> EcKey:
        """The public key."""
        return EcKey.from_pem(self.public.read_bytes())

    @property
    def signer(self) -> EcSigner:
        """The private key."""
        return EcSigner(Secret(self.private.read_bytes()))


def make_pair(folder: Path, name: str = "key", curve: str = "P-256") -> Pair:
    """Return a new key pair in a folder."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    option = f"ec_paramgen_curve:{curve}"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", option, "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    return Pair(private=private, public=public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Somebody who vouches for keys, for ten days."""

    pair: Pair
    certificate: Path

    @property
    def anchors(self) -> TrustAnchors:
        """The authority, as somebody who trusts it names it."""
        return TrustAnchors.from_pem(self.certificate.read_bytes())

    def issue(
        self, pair: Pair, *extensions: str, name: str = "signer"
    ) -> tuple[Path, bytes]:
        """Return a certificate of a key, in a PEM file and in DER form."""
        folder = self.certificate.parent
        request, more = folder / f"{name}.csr", folder / f"{name}.ext"
        certificate = folder / f"{name}.crt"
        more.write_text("\n".join(extensions or FOR_CODE) + "\n")
        subject = ("-subj", f"/CN={name}")
        openssl("req", "-new", "-key", pair.private, *subject, "-out", request)
        signer = ("-CA", self.certificate, "-CAkey", self.pair.private)
        days = ("-days", "10", "-CAcreateserial", "-extfile", more)
        openssl("x509", "-req", "-in", request, *signer, *days, "-out", certificate)
        (der,) = TrustAnchors.from_pem(certificate.read_bytes()).certificates
        return certificate, der


def make_authority(folder: Path, name: str = "authority") -> Authority:
    """Return a new authority whose files lie in a folder."""
    pair = make_pair(folder, name)
    certificate = folder / f"{name}.crt"
    subject = ("-subj", f"/CN={name}", "-days", "10")
    openssl("req", "-x509", "-key", pair.private, *subject, "-out", certificate)
    return Authority(pair=pair, certificate=certificate)
