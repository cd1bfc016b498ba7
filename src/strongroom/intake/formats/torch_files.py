"""Writes a checkpoint that was read: weights, training state, and a tree of the rest.

    <stem>.safetensors             the weights, under the names that torch gave them
    <stem>.optimizer.safetensors   what optimizer, scheduler and random numbers held
    <stem>.json                    how they hang together, and all that is no tensor

A tensor that stands in several places is written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.canonical import Json, to_json
from strongroom.intake.findings import Finding, Level, listed, refusing
from strongroom.intake.formats.pickle_values import Value
from strongroom.intake.formats.state_templates import review_state
from strongroom.intake.formats.states import FORMAT
from strongroom.intake.formats.torch_composed import tensor_or_parts
from strongroom.intake.formats.torch_shelf import Shelf
from strongroom.intake.formats.torch_values import TensorOf, Tree
from strongroom.intake.names import with_ending
from strongroom.intake.rewriting import Rewritten, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.weights import digest_facts, write_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a reader took out of a file.

    Attributes:
        kind: Which form of file, such as ``torch-zip``.
        value: What was saved.
        names: Globals that its pickles named.
        stubs: Those of them that nobody knows; none outside salvage.
        storages: Windows on the bytes of each storage.
        tensor_of: Knows the tensors in the value.
    """

    kind: str
    value: Value
    names: tuple[str, ...]
    stubs: tuple[str, ...]
    storages: Mapping[str, Source]
    tensor_of: TensorOf = tensor_or_parts


def write_checkpoint(
    checkpoint: Checkpoint, source: Source, workplace: Workplace
) -> Rewritten:
    """Write what a checkpoint holds to files of ours.

    Args:
        checkpoint: What was read.
        source: The file that it came from.
        workplace: Where the files go, named after the source.

    Raises:
        RefusedError: It holds something that cannot be written, a tensor reaches
            beyond its storage, all of them together are too large, or a template
            could do more than put text together.
    """
    shelf = Shelf(checkpoint.value, checkpoint.storages, source, workplace)
    tree = Tree(shelf.place, checkpoint.tensor_of, shelf.pieces)
    root = tree.node(checkpoint.value)
    # Before anything is written: what is refused leaves no file behind.
    with refusing("torch/depth"):
        document = to_json({"format": FORMAT, "root": root})
    outputs: list[str] = []
    facts: dict[str, Json] = {"globals": sorted(checkpoint.names)}
    findings = _findings(checkpoint)
    has_tree = not shelf.weights.tells_all(root)
    if has_tree:
        templates, more = review_state(root, document)
        facts |= {"templates": templates} if templates else {}
        findings += more
    for file in (shelf.weights, shelf.training):
        if file.weights:
            with refusing("torch/tensor"):
                digests = write_weights(
                    workplace, file.path, file.weights, {"format": "pt", **file.aliases}
                )
            outputs.append(file.path)
            facts[file.fact] = digest_facts(digests)
    if has_tree:
        path = with_ending(shelf.path, ".json")
        with workplace.create(path) as out:
            out.append(document)
        outputs.append(path)
    if checkpoint.stubs:
        facts["stubs"] = sorted(checkpoint.stubs)
    return Rewritten(
        kind=checkpoint.kind,
        outputs=tuple(outputs),
        facts=facts,
        changes=(*shelf.changes(), *tree.changes()),
        findings=findings,
    )


def _findings(checkpoint: Checkpoint) -> tuple[Finding, ...]:
    if not checkpoint.stubs:
        return ()
    return (
        Finding(
            rule="pickle/stub",
            level=Level.WARNING,
            message=f"objects of unknown classes became inert stubs: "
            f"{listed(checkpoint.stubs, at_most=3)}",
        ),
    )
