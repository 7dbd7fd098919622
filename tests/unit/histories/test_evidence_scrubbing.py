"""Scrubbed evidence: nothing that users wrote stands in it, and what the checks read is still there."""

from __future__ import annotations

import base64
import json
import typing
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from harness.histories.evidence_scrubbing import USERS, WITHHELD_FIELDS, scrubbed
from harness.histories.scrubbing import StandIns
from harness.records import facts
from harness.records.act_facts import ClientCall, StateChanged, WorkerStarted
from harness.records.evidence import Crash, Evidence, History, Sample
from harness.records.message_facts import ActivityFailed, HttpCall, HttpReply, ReportedFailure
from harness.records.plan import Plan
from harness.records.replay_result import Difference, Replay
from harness.records.tape import Entry

CANARY = "Canary written by Ann 123456"
STREAM = 'event: response\ndata: {"type":"text.delta","delta":"' + CANARY + '"}\n\ndata: [DONE]\n\n'
NAMES = {
    *("task_queue", "polls", "activity_type", "type", "non_retryable", "cause", "commands", "method", "injected"),
    *("start", "fault", "point", "workflow", "workflow_id", "run_id", "activity_id", "update_id", "operation", "name"),
    *("what", "seen_at", "place", "change", "why", "path", "headers"),  # a path and headers have their own rules
    *("kind", "subject", "field", "line", "function", "stack", "check", "conditions", "histories", "places"),
    *("accepted", "rule", "callers", "address", "service", "version", "totals"),
}
"""Fields that hold names, ids, or words of crashproof's own."""


def payload(text: str) -> dict[str, Any]:
    return {
        "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
        "data": base64.b64encode(json.dumps(text).encode()).decode(),
    }


def events(text: str) -> tuple[dict[str, Any], ...]:
    completed = {"result": {"payloads": [payload(text)]}}
    kind = "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
    return ({"eventId": "9", "eventType": kind, "workflowExecutionCompletedEventAttributes": completed},)


def entry(facts: facts.Facts, *, door: Any = "", operation: str = "o") -> Entry:
    return Entry(at=1.0, kind="request", door=door, operation=operation, status="200", workflow_id="w", facts=facts)


def evidence() -> Evidence:
    history = History(workflow_id="w", run_id="r", path="Trip", root=True, events=events(CANARY))
    tool = {"role": "assistant", "name": "search", "arguments": json.dumps({"type": "note", "query": CANARY})}
    replay = Replay(
        workflow_id="w",
        run_id="r",
        failure=CANARY,
        differences=(
            Difference(event_id=5, workflow_task=3, kind="Timer", subject="t", field="input.0", old=CANARY, new=1),
        ),
    )
    return Evidence(
        trial="t",
        scenario="trip",
        plan=Plan(),
        end="stopped",
        end_reason=f"it says {CANARY}",
        tape=(
            entry(
                HttpCall(method="POST", path=f"/pay?card={CANARY}&n=1", headers={"idempotency-key": CANARY}),
                door="effect",
            ),
            entry(HttpReply(body={"name": CANARY, "cents": 1234567}, answer=[CANARY, True, 12, None]), door="effect"),
            entry(HttpReply(body={"messages": [tool]}, answer=STREAM), door="model"),
            entry(ActivityFailed(failure=ReportedFailure(message=CANARY, type="Declined")), door="wire"),
            entry(ClientCall(name="go", args=[CANARY], workflow_id="w", answer={"said": CANARY}, failure=CANARY)),
            entry(StateChanged(place="a.db notes", change="added", row={"text": CANARY})),
            entry(WorkerStarted(pid=7, command=f"python w.py {CANARY}", start="cold")),
        ),
        histories=(history,),
        samples=(
            Sample(
                at=1.0, workflow_id="w", run_id="r", pending=({"heartbeatDetails": {"payloads": [payload(CANARY)]}},)
            ),
        ),
        replays=(replay,),
        crashes=(Crash(at=1.0, integrity="ok", histories=(history,)),),
    )


def told(kept: Evidence) -> str:
    text = msgspec.json.encode(kept, enc_hook=str).decode()
    return text + "".join(
        base64.b64decode(each["data"]).decode()
        for each in (
            kept.histories[0].events[0]["workflowExecutionCompletedEventAttributes"]["result"]["payloads"]
            + kept.samples[0].pending[0]["heartbeatDetails"]["payloads"]
        )
    )


def test_nothing_that_users_wrote_is_left() -> None:
    before, after = evidence(), scrubbed(evidence(), stand_ins=StandIns(b"key"))
    for word in ("Canary", "Ann", "123456", "1234567"):
        assert word in told(before)
        assert word not in told(after)


def test_what_the_checks_read_stays_and_equal_values_stay_equal() -> None:
    after = scrubbed(evidence(), stand_ins=StandIns(b"key"))
    called, replied, asked, failed, sent, state, _ = (each.facts for each in after.tape)
    assert isinstance(called, HttpCall)
    assert isinstance(replied, HttpReply)
    assert isinstance(asked, HttpReply)
    stand_in = replied.body["name"]
    assert len(stand_in) == len(CANARY)
    assert called.path == f"/pay?card={stand_in}&n={called.path[-1]}"
    assert called.headers == {"idempotency-key": stand_in}
    assert replied.answer == [stand_in, True, 12, None]
    (tool,) = asked.body["messages"]
    assert (tool["role"], tool["name"]) == ("assistant", "search")
    assert json.loads(tool["arguments"]) == {"type": "note", "query": stand_in}
    assert asked.answer == STREAM.replace(CANARY, stand_in)
    assert failed == ActivityFailed(failure=ReportedFailure(message=stand_in, type="Declined"))
    assert isinstance(sent, ClientCall)
    assert (sent.args, sent.answer) == ([stand_in], {"said": stand_in})
    assert isinstance(state, StateChanged)
    assert state.row == {"text": stand_in}
    assert after.histories[0].events == events(stand_in) == after.crashes[0].histories[0].events
    assert after.end_reason == "…"


def test_each_field_that_holds_text_is_known_as_a_name_or_as_what_users_write() -> None:
    records = typing.get_args(facts.Facts)
    unknown = {name for record in (*records, Replay) for name in text_fields(record)}
    assert unknown - NAMES - USERS - WITHHELD_FIELDS == set()


def text_fields(record: Any) -> set[str]:
    hints = typing.get_type_hints(record)
    names = [field.name for field in (fields(record) if is_dataclass(record) else msgspec.structs.fields(record))]
    found = set()
    for name in names:
        parts = leaves(hints[name])
        found |= {name} if parts & {str, Any} else set()
        for part in parts:
            if is_dataclass(part) or (isinstance(part, type) and issubclass(part, msgspec.Struct)):
                found |= text_fields(part)
    return found


def leaves(hint: Any) -> set[Any]:
    inner = typing.get_args(hint)
    return set().union(*map(leaves, inner)) if inner else {hint}
