"""Files of evidence, on a disk that is full, and what is wrong with one."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.errors import RigError, UsageError
from harness.records import files


def test_pieces_are_one_file_for_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "new" / "tape.jsonl"
    files.write_pieces(file, (piece for piece in (b"a", b"", b"b\n")))
    assert file.read_bytes() == b"ab\n"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "it is missing"), (b"[1]", "Expected `object`"), (b"{", "truncated")]
)
def test_what_is_wrong_with_a_file_is_told_with_its_name(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=said) as raised:
        files.read_json(file, dict)
    assert str(file) in str(raised.value)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "run.json"
    files.write_json(file, {"old": 1})
    full_disk(monkeypatch)
    with pytest.raises(RigError, match="No space left on device") as raised:
        files.write_json(file, {"new": 2})
    assert "free some room or give another place with --out" in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert msgspec.json.decode(file.read_bytes()) == {"old": 1}
    assert os.listdir(tmp_path) == ["run.json"]


class FullDisk(io.FileIO):
    """A file on a disk that is full when half of what is written is there."""

    def writelines(self, lines: Iterable[Any]) -> None:
        content = b"".join(lines)
        self.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # of a file that is open no name is given


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", lambda self, mode: FullDisk(self, mode))
