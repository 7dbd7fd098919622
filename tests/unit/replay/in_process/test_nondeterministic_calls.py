from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from harness.histories import formats as histories
from harness.records.replay_result import NondeterministicCall
from harness.replay.in_process.nondeterministic_calls import MOST_PER_RUN, CallWatch
from harness.replay.in_process.observer import CommandObserver
from tests import TESTS
from tests.replay import sample_sources

HERE = TESTS / "replay"
DETAILS: Any = SimpleNamespace(info=SimpleNamespace(workflow_type="Agent"))
TASK = histories.load(HERE / "histories" / "Greeting-run.json").history.events[:3]


async def calls(workflow: type) -> tuple[str, tuple[NondeterministicCall, ...]]:
    """Run the first workflow task of a workflow and return its failure and the calls."""
    watch = CallWatch()
    observer = CommandObserver(during=watch.during)
    watch.user_code = observer.user_code
    replayer = Replayer(
        workflows=[workflow],
        workflow_runner=observer.around(SandboxedWorkflowRunner()),
        unsandboxed_workflow_runner=observer.around(UnsandboxedWorkflowRunner()),
    )
    await replayer.replay_workflow(WorkflowHistory("Greeting-run", TASK), raise_on_replay_failure=False)
    (found,) = observer.take()
    return "".join(each.failure for each in found.activations), watch.take()


@pytest.mark.parametrize("source", sample_sources.SOURCES)
def test_source_is_named_as_the_user_knows_it(source: str) -> None:
    call, name = sample_sources.SOURCES[source]
    watch = CallWatch()
    with watch.during(DETAILS):
        call()
    found = watch.take()
    assert [each.function for each in found if each.function == name] == [name]
    (call,) = [each for each in found if each.function == name]
    assert call.workflow == "Agent"
    # The program `pytest` is code of the user, too, where the tests run in its own process.
    here, *_, last = [line for line in call.stack if not line.startswith(f"{sys.argv[0]}:")]
    assert "test_nondeterministic_calls.py:" in here
    assert "sample_" in last
    assert here.endswith(" in test_source_is_named_as_the_user_knows_it")
    assert watch.take() == ()
    assert sys.getprofile() is None


async def test_workflow_that_calls_all_of_them() -> None:
    failure, found = await calls(sample_sources.Sources)
    assert not failure
    assert {name for _, name in sample_sources.SOURCES.values()} == {each.function for each in found}
    assert {each.workflow for each in found} == {"Greeting"}
    (bound,) = [each for each in found if "in helper" in each.stack[-1]]
    assert [line.rpartition(" ")[2] for line in bound.stack] == ["run", "<lambda>", "helper"]


async def test_look_alikes_are_left_alone() -> None:
    assert await calls(sample_sources.LookAlikes) == ("", ())


async def test_sandboxed_workflow_and_a_module_that_it_passes_through() -> None:
    failure, found = await calls(sample_sources.Sandboxed)
    assert not failure
    told = {(each.function, each.stack[-1].partition(":")[0].rpartition("/")[2]) for each in found}
    assert told == {
        ("datetime.datetime.fromtimestamp", "sample_sources.py"),
        ("random.Random.choice", "sample_passed_through.py"),
        ("uuid.uuid4", "sample_sources.py"),
    }


def test_one_place_is_told_once_and_many_places_are_bounded() -> None:
    watch = CallWatch()
    with watch.during(DETAILS):
        for _ in range(3):
            time.time()
    assert len(watch.take()) == 1
    lines = "\n".join("time.time()" for _ in range(MOST_PER_RUN + 5))
    with watch.during(DETAILS):
        exec(compile(lines, str(HERE / "generated.py"), "exec"))
    assert len(watch.take()) == MOST_PER_RUN


def test_profile_function_of_somebody_else_is_put_back() -> None:
    def theirs(*_: object) -> None:
        pass

    sys.setprofile(theirs)
    try:
        with CallWatch().during(DETAILS):
            pass
        assert sys.getprofile() is theirs
    finally:
        sys.setprofile(None)
