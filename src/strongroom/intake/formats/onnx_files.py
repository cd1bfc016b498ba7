"""Rewrites ONNX models: the same graph, without what leads out of it.

Operators are those that ``onnx_nodes`` knows.  Tensors in other files are named by
paths (CVE-2022-25882, CVE-2024-27318, CVE-2025-51480), so their bytes are written to
one file of ours.
"""

from __future__ import annotations

from strongroom.canonical import Json
from strongroom.intake.findings import RefusedError, listed
from strongroom.intake.formats import protobuf
from strongroom.intake.formats.onnx_nodes import verify_operators
from strongroom.intake.formats.onnx_schema import SCHEMAS
from strongroom.intake.formats.onnx_tensors import (
    Beside,
    Outside,
    take_tensor,
    write_outside,
)
from strongroom.intake.formats.protobuf import Document, Message
from strongroom.intake.formats.protobuf_reader import read_document
from strongroom.intake.names import with_ending
from strongroom.intake.rewriting import (
    Options,
    Rewrite,
    Rewritten,
    Workplace,
)
from strongroom.intake.sources import Source
from strongroom.intake.weights import digest_facts

KIND = "onnx"


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write a model that lies in one file; see ``reader`` for others."""
    return reader(lambda _: None)(source, workplace, options)


def reader(beside: Beside) -> Rewrite:
    """Return a reader of ONNX models.

    Args:
        beside: Gives the other files of the folder, for tensors that lie there.

    The reader raises RefusedError where the file is malformed, has an operator of
    somebody else, or a tensor that leads out of its folder or its file.
    """

    def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
        del options
        name = with_ending(source.path, ".onnx")
        outside = Outside(
            beside=beside,
            model=source.path,
            folder=source.path.rpartition("/")[0],
            name=f"{name}.safetensors",
        )
        return _rewritten(source, name, outside, workplace)

    return rewrite


def _rewritten(
    source: Source, name: str, outside: Outside, workplace: Workplace
) -> Rewritten:
    document = read_document(source, SCHEMAS, "ModelProto")
    if not document.root.messages("graph") or not document.root.number("ir_version"):
        raise RefusedError("onnx/form", "model has no graph, or no version")
    operators = verify_operators(document)
    _verify_choices(document)
    digests: dict[str, str] = {}
    for message in list(document.every):
        if message.schema == "TensorProto":
            take_tensor(message, outside, digests)
    if outside.taken:
        digests |= write_outside(outside, document, workplace)
    with workplace.create(name) as file:
        for piece in protobuf.pieces(document):
            file.append(piece)
    lost = sorted(document.left_out)
    moved = f"tensors of {listed(sorted(outside.read))} are in {outside.name} now"
    facts: dict[str, Json] = {
        "operators": operators,
        "tensors": digest_facts(digests),
        "external": sorted(outside.read),
    }
    return Rewritten(
        kind=KIND,
        outputs=(name, *((outside.name,) if outside.taken else ())),
        facts=facts,
        changes=(
            *((f"left out: {', '.join(lost)}",) if lost else ()),
            *((moved,) if outside.read else ()),
        ),
    )


def _verify_choices(document: Document) -> None:
    """Check that a type, or a dimension, is one thing."""
    for schema in ("TypeProto", "TensorShapeProto.Dimension"):
        for message in _of(document, schema):
            names = {f.rule.name for f in message.fields} - {"denotation"}
            if len(names) > 1:
                raise RefusedError("onnx/twice", f"{schema} is {' and '.join(names)}")


def _of(document: Document, schema: str) -> list[Message]:
    return [message for message in document.every if message.schema == schema]
