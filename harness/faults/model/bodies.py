"""Faults of a model whose answer arrives with status 200 and cannot be used, or only in part."""

from __future__ import annotations

from harness.faults.action import Action, Truncate
from harness.faults.fault import Every, Fault, Heard
from harness.faults.model.actions import LeaveOut, SayInstead, SendBody
from harness.faults.model.one_call import WHOLE, one_call

_AGAIN = "It is not taken as an answer: the next attempt asks again."


def _answered(
    name: str, what: str, action: Action, *, right: str = _AGAIN, every: Every = "activity", heard: Heard = "no answer"
) -> Fault:
    """Return a fault of one whole answer."""
    operations = () if isinstance(action, Truncate) else WHOLE
    return one_call(name, what, action, right=right, position="after", every=every, operations=operations, heard=heard)


MODEL_TRUNCATED = _answered(
    "model-truncated",
    "One model call is answered with status 200 and half of its body.",
    Truncate(),
    every="message",
)

MODEL_EMPTY = _answered("model-empty", "One model call is answered with status 200 and no body.", SendBody(""))

MODEL_HTML = _answered(
    "model-html",
    "One model call is answered with status 200 and a page of HTML, as proxies and login pages do.",
    SendBody("<html><body><h1>Sign in to continue</h1></body></html>", content_type="text/html; charset=utf-8"),
)

MODEL_NULL = _answered("model-null", "One model call is answered with status 200 and null.", SendBody("null"))

MODEL_NO_OUTPUT = _answered(
    "model-no-output",
    "One model call is answered with an empty list of choices, outputs or contents.",
    LeaveOut("no output"),
)

MODEL_NULL_TEXT = _answered(
    "model-null-text", "One model call is answered with null in place of the text.", LeaveOut("null text")
)

MODEL_WRONG_TYPES = _answered(
    "model-wrong-types",
    "One model call is answered with a text where a list of choices, outputs or contents should be.",
    LeaveOut("wrong types"),
)

MODEL_MOJIBAKE = _answered(
    "model-mojibake",
    "One model call is answered with bytes in its text that are no UTF-8 (RFC 8259, section 8.1).",
    LeaveOut("mojibake"),
)

MODEL_NO_USAGE = _answered(
    "model-no-usage",
    "One model call is answered right, without the tokens that it cost.",
    LeaveOut("no usage"),
    right="The answer is taken, or asked for again; no workflow task fails for a missing number.",
    heard="the answer",
)

MODEL_LENGTH = _answered(
    "model-length",
    "One model call is answered with half of its text, and says that it stopped for length.",
    SayInstead("half, for length"),
)

MODEL_FILTERED = _answered(
    "model-filtered",
    "One model call is answered with no text, and says that a filter stopped it.",
    SayInstead("nothing, filtered"),
)
