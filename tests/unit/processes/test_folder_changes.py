"""The kernel tells that something has changed in a folder, and says so of each folder that is watched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.processes.folder_changes import FolderChanges


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of changes")
def test_each_change_in_a_watched_folder_is_told_once_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "ledger.txt").write_text("one\n")
    (below := tmp_path / "below").mkdir()
    changes = FolderChanges()
    changes.watch(str(tmp_path))
    assert (changes.known, changes.any()) == (True, False)
    (tmp_path / "ledger.txt").read_text()
    (below / "not watched").touch()
    assert not changes.any()
    for change in (
        lambda: (tmp_path / "ledger.txt").write_text("two\n"),
        lambda: (tmp_path / "ledger.txt").rename(tmp_path / "moved.txt"),
        lambda: (tmp_path / "moved.txt").unlink(),
        lambda: (tmp_path / "new.txt").touch(),
        lambda: (below / "not watched").rename(tmp_path / "watched"),
    ):
        change()
        assert (changes.any(), changes.any()) == (True, False)
    changes.watch(str(below))
    (below / "new.txt").touch()
    assert changes.any()
    changes.close()


def test_who_cannot_tell_says_that_anything_may_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    changes = FolderChanges()
    changes.watch(str(tmp_path))
    assert (changes.known, changes.any(), changes.any()) == (False, True, True)
    changes.close()
    closed = FolderChanges()
    closed.close()
    assert closed.any()
