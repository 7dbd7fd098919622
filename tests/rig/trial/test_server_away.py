"""A worker process that is to follow another one waits for a server that is on its way back: see ``striking``."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records.plan import Strike
from harness.trial.worker import WorkerProcesses
from tests.rig.trial.test_striking import DONE, MODEL, Server, entry, trial
from tests.rig.trial.test_worker import LIMIT, SLEEPS, noted, polling, python


@pytest.mark.parametrize(("fault", "decision"), [("kill-worker", "drop"), ("terminate-worker", "go")])
async def test_after_a_process_that_ends_while_no_server_is_there_the_next_one_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, decision: str
) -> None:
    server = Server()
    server.may_die.set()
    server.may_start.clear()

    async def start(workers: WorkerProcesses, **_: float) -> None:
        server.done.append("worker")

    monkeypatch.setattr(WorkerProcesses, "start_again", start)
    monkeypatch.setattr(WorkerProcesses, "start_after_end", start)
    strikes = (Strike("kill-server", MODEL.id), Strike(fault, DONE.id))
    async with trial(tmp_path, *strikes, command=python(SLEEPS), server=server) as found:
        await polling(found.workers, "q")
        await found.nemesis.decide(entry(MODEL))
        await noted(found.tape, "stop-server")
        assert await found.nemesis.decide(entry(DONE, number=2)) == decision
        server.may_start.set()
        await found.nemesis.whole(timeout=LIMIT)
    assert server.done == ["killed", "copied", "started", "worker"]
