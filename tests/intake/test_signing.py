"""What is signed here ``model_signing`` verifies, and the other way round."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strongroom.crypto.certificates import TrustAnchors
from strongroom.crypto.ecdsa import EcKey
from strongroom.errors import InputError
from strongroom.intake.dsse import preauthentication_encoding
from strongroom.intake.findings import Level
from strongroom.intake.listing import empty_folders, list_files
from strongroom.intake.signatures import Arrived, Checked, Claim, check_claim
from strongroom.intake.signing import named, sign_folder
from tests.intake.signers import make_authority, make_pair, model_signing, openssl

NOW = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give a folder whose names come in another order by parts than by letters."""
    folder = tmp_path / "llm"
    (folder / "a").mkdir(parents=True)
    for name in ("a/z", "a-b", "a.bin", "überzug.json"):
        (folder / name).write_text(name)
    return folder


def checked(
    path: Path, signature: Path, trust: tuple[EcKey, ...] | TrustAnchors
) -> Checked:
    folder, names = list_files(path)
    files = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names}
    arrived = Arrived(name=path.name, files=files, empty_folders=empty_folders(path))
    claim = Claim(bundle=signature.read_bytes(), trust=trust)
    return check_claim(claim, arrived, at=NOW)


def levels(found: Checked) -> dict[str, Level]:
    return {finding.rule: finding.level for finding in found.findings}


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
def test_their_command_and_ours_agree_on_a_folder_signed_by_a_key(
    tmp_path: Path, model: Path, curve: str
) -> None:
    pair, ours, theirs = (
        make_pair(tmp_path, curve=curve),
        tmp_path / "o",
        tmp_path / "t",
    )

    ours.write_bytes(sign_folder(model, pair.signer))
    verify = ("verify", "key", "--public_key", pair.public, "--signature")
    done = model_signing(*verify, ours, model)
    assert done.returncode == 0, done.stderr
    private = ("--private_key", pair.private)
    done = model_signing("sign", "key", *private, "--signature", theirs, model)
    assert done.returncode == 0, done.stderr
    assert levels(checked(model, theirs, (pair.key,))) == {
        "signature/valid": Level.NOTE
    }

    (model / "a.bin").write_text("changed")
    assert model_signing(*verify, ours, model).returncode != 0
    assert "signature/files" in levels(checked(model, theirs, (pair.key,)))


def test_their_command_and_ours_agree_on_certificates(
    tmp_path: Path, model: Path
) -> None:
    pair, authority = make_pair(tmp_path), make_authority(tmp_path)
    certificate, der = authority.issue(pair)
    ours, theirs = tmp_path / "o", tmp_path / "t"
    chain = ("--certificate_chain", authority.certificate, "--signature")

    ours.write_bytes(sign_folder(model, pair.signer, chain=[der]))
    done = model_signing("verify", "certificate", *chain, ours, model)
    assert done.returncode == 0, done.stderr
    signer = ("--private_key", pair.private, "--signing_certificate", certificate)
    done = model_signing("sign", "certificate", *signer, *chain, theirs, model)
    assert done.returncode == 0, done.stderr

    found = checked(model, theirs, authority.anchors)
    assert levels(found) == {"signature/valid": Level.NOTE}


def test_their_command_and_ours_agree_on_one_file(tmp_path: Path, model: Path) -> None:
    pair, ours, theirs = make_pair(tmp_path), tmp_path / "o", tmp_path / "t"
    one = model / "a.bin"

    ours.write_bytes(sign_folder(one, pair.signer))
    verify = ("verify", "key", "--public_key", pair.public, "--signature", ours)
    assert model_signing(*verify, one).returncode == 0
    private = ("--private_key", pair.private, "--signature", theirs)
    assert model_signing("sign", "key", *private, one).returncode == 0

    assert levels(checked(one, theirs, (pair.key,))) == {"signature/valid": Level.NOTE}


def test_openssl_alone_verifies_what_is_signed_here(
    tmp_path: Path, model: Path
) -> None:
    pair = make_pair(tmp_path)
    message, signature = tmp_path / "message", tmp_path / "signature"

    envelope = json.loads(sign_folder(model, pair.signer))["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"]
    message.write_bytes(f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
    signature.write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))

    options = ("-verify", pair.public, "-signature", signature)
    assert "Verified OK" in openssl("dgst", "-sha256", *options, message)
    assert message.read_bytes() == preauthentication_encoding(kind, payload)


def test_what_their_command_overlooks_is_found(tmp_path: Path, model: Path) -> None:
    """A file that it ignores by itself, a folder that it does not see, a new name."""
    pair, theirs = make_pair(tmp_path), tmp_path / "t"
    private = ("--private_key", pair.private, "--signature", theirs)
    assert model_signing("sign", "key", *private, model).returncode == 0
    (model / ".gitattributes").write_text("* filter=run-me")
    (model / "empty").mkdir()
    renamed = model.rename(tmp_path / "other")

    verify = ("verify", "key", "--public_key", pair.public, "--signature", theirs)
    assert model_signing(*verify, renamed).returncode == 0
    assert levels(checked(renamed, theirs, (pair.key,))) == {
        "signature/files": Level.ERROR,
        "signature/name": Level.WARNING,
        "signature/folder": Level.WARNING,
        "signature/valid": Level.NOTE,
    }


def test_a_link_to_a_model_has_its_own_name(tmp_path: Path, model: Path) -> None:
    """A cache of a hub links names to blobs; the blob was once taken for the name."""
    (tmp_path / "linked").symlink_to(model)

    assert named(tmp_path / "linked") == "linked"
    assert named(model / "a" / "..") == "llm"


def test_a_link_is_not_signed(tmp_path: Path, model: Path) -> None:
    (model / "link").symlink_to("a.bin")

    with pytest.raises(InputError, match="is a link"):
        sign_folder(model, make_pair(tmp_path).signer)
