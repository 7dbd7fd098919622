"""A dialect as a record: how one API of a model's provider is spoken, so that the model server can play it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.doors.model.said import Said
from harness.faults.action import ModelError


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
        operation: What a request to it is called on the tape, such as ``chat.completions``; empty: by its path.
        request_id_header: Name of the header in which the provider names each request.
        body: Makes the body of an answer; None: the API is not played, and every request to it is answered with 404.
        error_body: Makes the body of an error.
        fault_words: Says the error of a fault.
        what_is_wrong: Looks for what the provider refuses.
    """

    name: str
    path: str
    request_id_header: str
    error_body: ErrorBody
    fault_words: FaultWords
    operation: str = ""
    body: Body | None = None
    what_is_wrong: WhatIsWrong = _nothing_is_wrong

    def owns(self, path: str) -> bool:
        """Tell whether a path below the model's door belongs to this API."""
        bare = bare_path(path)
        return bare == self.path or bare.startswith(f"{self.path}/")

    def plays(self, path: str) -> bool:
        """Tell whether a path below the model's door is answered."""
        return self.body is not None and bare_path(path) == self.path

    def identified(self, digest: str) -> dict[str, str]:
        """Return the header with which the provider names the request."""
        return {self.request_id_header: f"req_{digest}"}


def bare_path(path: str) -> str:
    """Return a path below the model's door without its version and its query."""
    return path.partition("?")[0].strip("/").removeprefix("v1/")
