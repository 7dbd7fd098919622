"""Effects that happen again with each attempt, because nothing tells the second request from a new wish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.argument_origins import Trait, texts_of, traits_of
from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in, starts_of, tried_once
from harness.audit.analysis.effects import CodeEffect, effect_of
from harness.audit.code.project_records import Activity
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_GRAVE = re.compile(
    r"charge|pay|order|book(?!s)|reserv|mail|send|transfer|refund|invoice|purchase|buy|sms|notif|publish|ship|credit|debit",
    re.IGNORECASE,
)
"""Words of what one does not want twice."""

_SMALL = re.compile(r"segment|analytics|telemetry|metric|tracing|posthog|amplitude|mixpanel|sentry", re.IGNORECASE)
"""Words of what only counts or watches."""

_FRESH = {Trait.NEW, Trait.ATTEMPT}
_OWN = {Trait.ARGUMENT, Trait.ACTIVITY, Trait.UNKNOWN}


def _without_key(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        once = tried_once(activity, project=project)
        if once and any(started.is_local for started in starts_of(activity, project=project)):
            once = False  # a local activity is done again with its workflow task, whatever its policy says
        for frame in frames_of(activity, project=project):
            for call in frame.calls():
                effect = effect_of(call, frame, project=project)
                if effect is None or (judgement := _judged(effect, frame, project)) is None:
                    continue
                certainty, message = judgement if not once else _of_one_attempt(effect, frame, project)
                if not message:
                    continue
                node, within = _decided_at(call, effect, frame)
                if node not in reported:
                    reported.add(node)
                    reached = reached_in(within, project=project)
                    shown = _where(call, node, project)
                    yield project.finding("CP306", node, message, certainty=certainty, reached=reached, evidence=shown)


def _of_one_attempt(effect: CodeEffect, frame: CallFrame, project: Project) -> tuple[Certainty, str]:
    """Return what is to be said of an effect whose activity has one attempt: it may be done, and told as failed."""
    if effect.keys or not _grave(effect, frame, project):
        return Certainty.LOOK, ""
    return Certainty.LOOK, (
        f"The activity {frame.activity.name!r} causes an effect by {effect.what} in one attempt and without an "
        "idempotency key. An attempt that dies after it, or whose answer is lost, is told as failed, and nobody can "
        "tell whether it was done: neither trying again by hand nor undoing it is safe. Send a key, and try again."
    )


def _where(call: nodes.Call, reported: nodes.Call, project: Project) -> tuple[str, ...]:
    """Return where the request itself is sent, if that is another line than the one that is told."""
    if call is reported:
        return ()
    place = project.place(call)
    return (f"{place.file}:{place.line} sends it",)


def _decided_at(call: nodes.Call, effect: CodeEffect, frame: CallFrame) -> tuple[nodes.Call, CallFrame]:
    """Return the call that could have passed a key, and the frame in which it stands."""
    chain = frame.chain
    if effect.decided_in in chain[:-1]:
        below = chain[chain.index(effect.decided_in) + 1]
        if below.call is not None:
            return below.call, effect.decided_in
    return call, frame


def _judged(effect: CodeEffect, frame: CallFrame, project: Project) -> tuple[Certainty, str] | None:
    name = frame.activity.name
    if effect.unknown:
        return None
    traits = {trait for key in effect.keys for trait in traits_of(key.node, key.frame, project=project)}
    if not traits - {Trait.EMPTY}:
        certainty = effect.certainty or (Certainty.LIKELY if _grave(effect, frame, project) else Certainty.LOOK)
        return certainty, (
            f"The activity {name!r} causes an effect by {effect.what} without an idempotency key: an attempt that dies "
            f"after it, or whose answer is lost, is followed by one that does it again. {effect.instead}"
        )
    if traits & _FRESH:
        return Certainty.CERTAIN, (
            f"The idempotency key of {effect.what} is made in the activity {name!r} and is another in every attempt: "
            "it protects from nothing. Make it of what stays the same, activity.info().workflow_id with activity_id "
            "or an argument."
        )
    if traits & _OWN:
        return None
    if Trait.WORKFLOW in traits:
        return _shared(effect, frame.activity, project)
    return Certainty.LIKELY, (
        f"The idempotency key of {effect.what} in the activity {name!r} is a constant: the effect of every other "
        "workflow looks like this one sent again and is dropped. Put activity.info().workflow_id into it."
    )


def _shared(effect: CodeEffect, activity: Activity, project: Project) -> tuple[Certainty, str] | None:
    if not _started_often(activity, project):
        return None
    return Certainty.LIKELY, (
        f"The idempotency key of {effect.what} names the workflow only, and the workflow starts {activity.name!r} more "
        "than once: the second effect looks like the first one sent again and is dropped. Add what tells them apart, "
        "activity.info().activity_id or an argument."
    )


def _started_often(activity: Activity, project: Project) -> bool:
    starts = starts_of(activity, project=project)
    functions = [one.node.frame() for one in starts]
    return len(functions) > len(set(functions)) or any(_repeated(one.node) for one in starts)


def _repeated(node: Any) -> bool:
    while node is not None and not isinstance(node, nodes.FunctionDef):
        if isinstance(node, nodes.For | nodes.While | nodes.ComprehensionScope):
            return True
        node = node.parent
    return False


def _grave(effect: CodeEffect, frame: CallFrame, project: Project) -> bool:
    if _SMALL.search(f"{frame.function.name} {frame.function.root().name}"):
        return False
    spoken = [effect.address and texts_of(effect.address.node, effect.address.frame, project=project)]
    spoken += [one.function.name for one in frame.chain] + [frame.activity.name]
    return any(_GRAVE.search(one) for one in spoken if one)


RULES = (
    Rule(
        id="CP306",
        name="effect-without-key",
        title="An activity causes an effect that its next attempt causes again",
        why=(
            "An attempt that dies after its effect and before its result is reported leaves no trace; Temporal starts "
            "the next one, and the card is charged, the mail sent, the row inserted a second time. Only the receiver "
            "can tell a repetition, and only by a key that stays the same over all attempts."
        ),
        evidence=(
            "Temporal runs an activity at least once. A SIGKILL between the effect and RespondActivityTaskCompleted, "
            "or a lost answer, repeats it: in a kill sweep that is one of the n+1 cuts of every run. Local activities "
            "repeat with their workflow task, too."
        ),
        fix=(
            "Send an idempotency key made of activity.info().workflow_id and activity_id, or of an argument; where "
            "the receiver knows no keys, look whether it is done before doing it, or write by a primary key (INSERT … "
            "ON CONFLICT DO NOTHING)."
        ),
        bad='await client.post("https://pay.example/charges", json=charge)',
        right=(
            'info = activity.info()\nkey = f"{info.workflow_id}/{info.activity_id}"\n'
            'await client.post("https://pay.example/charges", json=charge, headers={"Idempotency-Key": key})'
        ),
        certainty=Certainty.LIKELY,
        judge=_without_key,
    ),
)
