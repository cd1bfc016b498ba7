"""An index leads to files that were rewritten, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import indexes as subject
from strongroom.intake.rewriting import Rewritten
from tests.intake.places import source_of, workplace_in

SHARD = "pytorch_model-00001-of-00001.bin"
DONE = {
    SHARD: Rewritten(kind="torch-zip", outputs=("shard.safetensors", "shard.json")),
    "notes.bin": Rewritten(kind="text", outputs=("notes.txt",)),
}


def through(folder: Path, document: object, name: str) -> tuple[Rewritten, Path]:
    source = source_of(folder / name, json.dumps(document).encode())
    result = subject.rewrite_index(source, workplace_in(folder), DONE)
    return result, folder / "out"


def test_shards_have_their_new_names_in_the_index_of_safetensors(
    tmp_path: Path,
) -> None:
    document = {
        "metadata": {"total_size": 8, "note": "x"},
        "weight_map": {"a": SHARD, "b": SHARD},
    }
    result, out = through(tmp_path, document, "pytorch_model.bin.index.json")

    assert result.outputs == ("model.safetensors.index.json",)
    assert json.loads((out / result.outputs[0]).read_text()) == {
        "metadata": {"total_size": 8},
        "weight_map": {"a": "shard.safetensors", "b": "shard.safetensors"},
    }
    assert result.changes == (f"{SHARD} is now shard.safetensors",)


@pytest.mark.parametrize(
    ("shard", "rule"),
    [
        ("../../etc/passwd", "index/name"),
        ("/etc/passwd", "index/name"),
        ("..", "index/name"),
        ("..\\x", "index/name"),
        ("a\x00b", "index/name"),
        ("", "index/name"),
        (7, "index/name"),
        ("absent.bin", "index/absent"),
        ("notes.bin", "index/absent"),
    ],
)
def test_a_name_that_leads_to_no_weights_is_refused(
    tmp_path: Path, shard: object, rule: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        through(tmp_path, {"weight_map": {"a": shard}}, "model.safetensors.index.json")
    assert refused.value.rule == rule


@pytest.mark.parametrize("document", [[], {}, {"weight_map": {}}, {"weight_map": []}])
def test_what_is_no_index_is_refused(tmp_path: Path, document: object) -> None:
    with pytest.raises(RefusedError, match="no weight_map"):
        through(tmp_path, document, "model.safetensors.index.json")


def test_a_second_index_of_the_same_shards_is_left_out(tmp_path: Path) -> None:
    source = source_of(
        tmp_path / "pytorch_model.bin.index.json",
        json.dumps({"weight_map": {"a": SHARD}}).encode(),
    )
    workplace = workplace_in(tmp_path)
    workplace.create("model.safetensors.index.json").close()

    assert subject.rewrite_index(source, workplace, DONE).outputs == ()
