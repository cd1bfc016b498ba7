"""The arithmetic that the outsider's program has of its own, beside a library's."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.access import verify_approvals
from strongroom.access.verify_approvals import ProblemError


@given(st.integers(1, verify_approvals.N - 1))
@settings(max_examples=12)
def test_multiples_of_the_base_point_are_those_of_the_library(scalar: int) -> None:
    point = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()

    assert verify_approvals.times(scalar, verify_approvals.G) == (point.x, point.y)


def test_the_small_multiples_and_the_ends_of_the_order_are_right() -> None:
    """Sums of a point with itself, with its opposite, and with nothing."""
    base, order = verify_approvals.G, verify_approvals.N
    opposite = (base[0], verify_approvals.P - base[1])

    assert verify_approvals.times(order, base) is None
    assert verify_approvals.times(order - 1, base) == opposite
    assert verify_approvals.times(order + 1, base) == base
    assert verify_approvals.times(0, base) is None
    assert verify_approvals.add(base, opposite) is None
    assert verify_approvals.add(None, base) == verify_approvals.add(base, None) == base
    assert verify_approvals.add(None, None) is None
    for scalar in range(1, 8):
        expected = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
        found = verify_approvals.times(scalar, base)
        numbers = expected.public_numbers()
        assert found == (numbers.x, numbers.y)


@given(st.binary(max_size=70))
@settings(max_examples=10)
def test_what_the_library_signs_on_p_256_holds(message: bytes) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
    point = key.public_key().public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))

    assert verify_approvals.es256(x, y, signature, message)
    assert not verify_approvals.es256(x, y, signature, message + b"!")
    assert not verify_approvals.es256(y, x, signature, message)


@given(st.binary(max_size=70))
@settings(max_examples=6)
def test_what_the_library_signs_with_ed25519_holds(message: bytes) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()

    assert verify_approvals.ed25519(public, key.sign(message), message)
    assert not verify_approvals.ed25519(public, key.sign(message), message + b"!")


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("value", [0, verify_approvals.N, verify_approvals.N + 1])
def test_numbers_outside_the_order_sign_nothing(number: int, value: int) -> None:
    key = ec.derive_private_key(7, ec.SECP256R1())
    pair = [*decode_dss_signature(key.sign(b"message", ec.ECDSA(hashes.SHA256())))]
    pair[number] = value
    signature = encode_dss_signature(*pair)
    point = key.public_key().public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))

    assert not verify_approvals.es256(x, y, signature, b"message")


def test_a_point_that_is_not_on_the_curve_or_not_reduced_has_no_signatures() -> None:
    key = ec.derive_private_key(7, ec.SECP256R1())
    signature = key.sign(b"message", ec.ECDSA(hashes.SHA256()))
    numbers = key.public_key().public_numbers()

    def holds(x: int, y: int) -> bool:
        first, second = (number.to_bytes(33, "big") for number in (x, y))
        return verify_approvals.es256(first, second, signature, b"message")

    assert holds(numbers.x, numbers.y)
    assert not holds(numbers.x + verify_approvals.P, numbers.y)
    assert not holds(numbers.x, numbers.y + verify_approvals.P)
    assert not holds(numbers.x, numbers.y + 1)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes.fromhex("300602010102"),
        bytes.fromhex("3006020101020101") + b"\x00",  # something after it
        bytes.fromhex("3107020101020101"),  # another tag
        bytes.fromhex("3006020101030101"),  # another tag of a number
        bytes.fromhex("300702020001020101"),  # a zero too many
        bytes.fromhex("3006020181020101"),  # negative
        bytes.fromhex("30810602010102 0101".replace(" ", "")),  # a longer length
        encode_dss_signature(verify_approvals.N, verify_approvals.N) + b"\x00",
    ],
)
def test_another_form_of_two_numbers_is_refused(signature: bytes) -> None:
    with pytest.raises(ProblemError, match="a signature has another form"):
        verify_approvals.der(signature)


@pytest.mark.parametrize("value", [1, 127, 128, 255, 256, 2**255, 2**256 - 1])
def test_two_numbers_have_one_form(value: int) -> None:
    for pair in ((value, 1), (1, value), (value, value)):
        assert verify_approvals.der(encode_dss_signature(*pair)) == pair


@pytest.mark.parametrize("bits", [2048, 4096])
def test_an_rsa_signature_is_one_number_below_the_modulus(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    numbers = key.public_key().public_numbers()
    n = numbers.n.to_bytes(bits // 8, "big")
    e = numbers.e.to_bytes(3, "big")
    signature = key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    more = int.from_bytes(signature, "big") + numbers.n

    assert verify_approvals.rs256(n, e, signature, b"message")
    assert not verify_approvals.rs256(n, e, signature, b"another")
    assert not verify_approvals.rs256(n, e, b"\x00" + signature, b"message")
    assert not verify_approvals.rs256(n, e, signature[:-1], b"message")
    if more.bit_length() <= bits:
        wrapped = more.to_bytes(bits // 8, "big")
        assert not verify_approvals.rs256(n, e, wrapped, b"message")
    other = key.sign(b"message", padding.PKCS1v15(), hashes.SHA512())
    assert not verify_approvals.rs256(n, e, other, b"message")


@pytest.mark.parametrize(
    ("bits", "exponent", "taken"),
    [
        (2041, 3, True),
        (2040, 3, False),
        (8192, 3, True),
        (8193, 3, False),
        (2048, 2**32 - 1, True),
        (2048, 2**32, False),
    ],
)
def test_an_rsa_key_has_256_to_1024_bytes_and_a_small_exponent(
    bits: int, exponent: int, *, taken: bool
) -> None:
    n = ((1 << bits) - 1).to_bytes((bits + 7) // 8, "big")
    e = exponent.to_bytes(5, "big")
    if taken:
        assert not verify_approvals.rs256(n, e, bytes(len(n)), b"message")
        return

    with pytest.raises(ProblemError, match="an RSA key has another size"):
        verify_approvals.rs256(n, e, bytes(len(n)), b"message")


def test_an_ed25519_signature_has_64_bytes_and_a_scalar_below_the_order() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"message")
    scalar = int.from_bytes(signature[32:], "little") + verify_approvals.ORDER
    malleable = signature[:32] + scalar.to_bytes(32, "little")

    assert verify_approvals.ed25519(public, signature, b"message")
    for other in (malleable, signature + b"\x00", signature[:-1]):
        assert not verify_approvals.ed25519(public, other, b"message")


@pytest.mark.parametrize(
    ("data", "point"),
    [
        ((1).to_bytes(32, "little"), (0, 1)),
        (
            (verify_approvals.Q - 1).to_bytes(32, "little"),
            (0, verify_approvals.Q - 1),
        ),
        ((1 | 1 << 255).to_bytes(32, "little"), None),  # minus zero
        (verify_approvals.Q.to_bytes(32, "little"), None),  # not reduced
        ((verify_approvals.Q + 1).to_bytes(32, "little"), None),
        ((2).to_bytes(32, "little"), None),  # no square
        ((1).to_bytes(31, "little"), None),
        ((1).to_bytes(33, "little"), None),
    ],
)
def test_a_point_of_ed25519_has_one_form(
    data: bytes, point: tuple[int, int] | None
) -> None:
    if point is not None:
        assert verify_approvals.unpack(data) == point
        return
    with pytest.raises(ProblemError, match="a key is no point of the curve"):
        verify_approvals.unpack(data)


def test_the_two_roots_of_a_point_are_told_apart_by_its_sign() -> None:
    x, y = verify_approvals.unpack(verify_approvals.BASE)
    other = bytearray(verify_approvals.BASE)
    other[31] ^= 0x80

    assert x % 2 == 0
    assert verify_approvals.unpack(bytes(other)) == (verify_approvals.Q - x, y)
    assert verify_approvals.multiple(verify_approvals.ORDER, (x, y)) == (0, 1)
    assert verify_approvals.multiple(0, (x, y)) == (0, 1)
