"""What a worker program says of how to run it: queue, address, workflows, and inputs of the right type."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from harness.audit.program_reading import ReadSend, ReadWorker, read_program

HEAD = """
import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Optional
from pydantic import BaseModel
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker
"""
TAIL = """
async def main():
    client = await Client.connect("localhost:7233")
    async with Worker(client, task_queue="orders", workflows=[Agent]):
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""

PYDANTIC = "temporalio.contrib.pydantic:pydantic_data_converter"


def program(folder: Path, text: str, *, tail: str = TAIL, **beside: str) -> ReadWorker:
    (folder / "worker.py").write_text(HEAD + dedent(text) + tail)
    for name, other in beside.items():
        (folder / f"{name}.py").write_text(HEAD + dedent(other))
    (worker,) = read_program(folder / "worker.py")
    return worker


def agent(signature: str) -> str:
    return f"""
@workflow.defn
class Agent:
    @workflow.run
    async def run(self, {signature}) -> str: ...
"""


def test_queue_address_and_workflow_are_read(tmp_path: Path) -> None:
    worker = program(tmp_path, agent("question: str"))
    assert (worker.task_queue, worker.address, worker.starts) == ("orders", "localhost:7233", "")
    assert [(each.name, each.arguments, each.file) for each in worker.workflows] == [
        ("Agent", ("question",), tmp_path / "worker.py")
    ]


def test_what_is_not_written_is_left_open(tmp_path: Path) -> None:
    tail = TAIL.replace('"localhost:7233"', "ADDRESS").replace('"orders"', "QUEUE")
    worker = program(
        tmp_path, "import os\nADDRESS, QUEUE = os.environ['A'], os.environ['Q']\n" + agent("q: str"), tail=tail
    )
    assert (worker.task_queue, worker.address) == ("", "")


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (
            "import argparse\nargparse.ArgumentParser().add_argument('--server', default='127.0.0.1:7233')",
            "127.0.0.1:7233",
        ),
        ("import os\nHOST = os.getenv('TEMPORAL_HOST', 'localhost:7233')", "localhost:7233"),
        ("import os\nHOST = os.environ.get('TEMPORAL_HOST', 'localhost:7233')", "localhost:7233"),
        ("import os\nHOST = os.getenv('TEMPORAL_ADDRESS', 'localhost:7233')", ""),
        ("import os\nREDIS = os.getenv('REDIS', 'localhost:6379')", ""),
    ],
    ids=["option", "variable", "variable of a mapping", "the variable that is set", "another service"],
)
def test_an_address_that_nobody_sets_is_where_the_worker_goes(tmp_path: Path, written: str, address: str) -> None:
    tail = TAIL.replace('"localhost:7233"', "somewhere()")
    assert program(tmp_path, f"{written}\n" + agent("q: str"), tail=tail).address == address


def test_another_program_beside_it_says_nothing_of_where_it_connects(tmp_path: Path) -> None:
    tail = TAIL.replace('"localhost:7233"', "**ClientConfig.load_client_connect_config()")
    options = "import argparse\nargparse.ArgumentParser().add_argument('--server', default='127.0.0.1:7233')\n"
    text = "from temporalio.envconfig import ClientConfig\n" + agent("q: str")
    worker = program(tmp_path, text, tail=tail, other=agent("q: str") + TAIL, one_more=options)
    assert worker.address == ""


def test_what_it_imports_says_where_it_connects(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("import os\nHOST = os.getenv('SERVER', 'localhost:7233')\n")
    joining = "import settings\nasync def joined(): return await Client.connect(settings.HOST)\n"
    tail = TAIL.replace('await Client.connect("localhost:7233")', "await joined()")
    worker = program(tmp_path, "from joining import joined\n" + agent("q: str"), tail=tail, joining=joining)
    assert worker.address == "localhost:7233"


def test_what_a_client_of_the_project_passes_comes_first(tmp_path: Path) -> None:
    order = "@dataclass\nclass Order:\n    item: str\n    count: int = 1\n"
    start = """
    from worker import Agent, Order
    THING = "lamp"
    async def main(client):
        await client.start_workflow(Agent.run, Order(THING, count=3), id="x", task_queue="orders")
    """
    worker = program(tmp_path, order + agent("order: Order"), starter=start)
    assert worker.starts == ""
    assert [(each.arguments, each.written) for each in worker.workflows] == [(({"item": "lamp", "count": 3},), True)]


def test_a_program_that_starts_its_own_work_is_known(tmp_path: Path) -> None:
    starts = '        await client.execute_workflow("Agent", "why", id="x", task_queue="orders")\n'
    worker = program(
        tmp_path, agent("question: str"), tail=TAIL.replace("        await asyncio.Event().wait()\n", starts)
    )
    assert worker.starts == "Agent"


def test_a_child_is_not_started_by_itself(tmp_path: Path) -> None:
    parent = """
    @workflow.defn
    class Parent:
        @workflow.run
        async def run(self) -> str:
            return await workflow.execute_child_workflow(Agent.run, "x")
    """
    worker = program(tmp_path, agent("q: str") + dedent(parent), tail=TAIL.replace("[Agent]", "[Agent, Parent]"))
    assert [each.name for each in worker.workflows] == ["Parent"]


def test_a_module_that_runs_when_it_is_imported_is_not_to_be_imported(tmp_path: Path) -> None:
    unguarded = TAIL.partition("if __name__")[0] + "asyncio.run(main())\n"
    (workflow,) = program(tmp_path, agent("q: str"), tail=unguarded).workflows
    assert workflow.file is None


def test_signals_and_updates_that_it_takes_are_named(tmp_path: Path) -> None:
    takes = """
    @workflow.signal
    def approve(self, by: str) -> None: ...

    @workflow.update(name="set")
    def change(self) -> None: ...
"""
    (workflow,) = program(tmp_path, agent("q: str") + takes).workflows
    assert workflow.signals == ("approve", "set")


REVIEWED = """
class Decision(StrEnum):
    YES = "yes"
    NO = "no"

@dataclass
class Review:
    by: str
    decision: Decision

@workflow.defn
class Agent:
    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.review and self.signed)

    @workflow.signal
    def decide(self, review: Review) -> None:
        self.review = review

    @workflow.update(name="sign-it")
    async def sign(self, name: str, hard: bool = False) -> None:
        self.signed = name

    @workflow.signal
    def forget(self, thing) -> None:
        self.review = thing
"""


def test_what_ends_a_wait_is_sent_with_what_its_types_or_the_project_say(tmp_path: Path) -> None:
    sends = """
    from worker import Agent
    async def main(handle):
        await handle.execute_update(Agent.sign, args=["Ann", True])
    """
    (workflow,) = program(tmp_path, REVIEWED, client=sends).workflows
    assert workflow.signals == ("decide", "sign-it", "forget")
    assert workflow.sends == (
        ReadSend(kind="signal", name="decide", arguments=({"by": "by", "decision": "yes"},)),
        ReadSend(kind="update", name="sign-it", arguments=("Ann", True), written=True),
    )


def test_of_several_values_of_an_argument_the_one_that_can_be_read_is_taken(tmp_path: Path) -> None:
    start = """
    import sys
    async def main(client):
        question = sys.argv[1] if len(sys.argv) > 1 else "why"
        await client.start_workflow("Agent", question, id="x", task_queue="orders")
    """
    (workflow,) = program(tmp_path, agent("question: str"), starter=start).workflows
    assert (workflow.arguments, workflow.written) == (("why",), True)


CONNECTED = {
    "nothing of its own": ("data_converter=None, interceptors=[]", "", ()),
    "a data converter that is imported": ("data_converter=pydantic_data_converter", PYDANTIC, ()),
    "one of its own": ("data_converter=OWN", "worker:OWN", ()),
    "one that has no name": ("data_converter=made()", "", ("data converter",)),
    "plugins": ("data_converter=OWN, plugins=[made()]", "worker:OWN", ("plugins",)),
}


@pytest.mark.parametrize("name", CONNECTED)
def test_what_decides_how_histories_replay_is_read(name: str, tmp_path: Path) -> None:
    given, converter, unnamed = CONNECTED[name]
    imports = "from temporalio.contrib.pydantic import pydantic_data_converter\nOWN = made()\n"
    tail = TAIL.replace('"localhost:7233"', f'"localhost:7233", {given}')
    worker = program(tmp_path, imports + agent("question: str"), tail=tail)
    assert (worker.data_converter, worker.unnamed) == (converter, unnamed)
