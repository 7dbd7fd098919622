"""Options alone describe a scenario; what does not go together is refused with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from harness.app.ad_hoc import ad_hoc_scenario
from harness.cli.ad_hoc import NAMES, after_dashes
from harness.errors import UsageError
from harness.records.activity_timeouts import START_TO_CLOSE, ActivityTimeouts
from harness.records.scenario import Reached, Scenario, Send, Start, Starter

MANY = ("input", "signal", "query", "update", "cancel", "env", "effects")


def given(**more: Any) -> Scenario:
    nothing: dict[str, Any] = {name: () if name in MANY else None for name in NAMES}
    return ad_hoc_scenario({**nothing, "worker": "python worker.py", "workflow": "Agent", **more})


def test_a_worker_and_a_workflow_are_enough() -> None:
    found = given()
    assert (found.name, found.worker, found.work) == ("Agent", "python worker.py", Start(workflow="Agent"))


def test_the_arguments_of_one_execution_have_commas_between() -> None:
    found = given(input=('{"query": "x"}, 3, "a, b", null',), id="run-7")
    assert found.work == Start(workflow="Agent", inputs=(({"query": "x"}, 3, "a, b", None),), id="run-7")


def test_executions_can_come_one_after_the_other() -> None:
    found = given(executions=2, in_sequence=True)
    assert isinstance(found.work, Start)
    assert (found.work.times, found.work.in_sequence) == (2, True)


def test_an_input_given_again_is_another_execution() -> None:
    found = given(input=('"Ann"', '["Bob", 2]'), executions=2)
    assert isinstance(found.work, Start)
    assert found.work.executions == {
        "Agent-run": ("Ann",),
        "Agent-run-2": ("Ann",),
        "Agent-run-3": (["Bob", 2],),
        "Agent-run-4": (["Bob", 2],),
    }


@pytest.mark.parametrize(
    ("option", "text", "send"),
    [
        ("signal", "go", Send(kind="signal", name="go")),
        ("signal", "go=3", Send(kind="signal", name="go", args=(3,))),
        ("signal", 'go={"a": 1}@before/*', Send(kind="signal", name="go", args=({"a": 1},), at="before/*")),
        (
            "signal",
            'mail={"to": "ann@example.com"}',
            Send(kind="signal", name="mail", args=({"to": "ann@example.com"},)),
        ),
        (
            "signal",
            'mail="ann@example.com"@before/Op',
            Send(kind="signal", name="mail", args=("ann@example.com",), at="before/Op"),
        ),
        ("signal", 'set="a",2@before/Op', Send(kind="signal", name="set", args=("a", 2), at="before/Op")),
        ("signal", 'set=["a",2]', Send(kind="signal", name="set", args=(["a", 2],))),
        ("cancel", "before/Op", Send(kind="cancel", at="before/Op")),
        ("update", "set=null", Send(kind="update", name="set", args=(None,))),
        ("query", "state@after/Op", Send(kind="query", name="state", at="after/Op")),
    ],
)
def test_what_is_sent(option: str, text: str, send: Send) -> None:
    assert given(**{option: (text,)}).sends == (send,)


def test_what_is_sent_comes_in_the_order_of_the_options_and_something_comes_first() -> None:
    described = {
        "worker": "python worker.py",
        "workflow": "Agent",
        "query": ("state@after/Op",),
        "signal": ("go@then",),
    }
    nothing: dict[str, Any] = {name: () if name in MANY else None for name in NAMES if name not in described}
    assert [each.kind for each in ad_hoc_scenario({**described, **nothing}).sends] == ["query", "signal"]
    with pytest.raises(UsageError, match="go is to be sent `then`"):
        given(signal=("go@then",))


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("after/Op", Reached(point="after/Op")),
        ("after/Op/*", Reached(point="after/Op/*")),
        ("after/*/x*3", Reached(point="after/*/x", times=3)),
    ],
)
def test_when_it_is_over(text: str, over: Reached) -> None:
    assert given(over=text).over == over


def test_a_starter_or_one_program_starts_the_work() -> None:
    assert given(starter="python start.py").work == Starter(command="python start.py", workflow="Agent")
    assert given(one_program=True, workflow=None).work == Starter()


def test_the_rest_is_taken_over() -> None:
    found = given(
        env=("A=1", "B=x=y"),
        address="localhost:7233",
        fails="Budget",
        task_queue="q",
        model="m.py",
        replayer="app.replay:replayer",
    )
    assert (found.env, found.address, found.fails) == ({"A": "1", "B": "x=y"}, "localhost:7233", "Budget")
    assert (found.task_queue, found.model) == ("q", "m.py")
    assert given(replayer="app.replay:replayer").replayer == "app.replay:replayer"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"input": ("transformer",)}, "--input 'transformer' is not JSON"),
        ({"signal": ("go=yes",)}, "--signal 'yes' is not JSON"),
        ({"query": ("state",)}, "--query 'state' says no point to be sent at: write NAME@POINT"),
        ({"env": ("A",)}, "--env 'A' is not NAME=VALUE"),
        ({"env": ("=1",)}, "--env '=1' is not NAME=VALUE"),
        ({"search_attribute": ("A",)}, "--search-attribute 'A' is not NAME=TYPE"),
        ({"address": "example.com:7233"}, "is not a loopback HOST:PORT"),
        ({"address": "localhost"}, "is not a loopback HOST:PORT"),
        ({"workflow": None}, "--worker needs --workflow TYPE or --activity TYPE to start"),
        ({"starter": "x", "input": ("1",)}, "--input, --executions and --id go with --workflow alone"),
        ({"starter": "x", "executions": 2}, "--input, --executions and --id go with --workflow alone"),
        ({"input": ("1", "2"), "expect_result": "3"}, "--expect-result says one result: give one --input with it"),
    ],
)
def test_what_cannot_be_meant_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        given(**more)
    assert message in str(raised.value)


def test_a_text_without_quotes_is_told_how_to_write_it() -> None:
    with pytest.raises(UsageError, match="a text needs its own quotes"):
        given(input=("transformer",))


def test_what_is_expected_is_said_by_options() -> None:
    found = given(expect_result='{"paid": 1}', expect_effect=("charge=1 per order",), undone=("book=cancel per trip",))
    assert found.expects.checks == (
        'expect-result:{"paid": 1}',
        "expect-effect:charge=1 per order",
        "undone:book=cancel per trip",
    )
    assert found.expects.may_fail
    assert given(may_fail=True).expects.may_fail
    assert given().expects.checks == ()
    with pytest.raises(UsageError, match="--expect-result"):
        given(expect_result="paid")


def test_effects_have_one_script_or_one_for_each_service() -> None:
    assert given(effects=("all.py",)).effect_services == {"": "all.py"}
    assert given(effects="all.py").effect_services == {"": "all.py"}  # a run of before services had scripts
    several = given(effects=("all.py", "payments=pay.py", "mail=mail.py"))
    assert several.effect_services == {"": "all.py", "payments": "pay.py", "mail": "mail.py"}


@pytest.mark.parametrize("effects", [("a.py", "b.py"), ("payments=",), ("payments=a.py", "/payments/=b.py")])
def test_a_service_has_one_script(effects: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="give one FILE for all, and one NAME=FILE for each service"):
        given(effects=effects)


def test_a_misspelt_placeholder_is_told_before_anything_starts() -> None:
    assert given(env=("PAYMENTS_URL=${EFFECTS_URL}/payments",)).env == {"PAYMENTS_URL": "${EFFECTS_URL}/payments"}
    with pytest.raises(UsageError, match=r"\$\{EFFECT_URL\} in the environment of the worker leads nowhere"):
        given(env=("PAYMENTS_URL=${EFFECT_URL}/payments",))


def test_an_activity_is_started_without_a_workflow() -> None:
    found = given(workflow=None, activity="book", input=('"Rome"',))
    timeouts = ActivityTimeouts(start_to_close=START_TO_CLOSE)
    assert (found.name, found.work) == ("book", Start(workflow="book", inputs=(("Rome",),), activity=timeouts))
    declared = given(workflow=None, activity="book", schedule_to_close=9.0, heartbeat_timeout=2.0, attempts=3).work
    assert isinstance(declared, Start)
    assert declared.activity == ActivityTimeouts(schedule_to_close=9, heartbeat=2, maximum_attempts=3)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"activity": "book"}, "--workflow or --activity, not both"),
        ({"attempts": 3}, "--attempts goes with --activity"),
        ({"workflow": None, "activity": "book", "one_program": True}, "no --starter and no --one-program"),
    ],
)
def test_what_does_not_go_with_an_activity_is_told(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        given(**more)


def test_what_is_behind_dashes_describes_a_worker_and_what_is_before_them_scenarios() -> None:
    assert after_dashes(("scenarios/", "one.py")) == (("scenarios/", "one.py"), {})
    targets, worker = after_dashes(("--worker", "python w.py", "--workflow", "Agent", "--input", '"x"', "--id", "mine"))
    assert (targets, ad_hoc_scenario(worker)) == ((), given(worker="python w.py", input=('"x"',), id="mine"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("one.py", "--worker", "w"), "scenarios, or a worker behind --, not both"),
        (("--task-queue", "q"), "needs --worker COMMAND"),
        (("--worker", "w", "--batch", "3"), "behind --: No such option '--batch'.* \\(see crashproof run --help\\)"),
    ],
)
def test_what_is_behind_dashes_and_describes_no_worker_is_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        after_dashes(words)
