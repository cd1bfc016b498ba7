"""Types that a house lets in with models of scikit-learn, beyond those of skops.

A house names them one by one in ``room.toml``.  Whoever loads such a model trusts their
code with what stands in the file, so that a name that could never be harmless is
refused, whoever lists it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from strongroom.errors import InputError

MOST_TYPES = 100
_MOST_LETTERS = 200
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)+", re.ASCII)

_RUNNING = frozenset(
    {
        # What pickles, compiles, installs, or starts processes by design.
        "IPython", "cffi", "cloudpickle", "dask", "dill", "distributed", "execnet",
        "fabric", "invoke", "jax", "joblib", "keras", "loky", "numba", "paramiko",
        "pandas", "pexpect", "pip", "pkg_resources", "plumbum", "psutil", "pytest",
        "ray", "setuptools", "sh", "skops", "strongroom", "tensorflow", "torch",
    }
)  # fmt: skip
_INDEXING = (
    # Their code follows numbers of the file without looking at bounds.
    "sklearn.ensemble._hist_gradient_boosting", "sklearn.metrics._dist_metrics",
    "sklearn.neighbors._ball_tree", "sklearn.neighbors._kd_tree",
    "sklearn.neighbors._quad_tree", "sklearn.tree._tree", "scipy.spatial",
)  # fmt: skip
_REACHING = (
    # They read, write, compile or load what a name or a number leads to.
    "numpy.core", "numpy.ctypeslib", "numpy.distutils", "numpy.f2py", "numpy.lib",
    "numpy.memmap", "numpy.random", "numpy.testing", "numpy._core", "scipy.io",
    "scipy._lib", "scipy.LowLevelCallable", "sklearn.datasets", "sklearn.externals",
    "sklearn.utils",
)  # fmt: skip

_FORMER = frozenset(
    {
        # Of Python 3.11, and not of every later one; setuptools brings some back.
        "asynchat", "asyncore", "cgi", "cgitb", "crypt", "distutils", "imp", "lib2to3",
        "mailcap", "msilib", "nntplib", "pipes", "smtpd", "telnetlib", "uu", "xdrlib",
    }
)  # fmt: skip
_ANYWHERE = frozenset(
    {
        # What is refused above, by the names under which other modules have it as well:
        # ``sklearn.neighbors.KDTree`` and ``scipy.signal._signaltools.cKDTree``.
        "BallTree", "BallTree32", "BallTree64", "Connection", "DistanceMetric",
        "DistanceMetric32", "DistanceMetric64", "KDTree", "KDTree32", "KDTree64",
        "Listener", "LowLevelCallable", "Parallel", "Thread",
        "TreePredictor", "Voronoi", "attrgetter", "cKDTree", "chain", "itemgetter",
        "memmap", "methodcaller", "partial", "product", "zip_longest",
    }
)  # fmt: skip


def verify_types(names: Iterable[str]) -> None:
    """Check names of types that a house lists.

    Args:
        names: Module and class of each, such as ``mylab.models.Scaler``.

    Raises:
        InputError: One is no whole name of a type, or of a type that nobody can let
            in; one stands twice; or there are many.
    """
    known = set[str]()
    for name in names:
        if not _is_whole(name):
            raise InputError(
                f"{name[:80]!r} is no name of a type",
                hint="name each type whole, module and class: mylab.models.Scaler",
            )
        if name in known:
            raise InputError(f"the type {name} is listed twice")
        reason = _reason(name)
        if reason:
            raise InputError(
                f"the type {name} cannot be let in: {reason}",
                hint="convert the model to ONNX with skl2onnx",
            )
        known.add(name)
    if len(known) > MOST_TYPES:
        raise InputError(f"{len(known)} types are listed, and {MOST_TYPES} may be")


def still_let_in(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of some names that a house can let in by the rules of today.

    Args:
        names: That a house listed once.
    """
    return tuple(name for name in names if _is_whole(name) and not _reason(name))


def _is_whole(name: str) -> bool:
    """Return whether it names a module and a class in it."""
    is_short = len(name) <= _MOST_LETTERS
    return is_short and _NAME.fullmatch(name) is not None and ".__" not in name


def _reason(name: str) -> str:
    """Return why a type cannot be let in; nothing if it can."""
    root, bare = name.partition(".")[0], name.rpartition(".")[2]
    if root in sys.stdlib_module_names or root in _FORMER:
        return "it is of Python itself"
    if root in _RUNNING:
        return f"{root} runs or loads what it is given"
    if _is_below(name, _INDEXING):
        return "it indexes memory by numbers of the file"
    if _is_below(name, _REACHING):
        return "it reaches beyond the file"
    if bare in _ANYWHERE:
        return f"{bare} is another name of what nobody can let in"
    return ""


def _is_below(name: str, modules: Iterable[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in modules)
