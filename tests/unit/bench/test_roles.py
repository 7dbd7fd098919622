"""What the processes of a run are for, and the CPU-seconds of each role, on made process records."""

from __future__ import annotations

import pytest

from tests.bench.roles import ProcessKey, Role, SampledProcess, cpu_seconds, role_of, starts

PYTHON = "/venv/bin/python"
CRASHPROOF = (PYTHON, "/venv/bin/crashproof", "run", "scenarios/research.py::worker_dies")
SERVER = ("/venv/bin/temporal", "server", "start-dev", "--headless", "--port", "7233")
FORK_SERVER = ("python", "/code/harness/processes/forkserver/child.py", "31")
REPLAY = (PYTHON, "-P", "-c", "import importlib, sys", "harness.replay.in_process.child_main", "0")

KEEPER = (PYTHON, "-I", "-S", "/code/harness/processes/keeper.py", "10", "unset")

ROOT = ProcessKey(10, 100)


def process(
    command: tuple[str, ...],
    *,
    parent: ProcessKey | None = ROOT,
    own: float = 0.0,
    waited_for: float = 0.0,
    ended: bool = True,
) -> SampledProcess:
    return SampledProcess(parent=parent, command=command, own=own, waited_for=waited_for, ended=ended)


def root(*, own: float = 0.0, waited_for: float = 0.0) -> SampledProcess:
    return process(CRASHPROOF, parent=None, own=own, waited_for=waited_for, ended=False)


@pytest.mark.parametrize(
    ("command", "role"),
    [
        (SERVER, Role.SERVER),
        ((*KEEPER, SERVER[0], *SERVER), Role.SERVER),
        (FORK_SERVER, Role.FORK_SERVER),
        (("python", "-m", "scenarios.research.worker"), Role.WORKER),
        ((PYTHON, "-P", "-m", "harness.doors.http.server", "doors", "script.py"), Role.HTTP_DOORS),
        (REPLAY, Role.REPLAY),
        (CRASHPROOF, Role.CRASHPROOF),
        (("/venv/bin/temporal", "--version"), Role.OTHER),
        (("git", "status"), Role.OTHER),
    ],
)
def test_a_child_of_crashproof_is_known_by_its_command_line(command: tuple[str, ...], role: Role) -> None:
    key = ProcessKey(11, 101)
    assert role_of(key, {ROOT: root(), key: process(command)}) is role


def test_the_root_is_crashproof_whatever_its_command_line() -> None:
    assert role_of(ROOT, {ROOT: process(SERVER, parent=None)}) is Role.CRASHPROOF


def test_what_a_fork_server_forks_is_a_worker_though_its_command_line_is_the_same() -> None:
    forker, worker, tool = ProcessKey(11, 101), ProcessKey(12, 102), ProcessKey(13, 103)
    processes = {
        ROOT: root(),
        forker: process(FORK_SERVER),
        worker: process(FORK_SERVER, parent=forker),
        tool: process(("git", "status"), parent=worker),
    }
    assert role_of(worker, processes) is Role.WORKER
    assert role_of(tool, processes) is Role.WORKER


def test_what_a_keeper_keeps_is_what_it_is_named_by() -> None:
    keeper, forker, forked = ProcessKey(11, 101), ProcessKey(12, 102), ProcessKey(13, 103)
    processes = {
        ROOT: root(),
        keeper: process((*KEEPER, "/venv/bin/python", *FORK_SERVER)),
        forker: process(FORK_SERVER, parent=keeper),
        forked: process(FORK_SERVER, parent=forker),
    }
    assert [role_of(each, processes) for each in (keeper, forker, forked)] == [
        Role.FORK_SERVER,
        Role.FORK_SERVER,
        Role.WORKER,
    ]


def test_what_another_process_starts_is_of_its_role() -> None:
    replaying, forked = ProcessKey(11, 101), ProcessKey(12, 102)
    processes = {ROOT: root(), replaying: process(REPLAY), forked: process(REPLAY, parent=replaying)}
    assert role_of(forked, processes) is Role.REPLAY


def test_each_role_sums_what_its_processes_used() -> None:
    processes = {
        ROOT: root(own=4.0),
        ProcessKey(11, 101): process(SERVER, own=2.0, ended=False),
        ProcessKey(12, 102): process(SERVER, own=1.5, ended=False),
        ProcessKey(13, 103): process(REPLAY, own=0.5, ended=False),
    }
    assert {role: used for role, used in cpu_seconds(processes).items() if used} == {
        Role.CRASHPROOF: 4.0,
        Role.SERVER: 3.5,
        Role.REPLAY: 0.5,
    }


def test_an_id_that_is_used_again_is_another_process() -> None:
    processes = {
        ROOT: root(),
        ProcessKey(11, 101): process(SERVER, own=2.0),
        ProcessKey(11, 900): process(REPLAY, own=0.5),
    }
    used = cpu_seconds(processes)
    assert (used[Role.SERVER], used[Role.REPLAY]) == (2.0, 0.5)


def test_what_a_fork_server_waited_for_beyond_the_samples_is_of_workers() -> None:
    """One worker was last sampled before its end, and another never: all that was waited for counts, and only once."""
    forker = ProcessKey(11, 101)
    processes = {
        ROOT: root(),
        forker: process(FORK_SERVER, own=1.0, waited_for=2.0, ended=False),
        ProcessKey(12, 102): process(FORK_SERVER, parent=forker, own=1.0, waited_for=0.25),
    }
    used = cpu_seconds(processes)
    assert (used[Role.FORK_SERVER], used[Role.WORKER]) == (1.0, 2.0)
    assert used[Role.OTHER] == 0.0


def test_what_a_keeper_waited_for_after_its_last_sample_is_counted_once() -> None:
    keeper = ProcessKey(11, 101)
    processes = {
        ROOT: root(own=1.0, waited_for=3.0),
        keeper: process((*KEEPER, SERVER[0], *SERVER)),
        ProcessKey(12, 102): process(SERVER, parent=keeper, own=3.0),
    }
    used = cpu_seconds(processes)
    assert (used[Role.CRASHPROOF], used[Role.SERVER], used[Role.OTHER]) == (1.0, 3.0, 0.0)


def test_what_crashproof_waited_for_beyond_the_samples_stands_apart() -> None:
    processes = {ROOT: root(own=1.0, waited_for=3.5), ProcessKey(11, 101): process(SERVER, own=3.0)}
    used = cpu_seconds(processes)
    assert (used[Role.CRASHPROOF], used[Role.SERVER], used[Role.OTHER]) == (1.0, 3.0, 0.5)


def test_a_child_that_lives_was_not_waited_for() -> None:
    processes = {ROOT: root(waited_for=0.5), ProcessKey(11, 101): process(SERVER, own=3.0, ended=False)}
    assert cpu_seconds(processes)[Role.OTHER] == 0.5


def test_an_ended_child_that_nobody_waited_for_takes_nothing_away() -> None:
    processes = {ROOT: root(own=1.0), ProcessKey(11, 101): process(SERVER, own=3.0)}
    assert sum(cpu_seconds(processes).values()) == 4.0


def test_starts_count_processes_and_not_what_they_start_of_their_own_role() -> None:
    forker = ProcessKey(11, 101)
    processes = {
        ROOT: root(),
        forker: process(FORK_SERVER),
        ProcessKey(12, 102): process(FORK_SERVER, parent=forker),
        ProcessKey(13, 103): process(FORK_SERVER, parent=forker),
        ProcessKey(14, 104): process(("git", "status"), parent=ProcessKey(13, 103)),
        ProcessKey(15, 105): process(("python", "-m", "scenarios.research.worker")),
    }
    assert starts(processes)[Role.WORKER] == 3
    assert starts(processes)[Role.FORK_SERVER] == 1
