"""Plugins whose activities are retried without end, as they come or as they are configured."""

import time
from datetime import timedelta

import httpx
from pydantic_ai import Agent
from pydantic_ai.durable_exec.temporal import TemporalAgent
from temporalio import google_adk
from temporalio.common import RetryPolicy
from temporalio.contrib.google_adk_agents import TemporalModel
from temporalio.contrib.openai_agents import ModelActivityParameters, OpenAIAgentsPlugin
from temporalio.google_genai import TemporalAsyncClient
from temporalio.worker import Worker
from temporalio.workflow import ActivityConfig

PLAIN = OpenAIAgentsPlugin()  # finding: CP408
TIMED = OpenAIAgentsPlugin(  # finding: CP408
    model_params=ModelActivityParameters(start_to_close_timeout=timedelta(seconds=30))
)
SLOW = OpenAIAgentsPlugin(  # finding: CP408
    model_params=ModelActivityParameters(retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5)))
)
MODEL = TemporalModel("gemini-2.5-pro", ActivityConfig(start_to_close_timeout=timedelta(minutes=1)))  # finding: CP408
STANDALONE = google_adk.TemporalModel("gemini-2.5-pro")  # finding: CP408
GENAI = TemporalAsyncClient(vertexai=True)  # finding: CP408


async def fetch(url: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        return (await client.post("https://pay.example/charges", json={"url": url})).text  # finding: CP306


agent = Agent("openai:gpt-4o-mini", name="cashier", tools=[fetch])


@agent.tool_plain
async def slow(number: int) -> int:
    time.sleep(10)  # finding: CP301
    return number


durable = TemporalAgent(agent)  # finding: CP408


async def draw(state: dict) -> dict:
    time.sleep(3)  # finding: CP301
    return state


def build(graph) -> None:
    graph.add_node("draw", draw, metadata={"execute_in": "activity"})


def make(client, plugin) -> Worker:
    return Worker(client, task_queue="agents", workflows=[], plugins=[plugin])
