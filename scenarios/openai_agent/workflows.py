"""The workflow of the support agents: a desk with a guardrail and a tool, a handoff, and a letter that is streamed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agents import (
    Agent,
    AgentsException,
    GuardrailFunctionOutput,
    ModelSettings,
    RunConfig,
    RunContextWrapper,
    Runner,
    input_guardrail,
)
from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.contrib.workflow_streams import WorkflowStream
from temporalio.exceptions import ApplicationError
from temporalio.openai_agents.workflow import activity_as_tool

with workflow.unsafe.imports_passed_through():
    from scenarios.openai_agent.activities import open_ticket, service_status

MODEL = "gpt-4o-mini"
MAX_TURNS = 6
LONGEST_QUESTION = 2000
SETTINGS = ModelSettings()
RUN = RunConfig(model=MODEL, tracing_disabled=True, trace_include_sensitive_data=False)
"""Model and settings are given here, and not left to defaults: those the SDK reads from the worker's environment."""
TOOL_TIMEOUT = timedelta(minutes=1)
TOOL_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@dataclass(frozen=True)
class Case:
    """What a customer asks.

    Attributes:
        question: In the customer's words.
    """

    question: str


class Advice(BaseModel):
    """What the advisor comes to.

    Attributes:
        advice: What the customer should do, in a sentence.
        urgent: Whether somebody must call.
    """

    advice: str
    urgent: bool


@dataclass(frozen=True)
class Reply:
    """What the customer gets.

    Attributes:
        letter: The letter.
        urgent: Whether somebody must call.
    """

    letter: str
    urgent: bool


@input_guardrail(run_in_parallel=False)
async def is_a_question(context: RunContextWrapper[Any], agent: Agent[Any], asked: Any) -> GuardrailFunctionOutput:
    """Let no model be asked what nobody has asked, or a novel."""
    return GuardrailFunctionOutput(None, tripwire_triggered=not 0 < len(str(asked).strip()) <= LONGEST_QUESTION)


ADVISOR = Agent(name="Advisor", instructions="Advise the customer.", model_settings=SETTINGS, output_type=Advice)

DESK = Agent(
    name="Desk",
    instructions="Open a ticket for the case, then hand it over.",
    model_settings=SETTINGS,
    tools=[activity_as_tool(open_ticket, start_to_close_timeout=TOOL_TIMEOUT, retry_policy=TOOL_RETRIES)],
    handoffs=[ADVISOR],
    input_guardrails=[is_a_question],
)

WRITER = Agent(
    name="Writer",
    instructions="Write the advice as a letter. Where it is about the service, look how that is doing.",
    model_settings=SETTINGS,
    tools=[activity_as_tool(service_status, start_to_close_timeout=TOOL_TIMEOUT, retry_policy=TOOL_RETRIES)],
)


@workflow.defn(failure_exception_types=[AgentsException])
class SupportWorkflow:
    """Takes a case to its letter.

    What the SDK raises by itself, such as for a call of a tool that does not exist, fails the workflow: the plugin
    takes only failures of Temporal for that, and would let the workflow task fail again and again.
    """

    @workflow.init
    def __init__(self, case: Case) -> None:
        self._stream = WorkflowStream()

    @workflow.run
    async def run(self, case: Case) -> Reply:
        """Open a ticket, find advice, and write the letter."""
        advised = await Runner.run(DESK, case.question, max_turns=MAX_TURNS, run_config=RUN)
        advice = advised.final_output
        if not isinstance(advice, Advice):
            raise ApplicationError("the desk did not hand the case over", type="NoAdvice")
        written = Runner.run_streamed(WRITER, advice.advice, max_turns=MAX_TURNS, run_config=RUN)
        async for _ in written.stream_events():
            pass
        return Reply(letter=str(written.final_output), urgent=advice.urgent)
