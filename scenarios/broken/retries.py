"""Agents that ask a model again which has refused for good, or ask it more often than their retry policy says."""

from harness import Scenario, start
from scenarios.broken.agents.endless_retry import AskWithoutEnd
from scenarios.broken.agents.form_asked_for_ever import PlanUntilItFits
from scenarios.broken.agents.misspelt_error import AskMisspelt
from scenarios.broken.agents.retry_in_retry import AskTwiceOver

endless_retry = Scenario(
    worker="python -m scenarios.broken.agents.endless_retry",
    work=start(AskWithoutEnd.run, "why?"),
    model="scripts/refuses.py",
    fails="InvalidInputError",
    time_limit=15,
)
misspelt_error = Scenario(
    worker="python -m scenarios.broken.agents.misspelt_error",
    work=start(AskMisspelt.run, "why?"),
    model="scripts/refuses.py",
    fails="InvalidInputError",
)
retry_in_retry = Scenario(
    worker="python -m scenarios.broken.agents.retry_in_retry",
    work=start(AskTwiceOver.run, "why?"),
    model="scripts/overloaded.py",
    fails="ModelUnavailable",
)
form_asked_for_ever = Scenario(
    worker="python -m scenarios.broken.agents.form_asked_for_ever",
    work=start(PlanUntilItFits.run, "three days in Rome"),
    model="scripts/fills_the_form.py",
    faults=["answer-prose-always"],
    time_limit=15,
)

PLANTED = {
    "endless_retry": ("retry-bounded", "baseline"),
    "misspelt_error": ("retry-names-exist", "baseline"),
    "retry_in_retry": ("one-model-request-per-attempt", "baseline"),
    "form_asked_for_ever": (
        "gives-up-cleanly",
        "answer-prose-always@after/model.chat.completions/PlanUntilItFits/fill_form.1/attempt-1",
    ),
}
