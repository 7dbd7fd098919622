"""The tests that the page on pytest shows, run by a pytest of their own in the project that the page speaks of."""

from __future__ import annotations

import asyncio
import re

import pytest

from harness.servers.binaries import find_temporal
from tests import ROOT

pytest_plugins = ["pytester"]

LIMIT = 250.0  # seconds, on a busy machine

WORKFLOWS = '''
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy


@workflow.defn
class MyAgent:
    """Asks a model once, and patiently."""

    @workflow.run
    async def run(self, query: str) -> str:
        patient = RetryPolicy(maximum_attempts=5, initial_interval=timedelta(milliseconds=100))
        limit = timedelta(minutes=5)
        return await workflow.execute_activity("ask", query, start_to_close_timeout=limit, retry_policy=patient)
'''

WORKER = '''
import asyncio
import json
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from app.workflows import MyAgent


@activity.defn
def ask(query: str) -> str:
    """Ask the model."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": query}]}).encode()
    request = urllib.request.Request(f"{os.environ['OPENAI_BASE_URL']}/chat/completions", data=body)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]


async def main():
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    with ThreadPoolExecutor(2) as threads:
        await Worker(
            client, task_queue="agents", workflows=[MyAgent], activities=[ask], activity_executor=threads
        ).run()


if __name__ == "__main__":
    asyncio.run(main())
'''


def test_what_the_page_shows_passes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep that it shows, and the replay, are run with other agents by the tests of the plugin."""
    monkeypatch.setenv("CRASHPROOF_TEMPORAL", str(asyncio.run(find_temporal()).path))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{pytester.path}")
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    app = pytester.mkpydir("app")
    (app / "workflows.py").write_text(WORKFLOWS)
    (app / "worker.py").write_text(WORKER)
    page = (ROOT / "harness/docs/pytest.md").read_text()
    [shown, *_] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    pytester.makepyfile(test_page=shown)
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "not survives", timeout=LIMIT)
    ran.assert_outcomes(passed=1, deselected=1)
