"""Finds the files to seal, refuses what must not be sealed, and reads the rest.

Everything in a folder is sealed, hidden files included, or the scan refuses:
nothing is skipped in silence.  Only empty folders are lost, as in git.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from strongroom.errors import InputError
from strongroom.intake.formats.safetensors import SafetensorsHeader, read_header
from strongroom.intake.listing import (
    changed,
    list_files,
    open_regular,
    permitted_targets,
    read_at,
    unreadable,
)
from strongroom.vault.pickles import verify_content, verify_ending

HELD_FILES = 128
"""Descriptors kept open while sealing; a process usually may have 1,024."""

_MAGIC_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What changes when a file is written to, replaced or swapped.

    File systems count time in ticks, of 4 ms on Linux before 6.13: two writes in
    the tick of the scan look like one.  Everything that is sealed is read later.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Fingerprint:
        """Return the fingerprint in an answer of ``stat``."""
        return cls(
            device=found.st_dev,
            inode=found.st_ino,
            size=found.st_size,
            modified_ns=found.st_mtime_ns,
            changed_ns=found.st_ctime_ns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file as it was when it was scanned.

    Attributes:
        path: Relative to the folder, with ``/``; the link's name for a link.
        size: Bytes.
        fingerprint: Compared again before and after sealing.
        header: Of a safetensors file, else None.
    """

    path: str
    size: int
    fingerprint: Fingerprint
    header: SafetensorsHeader | None


def scan(
    path: Path, *, follow_outside: bool = False, rewritten: bool = False
) -> tuple[SourceFile, ...]:
    """Return every file of a model, ordered by path.

    Links are followed to regular files and keep the link's name.  A snapshot of
    the Hugging Face cache consists of links to ``../../blobs``, so those pass.
    Any other link that leaves the folder is refused, since a folder that was
    downloaded could hold one to a private key of whoever seals it.

    Pickles are known by their ending and by their first bytes.  Protocols 0 and 1
    have no magic; only intake reads those, in a sandbox.  Nothing is loaded here.

    Args:
        path: A file, or a folder that is walked whole.
        follow_outside: Take links to regular files anywhere; the caller has
            looked at them.
        rewritten: Intake wrote the files, so that one that ends in .skops is an
            archive of ours.

    Raises:
        MissingError: It does not exist.
        InputError: It is empty; or a file is a pickle, an archive, no regular file,
            unreadable, a malformed safetensors file, or has a name that cannot be
            restored everywhere.
    """
    folder, names = list_files(path)
    permitted = (Path("/"),) if follow_outside else permitted_targets(path, folder)
    files = tuple(
        _scan_file(folder, name, permitted, rewritten=rewritten) for name in names
    )
    if not any(file.size for file in files):
        raise InputError(
            f"{path.name[:80]!a} holds no bytes to seal", hint="name another folder"
        )
    return files


def opaque(path: Path) -> tuple[SourceFile]:
    """Return one file as it is, whatever it holds.

    For originals from outside, which are kept and never handed out.

    Raises:
        InputError: It is no regular file, or may not be read.
        UnavailableError: The disk did not answer.
    """
    with open_regular(path, path.name) as descriptor:
        found = os.fstat(descriptor)
    file = SourceFile(
        path=path.name,
        size=found.st_size,
        fingerprint=Fingerprint.of(found),
        header=None,
    )
    return (file,)


class OpenSource:
    """Scanned files, open for reading by several threads at once.

    The largest are held open; the others are opened for each read, and must be
    the same file every time.
    """

    def __init__(self, path: Path, files: Sequence[SourceFile]) -> None:
        self._path = path
        self._folder = path if path.is_dir() else path.parent
        self._files = files
        self._held: dict[int, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> OpenSource:
        by_size = sorted(range(len(self._files)), key=lambda i: -self._files[i].size)
        with ExitStack() as stack:
            for index in by_size[:HELD_FILES]:
                self._held[index] = stack.enter_context(self._opened(index))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.clear()
        self._stack.close()

    def read_into(self, file: int, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` with the bytes of a file.

        Args:
            file: Position in the scanned files.
            offset: Of the first byte in that file.
            buffer: uint8, contiguous and writable.

        Raises:
            InputError: The file changed since it was scanned, or is shorter.
            UnavailableError: The disk did not answer.
        """
        if file in self._held:
            self._fill(self._held[file], file, offset, buffer)
        else:
            with self._opened(file) as descriptor:
                self._fill(descriptor, file, offset, buffer)

    def verify_unchanged(self) -> None:
        """Check that the files are those that were scanned, and no others.

        Raises:
            InputError: A file was written to, replaced, added or removed.
        """
        _, names = list_files(self._path)
        scanned = [file.path for file in self._files]
        if names != scanned:
            name = min(set(names) ^ set(scanned))
            raise InputError(
                f"{name} was added or removed while its folder was sealed",
                hint="seal again when nothing writes there",
            )
        for index in range(len(self._files)):
            with self._opened(index):
                pass
            if index in self._held:
                self._verify_same(self._held[index], index)

    @contextmanager
    def _opened(self, index: int) -> Iterator[int]:
        name = self._files[index].path
        with open_regular(self._folder / name, name) as descriptor:
            self._verify_same(descriptor, index)
            yield descriptor

    def _verify_same(self, descriptor: int, index: int) -> None:
        if Fingerprint.of(os.fstat(descriptor)) != self._files[index].fingerprint:
            raise changed(self._files[index].path)

    def _fill(
        self, descriptor: int, file: int, offset: int, buffer: memoryview
    ) -> None:
        done = 0
        while done < len(buffer):
            try:
                count = os.preadv(descriptor, [buffer[done:]], offset + done)
            except OSError as error:
                raise unreadable(self._files[file].path, error) from None
            if count == 0:
                raise changed(self._files[file].path)
            done += count


def _scan_file(
    folder: Path, name: str, permitted: Sequence[Path], *, rewritten: bool
) -> SourceFile:
    verify_ending(name)
    target = Path(os.path.realpath(folder / name))
    if not any(target.is_relative_to(place) for place in permitted):
        raise InputError(
            f"{name} is a link that leaves the folder",
            hint="replace it by the file it leads to",
        )
    with open_regular(target, name) as descriptor:
        found = os.fstat(descriptor)
        header = None
        if name.lower().endswith(".safetensors"):
            header = _read_header(name, descriptor, found.st_size)
        elif not (rewritten and name.endswith(".skops")):
            # Not asked of safetensors: a header of 640 bytes starts like a pickle.
            verify_content(name, read_at(name, descriptor, 0, _MAGIC_BYTES))
    return SourceFile(
        path=name,
        size=found.st_size,
        fingerprint=Fingerprint.of(found),
        header=header,
    )


def _read_header(name: str, descriptor: int, size: int) -> SafetensorsHeader:
    def read(offset: int, length: int) -> bytes:
        return read_at(name, descriptor, offset, length)

    try:
        return read_header(read, size)
    except InputError as error:
        hint = error.hint or "download it, or save it with safetensors, again"
        raise InputError(f"{name}: {error}", hint=hint) from None
