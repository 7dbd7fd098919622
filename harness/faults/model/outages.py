"""Faults of a model that cannot be reached or does not work: errors of its own, and connections without an answer."""

from __future__ import annotations

from dataclasses import replace

from harness.faults.action import LoseReply, ModelError, Reset, Silence, TimeOut
from harness.faults.fault import Fault, timed_out_for_ever
from harness.faults.model.actions import BreakAnswer, Drip, InTurn, SendBody, Slow
from harness.faults.model.one_call import WHOLE, one_call

_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


def _page(status: int, title: str) -> SendBody:
    """Return the answer of a gateway in front of the provider: a page of HTML."""
    return SendBody(_PAGE.format(f"{status} {title}"), status=status, content_type="text/html; charset=utf-8")


MODEL_500_ONCE = Fault(
    name="model-500-once",
    family="model",
    what="The model answers one call with 500.",
    right="The next attempt asks again, and the answer is as if nothing had happened.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
)

MODEL_500_UNTIL_HEALED = Fault(
    name="model-500-until-healed",
    family="model",
    what="The model answers two calls in a row with 500; then it is healed.",
    right="The attempts are spaced as the retry policy says, and one of them gets the answer.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
    times=2,
)

MODEL_OUTAGE = Fault(
    name="model-outage",
    family="model",
    what="The model answers every call with 500, and is never healed.",
    right="The attempts end at the declared cap, spaced as the retry policy says, and the work fails or falls back.",
    action=ModelError(500, "server_error", "The server had an error while processing your request."),
    doors=("model",),
    positions=("before",),
    times=0,
    terminal=True,
)

MODEL_RESET = Fault(
    name="model-reset",
    family="model",
    what="The connection of one model call is reset before anything is answered.",
    right="The next attempt asks again.",
    action=Reset(),
    doors=("model",),
    positions=("before",),
)

MODEL_SILENT = Fault(
    name="model-silent",
    family="model",
    what="One model call is never answered, and its connection stays open.",
    right="The agent gives up after a timeout of its own, before the activity times out, and asks again.",
    action=Silence(),
    doors=("model",),
    positions=("before",),
)

MODEL_SILENT_ALWAYS = timed_out_for_ever(
    one_call(
        "model-silent-always",
        "No model call is ever answered, from one on, and each attempt of the activity times out before its client "
        "gives up.",
        TimeOut(),
    )
)

MODEL_500_NO_RETRY = one_call(
    "model-500-no-retry",
    "The model answers one call with 500 and x-should-retry: false.",
    ModelError(500, "server_error", "The server had an error.", headers=(("x-should-retry", "false"),)),
)

MODEL_502 = one_call("model-502", "A gateway answers one call with 502 and a page of HTML.", _page(502, "Bad Gateway"))

MODEL_503 = one_call(
    "model-503",
    "The model answers one call with 503 and Retry-After: 2.",
    ModelError(503, "server_error", "The engine is currently overloaded, please try again later.", retry_after=2.0),
    right="The next attempt comes as soon as the provider asks, and no earlier.",
)

MODEL_503_RETRY = one_call(
    "model-503-retry",
    "The model answers one call with 503 and x-should-retry: true.",
    ModelError(503, "server_error", "Please try again.", headers=(("x-should-retry", "true"),)),
)

MODEL_504 = one_call(
    "model-504", "A gateway answers one call with 504 and a page of HTML.", _page(504, "Gateway Time-out")
)

MODEL_520 = one_call(
    "model-520",
    "A gateway answers one call with 520 and a page of HTML: it understood nothing that the provider said.",
    _page(520, "Web server is returning an unknown error"),
)

MODEL_521 = one_call(
    "model-521", "A gateway answers one call with 521 and a page of HTML.", _page(521, "Web server is down")
)

MODEL_522 = one_call(
    "model-522", "A gateway answers one call with 522 and a page of HTML.", _page(522, "Connection timed out")
)

MODEL_523 = one_call(
    "model-523", "A gateway answers one call with 523 and a page of HTML.", _page(523, "Origin is unreachable")
)

MODEL_524 = one_call(
    "model-524", "A gateway answers one call with 524 and a page of HTML.", _page(524, "A timeout occurred")
)

MODEL_529 = one_call(
    "model-529",
    "The model answers one call with 529: it is overloaded.",
    ModelError(529, "overloaded_error", "Overloaded"),
)

MODEL_IN_TURN = replace(
    one_call(
        "model-in-turn",
        "The model refuses a call with 429, resets the connection of the next, and answers the one after with 503.",
        InTurn(
            (
                ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests."),
                Reset(),
                ModelError(503, "server_error", "Please try again."),
            )
        ),
        right="The attempts are spaced as the retry policy says, and one of them gets the answer.",
    ),
    times=3,
)

MODEL_CLOSED = one_call(
    "model-closed", "The connection of one model call is closed before anything is answered.", BreakAnswer("closed")
)

MODEL_RESET_AFTER_HEADERS = one_call(
    "model-reset-after-headers",
    "One model call gets status 200 and headers; then its connection is reset.",
    BreakAnswer("reset after headers"),
    position="after",
)

MODEL_SHORT = one_call(
    "model-short",
    "One model call gets half of the bytes that content-length announces; then its connection is closed.",
    BreakAnswer("short"),
    position="after",
)

MODEL_REPLY_LOST = one_call(
    "model-reply-lost",
    "One model call is executed, and billed, and the worker sees the connection break instead of the answer.",
    LoseReply(),
    right="The next attempt asks again; the call is paid for twice, and the report says so.",
    position="after",
)

MODEL_DRIP = replace(
    one_call(
        "model-drip",
        "One model call is answered with one byte a second, so that no time limit between two bytes is ever reached.",
        Drip(),
        right="The agent gives up by a time limit for the whole call, or its activity times out as declared.",
        position="after",
        operations=WHOLE,
    ),
    needs_more=("acceleration",),  # where only the timeout of its activity ends it, that takes as long as declared
)

MODEL_SLOW = one_call(
    "model-slow",
    "One model call is answered right, after nine tenths of the time that the client waits (20 s at most).",
    Slow(),
    right="Heartbeats go on meanwhile, and the answer is taken.",
    position="after",
    heard="the answer",
    operations=WHOLE,
)
