"""What every small agent needs: run a worker until told to stop, cause an effect, ask a model."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

TIMEOUT_S = 20.0


class InvalidInputError(Exception):
    """The model refused the request as it is; asking again cannot help."""


class ModelUnavailable(Exception):  # noqa: N818 - the name is the failure type that histories show
    """The model did not answer this time; asking again may help."""


async def connect(*, namespace: str = "") -> Client:
    """Connect as Temporal's own environment variables say; by default to a server on this machine."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    if namespace:
        config["namespace"] = namespace
    return await Client.connect(**config)


async def work(
    client: Client,
    *,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]] = (),
    task_queue: str = "",
) -> None:
    """Run a worker until SIGTERM or SIGINT, then give the activities under way time to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    worker = Worker(
        client,
        task_queue=task_queue or os.environ.get("TEMPORAL_TASK_QUEUE", "agents"),
        workflows=workflows,
        activities=activities,
        graceful_shutdown_timeout=timedelta(seconds=10),
    )
    async with worker:
        await stop.wait()


def main(*, workflows: Sequence[type], activities: Sequence[Callable[..., Any]] = ()) -> None:
    """Be a worker program: connect, and work until told to stop."""

    async def connected() -> None:
        await work(await connect(), workflows=workflows, activities=activities)

    asyncio.run(connected())


async def effect(name: str, body: dict[str, Any], *, key: str = "") -> dict[str, Any]:
    """Cause an effect in the world outside (a payment, a mail) and return the answer.

    With a key the world knows the same request when it comes again.
    """
    headers = {"Idempotency-Key": key} if key else {}
    return await asyncio.to_thread(_post, f"{os.environ['EFFECTS_URL']}/{name}", body, headers)


async def ask(question: str) -> str:
    """Ask the model once and return its answer.

    Raises:
        InvalidInputError: The model refused the request (any 4xx).
        ModelUnavailable: The model failed (any 5xx).
    """
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]}
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    try:
        reply = await asyncio.to_thread(_post, f"{os.environ['OPENAI_BASE_URL']}/chat/completions", body, headers)
    except urllib.error.HTTPError as error:
        raise (ModelUnavailable if error.code >= 500 else InvalidInputError)(str(error)) from error
    return str(reply["choices"][0]["message"]["content"])


def _post(url: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer
