"""Agents that charge, mail or order twice when their worker dies or an answer is lost, or that mix two effects up."""

from harness import Scenario, start, start_activity
from scenarios.broken.agents.effect_without_key import RETRIES, ChargeWithoutKey, charge
from scenarios.broken.agents.key_per_attempt import ChargeKeyPerAttempt
from scenarios.broken.agents.key_shared import MailKeyShared
from scenarios.broken.agents.local_effect_without_key import OrderLocally
from scenarios.broken.agents.memory_deduplication import MailRemembered
from scenarios.broken.agents.reply_lost_new_key import PayAgainWhenUnheard

effect_without_key = Scenario(
    worker="python -m scenarios.broken.agents.effect_without_key", work=start(ChargeWithoutKey.run, "order-1")
)
charge_alone_without_key = Scenario(
    worker="python -m scenarios.broken.agents.effect_without_key",
    work=start_activity(charge, "order-1", start_to_close_timeout=300, retry_policy=RETRIES),
)
key_per_attempt = Scenario(
    worker="python -m scenarios.broken.agents.key_per_attempt", work=start(ChargeKeyPerAttempt.run, "order-1")
)
key_shared = Scenario(
    worker="python -m scenarios.broken.agents.key_shared", work=start(MailKeyShared.run, ["ann", "bob"])
)
memory_deduplication = Scenario(
    worker="python -m scenarios.broken.agents.memory_deduplication", work=start(MailRemembered.run, "ann")
)
mail_left_out_by_schedule = Scenario(
    worker="python -m scenarios.broken.agents.memory_deduplication",
    work=start(MailRemembered.run, "ann"),
    faults=["schedule-skips"],
)
local_effect_without_key = Scenario(
    worker="python -m scenarios.broken.agents.local_effect_without_key", work=start(OrderLocally.run, "lamp")
)
reply_lost_new_key = Scenario(
    worker="python -m scenarios.broken.agents.reply_lost_new_key",
    work=start(PayAgainWhenUnheard.run, "order-1"),
    faults=["effect-reply-lost"],
)

DONE = "kill-worker@before/RespondActivityTaskCompleted"
PLANTED = {
    "effect_without_key": ("effects-happen-once", f"{DONE}/ChargeWithoutKey/charge.1/attempt-1"),
    "charge_alone_without_key": ("effects-happen-once", f"{DONE}/charge/charge.1/attempt-1"),
    "key_per_attempt": ("effect-key-stable", f"{DONE}/ChargeKeyPerAttempt/charge.1/attempt-1"),
    "key_shared": ("effect-key-stable", "baseline"),
    "memory_deduplication": ("effects-happen-once", f"{DONE}/MailRemembered/mail.1/attempt-1"),
    "mail_left_out_by_schedule": (
        "scheduled-runs-do-alike",
        "schedule-skips@before/RespondWorkflowTaskCompleted/MailRemembered/ScheduleActivityTask-mail.1/attempt-1",
    ),
    "local_effect_without_key": (
        "effects-happen-once",
        "kill-worker@before/RespondWorkflowTaskCompleted/OrderLocally"
        "/RecordMarker-core_local_activity+CompleteWorkflowExecution/attempt-1",
    ),
    "reply_lost_new_key": (
        "effects-happen-once",
        "effect-reply-lost@after/effect.pay/PayAgainWhenUnheard/pay.1/attempt-1",
    ),
}
