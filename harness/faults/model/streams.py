"""Faults of an answer that is streamed: it breaks, stalls, or ends without saying that it is whole."""

from __future__ import annotations

from harness.faults.fault import Fault, Heard
from harness.faults.model.actions import BreakStream
from harness.faults.model.one_call import one_call

_AGAIN = "What has come is not taken as an answer: the next attempt asks again."
_UNSEEN = "No client can tell: the text that came is the answer, and the work goes on."
_ALL = ("chat.completions.stream", "messages.stream", "responses.stream")
_CHAT_AND_MESSAGES = ("chat.completions.stream", "messages.stream")
_RESPONSES = ("responses.stream",)


def _streamed(
    name: str,
    what: str,
    action: BreakStream,
    *,
    right: str = _AGAIN,
    operations: tuple[str, ...] = _ALL,
    heard: Heard = "no answer",
    needs_tools: bool = False,
) -> Fault:
    """Return a fault of one stream."""
    return one_call(
        name, what, action, right=right, position="after", operations=operations, heard=heard, needs_tools=needs_tools
    )


STREAM_RESET = _streamed("stream-reset", "The connection of one stream is reset midway.", BreakStream("reset midway"))

STREAM_UNFINISHED = _streamed(
    "stream-unfinished",
    "One stream ends cleanly after its content, and never says why it ended.",
    BreakStream("no closing"),
)

STREAM_DONE_UNFINISHED = _streamed(
    "stream-done-unfinished",
    "One stream says that it is over ([DONE], message_stop), and never says why it ended.",
    BreakStream("done without closing"),
    operations=_CHAT_AND_MESSAGES,
)

STREAM_BAD_CHUNK = _streamed(
    "stream-bad-chunk", "One stream has an event whose data is half of a JSON document.", BreakStream("a bad chunk")
)

STREAM_HALF_LINE = _streamed(
    "stream-half-line", "One stream ends cleanly in the middle of a line.", BreakStream("half a line")
)

STREAM_ERROR = _streamed(
    "stream-error",
    "One stream of status 200 tells of an error of the provider midway.",
    BreakStream("an error in band"),
)

STREAM_STALL = _streamed(
    "stream-stall",
    "One stream stops midway, and its connection stays open.",
    BreakStream("a stall"),
    right="The agent gives up after a timeout of its own, before the activity times out, and asks again.",
)

STREAM_COMMENTS = _streamed(
    "stream-comments", "One stream has nothing but comments, and ends cleanly.", BreakStream("comments only")
)

STREAM_TWICE = _streamed(
    "stream-twice",
    "One event of a stream comes twice.",
    BreakStream("an event twice"),
    right=_UNSEEN,
    heard="another answer",
)

STREAM_OUT_OF_ORDER = _streamed(
    "stream-out-of-order",
    "Two events of a stream come in the other order.",
    BreakStream("events out of order"),
    right=_UNSEEN,
    heard="another answer",
)

STREAM_HALF_ARGUMENTS = _streamed(
    "stream-half-arguments",
    "One stream calls a tool and never completes its arguments, though it says that it ended.",
    BreakStream("arguments never completed"),
    right="The tool is not executed with what has come.",
    heard="another answer",
    needs_tools=True,
)

STREAM_FAILED = _streamed(
    "stream-failed",
    "One stream of Responses ends midway with response.failed.",
    BreakStream("failed"),
    operations=_RESPONSES,
)

STREAM_INCOMPLETE = _streamed(
    "stream-incomplete",
    "One stream of Responses ends with half of its text and response.incomplete.",
    BreakStream("incomplete"),
    operations=_RESPONSES,
)
