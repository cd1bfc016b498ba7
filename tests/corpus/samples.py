"""What a sample is, and all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What a sample would do to whoever loads it as its makers meant."""

    MALICIOUS = "malicious"  # runs something, reads or writes elsewhere, or hangs
    BENIGN = "benign"  # tensors, plain containers, and text
    OTHER = "other"  # a model of a kind that is not let in; nothing of the corpus is


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file, or the files of one folder.

    Attributes:
        name: Unique; a file name without its ending.
        family: As the peers' tables group them.
        label: What it is.
        files: Path and content; of a single file, one.
        source: Advisory or class of bypass that it stands for; may be empty.
    """

    name: str
    family: str
    label: Label
    files: dict[str, bytes]
    source: str = ""


def every_sample() -> Iterator[Sample]:
    """Give every sample, always the same ones in the same order."""
    from tests.corpus import (
        arrays,
        benign,
        checkpoints,
        gadgets,
        graphs,
        opcodes,
        shared,
        texts,
        torch_tar_attacks,
        torch_tars,
        trees,
        weights,
    )

    for module in (
        gadgets, opcodes, checkpoints, arrays, weights, graphs, trees, texts, benign,
        shared, torch_tars, torch_tar_attacks,
    ):  # fmt: skip
        yield from module.samples()


def malicious(
    family: str, name: str, path: str, data: bytes, source: str = ""
) -> Sample:
    """Return a sample of one file that attacks."""
    return Sample(
        name=f"{family}-{name}".replace("/", "-"),
        family=family,
        label=Label.MALICIOUS,
        files={path: data},
        source=source,
    )
