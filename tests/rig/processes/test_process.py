"""Processes die with all they started, and with crashproof, however it dies."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.errors import UsageError
from harness.processes import tree
from harness.processes.process import Process, find_command
from tests.children import living
from tests.waiting import until, until_async

DEADLINE = 60.0

# Writes its own pid, then that of a child in the same group, of one in a session of its own, and of one that is a
# daemon: in a session of its own and without a living parent.
FAMILY = """
import os, subprocess, sys, time
sleep = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
pids = [os.getpid(), subprocess.Popen(sleep).pid, subprocess.Popen(sleep, start_new_session=True).pid]
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    daemon = subprocess.Popen(sleep)
    os.write(write, b"%d" % daemon.pid)
    os._exit(0)
os.wait()
pids.append(int(os.read(read, 20)))
print(*pids, file=sys.stderr)
time.sleep(600)
"""

# A crashproof that starts the family and then does what the test asks.
CRASHPROOF = """
import asyncio, os, sys, time
from pathlib import Path
from harness.processes.process import Process

async def main():
    logs, then = Path(sys.argv[1]), sys.argv[2]
    family = await Process.start([sys.executable, "-S", "-c", sys.argv[3]], name="family", logs=logs)
    while family.log_tail().count(" ") < 3:
        await asyncio.sleep(0.01)
    (logs / "ready").touch()
    if then == "raise":
        raise ValueError("as asked")
    if then == "leave":
        os._exit(0)
    if then == "return":
        return
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def start_family(logs: Path) -> tuple[Process, list[int]]:
    family = await Process.start([sys.executable, "-S", "-c", FAMILY], name="family", logs=logs)
    await until_async(lambda: family.log_tail().count(" ") == 3, "the family is complete")
    pids = [int(word) for word in family.log_tail().split()]
    assert pids[0] == family.pid
    assert living(pids) == pids
    return family, pids


async def test_kill_leaves_no_descendant(tmp_path: Path) -> None:
    family, pids = await start_family(tmp_path)
    assert sorted(family.pids()) == sorted(pids)
    below = functools.partial(tree.descendants, os.getpid())
    # What another test has killed may be on its way out.
    await until_async(lambda: set(below()) == set(below(tree.look_around())), "both say the same")
    await family.kill()
    assert living(pids) == []
    assert family.exit_status == -signal.SIGKILL
    assert not family.alive


async def test_kill_now_kills_the_group_and_what_left_it(tmp_path: Path) -> None:
    family, pids = await start_family(tmp_path)
    family.kill_now()
    await until_async(lambda: not living(pids), "all are gone, the daemon too")
    await family.kill()


async def test_terminate_takes_the_rest_after_the_grace(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    deaf = await Process.start([sys.executable, "-S", "-c", code], name="deaf", logs=tmp_path)
    await until_async(lambda: deaf.log_tail() == "1", "it ignores SIGTERM")
    assert await deaf.terminate(grace=0.1) == -signal.SIGKILL


async def test_terminate_lets_it_leave_by_itself(tmp_path: Path) -> None:
    code = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(1, flush=True)"
    polite = await Process.start([sys.executable, "-S", "-c", f"{code}; time.sleep(600)"], name="polite", logs=tmp_path)
    await until_async(lambda: polite.log_tail() == "1", "it handles SIGTERM")
    assert await polite.terminate(grace=DEADLINE) == 7


async def test_kill_after_the_end_takes_what_stayed(tmp_path: Path) -> None:
    gone = await Process.start(["sh", "-c", "sleep 600 & echo $!"], name="gone", logs=tmp_path)
    assert await gone.wait() == 0
    stayed = int(gone.log_tail())
    assert living([stayed]) == [stayed]
    await gone.kill()
    assert living([stayed]) == []
    assert gone.exit_status == 0


async def test_exit_is_noticed_and_told_to_all_who_wait(tmp_path: Path) -> None:
    process = await Process.start(["sh", "-c", "exit 3"], name="three", logs=tmp_path)
    assert [*await asyncio.gather(process.wait(), process.wait())] == [3, 3]
    assert process.exit_status == 3


async def test_the_command_sees_its_own_environment_folder_and_closed_input(tmp_path: Path) -> None:
    script = "pwd; cat; env"
    env = {"PATH": os.environ["PATH"], "WORD": "as given"}
    process = await Process.start(["sh", "-c", script], name="seen", logs=tmp_path / "logs", env=env, cwd=tmp_path)
    assert await process.wait() == 0
    lines = process.out.read_text().splitlines()
    assert lines[0] == str(tmp_path)
    seen = {line.partition("=")[0] for line in lines[1:]} - {"PWD", "OLDPWD", "SHLVL", "_"}
    assert seen == {"PATH", "WORD"}


async def test_it_leads_a_session_and_a_group_of_its_own(tmp_path: Path) -> None:
    process = await Process.start(["sleep", "600"], name="sleep", logs=tmp_path)
    assert os.getpgid(process.pid) == os.getsid(process.pid) == process.pid
    await process.kill()


async def test_log_tail_is_of_this_start_and_ends_with_the_errors(tmp_path: Path) -> None:
    (tmp_path / "talk.out").write_text("from an earlier start\n")
    process = await Process.start(["sh", "-c", "seq 1 5; seq 11 13 >&2"], name="talk", logs=tmp_path)
    await process.wait()
    assert process.log_tail(4).split() == ["5", "11", "12", "13"]
    assert process.log_tail(2).split() == ["12", "13"]
    assert process.log_tail().split() == ["1", "2", "3", "4", "5", "11", "12", "13"]
    assert process.out.read_text().startswith("from an earlier start\n1\n")


async def test_command_not_found_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not found on PATH: 'pyhton3' \(did you mean 'python3'\?\)"):
        await Process.start(["pyhton3", "worker.py"], name="worker", logs=tmp_path)


def test_command_that_cannot_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text")
    with pytest.raises(UsageError, match="the command is empty"):
        find_command([], path="")
    with pytest.raises(UsageError, match=r"there is no file '.*gone'"):
        find_command([str(tmp_path / "gone")], path="")
    with pytest.raises(UsageError, match="not executable; allow it with `chmod"):
        find_command(["./plain"], path="", cwd=tmp_path)
    with pytest.raises(UsageError, match="folder to run 'sh' in does not exist"):
        find_command(["sh"], path=os.environ["PATH"], cwd=tmp_path / "gone")


async def test_file_that_is_no_program_is_exit_status_127(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("not a program\n")
    script.chmod(0o755)
    process = await Process.start([str(script)], name="script", logs=tmp_path)
    assert await process.wait() == 127
    assert "cannot be run: Exec format error" in process.log_tail()


@pytest.mark.parametrize("end", ["kill -9", "SIGINT", "SIGTERM", "raise", "leave", "return"])
def test_nothing_outlives_crashproof(tmp_path: Path, end: str) -> None:
    command = [sys.executable, "-c", CRASHPROOF, str(tmp_path), end, FAMILY]
    with (tmp_path / "crashproof.log").open("wb") as log:
        crashproof = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    until((tmp_path / "ready").exists, "crashproof has started the family")
    pids = [int(word) for word in (tmp_path / "family.err").read_text().split()]
    assert len(pids) == 4
    signals = {"kill -9": signal.SIGKILL, "SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
    watchers = [child.pid for child in psutil.Process(crashproof.pid).children()] if end in signals else []
    if end in signals:
        assert len(watchers) == 1
        crashproof.send_signal(signals[end])
    crashproof.wait(DEADLINE)
    until(lambda: not living(pids), f"the family {pids} is gone")
    until(lambda: not living(watchers), "the keeper is gone")


def test_another_process_of_the_same_id_is_spared() -> None:
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    seen = tree.look(stranger.pid)
    assert seen is not None
    older = seen._replace(start=seen.start - 1)
    assert not tree.is_there(older)
    assert not tree.signal_exactly(older, signal.SIGKILL)
    assert stranger.poll() is None
    assert tree.signal_exactly(seen, signal.SIGKILL)
    assert stranger.wait(DEADLINE) == -signal.SIGKILL
