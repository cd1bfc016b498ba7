"""A copy of the tree in which one module has a fault, and its tests run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from campaigns._mutants import Mutant
from campaigns._suites import PACKAGE, stages

_LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "build", "dist"
)
_MEMORY = Path("/dev/shm")  # noqa: S108  # tests sync many small files
_BOUNDED = ("prlimit", f"--as={8 << 30}")  # a fault may ask for all there is
_WORDS = (
    *("-x", "-q", "-p", "no:cacheprovider"),
    # Loaded before the tests are, which is why it is fast.
    *("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"),
)
_PASSED = {0, 5}  # 5: none is left once those on PostgreSQL are


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """Give a copy of the tree, so that nobody meets a fault who did not ask for it."""
    place = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="mutate-", dir=place) as name:
        copy = Path(name, "tree")
        shutil.copytree(root, copy, ignore=_LEFT_BEHIND, symlinks=True)
        Path(name, "tmp").mkdir()
        yield copy


class Bench:
    """Tells for each fault of one module whether its tests find it."""

    def __init__(
        self, tree: Path, module: Path, *, nice: int, postgresql: bool
    ) -> None:
        """Take a copy of the tree, and what to run in it.

        Args:
            tree: The copy.
            module: Below ``src/strongroom``.
            nice: How far the tests stand back, 0 to 19.
            postgresql: Whether the tests on it are run too; that takes twice as long.
        """
        self._module = tree / PACKAGE / module
        self._stages = stages(tree, module)
        self._words = _WORDS if postgresql else (*_WORDS, "-k", "not postgresql")
        self._at_most: dict[int, float] = {}
        self._runner = subprocess.Popen(
            (
                "nice",
                "-n",
                str(nice),
                *_BOUNDED,
                sys.executable,
                "-m",
                "campaigns._warm",
            ),
            cwd=tree,
            env={
                **os.environ,
                "CI": "true",  # Hypothesis's profile without chance
                "OPENBLAS_NUM_THREADS": "1",  # nothing that forks may have threads
                "PYTHONPATH": f"{tree / 'src'}:{tree}",
                "PYTHONDONTWRITEBYTECODE": "1",  # of a fault, which is soon mended
                "TMPDIR": str(tree.parent / "tmp"),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Return the bench itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process that runs the tests, also in the middle of them."""
        if error is not None:
            self._runner.terminate()
        self._runner.communicate()

    def survives(self, mutant: Mutant) -> bool:
        """Return whether all tests pass with the fault.

        Raises:
            RuntimeError: They do not pass without it.
        """
        source = self._module.read_bytes()
        for number in range(len(self._stages)):
            seconds = self._seconds(number)
            self._module.write_bytes(mutant.planted(source))
            try:
                passed = self._passes(number, seconds)
            finally:
                self._module.write_bytes(source)
            if not passed:
                return False
        return True

    def _seconds(self, number: int) -> float:
        """Return how long a stage may take; a fault that makes it hang is found."""
        if number not in self._at_most:
            started = time.monotonic()
            if not self._passes(number, 3600):
                shown = " ".join(map(str, self._stages[number]))
                raise RuntimeError(f"these fail without any fault: {shown}")
            self._at_most[number] = 4 * (time.monotonic() - started) + 10
        return self._at_most[number]

    def _passes(self, number: int, seconds: float) -> bool:
        """Run the tests of a stage, each time with the same examples."""
        words = [*self._words, *map(str, self._stages[number])]
        asked, answers = self._runner.stdin, self._runner.stdout
        if asked is None or answers is None:
            raise RuntimeError("the process that runs the tests has no pipes")
        print(json.dumps((words, seconds)), file=asked, flush=True)
        return json.loads(answers.readline()) in _PASSED
