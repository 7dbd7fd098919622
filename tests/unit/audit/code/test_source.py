from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.audit.audit import audit
from harness.audit.code.source import collect
from harness.errors import UsageError
from tests.unit.audit.source_files import agent, write


def reasons(folder: Path) -> dict[str, str]:
    audited = audit([folder], rules=(), jobs=1)
    return {Path(report.file).name: report.reason for report in audited.files}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x = 1\n", ""),
        (b"", ""),
        (b"\xef\xbb\xbfx = 1\n", ""),
        (b"# -*- coding: latin-1 -*-\nx = '\xe4'\n", ""),
        (b"x = 1\r\ny = 2\r\n", ""),
        (b"x = 1\ny = '\xe4'\n", "line 2 is not utf-8"),
        (b"# -*- coding: klingon -*-\n", "its encoding cannot be told: unknown encoding: klingon"),
        (b"\x7fELF\x00\x01", "is binary, not Python"),
        ("x = 1\n".encode("utf-16"), "is UTF-16, which Python does not read"),
        (b"def f(:\n    pass\n", "line 1: invalid syntax"),
        (b"print 'hello'\n", "line 1: Missing parentheses in call to 'print'. Did you mean print(...)?"),
        (b"x = 1\n  y = 2\n", "line 2: unexpected indent"),
        (b"x" * 1_600_000, "1,600,000 bytes, more than 1,500,000: taken for generated code"),
    ],
)
def test_a_file_is_read_or_reported_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "app.py").write_bytes(content)
    assert reasons(tmp_path) == {"app.py": reason}


NEWER = (
    ((3, 12), "type Pair[T] = tuple[T, T]\n", "a `type` statement, Python 3.12"),
    ((3, 12), "def first[T](items: list[T]) -> T: ...\n", "type parameters, Python 3.12"),
    ((3, 12), "class Box[T]:\n    pass\n", "type parameters, Python 3.12"),
    ((3, 14), "x = t'{y}'\n", "a template string, Python 3.14"),
)


@pytest.mark.parametrize(("text", "what"), [case[1:] for case in NEWER if sys.version_info < case[0]])
def test_python_newer_than_ours_is_named(tmp_path: Path, text: str, what: str) -> None:
    write(tmp_path, {"app.py": text})
    assert what in reasons(tmp_path)["app.py"]


def test_the_rest_is_audited(tmp_path: Path) -> None:
    write(tmp_path, {"broken.py": "def f(:\n", "agent.py": agent("return 'done'")})
    audited = audit([tmp_path], rules=(), jobs=1)
    assert audited.workflows == 1
    assert not audited.errors


def test_links_that_form_a_loop_are_told_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"app/agent.py": agent("return 'done'")})
    (tmp_path / "app/again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "gone.py")
    found = {Path(source.file).name: source.reason for source in collect([tmp_path])}
    assert found == {
        "agent.py": "",
        "again": "a symbolic link to a folder that it stands in",
        "nowhere.py": "a symbolic link that leads nowhere",
    }


def test_a_linked_folder_is_entered_once(tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/a.py": "x = 1\n", "app/b.py": "y = 1\n"})
    for name in ("one", "two"):
        (tmp_path / "app" / name).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert [Path(source.file).name for source in collect([tmp_path / "app"])] == ["b.py", "a.py"]


def test_environments_caches_and_hidden_folders_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    left_out = {
        "env/pyvenv.cfg": "",
        "env/lib/x.py": "",
        ".git/y.py": "",
        "node_modules/z.py": "",
        "__pycache__/w.py": "",
    }
    write(tmp_path, {"app.py": "", "notes.txt": "", **left_out})
    assert [Path(source.file).name for source in collect([tmp_path])] == ["app.py"]
    assert [Path(source.file).name for source in collect([tmp_path / "env/lib"])] == ["x.py"]


def test_a_path_given_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "x = 1\n"})
    assert len(collect([tmp_path, tmp_path / "app.py", tmp_path])) == 1


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"agents/app.py": ""})
    with pytest.raises(UsageError, match=r"no file or folder .*agent .*did you mean 'agents'"):
        collect([tmp_path / "agent"])
