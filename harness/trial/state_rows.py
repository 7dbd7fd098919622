"""Rows of state: what stands in a SQLite file, a text file or a folder of such, each line or row a value that compares.

A SQLite file is read from a copy: so what a worker that was killed has left half done is rolled back or completed, as
it would be by whoever opens the file next, and the file itself is left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.trial.written_files import database_of

_SUFFIXES = ("", "-wal", "-journal", "-shm")

_MOST_ROWS = 200_000
_SQLITE = b"SQLite format 3\x00"

Rows = Counter[tuple[str, str]]
"""How often each row stands where: keys are a place (``audit.db charges``, ``notes/1.txt``) and the row as JSON."""


def rows_of(path: Path) -> Rows:
    """Return the rows of a file or a folder; none where there is nothing.

    Raises:
        UsageError: There are too many to compare, or a database cannot be read.
    """
    rows: Rows = Counter()
    for place, row in _rows(path):
        rows[place, json.dumps(row, sort_keys=True, default=str)] += 1
        if rows.total() > _MOST_ROWS:
            raise UsageError(f"the state {path} has more than {_MOST_ROWS} rows: name a smaller part of it")
    return rows


def files_of(path: Path) -> list[Path]:
    """Return the files that a state is made of, side files of SQLite included."""
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file())
    return [file for suffix in _SUFFIXES if (file := path.with_name(path.name + suffix)).is_file()]


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    files = files_of(path)
    for file in files:
        database = Path(database_of(str(file)))
        if database != file and database in files:
            continue
        name = f"{path.name}/{file.relative_to(path)}" if path.is_dir() else path.name
        with file.open("rb") as opened:
            is_database = opened.read(len(_SQLITE)) == _SQLITE
        yield from _rows_of_tables(file, name) if is_database else _lines(file, name)


def _lines(file: Path, name: str) -> Iterator[tuple[str, Any]]:
    content = file.read_bytes()
    try:
        yield from ((name, line) for line in content.decode().splitlines())
    except UnicodeDecodeError:
        yield name, _digest(content)


def _rows_of_tables(file: Path, name: str) -> Iterator[tuple[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="crashproof-") as folder:
        for side in files_of(file):
            shutil.copy(side, folder)
        try:
            with contextlib.closing(sqlite3.connect(Path(folder, file.name))) as database:
                database.text_factory = lambda text: text.decode(errors="replace")
                for (table,) in database.execute(_TABLES).fetchall():
                    yield from ((f"{name} {table}", row) for row in _rows_of(database, table))
        except sqlite3.Error as error:
            raise UsageError(f"the state {file} cannot be read as the SQLite file that it is: {error}") from error


_TABLES = "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name"


def _rows_of(database: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table without the number that SQLite gives to each by itself."""
    quoted = '"' + table.replace('"', '""') + '"'
    columns = database.execute(f"pragma table_info({quoted})").fetchall()
    keys = [(name, kind) for _, name, kind, _, _, key in columns if key]
    counted = {keys[0][0]} if len(keys) == 1 and keys[0][1].upper() == "INTEGER" else set()
    cursor = database.execute(f"select * from {quoted}")
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield {name: _plain(value) for name, value in zip(names, values, strict=True) if name not in counted}


def _plain(value: Any) -> Any:
    return _digest(value) if isinstance(value, bytes) else value


def _digest(content: bytes) -> str:
    return f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()[:16]}"
