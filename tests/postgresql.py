"""A real PostgreSQL of the tests' own, on a private socket, gone when they end.

It listens on no network address.  The kernel stops it when the process that
started it dies, however that happens, so that a killed test run leaves nothing
running.  Benchmarks and campaigns use it as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

START_SECONDS = 60
"""A start takes 0.05 s; a busy machine gets this long."""

OWNER = "strongroom"
"""The database account that the tests connect as."""

ENOUGH_BYTES = 2**30

ACCOUNT = "postgres"
"""Debian's account for the server, which refuses to run as root."""


class Server:
    """A running server; each test gets an empty database of its own."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self._administrator: psycopg.Connection | None = None
        self._made = 0

    def start(self) -> None:
        """Start it, also after it was killed; it takes connections on return.

        Raises:
            RuntimeError: It did not start; the message has the end of its log.
        """
        self._process = _launch(self._programs, self.folder)
        latest = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > latest:
                raise RuntimeError(f"it did not start:\n{_end_of_log(self.folder)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it if it runs; it waits for no client."""
        self._leave()
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End it and everything it started at once (SIGKILL), as a crash does."""
        if self._process is None:
            raise AssertionError("it does not run")
        self._leave()
        parent = self._process.pid
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        for pid in (parent, *map(int, listed.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def create_database(self, template: str = "template0") -> str:
        """Make a copy of the database ``template`` and return its SQLAlchemy URL.

        Nobody may be connected to the template.
        """
        self._made += 1
        name = f"room_{self._made}"
        # Copying files is quickest where a flush costs nothing; see quick_folder.
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        return f"postgresql+psycopg://{OWNER}@/{name}?host={self.folder}"

    def drop_database(self, url: str) -> None:
        """Remove the database at ``url``, whoever is still connected to it."""
        self._run("DROP DATABASE {} WITH (FORCE)", name_of(url))

    def processes(self, *, connections_only: bool = False) -> list[int]:
        """Return the ids of its processes, or of those that serve a connection."""
        first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        found = [] if connections_only else [first]
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                words = (folder / "stat").read_text().rpartition(")")[2].split()
                serves = f"postgres: {OWNER} " in (folder / "cmdline").read_text()
                if int(words[1]) == first and (serves or not connections_only):
                    found.append(int(folder.name))
        return found

    def answers(self) -> bool:
        """Return whether the server takes connections."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder), user=OWNER, dbname="postgres", autocommit=True
        )

    def _run(self, statement: LiteralString, *names: str) -> None:
        identifiers = [sql.Identifier(name) for name in names]
        if self._administrator is None:  # kept: connecting takes 3 ms, twice a test
            self._administrator = self._connect()
        self._administrator.execute(sql.SQL(statement).format(*identifiers))

    def _leave(self) -> None:
        if self._administrator is not None:
            self._administrator.close()
            self._administrator = None


def name_of(url: str) -> str:
    """Return the name of the database in a URL that ``create_database`` made."""
    return url.partition("@/")[2].partition("?")[0]


def programs() -> Path | None:
    """Return the folder of the newest ``initdb`` and ``postgres``, if any."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]),
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def quick_folder() -> str | None:
    """Return a folder in memory for many small commits, or None to use the disk.

    There a database is made and dropped in 25 ms; on the disk of a busy machine
    it took 80 to 450 ms.  ``fsync`` stays on in both places.
    """
    memory = Path("/dev/shm")  # noqa: S108  # mkdtemp makes a private folder in it
    enough = memory.is_dir() and shutil.disk_usage(memory).free > ENOUGH_BYTES
    return str(memory) if enough else None


@contextlib.contextmanager
def running(programs: Path, *, within: str | None) -> Iterator[Server]:
    """Give a server that runs until the block ends.

    Args:
        programs: Folder that holds ``initdb`` and ``postgres``.
        within: Folder for a new folder with its files; None for the usual place
            of temporary files.  pytest's ``tmp_path`` will not do: its parent is
            closed to the server's account.

    Raises:
        RuntimeError: It did not start; the message has the end of its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="strongroom-", dir=within))
    try:
        _initialise(programs, folder)
        server = Server(folder, programs)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_server(folder: Path) -> list[str]:
    """Return the words before a command that make it die with this process.

    As root it also becomes the server's account, which then owns ``folder``.
    """
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT, ACCOUNT)
        words += [f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups"]
    return words


def _initialise(programs: Path, folder: Path) -> None:
    command = [str(programs / "initdb"), "-D", "data", "-A", "trust", "-U", OWNER]
    more = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    words = [*_as_server(folder), *command, *more]
    with (folder / "log").open("wb") as log:
        done = subprocess.run(words, stdout=log, stderr=log, cwd=folder, check=False)
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{_end_of_log(folder)}")


def _launch(programs: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [str(programs / "postgres"), "-D", "data", "-k", str(folder)]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*_as_server(folder), *command, "-c", "listen_addresses="],
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,  # Ctrl-C reaches the tests first
        )


def _end_of_log(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")[-2000:]
