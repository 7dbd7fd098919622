"""The worker of campaigns, with scripted trials and a bucket for a store: ``python -m scenarios.campaign.worker``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from pathlib import Path

from harness.campaign.activities import CampaignActivities
from harness.campaign.orders import TASK_QUEUE, CampaignOrder, ExplorationPart
from harness.campaign.store import Store
from harness.campaign.worker import working
from harness.processes import scratch
from harness.records.explore_result import Explorations
from harness.records.options import SweepOptions
from harness.records.run_record import DeclaredScenario, RunRecord
from scenarios import plumbing
from scenarios.campaign.bucket import Bucket
from scenarios.campaign.trials import TRIP, ScriptedTrials

MACHINE = f"{TASK_QUEUE}@machine"
"""Task queue of this machine alone; the process that takes the place of one that died is the same machine."""


async def main() -> None:
    """Work for campaigns until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    folder = scratch.new_folder("campaign")
    client = await plumbing.connect(metrics_address=os.environ.get("METRICS_ADDRESS", ""))
    try:
        async with working(client, _activities(folder), task_queue=TASK_QUEUE, machine=MACHINE):
            await stop.wait()
    finally:
        scratch.remove(folder)


def _activities(folder: Path) -> CampaignActivities:
    return CampaignActivities(
        maker=ScriptedTrials(),
        folder=folder,
        code="trips",
        machine=MACHINE,
        prepare=_prepared,
        scenario=lambda declared: TRIP,
        options=lambda record: SweepOptions(),
        store=lambda url: Store(url, files=Bucket(), root=url),
        explore=_explored,
        put_together=lambda parts, out: Explorations(results=()),
        tell=lambda news: logging.getLogger(__name__).info("%s", news.text),
    )


async def _explored(declared: DeclaredScenario, folder: Path, part: ExplorationPart) -> None:
    """Explore nothing: trips are scripted."""


def _prepared(order: CampaignOrder) -> RunRecord:
    """Return the record of the run that begins."""
    return RunRecord(
        command=order.command, cwd=os.getcwd(), started=time.time(), scenarios=(DeclaredScenario(name=TRIP.name),)
    )


if __name__ == "__main__":
    asyncio.run(main())
