"""Files that were written are seen by what stays of them; logs, caches and what is of a moment are no effects."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.trial import written_files
from harness.trial.written_files import WrittenFiles
from tests.waiting import until


def names(files: WrittenFiles, folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in files.written()]


def touched(path: Path) -> int:
    """Touch a file, and return the nanoseconds of its time of change."""
    path.touch()
    return path.stat().st_ctime_ns


def test_what_is_new_or_changed_or_replaced_is_written_and_told_once(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("as it was")
    (tmp_path / "ledger.txt").write_text("one\n")
    (tmp_path / "state.json").write_text("{}")
    files = WrittenFiles([tmp_path], own=[])
    files.begin()
    assert files.written() == []
    with (tmp_path / "ledger.txt").open("a") as ledger:
        ledger.write("two\n")
    (tmp_path / "new" / "deep").mkdir(parents=True)
    (tmp_path / "new" / "deep" / "note.md").write_text("")
    (tmp_path / "state.next").write_text("[]")
    (tmp_path / "state.next").rename(tmp_path / "state.json")
    assert names(files, tmp_path) == ["ledger.txt", "new/deep/note.md", "state.json"]
    assert files.written() == []


def test_a_row_of_sqlite_is_written_into_its_database_whatever_file_holds_it(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "audit.db", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("create table charges (id integer)")
    files = WrittenFiles([tmp_path], own=[])
    files.begin()
    database.execute("insert into charges values (1)")
    assert names(files, tmp_path) == ["audit.db"]
    database.close()


@pytest.mark.parametrize(
    "name",
    [
        "worker.log",
        "worker.log.2",
        "logs/today.txt",
        "__pycache__/worker.cpython-311.pyc",
        ".cache/models.json",
        ".git/index",
        "tmp/scratch",
        "download.tmp",
        "worker.pid",
        "own/trials/tape.jsonl",
        "other run/rig/server/temporal.db",
        "other run/trials/1/tape.jsonl",
        "other rig/server/temporal.db",
    ],
)
def test_what_is_no_effect_by_its_nature_is_left_out(name: str, tmp_path: Path) -> None:
    """The folders of another run are told by what is in them, and not by a name that a program may use, too."""
    for mark in ("other run/run.json", "other rig/.crashproof-owner", "a program's own/run.json"):
        (tmp_path / mark).parent.mkdir()
        (tmp_path / mark).touch()
    files = WrittenFiles([tmp_path], own=[tmp_path / "own"])
    files.begin()
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("written")
    assert files.written() == []
    (tmp_path / "a program's own" / "result.json").touch()
    assert files.written() == [tmp_path / "a program's own" / "result.json"]


def test_what_is_gone_again_and_what_was_only_read_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "read.txt").write_text("as it was")
    files = WrittenFiles([tmp_path, tmp_path / "missing"], own=[])
    files.begin()
    (tmp_path / "read.txt").read_text()
    (tmp_path / "scratch.txt").write_text("for a moment")
    (tmp_path / "scratch.txt").unlink()
    assert files.written() == []


def test_a_folder_in_which_nothing_was_made_is_not_read_again_and_what_is_written_there_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    scandir = os.scandir

    def counted(folder: str) -> Iterator[os.DirEntry[str]]:
        read.append(Path(folder).name)
        return scandir(folder)

    for name in ("quiet", "busy", "linked"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept.txt").write_text("")
    (tmp_path / "linked" / "later.txt").symlink_to(tmp_path / "busy" / "target.tmp")
    made = (tmp_path / "busy").stat().st_ctime_ns
    until(lambda: touched(tmp_path / "quiet" / "kept.txt") > made, "a change sets another time of change")
    monkeypatch.setattr(written_files, "_SETTLED", -60.0)
    monkeypatch.setattr(os, "scandir", counted)
    files = WrittenFiles([tmp_path], own=[])
    files.begin()
    assert sorted(read) == sorted([tmp_path.name, "quiet", "busy", "linked"])
    read.clear()
    (tmp_path / "quiet" / "kept.txt").write_text("again")
    (tmp_path / "busy" / "new.txt").write_text("")
    assert names(files, tmp_path) == ["busy/new.txt", "quiet/kept.txt"]
    assert sorted(read) == ["busy", "linked"]
    (tmp_path / "busy" / "target.tmp").write_text("")
    (tmp_path / "quiet" / "kept.txt").unlink()
    assert names(files, tmp_path) == ["linked/later.txt"]


def test_a_folder_that_has_just_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes within one tick of the clock leave the same time of change."""
    monkeypatch.setattr(written_files, "_SETTLED", 3600.0)
    files = WrittenFiles([tmp_path], own=[])
    files.begin()
    stat = os.stat
    first = stat(tmp_path)
    (tmp_path / "new.txt").write_text("")
    monkeypatch.setattr(os, "stat", lambda path: first if str(path) == str(tmp_path) else stat(path))
    assert names(files, tmp_path) == ["new.txt"]


def test_more_files_than_are_looked_at_are_admitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_files, "_MOST_FILES", 2)
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("")
    files = WrittenFiles([tmp_path], own=[])
    assert not files.too_many
    files.begin()
    assert files.too_many


def test_what_crashproof_prints_into_a_file_is_no_write_of_the_worker(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom harness.trial.written_files import WrittenFiles\n"
        "files = WrittenFiles([Path('.')], own=[])\nfiles.begin()\n"
        "print('on and on', file=sys.stderr, flush=True)\nPath('mine').write_text('x')\n"
        "print([path.name for path in files.written()])\n"
    )
    with (tmp_path / "err").open("wb") as err:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, stderr=err, text=True, check=False
        )
    assert done.stdout == "['mine']\n"
