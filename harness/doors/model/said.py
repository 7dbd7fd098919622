"""What a script lets a model say, before it is put in the words of a provider, and how many tokens it counts.

Ids, times and counts are functions of the request, so that the same question has the same answer byte for byte.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

CREATED = 1_767_225_600
"""The time at which every answer says it was made, in seconds since the epoch."""


class ToolCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call of a function that the model asks for.

    Attributes:
        name: Name of the function.
        arguments: As an object, or as the exact text that is sent, which need not be JSON.
        id: Id of the call; made from the request where empty.
    """

    name: str
    arguments: dict[str, Any] | str = ""
    id: str = ""

    @property
    def text(self) -> str:
        """The arguments as the provider sends them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts of tokens that differ from those computed.

    Attributes:
        input_tokens: Tokens of the request; -1: as computed.
        output_tokens: Tokens of the answer; -1: as computed.
        cached_tokens: How many of the request's were read from the cache.
        cache_write_tokens: How many of the request's were written to it.
        reasoning_tokens: How many of the answer's were reasoning.
    """

    input_tokens: int = -1
    output_tokens: int = -1
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a script lets the model say.

    Attributes:
        text: Text of the assistant.
        tool_calls: Calls that it asks for.
        refusal: Text in which it refuses, where the provider has a place of its own for that; else it is said as text.
        finish_reason: Why it stopped; empty: ``tool_calls`` where there are any, else ``stop``.
        usage: Counts that differ from those computed.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str = ""
    finish_reason: Literal["", "stop", "length", "tool_calls", "content_filter"] = ""
    usage: Usage = Usage()

    @property
    def reason(self) -> str:
        """Why the model stopped."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


class Counts(msgspec.Struct, frozen=True):
    """Tokens of one exchange: four characters make one."""

    asked: int
    answered: int


def calls_of(said: Said, *, digest: str) -> list[tuple[str, ToolCall]]:
    """Return the calls that the model asks for, each with its id."""
    return [(call.id or f"call_{digest}{index}", call) for index, call in enumerate(said.tool_calls)]


def counts_of(request: dict[str, Any], said: Said, *, asked_in: Sequence[str]) -> Counts:
    """Return the tokens of an exchange, as the script counts them or else by the length of the texts.

    Args:
        request: The body of the request.
        said: What the model says.
        asked_in: Names of the fields of the request whose length counts.
    """
    asked = [request[name] for name in asked_in if request.get(name)]
    answered = said.text + said.refusal + "".join(call.name + call.text for call in said.tool_calls)
    usage = said.usage
    return Counts(
        asked=usage.input_tokens if usage.input_tokens >= 0 else _tokens(json.dumps(asked)),
        answered=usage.output_tokens if usage.output_tokens >= 0 else _tokens(answered),
    )


def _tokens(text: str) -> int:
    return max(1, math.ceil(len(text) / 4))
