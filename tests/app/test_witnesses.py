"""A room's witnesses are those that its settings pin."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.app import open_ledger
from strongroom.app.witnesses import (
    POLICY_FILE,
    add_witness,
    load_policy,
    open_witnesses,
    pin_policy,
    socket_path,
)
from strongroom.errors import ConflictError, InputError, SetupError
from strongroom.ledger.cosignature import WitnessKey
from strongroom.ledger.policy_file import KnownWitness, WitnessPolicy
from strongroom.settings import Settings, load_settings
from tests.app.one_person import create
from tests.journeys.fixtures import clock, quick
from tests.journeys.rooms import Clock
from tests.ledger.exports import ledger_of, witness_key

__all__ = ["clock", "quick"]


@pytest.fixture
def settings(quick: Path) -> Settings:
    create(quick / "room")
    return load_settings(quick / "room")


def add(settings: Settings, number: int, *, needed: int | None = None) -> Settings:
    """Add witness ``number`` and return the settings as they are then."""
    ledger = open_ledger(settings)
    add_witness(
        settings,
        ledger,
        witness_key(number),
        name=f"w{number}",
        socket=Path("/run") / f"w{number}" if number % 2 else None,
        needed=needed,
        releases_wait=None,
        random=os.urandom,
    )
    ledger.database.close()
    return load_settings(settings.folder)


def test_witnesses_are_added_one_by_one(settings: Settings) -> None:
    assert load_policy(settings) == WitnessPolicy()
    settings = add(settings, 1)
    settings = add(settings, 2, needed=2)
    settings = add(settings, 3)

    policy = load_policy(settings)

    assert list(policy.witnesses) == ["w1", "w2", "w3"]
    assert policy.least() == 2
    assert policy.witnesses["w1"].url == "unix:/run/w1"
    assert socket_path(settings, policy.witnesses["w1"]) == Path("/run/w1")
    assert policy.logs[0].origin == settings.origin


def test_more_than_there_are_cannot_be_needed(settings: Settings) -> None:
    with pytest.raises(InputError):
        add(settings, 1, needed=2)
    assert load_policy(settings) == WitnessPolicy()


def test_one_key_is_no_two_witnesses(settings: Settings) -> None:
    settings = add(settings, 1)
    ledger = open_ledger(settings)
    same = WitnessKey(name="another", public=witness_key(1).public)

    with pytest.raises(InputError, match="there already"):
        add_witness(
            settings,
            ledger,
            same,
            name="another",
            socket=None,
            needed=None,
            releases_wait=None,
        )
    ledger.database.close()


def test_the_ledgers_own_key_is_no_witness(settings: Settings) -> None:
    ledger = open_ledger(settings)
    own = WitnessKey(name="own", public=ledger.verifier.public)

    with pytest.raises(InputError, match="cannot witness itself"):
        add_witness(
            settings,
            ledger,
            own,
            name="own",
            socket=None,
            needed=None,
            releases_wait=None,
        )
    ledger.database.close()


def test_a_policy_of_ones_own_is_left_alone_and_pinned(settings: Settings) -> None:
    settings = add(settings, 1)
    path = settings.folder / POLICY_FILE
    path.write_text(path.read_text().replace("witnesses", "mine"))
    with pytest.raises(SetupError, match="pins another witness policy"):
        load_policy(settings)

    pin_policy(settings, POLICY_FILE, releases_wait=True)

    settings = load_settings(settings.folder)
    assert load_policy(settings).quorum == "mine"
    assert settings.witnesses is not None
    assert settings.witnesses.releases_wait
    with pytest.raises(ConflictError, match="groups of its own"):
        add(settings, 2)


def test_a_policy_for_another_ledger_is_refused(
    settings: Settings, clock: Clock
) -> None:
    other = WitnessPolicy(logs=(ledger_of(0).key,))
    (settings.folder / POLICY_FILE).write_text(other.to_text())
    pin_policy(settings, POLICY_FILE)
    settings = load_settings(settings.folder)
    ledger = open_ledger(settings)

    with pytest.raises(SetupError, match="for another ledger"):
        open_witnesses(settings, ledger, now=clock)
    ledger.database.close()


def test_an_address_that_cannot_be_asked_is_named(settings: Settings) -> None:
    known = KnownWitness(name="w", key=witness_key(1), url="https://w.example/")

    with pytest.raises(SetupError, match="cannot be asked at"):
        socket_path(settings, known)


def test_settings_come_back_as_they_were_written(settings: Settings) -> None:
    settings = add(settings, 1)
    assert settings.witnesses is not None
    changed = replace(settings, witnesses=replace(settings.witnesses, every_seconds=60))
    (settings.folder / "room.toml").write_text(changed.to_toml())

    assert load_settings(settings.folder) == changed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("releases_wait = false", "releases_wait = 0"),
        ("answer_within_seconds = 2", "answer_within_seconds = 0"),
        ("every_seconds = 1", "every_seconds = -1"),
        ('digest = "', 'digest = "0'),
        ("every_seconds = 1\n", ""),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    old: str, new: str, settings: Settings
) -> None:
    settings = add(settings, 1)
    path = settings.folder / "room.toml"
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(SetupError, match="not understood"):
        load_settings(settings.folder)
