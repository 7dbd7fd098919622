"""One real trial with a fault of each kind: the strike happens, the tape tells it as it was, and the work ends well."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from harness import checks
from harness.checks.judging import judge
from harness.checks.lasting_effects import effects_of
from harness.checks.model_calls import bill
from harness.records.act_facts import FaultHealed, FaultMade, WorkerExited
from harness.records.evidence import Evidence
from harness.records.message_facts import NotDelivered
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.records.tape import Entry, acts, executed
from harness.servers.binaries import find_temporal
from harness.trial.deadline import Bounds, bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS
from tests.judged import passes

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONSULTING = Scenario(
    name="consulting",
    worker=shlex.join([sys.executable, str(TESTS / "agents" / "consulting.py")]),
    task_queue="consulting",
    work=start("Consulting", "rivers"),
)
OF_STEP = "Consulting/consult.1/attempt-1"
POINTS = {
    "terminate-worker": f"before/model.chat.completions/{OF_STEP}",
    "pause-worker": f"before/RespondActivityTaskCompleted/{OF_STEP}",
    "kill-server": f"before/RespondActivityTaskCompleted/{OF_STEP}",
    "unavailable-until-healed": f"before/RespondActivityTaskCompleted/{OF_STEP}",
    "reply-lost": f"after/PollActivityTaskQueue/{OF_STEP}",
    "heartbeat-lost": f"before/RecordActivityTaskHeartbeat/{OF_STEP}",
    "model-429-seconds": f"before/model.chat.completions/{OF_STEP}",
    "model-truncated": f"after/model.chat.completions/{OF_STEP}",
    "effect-reply-lost": f"after/effect.order/{OF_STEP}",
    "effect-500-once": f"before/effect.order/{OF_STEP}",
    "model-in-turn": f"before/model.chat.completions/{OF_STEP}",
    "model-short": f"after/model.chat.completions/{OF_STEP}",
    "model-refused": f"before/model.chat.completions/{OF_STEP}",
    "model-refused-always": f"before/model.chat.completions/{OF_STEP}",
    "model-unknown-name": f"before/model.chat.completions/{OF_STEP}",
    "model-duplicated": f"before/model.chat.completions/{OF_STEP}",
    "effect-duplicated": f"before/effect.order/{OF_STEP}",
    "effect-refused": f"before/effect.order/{OF_STEP}",
    "answer-prose": f"after/model.chat.completions/{OF_STEP}",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def trials(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Evidence]]:
    """Run an undisturbed trial, then one for each fault, all at the same time."""
    folder = tmp_path_factory.mktemp("faults")

    async def tried(plan: Plan, limits: Bounds) -> Evidence:
        trial = plan.trial_id(CONSULTING.name)
        told: dict[str, Any] = {"trial": trial, "folder": folder / trial, "bounds": limits}
        return await run_trial(CONSULTING, plan=plan, rig=rig, cold=False, **told)

    async with Rig(binary=await find_temporal(), folder=folder / "rig") as rig:
        baseline = await tried(Plan(), Bounds(limit=100, task_timeout=2))
        plans = [Plan((Strike(fault, point),)) for fault, point in POINTS.items()]
        found = await asyncio.gather(*(tried(plan, bounds(baseline, plan, time_limit=100)) for plan in plans))
        yield {"": baseline, **dict(zip(POINTS, found, strict=True))}


def of(evidence: Evidence, operation: str, *, attempt: int = 1) -> list[Entry]:
    """Return the entries of one kind of message of one attempt; what is dropped is told by its message number."""
    met = [each for each in evidence.tape if each.operation == operation]
    numbers = {each.message for each in met if each.point and each.point.attempt == attempt}
    return [each for each in met if each.message in numbers]


def shown(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(each.kind, each.status) for each in entries]


@pytest.mark.parametrize("fault", POINTS)
async def test_it_strikes_where_it_is_to_and_a_right_agent_survives(trials: dict[str, Evidence], fault: str) -> None:
    evidence = trials[fault]
    verdict = judge(evidence, baselines=[trials[""]], checks=checks.standard)
    assert verdict.struck
    assert passes(verdict), verdict
    assert evidence.end == "closed"
    assert [(each.worker, each.facts) for each in evidence.strikes] == [
        (1, FaultMade(fault=fault, point=POINTS[fault]))
    ]
    heals = [each.facts for each in acts(evidence.tape, "heal")]
    lasting = {"terminate-worker", "pause-worker", "kill-server", "unavailable-until-healed", "reply-lost"}
    lasting |= {"model-in-turn", "model-refused", "effect-refused"}
    assert heals == ([FaultHealed(fault=fault)] if fault in lasting else [])


async def test_a_terminated_worker_ends_its_work_and_the_next_one_goes_on(trials: dict[str, Evidence]) -> None:
    tape = trials["terminate-worker"].tape
    (ended,) = (each for each in acts(tape, "worker-exit") if each.worker == 1)
    assert ended.facts == WorkerExited(exit_status=0, expected=True)
    begun = next(each for each in acts(tape, "start-worker") if each.worker == 2)
    assert tape.index(ended) < tape.index(begun)
    done = of(trials["terminate-worker"], "RespondActivityTaskCompleted")
    assert [(each.worker, each.kind, each.status) for each in done] == [(1, "request", ""), (1, "reply", "OK")]
    assert list(acts(tape, "worker-overstayed")) == []
    assert len(list(executed(tape, door="effect"))) == 1


async def test_a_zombies_late_completion_is_refused_and_it_gets_no_further_task(trials: dict[str, Evidence]) -> None:
    tape = trials["pause-worker"].tape
    (continued,) = acts(tape, "continue-worker")
    assert continued.worker == 1
    begun = next(each for each in acts(tape, "start-worker") if each.worker == 2)
    (newer,) = (each for each in of(trials["pause-worker"], "RespondActivityTaskCompleted", attempt=2) if each.status)
    late = of(trials["pause-worker"], "RespondActivityTaskCompleted", attempt=1)
    assert [(each.worker, each.kind, each.status) for each in late] == [(1, "request", ""), (1, "reply", "NOT_FOUND")]
    assert (newer.worker, newer.status) == (2, "OK")
    order = [tape.index(each) for each in (late[0], begun, newer, continued, late[1])]
    assert order == sorted(order)
    struck = trials["pause-worker"].strikes[0]
    handed = [each for each in tape if each.operation.startswith("Poll") and each.point and each.worker == 1]
    assert [each for each in handed if each.at > struck.at] == []
    assert len(list(executed(tape, door="effect"))) == 2


async def test_what_a_killed_server_held_is_kept_and_it_goes_on(trials: dict[str, Evidence]) -> None:
    evidence = trials["kill-server"]
    (strike,) = evidence.strikes
    (stopped,), (started,) = acts(evidence.tape, "stop-server"), acts(evidence.tape, "start-server")
    (crash,) = evidence.crashes
    assert strike.at <= stopped.at <= crash.at <= started.at
    assert crash.integrity == "ok"
    held = [event["eventType"].removeprefix("EVENT_TYPE_") for event in crash.histories[0].events]
    assert held[-1] == "ACTIVITY_TASK_SCHEDULED"
    whole = evidence.histories[0].events
    assert list(crash.histories[0].events) == list(whole[: len(held)])
    # The message was not executed, and was sent again until the server was back.
    done = of(evidence, "RespondActivityTaskCompleted")
    assert shown(done[:2]) == [("request", ""), ("dropped", "UNAVAILABLE")]
    assert (done[-1].kind, done[-1].status, done[-1].worker) == ("reply", "OK", 1)
    assert [each.worker for each in acts(evidence.tape, "start-worker")] == [1]


async def test_other_trials_do_not_feel_the_death_of_a_server(trials: dict[str, Evidence]) -> None:
    assert {fault for fault, evidence in trials.items() if evidence.crashes} == {"kill-server"}


async def test_a_request_is_refused_until_it_is_healed(trials: dict[str, Evidence]) -> None:
    evidence = trials["unavailable-until-healed"]
    done = of(evidence, "RespondActivityTaskCompleted")
    refused = [("request", ""), ("dropped", "UNAVAILABLE")]
    assert shown(done) == [*refused, *refused, *refused, ("request", ""), ("reply", "OK")]
    assert [each.injected for each in done if each.kind == "dropped"] == ["unavailable-until-healed"] * 3
    acted = [each.operation for each in evidence.tape if each.kind == "act" and each.fault]
    assert acted == ["strike", "hit", "hit", "heal"]


async def test_a_task_that_was_handed_out_unheard_comes_again(trials: dict[str, Evidence]) -> None:
    evidence = trials["reply-lost"]
    handed = of(evidence, "PollActivityTaskQueue", attempt=1)
    assert shown(handed) == [("reply", "OK"), ("dropped", "UNAVAILABLE")]
    assert handed[1].facts == NotDelivered(injected="reply-lost")
    assert of(evidence, "RespondActivityTaskCompleted", attempt=1) == []
    assert shown(of(evidence, "RespondActivityTaskCompleted", attempt=2)) == [("request", ""), ("reply", "OK")]
    assert {each.worker for each in evidence.tape if each.point} == {1}


async def test_a_lost_heartbeat_is_never_heard_of_and_hurts_nothing(trials: dict[str, Evidence]) -> None:
    evidence = trials["heartbeat-lost"]
    beat = of(evidence, "RecordActivityTaskHeartbeat")
    assert shown(beat[:2]) == [("request", ""), ("dropped", "DEADLINE_EXCEEDED")]
    assert shown(of(evidence, "RespondActivityTaskCompleted")) == [("request", ""), ("reply", "OK")]


async def test_a_rate_limit_is_on_the_tape_as_an_answer_and_its_word_counts(trials: dict[str, Evidence]) -> None:
    evidence = trials["model-429-seconds"]
    asked, answered = of(evidence, "chat.completions")
    assert (asked.kind, answered.kind, answered.status, answered.message) == ("request", "reply", "429", asked.message)
    assert answered.point == asked.point.at("after") if asked.point else False
    assert answered.injected == "model-429-seconds"
    assert answered.facts.headers["retry-after"] == "3"
    assert answered.facts.answer["error"]["code"] == "rate_limit_exceeded"
    again = of(evidence, "chat.completions", attempt=2)
    assert shown(again) == [("request", ""), ("reply", "200")]
    assert again[0].at - answered.at >= 3


async def test_of_a_cut_answer_the_tape_has_the_whole_and_what_was_heard(trials: dict[str, Evidence]) -> None:
    evidence = trials["model-truncated"]
    _, whole, cut = of(evidence, "chat.completions")
    assert (whole.kind, whole.status, whole.facts.answer["object"]) == ("reply", "200", "chat.completion")
    assert (cut.kind, cut.injected) == ("dropped", "model-truncated")
    said = whole.facts.answer["choices"][0]["message"]["content"]
    assert cut.facts.heard.startswith('{"id":"')
    assert said in cut.facts.heard
    assert not cut.facts.heard.endswith("}")
    assert shown(of(evidence, "chat.completions", attempt=2)) == [("request", ""), ("reply", "200")]


async def test_an_effect_whose_reply_is_lost_is_asked_for_again_under_the_same_key(trials: dict[str, Evidence]) -> None:
    evidence = trials["effect-reply-lost"]
    assert shown(of(evidence, "order")) == [("request", ""), ("reply", "200"), ("dropped", "")]
    assert of(evidence, "order")[-1].facts == NotDelivered(injected="effect-reply-lost")
    done = list(executed(evidence.tape, door="effect"))
    assert [each.http.headers["idempotency-key"] for each in done] == ["order-rivers"] * 2
    assert done[0].http.body == done[1].http.body


@pytest.mark.parametrize(
    ("fault", "attempts", "message"),
    [("model-refused-always", 5, "Connection refused"), ("model-unknown-name", 5, "Errno -")],
)
async def test_a_model_that_cannot_be_reached_is_tried_up_to_the_declared_cap(
    trials: dict[str, Evidence], fault: str, attempts: int, message: str
) -> None:
    (failed,) = (
        each for each in trials[fault].histories[0].events if each["eventType"].endswith("ACTIVITY_TASK_FAILED")
    )
    assert message in str(failed)  # of a name that nobody knows systems say different things
    asked = [each for each in trials[fault].tape if each.kind == "request" and each.door == "model"]
    assert len(asked) == 1  # nothing but the struck call came as far as the door
    begun = [each for each in trials[fault].tape if each.operation == "PollActivityTaskQueue" and each.point]
    assert max(each.point.attempt for each in begun if each.point) == attempts


async def test_a_request_that_arrives_twice_is_executed_and_billed_twice(trials: dict[str, Evidence]) -> None:
    billed = bill(trials["model-duplicated"], baselines=[trials[""]])
    assert (billed.calls, billed.calls_again) == (2, 1)
    asked = [each.kind for each in trials["model-duplicated"].tape if each.door == "model"]
    assert asked == ["request", "reply", "reply"]
    (ordered,) = effects_of(trials["effect-duplicated"])
    assert (ordered.key, len(ordered.entries)) == ("order-rivers", 2)
