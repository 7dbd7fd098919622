"""Histories are replayed by the worker itself where its packages are its own, and nobody named its code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.records.options import SweepOptions
from harness.records.scenario import Scenario, start, started_by, started_by_worker
from harness.replay.door.standing import StandingDoorReplay
from harness.replay.in_process.standing import StandingReplay
from harness.sweeps.replaying import standing_replay

ELSEWHERE = Scenario(name="trip", worker="/bin/sh worker", work=start("TripAgent"))


@pytest.mark.parametrize(
    ("scenario", "options", "expected"),
    [
        (ELSEWHERE, SweepOptions(), StandingDoorReplay),
        (replace(ELSEWHERE, work=started_by("python start.py")), SweepOptions(), StandingDoorReplay),
        (ELSEWHERE, SweepOptions(workflows=("app.workflows",)), StandingReplay),
        (replace(ELSEWHERE, replayer="app.replay:replayer"), SweepOptions(), StandingReplay),
        (replace(ELSEWHERE, worker="python worker.py"), SweepOptions(), type(None)),
        (replace(ELSEWHERE, address="localhost:7233"), SweepOptions(), type(None)),
        (replace(ELSEWHERE, work=started_by_worker()), SweepOptions(), type(None)),
    ],
)
def test_report_cases_who_replays(
    scenario: Scenario, options: SweepOptions, expected: type[object], tmp_path: Path
) -> None:
    assert isinstance(standing_replay(scenario, options, folder=tmp_path), expected)
