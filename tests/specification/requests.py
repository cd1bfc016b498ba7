"""A second reader of requests and answers, from their page alone."""

from __future__ import annotations

from tests.specification.pages import Document, digest, hexadecimal, must, read

MOST_BODY = 256 << 10


def payload(case: Document) -> Document:
    """Return what a request asks for.

    Raises:
        RefusedError: The body is not what was asked for, or asks for nothing.
    """
    body = case["body"].encode()
    named = (case["id"], case["action"], case["asker"])
    own = digest("strongroom/v1/request", *named, body).hex()
    must(own == case["digest"], "another digest")
    found = read(body, MOST_BODY)
    must(isinstance(found, dict), "a body is an object")
    must(isinstance(found.get("payload"), dict), "it asks for nothing")
    hexadecimal(found["salt"], 32)
    asked: Document = found["payload"]
    return asked


def outcome(case: Document) -> str:
    """Return where the answers leave a request.

    Args:
        case: The request's digest, asker, teams and numbers; the moment; the
            answers, each with whether its approver ``may`` still approve.
    """
    counting = [one for one in case["answers"] if counts(one, case)]
    if any(one["decision"] == "decline" for one in counting):
        return "declined"
    people = {one["approver"] for one in counting}
    teams = {one["team"] for one in counting}
    enough = len(people) >= case["approvals"] and len(teams) >= case["distinct_teams"]
    return "approved" if enough else "pending"


def counts(one: Document, case: Document) -> bool:
    """Return whether an answer counts at the moment."""
    return (
        one["digest"] == case["digest"]
        and one["approver"] != case["asker"]
        and one["team"] not in (case["asker_team"], case["asker_team_now"])
        and one["at"] <= case["moment"] < one["valid_until"]
        and (one["decision"] == "decline" or one["may"])
    )
