"""Campaigns on a cluster: started, scheduled, looked at and cancelled."""

from __future__ import annotations

import asyncio
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
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

from harness.app.ad_hoc import ad_hoc_scenario
from harness.app.connection import ClusterConnection, connect
from harness.app.declared_scenarios import KEPT, declaration
from harness.app.progress import Tell
from harness.campaign.batches import SCENARIOS_AT_A_TIME, lanes_for
from harness.campaign.orders import TASK_QUEUE, CampaignDone, CampaignOrder, Policy, Progress
from harness.campaign.places import HISTORIES, SHARDS, THIN, Places
from harness.campaign.store import MissingError
from harness.campaign.store_by_url import store_by_url
from harness.campaign.workflows import CrashproofCampaign
from harness.errors import RigError, UsageError, root_cause
from harness.records.options import SweepOptions
from harness.records.sweep_result import News

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHandle

POLICIES = "retry_policy.json"
"""The timeouts and retries of a campaign's activities, beside the code of ``harness.campaign``."""

_STORE = "crashproof-store"  # memo of a campaign's workflow: the URL of its store
_LOOK_EVERY = 2.0  # seconds
_COMES_WITHIN = 30.0  # seconds: then nobody works for the campaign
_ANSWERS_WITHIN = timedelta(seconds=10)  # a worker that is there; the cluster names one for minutes after it has gone
_SILENT = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class CampaignStatus:
    """How far a campaign is.

    Attributes:
        campaign: Its id.
        state: What Temporal calls the state of its workflow: RUNNING, COMPLETED, FAILED, CANCELED, …
        scenarios: How far each of its scenarios is; none until they have been read.
        done: What it came to, once it is over.
        why: Why it ended otherwise.
        waits_for: The command that starts a worker, where nobody works for it.
    """

    campaign: str
    state: str
    scenarios: tuple[Progress, ...] = ()
    done: CampaignDone | None = None
    why: str = ""
    waits_for: str = ""


def order_of(
    targets: Sequence[str],
    *,
    store: str,
    options: SweepOptions,
    worker: Mapping[str, Any] = MappingProxyType({}),
    batch: int,
    machines: int,
    thin: bool = False,
    shards: int = 0,
    histories: Sequence[str] = (),
    policies: Path | None = None,
    command: Sequence[str] = (),
) -> CampaignOrder:
    """Return what a campaign is asked to do.

    Args:
        targets: Files, folders and names of scenarios.
        store: URL of the store.
        options: How each scenario is swept.
        worker: The options that describe a worker, where there are no targets.
        batch: How many trials one activity makes at most.
        machines: How many machines are expected to work for it.
        thin: Whether the evidence of trials that pass is left out.
        shards: In how many parts each scenario is explored, too; 0: it is not.
        histories: Files, folders and patterns of histories that are replayed, too.
        policies: A file like ``retry_policy.json``, in whose place it comes; None: that one.
        command: The command line that asks for it.

    Raises:
        UsageError: No such store can be reached, the file of policies is wrong, or the options describe no worker.
    """
    store_by_url(store)
    if histories and not options.workflows:
        raise UsageError("--replay needs --workflows MODULE, the workflow code that histories are replayed against")
    kept = {name: getattr(options, name) for name in KEPT}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}
    further: dict[str, bool | int | list[str]] = {THIN: thin, SHARDS: shards, HISTORIES: list(histories)}
    return CampaignOrder(
        store=store,
        targets=tuple(targets),
        worker=dict(declaration(ad_hoc_scenario(worker), options=worker).options or {}) if worker else {},
        options={**plain, **{name: value for name, value in further.items() if value}},
        policies=_policies(policies),
        batch=batch,
        lanes=lanes_for(machines),
        at_a_time=SCENARIOS_AT_A_TIME * machines,
        command=tuple(command),
        shards=shards,
    )


async def connected(wanted: ClusterConnection, *, metrics: str = "") -> Client:
    """Connect to the cluster, as ``harness.app.connection.connect`` does, and see that the namespace is there.

    Args:
        wanted: As there.
        metrics: As there.

    Raises:
        UsageError, RigError: As there.
        RigError: The cluster has no such namespace.
    """
    client = await connect(wanted, metrics=metrics)
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise RigError(f"the cluster has no namespace {client.namespace!r}") from error
    return client


async def start(
    client: Client,
    order: CampaignOrder,
    *,
    campaign: str,
    task_queue: str,
    tell: Tell = lambda news: None,
) -> None:
    """Start a campaign.

    Args:
        client: A client of the cluster.
        order: What it is asked to do.
        campaign: Its id.
        task_queue: The task queue that all machines share; empty: the usual one.
        tell: Called with what cannot be seen from here.

    Raises:
        UsageError: One of that id is under way, or its store has one.
        RigError: The cluster refuses it.
    """
    await _refuse_known(client, order.store, campaign, tell=tell)
    try:
        await client.start_workflow(
            CrashproofCampaign.run,
            order,
            id=campaign,
            task_queue=task_queue or TASK_QUEUE,
            memo={_STORE: order.store},
        )
    except WorkflowAlreadyStartedError as error:
        raise _under_way(campaign) from error
    except RPCError as error:
        raise RigError(f"the cluster refuses the campaign: {error.message}") from error


async def _refuse_known(client: Client, store: str, campaign: str, *, tell: Tell) -> None:
    """See that the store has no campaign of that id, as the first machine would; as far as it can be read from here.

    Raises:
        UsageError: It has one.
    """
    try:
        await asyncio.to_thread(store_by_url(store).get_json, Places(campaign).asked, str)
    except MissingError:
        return
    except RigError as error:  # it may open to a machine's credentials alone
        tell(News(text=f"{error}; the campaign is started all the same, for its machines may"))
        return
    if await _is_running(client, campaign):
        raise _under_way(campaign)
    raise UsageError(
        f"a campaign {campaign!r} was made, and the store {store} has it: give another --id, or another --store; "
        f"what it came to: crashproof campaign report {shlex.quote(campaign)} --store {shlex.quote(store)}"
    )


async def _is_running(client: Client, campaign: str) -> bool:
    try:
        described = await client.get_workflow_handle(campaign).describe()
    except RPCError:
        return False
    return described.status is WorkflowExecutionStatus.RUNNING


def _under_way(campaign: str) -> UsageError:
    return UsageError(f"a campaign {campaign!r} is under way already; give another --id, or cancel it")


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


async def status(client: Client, campaign: str, *, asked: str = "scenarios") -> CampaignStatus:
    """Return how far a campaign is.

    Args:
        client: A client of the cluster.
        campaign: Its id.
        asked: The query that names the scenarios that are asked for while it runs: all, or those ``under_way``.

    Raises:
        UsageError: The cluster knows no such campaign.
        RigError: It does not answer.
    """
    handle = client.get_workflow_handle(campaign, result_type=CampaignDone)
    described, _ = await _known(client, campaign)
    now = CampaignStatus(campaign=campaign, state=described.status.name if described.status else "UNKNOWN")
    if described.status is not WorkflowExecutionStatus.RUNNING:
        try:
            now = replace(now, done=await handle.result())
        except WorkflowFailureError as error:
            now = replace(now, why=root_cause(error))
        asked = "scenarios"
    elif not await _somebody_works(client, described.task_queue):
        return replace(now, waits_for=_worker_command(described.task_queue))
    return replace(now, scenarios=await _progress(client, handle, asked=asked))


async def watch(client: Client, campaign: str, *, tell: Tell) -> CampaignStatus:
    """Tell how far a campaign is until it is over, and return what it came to.

    Raises:
        UsageError, RigError: As ``status``.
    """
    waited_since: float | None = None
    while True:
        now = await status(client, campaign, asked="under_way")  # those that are over would be replayed each time
        if now.state != WorkflowExecutionStatus.RUNNING.name:
            return now
        waited_since = (waited_since or time.monotonic()) if now.waits_for else None
        if waited_since and time.monotonic() - waited_since > _COMES_WITHIN:
            waited_since = time.monotonic()
            tell(News(text=f"nobody works for it; start a worker: {now.waits_for}"))
        for each in now.scenarios:
            tell(News(scenario=each.scenario, text=in_words(each), waiting=True))
        await asyncio.sleep(_LOOK_EVERY)


async def cancel(client: Client, campaign: str) -> str:
    """Cancel a campaign: its machines end what they do for it, and what they have found stays in its store.

    Returns:
        The command that starts a worker, where nobody works for it: the campaign ends when one comes. Empty otherwise.

    Raises:
        UsageError: The cluster knows no such campaign, or it is over.
        RigError: It does not answer.
    """
    described, _ = await _known(client, campaign)
    if described.status is not WorkflowExecutionStatus.RUNNING:
        state = described.status.name if described.status else "UNKNOWN"
        raise UsageError(f"the campaign {campaign!r} is over: {state}")
    works = await _somebody_works(client, described.task_queue)
    try:
        await client.get_workflow_handle(campaign).cancel()
    except RPCError as error:
        raise _not_known(campaign, error) from error
    return "" if works else _worker_command(described.task_queue)


async def store_of(client: Client, campaign: str) -> str:
    """Return the URL of a campaign's store.

    Raises:
        UsageError: The cluster knows no such campaign.
        RigError: It does not answer.
    """
    return (await _known(client, campaign))[1]


async def _known(client: Client, campaign: str) -> tuple[WorkflowExecutionDescription, str]:
    """Return what the cluster says of a campaign, and the URL of its store.

    Raises:
        UsageError: The cluster knows no such campaign.
        RigError: It does not answer.
    """
    try:
        described = await client.get_workflow_handle(campaign).describe()
    except RPCError as error:
        raise _not_known(campaign, error) from error
    memo = await described.memo()
    if _STORE not in memo:
        raise UsageError(f"workflow {campaign!r} is no campaign")
    return described, str(memo[_STORE])


def in_words(progress: Progress) -> str:
    """Say how far a scenario is."""
    refused = f"; waits for a machine with its code: {progress.refused}" if progress.refused else ""
    if progress.round < 0:
        return f"its undisturbed trials are made{refused}"
    given_up = f", {progress.given_up} batches given up" if progress.given_up else ""
    failed = f", {progress.failed} failed" if progress.failed else ""
    if not progress.plans:
        return f"all {progress.tried} trials made{failed}{refused}"
    recovery = f"round {progress.round} of recoveries, " if progress.round else ""
    return f"{recovery}{progress.tried} trials made of {progress.plans} in this round{failed}{given_up}{refused}"


async def _progress(client: Client, handle: WorkflowHandle[Any, Any], *, asked: str) -> tuple[Progress, ...]:
    try:
        scenarios = await handle.query(asked, result_type=tuple[str, ...], rpc_timeout=_ANSWERS_WITHIN)
    except RPCError:  # nobody works for it, and so nobody can say
        return ()
    known = []
    for scenario in scenarios:
        child = client.get_workflow_handle(f"{handle.id}/{scenario}")
        try:
            known.append(await child.query("progress", result_type=Progress, rpc_timeout=_ANSWERS_WITHIN))
        except RPCError as error:
            if error.status in _SILENT:
                break
            continue  # it has not begun
    return tuple(known)


def _worker_command(task_queue: str) -> str:
    named = f" --task-queue {shlex.quote(task_queue)}" if task_queue != TASK_QUEUE else ""
    return f"crashproof campaign worker{named}"


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
