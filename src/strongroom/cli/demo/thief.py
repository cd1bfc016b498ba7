"""What somebody sees who takes the disk: every file of the room, no passphrase."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from strongroom.app import open_strongroom
from strongroom.cli.demo.house import House
from strongroom.cli.demo.steps import Outcome, Refusal, judge
from strongroom.errors import DeniedError, IntegrityError, SetupError
from strongroom.intake.formats.safetensors import read_header
from strongroom.types import Secret

SAMPLE_BYTES = 32
"""Of weights: two places that agree by chance do not exist."""

SAMPLES = 16
_GUESS = Secret(b"correct horse battery staple")


def weights_below(source: Path) -> Path:
    """Return the largest safetensors file of a model."""
    return max(source.rglob("*.safetensors"), key=lambda path: path.stat().st_size)


def samples_of(source: Path) -> list[bytes]:
    """Return names of tensors, and runs of weights from all over the file."""
    data = weights_below(source).read_bytes()
    header = read_header(lambda at, n: data[at : at + n], len(data))
    names = [
        tensor.name.encode() for tensor in header.tensors[:: len(header.tensors) // 4]
    ]
    start = len(header.raw)
    step = (len(data) - start) // SAMPLES
    runs = [data[at : at + SAMPLE_BYTES] for at in range(start, len(data) - step, step)]
    return names + [run for run in runs if any(run)]


def look(house: House, source: Path) -> str:
    """Return what the sealed files tell.

    Raises:
        IntegrityError: They hold a tensor's name or a run of the weights.
    """
    wanted = samples_of(source)
    files = [path for path in house.folder.rglob("*") if path.is_file()]
    for path in files:
        data = path.read_bytes()
        for sample in wanted:
            if sample in data:
                raise IntegrityError(f"{path.name} holds {sample[:40]!r} in the clear")
    return (
        f"{len(files)} files hold none of {len(wanted)} tensor names and runs of"
        " weights; names of people, models and segments, and padded sizes, are there"
    )


def attempt_opening(house: House) -> Iterator[Outcome]:
    """Try to open the room without its passphrase, and with a guess."""
    yield judge(
        "thief-without-passphrase",
        Refusal(error=SetupError, says="passphrase is needed"),
        lambda: open_strongroom(house.folder, passphrases={}),
    )
    yield judge(
        "thief-guesses",
        Refusal(error=DeniedError, says="passphrase"),
        lambda: open_strongroom(house.folder, passphrases={"*": _GUESS}),
    )
