"""Histories are replayed by the worker itself where its packages are its own, and nobody named its code."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness.records.options import SweepOptions
from harness.records.scenario import Scenario, start, started_by, started_by_worker
from harness.replay.door.standing import StandingDoorReplay
from harness.replay.in_process.standing import StandingReplay
from harness.sweeps.replaying import shared_replay, standing_replay

ELSEWHERE = Scenario(name="trip", worker="/bin/sh worker", work=start("TripAgent"))


@pytest.mark.parametrize(
    ("scenario", "options", "expected"),
    [
        (ELSEWHERE, SweepOptions(), StandingDoorReplay),
        (replace(ELSEWHERE, work=started_by("python start.py")), SweepOptions(), StandingDoorReplay),
        (ELSEWHERE, SweepOptions(workflows=("app.workflows",)), StandingReplay),
        (replace(ELSEWHERE, replayer="app.replay:replayer"), SweepOptions(), StandingReplay),
        (replace(ELSEWHERE, skip_checks=("replays",)), SweepOptions(), type(None)),
        (replace(ELSEWHERE, checks=("effects-happen-once",)), SweepOptions(), type(None)),
        (replace(ELSEWHERE, checks=("effects-happen-once", "replays")), SweepOptions(), StandingDoorReplay),
        (replace(ELSEWHERE, worker="python worker.py"), SweepOptions(), type(None)),
        (replace(ELSEWHERE, address="localhost:7233"), SweepOptions(), type(None)),
        (replace(ELSEWHERE, work=started_by_worker()), SweepOptions(), type(None)),
    ],
)
def test_report_cases_who_replays(
    scenario: Scenario, options: SweepOptions, expected: type[object], tmp_path: Path
) -> None:
    assert isinstance(standing_replay(scenario, options, folder=tmp_path), expected)


async def test_sweeps_of_the_same_code_share_what_replays_until_the_last_of_them_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living: list[StandingReplay] = []

    async def start(replay: StandingReplay) -> StandingReplay:
        living.append(replay)
        return replay

    async def end(replay: StandingReplay, *error: object) -> None:
        living.remove(replay)

    monkeypatch.setattr(StandingReplay, "__aenter__", start)
    monkeypatch.setattr(StandingReplay, "__aexit__", end)
    options, other = SweepOptions(workflows=("app.workflows",)), SweepOptions(workflows=("app.others",))
    async with shared_replay(ELSEWHERE, options, run=tmp_path) as first:
        assert first is not None
        begun = await first()
        async with (
            shared_replay(replace(ELSEWHERE, name="tour"), options, run=tmp_path) as second,
            shared_replay(ELSEWHERE, other, run=tmp_path) as third,
            shared_replay(replace(ELSEWHERE, env={"REGION": "eu"}), options, run=tmp_path) as fourth,
            shared_replay(ELSEWHERE, options, run=tmp_path / "another") as fifth,
        ):
            assert second is not None
            assert await second() is begun
            apart = [await each() for each in (third, fourth, fifth) if each]
            assert len({id(each) for each in (begun, *apart)}) == 4
        assert living == [begun]
    assert living == []


async def test_a_start_that_nobody_waits_for_any_more_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = asyncio.Event()

    async def start(replay: StandingReplay) -> StandingReplay:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return replay

    monkeypatch.setattr(StandingReplay, "__aenter__", start)
    async with shared_replay(ELSEWHERE, SweepOptions(workflows=("app.workflows",)), run=tmp_path) as begin:
        assert begin is not None
        begin()
        await asyncio.sleep(0)
    assert given_up.is_set()
