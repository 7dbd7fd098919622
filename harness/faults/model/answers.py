"""Faults of a model that answers something else: well formed, and not what the agent hopes for."""

from __future__ import annotations

from dataclasses import replace

from harness.faults.fault import Fault
from harness.faults.model.actions import Instead, SayInstead
from harness.faults.model.one_call import WHOLE, one_call

_CONVERSATIONS = tuple(f"{api}{streamed}" for api in WHOLE for streamed in ("", ".stream"))
_ENDS = "The work ends, in time and without a failed workflow task: with a result, or in a rightly classified failure."
_TOOLS = "No tool runs with arguments that nobody gave it, none runs twice for one call, and the work ends."


def _answered(name: str, what: str, said: Instead, *, right: str = _ENDS, needs_tools: bool = False) -> Fault:
    """Return a fault of one answer."""
    return one_call(
        name,
        f"One model call is answered with {what}.",
        SayInstead(said),
        right=right,
        position="after",
        operations=_CONVERSATIONS,
        heard="another answer",
        needs_tools=needs_tools,
    )


def _always(fault: Fault) -> Fault:
    """Return the same fault of every answer: nothing heals it."""
    what = fault.what.replace("One model call is", "Every model call is")
    return replace(fault, name=f"{fault.name}-always", what=what, times=0)


ANSWER_REFUSAL = _answered("answer-refusal", "a refusal, in the field that the provider has for it", "a refusal")

ANSWER_REFUSAL_ALWAYS = _always(ANSWER_REFUSAL)

ANSWER_REFUSAL_IN_WORDS = _answered("answer-refusal-in-words", "a refusal in words", "a refusal in words")

ANSWER_REFUSAL_IN_WORDS_ALWAYS = _always(ANSWER_REFUSAL_IN_WORDS)

ANSWER_PROSE = _answered("answer-prose", "prose, whatever form was asked for", "prose")

ANSWER_PROSE_ALWAYS = _always(ANSWER_PROSE)

ANSWER_EMPTY = _answered("answer-empty", "an empty text", "an empty text")

ANSWER_EMPTY_ALWAYS = _always(ANSWER_EMPTY)

ANSWER_SCHEMA_MISSED = _answered(
    "answer-schema-missed", "valid JSON of another schema than the one that was asked for", "a schema missed"
)

ANSWER_TOOL_CALL = _answered(
    "answer-tool-call", "the call of a tool instead of an answer", "a call of a tool", needs_tools=True
)

ANSWER_TOOL_CALL_ALWAYS = _always(ANSWER_TOOL_CALL)

TOOL_BAD_JSON = _answered(
    "tool-bad-json",
    "the call of a tool whose arguments are no JSON",
    "arguments that are no JSON",
    right=_TOOLS,
    needs_tools=True,
)

TOOL_BAD_SCHEMA = _answered(
    "tool-bad-schema",
    "the call of a tool whose arguments it does not have",
    "arguments of another schema",
    right=_TOOLS,
    needs_tools=True,
)

TOOL_UNKNOWN = _answered(
    "tool-unknown", "the call of a tool that does not exist", "an unknown tool", right=_TOOLS, needs_tools=True
)

TOOL_SAME_ID = _answered(
    "tool-same-id", "two calls of a tool that have one id", "two calls with one id", right=_TOOLS, needs_tools=True
)

TOOL_REPEATED = _answered(
    "tool-repeated", "the same call of a tool twice, with two ids", "a call twice", right=_TOOLS, needs_tools=True
)

TOOL_TWENTY = _answered("tool-twenty", "twenty calls of a tool at once", "twenty calls", right=_TOOLS, needs_tools=True)
