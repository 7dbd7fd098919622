"""Lasting effects: what stays of calls at the effect server, and of state, compared with the undisturbed runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.checks.masking import agrees, mask, neutral, same
from harness.checks.scheduled import scheduled_at
from harness.records.act_facts import StateChanged
from harness.records.evidence import Evidence
from harness.records.idempotency import KEY_FIELDS, idempotency_key, without_key
from harness.records.tape import Entry, acts, executed

_Left = TypeVar("_Left")
_Right = TypeVar("_Right")

_BELOW = re.compile(r"[/+]")  # what follows in a path is a child, or a later run
_READS = ("GET", "HEAD", "OPTIONS", "CONNECT")  # what CONNECT carries is not seen
_IDEMPOTENT = ("PUT", "DELETE")


@dataclass(frozen=True)
class LastingEffect:
    """One lasting effect: a POST without a key, or all that are the same one asked for again.

    Those are all of the same name and key; without a key, all with which the same is put to, or deleted at, one place.

    Attributes:
        name: Name of the effect.
        path: Path of the request.
        key: The idempotency key; empty: none was sent.
        body: The body beside the key; in a pattern, what differs between the baselines is masked.
        entries: The executions of it, in order; empty in a pattern.
        work: Path of the execution of the work that had it, as ``Agent.2``; empty where that cannot be told.
    """

    name: str
    path: str
    key: Any
    body: Any
    entries: tuple[Entry, ...] = ()
    work: str = ""


def effects_of(evidence: Evidence) -> tuple[LastingEffect, ...]:
    """Return the lasting effects of a trial, in order; the same one asked for again is the same effect."""
    return evidence.view(_effects)


def effects_since(evidence: Evidence, since: float) -> tuple[LastingEffect, ...]:
    """Return the effects of calls from a time on, in seconds since the epoch, in order."""
    return tuple(_calls(evidence, lambda at: at > since))


def _effects(evidence: Evidence) -> tuple[LastingEffect, ...]:
    scheduled = scheduled_at(evidence)  # the work itself was over then
    if scheduled is not None:
        return tuple(_calls(evidence, lambda at: at <= scheduled))
    return (*_calls(evidence, lambda at: True), *_state_effects(evidence))


def _calls(evidence: Evidence, counts: Callable[[float], bool]) -> Iterator[LastingEffect]:
    """Return the effects of those calls whose time counts, one after the other."""
    asked = {entry.message: entry for entry in evidence.tape if entry.kind == "request" and entry.door == "effect"}
    executions: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in executed(evidence.tape, door="effect"):
        call = asked.get(entry.message, entry)
        if call.http.method.upper() in _READS or not _succeeded(entry):
            continue
        if not counts(entry.at):
            continue
        again = _same_again(call)
        identity = (entry.operation, again) if again else (entry.operation, "", entry.message, len(executions))
        executions.setdefault(identity, []).append(entry)
    return (_effect(evidence, entries, asked) for entries in executions.values())


def _state_effects(evidence: Evidence) -> Iterator[LastingEffect]:
    """Yield each row that was added to the scenario's state or removed from it, as an effect of its own."""
    for entry in acts(evidence.tape, "state"):
        if (changed := entry.facts_as(StateChanged)) is not None:
            name = changed.place if changed.change == "added" else f"{changed.place}, {changed.change}"
            yield LastingEffect(name, "", "", neutral(evidence, changed.row), (entry,))


def effect_patterns(baselines: Sequence[Evidence]) -> list[LastingEffect]:
    """Return the baselines' effects with what differs between them masked.

    Where the baselines differ in number, the larger number stands; ``uncounted`` tells which effects that are.
    """
    lists = [effects_of(baseline) for baseline in baselines]
    patterns = list(lists[0])
    for others in lists[1:]:
        pairs, _, more = matched(patterns, others, [_equal, _alike, _same_key, _same_place, _same_name])
        paired = {id(one): _blend(one, other) for one, other in pairs}
        patterns = [paired.get(id(one), one) for one in patterns] + more
    return [replace(each, entries=()) for each in patterns]


def uncounted(baselines: Sequence[Evidence]) -> frozenset[str]:
    """Return the names of the effects whose number differs between the baselines."""
    counts = [Counter(effect.name for effect in effects_of(baseline)) for baseline in baselines]
    names = {name for count in counts for name in count}
    return frozenset(name for name in names if len({count[name] for count in counts}) > 1)


def matched(
    left: Sequence[_Left], right: Sequence[_Right], rules: Sequence[Callable[[_Left, _Right], bool]]
) -> tuple[list[tuple[_Left, _Right]], list[_Left], list[_Right]]:
    """Pair what the rules say may be paired, as many as possible, the first rule first.

    Returns:
        The pairs, what is left over on the left, and on the right.
    """
    partner: dict[int, int] = {}
    for rule in rules:
        allowed = [[at for at, other in enumerate(right) if rule(one, other)] for one in left]
        for index in range(len(left)):
            if index not in partner.values():
                _augment(index, allowed=allowed, partner=partner, tried=set())
    pairs = [(left[index], right[at]) for at, index in sorted(partner.items(), key=lambda pair: pair[1])]
    taken = set(partner.values())
    rest = [one for index, one in enumerate(left) if index not in taken]
    return pairs, rest, [other for at, other in enumerate(right) if at not in partner]


def value_at(effect: LastingEffect, field: str) -> str:
    """Return what a field of an effect's body holds, as text; dots go deeper. ``None`` where there is none."""
    value: Any = effect.body
    if field in KEY_FIELDS and effect.key:
        return str(effect.key)
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return str(value)


def key_of(call: Entry) -> str:
    """Return the idempotency key of a request, in a header or its body, or an empty text."""
    return idempotency_key(call.http.headers, call.http.body)


def is_harmless_again(call: Entry) -> bool:
    """Tell whether a request does nothing more where it comes a second time: by its key, or by its method."""
    return bool(_same_again(call))


def _same_again(call: Entry) -> str:
    """Return what is the same in all requests for the effect of one; empty where each request has its own effect.

    PUT and DELETE are idempotent by themselves (RFC 9110, section 9.2.2), as far as the same is asked.
    """
    method = call.http.method.upper()
    if key := key_of(call):
        return key
    asked = [method, call.http.path, call.http.body]
    return json.dumps(asked, sort_keys=True, default=str) if method in _IDEMPOTENT else ""


def same_effect(seen: LastingEffect, pattern: LastingEffect) -> bool:
    """Tell whether an effect is what the pattern says, apart from its key."""
    same_place = seen.name == pattern.name and _same_work(seen, pattern)
    return same_place and agrees(seen.path, pattern.path) and agrees(seen.body, pattern.body)


def same_effect_and_key(seen: LastingEffect, pattern: LastingEffect) -> bool:
    """Tell whether an effect is what the pattern says, key included."""
    return same_effect(seen, pattern) and agrees(seen.key, pattern.key)


def _effect(evidence: Evidence, entries: list[Entry], asked: dict[int, Entry]) -> LastingEffect:
    entry = entries[0]
    call = asked.get(entry.message, entry)
    body = without_key(call.http.headers, call.http.body)
    named = neutral(evidence, {"path": call.http.path, "key": key_of(call), "body": body})
    work = _BELOW.split(entry.point.workflow)[0] if entry.point else ""
    return LastingEffect(entry.operation, named["path"], named["key"], named["body"], tuple(entries), work)


def _succeeded(entry: Entry) -> bool:
    return not entry.status.isdigit() or int(entry.status) < 400


def _equal(one: LastingEffect, other: LastingEffect) -> bool:
    return _alike(one, other) and one.key == other.key


def _alike(one: LastingEffect, other: LastingEffect) -> bool:
    return _same_place(one, other) and same(one.body, other.body)


def _same_key(one: LastingEffect, other: LastingEffect) -> bool:
    return bool(one.key) and (one.name, one.key) == (other.name, other.key) and _same_work(one, other)


def _same_place(one: LastingEffect, other: LastingEffect) -> bool:
    return (one.name, one.path) == (other.name, other.path) and _same_work(one, other)


def _same_name(one: LastingEffect, other: LastingEffect) -> bool:
    return one.name == other.name and _same_work(one, other)


def _same_work(one: LastingEffect, other: LastingEffect) -> bool:
    """Tell whether two effects can be of one execution of the work."""
    return one.work == other.work or not (one.work and other.work)


def _blend(one: LastingEffect, other: LastingEffect) -> LastingEffect:
    return LastingEffect(
        one.name,
        mask(one.path, other.path),
        mask(one.key, other.key),
        mask(one.body, other.body),
        work=one.work if one.work == other.work else "",
    )


def _augment(index: int, *, allowed: list[list[int]], partner: dict[int, int], tried: set[int]) -> bool:
    for at in allowed[index]:
        if at in tried:
            continue
        tried.add(at)
        if at not in partner or _augment(partner[at], allowed=allowed, partner=partner, tried=tried):
            partner[at] = index
            return True
    return False
