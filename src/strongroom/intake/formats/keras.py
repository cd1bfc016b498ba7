"""Rewrites Keras models as safetensors beside their configuration.

A ``.keras`` file is a zip file of a configuration, a few words about it, and an HDF5
file with the weights.
"""

from __future__ import annotations

from strongroom.intake.findings import RefusedError, listed, quoted, refusing
from strongroom.intake.formats.documents import (
    objects,
    read_document,
    write_document,
)
from strongroom.intake.formats.hdf5 import read_arrays
from strongroom.intake.formats.keras_config import verify_config
from strongroom.intake.formats.zips import open_members, read_archive
from strongroom.intake.names import base_of, with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.weights import digest_facts, write_weights

KIND = "keras"
MOST_CONFIG_BYTES = 16 << 20
_CONFIG, _ABOUT, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_ENDINGS = (".safetensors", ".config.json")
_TRAINING = ("compile_config", "build_config")


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the weights as safetensors, and the configuration as JSON.

    Args:
        source: A ``.keras`` file.
        workplace: Where the new files go: ``NAME.safetensors``, ``NAME.config.json``.
        options: Not used.

    Raises:
        RefusedError: The zip file is not strict or holds something else, the
            configuration names what is not known, or the weights are not numbers in
            one file.
    """
    del options
    members = read_archive(source)
    if not {_CONFIG, _WEIGHTS} <= members.keys() <= {_CONFIG, _ABOUT, _WEIGHTS}:
        raise RefusedError("keras/form", f"archive holds {listed(sorted(members))}")
    opened = open_members(members.values(), workplace)
    config = read_document(opened[_CONFIG], at_most_bytes=MOST_CONFIG_BYTES)
    lost = [_ABOUT] if _ABOUT in members else []
    if isinstance(config, dict):
        lost += [key for key in _TRAINING if config.pop(key, None) is not None]
        for part in objects(config):  # a model within, which was trained by itself
            part.pop(_TRAINING[0], None)
    classes = verify_config(config)
    weights = read_arrays(opened[_WEIGHTS], workplace)
    base = base_of(source.path, _ENDINGS, workplace.names)
    name, told = (with_ending(base, ending) for ending in _ENDINGS)
    with refusing("keras/weights"):
        digests = write_weights(workplace, name, weights)
    write_document(workplace, told, config)
    return Rewritten(
        kind=KIND,
        outputs=(name, told),
        facts={"classes": classes, "tensors": digest_facts(digests)},
        changes=(
            "weights are safetensors now, named by their place in the HDF5 file: "
            f"{quoted('layers/dense/vars/0')}",
            *((f"left out: {', '.join(lost)}",) if lost else ()),
        ),
    )
