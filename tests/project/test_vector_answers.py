"""What must come out of vectors that the tests of no module read.

Each answer is compared with what the vector states, where it can be by computing it
a second time from the parts that the vector shows.
"""

from __future__ import annotations

import hmac

import numpy as np

from strongroom import canonical
from strongroom.access.footprints import Extent, Footprint, Grain, coordinate
from strongroom.access.quorum import Decision, QuorumRule, Vote, decide_quorum
from strongroom.access.scales import Scale, columns_of, rescale
from strongroom.database import counted
from strongroom.database.basis import digest_of_list
from strongroom.database.times import parse_time
from strongroom.intake.receipt import report_digest
from strongroom.intake.receiving import files_digest
from strongroom.ledger.cosignature import WitnessKey
from strongroom.types import Secret
from tests.project import read_ledger
from tests.project.vectors import load, raw


def test_a_policy_is_met_by_whom_its_vector_says() -> None:
    vector = load("witness_policy")
    known = {name: WitnessKey.from_text(t) for name, t in vector["witnesses"].items()}
    for case in vector["policies"]:
        policy = read_ledger.read_policy(case)
        for outcome in ("met_by", "not_met_by"):
            for names in case[outcome]:
                signed = [known[name] for name in names]
                assert policy.met_by(signed) == (outcome == "met_by")
        assert policy.least() == case["least"]


def test_answers_leave_a_request_where_their_vector_says() -> None:
    """``may`` is what the shell leaves out before it asks for a decision."""
    for case in load("requests")["answers"]:
        rule = QuorumRule(
            approvals=case["approvals"],
            distinct_teams=case["distinct_teams"],
            excluded_accounts=frozenset({case["asker"]}),
            excluded_teams=frozenset({case["asker_team"], case["asker_team_now"]}),
        )
        votes = [
            Vote(
                approver=one["approver"],
                team=one["team"],
                digest=one["digest"],
                at=parse_time(one["at"]),
                valid_until=parse_time(one["valid_until"]),
                decision=Decision(one["decision"]),
            )
            for one in case["answers"]
            if one["may"] or one["decision"] == Decision.DECLINE
        ]
        moment = parse_time(case["moment"])

        found = decide_quorum(rule, votes, case["digest"], moment)

        assert type(found).__name__.lower() == case["outcome"], case["what"]


def test_contexts_are_every_field_after_its_length() -> None:
    for case in load("encoding")["contexts"]:
        fields = [raw(f["hex"]) if isinstance(f, dict) else f for f in case["fields"]]

        assert canonical.encode(case["tag"], *fields).hex() == case["encoding"]
        assert canonical.digest(case["tag"], *fields).hex() == case["digest"]


def test_documents_have_the_bytes_that_are_published() -> None:
    for case in load("encoding")["documents"]:
        assert canonical.to_json(case["value"]).hex() == case["bytes_hex"]


def test_a_mac_is_what_the_specification_says() -> None:
    """Computed a second time, from the content that the vector shows."""
    vector = load("guarded_rows")
    key = raw(vector["guard_key"])
    for row in vector["rows"]:
        parts = ("strongroom/v1/row", row["table"], row["columns"]["id"])
        message = prefixed(*(part.encode() for part in parts), row["content"].encode())
        assert hmac.digest(key, message, "sha256").hex() == row["mac"]
    for waiting in vector["waiting"]:
        number = waiting["id"].to_bytes(8, "big")
        at, leaf = waiting["at"].encode(), raw(waiting["leaf"])
        message = prefixed(b"strongroom/v1/entry", number, at, leaf)
        assert hmac.digest(key, message, "sha256").hex() == waiting["mac"]


def test_what_decisions_counted_has_the_published_digests() -> None:
    """Once only a second reader was held against them, and ours could have drifted."""
    vector = load("guarded_rows")
    for name, digest_of in (("counted", counted.digest_of), ("reads", digest_of_list)):
        for case in vector[name]:
            rows = [(r["id"], r["revision"], raw(r["mac"])) for r in case["rows"]]
            rows.sort(key=lambda row: row[0].encode())
            found = digest_of(case["table"], case["prefix"], rows)
            assert found.hex() == case["digest"], case


def prefixed(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def test_footprints_and_coordinates_are_the_published_ones() -> None:
    vector = load("footprints")
    key = Secret(raw(vector["coordinate_key"]))
    for named in vector["coordinates"]:
        place = {name: named[name] for name in ("place", "tensor", "alone")}
        assert coordinate(key, **place).hex() == named["coordinate"]
    for case in vector["footprints"]:
        extents = [
            Extent(raw(name), start, end, Grain(*grain))
            for name, start, end, *grain in case["extents"]
        ]
        assert Footprint.of(extents) == read_ledger.read_footprint(case)
        assert read_ledger.read_footprint(case).bytes == case["bytes"]


def test_extents_are_turned_as_the_published_ones() -> None:
    for case in load("footprints")["scales"]:
        held, opened = Grain(*case["grain"]), Grain(*case["opened"])
        columns, _ = columns_of(
            [Footprint.of([Extent(bytes(16), case["start"], case["end"], held)])]
        )
        whole = Extent(bytes(16), 0, opened.bytes, opened)

        rescale(
            columns,
            np.zeros(1, bool),
            np.zeros(1, int),
            Scale.of([Footprint.of([whole])]),
        )

        assert [columns["start"][0], columns["end"][0]] == case["turned"]


def test_what_comes_in_has_the_published_digests() -> None:
    vectors = load("intake")

    for case in vectors["files"]:
        assert files_digest(tuple(f) for f in case["files"]) == case["digest"]
    for case in vectors["reports"]:
        assert report_digest(case["report"].encode()) == case["digest"]
