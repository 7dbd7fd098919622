"""Every value that the recorded commands hold, and the field that a difference in it must name; ``-`` for none."""

from __future__ import annotations

NAMED_BY = {
    "ScheduleActivityTask": """
        activity_id activityId
        activity_type.name activityType
        task_queue.name taskQueue
        task_queue.kind -
        input.payloads.0 input.0
        input.payloads.1 input.1
        schedule_to_close_timeout scheduleToCloseTimeout
        schedule_to_start_timeout scheduleToStartTimeout
        start_to_close_timeout startToCloseTimeout
        heartbeat_timeout heartbeatTimeout
        retry_policy.initial_interval retryPolicy.initialInterval
        retry_policy.backoff_coefficient retryPolicy.backoffCoefficient
        retry_policy.maximum_interval retryPolicy.maximumInterval
        retry_policy.maximum_attempts retryPolicy.maximumAttempts
        retry_policy.non_retryable_error_types retryPolicy.nonRetryableErrorTypes
        request_eager_execution -
        use_workflow_build_id -
        priority.priority_key priority.priorityKey
        priority.fairness_key priority.fairnessKey
        priority.fairness_weight priority.fairnessWeight
        user_metadata.summary userMetadata.summary
    """,
    "RecordMarker core_local_activity": """
        details.result.payloads.0 result.0
        failure.message failure.message
        failure.stack_trace -
        failure.application_failure_info.type failure.type
        failure.application_failure_info.non_retryable failure.nonRetryable
        failure.application_failure_info.details.payloads.0 failure.details.0
    """,
    "StartTimer": """
        timer_id timerId
        start_to_fire_timeout startToFireTimeout
        user_metadata.summary userMetadata.summary
    """,
    "RequestCancelActivityTask": """
        scheduled_event_id activityId
    """,
    "FailWorkflowExecution": """
        failure.message failure.message
        failure.stack_trace -
        failure.cause.message failure.cause.message
        failure.cause.cause.message failure.cause.cause.message
        failure.cause.cause.stack_trace -
        failure.cause.cause.application_failure_info.type failure.cause.cause.type
        failure.cause.cause.application_failure_info.non_retryable failure.cause.cause.nonRetryable
        failure.cause.cause.application_failure_info.details.payloads.0 failure.cause.cause.details.0
        failure.cause.activity_failure_info.scheduled_event_id failure.cause.scheduledEventId
        failure.cause.activity_failure_info.started_event_id failure.cause.startedEventId
        failure.cause.activity_failure_info.identity failure.cause.identity
        failure.cause.activity_failure_info.activity_type.name failure.cause.activityType
        failure.cause.activity_failure_info.activity_id failure.cause.activityId
        failure.cause.activity_failure_info.retry_state failure.cause.retryState
        failure.application_failure_info.type failure.type
        failure.application_failure_info.non_retryable failure.nonRetryable
        failure.application_failure_info.details.payloads.0 failure.details.0
    """,
    "RecordMarker core_patch": """
    """,
    "UpsertWorkflowSearchAttributes": """
        search_attributes.indexed_fields.TemporalChangeVersion -
        search_attributes.indexed_fields.Count searchAttributes.Count
        search_attributes.indexed_fields.Topic searchAttributes.Topic
    """,
    "ModifyWorkflowProperties": """
        upserted_memo.fields.more upsertedMemo.more
        upserted_memo.fields.stage upsertedMemo.stage
    """,
    "CancelTimer": """
        timer_id timerId
        user_metadata.summary -
    """,
    "StartChildWorkflowExecution": """
        namespace namespace
        workflow_id workflowId
        workflow_type.name workflowType
        task_queue.name taskQueue
        task_queue.kind -
        input.payloads.0 input.0
        input.payloads.1 input.1
        workflow_execution_timeout workflowExecutionTimeout
        workflow_run_timeout workflowRunTimeout
        workflow_task_timeout workflowTaskTimeout
        parent_close_policy parentClosePolicy
        workflow_id_reuse_policy workflowIdReusePolicy
        retry_policy.initial_interval retryPolicy.initialInterval
        retry_policy.backoff_coefficient retryPolicy.backoffCoefficient
        retry_policy.maximum_interval retryPolicy.maximumInterval
        retry_policy.maximum_attempts retryPolicy.maximumAttempts
        retry_policy.non_retryable_error_types retryPolicy.nonRetryableErrorTypes
        memo.fields.child memo.child
        search_attributes.indexed_fields.Topic searchAttributes.Topic
        inherit_build_id -
        priority.priority_key priority.priorityKey
        user_metadata.summary userMetadata.summary
        user_metadata.details userMetadata.details
    """,
    "SignalExternalWorkflowExecution": """
        namespace namespace
        execution.workflow_id workflowId
        signal_name signalName
        input.payloads.0 input.0
        child_workflow_only childWorkflowOnly
        execution.run_id runId
    """,
    "RequestCancelExternalWorkflowExecution": """
        namespace namespace
        workflow_id workflowId
        run_id -
        child_workflow_only childWorkflowOnly runId
        reason reason
    """,
    "ScheduleNexusOperation": """
        endpoint endpoint
        service service
        operation operation
        input input
        schedule_to_close_timeout scheduleToCloseTimeout
        nexus_header.tone nexusHeader.tone
        user_metadata.summary userMetadata.summary
    """,
    "RequestCancelNexusOperation": """
        scheduled_event_id number
    """,
    "ContinueAsNewWorkflowExecution": """
        task_queue.name taskQueue
        task_queue.kind -
        input.payloads.0 input.0
        workflow_run_timeout workflowRunTimeout
        workflow_task_timeout workflowTaskTimeout
        retry_policy.initial_interval -
        retry_policy.backoff_coefficient -
        retry_policy.maximum_interval -
        retry_policy.maximum_attempts -
        retry_policy.non_retryable_error_types -
        memo.fields.from memo.from
        search_attributes.indexed_fields.Topic searchAttributes.Topic
        inherit_build_id -
    """,
    "CompleteWorkflowExecution": """
        result.payloads.0 result.0
    """,
}
"""Kind of command, with the name of a marker, to lines of path in the protobuf message and field; a payload is one
line for its bytes and its encoding. The content of the SDK's markers has tests of its own."""
