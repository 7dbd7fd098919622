"""Nodes and tasks of LangGraph that end: by their own options, by the plugin's, in the workflow; or nobody can tell."""

import time
from datetime import timedelta

from langgraph.func import task
from langgraph.graph import StateGraph
from temporalio.common import RetryPolicy
from temporalio.langgraph import LangGraphPlugin

DEFAULTS = {"start_to_close_timeout": timedelta(minutes=1), "retry_policy": RetryPolicy(maximum_attempts=3)}


async def draw(state: dict) -> dict:
    return state


async def paint(state: dict) -> dict:
    time.sleep(3)
    return state


@task
async def frame(picture: str) -> str:
    return picture


@task
async def sign(picture: str) -> str:
    time.sleep(3)
    return picture


def build(more: dict) -> LangGraphPlugin:
    graph = StateGraph(dict)
    graph.add_node("draw", draw, metadata={"execute_in": "activity"})
    graph.add_node("paint", paint, metadata={"execute_in": "workflow"})
    graph.add_node("given", draw, metadata={"execute_in": "activity", **more})
    graph.add_node("plain", draw)
    return LangGraphPlugin(
        graphs={"picture": graph},
        tasks=[frame, sign],
        activity_options={
            "frame": {
                "execute_in": "activity",
                "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=5)),
                "schedule_to_close_timeout": timedelta(minutes=9),
            },
            "sign": {"execute_in": "workflow"},
        },
        default_activity_options=DEFAULTS,
    )
