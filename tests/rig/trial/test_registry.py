"""The registry knows whose a connection is, whatever has become of the process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

from tests.rig.trial.test_worker import SLEEPS, noted, polling, python, workers

CONNECTS = "import socket, sys, time; kept = socket.create_connection(('127.0.0.1', {port})); time.sleep(600)"


async def test_a_connection_is_known_by_the_process_that_owns_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script = CONNECTS.format(port=listening.getsockname()[1])
        async with workers(python(script), tmp_path) as (found, _):
            assert found.registry.sender(1) == 0
            starting = asyncio.create_task(found.start())
            connection, (_, port) = await asyncio.to_thread(listening.accept)
            found.registry.polls("q", tasks="workflow")
            await starting
            with connection, socket.create_connection(listening.getsockname()) as strange:
                assert found.registry.sender(port) == 1
                assert found.registry.sender(strange.getsockname()[1]) == 0


async def test_the_connections_of_a_zombie_and_of_the_process_beside_it_are_told_apart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script = CONNECTS.format(port=listening.getsockname()[1])
        async with workers(python(script), tmp_path) as (found, tape):
            starting = asyncio.create_task(found.start())
            first, (_, zombies) = await asyncio.to_thread(listening.accept)
            found.registry.polls("q", tasks="workflow")
            await starting
            found.registry.pause_now()
            starting = asyncio.create_task(found.start_beside(1))
            second, (_, newers) = await asyncio.to_thread(listening.accept)
            found.registry.polls("q", tasks="workflow")
            await starting
            with first, second, socket.create_connection(listening.getsockname()) as strange:
                assert (found.registry.sender(zombies), found.registry.sender(newers)) == (1, 2)
                assert found.registry.sender(strange.getsockname()[1]) == 0
                os.kill(tape.entries[0].facts.pid, signal.SIGKILL)
                await noted(tape, "worker-exit", worker=1)
                assert found.registry.sender(newers) == 2
                assert found.registry.sender(strange.getsockname()[1]) == 0


async def test_what_cannot_be_looked_up_while_a_process_ends_is_its_own(tmp_path: Path) -> None:
    async with workers(python(SLEEPS), tmp_path) as (found, _):
        await polling(found, "q")
        assert found.registry.sender(1) == 0
        found.registry.terminate_now()
        assert found.registry.sender(1) == 1
