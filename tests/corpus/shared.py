"""Benign files of the kinds that come in as archives, or beside weights."""

from __future__ import annotations

import io
import json
import tarfile
import warnings
import zipfile
from collections.abc import Iterator

import h5py
import numpy as np
import sklearn.cluster
import sklearn.impute
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing
import skops.io
from safetensors.numpy import save

from tests.corpus.graphs import keras
from tests.corpus.samples import Label, Sample

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # SWIG's types, before Python 3.13
    import sentencepiece

SENTENCE = "the cat sat on the mat and the dog sat on the cat"
POINTS = np.arange(60, dtype="<f8").reshape(20, 3) % 7


def samples() -> Iterator[Sample]:
    """Give models of Keras, skops and SentencePiece, and archives of snapshots."""
    for name, path, data in (*_keras(), *_skops(), *_pieces(), *_archives()):
        yield Sample(
            name=f"benign-{name}",
            family=path.rpartition(".")[2],
            label=Label.BENIGN,
            files={path: data},
        )


def _layer(
    name: str, module: str = "keras.layers", **config: object
) -> dict[str, object]:
    return {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": None,
    }


def _keras() -> Iterator[tuple[str, str, bytes]]:
    zeros = _layer("Zeros", "keras.initializers")
    dense = _layer("Dense", units=3, activation="relu", bias_initializer=zeros)
    network = [
        _layer("InputLayer", batch_shape=[None, 2], dtype="float32"),
        dense,
        _layer("Dropout", rate=0.1),
        _layer("BatchNormalization", axis=-1),
        _layer("Conv2D", filters=2, kernel_size=[3, 3]),
        _layer("Flatten"),
    ]
    for name, layers in (("keras-dense", [dense]), ("keras-layers", network)):
        weights = io.BytesIO()
        with h5py.File(weights, "w") as file:
            file["layers/dense/vars/0"] = np.ones((2, 3), "<f4")
            file["layers/dense/vars/1"] = np.zeros(3, "<f4")
        config = {**_layer("Sequential", "keras"), "config": {"layers": layers}}
        told = {
            "config.json": json.dumps(config).encode(),
            "model.weights.h5": weights.getvalue(),
        }
        yield name, "model.keras", keras(dense, **told)


def _skops() -> Iterator[tuple[str, str, bytes]]:
    labels = np.array(["a", "b"] * 10)
    logistic = sklearn.linear_model.LogisticRegression()
    models = {
        "logistic": logistic.fit(POINTS, labels),
        "pipeline": sklearn.pipeline.make_pipeline(
            sklearn.impute.SimpleImputer(),
            sklearn.preprocessing.StandardScaler(),
            sklearn.linear_model.Ridge(),
        ).fit(POINTS, POINTS[:, 0]),
        "kmeans": sklearn.cluster.KMeans(2, n_init=1, random_state=1).fit(POINTS),
        "values": {"a": [1, 2.5, None, "x"], "b": (POINTS, {1}), "c": b"d"},
    }
    for name, model in models.items():
        yield f"skops-{name}", "model.skops", skops.io.dumps(model)


def _pieces() -> Iterator[tuple[str, str, bytes]]:
    for kind in ("unigram", "bpe"):
        file = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([SENTENCE] * 20),
            model_writer=file,
            model_type=kind,
            vocab_size=16,
            minloglevel=2,
        )
        yield f"sentencepiece-{kind}", "tokenizer.model", file.getvalue()


def _archives() -> Iterator[tuple[str, str, bytes]]:
    files = {
        "m/config.json": json.dumps({"model_type": "bert"}).encode(),
        "m/README.md": b"# A model\n",
        "m/model.safetensors": save({"w": np.ones((2, 2), "<f4")}),
    }
    for name, method in (("zip", zipfile.ZIP_STORED), ("packed", zipfile.ZIP_DEFLATED)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        yield f"archive-{name}", "snapshot.zip", buffer.getvalue()
    for form in (tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
            for path, data in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        yield f"archive-tar-{form}", "snapshot.tar", buffer.getvalue()
