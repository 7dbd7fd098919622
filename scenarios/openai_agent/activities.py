"""The activities that the support agents have as tools."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request

from temporalio import activity

TICKET_TIMEOUT_S = 20.0


@activity.defn
async def open_ticket(summary: str) -> str:
    """Open the ticket of this case.

    Its key is the case: however often the tool is called, or an attempt of it dies, the case has one ticket.

    Args:
        summary: What the customer has to be helped with, in a sentence.
    """
    key = f"{activity.info().workflow_id}/ticket"
    await asyncio.to_thread(_post, f"{os.environ['EFFECTS_URL']}/ticket", {"summary": summary}, key)
    return f"The ticket {key} is open."


@activity.defn
async def service_status() -> str:
    """Tell how the service is doing."""
    return "All services are up."


def _post(url: str, body: dict[str, str], key: str) -> None:
    request = urllib.request.Request(
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )
    with urllib.request.urlopen(request, timeout=TICKET_TIMEOUT_S) as reply:
        reply.read()
