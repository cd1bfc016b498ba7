"""What a worker wrote comes out the same again, or is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from strongroom.canonical import to_json
from strongroom.intake.findings import RefusedError
from strongroom.intake.jobs import Item, ReadingJob
from strongroom.intake.reported import parse_report
from strongroom.intake.rereading import RULE, Comparison, Mirror, main, reread
from strongroom.intake.rewriting import Options, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.worker import REPORT, read_all
from tests.corpus.samples import Label, Sample, every_sample
from tests.intake.places import in_memory

BENIGN = [s for s in every_sample() if s.label is Label.BENIGN]
WEIGHTS = save({"a": np.ones(4, "<f4"), "b": np.ones(2, "<f2")})


@contextmanager
def written(folder: Path) -> Iterator[list[Source]]:
    """Give windows on all files of a folder that hold something."""
    sources = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name, length = path.relative_to(folder).as_posix(), path.stat().st_size
        descriptor = os.open(path, os.O_RDONLY)
        sources.append(Source(descriptor=descriptor, start=0, length=length, path=name))
    try:
        yield [source for source in sources if source.length]
    finally:
        for source in sources:
            os.close(source.descriptor)


def rules(folder: Path) -> list[str]:
    """Return the rules that refuse what a folder holds, read again."""
    with written(folder) as sources:
        report = parse_report(to_json(reread(sources, str(folder))), files=len(sources))
    return [
        finding.rule
        for each in report
        for finding in each.findings
        if finding.level == "error"
    ]


@pytest.mark.parametrize("sample", BENIGN, ids=[s.name for s in BENIGN])
def test_what_our_writers_write_comes_out_the_same(
    sample: Sample, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    data = b"".join(sample.files.values())
    items, offset = [], 0
    for path, content in sample.files.items():
        items.append(Item(path=path, offset=offset, length=len(content)))
        offset += len(content)
    with in_memory(data) as descriptor:
        job = ReadingJob.of(items, Options())
        read_all(job, descriptor, Workplace(tmp_path / "out", tmp_path))

    assert any((tmp_path / "out").iterdir())
    assert rules(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("config.json", b'{"a": 1}\n'),
        ("config.json", b'{\n  "auto_map": {"AutoModel": "evil.Model"}\n}\n'),
        ("m.safetensors", save({"a": np.ones(4, "<f4")}, {"note": "hello"})),
        ("m.txt", b"a\x00b"),
        ("m.gguf", b"GGUF" + bytes(20)),
        ("state.json", b'{"format":"strongroom/rewritten-state/v1","root":{"a":1}}'),
        ("notes.dat", b"a text that our writers leave out"),
        ("chat_template.jinja", b"{{ messages.__class__ }}"),
        ("x.index.json", b'{"weight_map": {"a": "../b.safetensors"}}'),
    ],
)
def test_what_no_writer_of_ours_writes_is_refused(
    name: str, data: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    assert rules(tmp_path) != []


def test_every_changed_byte_of_a_header_is_refused(tmp_path: Path) -> None:
    """Only bytes of tensors may be others: they are a stranger's anyway."""
    head = 8 + int.from_bytes(WEIGHTS[:8], "little")
    (tmp_path / "m.safetensors").write_bytes(WEIGHTS)
    assert rules(tmp_path) == []
    for at in range(head):
        changed = bytearray(WEIGHTS)
        changed[at] ^= 1
        (tmp_path / "m.safetensors").write_bytes(changed)
        if not rules(tmp_path):
            assert len(load(bytes(changed))) == 2  # under another name, it may be


def test_padding_that_is_not_zero_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    for data, fits in ((b"ab\0\0", True), (b"ab\0x", False)):
        path.write_bytes(data)
        with written(tmp_path) as (source,):
            draft = Comparison(source)
            draft.reserve(4)
            draft.put(0, b"ab")
            if fits:
                draft.put(2, bytes(2))
                draft.__exit__(None)
                continue
            with pytest.raises(RefusedError) as caught:
                draft.put(2, bytes(2))
            assert caught.value.rule == RULE


def test_a_file_that_was_not_compared_whole_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"abcd")
    with written(tmp_path) as (source,):
        with pytest.raises(RefusedError), Comparison(source) as draft:
            draft.append(b"abc")
        with pytest.raises(RefusedError):
            Comparison(source).reserve(5)
        with pytest.raises(RefusedError):
            Mirror({"m": source}, str(tmp_path)).create("n")


def test_the_worker_reads_a_folder_and_writes_nothing_but_its_report(
    tmp_path: Path,
) -> None:
    for name in ("out", "written/a"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "written" / "a" / "m.safetensors").write_bytes(WEIGHTS)
    item = Item(path="a/m.safetensors", offset=0, length=len(WEIGHTS))
    job = tmp_path / "job"
    job.write_bytes(ReadingJob.of([item], Options()).to_bytes())
    number = os.open(job, os.O_RDONLY)

    main([str(tmp_path / "out"), str(tmp_path / "written"), str(number)])

    assert [path.name for path in (tmp_path / "out").iterdir()] == [REPORT]
    report: Any = json.loads((tmp_path / "out" / REPORT).read_bytes())
    assert report["files"][0]["findings"] == []
    assert [name for name, _ in report["files"][0]["facts"]["tensors"]] == ["a", "b"]
