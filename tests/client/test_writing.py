"""Files that are written from opened segments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file

from strongroom.client.client import Strongroom
from strongroom.client.writing import PARTIAL_NAME, write_model
from strongroom.errors import ConflictError, IntegrityError, UnavailableError
from tests.client.test_opened import object_of
from tests.journeys.rooms import same_files


def test_a_folder_comes_back_byte_for_byte(
    solo_room: Strongroom, model: Path, quick: Path
) -> None:
    solo_room.seal(model, name="llm")
    progress: list[int] = []
    with solo_room.open("llm", purpose="a test") as handle:
        written = write_model(handle, quick / "out", progress=progress.append)

    assert same_files(model, quick / "out")
    assert len(written) == 4
    assert sum(progress) == sum(path.stat().st_size for path in written)
    assert all(path.stat().st_mode & 0o077 == 0 for path in written)


_PATHS = st.lists(
    st.lists(
        st.text("abcü é.-", min_size=1, max_size=6).filter(
            lambda part: (
                not part.startswith(".")
                and not part.endswith((".", " "))
                and part == part.strip()
            )
        ),
        min_size=1,
        max_size=3,
    ).map("/".join),
    min_size=1,
    max_size=5,
    unique=True,
)


# Hypothesis draws constants of our source, the marks of refused archives too.
_CONTENTS = st.binary(max_size=3000).map(lambda content: content and b"#" + content)


@given(paths=_PATHS, data=st.data())
@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_folder_comes_back(
    solo_room: Strongroom, quick: Path, paths: list[str], data: st.DataObject
) -> None:
    number = len(list(quick.iterdir()))
    folder, out = quick / f"in-{number}", quick / f"out-{number}"
    folder.mkdir()
    for path in paths:
        target = folder / path
        if any(parent.is_file() for parent in target.parents) or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.draw(_CONTENTS))
    if not any(p.is_file() and p.stat().st_size for p in folder.rglob("*")):
        (folder / "one").write_bytes(b"1")

    solo_room.seal(folder, name=f"m{number}")
    with solo_room.open(f"m{number}", purpose="a test") as handle:
        write_model(handle, out)
    assert same_files(folder, out)


def test_some_segments_give_one_file_labelled_partial(
    solo_room: Strongroom, model: Path, quick: Path
) -> None:
    solo_room.seal(model, name="llm")
    chosen = ["biases", "blocks.0.1"]
    with solo_room.open("llm", segments=chosen, purpose="a test") as handle:
        (path,) = write_model(handle, quick / "out")
        permit, digest = handle.release.permit, handle.manifest.digest

    assert path.name == PARTIAL_NAME
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {
            "strongroom.partial": "true",
            "strongroom.model": "llm@1",
            "strongroom.manifest": digest,
            "strongroom.permit": permit,
            "strongroom.segments": "biases,blocks.0.1",
        }
    original, partial = load_file(model / "model.safetensors"), load_file(path)
    assert len(partial) == 9
    assert all(np.array_equal(original[name], partial[name]) for name in partial)


def test_nothing_is_overwritten(
    solo_room: Strongroom, model: Path, quick: Path
) -> None:
    solo_room.seal(model, name="llm")
    out = quick / "out"
    out.mkdir()
    (out / "config.json").write_text("mine")
    with (
        solo_room.open("llm", purpose="a test") as handle,
        pytest.raises(ConflictError, match="exists"),
    ):
        write_model(handle, out)
    assert (out / "config.json").read_text() == "mine"


def test_a_file_where_a_folder_should_be_is_refused(
    solo_room: Strongroom, model: Path, quick: Path
) -> None:
    """It once left as a bare FileExistsError."""
    solo_room.seal(model, name="llm")
    (quick / "out").write_text("mine")
    (quick / "sub").mkdir()
    (quick / "sub" / "tokenizer").write_text("mine")
    with solo_room.open("llm", purpose="a test") as handle:
        for out in ("out", "out/below", "sub"):
            with pytest.raises((ConflictError, UnavailableError)):
                write_model(handle, quick / out)


def test_an_altered_record_leaves_no_file(
    solo_room: Strongroom, model: Path, quick: Path
) -> None:
    solo_room.seal(model, name="llm")
    path = object_of(solo_room, "head")
    data = bytearray(path.read_bytes())
    data[-20] ^= 4
    path.chmod(0o600)
    path.write_bytes(data)

    with (
        solo_room.open("llm", purpose="a test") as handle,
        pytest.raises(IntegrityError),
    ):
        write_model(handle, quick / "out")
    left = [p.name for p in (quick / "out").rglob("*") if p.is_file()]
    assert "model.safetensors" not in left
    assert not any(name.startswith(".opening-") for name in left)
