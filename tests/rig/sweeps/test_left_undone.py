"""What goes wrong without any strike is named for what it is, told once; and a saga may give up if it compensates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from harness import checks
from harness.records.expectation import expects
from harness.records.options import SweepOptions
from harness.records.scenario import Scenario, query, signal, start, update
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Outcome
from harness.servers.binaries import find_temporal
from harness.sweeps.sweep import Sweep
from harness.sweeps.turns import Turns
from harness.trial.rig import Rig
from harness.trial.trial import run_trial

pytestmark = pytest.mark.timeout(300)

PACKED = "after/RespondActivityTaskCompleted/Order/reply.1/attempt-1"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with Rig(binary=await find_temporal(), folder=tmp_path_factory.mktemp("rig")) as rig:
        yield rig


async def swept(rig: Rig, folder: Path, workflow: str, *, right: bool, only: str = "", **more: Any) -> SweepResult:
    """Run the undisturbed trials of a workflow; where a pattern of points is given, strike there."""
    scenario = Scenario(
        name=f"{workflow}-{right}",
        worker="python -m tests.agents.left_undone",
        task_queue="agents",
        work=start(workflow, right),
        **more,
    )
    sweep = Sweep(
        scenario,
        checks=checks.chosen((), also=scenario.expects.checks),
        engine=rig.engine,
        run=partial(run_trial, scenario, rig=rig),
        folder=folder,
        turns=Turns(4),
        options=SweepOptions(points_only=not only, only=(only,) if only else ()),
    )
    return await sweep.run()


CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "Chat": (
        {"updates-finished": "broken", "activities-finished": "risky"},
        {"sends": [update("say", "one"), update("say", "two")]},
    ),
    "Triage": ({"children-finished": "broken"}, {}),
    "Order": ({"queries-answered": "broken"}, {"sends": [query("status", at=PACKED), signal("confirm", at="then")]}),
    "Digest": ({"within-server-limits": "broken"}, {}),
    "Forecast": ({"no-refusal-told-as-answer": "broken"}, {}),
    "Review": ({"activities-registered": "broken"}, {}),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("workflow", CASES)
async def test_what_is_wrong_without_a_strike_is_told_once_and_its_right_twin_is_clean(
    rig: Rig, tmp_path: Path, workflow: str
) -> None:
    expected, more = CASES[workflow]
    wrong, right = await asyncio.gather(
        swept(rig, tmp_path / "wrong", workflow, right=False, **more),
        swept(rig, tmp_path / "right", workflow, right=True, **more),
    )
    assert {each.finding.check: each.finding.severity for each in wrong.findings} == expected
    assert [len(each.trials) for each in wrong.findings] == [1] * len(expected)
    assert all(each.finding.why and each.finding.fix for each in wrong.findings)
    assert wrong.outcome is Outcome.FAIL
    assert (right.findings, right.outcome) == ((), Outcome.PASS)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_saga_that_gives_up_passes_if_it_compensates_and_fails_by_name_if_not(rig: Rig, tmp_path: Path) -> None:
    expected = expects(result="booked", effect="book=1 per trip", undone="book=cancel per trip")
    killed = "before/RespondActivityTaskCompleted/Trip/*"
    wrong, right = await asyncio.gather(
        swept(rig, tmp_path / "wrong", "Trip", right=False, only=killed, expects=expected),
        swept(rig, tmp_path / "right", "Trip", right=True, only=killed, expects=expected),
    )
    assert [each.finding.message for each in right.findings] == []
    assert (right.outcome, len(right.struck)) == (Outcome.PASS, 2)
    assert [each.finding.message for each in wrong.findings] == [
        "book of trip rome happened, and cancel never did, though Trip gave up"
    ]
    assert len(wrong.findings[0].trials) == 2
