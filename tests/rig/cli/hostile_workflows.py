"""Workflows that block, end the process, eat memory or take its standard input and output away."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from datetime import timedelta

from temporalio import workflow


@workflow.defn(sandboxed=False)
class Sleeps:
    @workflow.run
    async def run(self, name: str) -> str:
        time.sleep(300)
        return name


@workflow.defn
class Spins:
    @workflow.run
    async def run(self, name: str) -> str:
        while True:
            pass


@workflow.defn(sandboxed=False)
class Exits:
    @workflow.run
    async def run(self, name: str) -> str:
        sys.exit(3)


@workflow.defn(sandboxed=False)
class EndsAtOnce:
    @workflow.run
    async def run(self, name: str) -> str:
        os._exit(0)


@workflow.defn
class Interrupts:
    @workflow.run
    async def run(self, name: str) -> str:
        raise KeyboardInterrupt


@workflow.defn
class Asserts:
    """Fails its task with an error that says nothing."""

    @workflow.run
    async def run(self, name: str) -> str:
        raise AssertionError


@workflow.defn
class Eats:
    @workflow.run
    async def run(self, name: str) -> str:
        kept = []
        while True:
            kept.append(bytearray(64 * 1024 * 1024))


@workflow.defn(sandboxed=False)
class Closes:
    """Takes away all that its process could answer by."""

    @workflow.run
    async def run(self, name: str) -> str:
        os.closerange(0, 256)
        return name


@workflow.defn(sandboxed=False)
class Prints:
    @workflow.run
    async def run(self, name: str) -> str:
        os.write(1, b'{"importing": "nothing"}\n' * 1000)
        threading.Thread(target=time.sleep, args=(1000,)).start()
        return sys.stdin.read() + "read"


@workflow.defn
class Waits:
    @workflow.run
    async def run(self, name: str) -> str:
        await asyncio.get_running_loop().create_future()
        return name


@workflow.defn
class Local:
    @workflow.run
    async def run(self, name: str) -> str:
        limit = timedelta(seconds=10)
        answer: str = await workflow.execute_local_activity("hello", name, start_to_close_timeout=limit)
        return answer
