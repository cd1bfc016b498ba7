"""A bundle of advisories is read whole, or not at all."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.crypto.signing import Signed, SigningKey, VerifyKey
from strongroom.errors import IntegrityError
from strongroom.intake import advisories
from strongroom.intake.advisories import PURPOSE, Bundle, open_bundle, parse_bundle
from strongroom.types import Secret
from tests.crypto.sealed import flipped

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "advisories.json").read_text()
)
KEY = VerifyKey(bytes.fromhex(VECTORS["public"]))
EXAMPLE = Path(__file__).parents[2] / "examples" / "issue_advisories.py"
SIGNER = SigningKey(Secret(bytes.fromhex(VECTORS["seed"])))
SMALL = VECTORS["accepted"][0]["envelope"].encode()
FULL = VECTORS["accepted"][1]["envelope"].encode()
ED25519_HEADER = bytes.fromhex("302a300506032b6570032100")
"""Of a public key as DER. Source: RFC 8410 section 4."""


def says(bundle: Bundle) -> dict[str, Any]:
    """Return what a bundle says, in the words of the vectors."""
    return {
        "number": bundle.number,
        "advisories": [
            {
                "id": one.id,
                "withdrawn": one.withdrawn,
                "readers_below": one.readers_below,
                "selectors": {
                    str(name): sorted(values)
                    for name, values in sorted(one.selectors.items())
                },
                "packages": [
                    [
                        package.name,
                        [[list(event) for event in r] for r in package.ranges],
                        sorted(package.versions),
                    ]
                    for package in one.packages
                ],
            }
            for one in bundle.advisories
        ],
    }


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["what"])
def test_a_bundle_says_what_its_vector_says(case: dict[str, Any]) -> None:
    assert says(open_bundle(case["envelope"].encode(), KEY)) == case["says"]
    again = SIGNER.sign(PURPOSE, canonical.to_json(case["document"]))
    assert again.to_bytes() == case["envelope"].encode()


def test_openssl_verifies_a_bundle(tmp_path: Path) -> None:
    """With nothing of ours but the rule what is signed, from the specification."""
    document = json.loads(FULL)
    (signature,) = document["signatures"]
    payload = Signed.from_bytes(FULL, advisories.MOST_BYTES).payload
    fields = (b"strongroom/v1/signature", b"advisories", b"ed25519", payload)
    signed = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    (tmp_path / "signed").write_bytes(signed)
    (tmp_path / "key").write_bytes(ED25519_HEADER + KEY.raw)
    (tmp_path / "signature").write_bytes(base64.b64decode(signature["value"]))

    subprocess.run(
        [
            *("openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER"),
            *("-inkey", "key", "-rawin", "-in", "signed", "-sigfile", "signature"),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )


@given(st.integers(0, 8 * len(SMALL) - 1))
def test_a_flipped_bit_anywhere_is_refused(bit: int) -> None:
    with pytest.raises(IntegrityError):
        open_bundle(flipped(SMALL, bit), KEY)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "affected",
                        "package",
                        "ranges",
                        "events",
                        "versions",
                        "database_specific",
                        "strongroom",
                        "files",
                        "globals",
                        "name",
                    ]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused(item: canonical.Json) -> None:
    document = {**VECTORS["accepted"][0]["document"], "advisories": [item]}
    with suppress(IntegrityError):
        parse_bundle(canonical.to_json(document))


def test_a_bundle_of_more_than_its_caps_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(IntegrityError, match="more than 16777216 bytes"):
        parse_bundle(b" " * (advisories.MOST_PAYLOAD_BYTES + 1))
    with pytest.raises(IntegrityError, match="more than 1000000 values"):
        parse_bundle(b"[" * (advisories.MOST_VALUES + 1))


def test_the_example_issues_what_is_read(tmp_path: Path) -> None:
    """It shares no code with ours, so that others can issue bundles too."""
    advisory = {
        "id": "A-1",
        "database_specific": {"strongroom": {"globals": ["os.*"]}},
    }
    (tmp_path / "a.json").write_text(json.dumps(advisory, indent=1))
    key = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", "issuer.pem"]
    subprocess.run(key, cwd=tmp_path, check=True, capture_output=True)

    done = subprocess.run(
        [
            *(sys.executable, EXAMPLE, "issuer.pem"),
            *("--number", "7", "--to", "bundle.json", "a.json"),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    pinned = tomllib.loads(done.stdout.decode())["advisories"]["key"]
    found = open_bundle(
        (tmp_path / "bundle.json").read_bytes(), VerifyKey(bytes.fromhex(pinned))
    )
    assert (found.number, [one.id for one in found.advisories]) == (7, ["A-1"])
