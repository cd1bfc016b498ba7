"""A second reader of requests and answers agrees with every vector."""

from __future__ import annotations

import json

import pytest

from tests.specification import requests
from tests.specification.pages import Document, RefusedError, vector

REQUESTS = vector("requests")


def named(case: Document) -> str:
    return str(case["what"])


def test_the_published_requests_are_read() -> None:
    for case in REQUESTS["requests"]:
        assert requests.payload(case) == json.loads(case["body"])["payload"]


@pytest.mark.parametrize("case", REQUESTS["refused"], ids=named)
def test_a_request_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        requests.payload(case)


@pytest.mark.parametrize("case", REQUESTS["answers"], ids=named)
def test_answers_leave_a_request_where_the_page_says(case: Document) -> None:
    assert requests.outcome(case) == case["outcome"]
