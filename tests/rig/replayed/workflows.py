"""An order: an update, a local activity, an activity beside a timer, a child workflow, a signal."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import tests.rig.replayed.settings as settings


@activity.defn
async def price(item: str) -> int:
    """Tell the price, and leave a trace each time that it is asked."""
    with open(settings.PRICES_ASKED, "a", encoding="utf-8") as asked:
        asked.write(f"{item}\n")
    return len(item)


@activity.defn
async def reserve(item: str) -> str:
    """Reserve the item."""
    return f"reserved {item}"


@workflow.defn
class Shipping:
    """The child workflow."""

    @workflow.run
    async def run(self, item: str) -> str:
        """Ship after a moment."""
        await asyncio.sleep(0.1)
        return f"shipped {item}"


@workflow.defn
class Order:
    """Waits for approval and payment."""

    def __init__(self) -> None:
        self._approved_by = ""
        self._paid = False

    @workflow.run
    async def run(self, item: str) -> str:
        """Handle the order."""
        await workflow.wait_condition(lambda: bool(self._approved_by))
        wait = _wait(item)
        reserved, _ = await asyncio.gather(
            workflow.execute_activity(
                reserve, _named(item), start_to_close_timeout=timedelta(seconds=settings.TIMEOUT_S)
            ),
            asyncio.sleep(wait),
        )
        shipped = await workflow.execute_child_workflow(
            Shipping.run, item, id=f"{workflow.info().workflow_id}-shipping"
        )
        await workflow.wait_condition(lambda: self._paid)
        if settings.VERSION == "asks twice":
            await _price(item)
        cost = await _price(item)
        await asyncio.sleep(cost / 100)
        return f"{reserved}, {shipped}, {cost} approved by {self._approved_by}"

    @workflow.update
    async def approve(self, who: str) -> str:
        """Approve the order."""
        self._approved_by = who
        return f"thanks, {who}"

    @approve.validator
    def _validate(self, who: str) -> None:
        if not who:
            raise ValueError("nobody approves")

    @workflow.signal
    def pay(self) -> None:
        """Pay for it."""
        self._paid = True


def _named(item: str) -> str:
    return item.upper() if settings.VERSION == "louder" else item


def _wait(item: str) -> float:
    """Tell how long to wait, as the version has it."""
    if settings.VERSION == "patched" and workflow.patched("longer wait"):
        return 0.4
    if settings.VERSION == "hashed":
        return 0.2 + hash(item) % 1000 / 1000
    if settings.VERSION == "local time":
        return 0.2 + datetime.fromtimestamp(0).hour / 10
    if settings.VERSION == "encoded":
        return 0.2 + len(settings.ENCODING) / 10
    return 0.2


async def _price(item: str) -> int:
    return await workflow.execute_local_activity(price, item, start_to_close_timeout=timedelta(seconds=10))


@workflow.defn
class Counting:
    """Waits as many seconds as runs of it have begun in this process: it depends on what the process has done."""

    @workflow.run
    async def run(self) -> None:
        """Wait twice."""
        settings.runs_begun.append(workflow.info().run_id)
        begun = len(settings.runs_begun)
        await asyncio.sleep(begun / 100)
        await asyncio.sleep(begun / 100)


@workflow.defn
class Greedy:
    """Makes a version of it that never answers, and one that ends the process."""

    @workflow.run
    async def run(self) -> None:
        """Wait, then do what the version says."""
        await asyncio.sleep(0.05)
        if settings.VERSION == "blocks":
            while True:
                pass
        if settings.VERSION == "exits":
            settings.leave()
        if settings.VERSION == "raises SystemExit":
            raise SystemExit(3)


@workflow.defn
class Parting:
    """Starts an activity after its result is out."""

    @workflow.run
    async def run(self) -> str:
        """Leave a task behind that runs once this has returned."""
        self.late = asyncio.create_task(_reserve("late"))
        return "done"


async def _reserve(item: str) -> str:
    return await workflow.execute_activity(reserve, item, start_to_close_timeout=timedelta(seconds=10))
