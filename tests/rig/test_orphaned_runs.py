"""A child of crashproof that somebody kills in the middle of a run: the run says what died, or does without it."""

from __future__ import annotations

import contextlib
import re
import time
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


def of_worker(keeper: bool) -> Callable[[psutil.Process], bool]:
    """Tell a worker, or the keeper of one, that was started cold or forked."""
    forked = below_fork_server(1 if keeper else 2)

    def matches(process: psutil.Process) -> bool:
        line = line_of(process)
        cold = "agents/hard_coded.py" in line and "--worker" not in line and is_keeper(line) is keeper
        return cold or forked(process)

    return matches


CHILDREN: dict[str, Callable[[psutil.Process], bool]] = {
    "the Temporal server": named("start-dev"),
    "the keeper of the Temporal server": keeper_of("start-dev"),
    "the process of the model and effect servers": named("harness.doors.http.server"),
    "the keeper of the process of the model and effect servers": keeper_of("harness.doors.http.server"),
    "the worker": of_worker(keeper=False),
    "the keeper of the worker": of_worker(keeper=True),
    "a fork server": below_fork_server(0),
    "the keeper of a fork server": keeper_of("forkserver/child.py"),
    "the replay": named("harness.replay.in_process"),
}
TRIALS = 3  # two baselines and the one point that is asked for
EFFECTS = """
import pathlib, signal, time

def answer(effect):
    signal.setitimer(signal.ITIMER_REAL, 0)  # it may take longer than a script may
    pathlib.Path({beside!r}, "held").touch()
    while not pathlib.Path({beside!r}, "let-go").exists():
        time.sleep(0.02)
    return {{}}
"""


def of_trials(file: str) -> Callable[[Path], list[Path]]:
    return lambda folder: list(folder.glob(f".crashproof/runs/2*/trials/*/{file}"))


HELD = "while a message is held"
MOMENTS: dict[str, Callable[[Path], object]] = {
    "at once": lambda folder: True,
    HELD: lambda folder: True,  # and then until one is
    "between trials": of_trials("verdict.json"),
    "in a struck trial": of_trials("logs/worker-2.err"),
    "at the last judgement": lambda folder: len(of_trials("trial.json")(folder)) == TRIALS,
}
IN_CI = (HELD, "in a struck trial")


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


def killed(running: Running, child: str) -> int:
    """Kill a child as soon as there is one, and return its process id; 0: the command ended before."""
    while running.process.poll() is None:
        for process in seen(running, child):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile: another one is to be killed
                process.kill()
                return process.pid
        time.sleep(0.02)
    return 0


def told(child: str, pid: int) -> str:
    """Return how it is told that a child was killed; empty: it is done without it."""
    if child.endswith("a fork server") or child == "the replay":
        return ""
    what = child.removeprefix("the keeper of ")
    if what != child:
        return rf"{what} \(pid \d+\) died since somebody killed its keeper \(pid {pid}\)"
    return rf"{what} \(pid {pid}\) was killed with SIGKILL, not by crashproof"


def at(moment: str, child: str) -> object:
    return pytest.param(child, moment, marks=() if moment in IN_CI else pytest.mark.every_moment)


@pytest.mark.parametrize(("child", "moment"), [at(moment, child) for moment in MOMENTS for child in CHILDREN])
def test_a_run_one_of_whose_children_is_killed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, child: str, moment: str
) -> None:
    """The trial is done again, and that is told; or what died is what ends the run. No verdict is lost to it."""
    beside = tmp_path_factory.mktemp("beside")  # a file that appears in the folder of the run is one of the worker's
    (tmp_path / "effects.py").write_text(EFFECTS.format(beside=str(beside)))
    if moment != HELD:
        (beside / "let-go").touch()
    replays = ["--workflows", "tests.agents.hard_coded"] if child == "the replay" else []
    options = [*MARKING, *replays, "--effects", "effects.py", "--only", "before/effect.mark*"]
    with begun("run", *options, cwd=tmp_path) as running:
        running.until(lambda: MOMENTS[moment](tmp_path) and (moment != HELD or (beside / "held").exists()))
        pid = killed(running, child)
        (beside / "let-go").touch()
        running.process.wait(LIMIT)
        assert running.left() == []
    done = running.done()
    assert "Traceback" not in done.err
    assert "defect of crashproof" not in done.err
    if done.status == 3:
        assert re.search(rf"\(pid {pid}\)", done.err), done
        return
    assert done.status == 0, done
    assert f"PASS: {TRIALS} trials, 1 of 1 point struck, 0 findings." in done.out
    if moment == HELD:
        text = " ".join(done.out.split())  # its sentences are wrapped
        assert re.search("ried again: " + told(child, pid) if told(child, pid) else "PASS", text), done
