"""A torch checkpoint of the tar form that is text from end to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_CALL = b"cos\nsystem\n(S'id'\ntR."
_MEMBERS = ("sys_info", "pickle", "tensors", "storages")
_BLOCK = 512

SUMS: Mapping[str, Callable[[int], bytes]] = {
    "six digits": lambda total: b"%06o  " % total,
    "eight digits": lambda total: b"%08o" % total,
    "prefix": lambda total: b"0o%05o " % total,
    "underscore": lambda total: b"%03o_%03o " % divmod(total, 512),
    "sign": lambda total: b"+%06o " % total,
    "lines": lambda total: b"\n%06o\n" % total,
    "signed bytes": lambda total: b"%06o  " % (total - 512),
}
"""How the sum of a header may be written, for Python."""


def tar_of_letters(sum_of: Callable[[int], bytes] = SUMS["six digits"]) -> bytes:
    """Return a checkpoint, with the sum of each header as it is written here."""
    return b"".join(_member(name, sum_of) for name in _MEMBERS)


def _member(name: str, sum_of: Callable[[int], bytes]) -> bytes:
    record = b"%d path=%s\n" % (len(name) + 9, name.encode())
    extended = _header(b"x", len(record), sum_of) + _padded(record)
    return extended + _header(b"0", len(_CALL), sum_of) + _padded(_CALL)


def _header(kind: bytes, length: int, sum_of: Callable[[int], bytes]) -> bytes:
    fields = (
        b"a" * 100, b"0000644 ", b"0000000 ", b"0000000 ", b"%011o " % length,
        b"00000000000 ", b" " * 8, kind, "\u00e9".encode(),
    )  # fmt: skip
    block = b"".join(fields).ljust(257) + b"ustar  "
    block = block.ljust(_BLOCK)
    return block[:148] + sum_of(sum(block)) + block[156:]


def _padded(data: bytes) -> bytes:
    return data + b"\n" * (-len(data) % _BLOCK)
