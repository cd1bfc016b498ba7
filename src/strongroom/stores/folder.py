"""A store in a folder of plain files.

A blob is written to a temporary file, synced, and then linked to its name: a
reader sees all of it or nothing, a second writer of the name loses, and a power
cut leaves at most a temporary file, which ``sweep`` finds by its absent lock.

Whole blocks bypass the page cache where the file system can: 1 GiB then costs
0.06 CPU seconds to write in place of 0.4 to 0.9, which sealing needs for hashing.

Reads go straight into the caller's buffer: 0.93 of the speed of plain reads with
decryption on top, where a store that allocates reached 0.57 (``notes/build.md``).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.stores.port import check_name
from strongroom.types import Random

_PARTIAL = ".partial"  # not a name, so nothing stored collides with it
_MAX_OPEN_FILES = 64
_BLOCK_BYTES = 4096


class FolderStore:
    """A ``BlobStore`` in ``folder``, which is made if it is absent.

    Args:
        folder: On one file system that has hard links.
        random: Gives the names of temporary files.

    Raises:
        UnavailableError: The folder cannot be made.
    """

    def __init__(self, folder: Path, *, random: Random = os.urandom) -> None:
        self._folder = folder
        self._random = random
        self._files: OrderedDict[str, _OpenFile] = OrderedDict()
        self._lock = Lock()
        try:
            _make_folder(folder / _PARTIAL)
        except OSError as error:
            raise _unavailable(str(folder), error) from None

    def write(self, name: str, parts: Iterable[bytes | memoryview]) -> int:
        check_name(name)
        final = self._folder / name
        temporary = self._folder / _PARTIAL / self._random(16).hex()
        try:
            descriptor = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)  # tells sweep: in use
                length = _write_all(descriptor, parts)
                os.fsync(descriptor)
                with self._lock:  # nobody counts on a folder that is not synced yet
                    _make_folder(final.parent)
                os.link(temporary, final)
                _sync_folder(final.parent)
            finally:
                temporary.unlink(missing_ok=True)
                os.close(descriptor)
        except FileExistsError:
            raise ConflictError(f"{name} is taken") from None
        except OSError as error:
            raise _unavailable(name, error) from None
        return length

    def read_into(self, name: str, offset: int, buffer: bytearray | memoryview) -> None:
        file = self._file(name)  # held until the end: see _OpenFile
        view = memoryview(buffer).cast("B")
        done = 0
        try:
            # One call as a rule; Linux moves at most 2 GiB in each.
            while done < len(view):
                count = os.preadv(file.descriptor, [view[done:]], offset + done)
                if count == 0:
                    raise IntegrityError(
                        f"{name} has {offset + done} bytes,"
                        f" {offset + len(view)} were expected"
                    )
                done += count
        except OSError as error:
            raise _unavailable(name, error) from None

    def size(self, name: str) -> int:
        check_name(name)
        try:
            return os.stat(self._folder / name, follow_symlinks=False).st_size
        except (FileNotFoundError, NotADirectoryError):
            raise MissingError(f"nothing is stored as {name}") from None
        except OSError as error:
            raise _unavailable(name, error) from None

    def names(self, prefix: str = "") -> Iterator[str]:
        found = []
        for folder, folders, files in os.walk(self._folder, onerror=_raise_unavailable):
            with suppress(ValueError):
                folders.remove(_PARTIAL)
            step = Path(folder).relative_to(self._folder)
            found += [(step / file).as_posix() for file in files]
        return iter(sorted(name for name in found if name.startswith(prefix)))

    def remove(self, name: str) -> None:
        check_name(name)
        with self._lock:
            self._files.pop(name, None)
        try:
            (self._folder / name).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise _unavailable(name, error) from None

    def sweep(self) -> int:
        """Remove what writers that died left behind, and return how many files.

        A temporary file is left alone while its writer holds its lock.

        Raises:
            UnavailableError: The folder cannot be read or changed.
        """
        try:
            left = sorted((self._folder / _PARTIAL).iterdir())
            return sum(_remove_if_abandoned(path) for path in left)
        except OSError as error:
            raise _unavailable(str(self._folder), error) from None

    def close(self) -> None:
        """Close the files that are kept open for reading."""
        with self._lock:
            self._files.clear()

    def _file(self, name: str) -> _OpenFile:
        with self._lock:
            file = self._files.get(name)
            if file is None:
                check_name(name)
                file = self._files[name] = _OpenFile(self._folder / name, name)
                if len(self._files) > _MAX_OPEN_FILES:
                    self._files.popitem(last=False)
            return file


class _OpenFile:
    """A descriptor that closes when the last thread that reads lets go of it.

    Closing it earlier would let another file take its number under a reader.
    """

    __slots__ = ("descriptor",)

    descriptor: int

    def __init__(self, path: Path, name: str) -> None:
        # A pipe put in place of the blob must not block, a link not lead away.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self.descriptor = os.open(path, flags)
            mode = os.fstat(self.descriptor).st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise MissingError(f"nothing is stored as {name}") from None
        except OSError as error:
            raise _unavailable(name, error) from None
        if not stat.S_ISREG(mode):
            raise IntegrityError(f"{name} is not a plain file")

    def __del__(self) -> None:
        with suppress(AttributeError):  # it was never opened
            os.close(self.descriptor)


def _write_all(descriptor: int, parts: Iterable[bytes | memoryview]) -> int:
    """Write the parts, whole blocks directly for as long as that works."""
    length = 0
    direct = _bypass_cache(descriptor, on=True)
    for part in parts:
        view = memoryview(part).cast("B")
        length += len(view)
        while len(view):
            if direct and len(view) < _BLOCK_BYTES:
                direct = _bypass_cache(descriptor, on=False)
            count = len(view) - len(view) % _BLOCK_BYTES if direct else len(view)
            try:
                view = view[os.write(descriptor, view[:count]) :]
            except OSError as error:
                # Memory or position is not aligned to what the disk asks for.
                if not direct or error.errno != errno.EINVAL:
                    raise
                direct = _bypass_cache(descriptor, on=False)
    return length


def _bypass_cache(descriptor: int, *, on: bool) -> bool:
    """Return whether writes bypass the page cache from now on."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_DIRECT
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | (os.O_DIRECT if on else 0))
    except OSError:
        return False  # a file system without it, such as older tmpfs
    return on


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, each durably entered in its parent."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_abandoned(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return 0
    finally:
        os.close(descriptor)
    return 1


def _raise_unavailable(error: OSError) -> None:
    raise _unavailable("a folder of the store", error) from None


def _unavailable(what: str, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"{what}: {error.strerror or 'input or output error'}",
        hint="see whether the disk is full or the folder is gone, and try again",
    )
