"""hayward sees each file under its own name, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strongroom.intake.advisers.haywards import ask
from strongroom.intake.advisers.remarks import Remark, Weight
from strongroom.intake.sources import Source

CONFIG = json.dumps({"auto_map": {"AutoModel": "evil.Model"}}).encode()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\n"


def said(tmp_path: Path, path: str, data: bytes) -> list[Remark]:
    (tmp_path / "copy").write_bytes(data)
    (tmp_path / "folder").mkdir()
    with (tmp_path / "copy").open("rb") as file:
        source = Source(descriptor=file.fileno(), start=0, length=len(data), path=path)
        remarks = list(ask(source, str(tmp_path / "folder")))
    assert list((tmp_path / "folder").iterdir()) == []
    return remarks


@pytest.mark.parametrize(
    ("path", "data", "weight", "rule"),
    [
        ("a/m.pkl", b"cposix\nsystem\n(S'true'\ntR.", Weight.ALARM, "MFV-PICKLE"),
        ("a/config.json", CONFIG, Weight.ALARM, "MFV-HF-002, high"),
        ("a/m.pkl", b"cfoo\nbar\n)R.", Weight.REMARK, "MFV-PICKLE"),
        ("m.safetensors", POINTER, Weight.UNREAD, "MFV-LFS-001"),
    ],
)
def test_its_severities_become_our_weights(
    tmp_path: Path, path: str, data: bytes, weight: Weight, rule: str
) -> None:
    remark, *_ = said(tmp_path, path, data)

    assert (remark.weight, remark.text.startswith(rule)) == (weight, True), remark


def test_it_says_nothing_of_a_plain_configuration(tmp_path: Path) -> None:
    assert said(tmp_path, "config.json", b'{"model_type": "bert"}') == []
