"""Every parser of bytes that we did not make this second, as a function of bytes.

A parser may raise errors of ours and nothing else.  ``fuzz`` runs each in a process
of its own, where ``atheris`` chooses the bytes by the branches that they reach.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from campaigns._written import verify_written
from strongroom import canonical
from strongroom.access.footprints import Footprint
from strongroom.access.terms_file import parse_terms
from strongroom.cli.words import duration
from strongroom.crypto.algorithms import parse_algorithms
from strongroom.crypto.container import Header
from strongroom.crypto.custody_file import CustodyFile
from strongroom.crypto.custody_messages import parse_anchor, parse_evidence, parse_order
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.index import SegmentIndex
from strongroom.crypto.layout import Positions
from strongroom.crypto.paper import read_paper
from strongroom.crypto.signing import Signed
from strongroom.crypto.token_file import TokenFile
from strongroom.crypto.token_uri import TokenUri
from strongroom.intake.advisories import parse_bundle
from strongroom.intake.bundles import Bundle
from strongroom.intake.formats import documents
from strongroom.intake.formats.keras_config import verify_config
from strongroom.intake.formats.pickle_machine import Rules, read_pickle
from strongroom.intake.formats.safetensors import read_header
from strongroom.intake.formats.torch_names import DTYPES, rules
from strongroom.intake.formats.torch_streams import (
    Stretch,
    read_storages,
    read_tensors,
)
from strongroom.intake.formats.zips import open_members, read_archive
from strongroom.intake.identify import identify
from strongroom.intake.jobs import ReadingJob
from strongroom.intake.kinds import Kind
from strongroom.intake.readers import READERS, reader_for
from strongroom.intake.reported import parse_report
from strongroom.intake.rewriting import Options, Rewrite, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.statements import ModelStatement
from strongroom.ledger.checkpoint import parse_text
from strongroom.ledger.cosignature import WitnessKey
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.note import split_note
from strongroom.ledger.policy_file import WitnessPolicy
from strongroom.ledger.proof import Proof
from strongroom.ledger.witness import WitnessRequest
from strongroom.permits.answer import parse_answer
from strongroom.permits.opening import Opening
from strongroom.permits.permit import parse_permit
from strongroom.types import Profile
from strongroom.vault.manifest import parse_manifest
from strongroom.vault.maps import parse_map
from strongroom.vault.planfiles import parse_plan_file
from strongroom.vault.versions import parse_target
from tests.corpus.assembling import zipped
from tests.corpus.torch_tars import X

MOST_BYTES = 64 * 1024
"""Of one input; caps above it are met by lengths that an input claims."""

STREAM_BYTES = 1 << 32
STRETCHES = {
    str(X): Stretch(
        root=str(X), dtype=DTYPES["float32"], start=0, elements=12, root_bytes=48
    )
}
"""What a stream of tensors in the corpus refers to."""


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    """Return a parser of bytes that hands text on, as files are read."""
    return lambda data: parse(data.decode("utf-8", "replace"))


def _frame(parse: Callable[[canonical.Json], object]) -> Callable[[bytes], object]:
    """Return a parser of a frame between processes."""
    return lambda data: parse(canonical.from_json(data, at_most_bytes=MOST_BYTES))


def _safetensors(data: bytes) -> object:
    return read_header(lambda offset, length: data[offset : offset + length], len(data))


def _windowed(
    parse: Callable[[Source, Workplace], object],
    path: str = "fuzzed.pt",
    kind: Kind | None = None,
) -> Callable[[bytes], object]:
    """Return a parser of bytes for a reader of windows, which may write.

    What it writes is looked at if the bytes are of a kind that this reader gets.
    """

    def parser(data: bytes) -> None:
        descriptor = os.memfd_create("fuzzed")
        try:
            os.write(descriptor, data)
            source = Source(descriptor=descriptor, start=0, length=len(data), path=path)
            with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
                parse(source, Workplace(Path(name), Path(name)))
                if kind is not None and identify(source).kind is kind:
                    verify_written(Path(name))
        finally:
            os.close(descriptor)

    return parser


def _checkpoint(rewrite: Rewrite) -> Callable[[Source, Workplace], object]:
    return lambda source, workplace: rewrite(source, workplace, Options())


def _checkpoint_of(data: bytes) -> object:
    """Read a pickle inside of a checkpoint, past the CRC that would hide it.

    What is no pickle is refused before a zip file is made for it.
    """
    _windowed(lambda source, _: read_pickle(source, rules(salvage=False)))(data)
    whole = zipped({"m/data.pkl": data, "m/data/0": bytes(64)})
    return _reader(Kind.TORCH_ZIP, "m.pt")(whole)


def _reader(kind: Kind, path: str) -> Callable[[bytes], object]:
    """Return the reader of a kind as a parser of bytes."""
    return _windowed(_checkpoint(reader_for(kind)), path, kind)


def _skops_of(data: bytes) -> object:
    """Read a schema inside of a skops file, past the CRC that would hide it."""
    return _reader(Kind.SKOPS, "m.skops")(zipped({"schema.json": data}))


def _pickle(source: Source, workplace: Workplace) -> object:
    del workplace
    return read_pickle(source, Rules(persistent=True, salvage=True))


def _storages(source: Source, workplace: Workplace) -> object:
    del workplace
    return read_storages(source)


def _tensors(source: Source, workplace: Workplace) -> object:
    del workplace
    return read_tensors(source, STRETCHES)


def _zip(source: Source, workplace: Workplace) -> object:
    return open_members(read_archive(source).values(), workplace)


_READ_AS = {
    Kind.JSON: ("configuration", "config.json"),
    Kind.SAFETENSORS: ("weights", "m.safetensors"),
    Kind.SENTENCEPIECE: ("sentencepiece", "tokenizer.model"),
    Kind.TEMPLATE: ("template", "chat_template.jinja"),
    Kind.TEXT: ("text", "README.md"),
}
"""Readers that have another name here, or look at the name of the file."""

_LEFT = {k for k, place in READERS.items() if place.startswith("refused:leave_out")}
"""Kinds of which no reader looks at a byte."""

_FED_OTHERWISE = {Kind.TORCH_ZIP, Kind.TORCH_LEGACY, Kind.ZIP}


def _readers() -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """Yield the reader of every other kind of file that intake reads."""
    for kind in sorted({*READERS} - _LEFT - _FED_OTHERWISE):
        name, path = _READ_AS.get(kind, (str(kind), f"m.{kind}"))
        yield name, _reader(kind, path)


PARSERS: dict[str, Callable[[bytes], object]] = {
    **dict(_readers()),
    "advisories": parse_bundle,
    "algorithms": parse_algorithms,
    "anchor": _frame(parse_anchor),
    "answer": parse_answer,
    "canonical": lambda data: canonical.from_json(data, at_most_bytes=MOST_BYTES),
    "checkpoint": _text(parse_text),
    "custody-file": CustodyFile.from_bytes,
    "duration": _text(duration),
    "evidence": _frame(parse_evidence),
    "footprint": lambda data: Footprint.from_bytes(
        data, digest=hashlib.sha256(data).digest()
    ),
    "frontier": Frontier.from_bytes,
    "identify": _windowed(lambda source, workplace: identify(source)),
    "index": SegmentIndex.parse,
    "layout": lambda data: Positions.parse(data, stream_bytes=STREAM_BYTES),
    "manifest": parse_manifest,
    "model-signature": Bundle.from_bytes,
    "model-statement": ModelStatement.from_bytes,
    "map": parse_map,
    "note": _text(split_note),
    "object": Header.parse,
    "opening": Opening.from_bytes,
    "order": _frame(parse_order),
    "paper": _text(read_paper),
    "permit": parse_permit,
    "pickle": _windowed(_pickle),
    "pin": Pin.from_bytes,
    "plan": _text(parse_plan_file),
    "proof": _text(Proof.from_text),
    "reading-job": ReadingJob.from_bytes,
    "report": lambda data: parse_report(data, files=1),
    "safetensors": _safetensors,
    "signed": lambda data: Signed.from_bytes(data, MOST_BYTES),
    "target": _text(parse_target),
    "terms": lambda data: parse_terms(Profile.SOLO, data),
    "torch-legacy": _reader(Kind.TORCH_LEGACY, "m.pt"),
    "torch-pickle": _checkpoint_of,
    "torch-tar-storages": _windowed(_storages),
    "torch-tar-tensors": _windowed(_tensors),
    "torch-zip": _reader(Kind.TORCH_ZIP, "m.pt"),
    "token-file": lambda data: TokenFile.from_bytes(data, TokenUri),
    "keras-configuration": lambda data: verify_config(documents.parse(data)),
    "skops-schema": _skops_of,
    "witness-key": _text(WitnessKey.from_text),
    "witness-policy": WitnessPolicy.from_bytes,
    "witness-request": WitnessRequest.from_bytes,
    "zip": _windowed(_zip),
}
