"""One capture at a time writes to a folder, and none leaves anything where temporary files go."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import filelock
import pytest

from harness.app.capture import alone
from harness.errors import UsageError


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_a_second_capture_stays_away_from_a_folder_and_afterwards_no_file_is_left(
    tmp_path: Path, temporary: Path
) -> None:
    with alone(tmp_path / "one"), alone(tmp_path / "other"):
        with pytest.raises(UsageError, match="another capture is writing to"), alone(tmp_path / "one"):
            pass
        assert len(list(temporary.iterdir())) == 2
    with pytest.raises(KeyError), alone(tmp_path / "one"):
        raise KeyError
    assert not list(temporary.iterdir())


def test_a_file_that_another_capture_removed_while_it_was_opened_keeps_the_third_away(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire, removed = filelock.FileLock.acquire, list[Path]()

    def acquired(lock: filelock.FileLock, timeout: float) -> object:
        taken = acquire(lock, timeout=timeout)
        if not removed:
            (file,) = temporary.iterdir()
            file.unlink()
            removed.append(file)
        return taken

    monkeypatch.setattr(filelock.FileLock, "acquire", acquired)
    with ExitStack() as stack:
        stack.enter_context(alone(tmp_path))
        assert removed == list(temporary.iterdir())
        with pytest.raises(UsageError), alone(tmp_path):
            pass
    assert not list(temporary.iterdir())
