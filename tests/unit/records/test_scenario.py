"""A scenario is a value; what cannot be meant is refused when it is written down."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from temporalio import workflow

from harness.errors import UsageError
from harness.records.scenario import (
    Reached,
    Scenario,
    Send,
    Starter,
    cancel,
    let_pass,
    query,
    reached,
    signal,
    start,
    started_by,
    started_by_worker,
    update,
)


@workflow.defn(name="Renamed")
class Agent:
    @workflow.run
    async def run(self, task: str) -> str:
        return task

    async def other(self) -> None: ...


@workflow.defn
class Plain:
    @workflow.run
    async def run(self) -> None: ...


@pytest.mark.parametrize("named", [Agent, Agent.run])
def test_a_workflow_is_named_by_class_or_run_method(named: Any) -> None:
    found = start(named, "x", id="")
    assert (found.workflow, found.inputs) == ("Renamed", (("x",),))
    assert found.modules == (f"{__name__}:Agent",)
    assert found.executions == {"Renamed-run": ("x",)}


def test_several_executions_have_ids_of_their_own_and_no_time_to_pass() -> None:
    found = start("Agent", inputs=[("Ann",), ("Bob", 2)], executions=2, id="a")
    assert found.executions == {"a": ("Ann",), "a-2": ("Ann",), "a-3": ("Bob", 2), "a-4": ("Bob", 2)}
    with pytest.raises(UsageError, match="arguments of one execution, or the inputs of several"):
        start("Agent", 1, inputs=[(1,)])
    with pytest.raises(UsageError, match="once or more, not 0 times"):
        start("Agent", executions=0)
    with pytest.raises(UsageError, match="let_pass lets time pass for one execution"):
        Scenario(worker="w", work=found, sends=[let_pass(days=1, at="start")])
    assert found.side_by_side
    one_after_the_other = start("Agent", "Ann", executions=2, in_sequence=True)
    assert not one_after_the_other.side_by_side
    assert Scenario(worker="w", work=one_after_the_other, sends=[let_pass(days=1, at="start")]).skips_time


def test_a_workflow_is_named_by_type_where_its_code_is_elsewhere() -> None:
    found = start("TheirWorkflow", 1, 2, id="fixed")
    assert (found.workflow, found.executions, found.modules) == ("TheirWorkflow", {"fixed": (1, 2)}, ())


@pytest.mark.parametrize("named", [int, len, dataclasses.replace, Scenario, 3])
def test_what_is_no_workflow_is_refused(named: Any) -> None:
    with pytest.raises(UsageError, match="is no workflow"):
        start(named)


def test_starters_and_sends_are_plain_values() -> None:
    assert started_by("python start.py", workflow="W") == Starter(command="python start.py", workflow="W")
    assert started_by_worker(modules=("a",)) == Starter(modules=("a",))
    assert cancel(at="before/Op") == Send(kind="cancel", at="before/Op")
    assert signal("go", 1) == Send(kind="signal", name="go", args=(1,), at="start")
    assert update("set", at="before/*") == Send(kind="update", name="set", at="before/*")
    assert query("state", at="after/*") == Send(kind="query", name="state", at="after/*")
    assert reached("after/*", times=3) == Reached(point="after/*", times=3)


def test_a_variant_is_a_replacement_and_the_original_stays() -> None:
    first = Scenario(worker="python worker.py", work=start(Plain))
    second = dataclasses.replace(first, task_queue="other")
    assert (first.task_queue, second.task_queue) == ("", "other")
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.task_queue = "x"  # type: ignore[misc]


def test_time_passes_until_the_timer_fires_or_for_a_time() -> None:
    assert let_pass(until="the timer fires") == Send(kind="pass", at="then", until="the timer fires")
    with pytest.raises(UsageError, match="takes a time, or until='the timer fires', not until='tomorrow'"):
        let_pass(until="tomorrow")
    with pytest.raises(UsageError, match="and 1 day"):
        let_pass(until="the timer fires", days=1)
