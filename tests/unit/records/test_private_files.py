"""Evidence is for nobody else to read, and its logs hold no secret of the worker's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records import files, private_files
from harness.records import store as folders
from harness.records.private_files import close_to_others, make_private, withhold


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if not path.is_symlink()}


def test_folders_and_files_of_evidence_are_for_nobody_else(tmp_path: Path) -> None:
    run = folders.new_run(tmp_path / "runs")
    files.write_json(run / "trials" / "t" / "tape.jsonl", {})
    assert modes(tmp_path / "runs") == {0o700, 0o600}


def test_git_leaves_the_folder_out_that_evidence_lies_in_and_no_other(tmp_path: Path) -> None:
    home = tmp_path / private_files.HOME
    make_private(home / "runs" / "a")
    assert [(path.relative_to(home).name, path.read_text()) for path in home.rglob(".*")] == [(".gitignore", "*\n")]
    (home / ".gitignore").unlink()
    make_private(home / "runs" / "b")
    make_private(tmp_path / "artifacts" / "a")
    assert list(tmp_path.rglob(".gitignore")) == []


def test_what_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    make_private(tmp_path / "run")
    (tmp_path / "run/logs").mkdir(mode=0o755)
    (tmp_path / "run/logs/worker-1.out").write_text("x")
    (tmp_path / "run/tool").touch(mode=0o755)
    (tmp_path / "outside").touch(mode=0o644)
    (tmp_path / "run/link").symlink_to("../outside")
    close_to_others(tmp_path / "run")
    assert modes(tmp_path / "run") == {0o700, 0o600}
    assert (tmp_path / "outside").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("chunk", [1, 3, 7, 1 << 20])
def test_no_log_holds_a_secret_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(private_files, "_CHUNK", chunk)
    (tmp_path / "a.out").write_bytes(b"\xff sk-secret sk-secretsk-secret, sk-sec ret\nsk-secre")
    (tmp_path / "b.err").write_text("nothing of that kind")
    before = (tmp_path / "b.err").stat()
    withhold(["sk-secret", "whsec_"], tmp_path)
    assert (tmp_path / "a.out").read_bytes() == b"\xff \xe2\x80\xa6 \xe2\x80\xa6\xe2\x80\xa6, sk-sec ret\nsk-secre"
    assert (tmp_path / "b.err").stat() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.out", "b.err"]
    withhold([], tmp_path / "missing")


def test_the_middle_of_a_log_that_is_too_long_is_left_out_and_others_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "LONGEST_LOG", 8)
    (tmp_path / "long.out").write_text("abcdefghijkl")
    (tmp_path / "short.out").write_text("abcdefgh")
    assert private_files.shorten(tmp_path)
    assert (tmp_path / "long.out").read_text() == "abcd\n… 4 bytes left out by crashproof …\nijkl"
    assert (tmp_path / "long.out").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "short.out").read_text() == "abcdefgh"
    (tmp_path / "long.out").unlink()
    assert not private_files.shorten(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["short.out"]
