"""A workflow whose replay ends the process, and one whose replay never ends: it fills a pipe that nobody reads."""

from __future__ import annotations

import sys
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import os as real_os
    import time as real_time


@workflow.defn(name="Greeting", sandboxed=False)
class Hangs:
    @workflow.run
    async def run(self, name: str) -> str:
        with workflow.unsafe.sandbox_unrestricted():
            real_time.sleep(300)
        return str(timedelta())


@workflow.defn(name="SetOrder", sandboxed=False)
class Crashes:
    @workflow.run
    async def run(self) -> str:
        print("about to crash", file=sys.stderr, flush=True)
        real_os._exit(7)


@workflow.defn(sandboxed=False)
class Leaves:
    @workflow.run
    async def run(self) -> str:
        real_os._exit(0)
