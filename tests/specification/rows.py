"""A second reader of guarded rows, from their page alone."""

from __future__ import annotations

import hashlib

from tests.specification.pages import Document, encode, mac, write


def row_mac(key: bytes, table: str, columns: Document) -> bytes:
    """Return the MAC of a row.

    Args:
        key: The guard key.
        table: Its table.
        columns: Every column but ``mac``, as the vectors write them.
    """
    content = write({name: plain(value) for name, value in columns.items()})
    return mac(key, encode("strongroom/v1/row", table, columns["id"], content))


def plain(value: object) -> object:
    """Return a column as it stands in the content."""
    if isinstance(value, dict):
        return value["hex"] if "hex" in value else value["time"]
    return value


def waiting_mac(key: bytes, entry: Document) -> bytes:
    """Return the MAC of an entry that waits for its index."""
    fields = (entry["id"], entry["at"], bytes.fromhex(entry["leaf"]))
    return mac(key, encode("strongroom/v1/entry", *fields))


def counted_digest(table: str, prefix: str, rows: list[Document]) -> bytes:
    """Return the digest of the rows that a decision counted."""
    lines = []
    for row in rows:
        name = row["id"].encode()
        numbers = row["revision"].to_bytes(8, "big") + len(name).to_bytes(4, "big")
        lines.append(bytes.fromhex(row["mac"]) + numbers + name)
    tree = node(sorted(lines), 0)
    return hashlib.sha256(encode("strongroom/v1/counted", table, prefix, tree)).digest()


def node(lines: list[bytes], depth: int) -> bytes:
    """Return the hash of rows whose MACs have ``depth`` digits in common."""
    if len(lines) <= 16 or depth == 64:
        return hashlib.sha256(b"\0" + b"".join(lines)).digest()
    branches = [
        node([one for one in lines if one.hex()[depth] == digit], depth + 1)
        for digit in "0123456789abcdef"
    ]
    return hashlib.sha256(b"\1" + b"".join(branches)).digest()


def read_digest(table: str, prefix: str, rows: list[Document]) -> bytes:
    """Return the digest of the rows that a decision of old counted."""
    digest = hashlib.sha256(encode("strongroom/v1/read", table, prefix))
    for row in sorted(rows, key=lambda row: row["id"].encode()):
        name = row["id"].encode()
        digest.update(len(name).to_bytes(4, "big") + name)
        digest.update(row["revision"].to_bytes(8, "big") + bytes.fromhex(row["mac"]))
    return digest.digest()


def confirmed_digest(rows: list[Document]) -> bytes:
    """Return the digest of all rows when they were right."""
    lines = sorted(
        f"{row['table']}\0{row['id']}\0{row['revision']}\0{row['mac']}" for row in rows
    )
    tag = encode("strongroom/v1/confirmed-rows")
    return hashlib.sha256(tag + "\n".join(lines).encode()).digest()


def confirmed_mac(key: bytes, frontier: bytes, digest: bytes) -> bytes:
    """Return the MAC over how far rows were right."""
    return mac(key, encode("strongroom/v1/confirmed", frontier, digest))
