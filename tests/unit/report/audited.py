"""What audits came to, written by hand: the samples that the tests of every form of their report share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.records.audit_result import (
    AuditFinding,
    AuditResult,
    Certainty,
    CodePlace,
    FileReport,
    Missed,
    RuleError,
    RuleText,
    Unresolved,
)

RULES = (
    RuleText(
        id="CP101",
        name="clock-in-workflow",
        title="Workflow code must not read the clock.",
        why="A replay reads another time.",
        evidence="The sandbox stops time.time.",
        fix="Use workflow.now().",
        bad="at = time.time()",
        right="at = workflow.time()",
        certainty=Certainty.CERTAIN,
    ),
    RuleText(
        id="CP306",
        name="effect-without-key",
        title="An effect | needs a key",
        why="An attempt that dies after it is followed by one that does it again.",
        evidence="Two notes were saved.",
        fix="Send an idempotency key.",
        bad='post("/note")  # ``` as it is',
        right='post("/note", key=key)',
        certainty=Certainty.LIKELY,
    ),
)

CODE = {
    "app/tools.py": ("import time", "", "def stamp():", "    return time.time()", "", "def other(): ..."),
    "app/activities.py": ("@activity.defn", "async def save():", '\tpost("/naïve", "数")', ""),
}

STEP = CodePlace(file="app/workflows.py", line=7, column=9, function="Agent.run", what="calls stamp()")
CLOCK = AuditFinding(
    rule="CP101",
    certainty=Certainty.CERTAIN,
    message="Workflow code calls time.time(): a replay reads another time. Use workflow.time().",
    place=CodePlace(file="app/tools.py", line=4, column=12, end_line=4, end_column=23, function="stamp"),
    path=(STEP,),
    workflow="Agent",
    text="    return time.time()",
)
EFFECT = AuditFinding(
    rule="CP306",
    certainty=Certainty.LIKELY,
    message="The activity 'save' causes an effect without a key.",
    place=CodePlace(file="app/activities.py", line=3, column=2, end_line=3, end_column=21, function="save"),
    workflow="save",
    evidence=("app/activities.py:3 sends it",),
    confirmed=("effects-happen-once: note was saved 2 times (9f3a)",),
    text=CODE["app/activities.py"][2],
)
LOOK = replace(EFFECT, certainty=Certainty.LOOK, evidence=(), confirmed=())
FILES = (
    FileReport(file="app/activities.py", lines=4),
    FileReport(file="app/tools.py", lines=6),
    FileReport(file="app/workflows.py", lines=20),
)
CLEAN = AuditResult(files=FILES, rules=2, workflows=1, activities=1, seconds=0.25)
FOUND = replace(CLEAN, findings=(EFFECT, CLOCK))
NOTHING = replace(CLEAN, workflows=0, activities=0)
EVERYTHING = replace(
    FOUND,
    findings=(EFFECT, CLOCK),
    files=(
        *FILES,
        FileReport(file="app/old.py", reason="line 1: invalid syntax"),
        FileReport(file="app/loop", reason="a symbolic link to a folder that it stands in", elsewhere=True),
    ),
    unresolved=(Unresolved(place=replace(STEP, what=""), name="tool.pick", why="what it is called on is not known"),),
    suppressed=((replace(CLOCK, occurrence=1), "it is logged only"),),
    baselined=(replace(CLOCK, occurrence=2),),
    stale=("CP101 app/gone.py: now()",),
    unused_ignores=(CodePlace(file="app/tools.py", line=6, what="ignores CP306, which is not found here"),),
    bad_ignores=(CodePlace(file="app/tools.py", line=5, what="names no rule: write ignore[RULE] and the reason"),),
    errors=(RuleError(rule="CP306", message="KeyError: 'x' (idempotency.py:9)", files=("app/tools.py",)),),
    missed=(
        Missed(
            check="replays", message="another activity", subject="Agent", line="app/tools.py:6 in other", rule="CP101",
            source="trial 9f3a",
        ),
    ),
    below=3,
)  # fmt: skip
HOSTILE = replace(
    FOUND,
    findings=(
        replace(
            CLOCK,
            message="<b>100%</b>\x1b[31m,:\n\x00 \ud800 ]]>",
            place=replace(CLOCK.place, file="a b,c:%é\x1b.py", what=""),
            path=(replace(STEP, file="../x\n.py"),),
        ),
    ),
)


def lines(file: str) -> Sequence[str]:
    return CODE.get(file, ())
