"""Evidence written by hand: a story of what happened, told in order, from which tape and history follow."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from harness import checks, faults
from harness.checks.judging import judge
from harness.faults.action import ModelError
from harness.records.act_facts import ACTS
from harness.records.evidence import End, Evidence, History, Sample
from harness.records.facts import NO_FACTS, Facts
from harness.records.message_facts import (
    ActivityCompleted,
    ActivityFailed,
    ActivityTask,
    HeartbeatRequest,
    HttpCall,
    HttpReply,
    MadeUpReply,
    NotDelivered,
    ReportedFailure,
)
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.tape import Entry
from harness.records.verdict import Finding, Judgement

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()

POLICY: dict[str, Any] = {
    "initialInterval": "1s",
    "backoffCoefficient": 2.0,
    "maximumInterval": "60s",
    "maximumAttempts": 5,
}


def payloads(*values: Any) -> dict[str, Any]:
    encoding = base64.b64encode(b"json/plain").decode()
    data = (base64.b64encode(json.dumps(value).encode()).decode() for value in values)
    return {"payloads": [{"metadata": {"encoding": encoding}, "data": each} for each in data]}


@dataclass
class Task:
    """One attempt of an activity, in a worker's hands."""

    activity: str
    activity_id: str
    execution: int
    attempt: int
    worker: int


@dataclass
class Story:
    """What happened in one trial; every step takes 10 ms unless ``wait`` says otherwise."""

    plan: Plan = field(default_factory=Plan)
    run_id: str = "run-1"
    now: float = NOON
    worker: int = 0
    messages: int = 0
    tape: list[Entry] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    scheduled: dict[str, int] = field(default_factory=dict)
    executions: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.event("WORKFLOW_EXECUTION_STARTED", workflowType={"name": "Agent"}, workflowTaskTimeout="10s")
        self.event("WORKFLOW_TASK_SCHEDULED", startToCloseTimeout="10s")
        self.event("WORKFLOW_TASK_STARTED", scheduledEventId="2")
        self.event("WORKFLOW_TASK_COMPLETED", scheduledEventId="2", startedEventId="3")
        self.start_worker()

    def wait(self, seconds: float) -> Story:
        self.now += seconds
        return self

    def event(self, kind: str, **attributes: Any) -> int:
        self.now += 0.001
        number = len(self.events) + 1
        words = kind.split("_")
        name = words[0].lower() + "".join(word.capitalize() for word in words[1:]) + "EventAttributes"
        when = datetime.fromtimestamp(self.now, UTC).isoformat().replace("+00:00", "Z")
        told = {"eventId": str(number), "eventTime": when, "eventType": f"EVENT_TYPE_{kind}", name: attributes}
        self.events.append(told)
        return number

    def act(self, operation: str, *, worker: int = 0, **facts: Any) -> Story:
        self.now += 0.01
        record = ACTS[operation](**facts) if facts else NO_FACTS
        self.tape.append(Entry(at=self.now, kind="act", operation=operation, worker=worker, facts=record))
        return self

    def start_worker(self) -> Story:
        self.worker += 1
        self.act("start-worker", worker=self.worker, pid=22862 + self.worker)
        return self.act("worker-ready", worker=self.worker)

    def strike(self, point: str = "", *, fault: str = "kill-worker", restart: bool = True) -> Story:
        """Strike the worker process of now; after a fault that ends it, start the next one."""
        point = point or (self.plan.strikes[0].point if self.plan.strikes else "somewhere")
        self.act("strike", worker=self.worker, fault=fault, point=point)
        ends = faults.named(fault).action.impact.worker in ("killed", "asked to end")
        return self.start_worker() if restart and ends else self

    def drop(self, *, status: str = "", injected: str = "") -> Story:
        """Let the last message, or its answer, go no further."""
        last = self.tape[-1]
        self.now += 0.001
        lost = Entry(at=self.now, kind="dropped", door=last.door, operation=last.operation, message=last.message)
        self.tape.append(replace(lost, worker=last.worker, status=status, facts=NotDelivered(injected=injected)))
        return self

    def error(self, task: Task, fault: str, *, struck: bool = True, ask: Any = "x", **headers: str) -> Story:
        """Let a model call be answered with the error of a fault; its headers have ``_`` for ``-``."""
        action = faults.named(fault).action
        assert isinstance(action, ModelError)
        self.model({"ask": ask}, task=task, executed=False)
        request = self.tape[-1]
        assert request.point is not None
        self.act("strike" if struck else "hit", worker=self.worker, fault=fault, point=request.point.id)
        told = {"error": {"message": action.message, "code": action.code}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        facts = MadeUpReply(injected=fault, answer=told, headers=named)
        reply = replace(request, at=self.now, kind="reply", point=request.point.at("after"), status=str(action.status))
        self.tape.append(replace(reply, facts=facts))
        self.now += 0.01
        return self

    def no_answer(self, task: Task, fault: str = "model-reset", *, struck: bool = True, ask: Any = "x") -> Story:
        """Let a model call be met by a fault after which nothing is answered."""
        self.model({"ask": ask}, task=task, executed=False)
        lost = self.tape[-1]
        met = "strike" if struck else "hit"
        self.act(met, worker=self.worker, fault=fault, point=lost.point.id if lost.point else "")
        self.tape.append(replace(lost, at=self.now, kind="dropped", point=None, facts=NotDelivered(injected=fault)))
        self.now += 0.01
        return self

    def half_answer(self, task: Task, says: str, *, ask: Any = "x") -> Story:
        """Let the answer of a model call be cut off in the middle of its JSON."""
        whole = {"choices": [{"message": {"content": says}}]}
        heard = json.dumps(whole).removesuffix('"}}]}')[: -len(says) // 2]
        self.model({"ask": ask}, task=task, answer=whole)
        self.act("strike", worker=self.worker, fault="model-truncated", point="somewhere")
        reply = self.tape[-2]
        facts = NotDelivered(injected="model-truncated", heard=heard)
        self.tape.append(replace(reply, at=self.now, kind="dropped", point=None, status="200", facts=facts))
        self.now += 0.01
        return self

    def message(
        self,
        door: Any,
        operation: str,
        *,
        task: Task | None = None,
        asked: Facts = NO_FACTS,
        told: Facts = NO_FACTS,
        status: str = "OK",
        executed: bool = True,
        workflow_task: bool = False,
        workflow: str = "Agent",
    ) -> Entry:
        """Put a request and, unless it was not executed, its reply on the tape; return the last entry."""
        self.messages += 1
        point = Point(position="before", door=door, operation=operation, workflow=workflow)
        ids: dict[str, Any] = {"run_id": self.run_id, "workflow_id": "agent", "worker": self.worker}
        if task:
            point = replace(point, subject=task.activity, execution=task.execution, attempt=task.attempt)
            ids |= {"activity_id": task.activity_id, "worker": task.worker}
        if workflow_task:
            point = replace(point, attempt=1)
        polls = operation.startswith("Poll")
        made = Entry(at=self.now, kind="request", door=door, operation=operation, message=self.messages, **ids)
        if polls:
            made = replace(made, run_id="", activity_id="")
        self.tape.append(replace(made, point=None if polls else point, facts=asked))
        self.now += 0.01
        if executed:
            reply = Entry(at=self.now, kind="reply", door=door, operation=operation, message=self.messages, **ids)
            self.tape.append(replace(reply, point=point.at("after"), facts=told, status=status))
        return self.tape[-1]

    def schedule(self, activity: str, activity_id: str = "", **declared: Any) -> str:
        activity_id = activity_id or str(len(self.scheduled) + 1)
        told: dict[str, Any] = {"startToCloseTimeout": "300s", "retryPolicy": POLICY, "heartbeatTimeout": "0s"}
        self.executions[activity] += 1
        self.scheduled[activity_id] = self.event(
            "ACTIVITY_TASK_SCHEDULED", activityId=activity_id, activityType={"name": activity}, **{**told, **declared}
        )
        return activity_id

    def activity(self, activity: str, *, details: list[Any] | None = None, **declared: Any) -> Task:
        """Schedule an activity and hand out its first attempt."""
        activity_id = self.schedule(activity, **declared)
        return self.hand_out(Task(activity, activity_id, self.executions[activity], 1, self.worker), details=details)

    def again(self, task: Task, *, details: list[Any] | None = None) -> Task:
        """Hand out the next attempt of an activity to the worker process of now."""
        following = replace(task, attempt=task.attempt + 1, worker=self.worker)
        return self.hand_out(following, details=details)

    def hand_out(self, task: Task, *, details: list[Any] | None = None) -> Task:
        told = ActivityTask(attempt=task.attempt, activity_type=task.activity, heartbeat_details=details)
        self.message("wire", "PollActivityTaskQueue", task=task, told=told)
        return task

    def beat(self, task: Task, *details: Any, **more: Any) -> Story:
        self.message(
            "wire", "RecordActivityTaskHeartbeat", task=task, asked=HeartbeatRequest(details=list(details)), **more
        )
        return self

    def complete(self, task: Task, result: Any = "done", **more: Any) -> Story:
        answer = self.message(
            "wire", "RespondActivityTaskCompleted", task=task, asked=ActivityCompleted(result=[result]), **more
        )
        if answer.kind == "reply" and answer.status == "OK":
            self.ends(task, "COMPLETED", result=payloads(result))
        return self

    def fail_for_good(self, task: Task, kind: str = "ValueError", *, state: str, **failure: Any) -> Story:
        """Let an attempt fail, and the activity with it."""
        self.fail(task, kind, **failure)
        told = {"applicationFailureInfo": {"type": kind, "nonRetryable": failure.get("non_retryable", False)}}
        return self.ends(task, "FAILED", failure=told, retryState=f"RETRY_STATE_{state}")

    def fail_workflow(self, *kinds: str) -> Story:
        """Close the workflow with a failure of these types, outermost first."""
        failure: dict[str, Any] = {}
        for kind in reversed(kinds):
            failure = {"applicationFailureInfo": {"type": kind}, **({"cause": failure} if failure else {})}
        return self.close("FAILED", failure=failure)

    def ends(self, task: Task, how: str, *, last_failure: dict[str, Any] | None = None, **told: Any) -> Story:
        number = str(self.scheduled[task.activity_id])
        more = {"lastFailure": last_failure} if last_failure else {}
        started = self.event("ACTIVITY_TASK_STARTED", scheduledEventId=number, attempt=task.attempt, **more)
        self.event(f"ACTIVITY_TASK_{how}", scheduledEventId=number, startedEventId=str(started), **told)
        return self

    def fail(self, task: Task, kind: str = "ValueError", **failure: Any) -> Story:
        reported = ReportedFailure(**{"message": "no", "type": kind, **failure})
        self.message("wire", "RespondActivityTaskFailed", task=task, asked=ActivityFailed(failure=reported))
        return self

    def effect(self, name: str, body: Any, *, key: str = "", task: Task | None = None, **more: Any) -> Story:
        headers = {"idempotency-key": key} if key else {}
        asked = HttpCall(method="POST", path=f"/{name}", headers=headers, body=body)
        told = HttpReply(method="POST", path=f"/{name}", headers=headers, body=body)
        self.message("effect", name, task=task, asked=asked, told=told, status="200", **more)
        return self

    def model(
        self,
        body: Any,
        *,
        task: Task | None = None,
        retries: int = 0,
        status: str = "200",
        answer: dict[str, Any] | None = None,
        **more: Any,
    ) -> Story:
        headers = {"x-stainless-retry-count": str(retries)}
        call: dict[str, Any] = {"method": "POST", "path": "/v1/chat/completions", "headers": headers, "body": body}
        asked = HttpCall(**call)
        told = HttpReply(**call, answer={"usage": {"total_tokens": 100}, **(answer or {})})
        self.message("model", "chat.completions", task=task, asked=asked, told=told, status=status, **more)
        return self

    def close(self, kind: str = "COMPLETED", *, result: Any = "fine", **told: Any) -> Story:
        attributes = {"result": payloads(result), **told} if kind == "COMPLETED" else told
        self.event(f"WORKFLOW_EXECUTION_{kind}", **attributes)
        return self

    @property
    def history(self) -> History:
        return History(workflow_id="agent", run_id=self.run_id, path="Agent", root=True, events=tuple(self.events))

    def evidence(self, end: End = "closed", **more: Any) -> Evidence:
        told: dict[str, Any] = {"histories": (self.history,), "samples": tuple(self.samples), **more}
        return Evidence(trial="t", scenario="s", plan=self.plan, end=end, tape=tuple(self.tape), **told)


KILLED = Plan((Strike("kill-worker", "before/RespondActivityTaskCompleted/Agent/book.1/attempt-1"),))


def killed(*, real_time: bool = False) -> Story:
    return Story(plan=replace(KILLED, real_time=real_time))


def judged(name: str | checks.Check, evidence: Evidence, *baselines: Evidence) -> Judgement:
    """Return what one check says; without baselines the evidence stands as its own."""
    check = checks.named(name) if isinstance(name, str) else name
    return judge(evidence, baselines=baselines or (evidence,), checks=[check]).judgements[0]


def only_finding(name: str | checks.Check, evidence: Evidence, *baselines: Evidence) -> Finding:
    findings = judged(name, evidence, *baselines).findings
    assert len(findings) == 1, judged(name, evidence, *baselines)
    assert findings[0].evidence or findings[0].message
    return findings[0]


def passes(name: str | checks.Check, evidence: Evidence, *baselines: Evidence) -> None:
    found = judged(name, evidence, *baselines)
    assert (found.outcome, found.findings) == ("PASS", ()), found


def nothing(name: str | checks.Check, evidence: Evidence, *baselines: Evidence) -> str:
    found = judged(name, evidence, *baselines)
    assert found.outcome is None, found
    return found.reason
