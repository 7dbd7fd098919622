"""What coordinating a campaign costs: trials of made length, by a real worker, on a real server and a real store."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import AsyncMock, Mock

import psutil
from temporalio.client import Client

from harness.campaign.activities import CampaignActivities
from harness.campaign.batches import lanes_for
from harness.campaign.orders import CampaignDone, CampaignOrder, Policy
from harness.campaign.store_by_url import store_by_url
from harness.campaign.trial_maker import Tried, Undisturbed
from harness.campaign.worker import working
from harness.campaign.workflows import CrashproofCampaign
from harness.records.cut import Cut
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.point import Point
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.scenario import Scenario
from harness.records.sweep_result import SweepResult
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from scenarios.campaign.trials import TRIP, ScriptedTrials, made, verdict_of
from tests.bench.table import Figure, below

TRIALS = 20_000
AT_A_TIME = 20
TAKES_S = 0.02
CLUSTER_MS, WORKER_MS = 10.0, 5.0
MOST_EVENTS = 2_000
QUEUE, MACHINE = "campaign", "campaign@here"


class MadeTrials(ScriptedTrials):
    """Trials of made length: each writes its evidence, and what that costs is counted apart.

    Attributes:
        own: Seconds of the processor that the trials themselves took.
    """

    def __init__(self, number: int) -> None:
        self.own = 0.0
        self._number = number

    async def undisturbed(self, scenario: Scenario, *, folder: Path, options: SweepOptions) -> Undisturbed:
        """Make the undisturbed trials, and say that there are so many plans."""
        seen = await super().undisturbed(scenario, folder=folder, options=options)
        way = Point(position="before", door="wire", operation="Pay", workflow="Trip")
        cuts = tuple(Cut(point=replace(way, occurrence=n), fault="kill-worker") for n in range(1, 1 + self._number))
        plans = tuple(Plan((cut.strike,)) for cut in cuts)
        return replace(seen, result=replace(seen.result, cuts=cuts), plans=plans)

    async def some(
        self, scenario: Scenario, plans: Sequence[Plan], *, folder: Path, options: SweepOptions, tried: Tried
    ) -> SweepResult:
        """Make the trials of some plans, many at a time."""
        turns = asyncio.Semaphore(AT_A_TIME)

        async def one(plan: Plan) -> None:
            async with turns:
                await asyncio.sleep(TAKES_S)
                began = time.thread_time()
                made(plan, trial=plan.trial_id(scenario.name), folder=folder)
                self.own += time.thread_time() - began

        await asyncio.gather(*map(one, plans))
        for plan in plans:
            tried(plan, None)
        verdicts = tuple(verdict_of(plan, plan.trial_id(scenario.name)) for plan in plans)
        return SweepResult(scenario=scenario.name, verdicts=verdicts, struck=tuple(plan.strikes[-1] for plan in plans))


def measure(trials: int = TRIALS) -> list[Figure]:
    """Measure it."""
    with tempfile.TemporaryDirectory(prefix="crashproof-bench-") as folder:
        return asyncio.run(_measured(Path(folder), trials))


async def _measured(folder: Path, trials: int) -> list[Figure]:
    maker = MadeTrials(trials)
    order = CampaignOrder(
        store=str(folder / "store"),
        targets=("trip",),
        policies=dict.fromkeys(
            ("prepare", "baselines", "batch", "round", "merge"), Policy(start_to_close=600, heartbeat=60, attempts=3)
        ),
        batch=50,
        lanes=lanes_for(1),
    )
    activities = CampaignActivities(
        maker=maker,
        folder=folder / "trials",
        code="made",
        machine=MACHINE,
        prepare=lambda order: RunRecord(
            command=(), cwd="", started=time.time(), scenarios=(DeclaredScenario(name=TRIP.name),)
        ),
        scenario=lambda declared: TRIP,
        options=lambda record: SweepOptions(),
        tell=lambda news: None,
        store=store_by_url,
        explore=AsyncMock(return_value=None),
        put_together=Mock(),
    )
    async with DevServer((await find_temporal()).path, folder=folder / "server") as server:
        client = await Client.connect(server.address)
        cluster = psutil.Process(server.pid)
        cluster_before, own_before = _used(cluster), time.process_time()
        async with working(client, activities, task_queue=QUEUE, machine=MACHINE):
            done: CampaignDone = await client.execute_workflow(CrashproofCampaign.run, order, id="c", task_queue=QUEUE)
        own = time.process_time() - own_before - maker.own
        on_cluster = _used(cluster) - cluster_before
        events = [each.history_length async for each in client.list_workflows()]
    assert done.trials == trials + 2, done
    return [
        below(
            "campaign: coordination on the cluster a trial", 1000 * on_cluster / trials, CLUSTER_MS, unit="ms", digits=2
        ),
        below("campaign: coordination on the worker a trial", 1000 * own / trials, WORKER_MS, unit="ms", digits=2),
        below(f"campaign: events of a run, at most, {trials:,} trials", max(events), MOST_EVENTS, unit=""),
    ]


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
