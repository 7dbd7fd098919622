"""The judge tells a change of code from a decision that depends on the process, and from what cannot be told."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.records.replay_result import (
    Difference,
    LeftOut,
    NondeterministicCall,
    Replay,
    ReplayedHistory,
    ReplayFinding,
)
from harness.records.verdict import Outcome
from harness.replay.compare.decisions import ConditionReplay, DecisionsFile, decision_digests
from harness.replay.compare.judging import (
    AS_RECORDED,
    DETERMINISTIC_CALLS,
    KEEPS_PROCESS,
    RUNS_NOTHING,
    TEMPORAL,
    UNDER_EVERY_CONDITION,
    Judge,
    settled,
)
from harness.replay.conditions import AGAIN, EACH_TIME
from harness.temporal.command import Command, TaskDecisions

GROUPS = {
    "plain": "plain",
    "hash seed 1": "hash seed",
    "hash seed 2": "hash seed",
    "time zone east": "time zone",
    "cold process": "process",
    "every prefix": "every prefix",
}
TOLD = ReplayedHistory(file="h/one.json", workflow="Order", workflow_id="w", run_id="r", events=9)
DIFFERENCE = Difference(
    event_id=5,
    workflow_task=3,
    kind="ScheduleActivityTask",
    subject="book",
    field="input.0",
    old="Graz",
    new="Wien",
    line="app.py:7 in run",
)
TIME = NondeterministicCall(function="time.time", stack=("app.py:7 in run", "app.py:2 in now"), workflow="Order")


class Answers:
    """Makes answers."""

    def __init__(self, folder: Path) -> None:
        self._files = (DecisionsFile(folder / str(number)) for number in itertools.count())

    def __call__(self, condition: str, *decided: TaskDecisions, **replay: Any) -> ConditionReplay:
        told = Replay(workflow_id="w", run_id="r", **({"commands": 4, "tasks": 2} | replay))
        keep = decided and not told.prefixes
        return ConditionReplay(
            index=0,
            condition=condition,
            replay=told,
            decisions=decision_digests(decided),
            details=next(self._files).keep(decided) if keep else None,
        )


@pytest.fixture
def answer(tmp_path: Path) -> Answers:
    return Answers(tmp_path)


def scheduled(activity: str, *, task: int = 3, line: str = "app.py:7 in run", **fields: Any) -> TaskDecisions:
    command = Command(kind="ScheduleActivityTask", fields={"activityType": activity, **fields}, line=line)
    return TaskDecisions(started_event_id=task, commands=(command,))


def judged(answers: Iterable[ConditionReplay]) -> ReplayedHistory:
    judge = Judge(reference="plain", groups=GROUPS)
    for each in answers:
        judge.add(each)
    return judge.judged(0, TOLD)


def only(told: ReplayedHistory) -> ReplayFinding:
    (finding,) = told.findings
    assert finding.histories == ("h/one.json",)
    assert finding.workflow == "Order"
    assert told.outcome is Outcome.FAIL
    return finding


def test_same_decisions_pass(answer: Answers) -> None:
    told = judged(answer(name, scheduled("book"), prefixes=2 * (name == "every prefix")) for name in GROUPS)
    assert (told.outcome, told.reason, told.findings) == (Outcome.PASS, "", ())
    assert (told.commands, told.tasks, told.prefixes, told.conditions) == (4, 2, 2, tuple(GROUPS))


def test_what_differs_everywhere_is_a_change_of_code(answer: Answers) -> None:
    told = judged(answer(name, scheduled("book"), differences=(DIFFERENCE,)) for name in GROUPS)
    finding = only(told)
    assert (finding.check, finding.line, finding.conditions) == (AS_RECORDED, "app.py:7 in run", ())
    assert finding.message == 'ScheduleActivityTask book: input.0 was "Graz", is "Wien"'
    assert finding.difference == DIFFERENCE


def test_difference_of_some_conditions_is_told_once_as_a_dependence(answer: Answers) -> None:
    seeds = ("hash seed 1", "hash seed 2")
    told = judged(
        answer(name, scheduled("tram" if name in seeds else "book"), differences=(DIFFERENCE,) if name in seeds else ())
        for name in GROUPS
    )
    finding = only(told)
    assert (finding.check, finding.conditions) == (UNDER_EVERY_CONDITION, seeds)
    words = 'ScheduleActivityTask book depends on the hash seed: activityType is "book", and "tram" under hash seed 1'
    assert finding.message == words


def test_the_order_in_which_answers_come_does_not_matter(answer: Answers) -> None:
    answers = [answer(name, scheduled("tram" if name == "cold process" else "book")) for name in GROUPS]
    finding = only(judged([*answers[1:], answers[0]]))
    assert finding.conditions == ("cold process",)
    assert "depends on what its process has run before" in finding.message


def test_report_cases_what_equal_processes_decide_otherwise_depends_on_no_condition(answer: Answers) -> None:
    told = [answer("plain", scheduled("book")), answer("hash seed 1", scheduled("book", pause=7))]
    told += [answer(each.name, scheduled("book", pause=number % 2)) for number, each in enumerate(AGAIN)]
    finding = only(judged(told))
    assert finding.conditions == (EACH_TIME,)
    assert finding.message.startswith("ScheduleActivityTask book differs from replay to replay: pause is ")


def test_report_cases_what_equal_processes_decide_alike_depends_on_the_condition(answer: Answers) -> None:
    told = [answer("plain", scheduled("book")), answer("hash seed 1", scheduled("book", pause=7))]
    told += [answer(each.name, scheduled("book")) for each in AGAIN]
    finding = only(judged(told))
    assert finding.conditions == ("hash seed 1",)


def test_report_cases_a_task_that_fails_over_a_difference_is_no_finding_of_its_own(answer: Answers) -> None:
    failed = dataclasses.replace(
        DIFFERENCE, workflow_task=9, kind="WorkflowTask", field="outcome", old=None, new="failed: [TMPRL1100] no match"
    )
    both = [answer(name, scheduled("book"), differences=(DIFFERENCE, failed)) for name in ("plain", "cold process")]
    assert only(judged(both)).difference == DIFFERENCE
    alone = [answer(name, scheduled("book"), differences=(failed,)) for name in ("plain", "cold process")]
    assert only(judged(alone)).difference == failed


def test_report_cases_where_no_command_was_compared_nothing_fails(answer: Answers) -> None:
    failed = dataclasses.replace(
        DIFFERENCE, kind="WorkflowTask", field="outcome", old=None, new="failed: no plugin", line=""
    )
    ended = judged(answer(name, commands=0, differences=(failed,)) for name in ("plain", "cold process"))
    assert (ended.outcome, ended.findings) == (Outcome.UNKNOWN, ())
    assert "not one command could be compared" in ended.reason
    assert "no plugin" in ended.reason
    assert "--replayer" in ended.reason
    compared = judged(answer(name, commands=2, differences=(failed,)) for name in ("plain", "cold process"))
    assert compared.outcome is Outcome.FAIL
    raised = dataclasses.replace(failed, line="app.py:7 in run")
    assert judged([answer("plain", commands=0, differences=(raised,))]).outcome is Outcome.FAIL


def test_what_differs_each_time_depends_on_no_condition(answer: Answers) -> None:
    told = judged(answer(name, scheduled("book", pause=number)) for number, name in enumerate(GROUPS))
    finding = only(told)
    assert finding.conditions == (EACH_TIME,)
    assert finding.message.startswith(
        "ScheduleActivityTask book differs from replay to replay: pause is 0, and 1 another time"
    )


def test_non_deterministic_call_stands_beside_the_difference_as_its_cause(answer: Answers) -> None:
    answers = [
        answer("plain", scheduled("book"), differences=(DIFFERENCE,)),
        answer("hash seed 1", scheduled("book"), differences=(DIFFERENCE,), witnesses=(TIME,)),
    ]
    assert only(judged(answers)).causes == (TIME,)


def test_non_deterministic_call_alone_is_a_finding(answer: Answers) -> None:
    finding = only(judged([answer("plain", scheduled("book"), witnesses=(TIME, TIME))]))
    assert (finding.check, finding.line, finding.causes) == (DETERMINISTIC_CALLS, "app.py:2 in now", (TIME,))
    assert finding.message == "workflow code calls time.time"


def test_difference_of_prefixes_alone_depends_on_being_replayed(answer: Answers) -> None:
    asked = answer("every prefix", scheduled("book"), prefixes=2, differences=(DIFFERENCE,))
    finding = only(judged([answer("plain", scheduled("book")), asked]))
    assert (finding.check, finding.conditions) == (UNDER_EVERY_CONDITION, ("every prefix",))
    assert "depends on whether it is replayed" in finding.message


def test_difference_of_all_but_prefixes_depends_on_being_replayed(answer: Answers) -> None:
    whole = answer("plain", scheduled("book"), differences=(DIFFERENCE,))
    finding = only(judged([whole, answer("every prefix", scheduled("book"), prefixes=2)]))
    assert (finding.check, finding.conditions) == (UNDER_EVERY_CONDITION, ("replayed",))


def test_difference_in_a_task_that_no_prefix_asks_is_a_change(answer: Answers) -> None:
    whole = answer("plain", scheduled("book"), differences=(DIFFERENCE,))
    other = answer("every prefix", scheduled("pay", task=9), prefixes=1)
    assert only(judged([whole, other])).check == AS_RECORDED


def test_failure_of_temporal_alone_is_a_finding(answer: Answers) -> None:
    told = judged([answer("plain", scheduled("book"), failure="[TMPRL1100] no\nmore", nondeterminism=True)])
    finding = only(told)
    assert (finding.check, finding.message) == (TEMPORAL, "Temporal's Replayer fails: [TMPRL1100] no")
    assert told.temporal == "[TMPRL1100] no"


def test_local_activity_that_runs_anew_is_a_finding(answer: Answers) -> None:
    finding = only(judged([answer("plain", scheduled("book"), ran=(9, 3))]))
    assert finding.check == RUNS_NOTHING
    assert "workflow task of event 3" in finding.message


BLOCKED = {"blocked": True, "failure": "[TMPRL1101] Potential deadlock detected at app.py:3 in run", "commands": 0}


def test_blocked_everywhere_is_unknown(answer: Answers) -> None:
    told = judged(answer(name, **BLOCKED) for name in GROUPS)
    assert (told.outcome, told.findings, told.commands) == (Outcome.UNKNOWN, (), 0)
    assert "took too long in each replay" in told.reason
    assert "app.py:3 in run" in told.reason


@pytest.mark.parametrize("blocked", ["plain", "cold process"])
def test_blocked_under_one_condition_is_judged_by_the_others(answer: Answers, blocked: str) -> None:
    others = [answer(name, scheduled("book")) for name in GROUPS if name != blocked]
    told = judged([answer(blocked, **BLOCKED), *others])
    assert (told.outcome, told.findings, told.commands) == (Outcome.PASS, (), 4)
    changed = [answer(name, scheduled("book"), differences=(DIFFERENCE,)) for name in GROUPS if name != blocked]
    assert only(judged([answer(blocked, **BLOCKED), *changed])).check == AS_RECORDED


def test_process_that_ends_is_a_finding(answer: Answers) -> None:
    lost = "the replaying process ended during the replay of w (exit status 7)\n  | log"
    told = judged([answer("plain", scheduled("book")), answer("cold process", lost=lost, failure=lost, commands=0)])
    finding = only(told)
    assert (finding.check, finding.conditions) == (KEEPS_PROCESS, ("cold process",))
    assert finding.message.endswith("(exit status 7)")


def test_replay_that_was_stopped_is_unknown(answer: Answers) -> None:
    lost = "the replay of w took longer than 8 s at app.py:3 in run and was stopped\n  | log"
    told = judged([answer("plain", lost=lost, failure=lost, commands=0)])
    assert (told.outcome, told.findings) == (Outcome.UNKNOWN, ())
    assert told.reason == lost.partition("\n")[0]


def test_change_is_told_even_if_another_condition_was_stopped(answer: Answers) -> None:
    lost = "the replay of w took longer than 8 s and was stopped"
    whole = answer("plain", scheduled("book"), differences=(DIFFERENCE,))
    assert only(judged([whole, answer("cold process", lost=lost, failure=lost)])).check == AS_RECORDED


@pytest.mark.parametrize(
    ("replay", "reason"),
    [
        ({"skipped": "workflow Order is not known", "commands": 0}, "workflow Order is not known"),
        ({"commands": 0}, "it holds no command that could be compared"),
        (
            {"commands": 0, "left_out": (LeftOut(workflow_task=3, why="open"),)},
            "its only workflow task that has commands is still open: nothing is recorded to compare them with",
        ),
        (
            {"left_out": (LeftOut(workflow_task=7, why="not asked"),)},
            "the workflow task of event 7 was not compared: not asked",
        ),
    ],
)
def test_what_was_not_compared_is_unknown(answer: Answers, replay: dict[str, Any], reason: str) -> None:
    told = judged([answer("plain", **replay)])
    assert (told.outcome, told.reason, told.findings) == (Outcome.UNKNOWN, reason, ())


def test_open_last_task_does_not_make_it_unknown(answer: Answers) -> None:
    told = judged([answer("plain", scheduled("book"), left_out=(LeftOut(workflow_task=7, why="open"),))])
    assert (told.outcome, told.left_out) == (Outcome.PASS, (LeftOut(workflow_task=7, why="open"),))


def test_history_that_was_not_replayed_is_unknown() -> None:
    judge = Judge(reference="plain", groups=GROUPS)
    assert judge.judged(0, TOLD).reason == "it was not replayed"
    unread = judge.judged(1, ReplayedHistory(file="x.json", reason="x.json is empty"))
    assert (unread.outcome, unread.reason) == (Outcome.UNKNOWN, "x.json is empty")


def of_commands(*commands: Sequence[Any], failure: str = "") -> TaskDecisions:
    made = tuple(Command(kind=kind, fields=fields, line="app.py:9 in run") for kind, fields in commands)
    return TaskDecisions(started_event_id=3, commands=made, failure=failure)


BOOK = ("ScheduleActivityTask", {"activityType": "book"})
TIMER = ("StartTimer", {"timerId": "1"})


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (
            of_commands(BOOK),
            of_commands(TIMER),
            "ScheduleActivityTask book depends on the time zone: "
            "ScheduleActivityTask book comes, and StartTimer 1 under time zone east",
        ),
        (
            of_commands(BOOK, TIMER),
            of_commands(BOOK),
            "StartTimer 1 depends on the time zone: StartTimer 1 does not come under time zone east",
        ),
        (
            of_commands(BOOK),
            of_commands(BOOK, TIMER),
            "StartTimer 1 depends on the time zone: StartTimer 1 comes under time zone east alone",
        ),
    ],
)
def test_commands_of_another_kind_too_many_and_too_few(
    answer: Answers, one: TaskDecisions, other: TaskDecisions, message: str
) -> None:
    assert only(judged([answer("plain", one), answer("time zone east", other)])).message == message


def test_task_that_fails_under_one_condition_alone(answer: Answers) -> None:
    failed = of_commands(failure="RuntimeError: no")
    finding = only(judged([answer("plain", of_commands()), answer("time zone east", failed)]))
    assert finding.check == UNDER_EVERY_CONDITION
    assert finding.message.endswith(
        "the workflow task of event 3 completes, and fails with RuntimeError: no under time zone east"
    )


def test_accepted_findings_do_not_fail() -> None:
    finding = ReplayFinding(check=AS_RECORDED, workflow="Order", message="m", subject="s", accepted="by design")
    told = ReplayedHistory(file="f", commands=1, findings=(finding,))
    assert settled(told).outcome is Outcome.PASS
    assert settled(ReplayedHistory(file="f", findings=(finding,))).outcome is Outcome.UNKNOWN
