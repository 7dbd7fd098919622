"""Rows of SQLite files, lines of text files, and files of a folder are values that compare."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.trial import state_rows
from harness.trial.state_rows import rows_of


def test_rows_of_a_database_are_told_by_table_without_the_number_that_sqlite_gives_them(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "audit.db", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("create table charges (id integer primary key, ordered text, receipt blob)")
    database.execute('create table "odd ""name""" (code text primary key)')
    for _ in range(2):
        database.execute("insert into charges (ordered, receipt) values ('o-1', x'00ff')")
    database.execute("""insert into "odd ""name\""" values ('x')""")
    receipt = "2 bytes, sha256 06eb7d6a69ee19e5"
    expected = Counter(
        {
            ("audit.db charges", f'{{"ordered": "o-1", "receipt": "{receipt}"}}'): 2,
            ('audit.db odd "name"', '{"code": "x"}'): 1,
        }
    )
    assert rows_of(tmp_path / "audit.db") == expected  # still open, its rows in the write-ahead log
    database.close()
    assert rows_of(tmp_path / "audit.db") == expected


def test_what_was_not_committed_is_no_row(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "audit.db", isolation_level=None)
    database.execute("create table charges (ordered text)")
    database.execute("begin")
    database.execute("insert into charges values ('o-1')")
    assert rows_of(tmp_path / "audit.db") == Counter()
    database.close()


def test_lines_of_text_and_digests_of_anything_else(tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "ledger.txt").write_text("one\none\n")
    (tmp_path / "out" / "deep" / "image").write_bytes(b"\xff\xfe")
    assert rows_of(tmp_path / "out") == Counter(
        {("out/ledger.txt", '"one"'): 2, ("out/deep/image", '"2 bytes, sha256 b3d510ef04275ca8"'): 1}
    )


def test_what_is_not_there_has_no_rows(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "missing.db") == Counter()


def test_a_broken_database_and_one_that_is_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 200)
    with pytest.raises(UsageError, match=r"broken\.db cannot be read as the SQLite file that it is"):
        rows_of(tmp_path / "broken.db")
    monkeypatch.setattr(state_rows, "_MOST_ROWS", 2)
    (tmp_path / "long.txt").write_text("a\nb\nc\n")
    with pytest.raises(UsageError, match="more than 2 rows"):
        rows_of(tmp_path / "long.txt")
