"""Records the histories of the planted workflows anew: ``python -m tests.replay.planted.record``.

One worker process runs them all on a real server. What they depend on is as in production: the hash seed is a random
one, the time zone is UTC, a variable of the environment is set that replays do not have, and of two runs that share
what their process keeps, each starts in a process that keeps nothing yet. No history names the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowContinuedAsNewError, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.replay.planted import activities, recorded
from tests.replay.planted.alike import own_cache, own_now, own_random, own_uuid, sorted_set
from tests.replay.planted.conditions import (
    class_attribute,
    dict_from_set,
    environment,
    hash_of_text,
    local_now,
    local_timestamp,
    module_cache,
    random_pause,
    replaying,
    set_argument,
    set_order,
    uuid_default,
    wall_clock,
)
from tests.replay.planted.records import Conversation, Trip
from tests.replay.planted.shared import cache

HISTORIES = Path(__file__).parent / "histories"
TASK_QUEUE = "planted"
IDENTITY = "1@worker"
TOOLS = ["mail", "maps", "notes", "search", "sheets"]
DUE = 1_800_000_000.0

STARTED: tuple[tuple[str, type, Any], ...] = (
    ("research-1", recorded.Research, "tea"),
    ("booking-1", recorded.Booking, Trip(city="Graz", nights=2)),
    ("triage-1", recorded.Triage, "ticket 7"),
    ("toolbox-1", set_order.Toolbox, TOOLS),
    ("digest-1", dict_from_set.Digest, TOOLS),
    ("experiment-1", hash_of_text.Experiment, "Ada"),
    ("reminder-1", local_timestamp.Reminder, DUE),
    ("agenda-1", local_now.Agenda, "Ada"),
    ("polling-1", random_pause.Polling, 2),
    ("briefing-1", wall_clock.Briefing, "Ada"),
    ("configured-1", environment.Configured, "Is tea good?"),
    ("delegation-1", set_argument.Delegation, TOOLS),
    ("resumed-1", replaying.Resumed, "tea"),
    ("sorted-toolbox-1", sorted_set.SortedToolbox, TOOLS),
    ("own-polling-1", own_random.OwnPolling, TOOLS),
    ("own-agenda-1", own_now.OwnAgenda, DUE),
    ("own-lookup-1", own_cache.OwnLookup, "What is tea?"),
    ("own-lookup-2", own_cache.OwnLookup, "What is tea?"),
    ("lookup-1", module_cache.Lookup, "What is tea?"),
    ("session-1", class_attribute.Session, "Ada"),
    ("lookup-2", module_cache.Lookup, "What is tea?"),
    ("session-2", class_attribute.Session, "Bob"),
)
"""Id, workflow and argument of each run, in their order; those that need more than a start are apart."""

WITH_MODELS: tuple[tuple[str, type, Any], ...] = (
    ("calling-1", uuid_default.Calling, "mail"),
    ("own-calling-1", own_uuid.OwnCalling, "mail"),
)
WORKFLOWS = list({workflow for _, workflow, _ in STARTED} | {recorded.Payment, recorded.Chat, recorded.Escalation})


async def record(folder: Path) -> None:
    """Run each workflow and write its history to ``folder``."""
    with tempfile.TemporaryDirectory() as logs:
        async with (
            asyncio.timeout(120),
            DevServer(
                (await find_temporal()).path, folder=Path(logs), search_attributes={"Severity": "Keyword"}
            ) as server,
            _workers(server.address) as (client, with_models),
        ):
            for workflow_id, workflow, argument in STARTED:
                cache.ANSWERS.clear()
                class_attribute.Session.turns = 0
                await _run(client, workflow_id, workflow, argument, folder)
            await _write(client.get_workflow_handle("booking-1-payment"), folder)
            for workflow_id, workflow, argument in WITH_MODELS:
                await _run(with_models, workflow_id, workflow, argument, folder)
            await _chat(client, folder)
            await _escalation(client, folder)


@asynccontextmanager
async def _workers(address: str) -> AsyncIterator[tuple[Client, Client]]:
    """Run the workers; yield a client of each data converter."""
    client = await Client.connect(address, identity=IDENTITY)
    models = await Client.connect(address, identity=IDENTITY, data_converter=pydantic_data_converter)
    tools = list(activities.ALL)
    async with AsyncExitStack() as stack:
        for worker in (
            Worker(client, task_queue=TASK_QUEUE, workflows=WORKFLOWS, activities=tools),
            Worker(client, task_queue="planted-search", activities=[activities.search]),
            Worker(client, task_queue="planted-search-2", activities=[activities.search]),
            Worker(
                models,
                task_queue="planted-models",
                workflows=[workflow for _, workflow, _ in WITH_MODELS],
                activities=tools,
            ),
        ):
            await stack.enter_async_context(worker)
        yield client, models


async def _run(client: Client, workflow_id: str, workflow: Any, argument: Any, folder: Path) -> None:
    task_queue = "planted-models" if any(workflow is each for _, each, _ in WITH_MODELS) else TASK_QUEUE
    handle = await client.start_workflow(workflow.run, argument, id=workflow_id, task_queue=task_queue)
    await handle.result()
    await _write(handle, folder)


async def _chat(client: Client, folder: Path) -> None:
    """Talk to a chat: one turn at length, an update, one turn in brief; its first run is written."""
    chat = await client.start_workflow(recorded.Chat.run, Conversation(), id="chat-1", task_queue=TASK_QUEUE)
    await chat.signal(recorded.Chat.say, "Is tea good?")
    while await chat.query(recorded.Chat.turns) < 1:
        await asyncio.sleep(0.02)
    await chat.execute_update(recorded.Chat.rename, "tea")
    await chat.signal(recorded.Chat.be_brief)
    await chat.signal(recorded.Chat.say, "Why?")
    first = client.get_workflow_handle(chat.id, run_id=chat.first_execution_run_id)
    with suppress(WorkflowContinuedAsNewError):
        await first.result(follow_runs=False)
    await client.get_workflow_handle(chat.id).terminate()
    await _write(first, folder)


async def _escalation(client: Client, folder: Path) -> None:
    """Have a ticket escalated to a chat that is there for it."""
    desk = await client.start_workflow(recorded.Chat.run, Conversation(), id="desk", task_queue=TASK_QUEUE)
    escalation = await client.start_workflow(
        recorded.Escalation.run, "ticket 7", id="escalation-1", task_queue=TASK_QUEUE
    )
    with suppress(WorkflowFailureError):
        await escalation.result()
    await desk.terminate()
    await _write(escalation, folder)


async def _write(handle: WorkflowHandle[Any, Any], folder: Path) -> None:
    history: WorkflowHistory = await handle.fetch_history()
    found = json.loads(history.to_json())
    for event in found["events"]:
        _scrub(event)
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{handle.id}.json").write_text(text, encoding="utf-8")


def _scrub(found: Any) -> None:
    """Take out of an event what names the machine: worker, sticky queue of the worker, and paths of its code."""
    if not isinstance(found, dict):
        return
    found.pop("stackTrace", None)
    if found.get("kind") == "TASK_QUEUE_KIND_STICKY":
        found["name"] = f"{IDENTITY}-sticky"
    if "identity" in found and "@" in found["identity"]:
        found["identity"] = IDENTITY
    for each in found.values():
        _scrub(each)


if __name__ == "__main__":
    os.environ |= {"TZ": "UTC", "PLANTED_MODEL": "large"}
    time.tzset()
    HISTORIES.mkdir(exist_ok=True)
    asyncio.run(record(HISTORIES))
