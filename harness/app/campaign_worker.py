"""The worker of campaigns on this machine, and a campaign that this machine does alone."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio.client import WorkflowFailureError

from harness.app.ad_hoc import UNDESCRIBED, ad_hoc_scenario
from harness.app.campaign import start
from harness.app.connection import ClusterConnection, connect
from harness.app.declared_scenarios import declaration, declared_scenario, kept_options
from harness.app.explore import explore_started
from harness.app.explored_parts import put_together
from harness.app.loading import load
from harness.app.progress import Tell
from harness.app.replay import ReplayOrder, replay
from harness.app.run import DeclaredWork, Means
from harness.app.worker_program import makes_worker, read_options
from harness.campaign.activities import LOG, CampaignActivities
from harness.campaign.code import code_digest, python_digest
from harness.campaign.local_trials import LocalTrialMaker
from harness.campaign.orders import TASK_QUEUE, CampaignOrder, ExplorationPart, ReplayBatch
from harness.campaign.places import CODE, HISTORIES
from harness.campaign.store_by_url import store_by_url
from harness.campaign.worker import machine_queue, working
from harness.errors import RigError, UsageError, root_cause
from harness.histories.files import HistoryFile, history_files
from harness.processes import scratch
from harness.records.explore_result import Explorations
from harness.records.replay_result import ReplayResult
from harness.records.run_record import DeclaredScenario, RunRecord, begin, versions
from harness.records.sweep_result import News
from harness.replay.explore.shards import Shard
from harness.servers.dev import DevServer

if TYPE_CHECKING:
    from temporalio.client import Client


@asynccontextmanager
async def work_here(
    client: Client, *, task_queue: str, means: Means, tell: Tell, log: Callable[[str], None] | None = None
) -> AsyncIterator[str]:
    """Work for campaigns on this machine meanwhile, and yield the task queue of this machine.

    Args:
        client: A client of the cluster.
        task_queue: The task queue that all machines share.
        means: Server binary, and how many trials run at a time.
        tell: Called with what happens.
        log: Called with each line of the log of activities; None: its warnings alone are told.

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
    try:
        async with LocalTrialMaker(binary=binary, folder=folder / "rigs", jobs=means.jobs, tell=tell) as maker:
            activities = CampaignActivities(
                maker=maker,
                folder=folder / "trials",
                code=code,
                machine=machine,
                prepare=lambda order: _prepared(order, server=binary.description),
                scenario=declared_scenario,
                options=kept_options,
                tell=tell,
                store=store_by_url,
                explore=functools.partial(_explored, tell=tell),
                put_together=lambda parts, out: put_together(parts, out=out),
                count_histories=lambda record: len(_histories(record)),
                replay=functools.partial(_replayed, tell=tell),
            )
            with _logged(log, tell):
                async with working(client, activities, task_queue=task_queue, machine=machine):
                    yield machine
    finally:
        scratch.remove(folder)


@contextmanager
def _logged(log: Callable[[str], None] | None, tell: Tell) -> Iterator[None]:
    """Have the lines of the log of activities read meanwhile; where nobody does, have its warnings told."""
    lines = _Lines(log or (lambda line: tell(News(text=line))))
    lines.setLevel(logging.INFO if log else logging.WARNING)
    LOG.addHandler(lines)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(lines)


class _Lines(logging.Handler):
    """Hands on each line of a log."""

    def __init__(self, read: Callable[[str], None]) -> None:
        super().__init__()
        self._read = read

    def emit(self, record: logging.LogRecord) -> None:
        self._read(self.format(record))


async def run_alone(order: CampaignOrder, *, campaign: str, means: Means, tell: Tell) -> None:
    """Do all of a campaign on this machine, with a dev server of its own in the place of a cluster.

    Raises:
        UsageError, RigError: It cannot be done.
    """
    await asyncio.to_thread(_declared, order)  # what is wrong with the scenarios is told before anything is started
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


async def _explored(
    declared: DeclaredScenario, folder: Path, part: ExplorationPart, *, tell: Tell
) -> Explorations | None:
    """Explore a part of a scenario, with its evidence below a folder."""
    work = DeclaredWork(scenario=declared_scenario(declared), declared=declared)
    return await explore_started([work], out=folder, tell=tell, shard=Shard(number=part.number, of=part.of))


def _histories(record: RunRecord) -> Sequence[HistoryFile]:
    """Return the histories that a campaign replays; those of this machine, in an order that all machines share.

    Raises:
        UsageError: There are none where they are said to be.
    """
    paths = record.options.get(HISTORIES, ())
    histories = history_files(paths, cwd=Path.cwd()) if paths else []
    if paths and not histories:
        raise UsageError(f"no history lies in {', '.join(paths)}")
    return sorted(histories, key=lambda each: each.shown)


async def _replayed(record: RunRecord, batch: ReplayBatch, *, tell: Tell) -> ReplayResult:
    """Replay one batch of the histories of a campaign."""
    mine = [str(each.path) for each in _histories(record)[batch.number :: batch.of]]
    order = ReplayOrder(paths=mine, modules=tuple(record.options.get("workflows", ())), cwd=Path.cwd())
    return await replay(order, tell=tell)


def _prepared(order: CampaignOrder, *, server: dict[str, str]) -> RunRecord:
    """Read the scenarios of a campaign, and return the record of the run that begins."""
    declared, workflows = _declared(order)
    code = python_digest(Path.cwd())
    record = begin(scenarios=declared, options={**order.options, **workflows, CODE: code}, server=server)
    return replace(record, command=order.command or record.command)


def _declared(order: CampaignOrder) -> tuple[tuple[DeclaredScenario, ...], dict[str, list[str]]]:
    """Read the scenarios of a campaign; where a worker's program is their source, with the workflow code that it names.

    Raises:
        UsageError: There are none, or they cannot be read.
    """
    if order.worker:
        return (declaration(ad_hoc_scenario(order.worker), options=order.worker),), {}
    if len(order.targets) == 1 and makes_worker(program := Path(order.targets[0])):
        read = read_options(program, given={})
        described = [{**UNDESCRIBED, **each.options} for each in read]
        workflows = list(dict.fromkeys(each.module for each in read if each.module))
        return tuple(declaration(ad_hoc_scenario(each), options=each) for each in described), {"workflows": workflows}
    return tuple(declaration(each) for each in load(order.targets)), {}
