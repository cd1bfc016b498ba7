"""Names and paths mean one place on every machine, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake import names


@pytest.mark.parametrize(
    "path",
    [
        "config.json",
        "1_Pooling/config.json",
        ".gitattributes",
        "a b/ü/模型.bin",
        "/".join("x" * (names.MOST_DEPTH + 1)),
        "a\\b",
    ],
)
def test_ordinary_paths_pass(path: str) -> None:
    names.verify_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "/etc/passwd",
        "../up",
        "a/../b",
        "a//b",
        "a/",
        "a/./b",
        "a\x00b",
        "a\nb",
        "a\x1b[2Jb",
        "invoice\u202egpj.exe",
        "half\ud800",
        "x" * 256,
        "ü" * 128,
        "/".join(["x" * 200] * 21),
        "/".join("x" * (names.MOST_DEPTH + 2)),
    ],
)
def test_a_path_that_could_land_elsewhere_or_hide_is_refused(path: str) -> None:
    with pytest.raises(InputError):
        names.verify_path(path)


@pytest.mark.parametrize(
    "paths",
    [
        ["README.md", "readme.md"],
        ["same", "same"],
        ["a", "a/b"],
        ["a/b/c", "A/B"],
        ["caf\u00e9", "cafe\u0301"],
        ["a-b", "a", "a/b"],
    ],
)
def test_two_paths_for_one_place_are_refused(paths: list[str]) -> None:
    with pytest.raises(InputError, match="same place"):
        names.verify_paths(paths)


def test_neighbours_pass() -> None:
    names.verify_paths(["a/b", "a/c", "ab", "a.b", "b/a/b"])


@given(st.text(max_size=40))
def test_no_accepted_path_leaves_its_folder(path: str) -> None:
    try:
        names.verify_path(path)
    except InputError:
        return
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))
    assert path.encode().decode() == path


def test_a_new_file_keeps_the_old_ending_where_its_name_is_taken() -> None:
    endings, taken = (".safetensors", ".json"), ("a/x.safetensors", "y.json")

    for path, name in [
        ("a/x.bin", "a/x.bin.safetensors"),
        ("y.bin", "y.bin.safetensors"),
        ("z.bin", "z.safetensors"),
    ]:
        base = names.base_of(path, endings, taken)
        assert names.with_ending(base, ".safetensors") == name
