"""The catalogue: every standard check, in the order in which verdicts show them."""

from __future__ import annotations

from harness.checks import Check, effects, execution, heartbeats, model_calls, recovery, replayed, retries, wellformed

STANDARD: tuple[Check, ...] = (
    execution.workflow_ends_as_baseline,
    execution.activities_complete_once,
    execution.completed_activity_not_run_again,
    execution.no_workflow_task_failure,
    execution.signals_once,
    wellformed.history_well_formed,
    effects.effects_happen_once,
    effects.effect_key_stable,
    effects.effects_as_baseline,
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
    recovery.recovers_in_time,
    replayed.replays,
)
