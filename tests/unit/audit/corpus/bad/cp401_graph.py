"""Nodes and tasks of LangGraph without a timeout, for which its plugin has no default."""

from langgraph.func import task
from langgraph.graph import StateGraph
from temporalio.common import RetryPolicy
from temporalio.contrib.langgraph import LangGraphPlugin

THRICE = RetryPolicy(maximum_attempts=3)


async def draw(state: dict) -> dict:
    return state


@task
async def frame(picture: str) -> str:
    return picture


graph = StateGraph(dict)
graph.add_node("draw", draw, metadata={"execute_in": "activity"})  # finding: CP401
PLUGIN = LangGraphPlugin(
    graphs={"picture": graph},
    tasks=[frame],
    activity_options={
        "frame": {"execute_in": "activity", "summary": "framing"}  # finding: CP401
    },
    default_activity_options={"retry_policy": THRICE},
)
