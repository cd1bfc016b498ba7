"""Advisers are named in the room's file, and installed by the house."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest

from strongroom.errors import SetupError
from strongroom.intake.advisers.known import ADVISERS, verify_known


@pytest.mark.parametrize("name", ADVISERS)
def test_each_has_an_adapter_and_a_version(name: str) -> None:
    module, _, function = ADVISERS[name].asked.partition(":")

    assert callable(getattr(import_module(module), function))
    assert ADVISERS[name].version()


def test_what_is_not_installed_has_no_version() -> None:
    absent = replace(ADVISERS["hayward"], distribution="strongroom-has-no-such")

    assert absent.version() is None


def test_a_name_that_no_adviser_has_is_refused_with_those_there_are() -> None:
    verify_known(["hayward"])
    with pytest.raises(SetupError, match="no adviser is called 'haywood'") as caught:
        verify_known(["picklescan", "haywood"])
    assert "hayward, picklescan" in caught.value.hint
