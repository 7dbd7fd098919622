"""The pytest plugin as a user has it: in a small project of its own, run by a pytest of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.servers.binaries import find_temporal
from tests.rig.cli.running import AGENTS, GONE_WITHIN, LIMIT, MARKER, ROOT, marked
from tests.waiting import until

pytest_plugins = ["pytester"]

PROJECT_LIMIT = 250.0  # seconds for the tests of one project, on a busy machine

HEAVY = {"temporalio", "grpc", "msgspec", "click", "psutil", "google", "asyncio", "rich"}
"""What a project that does not use the plugin must not pay for."""

PROJECT = f"""
import asyncio, json, threading, urllib.error, urllib.request
import pytest
from temporalio.client import Client
from harness import RigError, Scenario, UsageError, start

WORKER = "{sys.executable} {AGENTS / "hard_coded.py"}"
"""

FIXTURES = (
    PROJECT
    + """
async def test_worker_dies_in_the_middle_of_an_effect(crashproof_server, crashproof_worker, crashproof_effects):
    asked, go = threading.Event(), threading.Event()

    def hold(effect):
        asked.set()
        go.wait(120)
        return {"ok": True}

    crashproof_effects.answers_with(hold)
    worker = await crashproof_worker(WORKER, task_queue="fixed")
    first = worker.pid
    client = await Client.connect(crashproof_server.address, namespace=crashproof_server.namespace)
    work = await client.start_workflow("Marking", "ash", id="marks", task_queue="fixed")
    assert await asyncio.to_thread(asked.wait, 120)
    await worker.kill()
    assert not worker.alive
    go.set()
    await worker.start()
    assert worker.alive and worker.pid != first and worker.number == 2
    assert await work.result() == "ash"
    assert [(effect.name, effect.key) for effect in crashproof_effects.ledger] == [("mark", "ash"), ("mark", "ash")]
    reached = await worker.reached("before/RespondActivityTaskCompleted/*")
    assert reached == "before/RespondActivityTaskCompleted/Marking/mark.1/attempt-2"
    with pytest.raises(RigError, match="still runs"):
        await worker.start()
    await crashproof_server.kill()


async def test_server_is_there_again_and_survives_a_kill(crashproof_server, crashproof_worker, crashproof_effects):
    await crashproof_worker(WORKER, task_queue="fixed")
    client = await Client.connect(crashproof_server.address, namespace=crashproof_server.namespace)
    work = await client.start_workflow("Marking", "elm", id="marks", task_queue="fixed")
    await crashproof_server.restart()
    assert await work.result() == "elm"
    assert {effect.key for effect in crashproof_effects.ledger} == {"elm"}


async def test_worker_that_does_not_start(crashproof_worker):
    with pytest.raises(RigError, match="exited with status 3 before it polled"):
        await crashproof_worker("python -c 'raise SystemExit(3)'")


def ask(model, text="hello"):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{model.url}/chat/completions", data=body)) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]


def test_model_in_a_synchronous_test(crashproof_model):
    crashproof_model.answers_with(lambda request: request["messages"][-1]["content"].upper())
    crashproof_model.fails_with("model-429-seconds")
    crashproof_model.fails_with("model-truncated")
    with pytest.raises(urllib.error.HTTPError, match="429") as refused:
        ask(crashproof_model)
    assert int(refused.value.headers["retry-after"]) > 0
    with pytest.raises(json.JSONDecodeError):
        ask(crashproof_model)
    assert ask(crashproof_model) == "HELLO"
    assert [seen.operation for seen in crashproof_model.requests] == ["chat.completions"] * 3


def test_script_in_a_file(crashproof_model, tmp_path):
    (tmp_path / "script.py").write_text("def answer(request): return 'from a file'")
    crashproof_model.answers_with(tmp_path / "script.py")
    assert ask(crashproof_model) == "from a file"
    with pytest.raises(UsageError, match="'kill-worker' is no fault that the model can make"):
        crashproof_model.fails_with("kill-worker")


def test_lost_reply(crashproof_effects):
    def charge():
        urllib.request.urlopen(urllib.request.Request(f"{crashproof_effects.url}/charge", data=b"{}")).close()

    crashproof_effects.fails_with("effect-reply-lost")
    with pytest.raises(OSError):
        charge()
    charge()
    assert [effect.name for effect in crashproof_effects.ledger] == ["charge", "charge"]


def test_synchronous_misuse(crashproof_server):
    crashproof_server.kill()


async def test_forgotten(crashproof_server):
    crashproof_server.kill()
"""
)

SWEEPS = (
    PROJECT
    + """
marks = Scenario(worker=WORKER, work=start("Marking", "ash"), task_queue="fixed")
charges = Scenario(
    worker="python -m scenarios.broken.agents.effect_without_key", work=start("ChargeWithoutKey", "order-1")
)
ANSWER = "before/RespondActivityTaskCompleted/*"


async def test_passes(crashproof_survives):
    swept = await crashproof_survives(marks, faults=["kill-worker"], only=ANSWER)
    assert len(swept.struck) == 1


async def test_is_caught(crashproof_survives):
    await crashproof_survives(charges, faults=["kill-worker"], only=[ANSWER])


async def test_proves_nothing(crashproof_survives):
    made_here = Scenario(worker=WORKER, work=start("Marking", "elm"), task_queue="fixed")
    await crashproof_survives(made_here, only=["before/nowhere"])


async def test_does_not_start(crashproof_survives):
    await crashproof_survives(Scenario(worker="python -c 'raise SystemExit(3)'", work=start("Marking")))
"""
)

WAITS = """
import asyncio, pathlib

async def test_waits(crashproof_worker):
    await crashproof_worker({command!r})
    pathlib.Path("begun").write_text("")
    await asyncio.Event().wait()
"""


IN_PROCESS = """
import openai, pytest, socket

pytestmark = pytest.mark.usefixtures("crashproof_loopback_only")

def ask():
    client = openai.OpenAI(api_key="none", base_url="https://api.openai.com/v1", max_retries=0)
    return client.responses.create(model="m", input="hello").output_text

def test_mocked(crashproof_mocked_model):
    crashproof_mocked_model.answers_with(lambda request: "Paris.")
    crashproof_mocked_model.fails_with("model-500-once")
    with pytest.raises(openai.InternalServerError):
        ask()
    assert ask() == "Paris."

def test_leaves_and_tells_nobody():
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    except BaseException:
        pass
"""


EXPLORES = """
import sys

from harness import Scenario, explores, signal, start

def scenario(workflow):
    worker = f"{sys.executable} -m tests.replay.explored.worker"
    sends = [signal("approve")]
    return Scenario(worker=worker, task_queue="agents", work=start(workflow), sends=sends, explores=explores(trouble=0))

counts = scenario("WaitsForOne")

async def test_counts(crashproof_explores):
    assert (await crashproof_explores(counts)).whole

async def test_loses(crashproof_explores):
    await crashproof_explores(scenario("ResetsApproval"))
"""

USES_NOTHING = f"""
import sys

def test_one():
    assert not {HEAVY!r} & sys.modules.keys()

def test_two():
    assert 1 == 2
"""


@pytest.fixture(scope="session")
def temporal() -> str:
    """The Temporal CLI, found while this is still the user's home: pytester makes another one, with an empty cache."""
    return str(asyncio.run(find_temporal()).path)


@pytest.fixture
def project(temporal: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.Pytester]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CRASHPROOF_TEMPORAL", temporal)
    monkeypatch.setenv(MARKER, str(pytester.path))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    yield pytester
    for process in marked(pytester.path):
        process.kill()


def left(project: pytest.Pytester) -> list[Any]:
    """Return what the project's pytest has left behind after a while."""
    deadline = time.monotonic() + GONE_WITHIN
    while (found := marked(project.path)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def shown(result: pytest.RunResult) -> str:
    return result.stdout.str()


def test_the_fixtures(project: pytest.Pytester) -> None:
    project.makepyfile(test_fixtures=FIXTURES)
    result = project.runpytest_subprocess("-p", "no:cacheprovider", timeout=PROJECT_LIMIT)
    # The forgotten call is found when its test is over: that is an error of a test that passed.
    result.assert_outcomes(passed=7, failed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_forgotten*",
            "crashproof: `crashproof_server.kill()` was called but never awaited, so nothing was done",
            ">       crashproof_server.kill()",
            "E *UsageError: crashproof_server.kill() is asynchronous, and this is not: make the test `async def`, *",
        ]
    )
    assert left(project) == []


def test_the_fixtures_of_a_test_without_servers(project: pytest.Pytester) -> None:
    project.makepyfile(test_in_process=IN_PROCESS)
    result = project.runpytest_subprocess("-p", "no:cacheprovider", timeout=PROJECT_LIMIT)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_leaves_and_tells_nobody*",
            "crashproof: something tried to leave this machine: connect to 192.0.2.1 port 443",
        ]
    )


def test_the_sweeps(project: pytest.Pytester) -> None:
    project.makepyfile(test_sweeps=SWEEPS)
    result = project.runpytest_subprocess("-p", "no:cacheprovider", timeout=PROJECT_LIMIT)
    result.assert_outcomes(passed=1, failed=3)
    caught, nothing, no_start = re.split(r"^_{4,} test_\w+ _{4,}$", shown(result), flags=re.MULTILINE)[1:]
    evidence = re.search(r"Evidence:        (\.crashproof/runs/\S+)/trials/(\w+)/", caught)
    assert evidence, caught
    assert "charges · kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1" in caught
    assert "FAIL  effects-happen-once" in caught
    assert f"Reproduce with:  crashproof reproduce {evidence[2]}" in caught
    assert "Traceback" not in caught
    kept = project.path / evidence[1]
    assert {"run.json", "report.html", "report.txt", "trials"} <= set(os.listdir(kept))
    assert (kept / "report.txt").read_text().strip() in caught
    assert "test_proves_nothing  UNKNOWN" in nothing
    assert "no point matches before/nowhere" in nothing
    assert "exited with status 3 before it polled" in no_start
    assert left(project) == []


def test_the_explorations(project: pytest.Pytester) -> None:
    project.makepyfile(test_explores=EXPLORES)
    result = project.runpytest_subprocess("-p", "no:cacheprovider", timeout=PROJECT_LIMIT)
    result.assert_outcomes(passed=1, failed=1)
    assert "FAIL  message-lost" in shown(result)
    assert "signal approve is lost where it comes early" in shown(result)
    assert "Traceback" not in shown(result)
    assert (project.path / ".crashproof" / "explorations" / "latest" / "report.html").is_file()
    assert left(project) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_pytest_is_ended(project: pytest.Pytester, number: signal.Signals) -> None:
    project.makepyfile(test_waits=WAITS.format(command=f"{sys.executable} {AGENTS / 'hard_coded.py'}"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    with (project.path / "out").open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    until(lambda: (project.path / "begun").exists() or running.poll() is not None)
    assert running.poll() is None, (project.path / "out").read_text()
    running.send_signal(number)
    assert running.wait(LIMIT) == (pytest.ExitCode.INTERRUPTED if number == signal.SIGINT else -number)
    assert left(project) == []


def test_each_process_of_xdist_has_a_server(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pathlib

        def test_server(crashproof_server, worker_id):
            pathlib.Path(worker_id).write_text(crashproof_server.address)
        """
    )
    result = project.runpytest_subprocess(
        "-p", "no:cacheprovider", "--tx", "2*popen", "--dist", "each", timeout=PROJECT_LIMIT
    )
    result.assert_outcomes(passed=2)
    assert (project.path / "gw0").read_text() != (project.path / "gw1").read_text()
    assert left(project) == []


def test_without_a_server_binary(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRASHPROOF_TEMPORAL", "/nowhere/temporal")
    project.makepyfile(
        """
        def test_server(crashproof_server): pass
        def test_sweep(crashproof_survives): pass
        """
    )
    result = project.runpytest_subprocess("-p", "no:cacheprovider", timeout=PROJECT_LIMIT)
    result.assert_outcomes(errors=2)
    assert "Traceback" not in shown(result)
    assert "During handling" not in shown(result)
    result.stdout.fnmatch_lines(
        ["crashproof: CRASHPROOF_TEMPORAL names no working program: *; name a file that prints its version *"]
    )


def test_it_is_inert_where_it_is_not_used(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.makeini("")
    project.makepyfile(USES_NOTHING)
    for arguments in (["-q"], ["--markers"], ["-h"]):
        without = project.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
        active = project.runpytest_subprocess("-p", "no:cacheprovider", "-p", "crashproof", *arguments)
        assert _timeless(active) == _timeless(without)
        assert active.ret == without.ret
    assert not (project.path / ".crashproof").exists()


def test_it_is_light() -> None:
    script = (
        "import pytest, sys; before = set(sys.modules); import harness.pytest_plugin;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"harness", "difflib"}


def _timeless(result: pytest.RunResult) -> list[str]:
    return [re.sub(r"in \d+\.\d+s( \([\d:]+\))?", "in no time", line) for line in result.outlines]
