"""Agents that come back to a rate limit too early, or to a refusal at all."""

from harness import Scenario, start
from scenarios.broken.agents.bad_request_retried import TranslateWhateverItSays
from scenarios.broken.agents.client_retries import TranslateTwiceOver
from scenarios.broken.agents.quota_retried import TranslateWithoutQuota
from scenarios.broken.agents.retry_after_ignored import SumUpTooSoon
from scenarios.broken.agents.retry_after_seconds_only import SumUpSecondsOnly

retry_after_ignored = Scenario(
    worker="python -m scenarios.broken.agents.retry_after_ignored",
    work=start(SumUpTooSoon.run, "the minutes"),
    faults=["model-429-seconds"],
)
retry_after_seconds_only = Scenario(
    worker="python -m scenarios.broken.agents.retry_after_seconds_only",
    work=start(SumUpSecondsOnly.run, "the minutes"),
    faults=["model-429-seconds", "model-429-date", "model-429-milliseconds"],
)
bad_request_retried = Scenario(
    worker="python -m scenarios.broken.agents.bad_request_retried",
    work=start(TranslateWhateverItSays.run, "good morning"),
    faults=["model-400"],
)
quota_retried = Scenario(
    worker="python -m scenarios.broken.agents.quota_retried",
    work=start(TranslateWithoutQuota.run, "good morning"),
    faults=["model-429-quota"],
)
client_retries = Scenario(
    worker="python -m scenarios.broken.agents.client_retries",
    work=start(TranslateTwiceOver.run, "good morning"),
    faults=["model-500-once"],
)

ASKED = "before/model.chat.completions"
PLANTED = {
    "retry_after_ignored": (
        "retry-after-honoured",
        f"model-429-seconds@{ASKED}/SumUpTooSoon/sum_up.1/attempt-1",
    ),
    "retry_after_seconds_only": (
        "retry-after-honoured",
        f"model-429-date@{ASKED}/SumUpSecondsOnly/sum_up.1/attempt-1",
    ),
    "bad_request_retried": (
        "terminal-error-tried-once",
        f"model-400@{ASKED}/TranslateWhateverItSays/translate.1/attempt-1",
    ),
    "quota_retried": (
        "terminal-error-tried-once",
        f"model-429-quota@{ASKED}/TranslateWithoutQuota/translate.1/attempt-1",
    ),
    "client_retries": (
        "one-model-request-per-attempt",
        f"model-500-once@{ASKED}/TranslateTwiceOver/translate.1/attempt-1",
    ),
}

ALSO_PLANTED = {
    "retry_after_seconds_only": (
        (
            "retry-after-honoured",
            f"model-429-milliseconds@{ASKED}/SumUpSecondsOnly/sum_up.1/attempt-1",
        ),
    )
}
