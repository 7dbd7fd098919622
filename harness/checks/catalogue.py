"""The catalogue of checks: every standard one, in the order in which verdicts show them."""

from __future__ import annotations

import functools

from harness import extensions
from harness.checks import (
    code_change,
    effects,
    execution,
    executions,
    fixed_address,
    giving_up,
    hangs,
    heartbeats,
    left_undone,
    model_calls,
    model_errors,
    queries,
    recovery,
    refusals_told,
    registered,
    replayed,
    retries,
    scheduled,
    scheduled_effects,
    server,
    server_limits,
    stale_completions,
    truncated_answers,
    wellformed,
)
from harness.checks.check import Check

_OWN = (
    execution.workflow_ends_as_baseline,
    executions.executions_alike,
    scheduled.scheduled_runs_end_alike,
    scheduled_effects.scheduled_runs_do_alike,
    execution.activities_complete_once,
    execution.completed_activity_not_run_again,
    execution.no_workflow_task_failure,
    code_change.goes_on_under_other_code,
    execution.signals_once,
    queries.queries_answered,
    left_undone.updates_finished,
    left_undone.activities_finished,
    left_undone.children_finished,
    registered.activities_registered,
    server_limits.within_server_limits,
    wellformed.history_well_formed,
    effects.effects_happen_once,
    effects.effect_key_stable,
    effects.effects_as_baseline,
    stale_completions.stale_completion_harmless,
    heartbeats.heartbeat_declared,
    heartbeats.heartbeat_in_time,
    heartbeats.heartbeat_detected_in_time,
    heartbeats.heartbeat_details_delivered,
    heartbeats.no_work_redone,
    retries.retry_cap,
    retries.retry_spacing,
    retries.retry_bounded,
    retries.retry_names_exist,
    retries.non_retryable_means_one_attempt,
    retries.retry_state_right,
    model_calls.one_model_request_per_attempt,
    model_calls.model_call_not_repeated,
    model_errors.retry_after_honoured,
    model_errors.terminal_error_tried_once,
    truncated_answers.nothing_truncated_accepted,
    refusals_told.no_refusal_told_as_answer,
    giving_up.outage_ends_at_cap,
    giving_up.gives_up_cleanly,
    recovery.recovers_in_time,
    hangs.hang_noticed,
    recovery.graceful_stop,
    server.state_survives_server_restart,
    replayed.replays,
    fixed_address.address_can_be_told,
)


@functools.cache
def standard() -> tuple[Check, ...]:
    """Return every check that needs no parameter: crashproof's own, then those of extensions."""
    added = extensions.values_in(extensions.installed("checks"), Check)
    return tuple(extensions.by_name((*_OWN, *added), what="checks").values())
