"""The twelve points of the checklist: what each promises, and from what its outcome is made. A table, and no code.

A point fails where one of its checks finds something, or one of its rules is broken in the code. It passes only where
its checks were judged and each of its faults was struck, or cannot be met by this worker.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReadinessPoint:
    """One point of the checklist.

    Attributes:
        id: ``D1``: the first letter of its theme, and a number.
        theme: What it is about.
        title: What holds where it passes, in a few words.
        promise: The same in full.
        checks: Names of the checks that it is made of: of trials, of replays, of explorations.
        under: Families or names of faults: of trials with strikes only those under these count; none: all count.
        rules: Rules of the audit, or what the names of a family of them begin with.
        faults: Faults that must have been struck, where the worker can meet them at all.
        replays: Whether histories must have been replayed under all conditions.
        outage: Whether it is judged where the usual model is out of service from the start.
        undisturbed: Whether trials without strikes alone count.
        tells: Whether it is told what its checks say beside a pass.
        planted: The agent that was made to fail it, as ``FILE::SCENARIO``.
        remedy: How an agent is mended that fails it.
    """

    id: str
    theme: str
    title: str
    promise: str
    checks: tuple[str, ...]
    under: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    replays: bool = False
    outage: bool = False
    undisturbed: bool = False
    tells: bool = False
    planted: str
    remedy: str


POINTS = (
    ReadinessPoint(
        id="D1",
        theme="determinism",
        title="Replays strictly",
        promise="Every history, and every prefix of one that ends a workflow task, replays to the same commands under "
        "all conditions: hash seeds, time zones, clocks, cold and warm.",
        checks=("replays", "workflow-task-fails", "asked-again-differs"),
        rules=("CP1", "CP201", "CP202", "CP203", "CP204", "CP210", "CP501", "CP503", "CP506"),
        faults=("kill-worker",),
        replays=True,
        planted="scenarios/broken/state.py::set_order",
        remedy="Keep clocks, randomness, environment, network and the order of sets out of workflow code, and change "
        "code that runs behind workflow.patched().",
    ),
    ReadinessPoint(
        id="D2",
        theme="determinism",
        title="Survives a kill at every moment",
        promise="Killed at every cut, the work ends as undisturbed: same result, nothing lost, nothing stuck.",
        checks=(
            "workflow-ends-as-baseline",
            "no-workflow-task-failure",
            "activities-complete-once",
            "completed-activity-not-run-again",
            "history-well-formed",
            "recovers-in-time",
        ),
        under=("process", "server", "wire"),
        rules=("CP216", "CP217", "CP310"),
        faults=("kill-worker",),
        planted="scenarios/broken/state.py::draft_in_memory",
        remedy="State belongs into the workflow or behind a key, never into the memory of a worker process.",
    ),
    ReadinessPoint(
        id="H1",
        theme="heartbeats",
        title="Declared and beating",
        promise="What runs long declares a heartbeat timeout and beats within it, also while a model is slow.",
        checks=("heartbeat-declared", "heartbeat-in-time"),
        rules=("CP302", "CP303", "CP304", "CP309", "CP315", "CP318"),
        faults=("model-slow",),
        planted="scenarios/broken/heartbeats.py::slow_beats",
        remedy="Declare a heartbeat_timeout, and call activity.heartbeat() more often than it says, also while waiting "
        "for a slow call.",
    ),
    ReadinessPoint(
        id="H2",
        theme="heartbeats",
        title="Death and cancellation noticed",
        promise="A dead attempt is noticed within its heartbeat timeout, the next one resumes from the checkpoint, a "
        "hang is noticed, and a cancellation arrives.",
        checks=(
            "heartbeat-detected-in-time",
            "heartbeat-details-delivered",
            "no-work-redone",
            "hang-noticed",
            "cancellation-swallowed",
        ),
        rules=("CP206", "CP307", "CP308", "CP312", "CP319"),
        faults=("kill-worker", "model-silent", "cancel-workflow"),
        planted="scenarios/broken/heartbeats.py::checkpoint_ignored",
        remedy="Beat with the progress made, read activity.info().heartbeat_details at the start of an attempt, give "
        "each client a timeout, and let CancelledError through.",
    ),
    ReadinessPoint(
        id="R1",
        theme="retries",
        title="Bounded and classified",
        promise="Retries end, by attempts or by time; what no retry heals is tried once, and the work then fails "
        "promptly and says why.",
        checks=(
            "retry-cap",
            "retry-bounded",
            "retry-names-exist",
            "non-retryable-means-one-attempt",
            "retry-state-right",
            "terminal-error-tried-once",
            "outage-ends-at-cap",
            "gives-up-cleanly",
            "nothing-truncated-accepted",
        ),
        rules=("CP208", "CP311", "CP313", "CP316", "CP401", "CP402", "CP403", "CP404", "CP405", "CP406", "CP407"),
        faults=("model-401", "model-outage"),
        planted="scenarios/broken/retries.py::misspelt_error",
        remedy="Give each activity a retry policy with maximum_attempts or a schedule_to_close_timeout, and raise "
        "ApplicationError(non_retryable=True) for what no retry heals.",
    ),
    ReadinessPoint(
        id="R2",
        theme="retries",
        title="Backs off, and multiplies nothing",
        promise="Retries keep their spacing and heed Retry-After in seconds, in milliseconds and as a date; no client "
        "retries inside an activity that Temporal retries.",
        checks=(
            "retry-spacing",
            "retry-after-honoured",
            "one-model-request-per-attempt",
            "model-call-not-repeated",
        ),
        rules=("CP305", "CP314"),
        faults=(
            "model-429-tokens-seconds",
            "model-429-tokens-milliseconds",
            "model-429-tokens-date",
            "model-503",
        ),
        planted="scenarios/broken/rate_limits.py::retry_after_ignored",
        remedy="Set max_retries=0 in the client, read Retry-After, and raise "
        "ApplicationError(next_retry_delay=...): the retry policy does the waiting.",
    ),
    ReadinessPoint(
        id="I1",
        theme="idempotency",
        title="Each effect once",
        promise="Each effect happens once under crashes and lost replies, its key the same in every attempt.",
        checks=("effects-happen-once", "effect-key-stable", "effects-as-baseline", "stale-completion-harmless"),
        under=("process", "server", "wire", "effect"),
        rules=("CP306",),
        faults=("kill-worker", "effect-reply-lost"),
        planted="scenarios/broken/effects.py::effect_without_key",
        remedy="Send with each effect a key made of workflow id and activity id, and let the receiver refuse what it "
        "knows.",
    ),
    ReadinessPoint(
        id="I2",
        theme="idempotency",
        title="Duplicates harmless, failures compensated",
        promise="A start, signal or update that comes twice does no harm; where the work gives up, what was done is "
        "undone, and nothing is left open.",
        checks=(
            "effects-happen-once",
            "workflow-ends-as-baseline",
            "signals-once",
            "updates-finished",
            "activities-finished",
            "children-finished",
            "undone:*",
            "message-lost",
            "order-matters",
        ),
        under=("client",),
        rules=("CP205", "CP211", "CP213", "CP214", "CP215"),
        faults=("request-repeated", "started-again-to-use", "started-after-end", "sent-again"),
        planted="scenarios/broken/clients.py::started_twice_pays_twice",
        remedy="Make keys of what names the work, and not of the run; note how to undo a step before it; wait for "
        "workflow.all_handlers_finished before the workflow ends.",
    ),
    ReadinessPoint(
        id="O1",
        theme="observability",
        title="Metrics move for each fault",
        promise="The worker's Prometheus endpoint, scraped before and after, moves for each injected fault that the "
        "worker hears of.",
        checks=("faults-move-metrics",),
        faults=("kill-worker", "model-503"),
        tells=True,
        planted="scenarios/broken/watching.py::metrics_stand_still",
        remedy="Give the worker Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=...))) with "
        "the address from the environment, and say so: --env 'METRICS_ADDRESS=${METRICS_ADDRESS}'.",
    ),
    ReadinessPoint(
        id="O2",
        theme="observability",
        title="Logs say whose, once, and no secret",
        promise="Logs carry workflow id, run id and attempt, are not repeated by replays, and no planted secret is in "
        "any log or history.",
        checks=("logs-say-whose", "logs-not-repeated", "secrets-kept"),
        faults=("kill-worker",),
        planted="scenarios/broken/watching.py::logs_for_nobody",
        remedy="Log by workflow.logger and activity.logger, whose extras carry workflow id, run id and attempt and "
        "which are silent in replays; log no key and no header.",
    ),
    ReadinessPoint(
        id="C1",
        theme="fallback",
        title="A breaker opens",
        promise="Where the usual model is out of service a breaker opens, the load on it is bounded, and a degraded "
        "answer comes in time.",
        checks=("breaker-opens", "degraded-answer"),
        rules=("CP602",),
        outage=True,
        undisturbed=True,
        planted="scenarios/broken/fallbacks.py::no_breaker",
        remedy="Count the failures of the model in the workflow, leave it in peace after some of them, and ask another "
        "one meanwhile.",
    ),
    ReadinessPoint(
        id="C2",
        theme="fallback",
        title="The fallback survives a crash",
        promise="While the usual model is out of service the work survives a kill at every cut, and asks it no more "
        "often than undisturbed.",
        checks=(
            "workflow-ends-as-baseline",
            "replays",
            "no-workflow-task-failure",
            "model-call-not-repeated",
            "recovers-without-burst",
        ),
        under=("process",),
        faults=("kill-worker",),
        outage=True,
        planted="scenarios/broken/fallbacks.py::breaker_in_memory",
        remedy="Keep the state of the breaker in the workflow, made of results and of workflow.now(): a worker that "
        "dies takes nothing of it along.",
    ),
)
"""The points, two a theme, in the order in which they are told."""
