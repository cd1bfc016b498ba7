"""A campaign that somebody stops still says what it had."""

from __future__ import annotations

import signal

import pytest

from campaigns._progress import shown, stoppable


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_whoever_stops_a_campaign_gets_the_counts(sent: signal.Signals) -> None:
    before, done = signal.getsignal(signal.SIGTERM), []
    with stoppable() as stopped:
        for number in shown(range(9), "counting"):
            if number == 3:
                signal.raise_signal(sent)
            done.append(number)

    assert (stopped.early, done) == (True, [0, 1, 2])
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_ends_by_itself_was_not_stopped() -> None:
    with stoppable() as stopped:
        assert list(shown("abc", "letters")) == ["a", "b", "c"]
    assert not stopped.early
