"""What runs came to, written by hand: the samples that the tests of every form of the report share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness import faults
from harness.records.audit_result import AuditFinding, Certainty, CodePlace
from harness.records.cut import Cut
from harness.records.plan import Strike, parse
from harness.records.point import Point
from harness.records.sweep_result import SweepResult
from harness.records.verdict import EvidenceEntry, Finding, Judgement, Outcome, Severity, Verdict

POINT = Point(
    position="before",
    door="wire",
    operation="RespondActivityTaskCompleted",
    workflow="TripAgent",
    subject="charge",
    execution=1,
    attempt=1,
)
STRIKE = Strike("kill-worker", POINT.id)
KILL = str(STRIKE)
TWICE = Finding(
    check="effects-happen-once",
    message="charge happened 2 times, expected once",
    subject="charge",
    evidence=(
        EvidenceEntry("12:00:03.611", "worker 22863", ("attempt 1",)),
        EvidenceEntry("12:00:06.402", "worker 22871", ("attempt 2",)),
    ),
)
HOSTILE = Finding(
    check="effects-happen-once",
    message="<script>alert(1)</script> & | `x` \x00 twice",
    subject="charge",
    evidence=(EvidenceEntry(words=("<b>&</b>\x1b[31m",)),),
)
NO_MODEL = "the worker sends no model message that it can meet"
NO_RESTART = "the time-skipping server cannot be killed and started again: it keeps nothing on disk"


def verdict(trial: str, plan: str, outcome: Outcome | None, *findings: Finding, **more: Any) -> Verdict:
    """Return a verdict of one check; ``because`` is the reason that the check gives."""
    judgement = Judgement(
        check="effects-happen-once", outcome=outcome, findings=findings, reason=more.pop("because", "")
    )
    told: dict[str, Any] = {"struck": True, **more}
    return Verdict(trial=trial, scenario="trip", plan=parse(plan), judgements=(judgement,), **told)


def swept(*verdicts: Verdict, **more: Any) -> SweepResult:
    """Return a sweep of the scenario ``trip``, with one fault at one point unless told otherwise."""
    cut = Cut(POINT, ("after/PollActivityTaskQueue/TripAgent/charge.1/attempt-1",), fault="kill-worker")
    told = {"scenario": "trip", "title": "A trip is paid once.", "cuts": (cut,), "struck": (STRIKE,), "seconds": 7.25}
    return SweepResult(**{**told, "verdicts": verdicts, **more})


PASSED = swept(
    verdict("1a2b3c", "baseline", Outcome.PASS),
    verdict("9f3a2c", KILL, Outcome.PASS),
    notes=("timeouts after a strike were accelerated",),
)
FAILED = swept(
    verdict("1a2b3c", "baseline", Outcome.PASS),
    verdict("9f3a2c", KILL, Outcome.FAIL, TWICE),
    verdict("77aa01", f"{KILL};real-time", Outcome.FAIL, TWICE),
    gaps=("the file trips.db is open for writing",),
)
KEYLESS = AuditFinding(
    rule="CP306",
    certainty=Certainty.LIKELY,
    message="charge() is done again with each attempt, and no key tells that it is the same",
    place=CodePlace(file="app/pay.py", line=18, column=15, end_line=18, end_column=44, function="charge"),
    workflow="charge",
    text="    receipt = await client.post(url, json=order)",
)
EXPLAINED = replace(FAILED, code={TWICE.id: (KEYLESS,)})
"""What failed, with the line of code that the audit holds responsible."""
UNSHOWN = swept(
    verdict("1a2b3c", "baseline", Outcome.PASS),
    verdict("9f3a2c", KILL, Outcome.PASS, struck=False, reason=f"never struck while the workflow was open: {KILL}"),
    verdict("77aa01", f"{KILL};real-time", Outcome.UNKNOWN, because="Traceback\n  File x\nKeyError: 'attempt'"),
    cuts=(Cut(POINT, fault="kill-worker"), *(Cut(POINT, fault=name) for name in ("reply-lost", "kill-server"))),
    limit="--time-limit 5 was over",
    struck=(),
)
HURT = swept(verdict("9f3a2c", KILL, Outcome.FAIL, HOSTILE), gaps=("<i>",), not_applicable={"model-429": "<u>"})
INAPPLICABLE = SweepResult(
    scenario="waits", title="A day passes.", inapplicable="it lets time pass, and the dev server cannot skip time"
)


def several() -> SweepResult:
    """Return a sweep with three faults, one of which was not made, and one more that cannot be."""
    made, missed = Strike("kill-server", POINT.id), Strike("unavailable-once", POINT.id)
    cuts = tuple(Cut(POINT, fault=name) for name in ("kill-worker", "kill-server", "unavailable-once"))
    return swept(
        verdict("1a2b3c", "baseline", Outcome.PASS),
        verdict("9f3a2c", KILL, Outcome.FAIL, TWICE),
        verdict("55bb02", f"{KILL},{made}", Outcome.PASS),
        cuts=cuts,
        struck=(STRIKE, made),
        unreachable=(missed,),
        not_applicable={"model-429": NO_MODEL, "model-400": NO_MODEL},
    )


def graded() -> SweepResult:
    """Return a sweep with a finding of each severity, the worst told last; only the broken one fails."""
    endless = Finding(
        check="retry-bounded",
        message="charge is retried for ever",
        subject="charge",
        severity=Severity.RISKY,
        why="An activity that can only fail is tried for ever, and nobody is told.",
        fix="Give it a schedule_to_close_timeout, or a retry policy with maximum_attempts: whichever of the two says "
        "better how long somebody waits.",
    )
    early = Finding(
        check="retry-after-honoured",
        message="charge asked again too early",
        subject="charge",
        severity=Severity.WASTEFUL,
    )
    return swept(
        verdict("1a2b3c", "baseline", Outcome.PASS, endless), verdict("9f3a2c", KILL, Outcome.FAIL, early, TWICE)
    )


def truncated() -> tuple[Finding, ...]:
    """Return what one half answer leads to: four findings, which the same call shows."""
    call, answer = (EvidenceEntry(at, "worker 22863", ("attempt 1",)) for at in ("12:00:01.100", "12:00:01.240"))
    first = Finding(
        check="nothing-truncated-accepted",
        message="plan 1 completed though its model call was answered by half, and asked no more",
        subject="plan",
        evidence=tuple(replace(entry, words=("attempt 1", "chat.completions")) for entry in (call, answer)),
    )
    places = ("the result of plan", "effect note", "the result of TripAgent")
    others = (
        Finding(
            check="nothing-truncated-accepted",
            message=f"{place} holds half of an answer of the model: 'Fly to Li'",
            subject=place,
            evidence=(call, answer),
        )
        for place in places
    )
    return first, *others


def every_fault() -> SweepResult:
    """Return a sweep with all faults: those of the model cannot be made, and many points were not reached again."""
    families = ("process", "wire")
    made = [fault for fault in faults.listed() if fault.family in families or fault.name == "effect-reply-lost"]
    points = [POINT.at("before"), POINT.at("after"), *(Point(position="before", door="wire", operation="Extra"),)]
    cuts = tuple(Cut(point, fault=fault.name) for fault in made for point in points)
    struck = tuple(cut.strike for cut in cuts if cut.point.operation != "Extra")
    verdicts = [verdict("1a2b3c", "baseline", Outcome.PASS), verdict("1a2b3c-2", "baseline", Outcome.PASS)]
    for number, strike in enumerate(struck):
        verdicts.append(verdict(f"{number:06x}", str(strike), Outcome.PASS))
    return swept(
        *verdicts,
        scenario="trip_with_every_fault",
        cuts=cuts,
        struck=struck,
        unreachable=tuple(cut.strike for cut in cuts if cut.point.operation == "Extra"),
        not_applicable={
            "kill-server": NO_RESTART,
            **{fault.name: NO_MODEL for fault in faults.listed() if fault.family == "model"},
        },
        seconds=61.0,
    )
