"""Reads the zip form of torch checkpoints, which ``torch.save`` writes since 1.6.

    <name>/data.pkl          what was saved, with references to storages
    <name>/data/<key>        the bytes of one storage
    <name>/byteorder         little or big
    <name>/version, ...      numbers of the format

Source: ``torch/serialization.py`` and ``caffe2/serialize/inline_container.cc`` of
PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strongroom.intake.findings import RefusedError, listed
from strongroom.intake.formats.pickle_machine import read_pickle
from strongroom.intake.formats.torch_files import Checkpoint, write_checkpoint
from strongroom.intake.formats.torch_names import rules
from strongroom.intake.formats.zips import open_members, read_archive
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "torch-zip"

_PICKLE = "data.pkl"
_DATA = "data/"
_NOTES = {
    "byteorder", "version", ".format_version", ".storage_alignment",
    ".data/serialization_id",
}  # fmt: skip
_MOST_NOTE_BYTES = 256
_SCRIPT_HINT = "have the supplier save model.state_dict() alone, with torch.save"


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the tensors and the values of a checkpoint to files of ours.

    Args:
        source: A checkpoint in the zip form.
        workplace: Where the files go, named after the source.
        options: Whether unknown objects become stubs.

    Raises:
        RefusedError: The zip file or the pickle is malformed or ambiguous, it holds
            code or objects, or something that cannot be written.
    """
    archive = read_archive(source)
    prefix = _prefix(archive)
    names = {name.removeprefix(prefix): member for name, member in archive.items()}
    _verify_members(names, archive, prefix)
    opened = open_members(names.values(), workplace)
    members = {name: opened[prefix + name] for name in names}
    _verify_notes(members)
    pickled = members[_PICKLE]
    found = read_pickle(pickled, rules(salvage=options.salvage))
    if found.end != pickled.length:
        raise RefusedError(
            "torch/member", f"{pickled.length - found.end} bytes follow the pickle"
        )
    checkpoint = Checkpoint(
        kind=KIND,
        value=found.value,
        names=found.names,
        stubs=found.stubs,
        storages={
            name.removeprefix(_DATA): member
            for name, member in members.items()
            if name.startswith(_DATA)
        },
    )
    return write_checkpoint(checkpoint, source, workplace)


def _prefix(names: Iterable[str]) -> str:
    """Return the folder, with its slash, that everything lies in."""
    pickles = [n for n in names if n == _PICKLE or n.endswith("/" + _PICKLE)]
    if len(pickles) != 1 or pickles[0].count("/") != 1:
        raise RefusedError(
            "torch/member",
            f"a checkpoint has one pickle, <name>/data.pkl; this file has "
            f"{len(pickles)}: {listed(pickles)}",
        )
    return pickles[0].removesuffix(_PICKLE)


def _verify_members(
    names: Mapping[str, object], archive: Mapping[str, object], prefix: str
) -> None:
    """Check that there is nothing but the pickle, its storages and its notes."""
    if "constants.pkl" in names or any(name.startswith("code/") for name in names):
        raise RefusedError(
            "torch/script", "the file is TorchScript: it holds code", hint=_SCRIPT_HINT
        )
    odd = [
        name
        for name in archive
        if not name.startswith(prefix) or not _is_known(name.removeprefix(prefix))
    ]
    if odd:
        raise RefusedError(
            "torch/member",
            f"the file holds what no checkpoint has: {listed(odd)}",
            hint=_SCRIPT_HINT,
        )


def _is_known(name: str) -> bool:
    if name.startswith(_DATA):
        return "/" not in name.removeprefix(_DATA)
    return name == _PICKLE or name in _NOTES


def _verify_notes(members: Mapping[str, Source]) -> None:
    """Check the small members that say how the rest is written."""
    for name in _NOTES.intersection(members):
        note = members[name]
        if note.length > _MOST_NOTE_BYTES:
            raise RefusedError("torch/member", f"{name} has {note.length} bytes")
        text = note.read(0, note.length)
        if name == "byteorder" and text != b"little":
            raise RefusedError(
                "torch/byteorder",
                "the checkpoint was saved on a big-endian machine",
                hint="have the supplier save it with byteorder little",
            )
        if name == "version" and not text.strip().isdigit():
            raise RefusedError("torch/member", "the version is no number")
