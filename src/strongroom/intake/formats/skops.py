"""Rewrites skops files: models of scikit-learn as a schema and arrays.

The schema is read by ``skops_tree``; arrays get headers of ours, and members names of
ours, in a zip file of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from strongroom.canonical import Json
from strongroom.intake.findings import Finding, Level, RefusedError, listed, quoted
from strongroom.intake.formats import documents
from strongroom.intake.formats.documents import Value
from strongroom.intake.formats.npy_header import MAGIC, read_layout
from strongroom.intake.formats.skops_tree import PROTOCOL, Found, Node, read_tree
from strongroom.intake.formats.zip_writer import Content, write_zip
from strongroom.intake.formats.zips import open_members, read_archive
from strongroom.intake.names import with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.weights import digest_facts

KIND = "skops"
_SCHEMA = "schema.json"
_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9a-z+]{1,20}){0,5}")
_TYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|c(?:8|16)|([US])(\d{1,6}))")
_MOST_BYTES_BINARY = 16 << 20


@dataclass(slots=True)
class _Members:
    """Members of the new file.

    Attributes:
        given: Those of the old one, by name.
        names: Old names and new ones.
        contents: By new name.
        digests: SHA-256 of the values of each array, by new name.
    """

    given: Mapping[str, Source]
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, ending: str) -> str:
        """Take a member in, and return its new name.

        Raises:
            RefusedError: There is none, or it is no array.
        """
        if (name, ending) in self.names:
            return self.names[name, ending]
        source = self.given.get(name)
        if source is None or name == _SCHEMA:
            raise RefusedError("skops/form", f"schema names {quoted(name)}")
        new = f"{len(self.contents):06d}.{ending}"
        self.names[name, ending] = new
        if ending == "npy":
            self.contents[new], self.digests[new] = _array(source)
        elif source.length > _MOST_BYTES_BINARY:
            raise RefusedError(
                "skops/form", f"{quoted(name)} has {source.length} bytes"
            )
        else:
            self.contents[new] = (b"", source)
        return new


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same model to a new skops file.

    Args:
        source: A skops file of protocol 2.
        workplace: Where the new file goes, under the old name.
        options: Types that the house lets in beside those that skops trusts.

    Raises:
        RefusedError: The zip file is not strict, the schema names something that skops
            would have to be told to trust and the house does not, or an array is none
            of numbers or text.
    """
    members = open_members(read_archive(source).values(), workplace)
    if _SCHEMA not in members:
        raise RefusedError("skops/form", "archive holds no schema")
    schema = documents.read_document(members[_SCHEMA])
    taken = _Members(given=members)
    about, root = _split(schema)
    found = read_tree(root, taken.take, frozenset(options.types))
    left = members.keys() - {_SCHEMA} - {old for old, _ in taken.names}
    if left:
        raise RefusedError("skops/form", f"archive holds {listed(sorted(left))}")
    output = with_ending(source.path, ".skops")
    text = documents.written({**root, **about})
    write_zip(workplace, output, {_SCHEMA: text, **taken.contents})
    return Rewritten(
        kind=KIND,
        outputs=(output,),
        facts=_facts(found, taken),
        findings=_findings(found),
    )


def _facts(found: Found, taken: _Members) -> dict[str, Json]:
    facts: dict[str, Json] = {
        "classes": sorted(found.types),
        "tensors": digest_facts(taken.digests),
    }
    return {**facts, "listed": sorted(found.listed)} if found.listed else facts


def _findings(found: Found) -> tuple[Finding, ...]:
    if not found.listed:
        return ()
    return (
        Finding(
            rule="skops/listed",
            level=Level.NOTE,
            message=f"let in because the house lists them: "
            f"{listed(sorted(found.listed), at_most=10)}; whoever loads the model has "
            "to trust them",
        ),
    )


def _split(schema: Value) -> tuple[dict[str, Value], Node]:
    """Return what a schema says of itself, and its first node.

    Raises:
        RefusedError: It is of another protocol.
    """
    if not isinstance(schema, dict):
        raise RefusedError("skops/form", "schema is no object")
    root = dict(schema)
    protocol, version = root.pop("protocol", None), root.pop("_skops_version", "0")
    if type(protocol) is not int or protocol != PROTOCOL:
        raise RefusedError(
            "skops/form",
            f"file is of another protocol than {PROTOCOL}",
            hint="load it and save it with skops 0.13 or later",
        )
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise RefusedError("skops/form", "schema names no version of skops")
    return {"protocol": protocol, "_skops_version": version}, root


def _array(source: Source) -> tuple[Content, str]:
    """Return an array with a header of ours, and the SHA-256 of its values.

    Raises:
        RefusedError: It is no array, none of numbers or text, or has another length.
    """
    layout = read_layout(source)
    known = _TYPE.fullmatch(layout.descr)
    if known is None:
        raise RefusedError("skops/array", f"array of the type {quoted(layout.descr)}")
    size = int(re.sub(r"\D", "", layout.descr)) * (4 if known[1] == "U" else 1)
    if prod(layout.shape) * size != layout.data.length:
        raise RefusedError("skops/array", f"array fills no {layout.data.length} bytes")
    digest = hashlib.sha256()
    for piece in layout.data.pieces():
        digest.update(piece)
    comma = "," if len(layout.shape) == 1 else ""
    shape = ", ".join(map(str, layout.shape)) + comma
    text = (
        f"{{'descr': '{layout.descr}', 'fortran_order': {layout.is_columns}, "
        f"'shape': ({shape}), }}"
    )
    text += " " * (-(len(text) + 11) % 64) + "\n"
    head = MAGIC + b"\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    return (head, layout.data), digest.hexdigest()
