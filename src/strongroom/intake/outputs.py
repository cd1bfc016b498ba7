"""Takes what the worker wrote, after looking at each file as if it came from outside.

Nothing runs any more when this is called, so what was looked at is what is taken.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from strongroom.errors import InputError, IntegrityError
from strongroom.intake.findings import quoted
from strongroom.intake.formats.safetensors import read_header
from strongroom.intake.identify import identify
from strongroom.intake.kinds import Kind
from strongroom.intake.reports import OutputFile
from strongroom.intake.rewriting import MOST_OUTPUTS
from strongroom.intake.sources import Source
from strongroom.sandboxes.folders import walk

EMITTED = frozenset({
    Kind.SAFETENSORS, Kind.GGUF, Kind.ONNX, Kind.SENTENCEPIECE, Kind.SKOPS,
    Kind.JSON, Kind.INDEX, Kind.STATE, Kind.TEMPLATE, Kind.TEXT, Kind.EMPTY,
})  # fmt: skip
"""What our writers write.  Anything else was written by somebody else."""

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_plain_file(folder: Path, name: str, *, at_most_bytes: int) -> bytes:
    """Return the bytes of a file that the worker wrote.

    Raises:
        IntegrityError: It is not there, is no plain file, or is longer.
    """
    with _opened(folder, name) as descriptor:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > at_most_bytes:
            raise IntegrityError(f"{name} is no file of at most {at_most_bytes} bytes")
        source = Source(descriptor=descriptor, start=0, length=facts.st_size, path=name)
        return source.read(0, facts.st_size)


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[int]:
    """Give a descriptor of what the worker left under a name; no link is followed.

    Raises:
        IntegrityError: It cannot be opened.
    """
    try:
        descriptor = os.open(folder / name, _READING)
    except OSError as error:
        raise IntegrityError(f"{name} cannot be read: {error.strerror}") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def verify_outputs(folder: Path, names: Sequence[str]) -> dict[str, OutputFile]:
    """Return each file that was written, looked at.

    Args:
        folder: Where the worker wrote them.
        names: Which it says it wrote; verified paths.

    Raises:
        IntegrityError: Another file lies there, one is absent, a link or a device, or
            one is nothing that our writers write.
    """
    lengths = _plain_files(folder)
    if lengths.keys() != set(names):
        odd = min(lengths.keys() ^ set(names))
        raise IntegrityError(f"report and folder disagree about {quoted(odd)}")
    return {name: _verified(folder, name, lengths[name]) for name in names}


def show_outputs(folder: Path, names: Iterable[str]) -> None:
    """Make verified files ours, for everybody to read and nobody to write.

    Raises:
        OSError: They cannot be changed.
    """
    places = {folder, *(p for n in names for p in _above(folder / n, folder))}
    for place, mode in (
        *((place, 0o755) for place in places),
        *((folder / name, 0o444) for name in names),
    ):
        if os.geteuid() == 0:
            os.chown(place, 0, os.getegid(), follow_symlinks=False)
        place.chmod(mode)


def _above(path: Path, folder: Path) -> Iterator[Path]:
    """Yield the folders of a path below a folder."""
    yield from (p for p in path.parents if p != folder and p.is_relative_to(folder))


def take_outputs(folder: Path, names: Iterable[str], into: Path) -> None:
    """Move verified files to a folder of ours, and make them ours alone.

    Raises:
        OSError: They cannot be moved.
    """
    for name in names:
        target = into / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.rename(folder / name, target)
        if os.geteuid() == 0:
            os.chown(target, 0, os.getegid(), follow_symlinks=False)
        target.chmod(0o600)


def _plain_files(folder: Path) -> dict[str, int]:
    """Return the length of each file by its path; folders do not count.

    Raises:
        IntegrityError: Something is neither, or there is too much.
    """
    lengths: dict[str, int] = {}
    try:
        descriptor = os.open(folder, _READING | os.O_DIRECTORY)
    except OSError:
        raise IntegrityError("the folder for files is gone") from None
    try:
        for count, found in enumerate(walk(descriptor), 1):
            if count > 2 * MOST_OUTPUTS:
                raise IntegrityError(f"more than {2 * MOST_OUTPUTS} files were written")
            if found.is_plain_file and found.facts is not None:
                lengths[found.path] = found.facts.st_size
            elif not found.is_folder:
                raise IntegrityError(f"{quoted(found.path)} is no plain file")
    finally:
        os.close(descriptor)
    return lengths


def _verified(folder: Path, name: str, length: int) -> OutputFile:
    """Look at one file.

    Raises:
        IntegrityError: No writer of ours writes such a file.
    """
    with _opened(folder, name) as descriptor:
        source = Source(descriptor=descriptor, start=0, length=length, path=name)
        try:
            kind = identify(source).kind
            if kind is Kind.SAFETENSORS:
                read_header(source.read, length)
        except InputError as error:
            raise IntegrityError(f"{quoted(name)} was written, and {error}") from None
        digest = _sha256(descriptor, name)
    if kind not in EMITTED:
        raise IntegrityError(f"{quoted(name)} was written, and is {kind}")
    return OutputFile(name=name, length=length, sha256=digest)


def _sha256(descriptor: int, name: str) -> str:
    try:
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IntegrityError(f"{name} cannot be read: {error.strerror}") from None
