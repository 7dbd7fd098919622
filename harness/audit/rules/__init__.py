"""The catalogue of rules. A family of rules is a module with a tuple ``RULES``, and stands here by its name."""

from __future__ import annotations

from types import ModuleType

from harness.audit.rules import (
    addresses,
    answers,
    asyncio_order,
    blocking,
    cancellation,
    client_retries,
    clock,
    defaults,
    endless,
    error_names,
    half_read,
    heartbeats,
    idempotency,
    io,
    long_loops,
    loops,
    lost_signals,
    ordering,
    passed_through,
    payloads,
    plain_errors,
    process_memory,
    process_state,
    queries,
    randomness,
    replaying,
    resuming,
    retry_policies,
    shared_state,
    swallowing,
    threads,
    timeouts,
    waits,
    worker,
)
from harness.audit.rules.rule import Rule as Rule
from harness.errors import UsageError, nearest

_FAMILIES: tuple[ModuleType, ...] = (
    addresses,
    answers,
    asyncio_order,
    blocking,
    cancellation,
    client_retries,
    clock,
    defaults,
    endless,
    error_names,
    half_read,
    heartbeats,
    idempotency,
    io,
    long_loops,
    loops,
    lost_signals,
    plain_errors,
    ordering,
    passed_through,
    payloads,
    process_memory,
    process_state,
    queries,
    randomness,
    replaying,
    resuming,
    retry_policies,
    shared_state,
    swallowing,
    threads,
    timeouts,
    waits,
    worker,
)

RULES: tuple[Rule, ...] = tuple(
    sorted((rule for family in _FAMILIES for rule in family.RULES), key=lambda rule: rule.id)
)
"""All rules, by id."""


def named(id_or_name: str) -> Rule:
    """Return the rule of that id or name, in whatever case.

    Raises:
        UsageError: If there is none; the message names the nearest one.
    """
    found = {key.lower(): rule for rule in RULES for key in (rule.id, rule.name)}
    if rule := found.get(id_or_name.strip().lower()):
        return rule
    raise UsageError(f"There is no rule {id_or_name!r}{nearest(id_or_name.upper(), [rule.id for rule in RULES])}.")
