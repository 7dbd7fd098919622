"""Which signals and updates end what a workflow waits for is read from what it waits for and what they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit.analysis.waits import ends_of_waits
from harness.audit.code.project import Project

FLOW = """
import asyncio
from datetime import timedelta
from temporalio import workflow

@workflow.defn
class Agent:
    def __init__(self):
        self.ready = self.answer = self.ended = None
        self.queue = asyncio.Queue()
        self.notes = []

    @workflow.run
    async def run(self) -> None:
        {wait}

    @workflow.signal
    def say(self, text: str) -> None:
        self.notes.append(text)

    @workflow.signal
    def ask(self, text: str) -> None:
        self.queue.put_nowait(text)

    @workflow.signal(name="answer-it")
    def answered(self, text: str) -> None:
        self._take(text)

    @workflow.update
    async def begin(self) -> None:
        self.ready = True

    @workflow.signal
    def end(self) -> None:
        self.ended = True

    @workflow.query
    def told(self) -> str:
        return self.answer

    def _take(self, text):
        self.answer = text

    def is_ready(self):
        return self.ready

    @property
    def is_over(self):
        return self.ended
"""

WAIT = "await workflow.wait_condition({})"
CASES = {
    "one attribute": (WAIT.format("lambda: self.ready"), ["begin"]),
    "set by a method that is called": (WAIT.format("lambda: self.answer is not None"), ["answer-it"]),
    "a method": (WAIT.format("self.is_ready, timeout=timedelta(days=7)"), ["begin"]),
    "a property": (WAIT.format("lambda: self.is_over"), ["end"]),
    "whichever comes, as they are declared": (WAIT.format("lambda: self.ended or self.notes"), ["say", "end"]),
    "in the order of the waits": (
        f"{WAIT.format('lambda: self.ended')}; {WAIT.format('self.is_ready')}",
        ["end", "begin"],
    ),
    "a queue": ("await self.queue.get()", ["ask"]),
    "what nobody sends": (WAIT.format("lambda: workflow.all_handlers_finished()"), []),
    "nothing": ("await asyncio.sleep(1)", []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_ends_a_wait(name: str, tmp_path: Path) -> None:
    wait, ends = CASES[name]
    (tmp_path / "flow.py").write_text(FLOW.format(wait=wait))
    project = Project.of([tmp_path])
    assert [each.name for each in ends_of_waits(project, project.workflows[0])] == ends
