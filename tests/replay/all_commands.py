"""Workflows that between them send every kind of command, most of them with every option."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import nexusrpc
from nexusrpc.handler import (
    CancelOperationContext,
    OperationHandler,
    StartOperationContext,
    StartOperationResultAsync,
    StartOperationResultSync,
    operation_handler,
    service_handler,
)
from temporalio import activity, workflow
from temporalio.common import (
    Priority,
    RetryPolicy,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError, FailureError

TASK_QUEUE = "all-commands"
ENDPOINT = "all-commands-endpoint"
TOPIC = SearchAttributeKey.for_keyword("Topic")
COUNT = SearchAttributeKey.for_int("Count")
SHORT = timedelta(seconds=30)
POLICY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=1.5,
    maximum_interval=timedelta(seconds=9),
    maximum_attempts=4,
    non_retryable_error_types=["Fatal", "Refused"],
)


@dataclass
class Question:
    text: str
    depth: int = 2


@activity.defn
async def ask(question: Question, again: int) -> dict[str, Any]:
    return {"text": question.text, "again": again}


@activity.defn
async def note(text: str) -> str:
    if text == "fail":
        raise ApplicationError("no paper", {"left": 0}, type="OutOfPaper", non_retryable=True)
    return f"noted {text}"


@nexusrpc.service
class Oracle:
    answer: nexusrpc.Operation[str, str]


@service_handler(service=Oracle)
class OracleHandler:
    @operation_handler
    def answer(self) -> OperationHandler[str, str]:
        return Answering()


class Answering(OperationHandler[str, str]):
    async def start(self, ctx: StartOperationContext, input: str) -> Any:
        if input == "later":
            return StartOperationResultAsync("token")
        return StartOperationResultSync(f"{input} is so")

    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        pass


@workflow.defn
class Child:
    def __init__(self) -> None:
        self.done = False

    @workflow.run
    async def run(self, text: str, wait: bool = False) -> str:
        if wait:
            await workflow.wait_condition(lambda: self.done)
        return text

    @workflow.signal
    def finish(self, text: str) -> None:
        self.done = True


@workflow.defn
class Activities:
    """Activities with all options and with few, one that fails, one that is cancelled, and local ones."""

    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity(
            ask,
            args=[Question("why"), 3],
            task_queue=TASK_QUEUE,
            schedule_to_close_timeout=timedelta(minutes=9),
            schedule_to_start_timeout=timedelta(minutes=2),
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=SHORT,
            retry_policy=POLICY,
            summary="asks why",
            priority=Priority(priority_key=2, fairness_key="tenant", fairness_weight=1.5),
            activity_id="asked-1",
        )
        one = workflow.execute_activity(note, "x", start_to_close_timeout=SHORT, heartbeat_timeout=timedelta(hours=1))
        other = workflow.execute_activity(note, "y", schedule_to_close_timeout=SHORT)
        partly = workflow.execute_activity(
            note, "z", start_to_close_timeout=SHORT, retry_policy=RetryPolicy(maximum_attempts=2)
        )
        await asyncio.gather(one, other, partly)
        nobody = workflow.start_activity(note, "never", task_queue="nobody", start_to_close_timeout=SHORT)
        await self._local()
        await asyncio.sleep(0.05)
        nobody.cancel()
        with suppress(ActivityError):
            await nobody
        try:
            await workflow.execute_activity(note, "fail", start_to_close_timeout=SHORT)
        except ActivityError as error:
            raise ApplicationError("gave up", {"step": 2}, type="GivenUp", non_retryable=True) from error
        return "unreachable"

    async def _local(self) -> None:
        await workflow.execute_local_activity(note, "here", start_to_close_timeout=SHORT)
        with suppress(FailureError):
            await workflow.execute_local_activity(note, "fail", start_to_close_timeout=SHORT)


@workflow.defn
class Everything:
    """All that is no activity; ends by continuing as new, and then returns what it was given."""

    def __init__(self) -> None:
        self.updates = 0

    @workflow.run
    async def run(self, round: int) -> dict[str, Any]:
        if round:
            return {"round": round, "patched": workflow.patched("new-way")}
        workflow.patched("new-way")
        workflow.deprecate_patch("old-way")
        workflow.upsert_search_attributes([TOPIC.value_set("physics"), COUNT.value_set(3)])
        workflow.upsert_memo({"stage": "begun", "more": {"a": 1}})
        await self._timers()
        await self._children()
        await self._nexus()
        await workflow.wait_condition(lambda: self.updates == 2)
        return workflow.continue_as_new(
            args=[1],
            task_queue=TASK_QUEUE,
            run_timeout=timedelta(minutes=7),
            task_timeout=timedelta(seconds=8),
            retry_policy=POLICY,
            memo={"from": "before"},
            search_attributes=TypedSearchAttributes([SearchAttributePair(TOPIC, "rounds")]),
        )

    async def _timers(self) -> None:
        waiting = asyncio.create_task(workflow.sleep(900, summary="a quarter of an hour"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await workflow.wait([waiting])

    async def _children(self) -> None:
        parent = workflow.info().workflow_id
        first = await workflow.start_child_workflow(
            Child.run,
            args=["first", True],
            id=f"{parent}-first",
            task_queue=TASK_QUEUE,
            cancellation_type=workflow.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
            parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            execution_timeout=timedelta(minutes=6),
            run_timeout=timedelta(minutes=5),
            task_timeout=timedelta(seconds=9),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            retry_policy=POLICY,
            memo={"child": "first"},
            search_attributes=TypedSearchAttributes([SearchAttributePair(TOPIC, "children")]),
            static_summary="the first",
            static_details="of two",
            priority=Priority(priority_key=4),
        )
        second = await workflow.start_child_workflow(Child.run, args=["second", True], id=f"{parent}-second")
        third = await workflow.start_child_workflow(Child.run, args=["third", True], id=f"{parent}-third")
        await first.signal(Child.finish, "go")
        await workflow.get_external_workflow_handle(second.id, run_id=second.first_execution_run_id).signal(
            "finish", "ext"
        )
        third.cancel()
        await workflow.wait([first, second, third])
        if not isinstance(third.exception(), ChildWorkflowError):
            raise RuntimeError("the third child was not cancelled")
        other = await workflow.start_child_workflow(Child.run, args=["other", True], id=f"{parent}-other")
        await workflow.get_external_workflow_handle(other.id).cancel()
        await workflow.wait([other])

    async def _nexus(self) -> None:
        oracle = workflow.create_nexus_client(service=Oracle, endpoint=ENDPOINT)
        options: Mapping[str, Any] = {"schedule_to_close_timeout": timedelta(minutes=3), "summary": "asks the oracle"}
        await oracle.execute_operation(Oracle.answer, "this", headers={"tone": "calm"}, **options)
        later = await oracle.start_operation(
            Oracle.answer, "later", cancellation_type=workflow.NexusOperationCancellationType.TRY_CANCEL
        )
        later.cancel()
        with suppress(FailureError):
            await later

    @workflow.update
    async def raise_by(self, number: int) -> dict[str, int]:
        await workflow.sleep(0.01)
        self.updates += 1
        if number == 13:
            raise ApplicationError("unlucky", type="Unlucky")
        return {"raised": number}

    @raise_by.validator
    def check(self, number: int) -> None:
        if number < 0:
            raise ValueError("only upwards")


@workflow.defn
class Capped:
    """Leaves out what the server fills in, and asks for more than it allows; runs under a run timeout."""

    @workflow.run
    async def run(self, round: int) -> str:
        if round:
            return "done"
        day = timedelta(days=1)
        await workflow.execute_activity(note, "a", start_to_close_timeout=day, heartbeat_timeout=2 * day)
        await workflow.execute_activity(
            note,
            "b",
            schedule_to_close_timeout=SHORT,
            schedule_to_start_timeout=day,
            start_to_close_timeout=day,
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=3)),
        )
        await workflow.create_nexus_client(service=Oracle, endpoint=ENDPOINT).execute_operation(Oracle.answer, "it")
        parent = workflow.info().workflow_id
        await workflow.execute_child_workflow(
            Child.run, "c", id=f"{parent}-c", execution_timeout=SHORT, task_timeout=timedelta(minutes=4)
        )
        await workflow.execute_child_workflow(
            Child.run, "d", id=f"{parent}-d", retry_policy=RetryPolicy(maximum_attempts=3), run_timeout=2 * SHORT
        )
        age = asyncio.create_task(asyncio.sleep(200 * 365 * 24 * 3600))
        await asyncio.sleep(0.01)
        age.cancel()
        return workflow.continue_as_new(1)


_stumbled: set[str] = set()


@workflow.defn(sandboxed=False)
class Stumbling:
    """Fails its second workflow task the first time, and is sent a signal meanwhile."""

    def __init__(self) -> None:
        self.signals: list[str] = []

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.execute_activity(note, "x", start_to_close_timeout=SHORT)
        if workflow.info().run_id not in _stumbled:
            _stumbled.add(workflow.info().run_id)
            raise RuntimeError("stumbles once")
        await workflow.wait_condition(lambda: bool(self.signals))
        return self.signals

    @workflow.signal
    def tell(self, text: str) -> None:
        self.signals.append(text)


@workflow.defn
class Cancelled:
    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: False)
        return "unreachable"
