"""The next version of a worker is a command, or its own command with the code of a git revision in another folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.processes.command import WorkerCode
from harness.records.scenario import Scenario, start
from harness.trial.next_version import look_at_next_version, next_version


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two versions of a worker in its folder ``app``, which is the current one."""
    app = tmp_path / "code" / "app"
    app.mkdir(parents=True)
    git(tmp_path, "init", "--quiet", "-b", "main", "code")
    for text in ("new", "old"):
        (app / "worker.py").write_text(text)
        git(app, "add", "worker.py")
        git(app, "commit", "--quiet", "-m", text)
    git(app, "tag", "release", "HEAD~1")
    monkeypatch.chdir(app)
    return app


def scenario(worker: str, following: str) -> Scenario:
    return Scenario(worker=worker, work=start("Agent"), next=following)


def test_a_command_is_taken_as_it_is(tmp_path: Path) -> None:
    assert next_version(scenario("w", "python 'worker 2.py'"), folder=tmp_path) == WorkerCode(
        words=("python", "worker 2.py")
    )
    assert next_version(scenario("w", ""), folder=tmp_path) is None
    with pytest.raises(UsageError, match="cannot be split into words"):
        look_at_next_version("python 'worker")


def test_one_that_cannot_start_is_told_before_anything_is_started(code: Path) -> None:
    look_at_next_version("python worker.py")
    look_at_next_version("python -m harness.cli")
    look_at_next_version("python -X dev nowhere.py")  # what comes after options is Python's own to say
    for text, words in [
        ("python worker_2.py", "there is no file 'worker_2.py' (did you mean 'worker.py'?)"),
        ("python -m app.worker_2", "there is no module 'app.worker_2'"),
        ("python -m harness.nowhere", "there is no module 'harness.nowhere'"),
        ("pythn worker.py", "command not found on PATH: 'pythn'"),
        ("worker.py", "command not found on PATH: 'worker.py'; the file here is run by 'python worker.py'"),
    ]:
        with pytest.raises(UsageError) as error:
            look_at_next_version(text)
        assert str(error.value).startswith(f"--next {text}: {words}")


def test_a_revision_is_the_same_command_in_a_folder_of_its_own(code: Path, tmp_path: Path) -> None:
    look_at_next_version("git:release")
    for _ in range(2):
        found = next_version(scenario(f"python {code}/worker.py", "git:release"), folder=tmp_path)
        assert found is not None
        assert found.folder is not None
        assert found.folder.name == "app"
        assert (found.folder / "worker.py").read_text() == "new"
        assert found.words == ("python", str(found.folder / "worker.py"))
    assert (code / "worker.py").read_text() == "old"


@pytest.mark.parametrize("text", ["git:no-such", "git:--help", "git:"])
def test_a_revision_that_git_does_not_know_is_told(code: Path, text: str) -> None:
    with pytest.raises(UsageError, match="git knows no revision"):
        look_at_next_version(text)
