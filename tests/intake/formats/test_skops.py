"""Models of scikit-learn come out the same, and name only what skops trusts."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.base
import sklearn.calibration
import sklearn.cluster
import sklearn.ensemble
import sklearn.feature_extraction.text
import sklearn.gaussian_process
import sklearn.impute
import sklearn.linear_model
import sklearn.naive_bayes
import sklearn.pipeline
import sklearn.preprocessing
import sklearn.svm
import skops.io
import skops.io._trusted_types as trusted
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import Level, RefusedError
from strongroom.intake.formats import skops as subject
from strongroom.intake.formats.skops_types import ESTIMATORS, FUNCTIONS, LOSSES, TOLD
from strongroom.intake.identify import identify
from strongroom.intake.kinds import Kind
from strongroom.intake.rewriting import Options
from strongroom.intake.sources import Source
from tests.intake.hostile import rewritten
from tests.intake.places import in_memory

POINTS = np.arange(60, dtype="<f8").reshape(20, 3) % 7
LABELS = np.array(["a", "b"] * 10)


def models() -> list[Any]:
    """Return models of several kinds, fitted."""
    logistic = sklearn.linear_model.LogisticRegression()
    return [
        logistic.fit(POINTS, LABELS),
        sklearn.pipeline.make_pipeline(
            sklearn.impute.SimpleImputer(),
            sklearn.preprocessing.FunctionTransformer(np.log1p),
            sklearn.preprocessing.StandardScaler(),
            sklearn.svm.SVC(random_state=np.random.RandomState(3)),
        ).fit(POINTS, LABELS),
        sklearn.naive_bayes.GaussianNB().fit(POINTS, LABELS),
        sklearn.linear_model.SGDClassifier(max_iter=5, tol=None).fit(POINTS, LABELS),
        sklearn.cluster.KMeans(2, n_init=1).fit(POINTS),
        sklearn.feature_extraction.text.CountVectorizer().fit(["a cat", "the dog"]),
    ]


MODELS = [skops.io.dumps(model) for model in models()]
LOGISTIC = MODELS[0]


def written(data: bytes) -> bytes:
    _, files = rewritten(subject.rewrite, data, "m.skops")
    (out,) = files.values()
    return out


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changed(
    change: Callable[[dict[str, Any]], object], data: bytes = LOGISTIC
) -> bytes:
    """Return a file whose schema was changed."""
    parts = members(data)
    schema = json.loads(parts["schema.json"])
    change(schema)
    return packed({**parts, "schema.json": json.dumps(schema).encode()})


def rule_of(data: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        written(data)
    return refused.value.rule


@pytest.mark.parametrize("data", MODELS)
def test_a_model_comes_out_as_skops_saved_it(data: bytes) -> None:
    out = written(data)
    assert set(skops.io.get_untrusted_types(data=out)) <= TOLD
    before, after = (skops.io.loads(each, trusted=[*TOLD]) for each in (data, out))
    assert type(before) is type(after)
    if hasattr(before, "predict"):
        assert before.predict(POINTS).tolist() == after.predict(POINTS).tolist()
    assert written(out) == out


def test_what_a_model_names_is_a_fact() -> None:
    result, _ = rewritten(subject.rewrite, LOGISTIC, "m.skops")
    classes = result.facts["classes"]
    assert isinstance(classes, list)
    assert "sklearn.linear_model._logistic.LogisticRegression" in classes
    assert result.facts["tensors"]
    assert result.findings == ()


def test_objects_of_arrays_and_plain_values_come_out() -> None:
    values = {
        "a": [1, 2.5, None, True, "x"],
        "nan": float("nan"),
        "objects": np.array([1, "a"], dtype=object),
        "bytes": b"\x80\x04N.",
        "slice": slice(1, None, 2),
        "set": {1},
        "type": np.float32,
        "masked": np.ma.MaskedArray([1.0, 2.0], [True, False]),
        "generator": np.random.default_rng(1),
        "twice": (POINTS, POINTS),
        "columns": np.asfortranarray(POINTS),
    }
    out = skops.io.loads(written(skops.io.dumps(values)))
    assert out["a"] == values["a"]
    assert np.isnan(out["nan"])
    assert out["objects"].tolist() == [1, "a"]
    assert (out["bytes"], out["slice"]) == (values["bytes"], values["slice"])
    assert out["masked"].tolist() == [None, 2.0]
    assert out["columns"].tolist() == POINTS.tolist()
    assert out["generator"].integers(99) == np.random.default_rng(1).integers(99)


def test_the_list_is_what_skops_trusts() -> None:
    known = trusted.SKLEARN_ESTIMATOR_TYPE_NAMES + trusted.SKLEARN_INTERNAL_TYPE_NAMES
    assert set(known) == ESTIMATORS
    numbers = trusted.NUMPY_UFUNC_TYPE_NAMES + trusted.SCIPY_UFUNC_TYPE_NAMES
    assert {f for f in FUNCTIONS if "scipy.special._ufuncs" not in f} <= set(numbers)
    assert "sklearn._loss._loss.CyHalfBinomialLoss" in LOSSES


def test_a_forest_is_refused_as_skops_does_not_trust_it() -> None:
    """Its trees index memory by numbers that stand in the file."""
    forest = sklearn.ensemble.RandomForestClassifier(2).fit(POINTS, LABELS)
    assert rule_of(skops.io.dumps(forest)) == "skops/type"


@pytest.mark.parametrize(
    ("loader", "module", "name", "more"),
    [
        ("OperatorFuncNode", "operator", "methodcaller", {"attrs": {}}),
        ("MethodNode", "builtins", "str", {"content": {"func": "format", "obj": {}}}),
        ("PartialNode", "functools", "partial", {"content": {}}),
        ("ReduceNode", "builtins", "eval", {"__reduce__": {"args": {}}}),
        ("ConstructorFromReduceNode", "datetime", "date", {"content": {}}),
        ("TreeNode", "sklearn.tree._tree", "Tree", {"content": {}}),
        ("FunctionNode", "os", "system", {}),
        ("FunctionNode", "numpy", "load", {}),
        ("TypeNode", "subprocess", "Popen", {}),
        ("ObjectNode", "evil", "Evil", {"content": None}),
        ("ListNode", "evil", "List", {"content": []}),
        ("JsonNode", "os", "system", {"content": "1", "is_json": True}),
        ("CachedNode", "builtins", "str", {}),
        ("", "", "", {}),
    ],
)
def test_whatever_calls_or_is_not_known_is_refused(
    loader: str, module: str, name: str, more: dict[str, Any]
) -> None:
    node = {"__loader__": loader, "__module__": module, "__class__": name, **more}

    def into(schema: dict[str, Any]) -> None:
        schema["content"]["content"]["C"] = node

    assert rule_of(changed(into)) == "skops/type"


CALIBRATED = sklearn.calibration.CalibratedClassifierCV(
    sklearn.linear_model.LogisticRegression(), cv=2
)
TYPES = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
)


def test_types_that_the_house_lists_come_in_and_are_facts() -> None:
    model = sklearn.base.clone(CALIBRATED).fit(POINTS, LABELS)
    data = skops.io.dumps(model)
    assert tuple(skops.io.get_untrusted_types(data=data)) == TYPES
    assert rule_of(data) == "skops/type"
    for few in (TYPES[:1], TYPES[1:], ("sklearn.calibration.Other",)):
        with pytest.raises(RefusedError):
            rewritten(subject.rewrite, data, "m.skops", Options(types=few))

    more = Options(types=(*TYPES, "mylab.Unused"))
    result, files = rewritten(subject.rewrite, data, "m.skops", more)

    assert result.facts["listed"] == list(TYPES)
    assert [(f.rule, f.level) for f in result.findings] == [
        ("skops/listed", Level.NOTE)
    ]
    assert all(name in result.findings[0].message for name in TYPES)
    after = skops.io.loads(files["m.skops"], trusted=[*TYPES])
    assert after.predict_proba(POINTS).tolist() == model.predict_proba(POINTS).tolist()


def test_a_kernel_comes_in_once_the_house_lists_it() -> None:
    kernel = "sklearn.gaussian_process.kernels.RBF"
    model = sklearn.gaussian_process.GaussianProcessRegressor(
        sklearn.gaussian_process.kernels.RBF()
    ).fit(POINTS, POINTS[:, 0])
    options = Options(types=(kernel,))
    _, files = rewritten(subject.rewrite, skops.io.dumps(model), "m.skops", options)
    after = skops.io.loads(files["m.skops"], trusted=[kernel])
    assert after.predict(POINTS).tolist() == model.predict(POINTS).tolist()


def test_the_list_of_types_is_named_where_a_type_may_be_on_it() -> None:
    """A kernel was to be converted, though one line in room.toml lets it in."""
    kernel = skops.io.dumps(sklearn.gaussian_process.kernels.RBF())
    forest = skops.io.dumps(
        sklearn.ensemble.RandomForestClassifier(1).fit(POINTS, LABELS)
    )
    for data, named in ((kernel, True), (forest, False)):
        with pytest.raises(RefusedError, match="is not known") as refused:
            rewritten(subject.rewrite, data, "m.skops", Options())
        assert ("skops_types in room.toml" in (refused.value.hint or "")) is named


@pytest.mark.parametrize(
    ("loader", "more"),
    [
        ("OperatorFuncNode", {"attrs": {}}),
        ("MethodNode", {"content": {"func": "run", "obj": {}}}),
        ("PartialNode", {"content": {}}),
        ("ReduceNode", {"__reduce__": {"args": {}}, "content": {}}),
        ("ConstructorFromReduceNode", {"content": {}}),
        ("TreeNode", {"__reduce__": {"args": {}}, "content": {}}),
        ("LossNode", {"__reduce__": {"args": {}}, "content": {}}),
        ("FunctionNode", {}),
        ("TypeNode", {}),
        ("DTypeNode", {"content": None}),
        ("NdArrayNode", {"type": "numpy", "file": "a.npy"}),
        ("DictNode", {"content": {}, "key_types": {}}),
    ],
)
def test_a_listed_type_is_an_object_and_nothing_that_is_called(
    loader: str, more: dict[str, Any]
) -> None:
    """CVE-2025-54412 and -54413: what the node says, and what is called, differ."""
    node = {"__module__": "mylab", "__class__": "Scaler", "__loader__": loader, **more}

    def into(schema: dict[str, Any]) -> None:
        schema["content"]["content"]["C"] = node

    with pytest.raises(RefusedError) as refused:
        rewritten(
            subject.rewrite, changed(into), "m.skops", Options(types=("mylab.Scaler",))
        )
    assert refused.value.rule == "skops/type"


def test_a_pickle_by_the_name_of_a_skops_file_is_a_pickle() -> None:
    """CVE-2025-54886: what is no zip file was handed to joblib."""
    data = pickle.dumps(TYPES)
    with in_memory(data) as descriptor:
        source = Source(
            descriptor=descriptor, start=0, length=len(data), path="m.skops"
        )
        assert identify(source).kind is Kind.PICKLE
    with pytest.raises(RefusedError):
        rewritten(subject.rewrite, data, "m.skops", Options(types=TYPES))


def drop(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda schema: schema.pop(name)


def test_a_schema_of_another_form_is_refused() -> None:
    changes: list[Callable[[dict[str, Any]], object]] = [
        drop("protocol"),
        lambda schema: schema.update(protocol=1),
        lambda schema: schema.update(protocol=True),
        lambda schema: schema.update(_skops_version="{{ 7 }}"),
        lambda schema: schema.update(__id__=-1),
        lambda schema: schema.update(more=1),
        lambda schema: schema.update(content=3),
        lambda schema: schema["content"].pop("key_types"),
        lambda schema: schema["content"].update(content=[]),
    ]
    for change in changes:
        assert rule_of(changed(change)) == "skops/form"


def test_a_generator_names_one_of_numpys() -> None:
    data = skops.io.dumps(np.random.default_rng(1))

    def rename(schema: dict[str, Any]) -> None:
        state = schema["content"]["bit_generator"]["content"]
        state["bit_generator"]["content"] = '"seed"'

    assert rule_of(changed(rename, data)) == "skops/form"


def test_members_are_arrays_and_all_of_them_are_named() -> None:
    parts = members(LOGISTIC)
    array = next(name for name in parts if name.endswith(".npy"))
    objects = io.BytesIO()
    np.save(objects, np.array([print], dtype=object), allow_pickle=True)
    dates = io.BytesIO()
    np.save(dates, np.array(["2026-11-26"], dtype="M8[D]"))

    assert rule_of(packed({**parts, "more.npy": parts[array]})) == "skops/form"
    assert rule_of(packed({**parts, array: objects.getvalue()})) == "npy/object"
    assert rule_of(packed({**parts, array: dates.getvalue()})) == "skops/array"
    assert rule_of(packed({**parts, array: parts[array] + b"x"})) == "skops/array"
    assert rule_of(packed({**parts, array: b"\x80\x04N."})) == "npy/header"
    assert rule_of(packed({"a.npy": parts[array]})) == "skops/form"
    del parts[array]
    assert rule_of(packed(parts)) == "skops/form"


@given(st.data())
def test_any_change_is_refused_or_still_loads(data: st.DataObject) -> None:
    schema = json.loads(members(LOGISTIC)["schema.json"])
    nodes = [schema]
    for node in nodes:
        nodes += [v for v in node.values() if isinstance(v, dict)]
    node = data.draw(st.sampled_from(nodes))
    key = data.draw(st.sampled_from(sorted(node)))
    node[key] = data.draw(
        st.sampled_from([None, 1, "1", "[]", [], {}, copy.deepcopy(schema)])
    )
    parts = members(LOGISTIC)
    parts["schema.json"] = json.dumps(schema).encode()
    try:
        out = written(packed(parts))
    except RefusedError:
        return
    assert skops.io.get_untrusted_types(data=out) == []
    other = contextlib.suppress(TypeError, ValueError, AttributeError, KeyError)
    with warnings.catch_warnings(), other:  # a value that the class does not want
        warnings.simplefilter("ignore")
        skops.io.loads(out)
