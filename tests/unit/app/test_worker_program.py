"""The options that a worker program is run with, where it is given alone or with some of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness.app.ad_hoc import ad_hoc_scenario
from harness.app.worker_program import all_options, makes_worker, read_options
from harness.cli.ad_hoc import NAMES
from harness.errors import UsageError
from tests.unit.audit.test_program_reading import HEAD, PYDANTIC, REVIEWED, TAIL, agent

CART = """
@workflow.defn
class Agent:
    def __init__(self) -> None:
        self.items = []
        self.done = False
    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.items or self.done)
        await workflow.wait_condition(lambda: self.done)
        return len(self.items)
    @workflow.update
    async def add(self, item: str) -> int:
        self.items.append(item)
        return len(self.items)
    @workflow.signal
    def finish(self) -> None:
        self.done = True
"""

STARTER = """
from temporalio.client import Client
from worker import Agent
from ages import ages
async def main(client):
    await client.execute_workflow(Agent.run, args=[{}], id="x", task_queue="orders")
if __name__ == "__main__":
    main(None)
"""


@pytest.fixture(autouse=True)
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "worker.py"
    file.write_text(HEAD + agent("question: str, count: int") + TAIL)
    return Path("worker.py")


def options(file: Path, **given: Any) -> dict[str, Any]:
    (program,) = read_options(file, given=given)
    return dict(program.options)


def test_all_that_the_code_says_is_given(worker: Path) -> None:
    assert options(worker) == {
        "worker": "python worker.py",
        "task_queue": "orders",
        "address": "localhost:7233",
        "workflow": "Agent",
        "input": ('"question", 1',),
        "made_up": "its input (--input)",
    }
    (program,) = read_options(worker, given={})
    assert program.module == "worker"
    assert program.said == 'worker.py:19: task queue orders; Agent is started with "question", 1, made up'


def test_the_workflow_that_a_program_starts_itself_is_replayed_where_importing_it_starts_nothing(worker: Path) -> None:
    starting = TAIL.replace(
        "await asyncio.Event().wait()", 'await client.execute_workflow(Agent.run, id="a", task_queue="orders")'
    )
    text = HEAD + agent("question: str") + starting
    worker.write_text(text)
    (program,) = read_options(worker, given={})
    assert (program.options["one_program"], program.module) == (True, "worker")
    assert program.said == "worker.py:19: task queue orders; it starts Agent itself"
    worker.write_text(text.replace('if __name__ == "__main__":\n    asyncio', "asyncio"))
    (program,) = read_options(worker, given={})
    assert (program.options["one_program"], program.module) == (True, "")


def test_what_the_user_gives_stands(worker: Path) -> None:
    given = options(worker, input=('"why", 2',), address="127.0.0.1:9", env=("A=b",))
    assert (given["input"], given["address"], given["env"]) == (('"why", 2',), "127.0.0.1:9", ("A=b",))
    assert "made_up" not in given
    assert {"input", "made_up"}.isdisjoint(options(worker, starter="python start.py"))


def test_services_that_it_reads_from_its_environment_are_played_unless_the_user_says_where_they_are(
    worker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 'import os\nURL = os.environ.get("NOTES_URL", "http://localhost:9000/v1")\n'
    worker.write_text(HEAD + reads + agent("question: str") + TAIL)
    (program,) = read_options(worker, given={})
    assert program.options["env"] == ("NOTES_URL=${EFFECTS_URL}/v1",)
    assert "task queue orders; NOTES_URL leads to services that are played; Agent is started" in program.said
    assert options(worker, env=("NOTES_URL=http://here",))["env"][-1] == "NOTES_URL=http://here"  # the last one counts
    monkeypatch.setenv("NOTES_URL", "http://there")
    assert "env" not in options(worker)


def test_a_workflow_that_it_does_not_have_is_told_with_the_nearest(worker: Path) -> None:
    with pytest.raises(UsageError, match=r"no workflow 'Agnt' can be read from worker.py \(did you mean 'Agent'\?\)"):
        read_options(worker, given={"workflow": "Agnt"})


def test_the_program_that_starts_the_work_is_named_where_something_was_made_up(worker: Path) -> None:
    worker.write_text(HEAD + agent("name: str, age: int") + TAIL)
    beside = worker.with_name("start.py")
    beside.write_text(STARTER.format("'Ann', ages()"))
    (program,) = read_options(worker, given={})
    assert program.options["input"] == ('"Ann", 1',)
    assert program.options["made_up"] == "age of its input (--input, or --starter 'python start.py', which starts it)"
    assert program.said.endswith('Agent is started with "Ann", 1 as code of the project starts it (age: made up)')
    beside.write_text(STARTER.format("'Ann', 7"))
    assert "made_up" not in options(worker)
    worker.write_text(HEAD + agent("name: str, age") + TAIL)
    beside.write_text(STARTER.format("'Ann', ages()"))
    with pytest.raises(UsageError, match=r"for age of Agent: .* --input JSON, or --starter 'python start.py', which"):
        read_options(worker, given={})


def test_an_argument_that_cannot_be_made_up_is_asked_for(worker: Path) -> None:
    worker.write_text(HEAD + agent("thing") + TAIL)
    with pytest.raises(UsageError, match="nothing can be made up for thing of Agent: give its arguments"):
        read_options(worker, given={})
    assert options(worker, input=("1",))["input"] == ("1",)


def test_a_server_elsewhere_is_no_address_for_a_door(worker: Path) -> None:
    worker.write_text(worker.read_text().replace("localhost:7233", "temporal.internal:7233"))
    assert options(worker)["address"] == ""


def test_a_module_of_a_package_is_run_as_one(worker: Path) -> None:
    package = Path("app")
    package.mkdir()
    (package / "__init__.py").touch()
    worker.rename(package / "worker.py")
    (program,) = read_options(package / "worker.py", given={})
    assert (program.options["worker"], program.module) == ("python -m app.worker", "app.worker")


@pytest.mark.parametrize(
    ("imports", "command"),
    [
        ("from flows import Agent", "python app/worker.py"),
        ("from app.flows import Agent", "python -m app.worker"),
        ("from .flows import Agent", "python -m app.worker"),
        ("import flows\nfrom app.flows import Agent", "python -m app.worker"),
        ("import msgspec\nfrom .flows import Agent", "python -m app.worker"),
    ],
    ids=["beside", "whole name", "relative", "both", "installed"],
)
def test_a_program_that_imports_what_lies_beside_it_is_no_module_of_its_package(
    worker: Path, imports: str, command: str
) -> None:
    package = Path("app")
    package.mkdir()
    for name in ("__init__", "msgspec"):
        (package / f"{name}.py").touch()
    (package / "flows.py").write_text(HEAD + agent("question: str"))
    file = worker.rename(package / "worker.py")
    file.write_text(HEAD + imports + TAIL)
    (program,) = read_options(file, given={})
    assert (program.options["worker"], program.options["workflow"]) == (command, "Agent")


def test_a_package_that_stands_elsewhere_is_told_to_the_worker_beside_what_the_user_says(worker: Path) -> None:
    package = Path("src/app")
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    worker.rename(package / "__main__.py")
    (program,) = read_options(package / "__main__.py", given={"env": ("MODE=test",)})
    assert program.options["worker"] == "python -m app"
    assert program.options["env"] == ("PYTHONPATH=src", "MODE=test")
    assert program.module == "app.__main__"


def test_workflows_beside_a_program_in_another_folder_are_replayed_from_there(
    worker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("tools")
    folder.mkdir()
    file = worker.rename(folder / "worker.py")
    (program,) = read_options(file, given={})
    assert (program.options["worker"], program.module) == ("python tools/worker.py", "worker")
    assert program.options["env"] == ("PYTHONPATH=tools",)
    monkeypatch.setenv("PYTHONPATH", "lib")
    assert options(file)["env"] == (f"PYTHONPATH=tools{os.pathsep}lib",)
    file.write_text(file.read_text().replace("Worker(client,", "Worker(client, plugins=[object()],"))
    assert "env" not in options(file)  # nothing is imported but by the program itself


def test_only_a_program_that_makes_a_worker_looks_like_one(worker: Path, tmp_path: Path) -> None:
    assert makes_worker(worker)
    for text in ("x = 1", "from temporalio.worker import Worker", "Scenario(temporalio, Worker())"):
        worker.write_text(text)
        assert not makes_worker(worker)
    assert not makes_worker(tmp_path / "none.py")


def test_a_program_that_hands_its_workflows_to_a_function_of_another_module_is_read_too(worker: Path) -> None:
    kit = (
        "from temporalio.worker import Worker\nasync def serve(**more):\n    Worker(object(), task_queue='q', **more)\n"
    )
    Path("kit.py").write_text(kit)
    Path("steps.py").write_text(worker.read_text())
    guard = "if __name__ == '__main__':\n    "
    program = f"from kit import serve\nfrom steps import Agent\n{guard}serve(workflows=[Agent])\n"
    worker.write_text(program)
    assert makes_worker(worker)
    assert [each.options["workflow"] for each in read_options(worker, given={"input": ("1",)})] == ["Agent"]
    worker.write_text(program.replace(guard, ""))
    assert not makes_worker(worker)


def test_a_program_that_is_no_python_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("from temporalio.worker import Worker\nWorker(")
    with pytest.raises(UsageError, match=r"worker.py cannot be read: SyntaxError: .*line 2"):
        read_options(Path("worker.py"), given={})
    os.mkfifo(tmp_path / "pipe.py")
    assert not makes_worker(tmp_path / "pipe.py")


def test_what_it_waits_for_is_sent_unless_the_user_says_what_is(worker: Path) -> None:
    worker.write_text(HEAD + REVIEWED + TAIL)
    sent = {"signal": ('decide={"by": "by", "decision": "yes"}@waiting',), "update": ('sign-it="name"@waiting',)}
    assert {name: options(worker).get(name) for name in sent} == sent
    (program,) = read_options(worker, given={})
    assert program.said.endswith(
        "; Agent is started with nothing; whenever it waits it is sent "
        'decide with {"by": "by", "decision": "yes"}, made up, and if it waits again sign-it with "name", made up'
    )
    assert options(worker)["made_up"] == "what it is sent (--signal, --update)"
    own = options(worker, signal=("forget=1",))
    assert "made_up" not in own
    assert (own["signal"], own.get("update")) == (("forget=1",), None)
    assert "signal" not in options(worker, starter="python start.py")
    taken = ad_hoc_scenario(
        dict.fromkeys(NAMES) | {"env": ()} | dict.fromkeys(("input", "query"), ()) | dict(program.options)
    )
    assert [(each.kind, each.name, each.args, each.at) for each in taken.sends] == [
        ("signal", "decide", ({"by": "by", "decision": "yes"},), "waiting"),
        ("update", "sign-it", ("name",), "waiting"),
    ]


def test_what_it_waits_for_is_sent_in_the_order_that_is_told(worker: Path) -> None:
    worker.write_text(HEAD + CART + TAIL)
    (program,) = read_options(worker, given={})
    assert program.said.endswith('it is sent add with "item", made up, and if it waits again finish')
    described = dict.fromkeys(NAMES) | {"env": ()} | dict.fromkeys(("input", "signal", "query", "update"), ())
    taken = ad_hoc_scenario(all_options(program, described))
    assert [(each.kind, each.name) for each in taken.sends] == [("update", "add"), ("signal", "finish")]


def test_what_it_takes_and_does_not_wait_for_is_not_sent(worker: Path) -> None:
    worker.write_text(HEAD + REVIEWED.replace("self.review and self.signed", "self.over") + TAIL)
    (program,) = read_options(worker, given={})
    assert program.said.endswith("; it takes decide, sign-it, forget, of which none is sent")
    assert not {"signal", "update"} & set(program.options)


def test_a_data_converter_is_told_and_what_has_no_name_is_not_replayed(worker: Path) -> None:
    text = "from temporalio.contrib.pydantic import pydantic_data_converter\n" + worker.read_text()
    worker.write_text(text.replace('"localhost:7233"', '"localhost:7233", data_converter=pydantic_data_converter'))
    (program,) = read_options(worker, given={})
    assert (program.options["data_converter"], program.module) == (PYDANTIC, "worker")
    worker.write_text(worker.read_text().replace("=[Agent]", "=[Agent], interceptors=[object()]"))
    (program,) = read_options(worker, given={})
    assert program.module == ""
    assert program.said.endswith("; not replayed, for its interceptors: --replayer MODULE:FUNCTION says how")


def _program(folder: Path, *imports: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = HEAD + "".join(f"{each}\n" for each in imports) + agent("question: str") + TAIL
    (folder / "worker.py").write_text(text)
    return folder / "worker.py"


def test_a_package_without_a_file_of_its_own_is_one_where_it_is_imported_by_name(tmp_path: Path) -> None:
    (tmp_path / "agents" / "tools").mkdir(parents=True)
    (tmp_path / "agents" / "tools" / "search.py").touch()
    file = _program(Path("agents/basic"), "from agents.tools.search import look_up", "import agents")
    given = options(file)
    assert (given["worker"], given.get("env")) == ("python -m agents.basic.worker", None)
    file = _program(Path("agents/basic"), "from agents.nowhere import look_up", "import agents")
    assert options(file)["worker"] == "python agents/basic/worker.py"  # another package of that name is installed


def test_a_program_in_the_current_folder_may_belong_to_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "hello", "from hello.activities import greet")
    (tmp_path / "hello" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path / "hello")
    given = options(Path("worker.py"))
    assert (given["worker"], given["env"]) == ("python -m hello.worker", ("PYTHONPATH=..",))
