"""Campaigns: started on a cluster, worked for on a machine, looked at, cancelled, and reported from their store."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleSpec,
    WorkflowExecutionStatus,
    WorkflowFailureError,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from harness.app.connection import ClusterConnection, connect
from harness.app.declared_scenarios import KEPT, declaration, declared_scenario, kept_options
from harness.app.loading import load
from harness.app.progress import Tell
from harness.app.run import Means, RunResult
from harness.campaign.activities import CampaignActivities
from harness.campaign.batches import lanes_for
from harness.campaign.code import code_digest
from harness.campaign.local_trials import LocalTrialMaker
from harness.campaign.merging import fetch_evidence, merged
from harness.campaign.orders import TASK_QUEUE, CampaignDone, CampaignOrder, Policy, Progress
from harness.campaign.places import Places
from harness.campaign.store import Store
from harness.campaign.worker import machine_queue, working
from harness.campaign.workflows import CrashproofCampaign
from harness.errors import RigError, UsageError, root_cause
from harness.processes import scratch
from harness.records import store as folders
from harness.records.options import SweepOptions
from harness.records.run_record import RunRecord, begin, versions
from harness.records.sweep_result import News
from harness.report.files import keep, shown_path
from harness.servers.dev import DevServer

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHandle

POLICIES = "retry_policy.json"
"""The timeouts and retries of a campaign's activities, beside the code of ``harness.campaign``."""

AT_A_TIME = 2
"""Scenarios under way at a time at least: while the last trials of one are made, those of another one are."""

_STORE = "crashproof-store"  # memo of a campaign's workflow: the URL of its store
_LOOK_EVERY = 2.0  # seconds
_COMES_WITHIN = 30.0  # seconds: then nobody works for the campaign


@dataclass(frozen=True, kw_only=True)
class CampaignStatus:
    """How far a campaign is.

    Attributes:
        campaign: Its id.
        state: What Temporal calls the state of its workflow: RUNNING, COMPLETED, FAILED, CANCELED, …
        scenarios: How far each of its scenarios is; none until they have been read.
        done: What it came to, once it is over.
        waits: Whether nobody works for it.
    """

    campaign: str
    state: str
    scenarios: tuple[Progress, ...] = ()
    done: CampaignDone | None = None
    waits: bool = False


def order_of(
    targets: Sequence[str],
    *,
    store: str,
    options: SweepOptions,
    batch: int,
    machines: int,
    policies: Path | None = None,
    command: Sequence[str] = (),
) -> CampaignOrder:
    """Return what a campaign is asked to do.

    Args:
        targets: Files, folders and names of scenarios.
        store: URL of the store.
        options: How each scenario is swept.
        batch: How many trials one activity makes at most.
        machines: How many machines are expected to work for it.
        policies: A file like ``retry_policy.json``, in whose place it comes; None: that one.
        command: The command line that asks for it.

    Raises:
        UsageError: No such store can be reached, or the file of policies is wrong.
    """
    Store(store)
    kept = {name: getattr(options, name) for name in KEPT}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}
    return CampaignOrder(
        store=store,
        targets=tuple(targets),
        options=plain,
        policies=_policies(policies),
        batch=batch,
        lanes=lanes_for(machines),
        at_a_time=max(AT_A_TIME, machines),
        command=tuple(command),
    )


async def start(client: Client, order: CampaignOrder, *, campaign: str, task_queue: str) -> None:
    """Start a campaign.

    Raises:
        UsageError: One of that id is under way.
        RigError: The cluster refuses it.
    """
    try:
        await client.start_workflow(
            CrashproofCampaign.run,
            order,
            id=campaign,
            task_queue=task_queue or TASK_QUEUE,
            memo={_STORE: order.store},
        )
    except WorkflowAlreadyStartedError as error:
        raise UsageError(f"a campaign {campaign!r} is under way already; give another --id, or cancel it") from error
    except RPCError as error:
        raise RigError(f"the cluster refuses the campaign: {error.message}") from error


async def schedule(client: Client, order: CampaignOrder, *, name: str, cron: str, task_queue: str) -> None:
    """Make a Temporal Schedule that starts the campaign again and again; one that is under way is not overlapped.

    Args:
        client: A client of the cluster.
        order: What each campaign is asked to do.
        name: Id of the schedule; each campaign's id begins with it.
        cron: When, as five fields of cron.
        task_queue: The task queue that all machines share.

    Raises:
        UsageError: There is such a schedule, or ``cron`` is wrong.
        RigError: The cluster refuses it.
    """
    action = ScheduleActionStartWorkflow(
        CrashproofCampaign.run, order, id=name, task_queue=task_queue or TASK_QUEUE, memo={_STORE: order.store}
    )
    try:
        await client.create_schedule(name, Schedule(action=action, spec=ScheduleSpec(cron_expressions=[cron])))
    except ScheduleAlreadyRunningError as error:
        raise UsageError(f"there is a schedule {name!r} already; give another --id") from error
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise UsageError(f"--cron {cron!r} is no time that the cluster knows: {error.message}") from error
        raise RigError(f"the cluster refuses the schedule: {error.message}") from error


@asynccontextmanager
async def work_here(client: Client, *, task_queue: str, means: Means, tell: Tell) -> AsyncIterator[str]:
    """Work for campaigns on this machine meanwhile, and yield the task queue of this machine.

    Args:
        client: A client of the cluster.
        task_queue: The task queue that all machines share.
        means: Server binary, and how many trials run at a time.
        tell: Called with what happens.

    Raises:
        UsageError, RigError: No server binary is there.
    """
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # what fails is told in our words, to the cluster too
    task_queue = task_queue or TASK_QUEUE
    binary = await means.server("dev", tell=tell)
    folder = scratch.new_folder("campaign")
    installed = {**versions(), "server": binary.version}
    code = await asyncio.to_thread(code_digest, Path.cwd(), versions=installed)
    machine = machine_queue(task_queue)
    server = {"version": binary.version, "path": str(binary.path), "sha256": binary.sha256, "source": binary.source}
    try:
        async with LocalTrialMaker(binary=binary, folder=folder / "rigs", jobs=means.jobs, tell=tell) as maker:
            activities = CampaignActivities(
                maker=maker,
                folder=folder / "trials",
                code=code,
                machine=machine,
                prepare=lambda order: _prepared(order, server=server),
                scenario=declared_scenario,
                options=kept_options,
                tell=tell,
            )
            async with working(client, activities, task_queue=task_queue, machine=machine):
                yield machine
    finally:
        scratch.remove(folder)


async def status(client: Client, campaign: str) -> CampaignStatus:
    """Return how far a campaign is.

    Raises:
        UsageError: The cluster knows no such campaign.
        RigError: It does not answer.
    """
    handle = client.get_workflow_handle(campaign, result_type=CampaignDone)
    try:
        described = await handle.describe()
    except RPCError as error:
        raise _not_known(campaign, error) from error
    state = described.status.name if described.status else "UNKNOWN"
    done = await handle.result() if described.status is WorkflowExecutionStatus.COMPLETED else None
    waits = described.status is WorkflowExecutionStatus.RUNNING and not await _somebody_works(
        client, described.task_queue
    )
    if waits:
        return CampaignStatus(campaign=campaign, state=state, waits=True)
    return CampaignStatus(campaign=campaign, state=state, scenarios=await _progress(client, handle), done=done)


async def watch(client: Client, campaign: str, *, task_queue: str, tell: Tell) -> CampaignStatus:
    """Tell how far a campaign is until it is over, and return what it came to.

    Raises:
        UsageError, RigError: As ``status``.
    """
    waited_since: float | None = None
    while True:
        now = await status(client, campaign)
        if now.state != WorkflowExecutionStatus.RUNNING.name:
            return now
        waited_since = (waited_since or time.monotonic()) if now.waits else None
        if waited_since and time.monotonic() - waited_since > _COMES_WITHIN:
            waited_since = time.monotonic()
            tell(
                News(text=f"nobody works for it; start a worker: crashproof campaign worker --task-queue {task_queue}")
            )
        for each in now.scenarios:
            tell(News(scenario=each.scenario, text=in_words(each), waiting=True))
        await asyncio.sleep(_LOOK_EVERY)


async def cancel(client: Client, campaign: str) -> None:
    """Cancel a campaign: its machines end what they do for it, and what they have found stays in its store.

    Raises:
        UsageError: The cluster knows no such campaign.
        RigError: It does not answer.
    """
    try:
        await client.get_workflow_handle(campaign).cancel()
    except RPCError as error:
        raise _not_known(campaign, error) from error


async def store_of(client: Client, campaign: str) -> str:
    """Return the URL of a campaign's store.

    Raises:
        UsageError: The cluster knows no such campaign.
        RigError: It does not answer.
    """
    try:
        memo = await (await client.get_workflow_handle(campaign).describe()).memo()
    except RPCError as error:
        raise _not_known(campaign, error) from error
    if _STORE not in memo:
        raise UsageError(f"workflow {campaign!r} is no campaign")
    return str(memo[_STORE])


def report(campaign: str, *, store: str, folder: Path, tell: Tell) -> RunResult:
    """Put together what a campaign came to so far, as the evidence and the reports of a run.

    Args:
        campaign: Its id.
        store: URL of its store.
        folder: A new evidence folder.
        tell: Called with what happens.

    Raises:
        UsageError: The store knows no such campaign.
        RigError: The store does not answer.
    """
    kept, places = Store(store), Places(campaign)
    record = merged(kept, places)
    tell(News(text=f"evidence of {sum(len(each.verdicts) for each in record.sweeps)} trials in {shown_path(folder)}"))
    for lost in fetch_evidence(kept, places, record=record, folder=folder):
        tell(News(text=f"evidence is lost: {lost}"))
    folders.save_run(folder, replace(record, finished=time.time()))
    keep(record.sweeps, folder=folder, scenarios=record.scenarios)
    return RunResult(folder=folder, sweeps=record.sweeps)


async def run_alone(order: CampaignOrder, *, campaign: str, means: Means, tell: Tell) -> None:
    """Do all of a campaign on this machine, with a dev server of its own in the place of a cluster.

    Raises:
        UsageError, RigError: It cannot be done.
    """
    binary = await means.server("dev", tell=tell)
    folder = scratch.new_folder("cluster")
    try:
        async with DevServer(binary.path, folder=folder) as server:
            client = await connect(ClusterConnection(address=server.address, namespace="default", tls=False))
            async with work_here(client, task_queue=TASK_QUEUE, means=means, tell=tell):
                await start(client, order, campaign=campaign, task_queue=TASK_QUEUE)
                await client.get_workflow_handle(campaign).result()
    except WorkflowFailureError as error:
        raise RigError(f"the campaign failed: {root_cause(error)}") from error
    finally:
        scratch.remove(folder)


def in_words(progress: Progress) -> str:
    """Say how far a scenario is."""
    if progress.round < 0:
        return "its undisturbed trials are made"
    given_up = f", {progress.given_up} batches given up" if progress.given_up else ""
    failed = f", {progress.failed} failed" if progress.failed else ""
    recovery = f"round {progress.round} of recoveries, " if progress.round else ""
    return f"{recovery}{progress.tried} trials made of {progress.plans} in this round{failed}{given_up}"


def _prepared(order: CampaignOrder, *, server: dict[str, str]) -> RunRecord:
    """Read the scenarios of a campaign, and return the record of the run that begins."""
    scenarios = load(order.targets)
    declared = tuple(declaration(each) for each in scenarios)
    record = begin(scenarios=declared, options=dict(order.options), server=server)
    return replace(record, command=order.command or record.command)


async def _progress(client: Client, handle: WorkflowHandle[Any, Any]) -> tuple[Progress, ...]:
    try:
        scenarios = await handle.query("scenarios", result_type=tuple[str, ...])
    except RPCError:  # nobody works for it, and so nobody can say
        return ()
    known = []
    for scenario in scenarios:
        child = client.get_workflow_handle(f"{handle.id}/{scenario}")
        try:
            known.append(await child.query("progress", result_type=Progress))
        except RPCError:  # it has not begun
            continue
    return tuple(known)


async def _somebody_works(client: Client, task_queue: str) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return bool((await client.workflow_service.describe_task_queue(request)).pollers)


def _policies(file: Path | None) -> dict[str, Policy]:
    own = json.loads((resources.files("harness.campaign") / POLICIES).read_text(encoding="utf-8"))
    try:
        given = json.loads(file.read_text(encoding="utf-8")) if file else {}
        return {name: Policy(**{**own[name], **given.get(name, {})}) for name in own}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} holds no timeouts and retries like {POLICIES}: {error}") from error


def _not_known(campaign: str, error: RPCError) -> UsageError | RigError:
    if error.status is RPCStatusCode.NOT_FOUND:
        return UsageError(f"the cluster knows no campaign {campaign!r}")
    return RigError(f"the cluster does not answer: {error.message}")
