"""Other answers of the model: those that a script offers beside its own, for exploring what an agent does with them.

A script may define ``others(request)`` beside ``answer(request)``: a dictionary of further answers by their names, each
in any form that ``answer`` may return::

    def others(request):
        return {"a refusal": "I cannot help with that.", "an empty answer": ""}

or a list of them. The first request of each attempt of an activity is answered by one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpMessage
from harness.doors.http.script import Script, load_function
from harness.doors.model import model


class OtherAnswers:
    """Decides at the doors what the model answers: as its script does, or in another way that the script offers.

    Attributes:
        names: The names of those that were offered for the requests of the last attempt.

    Args:
        script: File of the script; None: nothing is offered.

    Raises:
        UsageError: The script cannot be loaded.
    """

    def __init__(self, script: Path | None) -> None:
        self.names: list[str] = []
        self._script = script
        self._others: Callable[[Any], Any] | None = load_function(script, "others") if script else None
        self._given = ""
        self._due = False

    @property
    def are_offered(self) -> bool:
        """Whether the script offers any."""
        return self._others is not None

    @contextmanager
    def giving(self, name: str) -> Iterator[None]:
        """Have an answer given in place of the script's own, once for each attempt."""
        self._given = name
        try:
            yield
        finally:
            self._given = ""

    def begin_attempt(self) -> None:
        """Say that an attempt of an activity begins."""
        self.names, self._due = [], bool(self._given)

    async def decide(self, message: HttpMessage) -> Decision:
        """Decide what becomes of a message at a door."""
        if self._others is None or (message.door, message.position) != ("model", "before"):
            return "go"
        offered = self._offered(message.body)
        self.names += [name for name in offered if name not in self.names]
        if not self._due or self._given not in offered:
            return "go"
        self._due = False
        assert self._script is not None
        script = Script(self._script, lambda question: offered[self._given])
        body = message.body.encode() if isinstance(message.body, str) else json.dumps(message.body).encode()
        return model.answer(method=message.method, path=message.path, body=body, script=script)

    def _offered(self, request: Any) -> Mapping[str, Any]:
        assert self._others is not None
        try:
            offered = self._others(json.loads(json.dumps(request)))
        except Exception as error:  # the user's own code
            name = f"an error, since others() raised {type(error).__name__}: {error}"
            return {name: {"status": 500, "error": {"message": str(error)}}}
        if isinstance(offered, Mapping):
            return {str(name): each for name, each in offered.items()}
        return {f"other answer {number}": each for number, each in enumerate(offered or (), 1)}
