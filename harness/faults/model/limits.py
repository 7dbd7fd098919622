"""Faults of a model that limits the rate or the amount of calls: status 429 in all its forms.

What Retry-After may hold is said in RFC 9110, section 10.2.3: seconds or a date. Providers also send
``retry-after-ms``. Zero, negative and senseless values have been seen in the wild.
"""

from __future__ import annotations

from dataclasses import replace

from harness.faults.action import ModelError
from harness.faults.fault import Every, Fault
from harness.faults.model.one_call import FINAL, one_call

_BACKOFF = "The next attempt comes after the backoff of the retry policy."
_ASKED = "The next attempt comes as soon as the provider asks, and no earlier."
_LONG = "The next attempt comes later than by the backoff alone, at a time that the agent thinks worth waiting for."

_REQUESTS = ModelError(429, "rate_limit_exceeded", "Rate limit reached for requests.")
_TOKENS = ModelError(
    429,
    "rate_limit_exceeded",
    "Rate limit reached for tokens per minute.",
    headers=(("x-ratelimit-remaining-tokens", "0"),),
    kind="tokens",
)
_QUOTA = ModelError(
    429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."
)


def _limited(name: str, what: str, right: str, action: ModelError, *, every: Every = "activity") -> Fault:
    """Return the fault of a model that refuses one call."""
    return one_call(name, what, action, right=right, every=every)


def _exhausted(name: str, what: str, action: ModelError, *, every: Every = "activity") -> Fault:
    """Return the fault of a model that refuses every call: no quota is left, whatever else it says."""
    return replace(_limited(name, what, FINAL, action, every=every), times=0, terminal=True)


MODEL_429 = _limited(
    "model-429",
    "The model refuses one call with 429 without Retry-After.",
    _BACKOFF,
    _REQUESTS,
    every="message",
)

MODEL_429_SECONDS = _limited(
    "model-429-seconds",
    "The model refuses one call with 429 and Retry-After: 3.",
    _ASKED,
    replace(_REQUESTS, retry_after=3.0),
    every="message",
)

MODEL_429_MILLISECONDS = _limited(
    "model-429-milliseconds",
    "The model refuses one call with 429 and retry-after-ms: 2500.",
    _ASKED,
    replace(_REQUESTS, retry_after=2.5, sent_as="milliseconds"),
    every="message",
)

MODEL_429_DATE = _limited(
    "model-429-date",
    "The model refuses one call with 429 and Retry-After as an HTTP date at least 3 s away.",
    _ASKED,
    replace(_REQUESTS, retry_after=3.0, sent_as="date"),
    every="message",
)

MODEL_429_ZERO = _limited(
    "model-429-zero",
    "The model refuses one call with 429 and Retry-After: 0.",
    _BACKOFF,
    replace(_REQUESTS, retry_after_text="0"),
)

MODEL_429_NEGATIVE = _limited(
    "model-429-negative",
    "The model refuses one call with 429 and Retry-After: -5.",
    _BACKOFF,
    replace(_REQUESTS, retry_after_text="-5"),
)

MODEL_429_NAN = _limited(
    "model-429-nan",
    "The model refuses one call with 429 and Retry-After: NaN.",
    _BACKOFF,
    replace(_REQUESTS, retry_after_text="NaN"),
)

MODEL_429_HOUR = _limited(
    "model-429-hour",
    "The model refuses one call with 429 and Retry-After: 3600.",
    _LONG,
    replace(_REQUESTS, retry_after_text="3600"),
)

MODEL_429_TOKENS = _limited(
    "model-429-tokens",
    "The model refuses one call with 429 for its number of tokens without Retry-After.",
    _BACKOFF,
    _TOKENS,
)

MODEL_429_TOKENS_SECONDS = _limited(
    "model-429-tokens-seconds",
    "The model refuses one call with 429 for its number of tokens and Retry-After: 3.",
    _ASKED,
    replace(_TOKENS, retry_after=3.0),
)

MODEL_429_TOKENS_MILLISECONDS = _limited(
    "model-429-tokens-milliseconds",
    "The model refuses one call with 429 for its number of tokens and retry-after-ms: 2500.",
    _ASKED,
    replace(_TOKENS, retry_after=2.5, sent_as="milliseconds"),
)

MODEL_429_TOKENS_DATE = _limited(
    "model-429-tokens-date",
    "The model refuses one call with 429 for its number of tokens and Retry-After as an HTTP date at least 3 s away.",
    _ASKED,
    replace(_TOKENS, retry_after=3.0, sent_as="date"),
)

MODEL_429_TOKENS_ZERO = _limited(
    "model-429-tokens-zero",
    "The model refuses one call with 429 for its number of tokens and Retry-After: 0.",
    _BACKOFF,
    replace(_TOKENS, retry_after_text="0"),
)

MODEL_429_TOKENS_NEGATIVE = _limited(
    "model-429-tokens-negative",
    "The model refuses one call with 429 for its number of tokens and Retry-After: -5.",
    _BACKOFF,
    replace(_TOKENS, retry_after_text="-5"),
)

MODEL_429_TOKENS_NAN = _limited(
    "model-429-tokens-nan",
    "The model refuses one call with 429 for its number of tokens and Retry-After: NaN.",
    _BACKOFF,
    replace(_TOKENS, retry_after_text="NaN"),
)

MODEL_429_TOKENS_HOUR = _limited(
    "model-429-tokens-hour",
    "The model refuses one call with 429 for its number of tokens and Retry-After: 3600.",
    _LONG,
    replace(_TOKENS, retry_after_text="3600"),
)

MODEL_429_QUOTA = _exhausted(
    "model-429-quota",
    "The model refuses every call with 429 and the code insufficient_quota.",
    _QUOTA,
    every="message",
)

MODEL_429_QUOTA_SECONDS = _exhausted(
    "model-429-quota-seconds",
    "The model refuses every call with 429 and the code insufficient_quota, and Retry-After: 3.",
    replace(_QUOTA, retry_after=3.0),
)

MODEL_429_QUOTA_MILLISECONDS = _exhausted(
    "model-429-quota-milliseconds",
    "The model refuses every call with 429 and the code insufficient_quota, and retry-after-ms: 2500.",
    replace(_QUOTA, retry_after=2.5, sent_as="milliseconds"),
)

MODEL_429_QUOTA_DATE = _exhausted(
    "model-429-quota-date",
    "The model refuses every call with 429 and the code insufficient_quota, and Retry-After as a date 3 s away.",
    replace(_QUOTA, retry_after=3.0, sent_as="date"),
)

MODEL_429_QUOTA_ZERO = _exhausted(
    "model-429-quota-zero",
    "The model refuses every call with 429 and the code insufficient_quota, and Retry-After: 0.",
    replace(_QUOTA, retry_after_text="0"),
)

MODEL_429_QUOTA_NEGATIVE = _exhausted(
    "model-429-quota-negative",
    "The model refuses every call with 429 and the code insufficient_quota, and Retry-After: -5.",
    replace(_QUOTA, retry_after_text="-5"),
)

MODEL_429_QUOTA_NAN = _exhausted(
    "model-429-quota-nan",
    "The model refuses every call with 429 and the code insufficient_quota, and Retry-After: NaN.",
    replace(_QUOTA, retry_after_text="NaN"),
)

MODEL_429_QUOTA_HOUR = _exhausted(
    "model-429-quota-hour",
    "The model refuses every call with 429 and the code insufficient_quota, and Retry-After: 3600.",
    replace(_QUOTA, retry_after_text="3600"),
)
