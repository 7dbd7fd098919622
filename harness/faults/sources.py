"""Sources of the faults of models and effects: where it is said that this happens, in words that can be looked up."""

from __future__ import annotations

from fnmatch import fnmatchcase

_OPENAI_ERRORS = "OpenAI, guide `Error codes` (platform.openai.com/docs/guides/error-codes)"
_OPENAI_LIMITS = "OpenAI, guide `Rate limits` (platform.openai.com/docs/guides/rate-limits)"
_OPENAI_STREAMS = "OpenAI, API reference, streaming events (platform.openai.com/docs/api-reference)"
_OPENAI_TOOLS = "OpenAI, guide `Function calling` (platform.openai.com/docs/guides/function-calling)"
_OPENAI_FORMS = "OpenAI, guide `Structured outputs` (platform.openai.com/docs/guides/structured-outputs)"
_OPENAI_ANSWERS = "OpenAI, API reference, `finish_reason` of a chat completion"
_OPENAI_CLIENT = "openai-python, README"
_ANTHROPIC_ERRORS = "Anthropic, API reference, `Errors` (docs.anthropic.com/en/api/errors)"
_ANTHROPIC_LIMITS = "Anthropic, API reference, `Rate limits` (docs.anthropic.com/en/api/rate-limits)"
_ANTHROPIC_STREAMS = "Anthropic, `Streaming messages` (docs.anthropic.com/en/docs/build-with-claude/streaming)"
_GATEWAY = "Cloudflare, `5xx errors` (developers.cloudflare.com/support/troubleshooting)"
_RETRY_AFTER = "RFC 9110, section 10.2.3 (Retry-After)"
_EVENTS = "WHATWG HTML, section 9.2 (server-sent events)"
_JSON = "RFC 8259"
_RESET = "RFC 9293, section 3.10.7 (TCP reset)"
_INCOMPLETE = "RFC 9112, section 8 (incomplete messages)"
_AGAIN = "RFC 9110, section 9.2.2: a request whose answer is lost may have been executed, and may be sent again"

_SOURCES: tuple[tuple[str, str], ...] = (
    ("model-429-quota*", f"{_OPENAI_ERRORS}: 429, you exceeded your current quota"),
    ("model-429*-milliseconds", f"{_OPENAI_CLIENT} and source: `retry-after-ms`, which goes before Retry-After"),
    ("model-429*-seconds", f"{_ANTHROPIC_LIMITS}: `retry-after`; {_RETRY_AFTER}"),
    ("model-429*-date", _RETRY_AFTER),
    ("model-429*-zero", f"{_RETRY_AFTER}: any number of seconds from 0"),
    ("model-429*-negative", f"{_RETRY_AFTER}, whose grammar it breaks: clients must fall back to their own wait"),
    ("model-429*-nan", f"{_RETRY_AFTER}, whose grammar it breaks, though Python's float() reads it"),
    ("model-429*-hour", f"{_RETRY_AFTER}; openai-python, source: waits of over a minute or two are not made"),
    ("model-429*", f"{_OPENAI_LIMITS}; {_ANTHROPIC_ERRORS}: 429 rate_limit_error"),
    ("model-400-context", f"{_OPENAI_ERRORS}; code `context_length_exceeded`"),
    ("model-400-filter", "Microsoft, `Content filtering` of Azure OpenAI: 400 with code `content_filter`"),
    ("model-408", f"RFC 9110, section 15.5.9; {_OPENAI_CLIENT}, `Retries`"),
    ("model-409", f"RFC 9110, section 15.5.10; {_OPENAI_CLIENT}, `Retries`"),
    ("model-413", f"{_ANTHROPIC_ERRORS}: 413 request_too_large"),
    ("model-422", f"{_OPENAI_CLIENT}, `Handling errors`: 422 UnprocessableEntityError"),
    ("model-40[0134]", f"{_OPENAI_ERRORS}; {_ANTHROPIC_ERRORS}"),
    ("model-500-no-retry", "openai-python and anthropic-sdk-python, source: `x-should-retry` goes before the status"),
    ("model-503-retry", "openai-python and anthropic-sdk-python, source: `x-should-retry` goes before the status"),
    ("model-500*", f"{_OPENAI_ERRORS}: 500; {_ANTHROPIC_ERRORS}: 500 api_error"),
    ("model-outage", f"{_OPENAI_ERRORS}: 500; status.openai.com, incidents of hours"),
    ("model-502", "RFC 9110, section 15.6.3 (bad gateway)"),
    ("model-503", f"{_OPENAI_ERRORS}: 503, the engine is currently overloaded; {_RETRY_AFTER}"),
    ("model-504", "RFC 9110, section 15.6.5 (gateway timeout)"),
    ("model-52[0-4]", _GATEWAY),
    ("model-529", f"{_ANTHROPIC_ERRORS}: 529 overloaded_error"),
    ("model-in-turn", f"{_OPENAI_ERRORS}: each of them; in an incident they come one after the other"),
    ("*-refused*", "RFC 9293, section 3.10.7.1: a port at which nobody listens answers with a reset"),
    ("*-unknown-name", "RFC 1035, section 4.1.1 (name error); RFC 6761, section 6.4"),
    ("*-duplicated", _AGAIN),
    ("*-reply-lost", _AGAIN),
    ("*-reset", _RESET),
    ("model-reset-after-headers", f"{_RESET}; {_INCOMPLETE}"),
    ("model-closed", "RFC 9112, section 9.3.1: a server may close a connection at any time"),
    ("model-short", _INCOMPLETE),
    ("*-silent*", f"{_OPENAI_CLIENT}, `Timeouts`: ten minutes by default; RFC 1122, section 4.2.3.6"),
    ("model-drip", f"{_OPENAI_CLIENT}, `Timeouts`; httpx, `Timeouts`: the read timeout is one between two chunks"),
    ("*-slow", f"{_OPENAI_CLIENT}, `Timeouts`; {_ANTHROPIC_ERRORS}, `Long requests`"),
    ("model-truncated", f"{_JSON}, section 2; {_INCOMPLETE}"),
    ("model-html", "RFC 6585, section 6: captive portals and proxies answer in a service's place"),
    ("model-mojibake", f"{_JSON}, section 8.1 (UTF-8)"),
    ("model-length", f"{_OPENAI_ANSWERS}: length; Anthropic: `stop_reason` max_tokens"),
    ("model-filtered", f"{_OPENAI_ANSWERS}: content_filter; Anthropic: `stop_reason` refusal"),
    ("model-null-text", f"OpenAI, API reference: `content` of a message is null where it calls tools; {_JSON}"),
    ("model-no-usage", "OpenAI, API reference: `usage` is optional; many compatible servers leave it out"),
    ("model-empty", f"{_JSON}, section 2: an empty text is no JSON"),
    ("model-null", f"{_JSON}, section 3: null is a JSON text"),
    ("model-no-output", f"{_JSON}; OpenAI, API reference: `choices` and `output` are lists"),
    ("model-wrong-types", f"{_JSON}; OpenAI, API reference: servers said to be compatible differ in types"),
    ("stream-error", f"{_ANTHROPIC_ERRORS}: an error may come after status 200; {_ANTHROPIC_STREAMS}, `Error events`"),
    ("stream-failed", f"{_OPENAI_STREAMS}: response.failed"),
    ("stream-incomplete", f"{_OPENAI_STREAMS}: response.incomplete"),
    ("stream-comments", f"{_EVENTS}: comments keep a connection open; {_ANTHROPIC_STREAMS}: ping"),
    ("stream-done-unfinished", f"{_OPENAI_STREAMS}: `data: [DONE]` ends a stream of chat completions"),
    ("stream-half-arguments", f"{_OPENAI_TOOLS}: arguments are streamed in deltas"),
    ("stream-bad-chunk", f"{_EVENTS}; {_JSON}"),
    ("stream-*", f"{_EVENTS}; {_OPENAI_STREAMS}; {_ANTHROPIC_STREAMS}"),
    ("answer-refusal*", f"{_OPENAI_FORMS}, `Refusals`"),
    ("answer-schema-missed", f"{_OPENAI_FORMS}: JSON mode promises JSON, and no schema"),
    ("answer-prose*", f"{_OPENAI_FORMS}: without a form that is enforced a model may answer in any"),
    ("answer-empty*", "OpenAI, API reference: the `content` of a message is a text, which may be empty"),
    ("answer-tool-call*", f"{_OPENAI_TOOLS}: with `tool_choice` auto the model decides whether it calls one"),
    ("tool-bad-*", f"{_OPENAI_TOOLS}: the model does not always generate valid JSON, nor what the schema defines"),
    ("tool-unknown", f"{_OPENAI_TOOLS}: the model may make up what is not defined"),
    ("tool-twenty", f"{_OPENAI_TOOLS}: `parallel_tool_calls`"),
    ("tool-same-id", f"{_OPENAI_TOOLS}: a result is matched with its call by `tool_call_id`"),
    ("tool-repeated", f"{_OPENAI_TOOLS}: the model may ask for the same call once more"),
    ("effect-409", "RFC 9110, section 15.5.10; Stripe, `Idempotent requests`: 409 while the first is under way"),
    ("effect-outage", "RFC 9110, section 15.6.4 (service unavailable)"),
    ("effect-50*", "RFC 9110, section 15.6"),
)
"""Patterns of names, and the source of the faults whose names match; the first that matches counts."""


def source_of(name: str) -> str:
    """Return where the fault of that name is described; an empty text where it needs none."""
    return next((source for pattern, source in _SOURCES if fnmatchcase(name, pattern)), "")


def patterns() -> tuple[str, ...]:
    """Return the patterns of names, in the order in which they are tried."""
    return tuple(pattern for pattern, _ in _SOURCES)
