"""What parsers do with bytes that nobody chose; ``./dev campaign fuzz`` runs long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaigns import fuzz
from campaigns._parsers import MOST_BYTES, PARSERS
from campaigns._seeds import write_seeds
from strongroom.errors import StrongroomError


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Give everything that stands in the vectors."""
    folder = tmp_path_factory.mktemp("seeds")
    assert write_seeds(folder, at_most_bytes=MOST_BYTES) > 1000
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_takes_or_refuses_what_another_one_reads(
    name: str, seeds: list[bytes]
) -> None:
    refused = 0
    for data in seeds:
        try:
            PARSERS[name](data)
        except StrongroomError:
            refused += 1
    assert refused


@pytest.mark.slow
def test_no_mutation_breaks_a_parser(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["object", "safetensors", "--minutes", "0.02"]

    status = fuzz.main([*words, "--corpus", str(tmp_path)])

    line = json.loads(capsys.readouterr().out)
    assert status == 0, line
    assert line["crashed"] == []
    assert all(one["inputs"] > 1000 for one in line["parsers"].values())
    assert not any((tmp_path / "crashes").iterdir())


def test_an_unknown_parser_is_named_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        fuzz.main(["poem"])
    assert caught.value.code == 2
    assert "safetensors" in capsys.readouterr().err
