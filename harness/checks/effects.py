"""Effects: each happens once, its key is stable, and together they are those of the undisturbed run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.checks import faults_met, lasting_effects, masking, showing
from harness.checks.attempts import attempts_of
from harness.checks.check import Check, NothingToLookAt, check
from harness.checks.executions import same_work
from harness.checks.lasting_effects import LastingEffect, same_effect, same_effect_and_key
from harness.checks.scheduled import scheduled_at
from harness.records.effect_name import effect_name
from harness.records.evidence import Evidence
from harness.records.tape import Entry, client_calls
from harness.records.verdict import Finding

_Execution = tuple[str, str, int]


@check(
    "effects-happen-once",
    why="An activity is tried again whenever its answer is lost: what it did then happens twice.",
    fix="Send a key with the effect that is the same in every attempt, such as workflow id and activity id, "
    "and let the receiver refuse what it knows.",
)
def effects_happen_once(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Each effect happens as often as without a strike: one that is asked for again carries the same key."""
    seen, patterns = _compared(evidence, baselines)
    _, extra, _ = lasting_effects.matched(seen, patterns, [same_effect_and_key, same_effect])
    loose = lasting_effects.uncounted(baselines)
    reported: set[int] = set()
    for pattern in patterns:
        group = [effect for effect in seen if same_effect(effect, pattern) and id(effect) not in reported]
        surplus = [effect for effect in extra if any(effect is each for each in group)]
        if evidence.end != "closed" or pattern.name in loose:
            surplus = [effect for effect in surplus if _redone(effect, group)]
        if surplus:
            reported.update(id(effect) for effect in group)
            expected = len(group) - len(surplus)
            yield _happened(evidence, "effects-happen-once", pattern.name, group, expected=expected)


@check(
    "effect-key-stable",
    why="A key that differs between attempts protects from nothing; one that two executions share lets the "
    "second never happen.",
    fix="Make the key of what names the work: workflow id, run id and activity id, or an id that the workflow "
    "made and passed in.",
)
def effect_key_stable(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """The key of an effect is the same over the attempts of one execution, and different over executions."""
    keyed = [effect for effect in lasting_effects.effects_of(evidence) if effect.key]
    if not keyed:
        raise NothingToLookAt("no effect carried an idempotency key")
    yield from _keys_over_attempts(evidence, keyed, baselines)
    yield from _keys_over_executions(evidence, keyed)
    yield from _keys_side_by_side(evidence, keyed)


@check(
    "effects-as-baseline",
    why="What the agent does must not depend on when it crashed.",
    fix="Compare the effects below with the undisturbed run: what is missing was forgotten with the worker "
    "process, what differs was computed again.",
)
def effects_as_baseline(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """The effects are those of the baseline in path, key and body: none is missing and none is another.

    Where the work is given up, as is right under some faults, effects are missing, and what only the way out of a
    failure does (an activity that the baseline never runs) comes instead. A declared fallback may do anything, and so
    may an agent whose model gave it another answer.
    """
    seen, patterns = _compared(evidence, baselines)
    pairs, extra, missing = lasting_effects.matched(seen, patterns, [same_effect_and_key, same_effect])
    loose = lasting_effects.uncounted(baselines)
    for effect, pattern in pairs:
        if not masking.agrees(effect.key, pattern.key):
            words = f"{_named(effect)} had the key {effect.key!r}; in the baseline {pattern.key!r}"
            yield _finding(evidence, "effects-as-baseline", f"{effect.name} key", words, effect.entries)
    if evidence.end != "closed":
        return
    given_up = faults_met.may_give_up(evidence)
    may_differ = evidence.falls_back or faults_met.answered_otherwise(evidence) is not None
    usual = {attempt.activity for baseline in baselines for attempt in attempts_of(baseline)}
    for effect in extra:
        if given_up and (may_differ or _on_the_way_out(effect, evidence, usual)):
            continue
        # One that agrees with a pattern is a doubled one: effects-happen-once tells of it.
        if effect.name not in loose and not any(same_effect(effect, pattern) for pattern in patterns):
            words = f"{_named(effect)} with {showing.short(effect.body)} is not in the baseline"
            yield _finding(evidence, "effects-as-baseline", f"{effect.name} extra", words, effect.entries)
    for pattern in missing:
        if pattern.name not in loose and not given_up:
            words = f"{_named(pattern)} with {showing.short(pattern.body)} is missing"
            yield _finding(evidence, "effects-as-baseline", f"{pattern.name} missing", words, ())


def _on_the_way_out(effect: LastingEffect, evidence: Evidence, usual: set[str]) -> bool:
    """Tell whether an activity had the effect that no undisturbed run needs, as far as that is known.

    Beside an attempt whose worker died it is not: then it is enough that such an activity was under way.
    """
    activity, at = _execution(effect)[1], effect.entries[0].at
    if activity:
        return activity not in usual
    unusual = (attempt for attempt in attempts_of(evidence) if attempt.activity not in usual)
    return any(each.began <= at and (each.ended is None or at <= each.ended.at) for each in unusual)


def happens_once(effect: str, *, key: str = "") -> Check:
    """Make a check that an effect happens exactly once for each value of its key; see ``checks.HappensOnce``."""
    name = f"happens-once:{effect}:{key}" if key else f"happens-once:{effect}"
    named = effect_name(effect)

    def judge(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        seen = _by_value(lasting_effects.effects_of(evidence), name=named, key=key)
        usual = [_by_value(lasting_effects.effects_of(each), name=named, key=key) for each in baselines]
        if not seen and not any(usual):
            raise NothingToLookAt(f"no effect {effect} was executed")
        for value, group in seen.items():
            if len(group) > 1:
                yield _happened(evidence, name, effect, group, expected=1, value=value)
        if evidence.end == "closed" and not faults_met.may_give_up(evidence):
            always = set(usual[0]).intersection(*usual[1:]) if usual else set()
            for value in sorted(always - set(seen)):
                yield _happened(evidence, name, effect, [], expected=1, value=value)

    which = f"each {key}" if key else "each key"
    return Check(name, f"The effect {effect} happens exactly once for {which}.", judge, needed=True)


def _compared(
    evidence: Evidence, baselines: Sequence[Evidence]
) -> tuple[Sequence[LastingEffect], Sequence[LastingEffect]]:
    if not baselines:
        raise NothingToLookAt("there is no baseline to compare the effects with")
    seen, patterns = lasting_effects.effects_of(evidence), lasting_effects.effect_patterns(baselines)
    if scheduled_at(evidence) is not None:  # whose a change of the state is cannot be told then
        patterns = [pattern for pattern in patterns if pattern.path]
    if not seen and not patterns:
        raise NothingToLookAt("no effect was executed")
    return seen, patterns


def _redone(effect: LastingEffect, group: Iterable[LastingEffect]) -> bool:
    """Tell whether another attempt of the same execution had the same effect."""
    return any(
        _execution(other) == _execution(effect) != ("", "", 0) and _attempt(other) != _attempt(effect)
        for other in group
    )


def _execution(effect: LastingEffect) -> _Execution:
    point = effect.entries[0].point
    return (point.workflow, point.subject, point.execution) if point and point.execution else ("", "", 0)


def _attempt(effect: LastingEffect) -> int:
    point = effect.entries[0].point
    return point.attempt if point else 0


def _keys_over_attempts(
    evidence: Evidence, keyed: Sequence[LastingEffect], baselines: Sequence[Evidence]
) -> Iterator[Finding]:
    patterns = lasting_effects.effect_patterns(baselines) if baselines else []
    usual = _most_keys((evidence, *baselines), patterns)
    for (execution, unit), effects in _by_unit(keyed, patterns).items():
        attempts = {entry.point.attempt for effect in effects for entry in effect.entries if entry.point}
        most = usual.get((execution[1], unit), 1)
        if execution[2] and len(effects) > most and len(attempts) > 1:
            words = f"{effects[0].name} of {execution[1]} {execution[2]} had {len(effects)} keys over its attempts"
            words += f", expected {most}: {', '.join(repr(effect.key) for effect in effects[:4])}"
            entries = [entry for effect in effects for entry in effect.entries]
            yield _finding(evidence, "effect-key-stable", f"{effects[0].name} of {execution[1]}", words, entries)


def _most_keys(trials: Sequence[Evidence], patterns: Sequence[LastingEffect]) -> dict[tuple[str, str], int]:
    """Return how many keys one attempt of an activity type uses for the same effect, at most."""
    most: dict[tuple[str, str], int] = {}
    for effects in map(lasting_effects.effects_of, trials):
        for (execution, unit), group in _by_unit(effects, patterns).items():
            counts = Counter(map(_attempt, group))
            most[execution[1], unit] = max(most.get((execution[1], unit), 0), *counts.values())
    return most


def _by_unit(
    effects: Sequence[LastingEffect], patterns: Sequence[LastingEffect]
) -> dict[tuple[_Execution, str], list[LastingEffect]]:
    """Group effects by the execution that had them and by what they say, keys apart."""
    groups: dict[tuple[_Execution, str], list[LastingEffect]] = {}
    for effect in effects:
        alike = next((str(index) for index, each in enumerate(patterns) if same_effect(effect, each)), "")
        unit = alike or f"{effect.name} {effect.path} {effect.body!r}"
        groups.setdefault((_execution(effect), unit), []).append(effect)
    return groups


def _keys_over_executions(evidence: Evidence, keyed: Sequence[LastingEffect]) -> Iterator[Finding]:
    done = {(each.workflow, each.activity, each.execution) for each in attempts_of(evidence) if each.completed}
    for effect in keyed:
        asked = _first_of_each_execution(effect.entries)
        first = next(iter(asked), None)
        for execution, entry in asked.items():
            if first is None or execution == first or execution[1] != first[1]:
                continue
            if execution[1:] == first[1:] and _was_done_anew(evidence):
                continue  # the same work, done again on purpose: that its effect is the same one is right
            # An execution that never completed may be followed by another that asks for the same effect on purpose.
            if first in done:
                words = f"{effect.name} of {first[1]} {first[2]} and of {execution[1]} {execution[2]}"
                words += f" had the same key {effect.key!r}: the second one never happens"
                subject = f"{effect.name} shared key"
                yield _finding(evidence, "effect-key-stable", subject, words, (asked[first], entry))
                break


def _keys_side_by_side(evidence: Evidence, keyed: Sequence[LastingEffect]) -> Iterator[Finding]:
    """Yield the effects for which executions of the same work ask side by side with fewer keys than they are.

    Whose a call is nobody sees then; but each does what the others do, and where nothing is struck, once.
    """
    work, executions = same_work(evidence), len(evidence.executions)
    if evidence.plan.strikes or len(work) != 1 or len(work[0]) != executions:
        return
    for name in dict.fromkeys(each.name for each in keyed):
        effects = [each for each in keyed if each.name == name]
        entries = [entry for each in effects for entry in each.entries]
        if len(effects) < executions <= len(entries) and not _first_of_each_execution(entries):
            keys = " and ".join(repr(each.key) for each in effects)
            words = f"{name} was asked for by {executions} executions with {keys} alone as key: "
            words += "that of one of them never happens"
            yield _finding(evidence, "effect-key-stable", f"{name} shared key", words, entries)


def _was_done_anew(evidence: Evidence) -> bool:
    """Tell whether the work was started again, or reset."""
    calls = [call for operation in ("start-again", "reset") for call in client_calls(evidence.tape, operation)]
    return any(not call.failure for call in calls)


def _first_of_each_execution(entries: Iterable[Entry]) -> dict[_Execution, Entry]:
    first: dict[_Execution, Entry] = {}
    for entry in entries:
        if entry.point and entry.point.execution:
            first.setdefault((entry.point.workflow, entry.point.subject, entry.point.execution), entry)
    return first


def _by_value(effects: Iterable[LastingEffect], *, name: str, key: str) -> dict[str, list[LastingEffect]]:
    groups: dict[str, list[LastingEffect]] = {}
    for effect in effects:
        if effect.name == name:
            groups.setdefault(_value(effect, key), []).append(effect)
    return groups


def _value(effect: LastingEffect, key: str) -> str:
    if not key:
        return effect.key or f"{effect.path} {effect.body!r}"
    return lasting_effects.value_at(effect, key)


def _happened(
    evidence: Evidence, check_name: str, name: str, group: Sequence[LastingEffect], *, expected: int, value: str = ""
) -> Finding:
    which = f"{name} {value}" if value else _with_body(name, group)
    words = f"{which} happened {showing.times(len(group))}, expected {showing.times(expected)}"
    return _finding(evidence, check_name, name, words, [entry for effect in group for entry in effect.entries])


def _with_body(name: str, group: Sequence[LastingEffect]) -> str:
    executions = {_execution(effect) for effect in group}
    if len(executions) == 1 and (only := executions.pop())[2]:
        return f"{name} of {only[1]} {only[2]}"
    return f"{name} with {showing.short(group[0].body)}"


def _named(effect: LastingEffect) -> str:
    execution = _execution(effect) if effect.entries else ("", "", 0)
    return f"{effect.name} of {execution[1]} {execution[2]}" if execution[2] else effect.name


def _finding(evidence: Evidence, check_name: str, subject: str, message: str, entries: Iterable[Entry]) -> Finding:
    shown = showing.entries(evidence, sorted(entries, key=lambda entry: entry.at))
    return Finding(check=check_name, subject=subject, message=message, evidence=shown)
