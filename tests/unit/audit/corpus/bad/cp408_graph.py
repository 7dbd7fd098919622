"""Nodes and tasks of LangGraph whose activities end by nothing: their own options say it, and the plugin's do not."""

import time
from datetime import timedelta

from langgraph.func import task
from langgraph.graph import StateGraph
from temporalio.common import RetryPolicy
from temporalio.langgraph import LangGraphPlugin
from temporalio.worker import Worker


async def draw(state: dict) -> dict:
    time.sleep(3)  # finding: CP301
    return state


async def paint(state: dict) -> dict:
    return state


@task
async def frame(picture: str) -> str:
    time.sleep(3)  # finding: CP301
    return picture


graph = StateGraph(dict)
graph.add_node("draw", draw, metadata={"execute_in": "activity"})  # finding: CP408
graph.add_node(  # finding: CP408
    "paint", paint, metadata={"execute_in": "activity", "retry_policy": RetryPolicy(backoff_coefficient=3.0)}
)
PLUGIN = LangGraphPlugin(
    graphs={"picture": graph},
    tasks=[frame],
    activity_options={
        "frame": {"execute_in": "activity"}  # finding: CP408
    },
    default_activity_options={"start_to_close_timeout": timedelta(minutes=1)},
)


def make(client) -> Worker:
    return Worker(client, task_queue="pictures", workflows=[], plugins=[PLUGIN])
