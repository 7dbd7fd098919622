"""A worker forked in a fork server is what a cold start would have made it, and as mortal."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.processes import tree
from harness.processes.forkserver.program import ColdStartError
from harness.processes.process import Process
from harness.records.tape import acts
from harness.trial.live_tape import LiveTape
from harness.trial.registry import WorkerRegistry
from harness.trial.worker import WorkerProcesses
from tests.children import living
from tests.rig.processes.forkserver.conftest import Forking
from tests.waiting import until, until_async

DEADLINE = 60.0

# Prints all that a program can see of how it was started.
SEEN = """
import click, gc, json, logging, multiprocessing, os, random, signal, sys, threading
import own
spec = globals().get("__spec__")
print(json.dumps({
    "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "executable": sys.executable,
    "flags": repr(sys.flags), "name": __name__, "file": __file__, "package": __package__, "spec": spec and spec.name,
    "loader": type(__loader__).__name__, "cached": __cached__, "doc": __doc__, "globals": sorted(globals()),
    "is_main": sys.modules["__main__"].__dict__ is globals(), "cwd": os.getcwd(), "environment": dict(os.environ),
    "leads": os.getpid() == os.getpgid(0) == os.getsid(0), "input": sys.stdin.read(),
    "signals": {number: str(signal.getsignal(number)) for number in (2, 10, 13, 15, 17)},
    "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "open": sorted(os.readlink(f"/proc/self/fd/{name}") for name in ("0", "1", "2")),
    "descriptors": len(os.listdir("/proc/self/fd")), "threads": threading.active_count(),
    "encoding": [sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.errors], "umask": os.umask(0o22),
    "hooks": [sys.excepthook is sys.__excepthook__, gc.isenabled(), sys.getrecursionlimit(), __debug__],
    "thread": threading.current_thread() is threading.main_thread(), "logging": logging.root.handlers,
}, default=str))
"""

# Writes its own pid, then that of a child in a session of its own, and of a daemon that was forked alone.
FAMILY = """
import os, subprocess, sys, time
sleep = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
pids = [os.getpid(), subprocess.Popen(sleep, start_new_session=True).pid]
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    daemon = os.fork()
    if daemon:
        os.write(write, b"%d" % daemon)
        os._exit(0)
    time.sleep(600)
os.wait()
pids.append(int(os.read(read, 20)))
print(*pids, file=sys.stderr)
time.sleep(600)
"""

# A crashproof that forks the family and then does what the test asks.
CRASHPROOF = """
import asyncio, sys
from pathlib import Path
from harness.processes.forkserver.pool import ForkServers
from harness.processes.command import environment

async def main():
    logs, then = Path(sys.argv[1]), sys.argv[2]
    start, env = ForkServers(logs=logs).start, environment({})
    families = [
        await start(["python", "family.py"], number=number, name=name, logs=logs, env=env)
        for number, name in enumerate(("family", "other family"), start=1)
    ]
    for family in families:
        while family.log_tail().count(" ") < 2:
            await asyncio.sleep(0.01)
    (logs / "ready").touch()
    if then == "return":
        return
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def printed(process: Process) -> dict[str, Any]:
    assert await process.wait() == 0, process.log_tail()
    seen: dict[str, Any] = json.loads(process.out.read_text())
    assert seen["open"] == ["/dev/null", str(process.err), str(process.out)]
    return {**seen, "open": ""}


@pytest.mark.parametrize(
    "command",
    [
        ["python", "-m", "package.seen", "--flag", "a b"],
        ["python3", "-m", "package", "x"],
        ["python", "below/seen.py", "one", ""],
        [sys.executable, "-u", "-O", "-X", "utf8=0", "-Wignore", "seen.py"],
        ["python", "-B", "-P", "-m", "seen"],
    ],
)
async def test_a_forked_worker_sees_what_a_cold_one_sees(project: Path, forking: Forking, command: list[str]) -> None:
    for place in ("seen.py", "package/seen.py", "package/__main__.py", "below/seen.py"):
        (project / place).write_text(SEEN)
    (project / "below" / "own.py").touch()
    if "-P" in command:  # the folder is not on the path then
        forking.env["PYTHONPATH"] = str(project)
    assert await printed(await forking.forked(*command)) == await printed(await forking.cold(*command))


@pytest.fixture
def other_python(tmp_path: Path) -> str:
    """The Python of an environment that has one package, and none of crashproof's."""
    venv.create(tmp_path / "other", symlinks=True)
    packages = next((tmp_path / "other").glob("lib/python*/site-packages"))
    (packages / "theirs.py").write_text("import os\nPID = os.getpid()\n")
    return str(tmp_path / "other" / "bin" / "python")


async def test_a_worker_of_another_environment_is_forked_by_its_own_python(
    project: Path, forking: Forking, other_python: str
) -> None:
    (project / "worker.py").write_text("import os, theirs; print(theirs.PID != os.getpid())")
    forked = await forking.forked(other_python, "worker.py")
    assert await forked.wait() == 0
    assert forked.log_tail() == "True"
    (project / "seen.py").write_text(SEEN.replace("import click, ", "import theirs, "))
    assert await printed(await forking.forked(other_python, "seen.py")) == await printed(
        await forking.cold(other_python, "seen.py")
    )


async def test_what_reads_no_program_is_told_in_a_line(project: Path, forking: Forking) -> None:
    (project / "python2").write_text("#!/bin/sh\necho too old >&2; exit 3\n")
    (project / "python2").chmod(0o755)
    (project / "worker.py").touch()
    with pytest.raises(ColdStartError, match=r"\./python2 cannot read what it imports: too old"):
        await forking.forked("./python2", "worker.py")


async def test_own_modules_are_imported_anew_in_each(project: Path, forking: Forking) -> None:
    (project / "worker.py").write_text("import own, other, click; print(other.WORD)")
    pids, words = [], []
    for number, word in enumerate(["first", "second", "third"], start=1):
        (project / "other.py").write_text(f"WORD = {word!r}")
        process = await forking.forked("python", "worker.py", number=number)
        assert await process.wait() == 0
        pids.append(process.pid)
        words.append(process.log_tail())
    assert words == ["first", "second", "third"]
    assert [int(line) for line in (project / "imported").read_text().split()] == pids


async def test_installed_modules_are_there_before_the_fork(project: Path, forking: Forking) -> None:
    (project.parent / "installed" / "slow.py").write_text("import os\nPID = os.getpid()\n")
    (project / "worker.py").write_text("import os, slow; print(slow.PID != os.getpid())")
    process = await forking.forked("python", "worker.py")
    assert await process.wait() == 0
    assert process.log_tail() == "True"


async def test_a_fork_server_that_was_warmed_is_the_one_that_forks(project: Path, forking: Forking) -> None:
    parent_of_keeper = "open(f'/proc/{os.getppid()}/stat').read().split(') ')[1].split()[1]"
    (project / "worker.py").write_text(f"import os; print({parent_of_keeper})")
    await forking.fork_servers.warm(["python", "worker.py"], env={**forking.env, "EFFECTS_URL": "another trial's"})
    warmed = forking.fork_server().pid
    process = await forking.forked("python", "worker.py")
    assert await process.wait() == 0
    assert process.log_tail() == str(warmed)
    await forking.fork_servers.warm(["no such program"], env=forking.env)  # its own start will say so


@pytest.mark.parametrize(
    ("code", "status", "tail"),
    [
        ("pass", 0, []),
        ("import sys; sys.exit(3)", 3, []),
        ("import sys; sys.exit('no reason')", 1, ["no reason"]),
        ("import os; os._exit(7)", 7, []),
        ("import atexit; atexit.register(print, 'at the end'); print('first', end=' ')", 0, ["first at the end"]),
        ("import threading, time; threading.Timer(0.1, print, ['late']).start()", 0, ["late"]),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL, []),
        ("import os; os.abort()", -signal.SIGABRT, []),
        ("import asyncio\nasync def main():\n    raise ValueError('as asked')\nasyncio.run(main())", 1, None),
        ("x = 1 +", 1, None),
        ("import package.gone", 1, None),
        ("raise KeyboardInterrupt", -signal.SIGINT, None),
    ],
)
async def test_it_ends_as_a_cold_one(
    project: Path, forking: Forking, code: str, status: int, tail: list[str] | None
) -> None:
    (project / "worker.py").write_text(code)
    forked, cold = await forking.forked("python", "worker.py"), await forking.cold("python", "worker.py")
    assert [await forked.wait(), await cold.wait()] == [status, status]
    if tail is None:
        tail = cold.log_tail(50).splitlines()
        assert tail
    last = -1 if status == -signal.SIGINT else 0  # the interpreter itself ends that one, and shows lines of ours too
    assert forked.log_tail(50).splitlines()[last:] == tail[last:]


async def test_a_module_that_is_missing_is_told_as_by_python(forking: Forking) -> None:
    forked, cold = await forking.forked("python", "-m", "gone"), await forking.cold("python", "-m", "gone")
    assert await forked.wait() == await cold.wait() == 1
    assert forked.log_tail() == cold.log_tail() != ""


async def test_consecutive_workers_have_other_hash_seeds_and_random_numbers(project: Path, forking: Forking) -> None:
    (project.parent / "installed" / "dice.py").write_text("import random\nOWN = random.Random()\n")
    code = "import dice, random, uuid; print(hash('a'), random.random(), dice.OWN.random(), uuid.uuid4())"
    (project / "worker.py").write_text(code)
    seen = []
    for number in (1, 2, 3):
        process = await forking.forked("python", "worker.py", number=number)
        assert await process.wait() == 0
        seen.append(process.log_tail().split())
    hashes, *others = zip(*seen, strict=True)
    assert hashes[0] == hashes[2] != hashes[1]
    assert [len(set(each)) for each in others] == [3, 3, 3]


async def test_a_kill_leaves_no_descendant(project: Path, forking: Forking) -> None:
    (project / "worker.py").write_text(FAMILY)
    family = await forking.forked("python", "worker.py")
    other = await forking.forked("python", "worker.py")
    await until_async(lambda: family.log_tail().count(" ") == other.log_tail().count(" ") == 2, "both are complete")
    pids, others = ([int(word) for word in each.log_tail().split()] for each in (family, other))
    assert (pids[0], family.alive) == (family.pid, True)
    await family.kill()
    assert (living(pids), living(others)) == ([], others)
    assert family.exit_status == await family.wait() == -signal.SIGKILL
    assert tree.look(family.pid) is None, "it is reaped"
    await other.kill()
    assert living(others) == []


async def test_terminate_ends_it(project: Path, forking: Forking) -> None:
    code = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(1); time.sleep(600)"
    (project / "worker.py").write_text(code)
    polite = await forking.forked("python", "worker.py")
    await until_async(lambda: polite.log_tail() == "1", "it handles SIGTERM")
    assert await polite.terminate(grace=DEADLINE) == 7


async def test_a_worker_outlives_its_fork_server_and_the_next_one_is_started_cold(
    project: Path, forking: Forking
) -> None:
    (project / "worker.py").write_text("import time; time.sleep(600)")
    process = await forking.forked("python", "worker.py", number=2)
    psutil.Process(process.pid).parents()[1].kill()
    with pytest.raises(ColdStartError, match="the fork server ended"):
        await forking.forked("python", "worker.py", number=2)
    assert (await forking.forked("python", "worker.py", number=1)).alive
    assert process.alive
    await process.kill()
    assert process.exit_status == -signal.SIGKILL


async def test_a_worker_dies_with_its_keeper_and_is_known_to_be_lost(project: Path, forking: Forking) -> None:
    (project / "worker.py").write_text("import time; time.sleep(600)")
    process = await forking.forked("python", "worker.py")
    psutil.Process(psutil.Process(process.pid).ppid()).kill()
    assert await process.wait() == -signal.SIGKILL
    assert "died since somebody killed its keeper" in str(process.why_ended("the worker"))


@pytest.mark.parametrize("end", ["kill -9", "SIGINT", "SIGTERM", "return"])
def test_nothing_outlives_crashproof(project: Path, end: str) -> None:
    (project / "family.py").write_text(FAMILY)
    logs = project.parent / "logs"
    logs.mkdir()
    command = [sys.executable, "-c", CRASHPROOF, str(logs), end]
    with (logs / "crashproof.log").open("wb") as log:
        crashproof = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    until(lambda: (logs / "ready").exists() or crashproof.poll() is not None, "crashproof has started the family")
    pids = [int(word) for word in (logs / "family.err").read_text().split()]
    assert len(pids) == 3
    signals = {"kill -9": signal.SIGKILL, "SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
    if end in signals:
        started = [child.pid for child in psutil.Process(crashproof.pid).children(recursive=True)]
        assert len(started) >= 8, "two fork servers, the family, and their keepers"
        crashproof.send_signal(signals[end])
        pids += started
    crashproof.wait(DEADLINE)
    until(lambda: not living(pids), f"the family {pids} and the fork servers are gone")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=[600], daemon=True).start()", "a thread"),
        ("import socket\nsocket_of_mine = socket.socket()", "opened socket:"),
        ("import subprocess\nsubprocess.Popen(['sleep', '600'])", "started a process"),
        ("import os\nwhole = dict(os.environ)", "read the whole environment"),
        ("import os\nos.getenv('EFFECTS_URL')", "read EFFECTS_URL"),
        ("import os\nhidden = os.environ.get('SET_BY_THE_WORKER')", "the program sets SET_BY_THE_WORKER"),
        ("import own", "imported own, which is not installed"),
        ("import shadowed", "the module shadowed of the worker stands before"),
    ],
)
async def test_an_import_that_must_not_be_shared_means_a_cold_start(
    project: Path, forking: Forking, module: str, reason: str
) -> None:
    forking.env["PYTHONPATH"] += f":{project}"
    installed = project.parent / "installed"
    (installed / "third.py").write_text(module)
    (installed / "shadowed.py").touch()
    (project / "below" / "shadowed.py").touch()
    (project / "below" / "worker.py").write_text("import os\nos.environ['SET_BY_THE_WORKER'] = '1'\nimport third\n")
    with pytest.raises(ColdStartError, match=reason):
        await forking.forked("python", "below/worker.py")


async def test_what_imports_do_to_the_environment_is_kept(project: Path, forking: Forking) -> None:
    (project.parent / "installed" / "third.py").write_text(
        "import os\nos.environ.setdefault('ADDED', '1')\nos.environ.pop('REMOVED', None)\nos.environ['LANG'] = 'C'\n"
    )
    (project / "worker.py").write_text(
        "import third, os; print(*(os.environ.get(name) for name in ('ADDED', 'REMOVED', 'LANG', 'EFFECTS_URL')))"
    )
    process = await forking.forked("python", "worker.py", REMOVED="now")
    assert await process.wait() == 0
    assert process.log_tail() == "1 None C here"


async def test_a_failing_import_is_left_to_the_worker(project: Path, forking: Forking) -> None:
    (project.parent / "installed" / "third.py").write_text("raise RuntimeError('not today')")
    (project / "worker.py").write_text("try:\n    import third\nexcept RuntimeError as error:\n    print(error)\n")
    process = await forking.forked("python", "worker.py")
    assert await process.wait() == 0
    assert process.log_tail() == "not today"


async def test_another_environment_has_another_fork_server(project: Path, forking: Forking) -> None:
    prints = "import os, sys, time; print(os.environ['EFFECTS_URL'], sys.flags.hash_randomization)\n"
    (project / "worker.py").write_text(f"{prints}while not os.path.exists('end'): time.sleep(0.01)")
    first = await forking.forked("python", "worker.py", EFFECTS_URL="http://one", PAYMENTS_URL="http://one/pay")
    second = await forking.forked("python", "worker.py", EFFECTS_URL="http://two", PAYMENTS_URL="http://two/pay")
    third = await forking.forked("python", "worker.py", PYTHONHASHSEED="0")
    parents = [psutil.Process(each.pid).parents()[1] for each in (first, second, third)]
    assert parents[0] == parents[1] != parents[2]
    (project / "end").touch()
    assert [await each.wait() for each in (first, second, third)] == [0, 0, 0]
    assert [each.log_tail() for each in (first, second, third)] == ["http://one 1", "http://two 1", "here 0"]


@pytest.mark.parametrize(
    ("command", "starts"),
    [
        ("python worker.py", ["forked", "forked"]),
        ("sh -c 'sleep 600'", ["cold", "cold"]),
    ],
)
async def test_a_worker_is_started_in_one_way_or_the_other_and_the_tape_says_how(
    project: Path, forking: Forking, command: str, starts: list[str]
) -> None:
    (project / "worker.py").write_text("import time; time.sleep(600)")

    async def nothing(number: int) -> None:
        pass

    async def environment_of(number: int) -> dict[str, str]:
        return forking.env

    tape, registry = LiveTape(), WorkerRegistry()
    workers = WorkerProcesses(
        registry,
        command=command,
        environment=environment_of,
        logs=forking.logs,
        tape=tape,
        task_queue="",
        recover=nothing,
        strict=True,
        fork_servers=forking.fork_servers,
    )
    starting = asyncio.create_task(workers.start())
    await until_async(lambda: registry.process or starting.done(), "there is a process")
    registry.polls("queue", tasks="workflow")
    await starting
    again = asyncio.create_task(workers.start())
    await until_async(lambda: len([*acts(tape.entries, "start-worker")]) == 2 or again.done(), "there are two")
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    assert [entry.facts.start for entry in acts(tape.entries, "start-worker")] == starts
    await workers.stop()
