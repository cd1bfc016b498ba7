"""Small honest documents of every format, and how each is read.

They are those of the published vectors, read as a second implementation would;
what somebody changes in one of them has to be refused with the right error.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from campaigns._places import SameError
from campaigns._sealed import sealed_documents
from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    StrongroomError,
)
from tests.project import read_keys, read_ledger
from tests.project.vectors import Case, load, raw

Errors: TypeAlias = tuple[type[StrongroomError], ...]
_INTEGRITY: Errors = (IntegrityError,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One honest document.

    Attributes:
        kind: Such as ``permit``.
        name: Which one of them.
        honest: Its bytes.
        read: Raises if other bytes in their place are not accepted.
        errors: The classes that may refuse them.
        secrets: What no message may show: in hexadecimal, or words.
        costly: Whether reading it once takes a millisecond or more.
    """

    kind: str
    name: str
    honest: bytes
    read: Callable[[bytes], object]
    errors: Errors = _INTEGRITY
    secrets: tuple[str, ...] = ()
    costly: bool = False


def documents(folder: Path) -> list[Document]:
    """Return all of them.

    Args:
        folder: Empty; exports are written there.
    """
    return [
        *(
            Document(kind="object", name=name, honest=honest, read=read)
            for name, honest, read in sealed_documents()
        ),
        *_manifests(),
        *_texts("permit", "permit", [load("permit")], "signed", read_keys.read_permit),
        *_texts(
            "answer", "release", [load("release")], "answer", read_keys.read_release
        ),
        *_binaries("part", "sealed", _parts(), read_keys.read_part),
        *_binaries("wrap", "wrapped", load("wraps")["wraps"], read_keys.read_wrap),
        *_binaries("HPKE", "sealed", load("hpke")["opened"], read_keys.read_hpke),
        *_binaries(
            "recovery wrap",
            "wrapped",
            load("recovery_keys")["keys"],
            read_keys.read_recovery_wrap,
        ),
        *_shares(),
        *_custody_files(),
        *_assertions(),
        *_texts(
            "checkpoint",
            "checkpoint",
            [load("checkpoint")["checkpoint"]],
            "note",
            read_ledger.read_checkpoint,
        ),
        *_texts(
            "checkpoint",
            "two signatures",
            [{"note": load("second_signatures")["note"]["text"]}],
            "note",
            read_ledger.read_second,
        ),
        *_texts(
            "proof", "proof", [load("tlog_proof")], "proof", read_ledger.read_proof
        ),
        *_exports(folder),
    ]


def _texts(
    kind: str,
    name: str,
    cases: Sequence[Case],
    field: str,
    read: Callable[[Case], object],
) -> Iterator[Document]:
    for number, case in enumerate(cases):
        yield Document(
            kind=kind,
            name=f"{name} {number}",
            honest=case[field].encode(),
            read=partial(_read_text, case, field, read),
            secrets=_secrets(case),
        )


def _read_text(
    case: Case, field: str, read: Callable[[Case], object], data: bytes
) -> None:
    read({**case, field: data.decode(errors="replace")})


def _binaries(
    kind: str, field: str, cases: Sequence[Case], read: Callable[[Case], object]
) -> Iterator[Document]:
    for number, case in enumerate(cases):
        yield Document(
            kind=kind,
            name=f"{kind} {number}",
            honest=raw(case[field]),
            read=partial(_read_hex, case, field, read),
            secrets=_secrets(case),
        )


def _read_hex(
    case: Case, field: str, read: Callable[[Case], object], data: bytes
) -> None:
    read({**case, field: data.hex()})


def _secrets(case: Case) -> tuple[str, ...]:
    names = ("secret", "key_hex", "seed", "root", "reader_seed")
    return tuple(str(case[name])[:32] for name in names if case.get(name))


def _manifests() -> Iterator[Document]:
    found = load("manifest")
    cases = [found, found["two_custodians"], found["one_rekeyed"]]
    yield from _texts("manifest", "manifest", cases, "signed", read_keys.read_manifest)
    twice = [load("second_signatures")["manifest"]]
    yield from _texts(
        "manifest", "signed twice", twice, "signed", read_ledger.read_second
    )


def _parts() -> list[Case]:
    found = load("release_parts")
    shared = {name: found[name] for name in ("info", "entry", "segment")}
    return [{**shared, **part} for part in found["parts"]]


def _shares() -> Iterator[Document]:
    """Yield one share of each set, beside as many others as are needed."""
    for number, case in enumerate(load("recovery_shares")["made"]):
        for at, share in enumerate(case["shares"]):
            yield Document(
                kind="recovery share",
                name=f"set {number} share {at}",
                honest=share.encode(),
                read=partial(_read_share, case, at),
                errors=(IntegrityError, InputError),
                secrets=(case["secret"],),
            )


def _read_share(case: Case, at: int, data: bytes) -> None:
    shares = list(case["shares"])
    shares[at] = data.decode(errors="replace")
    found = read_keys.read_shares({"shares": shares})
    if data.decode(errors="replace") != case["shares"][at] and (
        found.reveal().hex() == case["secret"]
    ):
        raise SameError  # such as more white space


def _custody_files() -> Iterator[Document]:
    for number, case in enumerate(load("custody_file")["files"]):
        yield Document(
            kind="custody file",
            name=f"custody file {number}",
            honest=case["file"].encode(),
            read=partial(_read_text, case, "file", read_keys.read_custody_file),
            errors=(IntegrityError, DeniedError),
            secrets=(case["root"], case["passphrase"]),
            costly=True,
        )


_ASSERTION = {
    "authenticator_data": _read_hex,
    "client_data": _read_text,
    "signature": _read_hex,
    "cose": _read_hex,
}


def _assertions() -> Iterator[Document]:
    """Yield the parts of a signed approval; the counter in it is judged elsewhere."""
    for number, case in enumerate(load("approval")["approvals"]):
        for field, read in _ASSERTION.items():
            text = case[field]
            yield Document(
                kind="assertion",
                name=f"approval {number}: {field}",
                honest=text.encode() if read is _read_text else raw(text),
                read=partial(read, case, field, read_ledger.read_approval),
                errors=(DeniedError, InputError, IntegrityError),
            )


def _exports(folder: Path) -> Iterator[Document]:
    """Yield every file of an exported ledger: tiles, checkpoint, private texts."""
    files: Mapping[str, str] = load("ledger_export")["files_hex"]
    for name, content in files.items():
        yield Document(
            kind="export",
            name=name,
            honest=raw(content),
            read=partial(_read_export, name, folder),
            costly=True,
        )


def _read_export(name: str, folder: Path, data: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        read_ledger.read_export({"files_hex": {name: data.hex()}}, Path(place))
