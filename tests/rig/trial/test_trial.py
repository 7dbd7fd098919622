"""One trial sees only its own, recovers without waiting, and follows a run of any shape to its end."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shlex
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from harness import checks
from harness.app.loading import load_file
from harness.checks.judging import judge
from harness.errors import RigError, UsageError
from harness.records.evidence import Evidence, History
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, cancel, signal, start, started_by, started_by_worker, update
from harness.records.start_activity import start_activity
from harness.records.tape import acts, executed
from harness.records.verdict import Outcome
from harness.servers.binaries import find_temporal
from harness.trial.deadline import Bounds, bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import ROOT, TESTS
from tests.judged import passes

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENTS = TESTS / "agents"
UNKNOWN_WORK = Bounds(limit=100, task_timeout=2)
SHAPES = ROOT / "scenarios" / "shapes.py"


def agent(name: str) -> str:
    return shlex.join([sys.executable, str(AGENTS / f"{name}.py")])


BEATING = Scenario(name="beating", worker=agent("beating"), task_queue="writing", work=start("Writing", "rivers"))
HARD_CODED = Scenario(name="hard_coded", worker=agent("hard_coded"), task_queue="fixed", work=start("Marking", ""))
COMPLETES = "before/RespondActivityTaskCompleted/{}/attempt-1"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with Rig(binary=await find_temporal(), folder=tmp_path_factory.mktemp("rig")) as rig:
        yield rig


async def tried(
    scenario: Scenario, rig: Rig, folder: Path, *points: str, real_time: bool = False, baseline: Evidence | None = None
) -> Evidence:
    """Run one trial that kills the worker at the points, in order."""
    plan = Plan(tuple(Strike("kill-worker", point) for point in points), real_time=real_time)
    limits = bounds(baseline, plan, time_limit=100) if baseline else UNKNOWN_WORK
    trial = plan.trial_id(scenario.name)
    return await run_trial(scenario, plan=plan, trial=trial, rig=rig, folder=folder / trial, bounds=limits)


def shape(name: str) -> Scenario:
    found = {scenario.name: scenario for scenario in load_file(SHAPES)}[name]
    return replace(found, worker=found.worker.replace("python", sys.executable, 1))


def result(history: History) -> Any:
    closed = history.events[-1]["workflowExecutionCompletedEventAttributes"]
    return json.loads(base64.b64decode(closed["result"]["payloads"][0]["data"]))


async def test_a_hard_coded_worker_runs_in_four_slots_at_once_and_each_sees_its_own(rig: Rig, tmp_path: Path) -> None:
    words = ["ash", "birch", "cedar", "date"]
    scenarios = [replace(HARD_CODED, name=f"hard-{word}", work=start("Marking", word)) for word in words]
    point = COMPLETES.format("Marking/mark.1")
    plans = [(), (), (point,), (point,)]
    found = await asyncio.gather(
        *(tried(scenario, rig, tmp_path, *plan) for scenario, plan in zip(scenarios, plans, strict=True))
    )
    for word, plan, evidence in zip(words, plans, found, strict=True):
        assert evidence.end == "closed"
        assert [history.workflow_id for history in evidence.histories] == ["Marking-run"]
        assert result(evidence.histories[0]) == word
        effects = [entry.http.body for entry in executed(evidence.tape, door="effect")]
        assert effects == [{"word": word}] * (1 + len(plan))
        runs = {entry.run_id for entry in evidence.tape if entry.run_id}
        assert runs == {evidence.histories[0].run_id}
        assert len(list(acts(evidence.tape, "start-worker"))) == 1 + len(plan)


def without_times(history: History) -> list[dict[str, Any]]:
    """Return the events but for what another moment, another process and another workflow task change."""
    changing = {"eventId", "eventTime", "taskId", "workerMayIgnore", "userMetadata"}
    kept = [event for event in history.events if "WORKFLOW_TASK" not in event["eventType"]]
    return [_plain({key: value for key, value in event.items() if key not in changing}) for event in kept]


_CHANGING = (
    "scheduledEventId",
    "startedEventId",
    "workflowTaskCompletedEventId",
    "identity",
    "requestId",
    "originalExecutionRunId",
    "firstExecutionRunId",
    "workflowTaskTimeout",
    "workerVersion",
    "header",
)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in _CHANGING}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


async def test_accelerated_and_in_real_time_the_verdicts_and_the_histories_are_the_same(
    rig: Rig, tmp_path: Path
) -> None:
    baseline = await tried(BEATING, rig, tmp_path)
    point = COMPLETES.format("Writing/draft.1")
    quick, slow = await asyncio.gather(
        tried(BEATING, rig, tmp_path, point, baseline=baseline),
        tried(BEATING, rig, tmp_path, point, real_time=True, baseline=baseline),
    )
    verdicts = [judge(found, baselines=[baseline], checks=checks.standard) for found in (quick, slow)]
    for verdict in verdicts:
        assert verdict.struck
        assert passes(verdict), verdict
    told = [{each.check: each.outcome for each in verdict.judgements} for verdict in verdicts]
    # What an accelerated timeout cannot show is said to be not applicable there, and is no other verdict.
    assert {name for name in told[0] if told[0][name] is not told[1][name]} <= {"retry-spacing"}
    assert without_times(quick.histories[0]) == without_times(slow.histories[0])
    assert [act.facts.what for act in acts(quick.tape, "accelerate")] == ["activity", "restored"]
    assert list(acts(slow.tape, "accelerate")) == []
    scheduled = next(quick.histories[0].of_type("ACTIVITY_TASK_SCHEDULED"))
    assert scheduled["activityTaskScheduledEventAttributes"]["startToCloseTimeout"] == "300s"


async def test_the_second_start_of_a_one_program_worker_is_the_run_that_it_had_started(
    rig: Rig, tmp_path: Path
) -> None:
    found = await tried(shape("one_program"), rig, tmp_path, COMPLETES.format("GreetingWorkflow/greet.1"))
    assert found.end == "closed"
    assert len(found.histories) == 1
    assert result(found.histories[0]) == "Hello, Ada!"
    assert [(act.worker, act.facts.workflow_id) for act in acts(found.tape, "recall")] == [(2, "one-program-greeting")]


async def test_a_right_one_program_worker_passes_wherever_it_is_killed(rig: Rig, tmp_path: Path) -> None:
    scenario = Scenario(name="ordering", worker=agent("one_program"), work=started_by_worker(workflow="Ordering"))
    baseline = await tried(scenario, rig, tmp_path)
    points = [
        "after/StartWorkflowExecution/Ordering",
        "before/SignalWorkflowExecution/Ordering/add/nth-2",
        "after/SignalWorkflowExecution/Ordering/add/nth-2",
        "after/UpdateWorkflowExecution/Ordering",
        COMPLETES.format("Ordering/charge.1"),
        "after/RespondWorkflowTaskCompleted/Ordering/CompleteWorkflowExecution/attempt-1",
    ]
    for found in await asyncio.gather(*(tried(scenario, rig, tmp_path, point, baseline=baseline) for point in points)):
        verdict = judge(found, baselines=[baseline], checks=checks.standard)
        assert passes(verdict), verdict
        assert [result(history) for history in found.histories] == ["Ada: 2"]


async def test_a_program_that_fails_with_its_work_has_ended_with_it(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.trial.ending._WHOLE_LIMIT", 1.0)  # the zombie has no more to say
    scenario = Scenario(name="cancelled", worker=agent("one_program"), work=started_by_worker(workflow="Ordering"))
    ends = "after/RespondWorkflowTaskCompleted/Ordering/CancelWorkflowExecution/attempt-1"
    plan = Plan((Strike("cancel-workflow", COMPLETES.format("Ordering/charge.1")), Strike("pause-worker", ends)))
    found = await run_trial(scenario, plan=plan, trial="t", rig=rig, folder=tmp_path / "t", bounds=UNKNOWN_WORK)
    assert (found.end, len(found.strikes), found.end_reason) == ("closed", 2, "")


async def test_a_strike_after_the_last_message_is_made_each_time(rig: Rig, tmp_path: Path) -> None:
    point = "after/RespondWorkflowTaskCompleted/GreetingWorkflow/CompleteWorkflowExecution/attempt-1"
    again = [replace(shape("one_program"), name=f"again-{number}") for number in range(3)]
    for found in await asyncio.gather(*(tried(scenario, rig, tmp_path, point) for scenario in again)):
        assert [strike.facts.point for strike in found.strikes] == [point]


async def test_the_users_own_starter_starts_the_work_and_is_never_struck(rig: Rig, tmp_path: Path) -> None:
    found = await tried(shape("own_starter"), rig, tmp_path, COMPLETES.format("GreetingWorkflow/greet.1"))
    assert found.end == "closed"
    starts = [entry for entry in found.tape if entry.operation == "StartWorkflowExecution"]
    assert {(entry.worker, entry.point) for entry in starts} == {(0, None)}
    assert found.histories[0].workflow_id == "greeting-ada"


async def test_a_signal_that_the_workflow_does_not_know_is_told(rig: Rig, tmp_path: Path) -> None:
    misspelt = replace(shape("conversation"), sends=[signal("sya", "good morning")])
    with pytest.raises(UsageError, match=r"ConversationWorkflow knows no signal 'sya' \(did you mean 'say'\?\)"):
        await tried(misspelt, rig, tmp_path)


async def test_a_signal_or_an_update_that_work_does_not_know_which_ends_without_it_is_told(
    rig: Rig, tmp_path: Path
) -> None:
    at_the_end = COMPLETES.format("Marking/mark.1")
    for sent in (signal("stop", "x"), signal("stop", "x", at=at_the_end), update("stop", "x")):
        with pytest.raises(UsageError, match=f"Marking knows no {sent.kind} 'stop'"):
            await tried(replace(HARD_CODED, sends=[sent]), rig, tmp_path / sent.kind / sent.at[:5])


async def test_a_worker_that_ends_before_it_has_started_its_work_is_told_at_once(rig: Rig, tmp_path: Path) -> None:
    nothing = Scenario(name="nothing", worker=shlex.join([sys.executable, "-c", "pass"]), work=started_by_worker())
    with pytest.raises(RigError, match="exited with status 0 before it had started a workflow through the door"):
        await tried(nothing, rig, tmp_path)


async def test_two_executions_are_followed_to_their_ends_and_each_has_its_own_points(rig: Rig, tmp_path: Path) -> None:
    work = start("Marking", inputs=[("ash",), ("birch",)])
    found = await tried(replace(HARD_CODED, work=work), rig, tmp_path, COMPLETES.format("Marking.2/mark.1"))
    ended = {execution.roots[0].path: result(execution.roots[-1]) for execution in found.executions}
    assert (found.end, ended) == ("closed", {"Marking": "ash", "Marking.2": "birch"})
    assert [act.facts.workflow_id for act in acts(found.tape, "start")] == ["Marking-run", "Marking-run-2"]


_STARTS_TWO = """
import asyncio, os
from temporalio.client import Client

async def main():
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    for word in ("ash", "birch"):
        print(await client.execute_workflow("Marking", word, id=f"mark-{word}", task_queue="fixed"))

asyncio.run(main())
"""


async def test_a_starter_that_starts_one_after_the_other_is_followed_to_the_end_of_both(
    rig: Rig, tmp_path: Path
) -> None:
    (starter := tmp_path / "starter.py").write_text(_STARTS_TWO)
    work = started_by(shlex.join([sys.executable, str(starter)]))
    scenario = replace(HARD_CODED, name="starter of two", work=work)
    baseline = await tried(scenario, rig, tmp_path)
    found = await tried(scenario, rig, tmp_path, COMPLETES.format("Marking.2/mark.1"), baseline=baseline)
    for evidence in (baseline, found):
        results = {each.roots[0].workflow_id: result(each.roots[-1]) for each in evidence.executions}
        assert (evidence.end, results) == ("closed", {"mark-ash": "ash", "mark-birch": "birch"})
    assert [strike.facts.point for strike in found.strikes] == [COMPLETES.format("Marking.2/mark.1")]


async def test_a_chain_is_followed_to_its_last_run(rig: Rig, tmp_path: Path) -> None:
    found = await tried(shape("chain"), rig, tmp_path, COMPLETES.format("BookWorkflow+1/copy_page.1"))
    assert found.end == "closed"
    assert [history.path for history in found.roots] == ["BookWorkflow", "BookWorkflow+1", "BookWorkflow+2"]
    assert result(found.roots[-1]) == "ended with page 3"


async def test_a_workflow_that_never_ends_is_over_when_the_scenario_says_so(rig: Rig, tmp_path: Path) -> None:
    found = await tried(shape("forever"), rig, tmp_path, COMPLETES.format("OrderDeskWorkflow/fulfil.1"))
    assert found.end == "over"
    orders = {entry.http.body["order"] for entry in executed(found.tape, door="effect")}
    assert orders == {"tea", "cake"}
    assert len(list(acts(found.tape, "signal"))) == 2


async def test_a_failure_that_is_expected_is_no_finding(rig: Rig, tmp_path: Path) -> None:
    baseline = await tried(shape("refuses"), rig, tmp_path)
    found = await tried(shape("refuses"), rig, tmp_path, COMPLETES.format("PurchaseWorkflow/quote.1"))
    assert found.end == "closed"
    assert found.expects_failure == "BudgetExceeded"
    assert next(found.histories[0].of_type("WORKFLOW_EXECUTION_FAILED"))
    verdict = judge(found, baselines=[baseline], checks=checks.standard)
    assert passes(verdict), verdict


async def test_children_have_histories_of_their_own(rig: Rig, tmp_path: Path) -> None:
    point = COMPLETES.format("DinnerWorkflow/CourseWorkflow.2/cook.1")
    found = await tried(shape("family"), rig, tmp_path, point)
    assert found.end == "closed"
    assert [(history.path, history.root) for history in found.histories] == [
        ("DinnerWorkflow", True),
        ("DinnerWorkflow/CourseWorkflow.1", False),
        ("DinnerWorkflow/CourseWorkflow.2", False),
    ]


async def test_a_workflow_is_cancelled_at_the_point_that_the_scenario_names(rig: Rig, tmp_path: Path) -> None:
    scenario = replace(BEATING, name="cancelled", sends=[cancel(at=COMPLETES.format("Writing/draft.1"))])
    evidence = await tried(scenario, rig, tmp_path)
    events = [event["eventType"] for event in evidence.histories[0].events]
    assert "EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED" in events
    assert events[-1] == "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"
    assert len(list(acts(evidence.tape, "cancel"))) == 1


async def test_signals_updates_and_queries_reach_the_workflow_at_their_points(rig: Rig, tmp_path: Path) -> None:
    found = await tried(shape("conversation"), rig, tmp_path)
    assert found.end == "closed"
    assert [act.facts.args for act in acts(found.tape, "signal")] == [["good morning"], ["good night"]]
    assert [act.facts.answer for act in acts(found.tape, "update")] == ["closing: it is late"]
    assert [type(act.facts.answer) for act in acts(found.tape, "query")] == [list]
    assert result(found.histories[0])[-1] == "it is late"


async def test_what_waits_for_a_reply_that_a_kill_drops_is_sent_at_that_of_the_next_attempt(
    rig: Rig, tmp_path: Path
) -> None:
    completes = COMPLETES.format("ConversationWorkflow/reply.1")
    sends = [
        signal("say", "good morning"),
        signal("say", "good night", at=completes.replace("before", "after")),
        update("close", "it is late", at="before/RespondActivityTaskCompleted/ConversationWorkflow/reply.2/attempt-1"),
    ]
    scenario = replace(shape("conversation"), name="dropped", sends=sends)
    found = await tried(scenario, rig, tmp_path, completes)
    assert found.end == "closed"
    assert result(found.histories[0])[-1] == "it is late"


async def test_what_is_sent_when_the_workflow_has_closed_is_told_and_ends_no_trial(rig: Rig, tmp_path: Path) -> None:
    late = "after/RespondWorkflowTaskCompleted/Writing/CompleteWorkflowExecution"
    found = await tried(replace(BEATING, name="late", sends=[signal("go", at=late)]), rig, tmp_path)
    (told,) = acts(found.tape, "signal")
    assert (found.end, told.facts.failure[:40]) == ("closed", "it was sent when the workflow had closed")


async def test_a_workflow_that_the_worker_does_not_know_is_told(rig: Rig, tmp_path: Path) -> None:
    wrong = replace(BEATING, name="wrong", work=start("Writting", "rivers"))
    with pytest.raises(UsageError, match=r"the worker has no such workflow: .*did you mean 'Writing'"):
        await tried(wrong, rig, tmp_path)


async def test_the_task_queue_that_is_polled_for_workflow_tasks_is_found_and_of_two_none_is_chosen(
    rig: Rig, tmp_path: Path
) -> None:
    split = Scenario(name="split", worker=agent("two_queues"), work=start("Ordering", "tea"))
    found = await tried(split, rig, tmp_path)
    assert (found.end, result(found.histories[0])) == ("closed", "tea, packed")
    both = replace(split, name="both", worker=f"{split.worker} both")
    with pytest.raises(UsageError, match=r"polls 2 task queues for workflow tasks, 'a-warehouse' and 'orders', and"):
        await tried(both, rig, tmp_path)


async def test_a_worker_that_exits_at_start_is_told_with_its_log(rig: Rig, tmp_path: Path) -> None:
    broken = replace(BEATING, name="broken", env={"TEMPORAL_NAMESPACE": "", "TEMPORAL_ADDRESS": "127.0.0.1:1"})
    # An interpreter that used the SDK's client may abort while it finalizes (Python 3.11), after all was said.
    with pytest.raises(RigError, match=r"the worker exited with status (1|-6) before it polled(.|\n)*RuntimeError"):
        await tried(broken, rig, tmp_path)


async def test_a_trial_that_is_not_over_in_time_says_so(rig: Rig, tmp_path: Path) -> None:
    never = replace(shape("forever"), name="never", sends=())
    found = await run_trial(
        never, plan=Plan(), trial="never", rig=rig, folder=tmp_path / "never", bounds=Bounds(limit=1)
    )
    assert found.end == "deadline"
    # Up to three times as long where the machine kept the trial waiting.
    assert re.fullmatch(r"not over [1-3] s after the work began", found.end_reason)
    assert found.histories


CHARGING = Scenario(
    name="charging",
    worker=shlex.join([sys.executable, "-m", "scenarios.broken.agents.right_charge_alone"]),
    work=start_activity("charge_alone", "order-1", start_to_close_timeout=300, heartbeat_timeout=30),
)


async def test_an_activity_without_a_workflow_is_struck_and_told_by_what_the_server_says(
    rig: Rig, tmp_path: Path
) -> None:
    baseline = await tried(CHARGING, rig, tmp_path)
    evidence = await tried(CHARGING, rig, tmp_path, COMPLETES.format("charge_alone/charge_alone.1"), baseline=baseline)
    (history,) = evidence.histories
    assert history.described is not None
    info = history.described["info"]
    assert (info["status"], info["attempt"]) == ("ACTIVITY_EXECUTION_STATUS_COMPLETED", 2)
    # The attempt that was killed was made to time out at once, which is not what was declared.
    assert (info["startToCloseTimeout"], info["heartbeatTimeout"]) == ("300s", "30s")
    assert result(history) == result(baseline.histories[0])
    verdict = judge(evidence, baselines=[baseline], checks=checks.standard)
    assert passes(verdict), verdict
    judged = {each.check: each for each in verdict.judgements}
    assert judged["replays"].outcome is None
    assert judged["heartbeat-detected-in-time"].outcome is Outcome.PASS


async def test_an_activity_that_the_worker_does_not_know_is_told_with_the_nearest(rig: Rig, tmp_path: Path) -> None:
    unknown = replace(CHARGING, work=start_activity("charge_alon", "order-1", start_to_close_timeout=300))
    with pytest.raises(UsageError, match=r"has no such activity.*did you mean 'charge_alone'"):
        await tried(unknown, rig, tmp_path)
