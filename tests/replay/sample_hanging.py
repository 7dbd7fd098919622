"""Workflows whose replay ends the process, and one whose replay never ends."""

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


@workflow.defn(sandboxed=False)
class IsKilled:
    """Its process is killed as often as the file says that KILLS names."""

    @workflow.run
    async def run(self) -> None:
        with open(real_os.environ["KILLS"], "r+", encoding="ascii") as file:
            left = int(file.read())
            file.seek(0)
            file.write(str(max(0, left - 1)))
        if left:
            real_os.kill(real_os.getpid(), 9)
