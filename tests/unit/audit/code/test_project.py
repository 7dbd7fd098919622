from __future__ import annotations

from pathlib import Path

import pytest
from astroid import nodes

from harness.audit.code.project import Project
from harness.audit.code.project_records import Started, WrittenRetryPolicy
from tests.unit.audit.source_files import agent, project


def declared(imports: str, decorator: str, run: str) -> str:
    return f"{imports}\n@{decorator}\nclass Agent:\n    @{run}\n    async def run(self): ...\n"


PLAIN = "from temporalio import workflow"
WORKFLOWS = {
    "plainly": declared(PLAIN, "workflow.defn", "workflow.run"),
    "with brackets": declared(PLAIN, "workflow.defn()", "workflow.run"),
    "under an alias": declared("from temporalio import workflow as wf", "wf.defn", "wf.run"),
    "by its full name": declared("import temporalio.workflow", "temporalio.workflow.defn", "temporalio.workflow.run"),
    "by imported names": declared("from temporalio.workflow import defn, run", "defn", "run"),
    "through a variable": declared(f"{PLAIN}\ndurable = workflow.defn", "durable", "workflow.run"),
    "through a re-export": declared("from app.shown import defn, run", "defn", "run"),
    "through a star": declared("from app.shown import *", "defn", "run"),
    "through an own decorator": declared(
        f"{PLAIN}\ndef durable(cls):\n    return workflow.defn(cls)", "durable", "workflow.run"
    ),
    "with an inherited run": f"{PLAIN}\nfrom app.mixins import Runs\n@workflow.defn\nclass Agent(Runs): ...\n",
    "in a function": f"{PLAIN}\ndef make():\n    @workflow.defn\n    class Agent:\n"
    "        @workflow.run\n        async def run(self): ...\n    return Agent\n",
}

BESIDE = {
    "app/__init__.py": "",
    "app/shown.py": "from temporalio.workflow import defn, run\n",
    "app/mixins.py": "from temporalio import workflow as w\nclass Runs:\n    @w.run\n    async def run(self): ...\n",
}


@pytest.mark.parametrize("way", WORKFLOWS)
def test_a_workflow_is_found_that_is_declared(way: str, tmp_path: Path) -> None:
    found = project(tmp_path, {**BESIDE, "app/agents.py": WORKFLOWS[way]})
    assert [(each.name, [str(entry.kind) for entry in each.entries]) for each in found.workflows] == [
        ("Agent", ["run"])
    ]


def test_entry_methods_are_told_with_their_kinds_and_names(tmp_path: Path) -> None:
    text = """
    from temporalio import workflow

    class Pausing:
        @workflow.signal
        def pause(self): ...

        @workflow.query(name="state")
        def current(self): ...

    @workflow.defn(name="agent", sandboxed=False)
    class Agent(Pausing):
        @workflow.init
        def __init__(self): ...

        @workflow.run
        async def run(self): ...

        @workflow.update
        async def add(self, n): ...

        @add.validator
        def check(self, n): ...

        @workflow.signal(dynamic=True)
        def other(self, name, args): ...

        def plain(self): ...
    """
    (workflow,) = project(tmp_path, {"agents.py": text}).workflows
    assert (workflow.name, workflow.sandboxed, workflow.place.line) == ("agent", False, 11)
    assert [(str(entry.kind), entry.name) for entry in workflow.entries] == [
        ("init", "__init__"),
        ("run", "run"),
        ("update", "add"),
        ("validator", "add"),
        ("signal", ""),
        ("signal", "pause"),
        ("query", "state"),
    ]
    assert [entry.name for entry in workflow.of_kind("query", "update")] == ["add", "state"]


def test_self_is_the_class_that_really_runs(tmp_path: Path) -> None:
    text = """
    import time
    from temporalio import workflow

    class Loop:
        @workflow.run
        async def run(self):
            return await self.step()

    @workflow.defn
    class Agent(Loop):
        async def step(self):
            return time.time()
    """
    found = project(tmp_path, {"agents.py": text})
    assert "step" in {getattr(each.node, "name", "") for each in found.reached()}


def test_activities_are_told_with_names_and_kinds(tmp_path: Path) -> None:
    text = """
    from temporalio import activity

    @activity.defn
    async def fetch(): ...

    @activity.defn(name="store-it")
    def store(): ...

    class Tools:
        @activity.defn
        def search(self): ...

    class Mailer:
        @activity.defn
        async def __call__(self): ...

    @activity.defn(dynamic=True)
    async def anything(args): ...

    def plain(): ...
    """
    found = project(tmp_path, {"activities.py": text}).activities
    assert [(each.name, each.is_async, each.owner.name if each.owner else "") for each in found] == [
        ("fetch", True, ""),
        ("store-it", False, ""),
        ("search", False, "Tools"),
        ("Mailer", True, "Mailer"),
        ("", True, ""),
    ]


ACTIVITY = """
from temporalio import activity
from temporalio.common import RetryPolicy
from app.settings import OPTIONS, PATIENCE, POLICY, policy

@activity.defn
async def fetch(key: str = "") -> str: ...

class Tools:
    @activity.defn
    def search(self): ...

@workflow.defn
class Child:
    @workflow.run
    async def run(self, n: int) -> int: ...
"""

SETTINGS = """
from datetime import timedelta
from temporalio.common import RetryPolicy
PATIENCE = timedelta(minutes=2, seconds=30)
ATTEMPTS = 2 * 2
POLICY = RetryPolicy(maximum_attempts=ATTEMPTS, initial_interval=timedelta(milliseconds=500))
OPTIONS = {"start_to_close_timeout": PATIENCE, "retry_policy": POLICY}
def policy(attempts, slow=False):
    return RetryPolicy(maximum_attempts=attempts, non_retryable_error_types=["ValueError"])
"""


def started(tmp_path: Path, body: str) -> Started:
    files = {"app/__init__.py": "", "app/settings.py": SETTINGS, "app/agents.py": agent(body, top=ACTIVITY)}
    (found,) = project(tmp_path, files).started
    return found


@pytest.mark.parametrize(
    ("call", "target"),
    [
        ("workflow.execute_activity(fetch, 'k')", "fetch"),
        ("workflow.start_activity('fetch', 'k')", "fetch"),
        ("workflow.execute_activity(activity=fetch, arg='k')", "fetch"),
        ("workflow.execute_activity_method(Tools.search)", "search"),
        ("workflow.execute_local_activity(fetch, args=['k'])", "fetch"),
        ("workflow.execute_child_workflow(Child.run, 1)", "Child"),
        ("workflow.start_child_workflow('Child', 1)", "Child"),
    ],
)
def test_what_is_started_is_resolved(call: str, target: str, tmp_path: Path) -> None:
    found = started(tmp_path, f"await {call}")
    assert found.target == target
    assert (found.activity or found.workflow) is not None
    assert ("child_workflow" in found.operation) == (target == "Child")
    assert len(found.arguments) == (0 if target == "search" else 1)


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ("start_to_close_timeout=timedelta(minutes=1)", {"start_to_close_timeout": 60.0}),
        ("start_to_close_timeout=PATIENCE", {"start_to_close_timeout": 150.0}),
        ("start_to_close_timeout=PATIENCE * 2", {"start_to_close_timeout": 300.0}),
        ("heartbeat_timeout=timedelta(hours=n)", {"heartbeat_timeout": None}),
        ("heartbeat_timeout=None", {"heartbeat_timeout": None}),
    ],
)
def test_options_are_told_in_seconds(options: str, values: dict[str, object], tmp_path: Path) -> None:
    found = started(tmp_path, f"await workflow.execute_activity(fetch, {options})")
    assert (found.values, found.options_known) == (values, True)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("retry_policy=RetryPolicy(maximum_attempts=3)", {"maximum_attempts": 3}),
        ("retry_policy=POLICY", {"maximum_attempts": 4, "initial_interval": 0.5}),
        ("retry_policy=policy(7)", {"maximum_attempts": 7, "non_retryable_error_types": ["ValueError"]}),
        ("**OPTIONS", {"maximum_attempts": 4, "initial_interval": 0.5}),
    ],
)
def test_the_retry_policy_is_found_wherever_it_was_made(
    written: str, values: dict[str, object], tmp_path: Path
) -> None:
    found = started(tmp_path, f"await workflow.execute_activity(fetch, {written})")
    assert isinstance(found.retry_policy, WrittenRetryPolicy)
    assert found.retry_policy.values == values


def test_options_that_cannot_be_read_are_not_said_to_be_missing(tmp_path: Path) -> None:
    assert not started(tmp_path, "await workflow.execute_activity(fetch, **make())").options_known


def test_workers_are_told_with_what_they_run(tmp_path: Path) -> None:
    text = agent("return 1", top=ACTIVITY + "\nfrom temporalio.worker import Worker\nALL = [fetch]\n")
    text += "\ndef main(client):\n    return Worker(\n"
    text += "        client, workflows=[Agent], activities=ALL, max_cached_workflows=3\n    )\n"
    files = {"app/__init__.py": "", "app/settings.py": SETTINGS, "app/agents.py": text}
    (worker,) = project(tmp_path, files).workers
    assert [each.name for each in worker.workflows] == ["Agent"]
    assert [each.name for each in worker.activities] == ["fetch"]
    assert worker.values["max_cached_workflows"] == 3


NAMES = {
    "time.time()": "time.time",
    "t()": "time.time",
    "dt.now()": "datetime.datetime.now",
    "datetime.datetime.now()": "datetime.datetime.now",
    "open('x')": "builtins.open",
    "random.Random().random()": "random.Random.random",
    "dice.random()": "random.Random.random",
    "client.chat.completions.create()": "openai.OpenAI.chat.completions.create",
    "make_client().get('x')": "httpx.AsyncClient.get",
    "self.client.post('x')": "httpx.Client.post",
    "Path('x').read_text()": "pathlib.Path.read_text",
    "(Path('x') / 'y').read_text()": "pathlib.Path.read_text",
    "boto3.client('s3').put()": "boto3.client().put",
    "[].append(1)": "builtins.list.append",
    "'a'.split()": "builtins.str.split",
    "workflow.random().random()": "temporalio.workflow.random().random",
    "maybe.get('x')": "httpx.Client.get",
    "getattr(time, 'time')()": "time.time",
    "unknown.thing()": "",
}


@pytest.mark.parametrize("call", NAMES)
def test_a_call_is_named_by_what_it_means(call: str, tmp_path: Path) -> None:
    text = f"""
    import datetime, random, time
    import boto3, httpx, openai
    from datetime import datetime as dt
    from pathlib import Path
    from time import time as t
    from temporalio import workflow

    dice = random.Random(7)
    client = openai.OpenAI()

    def make_client() -> "httpx.AsyncClient": ...

    @workflow.defn
    class Agent:
        def __init__(self):
            self.client = httpx.Client()

        @workflow.run
        async def run(self, maybe: httpx.Client | None = None, unknown=None):
            return {call}
    """
    found = project(tmp_path, {"agents.py": text})
    (reached,) = [each for each in found.reached() if getattr(each.node, "name", "") == "run"]
    assert found.called_name(next(found.calls(reached)), reached) == NAMES[call]


TYPES = {
    "{1, 2}": "builtins.set",
    "set([1])": "builtins.set",
    "frozenset()": "builtins.frozenset",
    "given": "builtins.set",
    "given | {1}": "builtins.set",
    "given.union([1])": "builtins.set",
    "{each for each in [1]}": "builtins.set",
    "sorted({1})": "builtins.list",
    "[1]": "builtins.list",
    "self.seen": "builtins.set",
    "tags()": "builtins.set",
    "maybe": "builtins.set",
    "'a'": "builtins.str",
    "{}": "builtins.dict",
    "unknown": "",
    "table['a']": "builtins.set",
    "await workflow.execute_activity(tags)": "builtins.set",
}


@pytest.mark.parametrize("expression", TYPES)
def test_a_value_is_of_a_type(expression: str, tmp_path: Path) -> None:
    text = f"""
    from typing import Optional, Set
    from temporalio import workflow

    def tags() -> Set[str]: ...

    @workflow.defn
    class Agent:
        seen: "set[str]"

        @workflow.run
        async def run(self, given: set[int], maybe: Optional[set], table: dict[str, set[str]], unknown):
            return {expression}
    """
    found = project(tmp_path, {"agents.py": text})
    run = found.workflows[0].of_kind("run")[0].node
    returned = run.body[-1]
    assert isinstance(returned, nodes.Return)
    assert returned.value is not None
    assert found.type_of(returned.value, found.reached()[0]) == TYPES[expression]


def test_a_place_counts_characters_and_names_the_function(tmp_path: Path) -> None:
    found: Project = project(tmp_path, {"agents.py": agent("x = 'äöü'; time.time()\nreturn 'x'", top="import time")})
    reached = found.reached()[0]
    place = found.place(next(found.calls(reached)), "calls time")
    assert (place.line, place.column, place.end_column) == (9, 20, 31)
    assert (place.function, place.what) == ("Agent.run", "calls time")
