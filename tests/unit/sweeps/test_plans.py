"""Which points a sweep knows, and which plans strike at them: from tapes alone."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest

from harness import Scenario, faults, start
from harness.faults import Fault
from harness.records.act_facts import FaultMade, FixedAddressTaken, WorkerExited
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityTask
from harness.records.options import SweepOptions
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.tape import Entry
from harness.servers.engine import engine
from harness.sweeps.plans import first_plans, further_plan, known_cuts, recovery_cuts, spread, why_not_made

KILL, OUTAGE = faults.named("kill-worker"), faults.named("model-outage")


def point(operation: str, **more: Any) -> Point:
    return Point(**{"position": "before", "door": "wire", "operation": operation, "workflow": "Trip", **more})


def evidence(*sent: Point, plan: Plan | None = None) -> Evidence:
    tape = [
        Entry(at=0, kind=kind, door=met.door, operation=met.operation, point=met)  # type: ignore[arg-type]
        for each in sent
        for kind, met in (("request", each), ("reply", each.at("after")))
    ]
    return Evidence(trial="t", scenario="trip", plan=plan or Plan(), end="closed", tape=tuple(tape))


BOOK, PAY, ASK = point("Book"), point("Pay"), point("ask", door="model")


def nothing_lacks(fault: Fault) -> str:
    return ""


def test_what_both_baselines_reach_is_known_and_the_rest_is_unsteady() -> None:
    known = known_cuts([KILL], [evidence(BOOK, PAY), evidence(BOOK)], only=(), lacks=nothing_lacks)
    assert [cut.point.id for cut in known.cuts] == [BOOK.id]
    assert known.unsteady == (PAY.place, PAY.at("after").place)


def test_a_fault_that_the_engine_lacks_or_that_meets_nothing_is_not_applicable() -> None:
    known = known_cuts(
        [KILL, OUTAGE, faults.named("sent-again")],
        [evidence(BOOK)],
        only=(),
        lacks=lambda fault: "too old" if fault is KILL else "",
    )
    assert known.cuts == ()
    assert known.not_applicable == {
        "kill-worker": "too old",
        "model-outage": "the worker sends no model message that it can meet",
        "sent-again": "no signal and no update is sent to the work while it goes on (--signal, --update)",
    }


@pytest.mark.parametrize(("status", "by_itself"), [(0, True), (-6, True), (-9, False)])
def test_no_run_is_begun_that_outlives_the_program_that_is_its_worker(status: int, by_itself: bool) -> None:
    task = point("RespondWorkflowTaskCompleted")
    ended = Entry(
        at=1, kind="act", operation="worker-exit", worker=1, facts=WorkerExited(exit_status=status, expected=False)
    )
    whole = replace(evidence(task), tape=(*evidence(task).tape, ended))
    client = faults.chosen(["client"])
    left_out = known_cuts(client, [whole], only=(), lacks=nothing_lacks).not_applicable
    gone = {name for name, reason in left_out.items() if reason.startswith("the program ends with its work")}
    schedules = {"schedule-skips", "schedule-waits", "schedule-cancels", "schedule-overlaps"}
    assert gone == ({"started-after-end", "reset-workflow", "reset-under-way", *schedules} if by_itself else set())


@pytest.mark.parametrize("real_time", [True, False])
def test_waiting_in_real_time_makes_up_for_acceleration_only_where_no_worker_is_lost(real_time: bool) -> None:
    made = functools.partial(why_not_made, engine=engine("time-skipping"), real_time=real_time)
    scenario = Scenario(name="trip", worker="python worker.py", task_queue="q", work=start("Trip"))
    assert [bool(made(fault, scenario)) for fault in (KILL, faults.named("model-drip"))] == [True, not real_time]
    assert not why_not_made(KILL, scenario, engine=engine("dev"), real_time=real_time)


def test_only_points_asked_for_are_known_by_themselves_or_by_what_they_stand_for() -> None:
    known = known_cuts([KILL], [evidence(BOOK, PAY)], only=("after/Book/*",), lacks=nothing_lacks)
    assert [cut.point.id for cut in known.cuts] == [PAY.id]


def test_each_cut_has_one_plan() -> None:
    cuts = known_cuts([KILL], [evidence(BOOK, PAY)], only=(), lacks=nothing_lacks).cuts
    plans = first_plans(cuts, baseline=evidence(BOOK, PAY), options=SweepOptions())
    assert plans == [Plan((cut.strike,)) for cut in cuts]
    patient = first_plans(cuts, baseline=evidence(BOOK, PAY), options=SweepOptions(real_time=True))
    assert patient == [Plan((cut.strike,), real_time=True) for cut in cuts]


def test_one_trial_of_each_activity_waits_in_real_time_and_one_alone_where_they_run_one_at_a_time() -> None:
    pay, book = (point("RespondActivityTaskCompleted", subject=name) for name in ("pay", "book"))
    declared = {"pay": 30.0, "book": 20.0, "slow": 90.0}
    tasks = [
        Entry(
            at=0,
            kind="reply",
            operation="PollActivityTaskQueue",
            facts=ActivityTask(activity_type=name, attempt=1, start_to_close_timeout=seconds),
        )
        for name, seconds in declared.items()
    ]
    undisturbed = evidence(pay, book, point("RespondActivityTaskCompleted", subject="slow"))
    undisturbed = replace(undisturbed, tape=(*tasks, *undisturbed.tape))
    cuts = known_cuts([KILL], [undisturbed], only=(), lacks=nothing_lacks).cuts
    patient = [plan for plan in first_plans(cuts, baseline=undisturbed, options=SweepOptions()) if plan.real_time]
    assert [plan.strikes[0].point for plan in patient] == [pay.id, book.id]
    fixed = Entry(at=0, kind="act", operation="fixed-address", facts=FixedAddressTaken(address="localhost:7233"))
    undisturbed = replace(undisturbed, tape=(fixed, *undisturbed.tape))
    plans = first_plans(cuts, baseline=undisturbed, options=SweepOptions())
    assert [plan.strikes[0].point for plan in plans if plan.real_time] == [book.id]
    assert len(plans) == len(cuts)


def test_no_second_fault_is_made_where_one_that_nothing_heals_has_all_messages_for_itself() -> None:
    struck = Plan((Strike("model-outage", ASK.id),))
    again = point("ask", door="model", subject="fall back")
    known = {ASK.place, ASK.at("after").place}
    shown = recovery_cuts([OUTAGE, KILL], evidence(ASK, again, plan=struck), known=known)
    assert {(cut.fault, cut.point.id) for cut in shown} == {("kill-worker", again.at("after").id)}
    assert again.place in known
    assert recovery_cuts([OUTAGE, KILL], evidence(ASK, again, plan=struck), known=known) == []


def test_a_fault_that_is_one_of_many_is_not_made_again_in_a_recovery() -> None:
    struck = Plan((Strike("kill-worker", BOOK.id),))
    one_of_many = faults.named("model-401")
    assert known_cuts([one_of_many], [evidence(ASK)], only=(), lacks=nothing_lacks).cuts
    assert recovery_cuts([one_of_many], evidence(BOOK, ASK, plan=struck), known={BOOK.place}) == []
    assert recovery_cuts([faults.named("model-400")], evidence(BOOK, ASK, plan=struck), known={BOOK.place})


def test_a_run_that_was_started_once_more_is_no_recovery_and_what_a_cancelled_one_does_is() -> None:
    for name, shown in (
        ("started-after-end", False),
        ("reset-workflow", False),
        ("schedule-skips", False),
        ("cancel-workflow", True),
    ):
        struck = Plan((Strike(name, BOOK.id),))
        assert bool(recovery_cuts([KILL], evidence(BOOK, ASK, plan=struck), known={BOOK.place})) == shown


def test_a_worker_that_was_asked_to_end_is_killed_while_it_does_and_not_replaced_twice() -> None:
    terminate = faults.named("terminate-worker")
    asked = Plan((Strike("terminate-worker", BOOK.id),))
    pause = faults.named("pause-worker")
    shown = recovery_cuts(
        [terminate, pause, KILL], evidence(BOOK, point("ShutdownWorker"), plan=asked), known={BOOK.place}
    )
    assert {cut.fault for cut in shown if cut.point.operation == "ShutdownWorker"} == {"kill-worker"}


def test_what_a_paused_worker_still_sends_when_it_goes_on_is_no_recovery() -> None:
    plan = Plan((Strike("pause-worker", BOOK.id),))
    strike = Entry(at=1, kind="act", operation="strike", worker=1, facts=FaultMade(fault="pause-worker", point=BOOK.id))
    failed = point("RespondActivityTaskFailed")

    def shown(worker: int) -> list[str]:
        request = Entry(at=2, kind="request", door="wire", operation=failed.operation, point=failed, worker=worker)
        tape = (*evidence(BOOK).tape, strike, request)
        return [
            cut.point.id
            for cut in recovery_cuts([KILL], replace(evidence(BOOK, plan=plan), tape=tape), known={BOOK.place})
        ]

    assert failed.id not in shown(1)
    assert failed.id in shown(2)


def test_a_further_plan_makes_the_strikes_that_led_there_first() -> None:
    first = Plan((Strike("kill-worker", BOOK.id),), real_time=True)
    (cut, *_) = recovery_cuts([KILL], evidence(PAY), known=set())
    assert further_plan(first, cut, options=SweepOptions()) == Plan((*first.strikes, Strike("kill-worker", PAY.id)))


def test_what_comes_first_of_plans_that_are_spread_stands_for_all_families_and_then_for_all_faults() -> None:
    names = ["kill-worker", "kill-worker", "terminate-worker", "model-400", "model-400", "model-outage", "reply-lost"]
    plans = [Plan((Strike(name, f"before/Op/{number}"),)) for number, name in enumerate(names)]
    in_turn = [plan.strikes[0].fault for plan in spread(plans)]
    assert in_turn == [
        "kill-worker",
        "model-400",
        "reply-lost",
        "terminate-worker",
        "model-outage",
        "kill-worker",
        "model-400",
    ]
    assert sorted(map(str, spread(plans))) == sorted(map(str, plans))
