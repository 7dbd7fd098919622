"""What every small agent needs: run a worker that is seen at work until told to stop, cause an effect, ask a model."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor, Worker

TIMEOUT_S = 20.0


_PASSING = (408, 409, 429)


class InvalidInputError(Exception):
    """The model refused the request as it is; asking again cannot help."""


class ModelUnavailable(ApplicationError):  # noqa: N818 - the name is the failure type that histories show
    """The model did not answer this time; asking again may help, where it says so once it has been waited for."""

    def __init__(self, message: str, *, come_back: timedelta | None) -> None:
        super().__init__(message, type="ModelUnavailable", next_retry_delay=come_back)


class AttemptsLogged(Interceptor):
    """Logs that an activity attempt begins: the SDK's logger adds workflow id, run id and attempt to the line."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Stand before what executes activities."""
        return _AttemptLogged(next)


class _AttemptLogged(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        activity.logger.info("begins")
        return await super().execute_activity(input)


async def connect(*, namespace: str = "", metrics_address: str = "") -> Client:
    """Connect as Temporal's own environment variables say; by default to a server on this machine.

    Args:
        namespace: The namespace, where it is another one than the environment says.
        metrics_address: Where Prometheus finds the metrics of this process; empty for nowhere.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    if namespace:
        config["namespace"] = namespace
    metrics = PrometheusConfig(bind_address=metrics_address) if metrics_address else None
    runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics)) if metrics else None
    return await Client.connect(**config, runtime=runtime)


async def work(
    client: Client,
    *,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]] = (),
    task_queue: str = "",
    logged: bool = True,
) -> None:
    """Run a worker until SIGTERM or SIGINT, then give the activities under way time to end.

    Args:
        client: The connection to the server.
        workflows: The workflows of the worker.
        activities: Its activities.
        task_queue: Its task queue, where it is another one than the environment says.
        logged: Whether each activity attempt is logged.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    worker = Worker(
        client,
        task_queue=task_queue or os.environ.get("TEMPORAL_TASK_QUEUE", "agents"),
        workflows=workflows,
        activities=activities,
        interceptors=[AttemptsLogged()] if logged else [],
        graceful_shutdown_timeout=timedelta(seconds=10),
    )
    async with worker:
        await stop.wait()


def log_to_standard_error() -> None:
    """Have each line of the logs written, with time and level."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def main(
    *,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]] = (),
    logged: bool = True,
) -> None:
    """Be a worker program: connect, and work until told to stop.

    Metrics are served to Prometheus at ``METRICS_ADDRESS``, where the environment has it.

    Args:
        workflows: The workflows of the worker.
        activities: Its activities.
        logged: Whether each activity attempt is logged.
    """
    if logged:
        log_to_standard_error()

    async def connected() -> None:
        client = await connect(metrics_address=os.environ.get("METRICS_ADDRESS", ""))
        await work(client, workflows=workflows, activities=activities, logged=logged)

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
        InvalidInputError: The model refused the request for good (a 4xx).
        ModelUnavailable: The model failed (a 5xx), is asked too often (429) or in a bad moment (408, 409).
    """
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]}
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    try:
        reply = await asyncio.to_thread(_post, f"{os.environ['OPENAI_BASE_URL']}/chat/completions", body, headers)
    except urllib.error.HTTPError as error:
        if error.code < 500 and error.code not in _PASSING:
            raise InvalidInputError(str(error)) from error
        raise ModelUnavailable(str(error), come_back=_come_back(error.headers)) from error
    return str(reply["choices"][0]["message"]["content"])


def _come_back(headers: Message) -> timedelta | None:
    """Return how long the model asks to wait: in milliseconds, in seconds, or until a date."""
    milliseconds, asked = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    if milliseconds.isdigit():
        return timedelta(milliseconds=int(milliseconds))
    if asked.isdigit():
        return timedelta(seconds=int(asked))
    try:
        return max(timedelta(), parsedate_to_datetime(asked) - datetime.now(UTC))
    except ValueError:
        return None


def _post(url: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer
