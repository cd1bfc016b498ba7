"""The policy file says which witnesses count."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.ledger.policy_file import (
    MAX_POLICY_BYTES,
    KnownWitness,
    WitnessPolicy,
)
from tests.ledger.exports import ledger_of, witness_key

LOG = ledger_of(0).key.text()
KEYS = {name: witness_key(n) for n, name in enumerate(("X1", "X2", "X3", "Y1"), 1)}
WITNESSES = "".join(f"witness {name} {key.text()}\n" for name, key in KEYS.items())
EXAMPLE = f"""# two levels, as in the specification
log {LOG}

{WITNESSES}
  group X-witnesses\t2 X1 X2 X3
group Y-witnesses any Y1
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def policy(text: str) -> WitnessPolicy:
    return WitnessPolicy.from_bytes(text.encode())


def test_the_published_example_asks_for_two_of_x_and_one_of_y() -> None:
    read = policy(EXAMPLE)

    for count in range(5):
        for names in combinations(KEYS, count):
            enough = "Y1" in names and len(set(names) - {"Y1"}) >= 2
            assert read.met_by({KEYS[name] for name in names}) is enough
    assert read.least() == 3
    assert [key.text() for key in read.logs] == [LOG]


def test_a_policy_without_quorum_needs_nobody() -> None:
    read = policy("quorum none\n")

    assert read.met_by(())
    assert (read.least(), read.quorum) == (0, "none")


def test_one_witness_can_be_the_quorum() -> None:
    read = policy(WITNESSES + "quorum X2\n")

    assert read.met_by({KEYS["X2"]})
    assert not read.met_by({KEYS["X1"], KEYS["X3"]})


def test_another_key_under_the_same_name_does_not_count() -> None:
    read = policy(WITNESSES + "quorum X2\n")
    forged = type(KEYS["X2"])(name=KEYS["X2"].name, public=KEYS["X1"].public)

    assert not read.met_by({forged})


@given(st.integers(1, 4), st.booleans())
def test_a_policy_is_read_as_it_was_written(threshold: int, with_url: bool) -> None:
    url = " unix:/run/witness" if with_url else ""
    text = WITNESSES.replace("\n", url + "\n") + (
        f"group all {threshold} X1 X2 X3 Y1\nquorum all\n"
    )

    read = policy(text)

    assert policy(read.to_text()) == read
    assert read.least() == threshold
    assert read.witnesses["X1"].url == url.strip()


def test_names_are_bytes() -> None:
    """A Kelvin sign is no K, and what is no UTF-8 is still a name."""
    data = f"witness \u212a {KEYS['X1'].text()}\nwitness K {KEYS['X2'].text()}\n"
    raw = data.encode() + b"witness \xff " + KEYS["X3"].text().encode() + b"\n"

    read = WitnessPolicy.from_bytes(raw + b"quorum \xff\n")

    assert len(read.witnesses) == 3
    assert read.met_by({KEYS["X3"]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "quorum\n",
        "quorum none none\n",
        "quorum none\nquorum none\n",
        "quorum X1\n",
        "quorum X1\n" + WITNESSES,
        "log\nquorum none\n",
        f"log {LOG} url more\nquorum none\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"log {KEYS['X1'].text()}\nquorum none\n",
        f"witness X1 {LOG}\nquorum none\n",
        f"witness none {KEYS['X1'].text()}\nquorum none\n",
        WITNESSES + f"witness X5 {KEYS['X1'].text()}\nquorum none\n",
        WITNESSES + f"witness X1 {witness_key(9).text()}\nquorum none\n",
        WITNESSES + "group g 0 X1\nquorum g\n",
        WITNESSES + "group g 3 X1 X2\nquorum g\n",
        WITNESSES + "group g \u0661 X1\nquorum g\n",
        WITNESSES + f"group g {'9' * 5000} X1\nquorum g\n",
        WITNESSES + "group g any\nquorum g\n",
        WITNESSES + "group g any none\nquorum g\n",
        WITNESSES + "group g any h\ngroup h any X1\nquorum g\n",
        WITNESSES + "group g any g\nquorum g\n",
        WITNESSES + "group g 2 X1 X1\nquorum g\n",
        WITNESSES + "group g any X1\ngroup h any X1\nquorum h\n",
        WITNESSES + "group X1 any X2\nquorum X1\n",
        "unknown line\nquorum none\n",
        "quorum none\x00\n",
        "quorum none\r\n",
        "quorum none\x7f\n",
        "#" * MAX_POLICY_BYTES + "\nquorum none\n",
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        policy(text)


def test_a_policy_names_at_most_64_witnesses() -> None:
    lines = [f"witness w{n} {witness_key(n).text()}\n" for n in range(100, 165)]

    policy(f"log {LOG}\n{''.join(lines[:64])}quorum none\n")
    with pytest.raises(InputError, match="more than 64"):
        policy(f"log {LOG}\n{''.join(lines)}quorum none\n")


def test_a_ledger_is_no_witness_of_itself() -> None:
    signer = ledger_of(0).signer
    own = type(KEYS["X1"])(name="own", public=signer.public.raw).text()

    for text in (f"log {LOG}\nwitness w {own}\n", f"witness w {own}\nlog {LOG}\n"):
        with pytest.raises(InputError, match="cannot witness itself"):
            policy(text + "quorum w\n")


def test_the_line_that_is_wrong_is_named() -> None:
    with pytest.raises(InputError, match="line 3 of the policy"):
        policy("\n# comment\nnonsense\n")


def test_a_policy_has_64_kibibytes_at_most() -> None:
    longest = "quorum none\n".ljust(65_535, "#") + "\n"

    assert policy(longest).quorum == "none"
    with pytest.raises(InputError, match="at most 65536 bytes"):
        policy(longest + "\n")


LINES = [f"log {LOG}", *WITNESSES.splitlines(), "group g 1 X1 X2", "quorum g"]


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        (f"log {LOG} https://a.example", True),
        (f"log {LOG} https://a.example more", False),
        ("log", False),
        (f"witness w {witness_key(9).text()} unix:/w", True),
        (f"witness w {witness_key(9).text()} unix:/w more", False),
        ("witness w", False),
        ("group h 1 X3", True),
        ("group h 1", False),
        ("group h any X3 Y1", True),
        ("group h 2 X3 Y1", True),
        ("group h 3 X3 Y1", False),
        ("group h 0 X3 Y1", False),
        ("group h 02 X3 Y1", False),
        ("group h +1 X3 Y1", False),
        ("group h \u0661 X3 Y1", False),
        ("group h 1 X3 X3", False),
        ("group h 1 X1", False),
        ("group h 1 nobody", False),
        ("group none 1 X3", False),
        ("group X1 1 X3", False),
        ("group g 1 X3", False),
        (f"witness none {witness_key(9).text()}", False),
        (f"witness X1 {witness_key(9).text()}", False),
        (f"witness g {witness_key(9).text()}", False),
        (f"witness w {KEYS['X1'].text()}", False),
        ("quorum g", False),
        ("quorum none", False),
        ("# log", True),
        ("\t ", True),
        ("Log x", False),
        ("quorums g", False),
    ],
)
def test_one_more_line_is_taken_or_names_itself(line: str, taken: bool) -> None:
    first = line.startswith("log " + LOG)
    lines = [line, *LINES[1:]] if first else [*LINES, line]
    if taken:
        policy("\n".join(lines))
    else:
        number = 1 if first else len(lines)
        with pytest.raises(InputError, match=f"line {number} of the policy: "):
            policy("\n".join(lines))


def test_a_quorum_is_demanded_and_has_to_be_known() -> None:
    with pytest.raises(InputError, match="has no quorum line"):
        policy("\n".join(LINES[:-1]))
    with pytest.raises(InputError, match="there is no 'nobody' above it"):
        policy("\n".join([*LINES[:-1], "quorum nobody"]))


@pytest.mark.parametrize("byte", [0, 8, 11, 13, 31, 127])
def test_control_characters_are_refused(byte: int) -> None:
    text = "\n".join(LINES).encode()
    with pytest.raises(InputError, match="no control characters"):
        WitnessPolicy.from_bytes(text + b"\n# " + bytes([byte]))
    for taken in (9, 10, 32, 126, 128, 255):
        WitnessPolicy.from_bytes(text + b"\n# " + bytes([taken]))


def test_as_few_as_possible_are_counted_through_groups() -> None:
    text = WITNESSES + "group a 2 X1 X2\ngroup b any X3\ngroup c 1 a b\n"
    for quorum, least in (("a", 2), ("b", 1), ("c", 1), ("X1", 1), ("none", 0)):
        assert policy(f"{text}quorum {quorum}\n").least() == least
    both = policy(text.replace("c 1", "c all") + "quorum c\n")
    assert both.least() == 3
    assert not both.met_by([KEYS["X1"], KEYS["X3"]])
    assert both.met_by([KEYS["X1"], KEYS["X2"], KEYS["X3"]])


def test_a_url_is_kept() -> None:
    read = policy(f"witness w {KEYS['X1'].text()} unix:/w\nquorum w\n")
    assert read.witnesses["w"] == KnownWitness(name="w", key=KEYS["X1"], url="unix:/w")
    assert read.to_text() == f"witness w {KEYS['X1'].text()} unix:/w\nquorum w\n"
    assert policy(f"witness w {KEYS['X1'].text()}\nquorum w\n").witnesses["w"].url == ""


def test_there_are_at_most_64_logs_and_64_groups() -> None:
    logs = [
        "log " + VerifierKey(origin=f"l{n}", public=n.to_bytes(32, "big")).text()
        for n in range(65)
    ]
    policy("\n".join([*logs[:64], "quorum none"]))
    with pytest.raises(InputError, match="line 65 of the policy: there are more"):
        policy("\n".join([*logs, "quorum none"]))
    groups = ["group g0 1 X1", *(f"group g{n} 1 g{n - 1}" for n in range(1, 65))]
    policy(WITNESSES + "\n".join([*groups[:64], "quorum g63"]))
    with pytest.raises(InputError, match="there are more than 64 of a kind"):
        policy(WITNESSES + "\n".join([*groups, "quorum g63"]))
