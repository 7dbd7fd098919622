"""The clock, bound to names of the module's own and handed over as a function."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from temporalio import workflow
from temporalio import workflow as wf

clock = time.time


class Stopwatch:
    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.started = now()


@wf.defn
class AliasedAgent:
    @wf.run
    async def run(self, tries: int) -> float:
        first = clock()  # finding: CP101
        watch = Stopwatch(time.monotonic)  # finding: CP101
        stamp = partial(time.strftime, "%H")  # finding: CP101
        await workflow.sleep(timedelta(seconds=tries))
        return first + watch.started + int(stamp())
