"""A strict reader of zip files, which every reader sees alike or nobody sees at all.

Members cover the file without a gap; a member's two headers agree; names are plain and
differ in more than letter case; every CRC is computed.  Nothing is extracted: a stored
member is a window on the file, an unpacked one a room of the workplace.

Source: PKWARE APPNOTE.TXT 6.3.10; CVE-2025-1944, CVE-2025-1945 and CVE-2025-10156 are
what differences between two zip readers did to a scanner.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats import zip_records as records
from strongroom.intake.formats.zip_end import TAIL_BYTES, End, parse_end
from strongroom.intake.formats.zip_records import Entry
from strongroom.intake.names import verify_paths
from strongroom.intake.rewriting import Workplace, fill
from strongroom.intake.sources import PIECE_BYTES, Ahead, Source

_THREADS = 2
_MOST_DIRECTORY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a zip file may hold.

    Attributes:
        members: How many, folders counted.
        unpacked_bytes: All deflated members together, when unpacked.
        ratio: Times that one deflated member may grow; deflate ends near 1,030.
        free_bytes: Up to here a member may grow as it likes: zeros grow 1,000 times.
    """

    members: int = 200_000
    unpacked_bytes: int = 8 << 30
    ratio: int = 200
    free_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of a zip file.

    Attributes:
        name: A plain relative path.
        packed: The window on its bytes, as they lie there.
        size: Bytes when unpacked.
        crc: CRC-32 of the unpacked bytes; not checked yet.
        is_stored: Whether its bytes lie there as they are.
    """

    name: str
    packed: Source
    size: int
    crc: int
    is_stored: bool


def read_archive(source: Source, limits: Limits | None = None) -> dict[str, Member]:
    """Return the files of a zip file by name, in the order in which they lie there.

    Args:
        source: The whole zip file.
        limits: What it may hold.

    Raises:
        RefusedError: Bytes stand before, between or behind the members, a member's two
            headers differ, two names collide, a name leads away, a member is
            encrypted, a link, or packed otherwise, or a limit is passed.
    """
    limits = limits or Limits()
    end = _end(source)
    entries = _directory(source, end, limits)
    _verify_names(entries)
    _verify_sizes(entries, limits)
    ordered = sorted(entries, key=lambda entry: entry.start)
    first, *following = [*(entry.start for entry in ordered), end.start]
    if first:
        raise RefusedError("zip/gap", "bytes stand before the first zip member")
    ahead = Ahead()
    windows = [
        _window(source, ahead, entry, start)
        for entry, start in zip(ordered, following, strict=True)
    ]
    return {
        entry.name: Member(
            name=entry.name,
            packed=window,
            size=entry.size,
            crc=entry.crc,
            is_stored=entry.method == records.STORED,
        )
        for entry, window in zip(ordered, windows, strict=True)
        if not entry.is_folder
    }


def open_members(
    members: Iterable[Member], workplace: Workplace
) -> Mapping[str, Source]:
    """Return a window on the bytes of each member, all CRCs checked.

    Args:
        members: Which; two are read at once.
        workplace: Where deflated members are unpacked.

    Raises:
        RefusedError: A CRC or a length is wrong, or packed bytes are malformed.
    """
    chosen = list(members)
    with ThreadPoolExecutor(_THREADS) as pool:
        opened = pool.map(lambda some: _opened(some, workplace), _batches(chosen))
        windows = list(chain.from_iterable(opened))
    return {m.name: s for m, s in zip(chosen, windows, strict=True)}


def _batches(members: Iterable[Member]) -> Iterator[list[Member]]:
    """Yield members whose bytes are read as one task: there may be 100,000 short."""
    batch, size = list[Member](), 0
    for member in members:
        if batch and size + member.size > PIECE_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(member)
        size += member.size
    if batch:
        yield batch


def _opened(members: Iterable[Member], workplace: Workplace) -> list[Source]:
    """Return a window on the bytes of each member, its CRC checked."""
    ahead = Ahead()
    return [
        _stored(member, ahead) if member.is_stored else _inflated(member, workplace)
        for member in members
    ]


def _stored(member: Member, ahead: Ahead) -> Source:
    crc, is_short = 0, member.size <= PIECE_BYTES
    whole = (ahead.read(member.packed, 0, member.size),) if is_short else ()
    for piece in whole or member.packed.pieces():
        crc = zlib.crc32(piece, crc)
    _verify_crc(member, crc)
    return member.packed


def _inflated(member: Member, workplace: Workplace) -> Source:
    """Unpack a member into a room of the workplace."""
    room = workplace.room(member.size, path=member.packed.path)
    crc = length = 0
    for data in _unpacked(member):
        if length + len(data) > member.size:
            raise _refused("zip/bomb", "unpacks to more than it claims", member)
        fill(room, length, data)
        crc, length = zlib.crc32(data, crc), length + len(data)
    if length != member.size:
        raise _refused("zip/deflate", "unpacks to less than it claims", member)
    _verify_crc(member, crc)
    return room


def _unpacked(member: Member) -> Iterator[bytes]:
    """Yield the bytes of a deflated member in pieces of at most 1 MiB."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in member.packed.pieces():
        waiting, data = piece, b""
        while waiting or len(data) == PIECE_BYTES:
            try:
                data = inflater.decompress(waiting, PIECE_BYTES)
            except zlib.error:
                raise _refused(
                    "zip/deflate", "has malformed packed bytes", member
                ) from None
            yield data
            waiting = inflater.unconsumed_tail
            if inflater.eof and (waiting or inflater.unused_data):
                raise _refused("zip/deflate", "has bytes behind its own", member)
    if not inflater.eof:
        raise _refused("zip/deflate", "has an end that is cut", member)


def _verify_crc(member: Member, crc: int) -> None:
    if crc != member.crc:
        raise RefusedError(
            "zip/crc",
            f"zip member {quoted(member.name)} has the CRC {crc:08x}, "
            f"its header says {member.crc:08x}",
            place=member.name[:200],
            hint="the file is damaged; fetch it again",
        )


def _end(source: Source) -> End:
    tail = min(TAIL_BYTES, source.length)
    return parse_end(source.read_exactly(source.length - tail, tail), source.length)


def _directory(source: Source, end: End, limits: Limits) -> list[Entry]:
    """Return the entries of the central directory, in its order."""
    if end.entries > limits.members or end.length > _MOST_DIRECTORY_BYTES:
        raise RefusedError(
            "zip/count", f"{end.entries} zip members, over {limits.members}"
        )
    directory = source.read_exactly(end.start, end.length)
    entries: list[Entry] = []
    at = 0
    for _ in range(end.entries):
        fixed = directory[at : at + records.CENTRAL_BYTES]
        if len(fixed) < records.CENTRAL_BYTES:
            raise RefusedError("zip/directory", "the central directory is cut")
        length = records.CENTRAL_BYTES + records.central_lengths(fixed)
        if at + length > end.length:
            raise RefusedError("zip/directory", "the central directory is cut")
        entries.append(records.parse_central(directory[at : at + length]))
        at += length
    if at != end.length:
        raise RefusedError("zip/directory", "the central directory has bytes left over")
    return entries


def _verify_names(entries: Sequence[Entry]) -> None:
    names = [entry.name for entry in entries if not entry.is_folder]
    listed = [e.name.removesuffix("/") for e in entries if e.is_folder]
    folders = set(listed)
    if len(folders) != len(listed):
        raise RefusedError("zip/duplicate", "a zip file names a folder twice")
    try:
        verify_paths(names)
    except InputError as error:
        raise RefusedError("zip/duplicate", str(error)) from None
    both = folders.intersection(names)
    if both:
        raise RefusedError(
            "zip/duplicate", f"{quoted(min(both))} is a zip member and a folder"
        )


def _verify_sizes(entries: Iterable[Entry], limits: Limits) -> None:
    total = 0
    for entry in entries:
        if entry.method == records.STORED:
            if entry.size != entry.packed:
                raise _bomb(entry, "is stored in another length than its own")
            continue
        if entry.size > max(limits.free_bytes, entry.packed * limits.ratio):
            raise _bomb(entry, f"grows more than {limits.ratio} times")
        total += entry.size
    if total > limits.unpacked_bytes:
        raise RefusedError(
            "zip/bomb",
            f"zip members unpack to {total} bytes, over {limits.unpacked_bytes}",
        )


def _window(source: Source, ahead: Ahead, entry: Entry, following: int) -> Source:
    """Check a member's own header and return the window on its packed bytes.

    Args:
        source: The zip file.
        ahead: Reads it.
        entry: The member as the directory describes it.
        following: Where the next member, or the directory, begins.
    """
    fixed = ahead.read(source, entry.start, records.LOCAL_BYTES)
    named, extra = records.local_lengths(fixed)
    begin = entry.start + records.LOCAL_BYTES + named + extra
    end = begin + entry.packed
    if end > following or (entry.is_folder and entry.size):
        raise _bomb(entry, "reaches into what follows it", rule="zip/overlap")
    records.verify_local(ahead.read(source, entry.start, begin - entry.start), entry)
    if entry.has_descriptor:
        behind = following - end
        if behind not in records.DESCRIPTORS:
            raise _bomb(entry, "is followed by bytes of none", rule="zip/gap")
        records.verify_descriptor(ahead.read(source, end, behind), entry)
    elif end != following:
        raise _bomb(entry, "is followed by bytes of none", rule="zip/gap")
    return source.window(begin, entry.packed, path=f"{source.path}:{entry.name}")


def _bomb(entry: Entry, what: str, *, rule: str = "zip/bomb") -> RefusedError:
    return RefusedError(
        rule, f"zip member {quoted(entry.name)} {what}", place=entry.name[:200]
    )


def _refused(rule: str, what: str, member: Member) -> RefusedError:
    return RefusedError(
        rule, f"zip member {quoted(member.name)} {what}", place=member.name[:200]
    )
