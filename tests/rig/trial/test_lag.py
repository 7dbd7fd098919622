"""A rig that is slow excuses what came too late because of it, and nothing else."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from harness import checks
from harness.checks.judging import judge
from harness.records.act_facts import Lag
from harness.records.evidence import Evidence
from harness.records.lag import lag_of
from harness.records.plan import Plan
from harness.records.scenario import Scenario, start
from harness.records.tape import acts
from harness.records.verdict import Outcome, Verdict
from harness.servers.binaries import find_temporal
from harness.trial import lag
from harness.trial.deadline import Bounds
from harness.trial.lag import LagMeter
from harness.trial.live_tape import LiveTape
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS

BLOCKED_SECONDS = 3.0

WATCHING = Scenario(
    name="watching",
    worker=shlex.join([sys.executable, str(TESTS / "agents" / "long_beating.py")]),
    task_queue="watching",
    work=start("Watching", "steady"),
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with Rig(binary=await find_temporal(), folder=tmp_path_factory.mktemp("rig")) as rig:
        yield rig


async def tried_on_a_blocked_loop(rig: Rig, folder: Path, *, how: str) -> Evidence:
    """Run a trial, and block the event loop of the whole rig while its activity is at work."""
    over = folder / "over"
    scenario = replace(WATCHING, work=start("Watching", how), env={"OVER": str(over)})
    logs = folder / "logs" / "worker-1.out"
    trial = asyncio.create_task(
        run_trial(scenario, plan=Plan(), trial=how, rig=rig, folder=folder, bounds=Bounds(limit=100))
    )
    while not (trial.done() or (logs.is_file() and "at work" in logs.read_text())):
        await asyncio.sleep(0.02)
    time.sleep(BLOCKED_SECONDS)
    over.touch()
    return await trial


def verdict(evidence: Evidence) -> Verdict:
    return judge(evidence, baselines=[evidence], checks=[checks.named("heartbeat-in-time")])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_beat_that_a_blocked_rig_held_up_is_no_finding(rig: Rig, tmp_path: Path) -> None:
    evidence = await tried_on_a_blocked_loop(rig, tmp_path, how="steady")
    judged = verdict(evidence)
    assert judged.outcome is Outcome.UNKNOWN, judged
    [judgement] = judged.judgements
    assert "the rig itself was kept waiting by a busy machine, which explains it" in judgement.reason
    assert judged.slow == judgement.reason
    assert lag_of(evidence.tape) > BLOCKED_SECONDS * 0.9
    measured = [entry.facts_as(Lag) for entry in acts(evidence.tape, "lag")]
    assert max(each.rig for each in measured if each) > BLOCKED_SECONDS * 0.9


@pytest.mark.asyncio(loop_scope="module")
async def test_a_silence_that_is_longer_than_the_lag_fails_all_the_same(rig: Rig, tmp_path: Path) -> None:
    judged = verdict(await tried_on_a_blocked_loop(rig, tmp_path, how="silent"))
    assert judged.outcome is Outcome.FAIL, judged
    [finding] = judged.findings
    assert "its heartbeat timeout is 3 s" in finding.message


async def test_what_threads_waited_for_a_processor_is_put_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "_PROC", tmp_path)
    monkeypatch.setattr(lag, "_LOOK_EVERY", 0.5)
    tape, threads = LiveTape(), tmp_path / "7" / "task"
    for thread in ("7", "8"):
        (threads / thread).mkdir(parents=True)
        (threads / thread / "schedstat").write_text("5 1000000000 1\n")
    looked, read = asyncio.Event(), lag._Counters.read
    monkeypatch.setattr(lag._Counters, "read", lambda counters: looked.set() if read(counters) is None else None)
    meter = asyncio.create_task(LagMeter(tape, worker=lambda: 7, server=lambda: 0).run())
    await looked.wait()  # only what is waited from now on counts
    (threads / "7" / "schedstat").write_text("5 1200000000 1\n")
    (threads / "8" / "schedstat").unlink()
    assert await tape.until(lambda entry: entry.operation == "lag" and _worker(entry.facts_as(Lag)) > 0, timeout=60)
    meter.cancel()
    await asyncio.gather(meter, return_exceptions=True)
    waits = [_worker(entry.facts_as(Lag)) for entry in acts(tape.entries, "lag")]
    assert max(waits) == pytest.approx(0.2)


def _worker(measured: Lag | None) -> float:
    return measured.worker if measured else 0.0
