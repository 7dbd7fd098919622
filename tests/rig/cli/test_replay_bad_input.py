"""``crashproof replay`` on files that are none and code that does its worst: each has its verdict, the others too."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.rig.cli.running import ROOT, Running, begun, crashproof, marked

GREETING = json.loads((ROOT / "tests/replay/histories/Greeting-run.json").read_text())
GOOD = ("--workflows", "tests.replay.sample_workflows")
PLAIN = ("--condition", "plain")
MEBIBYTE = 1024 * 1024


def history(workflow: str = "Greeting", *, events: int = 0, argument: str = "") -> str:
    """Return the history of a greeting as that of another workflow type, its first events, or of another argument."""
    told = json.loads(json.dumps(GREETING))
    started = told["events"][0]["workflowExecutionStartedEventAttributes"]
    started["workflowType"]["name"] = workflow
    if argument:
        scheduled = told["events"][4]["activityTaskScheduledEventAttributes"]
        scheduled["input"]["payloads"][0]["data"] = base64.b64encode(json.dumps(argument).encode()).decode()
    if events:
        told["events"] = told["events"][:events]
    return json.dumps(told)


def without_sdk_metadata(text: str) -> str:
    told = json.loads(text)
    for event in told["events"]:
        event.get("workflowTaskCompletedEventAttributes", {}).pop("sdkMetadata", None)
    return json.dumps(told)


def of_file(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in told["histories"] if each["file"].endswith(f"{name}.json"))
    return found


def messages(told: Mapping[str, Any], name: str) -> list[str]:
    return [each["message"] for each in told["findings"] if any(f"{name}.json" in file for file in each["histories"])]


def replayed(folder: Path, files: Mapping[str, str | bytes], *options: str) -> Any:
    """Replay files of the given contents; return the document of the command."""
    place = folder / "histories"
    place.mkdir()
    for name, content in files.items():
        (place / f"{name}.json").write_bytes(content.encode() if isinstance(content, str) else content)
    scratch = folder / "scratch"
    scratch.mkdir()
    done = crashproof("replay", "histories", *options, "-o", "json", cwd=folder, env={"TMPDIR": str(scratch)})
    assert list(scratch.iterdir()) == []
    told = done.json
    assert done.status == told["exit_status"], done
    return told


def test_files_that_are_no_histories_are_told_and_the_others_judged(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "good": history(),
        "same-run": history(),
        "cut": history()[:-1000],
        "foreign": '{"name": "package", "version": 1}',
        "empty": "",
        "bomb": gzip.compress(b" " * 300 * MEBIBYTE, compresslevel=1),
        "stranger": history("Nobody"),
        "open": history(events=14),
        "open-changed": history(events=14, argument="Bob"),
        "plain-changed": without_sdk_metadata(history(argument="Bob")),
    }
    told = replayed(tmp_path, files, *GOOD, *PLAIN)
    assert told["exit_status"] == 1
    assert told["trials"] == {"run": 10, "passed": 3, "failed": 2, "unknown": 5}
    assert {of_file(told, name)["outcome"] for name in ("good", "same-run", "open")} == {"PASS"}
    for name in ("open-changed", "plain-changed"):
        assert messages(told, name) == ['ScheduleActivityTask hello: input.0 was "Bob", is "Ada"']
    assert told["findings"][0]["line"].startswith(f"{ROOT}/tests/replay/sample_workflows.py:34 in ")
    reasons = {name: of_file(told, name)["reason"] for name in ("cut", "foreign", "empty", "bomb", "stranger")}
    words = {
        "cut": "holds no workflow history",
        "foreign": "no workflow history",
        "empty": "is empty",
        "bomb": "unpacks to more than",
        "stranger": "workflow Nobody is not known: Greeting, SetOrder can be replayed",
    }
    assert [name for name in words if words[name] not in reasons[name]] == [], reasons


def test_history_of_200_mib_is_refused_or_read_with_bounded_memory(tmp_path: Path) -> None:
    large = json.loads(history())
    started = large["events"][0]["workflowExecutionStartedEventAttributes"]
    started["input"]["payloads"][0]["data"] = "LARGE"
    content = base64.b64encode(b'"' + b"a" * (150 * MEBIBYTE) + b'"')
    files: dict[str, str | bytes] = {"large": json.dumps(large).encode().replace(b"LARGE", content), "small": history()}
    with peak(tmp_path) as found:
        told = replayed(tmp_path, files, *GOOD, *PLAIN, "--time-limit", "30")
    assert of_file(told, "small")["outcome"] == "PASS"
    assert of_file(told, "large")["events"] == 22
    assert found[0] < 4096 * MEBIBYTE
    (tmp_path / "again").mkdir()
    told = replayed(tmp_path / "again", files, *GOOD, *PLAIN, "--largest", "64")
    assert "200 MiB, and at most 64 MiB are read; --largest sets another limit" in of_file(told, "large")["reason"]
    assert of_file(told, "small")["outcome"] == "PASS"


@contextmanager
def peak(folder: Path) -> Iterator[list[int]]:
    """Measure the most memory that all processes of a command together hold at a time, in bytes."""
    found, over = [0], threading.Event()

    def measure() -> None:
        while not over.wait(0.1):
            found[0] = max(found[0], sum(memory_of(process) for process in marked(folder)))

    measuring = threading.Thread(target=measure)
    measuring.start()
    try:
        yield found
    finally:
        over.set()
        measuring.join()


def memory_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


MODULES = {
    "ends": "import os\nos._exit(3)\n",
    "leaves": "import sys\nprint('hello')\nassert sys.stdin.read() == ''\nsys.exit('no')\n",
    "lacks": "import no_such_library\n",
    "wrong": "def f(:\n",
    "hangs": "import time\ntime.sleep(1000)\n",
    "noisy": "import os, threading, time\nprint('{}')\nos.write(1, b'{}')\n"
    "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
    "from tests.replay.sample_workflows import Greeting\n",
    "refused": "import random\nfrom temporalio import workflow\nCHOSEN = random.randint(1, 2)\n"
    "@workflow.defn\nclass Refused:\n"
    "    @workflow.run\n    async def run(self, name: str) -> str:\n        return name\n",
}
REASONS = {
    "ends": "the replaying process ended during the import of ends (exit status 3)",
    "leaves": "SystemExit: no",
    "lacks": "ModuleNotFoundError: No module named 'no_such_library'",
    "wrong": "SyntaxError: invalid syntax (wrong.py, line 1)",
    "hangs": "the import of hangs took longer than 20 s at hangs.py:2 in <module> and was stopped",
}


def test_modules_that_cannot_be_imported_are_told_and_the_others_replayed_against(tmp_path: Path) -> None:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    files = {"good": history(), "lost": history("Lost"), "refused": history("Refused")}
    modules = [word for name in MODULES for word in ("--workflows", name)]
    told = replayed(tmp_path, files, *modules, *PLAIN, "--condition", "cold process", "--time-limit", "8")
    assert told["exit_status"] == 1
    assert of_file(told, "good")["outcome"] == "PASS"
    assert {*told["unusable"]} == {f"{name} cannot be used: {why}" for name, why in REASONS.items()}
    reason = of_file(told, "lost")["reason"]
    assert reason.startswith("workflow Lost is not known: Greeting, Refused can be replayed; ")
    assert all(each in reason for each in told["unusable"])
    (message,) = messages(told, "refused")
    assert "a worker with Refused does not start: RestrictedWorkflowAccessError: Cannot access random" in message


def test_no_module_that_can_be_imported_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text(MODULES["ends"])
    (tmp_path / "good.json").write_text(history())
    modules = ("--workflows", "ends", "--workflows", "no_such_module")
    done = crashproof("replay", "good.json", *modules, cwd=tmp_path, env={"TMPDIR": str(tmp_path)})
    assert (done.status, done.out) == (2, "")
    assert "the workflow code (ends, no_such_module) cannot be replayed: ends: the replaying process ended" in done.err
    assert "; no_such_module: ModuleNotFoundError: No module named 'no_such_module' (see " in done.err


def test_two_workflows_of_one_name_are_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(MODULES["refused"].replace("Refused", "Greeting"))
    (tmp_path / "good.json").write_text(history())
    done = crashproof("replay", "good.json", *GOOD, "--workflows", "other", cwd=tmp_path, env={"TMPDIR": str(tmp_path)})
    assert done.status == 2
    assert "tests.replay.sample_workflows and other both define the workflow Greeting: name one of them" in done.err


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Replay histories of all hostile workflows with one command; return its document."""
    names = ("Sleeps", "Spins", "Exits", "EndsAtOnce", "Interrupts", "Asserts", "Eats", "Closes", "Prints")
    files = {name.lower(): history(name) for name in names} | {"good": history()}
    files |= {name.lower(): history(name, events=3) for name in ("Waits", "Local")}
    options = ("--workflows", "tests.rig.cli.hostile_workflows", *PLAIN, "--condition", "cold process")
    folder = tmp_path_factory.mktemp("hostile")
    with peak(folder) as found:
        told = replayed(folder, files, *GOOD, *options, "--time-limit", "8", "--memory", "1024")
    assert found[0] < 3 * 1024 * MEBIBYTE
    return told


HOSTILE = {
    "sleeps": ("UNKNOWN", "took longer than 8.11 s at "),
    "spins": ("UNKNOWN", "Potential deadlock detected"),
    "exits": ("FAIL", "the workflow task of event 3 failed: SystemExit: 3"),
    "endsatonce": ("FAIL", "the replay ends the process that runs it"),
    "interrupts": ("FAIL", "the workflow task of event 3 failed: KeyboardInterrupt"),
    "asserts": ("FAIL", "the workflow task of event 3 failed: AssertionError"),
    "closes": ("FAIL", "the replay ends the process that runs it"),
    "prints": ("FAIL", "ScheduleActivityTask hello was recorded, CompleteWorkflowExecution Prints comes"),
    "waits": ("UNKNOWN", "is still open: nothing is recorded to compare them with"),
    "local": ("UNKNOWN", "is still open: nothing is recorded to compare them with"),
}


def test_the_others_are_judged_beside_hostile_workflows(hostile: Any) -> None:
    assert hostile["exit_status"] == 1
    assert of_file(hostile, "good")["outcome"] == "PASS"
    assert hostile["trials"]["run"] == 12


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workflow_has_its_verdict(name: str, hostile: Any) -> None:
    outcome, words = HOSTILE[name]
    told = of_file(hostile, name)
    assert told["outcome"] == outcome, told
    said = messages(hostile, name) if outcome == "FAIL" else [told["reason"]]
    assert any(words in each for each in said), said


@pytest.mark.parametrize(("name", "statement"), [("exits", "sys.exit(3)"), ("asserts", "raise AssertionError")])
def test_failed_task_is_told_with_its_line(name: str, statement: str, hostile: Any) -> None:
    lines = (ROOT / "tests/rig/cli/hostile_workflows.py").read_text().splitlines()
    (number,) = (number for number, line in enumerate(lines, start=1) if line.strip() == statement)
    (finding,) = (each for each in hostile["findings"] if any(name in file for file in each["histories"]))
    assert finding["line"] == f"{ROOT}/tests/rig/cli/hostile_workflows.py:{number} in run"


def test_memory_is_bounded(hostile: Any) -> None:
    """Memory that is refused fails the workflow task or ends the process, unless it took too long to get so far."""
    told = of_file(hostile, "eats")
    assert told["outcome"] in ("FAIL", "UNKNOWN")
    said = " ".join([told["reason"], *messages(hostile, "eats")])
    assert any(words in said for words in ("MemoryError", "deadlock", "exit status", "took longer")), said


@pytest.mark.parametrize("moment", ["reading", "replaying"])
def test_interrupt_leaves_nothing(moment: str, tmp_path: Path) -> None:
    (tmp_path / "histories").mkdir()
    (tmp_path / "histories" / "sleeps.json").write_text(history("Sleeps"))
    options = ("replay", "histories", "--workflows", "tests.rig.cli.hostile_workflows", "--time-limit", "100")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with begun(*options, cwd=tmp_path, env={"TMPDIR": str(scratch)}) as running:
        running.until(lambda: list(scratch.glob("*/histories")))
        if moment == "replaying":
            running.until(lambda: is_blocked(scratch))
        interrupt(running)
        assert running.left() == []
    done = running.done()
    assert done.status == 130
    assert "Traceback" not in done.err
    assert list(scratch.iterdir()) == []


def is_blocked(scratch: Path) -> bool:
    return any("deadlock" in log.read_text() for log in scratch.glob("*/logs/*.log"))


def interrupt(running: Running) -> None:
    deadline = time.monotonic() + 200
    running.process.send_signal(2)
    while running.process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], 'say what to replay against: --worker "python worker.py"'),
        (["--worker", "python worker.py", *GOOD], "not both"),
        ([*GOOD, "--condition", "hash sed"], "there is no condition 'hash sed' (did you mean 'hash seed'?)"),
        (["--worker", "python w.py", "--condition", "none"], "with --worker there is no condition 'none'"),
        (["--replayer", "app"], "--replayer app: expected MODULE:FUNCTION"),
        ([*GOOD, "--until", "2027-01-31"], "--reason and --until belong to --accept"),
        ([*GOOD, "--until", "tomorrow", "--accept"], "tomorrow"),
        ([*GOOD, "--accepted", "none.toml"], "there is no file none.toml of accepted differences"),
        (["--worker", "python worker.py", "--env", "A"], "--env A: expected NAME=VALUE"),
    ],
)
def test_usage_errors(options: list[str], words: str, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(history())
    done = crashproof("replay", "good.json", *options, cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert words in done.err


def test_paths_that_name_nothing(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(history())
    (tmp_path / "empty").mkdir()
    done = crashproof("replay", "god.json", *GOOD, cwd=tmp_path)
    assert done.status == 2
    assert "there is no god.json (did you mean 'good.json'?)" in done.err
    done = crashproof("replay", "empty", *GOOD, cwd=tmp_path)
    assert done.status == 2
    assert "no history lies in empty" in done.err
