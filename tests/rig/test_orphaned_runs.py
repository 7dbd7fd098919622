"""A child of crashproof that somebody kills in the middle of a run: the run says what died, or does without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.rig.cli.running import LIMIT, MARKING, Running, begun, marked

Line = str


def line_of(process: psutil.Process | None) -> Line:
    try:
        return " ".join(process.cmdline()) if process else ""
    except psutil.Error:
        return ""


def is_keeper(line: Line) -> bool:
    return "keeper.py" in line


def named(words: str) -> Callable[[psutil.Process], bool]:
    return lambda process: words in line_of(process) and not is_keeper(line_of(process))


def keeper_of(words: str) -> Callable[[psutil.Process], bool]:
    return lambda process: words in line_of(process) and is_keeper(line_of(process))


def below_fork_server(levels: int) -> Callable[[psutil.Process], bool]:
    """Tell a fork server (0), the keeper of a worker (1) and the worker (2), which all have one command line."""

    def matches(process: psutil.Process) -> bool:
        above = [process, *process.parents()]
        forked = [each for each in above if named("forkserver/child.py")(each)]
        return len(forked) == levels + 1

    return matches


CHILDREN: dict[str, Callable[[psutil.Process], bool]] = {
    "the server": named("start-dev"),
    "the server's keeper": keeper_of("start-dev"),
    "the doors": named("harness.doors.http.server"),
    "the doors' keeper": keeper_of("harness.doors.http.server"),
    "a fork server": below_fork_server(0),
    "a fork server's keeper": keeper_of("forkserver/child.py"),
    "a worker's keeper": below_fork_server(1),
    "a worker": below_fork_server(2),
    "the replay": named("harness.replay.in_process"),
}


def seen(running: Running, child: str) -> list[psutil.Process]:
    """Return the living processes of the command that are this child."""
    processes = []
    for process in marked(running.cwd):
        try:
            if CHILDREN[child](process):
                processes.append(process)
        except psutil.Error:  # gone meanwhile
            continue
    return processes


@pytest.mark.parametrize("moment", ["at once", "in a struck trial"])
@pytest.mark.parametrize("child", CHILDREN)
def test_a_run_one_of_whose_children_is_killed(tmp_path: Path, child: str, moment: str) -> None:
    replays = ["--workflows", "tests.agents.hard_coded"] if child == "the replay" else []
    with begun("run", *MARKING, *replays, cwd=tmp_path) as running:
        if moment == "in a struck trial":
            running.under_way()
        running.until(lambda: seen(running, child))[0].kill()
        running.process.wait(LIMIT)
        assert running.left() == []
    done = running.done()
    assert done.status in (0, 3), done
    assert "Traceback" not in done.err
    assert "defect of crashproof" not in done.err
