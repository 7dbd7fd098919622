"""Scratch folders do not outlive the process that owns them, even where it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.processes import scratch

KILLED = """
import os, signal, sys
from pathlib import Path
from harness.processes import scratch
scratch.claim(Path(sys.argv[1]))
(Path(sys.argv[1]) / "database").write_text("rows")
print(scratch.new_folder("tried"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_what_is_owned_is_removed_and_what_is_kept_stays(tmp_path: Path) -> None:
    one, other, third = scratch.new_folder("one"), scratch.new_folder("other"), tmp_path / "rig"
    scratch.claim(third)
    (third / "database").write_text("rows")
    scratch.keep(other)
    scratch.remove(one)
    scratch.remove(other)
    scratch.remove_all()
    assert list(tmp_path.iterdir()) == [other]
    assert list(other.iterdir()) == []


def test_a_path_that_must_be_short_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 80)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    short = scratch.new_folder("doors", longest=90)
    assert len(str(short)) <= 90
    assert scratch.new_folder("doors").parent == deep
    assert scratch.new_folder("doors", longest=4000).parent == deep
    scratch.remove_all()
    assert not short.exists()


def test_what_a_killed_process_left_is_removed_by_the_next_and_nothing_else_is(tmp_path: Path) -> None:
    left, mine, kept = tmp_path / "run" / "rig", tmp_path / "mine" / "rig", tmp_path / "kept" / "rig"
    scratch.claim(mine)
    scratch.claim(kept)
    scratch.keep(kept)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(left)], capture_output=True, env={"TMPDIR": str(tmp_path)}, check=False
    )
    temporary = Path(killed.stdout.decode().strip())
    assert temporary.is_dir()
    scratch.remove_abandoned(left, mine, kept)
    assert not left.exists()
    assert not temporary.exists()
    assert mine.is_dir()
    assert kept.is_dir()
    scratch.remove(mine)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a process is known by the clock alone")
def test_what_is_owned_stays_though_the_clock_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine"
    scratch.claim(mine)
    begun = psutil.Process().create_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: begun + 1)
    scratch.remove_abandoned(mine)
    assert mine.is_dir()
    scratch.remove(mine)


def test_a_file_is_held_by_a_scratch_folder_at_any_depth_and_by_no_other_folder(tmp_path: Path) -> None:
    folder = scratch.new_folder("one")
    assert scratch.holds(folder / "trials" / "1" / "tape.jsonl")
    assert not scratch.holds(tmp_path / "ledger.db")
