"""`crashproof init` in an empty folder and in projects of others: what it writes passes at once."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest
from temporalio.client import Client

from harness.processes.ports import free_port
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.rig.cli.foreign_projects import PROJECTS, lay_out
from tests.rig.cli.running import crashproof
from tests.waiting import until_async


def test_what_it_writes_is_tortured_and_audited_at_once(tmp_path: Path) -> None:
    planned = crashproof("init", "--dry-run", cwd=tmp_path)
    assert "would be written  scenarios/agent.py" in planned.out
    assert not (tmp_path / "scenarios").exists()
    written = crashproof("init", cwd=tmp_path)
    assert written.out.endswith("Now: crashproof run scenarios/\n")
    done = crashproof("run", "scenarios/", "-o", "json", cwd=tmp_path)
    assert done.json["outcome"] == "PASS", done
    assert done.json["points"]["struck"] == done.json["points"]["known"] > 0
    assert crashproof("audit", ".", cwd=tmp_path).status == 0


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_of_others_is_understood_and_tortured(tmp_path: Path, name: str) -> None:
    lay_out(name, tmp_path)
    assert "no worker was found" not in crashproof("init", cwd=tmp_path).out
    done = crashproof("run", "scenarios/", "--only", "before/RespondActivityTaskCompleted*", "-o", "json", cwd=tmp_path)
    assert done.json["outcome"] == "PASS", done
    assert done.json["points"]["struck"] == done.json["points"]["known"] > 0


async def test_what_watches_names_what_a_worker_counts(tmp_path: Path) -> None:
    """Each metric of the alerts and of the dashboard is served by the worker that is written beside them."""
    crashproof("init", cwd=tmp_path)
    worker = tmp_path / "temporal_worker.py"
    fails_once = 'if activity.info().attempt == 1:\n        raise ValueError("once")\n    return f"The answer'
    worker.write_text(worker.read_text().replace('return f"The answer', fails_once))
    retries = tmp_path / "retry_policy.json"
    retries.write_text(retries.read_text().replace('"initial_interval_seconds": 5', '"initial_interval_seconds": 0.1'))
    watching = [(tmp_path / name).read_text() for name in ("prometheus_alerts.yml", "grafana_dashboard.json")]
    named = {re.sub(r"_(bucket|count)$", "", name) for text in watching for name in re.findall(r"temporal_\w+", text)}
    named.discard("temporal_worker")  # the program that the alerts speak of
    metrics = f"127.0.0.1:{free_port()}"
    async with DevServer((await find_temporal()).path, folder=tmp_path / "server") as server:
        env = {"TEMPORAL_ADDRESS": server.address, "PROMETHEUS_BIND_ADDRESS": metrics}
        with ExitStack() as stack:
            process = subprocess.Popen([sys.executable, str(worker)], env=env, cwd=tmp_path)
            stack.callback(process.wait)
            stack.callback(process.kill)
            client = await Client.connect(server.address)
            for number, given in enumerate((["x"], [])):
                await client.start_workflow("Agent", args=given, id=str(number), task_queue="agents")
            await until_async(lambda: named <= _served(metrics), f"{metrics} serves {sorted(named)}")


def _served(address: str) -> set[str]:
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            return set(re.findall(r"^# TYPE (\w+)", answer.read().decode(), re.MULTILINE))
    except OSError:  # not yet
        return set()
