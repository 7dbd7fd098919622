"""A dialect as a record: how one API of a model's provider is spoken, so that the model server can play it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.doors.model.said import Said
from harness.doors.model.streaming import Stream
from harness.faults.action import ModelError

NO_CONVERSATION = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier", "store", "user"}
)
"""Fields of a request that are no part of what is asked: they do not change the answer."""


class Body(Protocol):
    """Puts what the model says in the words of a provider."""

    def __call__(self, request: dict[str, Any], said: Said, *, digest: str) -> Any:
        """Return the body of a whole answer, with the tokens it counts.

        Args:
            request: The body of the request.
            said: What the model says.
            digest: The same for the same conversation: what ids are made from.
        """


class ErrorBody(Protocol):
    """Puts an error in the words of a provider."""

    def __call__(self, status: int, words: Mapping[str, Any], *, digest: str) -> Any:
        """Return the body of an error.

        Args:
            status: HTTP status, 400 to 599.
            words: Any of ``message``, ``type``, ``param`` and ``code``; what is missing is as the provider has it.
            digest: What the id of the request is made from.
        """


class FaultWords(Protocol):
    """Says the error of a fault in the words of a provider."""

    def __call__(self, action: ModelError) -> Mapping[str, Any]:
        """Return the words for ``ErrorBody``."""


class Streamed(Protocol):
    """Puts a whole answer in the events in which a provider streams it."""

    def __call__(self, request: dict[str, Any], whole: dict[str, Any]) -> Stream:
        """Return the events.

        Args:
            request: The body of the request.
            whole: The body of the whole answer, as ``Body`` makes it.
        """


class SaidOf(Protocol):
    """Reads what the model says from the body of an answer: ``Body`` the other way round."""

    def __call__(self, whole: dict[str, Any]) -> Said:
        """Return what was said, with the tokens that were counted.

        Raises:
            KeyError, IndexError, TypeError, ValueError, AttributeError: It is no whole answer of this API.
        """


class WholeOf(Protocol):
    """Puts the events of a stream together: ``Streamed`` the other way round."""

    def __call__(self, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the body of the whole answer.

        Args:
            events: What the events hold, in order.

        Raises:
            KeyError, IndexError, TypeError, ValueError, AttributeError: They are no whole answer of this API.
        """


class WhatIsWrong(Protocol):
    """Looks at a request as the provider does before it answers."""

    def __call__(self, request: Any) -> Mapping[str, str]:
        """Return the words for ``ErrorBody`` with which the request is refused; empty: it is answered."""


def _nothing_is_wrong(request: Any) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One API of a provider.

    Attributes:
        name: Kebab case, such as ``openai-chat``.
        path: Path below ``v1/`` at which it is asked. What lies below that path is refused in its words.
        method: HTTP method in which it is asked.
        operation: What a request to it is called on the tape, such as ``chat.completions``; empty: by its path. One
            that asks for a stream has ``.stream`` at its end.
        request_id_header: Name of the header in which the provider names each request.
        scripted: Whether the script says what is answered.
        names_one: Whether the path goes on with the name of one thing, which is answered as well.
        body: Makes the body of an answer; None: the API is not played, and every request to it is answered with 404.
        stream: Makes a stream of it; None: a request for a stream is answered whole.
        said_of: Reads what the model says from an answer; None: it is no conversation.
        whole_of: Puts the events of a stream together; None: streams of it cannot be recorded.
        outputs: Name of the list that holds what the model says.
        text_at: Names and indexes that lead to the first text in an answer.
        error_body: Makes the body of an error.
        fault_words: Says the error of a fault.
        what_is_wrong: Looks for what the provider refuses.
    """

    name: str
    path: str
    request_id_header: str
    error_body: ErrorBody
    fault_words: FaultWords
    method: str = "POST"
    operation: str = ""
    scripted: bool = True
    names_one: bool = False
    body: Body | None = None
    stream: Streamed | None = None
    said_of: SaidOf | None = None
    whole_of: WholeOf | None = None
    outputs: str = ""
    text_at: tuple[str | int, ...] = ()
    what_is_wrong: WhatIsWrong = _nothing_is_wrong

    def owns(self, path: str) -> bool:
        """Tell whether a path below the model's door belongs to this API."""
        bare = bare_path(path)
        return bare == self.path or bare.startswith(f"{self.path}/")

    def plays(self, path: str) -> bool:
        """Tell whether a path below the model's door is answered."""
        if self.body is None or not self.owns(path):
            return False
        return bare_path(path) == self.path or (self.names_one and bare_path(path).count("/") == 1)

    def streams(self, request: Any) -> bool:
        """Tell whether a request asks for a stream that can be made."""
        return self.stream is not None and isinstance(request, dict) and request.get("stream") is True

    def identified(self, digest: str) -> dict[str, str]:
        """Return the header with which the provider names the request."""
        return {self.request_id_header: f"req_{digest}"}


def as_object(value: Any) -> dict[str, Any]:
    """Return a part of a request that should be an object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def bare_path(path: str) -> str:
    """Return a path below the model's door without its version and its query."""
    return path.partition("?")[0].strip("/").removeprefix("v1/")
