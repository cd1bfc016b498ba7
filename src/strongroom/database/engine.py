"""Transactions on SQLite or PostgreSQL that behave alike.

SQLite takes its write lock when a transaction begins, PostgreSQL when a row is
read for update; callers write for PostgreSQL (``lock=True`` before a
read-then-write), and both are tested.

Writers wait ``WAIT_SECONDS`` for each other, then ``UnavailableError`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc

from strongroom.database.basis import Reads
from strongroom.errors import (
    ConflictError,
    InputError,
    SetupError,
    UnavailableError,
)

if TYPE_CHECKING:
    from strongroom.database.guards import Guards, RowChange

WAIT_SECONDS = 10
"""How long a writer waits for another before it gives up."""

_READ_ONLY = "strongroom_read_only"
_NO_TRANSACTION = "strongroom_no_transaction"


@dataclass(slots=True, kw_only=True)
class Transaction:
    """One open transaction.

    Attributes:
        connection: Where statements are executed.
        guards: Key for the MACs of decision rows.
        changes: Guarded rows written and not yet named by a ledger entry.
        written: MACs of the guarded rows it wrote, by table and id.
        reads: Guarded rows it read.
    """

    connection: sa.Connection
    guards: Guards
    changes: list[RowChange] = field(default_factory=list)
    written: dict[tuple[str, str], bytes] = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)

    def record(self, change: RowChange) -> None:
        """Remember a guarded row that was just written."""
        self.changes.append(change)
        self.written[change.table, change.id] = change.mac


def parse_url(text: str) -> sa.URL:
    """Return the URL of a database.

    Raises:
        SetupError: It is none.
    """
    try:
        return sa.make_url(text)
    except exc.ArgumentError:
        raise _not_understood() from None


def _not_understood() -> SetupError:
    return SetupError(
        "the database URL is not understood",
        hint="use sqlite+pysqlite:///FILE or postgresql+psycopg://...",
    )


class Database:
    """A SQL database, opened by URL; safe to share between threads."""

    def __init__(self, url: str, *, wait_seconds: int = WAIT_SECONDS) -> None:
        """Prepare connections; none is opened yet.

        Args:
            url: SQLAlchemy URL.
            wait_seconds: How long a writer waits for another.

        Raises:
            SetupError: The URL names no supported database, or its driver is
                not installed.
        """
        self.url = parse_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        options = _engine_options(self.is_sqlite, wait_seconds)
        try:
            # Hidden: they hold salts and private text, and tracebacks end in logs.
            self.engine = sa.create_engine(self.url, hide_parameters=True, **options)
        except (exc.ArgumentError, exc.NoSuchModuleError):
            raise _not_understood() from None
        except ImportError as error:
            raise SetupError(
                f"the driver {error.name} is not installed",
                hint="pip install 'strongroom[postgresql]'",
            ) from None
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Commit everything done in the block, or nothing.

        Raises:
            UnavailableError: The database did not answer, or another writer
                held it for longer than ``WAIT_SECONDS``.
            ConflictError: A row with this key exists already.
        """
        with _translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read one consistent state; nothing can be written.

        Raises:
            UnavailableError: The database did not answer.
        """
        with _translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**{_READ_ONLY: True})
            if not self.is_sqlite:
                connection = connection.execution_options(
                    postgresql_readonly=True, isolation_level="REPEATABLE READ"
                )
            with connection.begin():
                yield connection

    @contextmanager
    def maintaining(self) -> Iterator[sa.Connection]:
        """Give a connection for statements that no transaction may surround.

        Raises:
            UnavailableError: The database did not answer, or others were in the way.
        """
        with _translated(), self.engine.connect() as plain:
            if self.is_sqlite:  # its driver begins nothing by itself
                yield plain.execution_options(**{_NO_TRANSACTION: True})
            else:
                yield plain.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _engine_options(is_sqlite: bool, wait_seconds: int) -> dict[str, Any]:
    if is_sqlite:
        return {"connect_args": {"timeout": wait_seconds, "check_same_thread": False}}
    options = (
        f"-c lock_timeout={wait_seconds}s -c statement_timeout=60s"
        " -c idle_in_transaction_session_timeout=120s"
    )
    return {
        # Whatever the server's default: a writer that waited for another's row
        # reads on in what the other committed.
        "isolation_level": "READ COMMITTED",
        "pool_pre_ping": True,
        "connect_args": {"options": options, "connect_timeout": wait_seconds},
    }


def _prepare_sqlite(connection: object, _record: object) -> None:
    """Set what SQLite forgets between connections.

    ``synchronous=FULL`` makes a commit durable in WAL mode; ``NORMAL`` would
    lose the tail of the ledger in a power cut.  The driver has set the time
    that writers wait for each other.
    """
    connection.isolation_level = None  # type: ignore[attr-defined]  # DB-API object
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # DB-API


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    read_only = options.get(_READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
    if options.get(_NO_TRANSACTION, False):
        return
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's errors into ours, without statements or parameters.

    Raises:
        InputError: A value fits no column: half a surrogate pair, a number over
            64 bits, or a NUL in text on PostgreSQL.
        ConflictError: A row with this key exists already.
        UnavailableError: Anything else that the driver raises.
    """
    try:
        yield
    except exc.IntegrityError:
        raise ConflictError(
            "somebody else wrote the same row first", hint="look again, then retry"
        ) from None
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError) as error:
        raise UnavailableError(
            f"the database did not answer: {_first_line(error)}",
            hint="check that it is running and not locked, then try again",
        ) from None
    except (exc.DataError, UnicodeEncodeError, OverflowError):
        raise InputError("a value does not fit the database") from None
    except exc.DatabaseError as error:
        raise UnavailableError(
            f"the database failed: {_first_line(error)}",
            hint="strongroom ledger verify says whether anything is wrong",
        ) from None


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).partition("\n")[0][:200]
