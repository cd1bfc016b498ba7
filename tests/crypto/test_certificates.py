"""A certificate is believed where its chain leads to somebody who is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strongroom.crypto.certificates import (
    MOST_CERTIFICATE_BYTES,
    MOST_CHAIN,
    TrustAnchors,
    key_of,
    verify_chain,
)
from strongroom.errors import InputError, IntegrityError
from tests.intake.signers import Authority, make_authority, make_pair, openssl

NOW = datetime.now(UTC) + timedelta(hours=1)  # later than certificates made here begin
INTERMEDIATE = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")


def test_the_key_is_that_of_the_first_certificate(tmp_path: Path) -> None:
    authority, pair = make_authority(tmp_path), make_pair(tmp_path, curve="P-384")
    _, der = authority.issue(pair)

    assert verify_chain([der], authority.anchors, at=NOW) == pair.key
    assert key_of(der) == pair.key


def test_a_chain_may_go_through_another_authority(tmp_path: Path) -> None:
    authority, pair = make_authority(tmp_path), make_pair(tmp_path)
    middle = make_pair(tmp_path, "middle")
    path, between = authority.issue(middle, *INTERMEDIATE, name="middle")
    _, der = Authority(pair=middle, certificate=path).issue(pair)

    assert verify_chain([der, between], authority.anchors, at=NOW) == pair.key
    with pytest.raises(IntegrityError, match="not trusted"):
        verify_chain([der], authority.anchors, at=NOW)


@pytest.mark.parametrize(
    "extensions",
    [
        ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature"),
        ("basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=keyCertSign"),
    ],
)
def test_an_authority_vouches_no_further_than_it_may(
    tmp_path: Path, extensions: Sequence[str]
) -> None:
    authority, pair = make_authority(tmp_path), make_pair(tmp_path)
    pairs = [make_pair(tmp_path, name) for name in ("first", "second")]
    path, first = authority.issue(pairs[0], *extensions, name="first")
    under = Authority(pair=pairs[0], certificate=path)
    path, second = under.issue(pairs[1], *INTERMEDIATE, name="second")
    _, der = Authority(pair=pairs[1], certificate=path).issue(pair)

    with pytest.raises(IntegrityError, match="not trusted"):
        verify_chain([der, second, first], authority.anchors, at=NOW)


def test_who_has_a_certificate_vouches_for_nobody(tmp_path: Path) -> None:
    authority, pair = make_authority(tmp_path), make_pair(tmp_path)
    attacker = make_pair(tmp_path, "attacker")
    path, between = authority.issue(attacker, name="attacker")
    _, der = Authority(pair=attacker, certificate=path).issue(pair)

    with pytest.raises(IntegrityError, match="not trusted"):
        verify_chain([der, between], authority.anchors, at=NOW)


@pytest.mark.parametrize("days", [-1, 11])
def test_a_certificate_is_believed_in_its_time_alone(tmp_path: Path, days: int) -> None:
    authority = make_authority(tmp_path)
    _, der = authority.issue(make_pair(tmp_path))

    with pytest.raises(IntegrityError, match="not trusted on"):
        verify_chain([der], authority.anchors, at=NOW + timedelta(days=days))


def test_an_authority_of_the_same_name_is_another(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    authority, other = make_authority(tmp_path), make_authority(tmp_path / "other")
    _, der = authority.issue(make_pair(tmp_path))
    chain = [der, *authority.anchors.certificates]

    with pytest.raises(IntegrityError, match="not trusted"):
        verify_chain(chain, other.anchors, at=NOW)


@pytest.mark.parametrize(
    ("extensions", "why"),
    [
        (["keyUsage=keyAgreement"], "not for signatures"),
        (
            ["keyUsage=digitalSignature", "extendedKeyUsage=serverAuth"],
            "something else",
        ),
        (["subjectAltName=DNS:a.example"], "does not say"),
    ],
)
def test_a_certificate_for_something_else_signs_no_models(
    tmp_path: Path, extensions: Sequence[str], why: str
) -> None:
    authority = make_authority(tmp_path)
    _, der = authority.issue(make_pair(tmp_path), *extensions)

    with pytest.raises(IntegrityError, match=why):
        verify_chain([der], authority.anchors, at=NOW)


def test_a_key_that_model_signing_does_not_use_is_refused(tmp_path: Path) -> None:
    private, certificate = tmp_path / "rsa", tmp_path / "rsa.crt"
    openssl("genpkey", "-algorithm", "RSA", "-out", private)
    openssl("req", "-x509", "-key", private, "-subj", "/CN=r", "-out", certificate)
    (der,) = TrustAnchors.from_pem(certificate.read_bytes()).certificates

    with pytest.raises(IntegrityError, match="P-256 or P-384"):
        key_of(der)


def test_what_is_no_chain_is_refused(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    _, der = authority.issue(make_pair(tmp_path))

    for chain in ([], [der] * (MOST_CHAIN + 1), [b""], [der[:-1]], [der + b"\0"]):
        with pytest.raises(IntegrityError):
            verify_chain(chain, authority.anchors, at=NOW)
    with pytest.raises(IntegrityError, match="at most"):
        key_of(b"\0" * (MOST_CERTIFICATE_BYTES + 1))
    for data, why in ((b"", "no certificates"), (b" " * (1 << 21), "at most")):
        with pytest.raises(InputError, match=why):
            TrustAnchors.from_pem(data)


def test_at_most_500_certificates_are_trusted(tmp_path: Path) -> None:
    pem = make_authority(tmp_path).certificate.read_bytes()

    assert len(TrustAnchors.from_pem(pem * 500).certificates) == 500
    with pytest.raises(InputError, match="at most 500"):
        TrustAnchors.from_pem(pem * 501)


def test_a_list_of_a_mebibyte_is_read_and_a_longer_one_is_not(tmp_path: Path) -> None:
    pem = make_authority(tmp_path).certificate.read_bytes()
    longest = pem.ljust(1 << 20, b"\n")

    assert len(TrustAnchors.from_pem(longest).certificates) == 1
    with pytest.raises(InputError, match="at most 1048576 bytes"):
        TrustAnchors.from_pem(longest + b"\n")
