"""A run that was asked for wrongly leaves no folder, and every other one stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.app.run_folder import copied_database, new_run_folder
from harness.errors import RigError, UsageError


def test_a_usage_error_leaves_no_folder_and_latest_as_it_was(tmp_path: Path) -> None:
    with new_run_folder(tmp_path) as first:
        pass
    for wrong in (UsageError("no such thing"), ExceptionGroup("a", [UsageError("no such thing")])):
        with pytest.raises(type(wrong)), new_run_folder(tmp_path):
            raise wrong
    assert (tmp_path / "latest").resolve() == first
    assert sorted(tmp_path.iterdir()) == [first, tmp_path / "latest"]


def test_the_first_usage_error_leaves_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError), new_run_folder(tmp_path):
        raise UsageError("no such thing")
    assert list(tmp_path.iterdir()) == []


def test_what_was_judged_before_the_error_stays(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        _judge_one_and_refuse(tmp_path)
    assert list((tmp_path / "latest").glob("trials/*/verdict.json"))


def _judge_one_and_refuse(out: Path) -> None:
    with new_run_folder(out) as folder:
        (folder / "trials" / "one").mkdir()
        (folder / "trials" / "one" / "verdict.json").write_text("{}")
        raise UsageError("no such thing")


def test_a_failure_of_the_rig_keeps_its_folder(tmp_path: Path) -> None:
    with pytest.raises(RigError), new_run_folder(tmp_path) as folder:
        raise RigError("the server did not start")
    assert (tmp_path / "latest").resolve() == folder


def test_a_kept_database_is_looked_at_as_a_copy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no evidence folder"), copied_database(tmp_path):
        pass
    (tmp_path / "run.json").touch()
    with pytest.raises(UsageError, match="run it with --keep"), copied_database(tmp_path):
        pass
    for name in ("rig/server/temporal.db", "rig/server/temporal.db-wal", "rig/server-2/temporal.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with copied_database(tmp_path) as (copy, others):
        assert copy.read_text() == "rig/server/temporal.db"
        assert copy.with_name("temporal.db-wal").exists()
        assert others == [tmp_path / "rig/server-2/temporal.db"]
        copy.write_text("changed")
    assert not copy.exists()
    assert (tmp_path / "rig/server/temporal.db").read_text() == "rig/server/temporal.db"


def test_the_database_of_a_trial_is_found_among_those_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "run.json").touch()
    for name, namespace in (("server", "trial-1"), ("server-2", "trial-2")):
        (tmp_path / "rig" / name).mkdir(parents=True)
        with closing(sqlite3.connect(tmp_path / "rig" / name / "temporal.db")) as database:
            database.execute("CREATE TABLE namespaces (name TEXT)")
            database.execute("INSERT INTO namespaces VALUES (?)", (namespace,))
            database.commit()
    with copied_database(tmp_path, trial="2") as (copy, others):
        assert copy.read_bytes() == (tmp_path / "rig/server-2/temporal.db").read_bytes()
        assert others == [tmp_path / "rig/server/temporal.db"]
    with (
        pytest.raises(UsageError, match="kept has trial '3'"),
        copied_database(tmp_path, trial="3"),
    ):
        pass
