"""The activities of the approval agent: search the web, ask the model, save a checkpoint."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.parse
import urllib.request
from typing import Any

import openai
from temporalio import activity

from scenarios.research.activities import complete_text, model_client
from scenarios.research.errors import classified

MODEL = "gpt-4o-mini"
SERVICE_TIMEOUT_S = 20.0


@activity.defn
async def search_web(query: str) -> str:
    """Return what the search knows about it, one hit a line."""
    wanted = urllib.parse.urlencode({"q": query})
    hits = await asyncio.to_thread(_call, urllib.request.Request(f"{os.environ['EFFECTS_URL']}/search?{wanted}"))
    return "\n".join(hits["hits"])


@activity.defn
async def call_llm(prompt: str) -> str:
    """Ask the model once and return its answer.

    Raises:
        ApplicationError: ``InvalidRequestError``: it refuses the request as it is. Others: asking again may help.
    """
    try:
        completion = await model_client().chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": prompt}]
        )
    except openai.APIError as error:
        raise classified(error, refused="InvalidRequestError") from error
    return complete_text(completion)


@activity.defn
async def persist_checkpoint(step: str, state: str) -> None:
    """Save a checkpoint under a key of workflow and step: saved again it is the same one."""
    workflow_id = activity.info().workflow_id
    request = urllib.request.Request(
        f"{os.environ['EFFECTS_URL']}/checkpoint",
        data=json.dumps({"workflow_id": workflow_id, "step": step, "state": state}).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": f"{workflow_id}/{step}"},
    )
    await asyncio.to_thread(_call, request)


def _call(request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=SERVICE_TIMEOUT_S) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer
