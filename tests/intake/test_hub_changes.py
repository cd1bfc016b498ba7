"""What a hub lists is compared by digests where it gives them, and says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json
from strongroom.errors import IntegrityError
from strongroom.intake.hub_changes import (
    Admitted,
    Basis,
    admitted_files,
    admitted_from,
    changes_between,
)
from strongroom.intake.hub_files import HubFile
from strongroom.intake.hub_newest import Snapshot
from strongroom.intake.origins import NOWHERE, Origin
from strongroom.intake.outdated import Change
from tests.intake.hub_server import ORIGIN

OLD, NEW = "aa" * 32, "bb" * 32


def listed(**files: tuple[int, str, str]) -> Snapshot:
    """Return a list of length, SHA-256 and SHA-1 of git."""
    return Snapshot(
        place=ORIGIN,
        files={
            path: HubFile(path=path, length=length, sha256=sha256, blob=blob)
            for path, (length, sha256, blob) in files.items()
        },
    )


def came(*paths: str, length: int = 5) -> dict[str, Admitted]:
    return {path: Admitted(length=length, sha256=OLD) for path in paths}


def test_each_file_is_compared_by_the_best_that_the_hub_gives() -> None:
    before = listed(a=(5, OLD, ""), c=(5, "", "1"), d=(5, "", "2"), x=(9, "", "9"))
    newest = listed(
        a=(5, OLD.upper(), ""),
        b=(5, NEW, ""),
        c=(5, "", "1"),
        d=(5, "", "3"),
        e=(5, "", "4"),
        f=(6, "", "5"),
        g=(7, "", "6"),
        x=(9, "", "9"),
    )

    found = changes_between(came(*"abcdefz"), newest, before)

    assert found.files == Change(
        added=("g",), removed=("z",), changed=("b", "d", "f"), same=2
    )
    assert found.unsure == ("e",)
    assert found.basis == {
        "a": Basis.SHA256,
        "b": Basis.SHA256,
        "c": Basis.GIT,
        "d": Basis.GIT,
        "e": Basis.LENGTH,
        "f": Basis.LENGTH,
    }


def test_a_digest_of_git_says_nothing_of_a_file_that_came_in_otherwise() -> None:
    """What somebody says to be from a commit may be another file."""
    list_ = listed(a=(6, "", "1"))

    found = changes_between(came("a"), list_, list_)

    assert found.files.changed == ("a",)
    assert found.basis == {"a": Basis.LENGTH}


PATHS = st.sampled_from("abcdef")
LISTS = st.dictionaries(
    PATHS,
    st.tuples(
        st.integers(4, 6),
        st.sampled_from(["", OLD, NEW]),
        st.sampled_from(["", "1", "2"]),
    ),
)


@given(st.sets(PATHS), LISTS, st.none() | LISTS)
def test_every_file_is_counted_once_and_none_is_the_same_by_its_length(
    paths: set[str],
    now: dict[str, tuple[int, str, str]],
    then: dict[str, tuple[int, str, str]] | None,
) -> None:
    before = None if then is None else listed(**then)

    found = changes_between(came(*paths), listed(**now), before)

    both = paths & now.keys()
    assert found.basis.keys() == both
    changed = set(found.files.changed)
    assert found.files.same + len(changed) + len(found.unsure) == len(both)
    assert all(found.basis[path] is Basis.LENGTH for path in found.unsure)
    assert changed.isdisjoint(found.unsure)
    assert set(found.files.removed) == paths - now.keys()


def report(**files: int) -> Json:
    return {
        "files": [
            {"path": path, "bytes": length, "sha256": OLD, "kind": "text"}
            for path, length in files.items()
        ],
        "origin": {"publisher": "acme", "repository": "acme/llama", "commit": ""},
    }


def test_a_stored_report_says_which_files_came_and_from_where() -> None:
    assert admitted_files(report(a=5)) == came("a")
    assert admitted_from(report()) == Origin(publisher="acme", repository="llama")
    assert admitted_from({"files": []}) == NOWHERE


@pytest.mark.parametrize("form", [None, {}, {"files": [{"path": "a"}]}])
def test_a_report_of_another_form_is_refused(form: Json) -> None:
    with pytest.raises(IntegrityError):
        admitted_files(form)
