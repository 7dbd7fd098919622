"""The approval agent waits three days in a moment: nobody approves, somebody does early, late, twice, or cancels.

The workflow is the real one, on the time-skipping test server of the SDK; its activities are played by the test. Copy
it for an agent of your own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from harness.servers.binaries import TEST_SERVER, find
from scenarios.approval.workflows import APPROVAL_LIMIT, DurableAIAgentWorkflow

AN_HOUR = timedelta(hours=1)
STARTED_WITHIN = timedelta(minutes=2)
"""How long the server may take to start; the SDK gives up after 5 s unless it is told otherwise."""

QUEUE = "approval"


class Agent:
    """The agent with activities that only note what was asked of them."""

    def __init__(self, env: WorkflowEnvironment) -> None:
        self.env = env
        self.saved: list[str] = []
        self.planned = asyncio.Event()
        self.may_plan = asyncio.Event()

    @activity.defn(name="search_web")
    async def search(self, query: str) -> str:
        return f"all about {query}"

    @activity.defn(name="call_llm")
    async def ask(self, prompt: str) -> str:
        await self.may_plan.wait()
        return f"done: {prompt.rpartition(': ')[2]}" if prompt.startswith("Carry out") else "the plan"

    @activity.defn(name="persist_checkpoint")
    async def persist(self, step: str, state: str) -> None:
        self.saved.append(step)
        self.planned.set()

    async def start(self, *, signal: str = "") -> WorkflowHandle[DurableAIAgentWorkflow, str]:
        more = {"start_signal": "human_approve", "start_signal_args": [signal]} if signal else {}
        return await self.env.client.start_workflow(
            DurableAIAgentWorkflow.run,
            "a picnic",
            id="agent",
            task_queue=QUEUE,
            **more,  # type: ignore[arg-type]  # one overload for each
        )


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    server = await find(TEST_SERVER)
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(server.path), test_server_startup_timeout=STARTED_WITHIN
    ) as env:
        played = Agent(env)
        activities = [played.search, played.ask, played.persist]
        async with Worker(env.client, task_queue=QUEUE, workflows=[DurableAIAgentWorkflow], activities=activities):
            yield played


async def test_an_approval_on_the_third_day_carries_the_plan_out(agent: Agent) -> None:
    handle = await agent.start()
    agent.may_plan.set()
    await agent.planned.wait()
    await agent.env.sleep(APPROVAL_LIMIT - AN_HOUR)
    await handle.signal(DurableAIAgentWorkflow.human_approve, "if dry")
    assert await handle.result() == "done: if dry"
    assert agent.saved == ["planned", "done"]


async def test_nobody_approves(agent: Agent) -> None:
    handle = await agent.start()
    agent.may_plan.set()
    with pytest.raises(WorkflowFailureError) as raised:
        await handle.result()
    assert isinstance(raised.value.cause, ApplicationError)
    assert raised.value.cause.type == "ApprovalExpired"
    assert agent.saved == ["planned", "expired"]
    with pytest.raises(RPCError) as refused:
        await handle.signal(DurableAIAgentWorkflow.human_approve, "late")
    assert refused.value.status is RPCStatusCode.NOT_FOUND


async def test_an_approval_before_the_plan_counts(agent: Agent) -> None:
    handle = await agent.start(signal="early")
    agent.may_plan.set()
    assert await handle.result() == "done: early"


async def test_the_first_of_two_approvals_counts(agent: Agent) -> None:
    handle = await agent.start(signal="first")
    await handle.signal(DurableAIAgentWorkflow.human_approve, "second")
    agent.may_plan.set()
    assert await handle.result() == "done: first"
    assert agent.saved == ["planned", "done"]


async def test_cancelled_while_it_waits_it_saves_that(agent: Agent) -> None:
    handle = await agent.start()
    agent.may_plan.set()
    await agent.planned.wait()
    await agent.env.sleep(AN_HOUR)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as raised:
        await handle.result()
    assert isinstance(raised.value.cause, CancelledError)
    assert agent.saved == ["planned", "cancelled"]
