"""A hub elsewhere sends nobody to what listens on this machine."""

from __future__ import annotations

import pytest

from strongroom.intake.hub_hosts import may_send

AWAY, HERE = "https://hub.example", "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:6379/",
        "https://127.0.0.1/",
        "https://127.1.2.3/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://localhost./",
        "https://localhost:8443/",
        "https://me.localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://10.0.0.7/",
        "https://192.168.1.1/",
        "http://files.example/",
        "file:///etc/passwd",
        "ftp://files.example/",
        "",
    ],
)
def test_a_hub_elsewhere_may_not_send_inside_or_in_the_clear(url: str) -> None:
    assert not may_send(AWAY, url)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (AWAY, "https://files.example/x"),
        (AWAY, "https://8.8.8.8/x"),
        (HERE, "http://localhost:8080/x"),
        (HERE, "https://files.example/x"),
        ("https://10.0.0.7", "https://10.0.0.8/x"),
    ],
)
def test_a_hub_may_send_to_others_like_itself(endpoint: str, url: str) -> None:
    assert may_send(endpoint, url)


def test_a_hub_on_this_machine_may_not_send_elsewhere_in_the_clear() -> None:
    assert not may_send(HERE, "http://files.example/x")
