"""Plugins whose activities end, agents that are not durable, and configurations that cannot be read."""

import time
from datetime import timedelta

from pydantic_ai import Agent
from pydantic_ai.durable_exec.temporal import TemporalAgent
from temporalio.common import RetryPolicy
from temporalio.contrib.google_adk_agents import TemporalModel
from temporalio.contrib.openai_agents import ModelActivityParameters, OpenAIAgentsPlugin
from temporalio.workflow import ActivityConfig

BOUNDED = OpenAIAgentsPlugin(model_params=ModelActivityParameters(retry_policy=RetryPolicy(maximum_attempts=5)))
ENDING = OpenAIAgentsPlugin(model_params=ModelActivityParameters(schedule_to_close_timeout=timedelta(minutes=5)))
CONFIG = ActivityConfig(start_to_close_timeout=timedelta(minutes=1), retry_policy=RetryPolicy(maximum_attempts=3))
MODEL = TemporalModel("gemini-2.5-pro", CONFIG)

plain = Agent("openai:gpt-4o-mini", name="plain")
agent = Agent("openai:gpt-4o-mini", name="cashier")
durable = TemporalAgent(agent, activity_config=CONFIG)


@plain.tool_plain
async def slow(number: int) -> int:
    time.sleep(10)
    return number


@agent.tool_plain
def slow_in_thread(number: int) -> int:
    time.sleep(10)
    return number


async def draw(state: dict) -> dict:
    time.sleep(3)
    return state


def build(graph, parameters) -> OpenAIAgentsPlugin:
    graph.add_node("draw", draw, metadata={"execute_in": "workflow"})
    return OpenAIAgentsPlugin(model_params=parameters)
