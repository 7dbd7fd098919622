"""What the model answers to the support agents: a function of the conversation and of the tools that are offered."""

from __future__ import annotations

from typing import Any

LETTER = "Dear customer, please reset the device; the light turns green within a minute. Kind regards, the desk."


def answer(request: dict[str, Any]) -> str | dict[str, Any]:
    """Return a call of a tool, the advice, or the letter: what the agent that asks is to do next."""
    offered = {tool["name"] for tool in request.get("tools") or ()}
    if "open_ticket" in offered:
        done = any(item.get("type") == "function_call_output" for item in request["input"])
        if done:
            return {"tool_calls": [{"name": "transfer_to_advisor", "arguments": {}}]}
        return {"tool_calls": [{"name": "open_ticket", "arguments": {"summary": "The light is off."}}]}
    return LETTER if "service_status" in offered else '{"advice": "Reset the device.", "urgent": false}'
