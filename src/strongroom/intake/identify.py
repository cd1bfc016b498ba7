"""Says what a file truly is, from its own bytes.

The first bytes decide, and the members where it is a zip or tar file.  The ending is a
hint: where both disagree, that is a finding.  A file that is two things at once is
refused, because whoever opens it next may see the other one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from strongroom.intake.findings import Finding, Level, RefusedError, quoted
from strongroom.intake.formats.refused import kind_by_name
from strongroom.intake.kinds import ENDINGS, MAGIC, PICKLED, Kind
from strongroom.intake.sources import Source

HEAD_BYTES = 64 << 10
_BLOCK = 512  # of a tar file
_ZIP_END = b"PK\x05\x06"
_ZIP_ENTRY = b"PK\x01\x02"
_ZIP_END_BYTES = 22
_MOST_COMMENT = 0xFFFF
_HDF5 = b"\x89HDF\r\n\x1a\n"
_LAST_HDF5 = 1 << 22  # a superblock may stand at 512, 1024, 2048 ...
_MOST_HEADER_BYTES = 100_000_000  # of safetensors
_PREFIX = 8

_CONTAINERS = frozenset({Kind.ZIP, Kind.TAR, Kind.COMPRESSED})
_NOTHING = frozenset({Kind.EMPTY, Kind.POINTER, Kind.LEFT_OUT})
_CONTAINED = frozenset({Kind.TORCHSERVE, Kind.NEMO})

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_TORCH_LEGACY = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
    rb"|L119547037146038801333356L\n\.",
    re.DOTALL,
)
"""torch's magic number: a long of ten bytes after the protocol, and the frame of
protocols 4 and 5; of protocol 1 its digits."""

_FIRST_OPCODES = frozenset(b"()]}cilFGIJKLMNSTUVXd\x80\x8a\x8c\x88\x89BC")
_PYTHON_CACHE = re.compile(rb"..\r\n[\x00-\x03]\x00\x00\x00", re.DOTALL)
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ONNX = re.compile(rb"\x08[\x01-\x14](?:[\x12\x1a\x22\x32\x3a\x42\x72]|\x28.)")
_SENTENCE_PIECES = re.compile(rb"\x0a[\x05-\x7f]\x0a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What a file is.

    Attributes:
        kind: By its bytes.
        findings: What does not fit to that.
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()


def identify(source: Source) -> Identified:
    """Return what a file is.

    Args:
        source: The whole file.

    Raises:
        RefusedError: It is two things at once, or a zip or tar file that readers could
            understand differently, or text under the name of something else.
    """
    ending = ending_of(source.path)
    head = source.read(0, HEAD_BYTES)
    if not head:
        return Identified(kind=Kind.EMPTY)
    kind = kind_by_magic(head, source.length)
    if kind is Kind.UNKNOWN:
        kind = _by_ending(head, ending)
    _verify_one_thing(source, head, kind)
    if kind is Kind.ZIP:
        kind = _kind_of_zip(source)
    elif kind is Kind.TAR:
        kind = _kind_of_tar(source)
    if kind in _CONTAINERS and kind_by_name(source.path) in _CONTAINED:
        kind = Kind(kind_by_name(source.path))
    elif kind is Kind.UNKNOWN:
        kind = _by_looks(source.path, ending, head)
    return Identified(kind=kind, findings=_disagreement(kind, ending))


def ending_of(path: str) -> str:
    """Return the ending of a path with its dot, in lower case; may be empty."""
    name = path.rpartition("/")[2].lower()
    stem, dot, ending = name.rpartition(".")
    return dot + ending if stem else ""


def kind_by_magic(head: bytes, length: int) -> Kind:
    """Return what bytes at fixed places say; unknown if nothing is there.

    Args:
        head: The first bytes of a file, 512 or all.
        length: Of the file in bytes.
    """
    if _is_safetensors(head, length):
        return Kind.SAFETENSORS
    if _TORCH_LEGACY.match(head):
        return Kind.TORCH_LEGACY
    if _PICKLE.match(head):
        return Kind.PICKLE
    for offset, mark, kind in MAGIC:
        if head.startswith(mark, offset):
            return kind
    if _PYTHON_CACHE.match(head):
        return Kind.PROGRAM
    return Kind.TAR if is_tar(head) else Kind.UNKNOWN


def _by_ending(head: bytes, ending: str) -> Kind:
    """Return what protocol buffers are: they have no magic, so the ending leads."""
    if ending == ".onnx" and _ONNX.match(head):
        return Kind.ONNX
    if ending in {".model", ".spm"} and _SENTENCE_PIECES.match(head):
        return Kind.SENTENCEPIECE
    return Kind.SAVED_MODEL if ending in {".pb", ".pbtxt"} else Kind.UNKNOWN


def _is_safetensors(head: bytes, length: int) -> bool:
    claimed = int.from_bytes(head[:_PREFIX], "little")
    return (
        head.startswith(b"{", _PREFIX)
        and claimed <= _MOST_HEADER_BYTES
        and claimed + _PREFIX <= length
    )


def is_tar(head: bytes) -> bool:
    """Return whether a tar header stands first: its checksum fits, for any reader.

    Python's reads the sum as ``int`` does, with blanks, signs, underscores and ``0o``,
    and takes a sum of signed bytes too, as old programs wrote it.
    """
    block = head[:_BLOCK]
    field = block[148:156]
    digits = field.strip(b" \0").partition(b"\0")[0]
    if len(block) < _BLOCK or not digits.strip():
        return False
    try:
        in_binary = field[:1] == b"\x80"
        claimed = int.from_bytes(field[1:], "big") if in_binary else int(digits, 8)
    except ValueError:
        return False
    counted = block[:148] + block[156:]
    unsigned = sum(counted) + 8 * ord(" ")
    return claimed in {unsigned, unsigned - 256 * sum(byte >> 7 for byte in counted)}


def _verify_one_thing(source: Source, head: bytes, kind: Kind) -> None:
    """Check that a file is nothing else than what its first bytes say.

    Raises:
        RefusedError: It is.
    """
    other = ""
    if kind is not Kind.ZIP and _ends_as_zip(source):
        other = "a zip file that begins later"
    elif kind not in {Kind.HDF5, Kind.ZIP, Kind.TAR} and _holds_hdf5(source):
        other = "an HDF5 file that begins later"
    elif kind not in {Kind.TAR, Kind.UNKNOWN} and is_tar(head):
        other = "a tar file"
    elif kind is Kind.SAFETENSORS and _PICKLE.match(head) and head[2]:
        # A third byte of zero is no opcode, so that an honest length of 640 passes.
        other = "a pickle"
    if other:
        raise RefusedError(
            "file/polyglot",
            f"file is two things at once: {kind} and {other}",
            hint="treat it as an attack on whoever opens it by its other name",
        )


def _ends_as_zip(source: Source) -> bool:
    """Return whether a zip reader, which looks from the end, would find one."""
    begin = max(0, source.length - _ZIP_END_BYTES - _MOST_COMMENT)
    tail = source.read(begin, source.length - begin)
    at = tail.rfind(_ZIP_END)
    while at >= 0:
        record = tail[at : at + _ZIP_END_BYTES]
        size = int.from_bytes(record[12:16], "little")
        directory = begin + at - size
        if len(record) == _ZIP_END_BYTES and directory >= 0:
            empty = size == 0 and not any(record[4:20])
            mark = source.read(directory, len(_ZIP_ENTRY))
            if empty or (size and mark == _ZIP_ENTRY):
                return True
        at = tail.rfind(_ZIP_END, 0, at)
    return False


def _holds_hdf5(source: Source) -> bool:
    offset = _BLOCK
    while offset <= min(_LAST_HDF5, source.length - len(_HDF5)):
        if source.read(offset, len(_HDF5)) == _HDF5:
            return True
        offset *= 2
    return False


def _kind_of_zip(source: Source) -> Kind:
    """Return which kind of zip file it is, by the names of its members."""
    from strongroom.intake.formats.zips import (  # noqa: PLC0415
        read_archive,  # imports 5 ms that other kinds do not need
    )

    names = set(read_archive(source))
    last = {name.rpartition("/")[2] for name in names}
    folders = {part for name in names for part in name.split("/")[:-1]}
    exported = {"serialized_exported_program.json", "archive_format"}
    fits = {
        Kind.TORCH_EXPORT: bool(exported & last),
        Kind.TORCHSCRIPT: "data.pkl" in last
        and ("constants.pkl" in last or "code" in folders),
        Kind.TORCH_ZIP: "data.pkl" in last,
        Kind.KERAS: {"config.json", "metadata.json"} <= names
        or "model.weights.h5" in names,
        Kind.SKOPS: "schema.json" in names,
        Kind.NUMPY_ZIP: bool(names) and all(n.endswith(".npy") for n in names),
    }
    return next((kind for kind, yes in fits.items() if yes), Kind.ZIP)


def _kind_of_tar(source: Source) -> Kind:
    """Return whether a tar file is one that torch wrote before 2017."""
    from strongroom.intake.formats.tars import read_tar  # noqa: PLC0415  # as above

    # By all names: what torch wrote begins with a header of times, not with a name.
    is_torch = {"pickle", "storages", "tensors"} <= set(read_tar(source))
    return Kind.TORCH_TAR if is_torch else Kind.TAR


def _by_looks(path: str, ending: str, head: bytes) -> Kind:
    """Return what a file without magic is.

    Raises:
        RefusedError: It is text, and its name is that of something else.
    """
    if ending in PICKLED and head[0] in _FIRST_OPCODES:
        return Kind.PICKLE  # protocols 0 and 1 have no magic, and unpickle as well
    named = kind_by_name(path)
    if named:
        return Kind(named)
    if not _is_text(head):
        return Kind.UNKNOWN
    if path.endswith(".index.json"):
        return Kind.INDEX
    expected = ENDINGS.get(ending, frozenset({Kind.TEXT}))
    for kind in (Kind.JSON, Kind.YAML, Kind.TEMPLATE, Kind.TEXT):
        if kind in expected:
            return kind
    raise RefusedError(
        "file/ending", f"file is text, and its name ends in {quoted(ending)}"
    )


def _is_text(head: bytes) -> bool:
    """Return whether the first bytes are UTF-8 without controls."""
    # The last character may be cut.
    cut = head[:-3] if len(head) == HEAD_BYTES else head
    for end in (head, cut, head[:-1], head[:-2]):
        try:
            return _NO_TEXT.search(end.decode()) is None
        except UnicodeDecodeError:
            continue
    return False


def _disagreement(kind: Kind, ending: str) -> tuple[Finding, ...]:
    expected = ENDINGS.get(ending)
    if expected is None or kind in expected or kind in _NOTHING:
        return ()
    return (
        Finding(
            rule="file/ending",
            level=Level.WARNING,
            message=f"file is {kind}, and its name ends in {quoted(ending)}",
        ),
    )
