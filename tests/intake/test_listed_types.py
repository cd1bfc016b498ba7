"""A house lists whole names of types, and none that could never be harmless."""

from __future__ import annotations

import pytest

from strongroom.errors import InputError
from strongroom.intake.listed_types import MOST_TYPES, verify_types
from strongroom.intake.rewriting import Options


@pytest.mark.parametrize(
    "name",
    [
        "mylab.models.Scaler",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.gaussian_process.kernels.RBF",
        "scipy.interpolate._bsplines.BSpline",
        "xgboost.sklearn.XGBClassifier",
    ],
)
def test_a_whole_name_may_be_listed(name: str) -> None:
    assert Options(types=(name,)).types == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "", "Scaler", "mylab.", ".Scaler", "mylab.*", "mylab.models.", "mylab..Scaler",
        "mylab.models.[A-Z]", "mylab.Scaler ", "mylab.Scaler\n", "mylab.Sc\u0430ler",
        "mylab.Scaler.__init__.__globals__", "__main__.Scaler", "_mylab.Scaler",
        "mylab." + "a" * 200,
    ],
)  # fmt: skip
def test_what_is_no_whole_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no name of a type"):
        verify_types([name])


@pytest.mark.parametrize(
    "name",
    [
        "builtins.eval", "builtins.object", "os.system", "posix.system",
        "subprocess.Popen", "operator.methodcaller", "operator.attrgetter",
        "functools.partial", "pickle.Unpickler", "importlib.import_module",
        "ctypes.CDLL", "datetime.date", "joblib.parallel.Parallel", "torch.load",
        "skops.io._general.MethodNode", "numpy.testing._private.utils.runstring",
        "numpy.f2py.crackfortran.getlincoef", "numpy.memmap", "scipy.io.loadmat",
        "scipy.LowLevelCallable", "sklearn.externals.conftest.X",
        "sklearn.tree._tree.Tree", "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "pandas.eval", "strongroom.client.client.Client",
    ],
)  # fmt: skip
def test_what_could_never_be_harmless_is_refused_whoever_lists_it(name: str) -> None:
    with pytest.raises(InputError, match="cannot be let in"):
        verify_types(["mylab.Scaler", name])
    with pytest.raises(InputError):
        Options(types=(name,))


@pytest.mark.parametrize(
    "name",
    [
        "sklearn.neighbors.KDTree", "sklearn.neighbors._kde.BallTree",
        "sklearn.metrics.DistanceMetric", "scipy.signal._signaltools.cKDTree",
        "scipy.interpolate._rbfinterp.KDTree", "sklearn.metrics.pairwise.Parallel",
        "sklearn.callback._transport.Connection", "distutils.cmd.Command",
        "sklearn.preprocessing._polynomial.chain",
    ],
)  # fmt: skip
def test_another_name_of_a_refused_type_is_refused_as_well(name: str) -> None:
    """Once ``sklearn.neighbors.KDTree`` passed, which is ``_kd_tree.KDTree``."""
    with pytest.raises(InputError, match="cannot be let in"):
        verify_types([name])


def test_a_list_is_short_and_names_each_once() -> None:
    verify_types(f"mylab.C{n}" for n in range(MOST_TYPES))
    with pytest.raises(InputError, match="may be"):
        verify_types(f"mylab.C{n}" for n in range(MOST_TYPES + 1))
    with pytest.raises(InputError, match="twice"):
        verify_types(["mylab.A", "mylab.A"])
