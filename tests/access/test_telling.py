"""What somebody hears of a message that others should have had."""

from __future__ import annotations

import pytest

from strongroom.access.telling import Message, Told, tell_nobody


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (Told(reached=1), "told at once"),
        (Told(reached=3), "3 told"),
        (Told(), "nobody was told: notifications.toml has no target for it"),
        (Told(reached=2, failed=("a: away",)), "not everybody was told: a: away"),
    ],
)
def test_a_failure_is_said_before_a_success(told: Told, sentence: str) -> None:
    assert told.sentence == sentence


def test_without_targets_nobody_is_told() -> None:
    message = Message(about="break-glass", subject="permit-1", title="t", text="x")

    assert tell_nobody(message) == Told()
