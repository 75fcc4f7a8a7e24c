"""The simulator's memory on disk: an SQLite table of JSON records.

A commit returns before the answer to a request leaves, so what a client was told survives a
kill -9 of the process. Power cuts are not its concern: SQLite does not wait for the disk.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

from hosted_numbers.simulator.errors import SimulatorRefused

Record = tuple[str, str, str | None]
"""Kind, key, and the JSON text; None removes the record."""

_FORMAT: Final = 1


class Store(Protocol):
    """Where records are kept between two starts."""

    def load(self) -> list[tuple[str, str, str]]:
        """Every record, by kind and key."""
        ...

    def save(self, records: Iterable[Record]) -> None:
        """Write all of the records, or none."""
        ...

    def clear(self) -> None:
        """Remove every record."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class NoStore:
    """Memory only: nothing is kept."""

    def load(self) -> list[tuple[str, str, str]]:
        """Nothing was kept."""
        return []

    def save(self, records: Iterable[Record]) -> None:
        """Nothing is written, and nothing is serialised for it: ``records`` is never read."""

    def clear(self) -> None:
        """Nothing is there."""

    def close(self) -> None:
        """Nothing is open."""


class StateFile:
    """Records in an SQLite file that one simulator holds at a time.

    Args:
        path: the file; made, readable by its owner alone, where it is missing.

    Raises:
        SimulatorRefused: it is no state file, of another format, or another simulator holds it.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise SimulatorRefused(f"cannot open the state file {path}: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise SimulatorRefused(f"cannot use the state file {path}: {error}") from error

    def _prepare(self) -> None:
        # exclusive: a second simulator on the same file would overwrite this one's orders
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, _FORMAT}:
            raise sqlite3.DatabaseError(f"its format is {version}, this simulator's is {_FORMAT}")
        self._connection.executescript(
            "BEGIN IMMEDIATE;"
            "CREATE TABLE IF NOT EXISTS records"
            " (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;"
            f"PRAGMA user_version = {_FORMAT};"
            "COMMIT;"
        )

    def load(self) -> list[tuple[str, str, str]]:
        """Every record, by kind and key."""
        return self._connection.execute(
            "SELECT kind, key, body FROM records ORDER BY kind, key"
        ).fetchall()

    def save(self, records: Iterable[Record]) -> None:
        """Write all of the records in one transaction."""
        written: list[tuple[str, str, str]] = []
        removed: list[tuple[str, str]] = []
        for kind, key, body in records:
            if body is None:
                removed.append((kind, key))
            else:
                written.append((kind, key, body))
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("REPLACE INTO records VALUES (?, ?, ?)", written)
            self._connection.executemany("DELETE FROM records WHERE kind = ? AND key = ?", removed)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def clear(self) -> None:
        """Remove every record."""
        self._connection.execute("DELETE FROM records")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
