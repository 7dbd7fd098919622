"""The model and the effects as one test has them: what they answer, what fails, and what they were asked."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.doors.decision import Decision
from harness.doors.http import effects
from harness.doors.http import script as scripts
from harness.doors.http.answer import Answer
from harness.doors.http.doors import HttpMessage
from harness.doors.http.effects import EffectRequest
from harness.doors.http.script import Script
from harness.doors.model import model
from harness.doors.model.due_faults import DueFaults
from harness.doors.model.faulty import decision_on
from harness.errors import UsageError
from harness.faults import Fault
from harness.foreign import for_terminal
from harness.testing.thread import unattended

ScriptFunction = Callable[[dict[str, Any]], Any]


class Model:
    """The model server of one test. It plays OpenAI's Chat Completions and Responses.

    Attributes:
        url: What ``OPENAI_BASE_URL`` is for a client. Worker processes of ``crashproof_worker`` have it already.
        anthropic_url: What ``ANTHROPIC_BASE_URL`` is.
    """

    def __init__(self, *, url: str, anthropic_url: str, folder: Path) -> None:
        self.url = url
        self.anthropic_url = anthropic_url
        self._folder = folder
        self._script: Script | None = None
        self._failing = DueFaults("model")
        self._requests: list[HttpMessage] = []

    @property
    def requests(self) -> tuple[HttpMessage, ...]:
        """Every request so far, in the order of arrival: ``operation``, ``body``, ``headers``."""
        return tuple(self._requests)

    def answers_with(self, script: ScriptFunction | Path | str) -> None:
        """Say what the model answers; without a script it is a short text, or what the request insists on.

        Args:
            script: A function of the request's body, or a Python file that defines ``answer(request)``, relative to
                the test's file. ``harness.doors.model.model`` says what it may return; a text is what the model says.
                It is called in a thread of the test's process, and may take its time. It should depend on the
                conversation alone: a worker that was killed and asks again must hear the same answer.

        Raises:
            UsageError: The file is missing or defines no ``answer``, or the function is asynchronous.
        """
        self._script = _script(script, self._folder)

    def fails_with(self, fault: str) -> None:
        """Let the next requests meet a fault, then answer as before.

        Faults that are asked for one after the other are met one after the other. How many requests each meets is part
        of the fault (``Fault.times``): one that never ends is over with the test.

        Args:
            fault: Name of a fault of a model, such as ``model-429-seconds``; ``crashproof faults`` lists them.

        Raises:
            UsageError: It is no fault of a model.
        """
        self._failing.add(fault)

    async def decide(self, message: HttpMessage) -> Decision:
        """Decide what becomes of a request; called by the door."""
        if message.position == "before" or message.again:
            self._requests.append(message)
        return await _around(self._failing, message, lambda: self.answer(message))

    def answer(self, message: HttpMessage) -> Answer:
        """Return what the model answers to a request that meets no fault."""
        body = encoded(message.body)
        return model.answer(method=message.method, path=message.path, body=body, script=self._script)


class Effects:
    """The effect server of one test: what is done through it is counted, and nothing happens.

    Attributes:
        url: What ``EFFECTS_URL`` is; the name of an effect follows after a slash. Worker processes of
            ``crashproof_worker`` have it already.
    """

    def __init__(self, *, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder
        self._scripts: dict[str, Script] = {}
        self._failing = DueFaults("effect")
        self._ledger: list[EffectRequest] = []

    @property
    def ledger(self) -> tuple[EffectRequest, ...]:
        """Every effect that has happened, in order: ``name``, ``key``, ``body``, ``method``, ``headers``.

        An effect has happened as soon as it was executed with a status below 400, whether its answer was heard or not.
        Reads (``GET``) are none.
        """
        return tuple(self._ledger)

    def answers_with(self, script: ScriptFunction | Path | str, *, service: str = "") -> None:
        """Say what effects answer, as ``Model.answers_with`` does; ``harness.doors.http.effects`` tells how.

        Args:
            script: As of ``Model.answers_with``.
            service: The service that it answers for, such as ``payments``; empty: all that have no script.

        Raises:
            UsageError: As ``Model.answers_with``.
        """
        self._scripts[service.strip("/")] = _script(script, self._folder)

    def fails_with(self, fault: str) -> None:
        """Let the next effects meet a fault such as ``effect-reply-lost``, as ``Model.fails_with`` does.

        Raises:
            UsageError: It is no fault of an effect.
        """
        self._failing.add(fault)

    async def decide(self, message: HttpMessage) -> Decision:
        """Decide what becomes of a request; called by the door."""
        asked = effects.read(
            method=message.method, path=message.path, headers=message.headers, body=encoded(message.body)
        )

        def execute() -> Answer:
            answer = effects.answer(asked, scripts=self._scripts)
            if asked.method in effects.CHANGING and answer.status < 400:
                self._ledger.append(asked)
            return answer

        return await _around(self._failing, message, execute)


async def _around(due: DueFaults, message: HttpMessage, execute: Callable[[], Answer]) -> Decision:
    """Decide about a request in a thread of its own; which fault it meets is settled as it comes."""
    fault, turn = due.next
    if fault:
        due.met()
    return await unattended(lambda: decided(fault, message, execute, turn=turn))


def decided(fault: Fault | None, message: HttpMessage, execute: Callable[[], Answer], *, turn: int) -> Decision:
    """Execute a request, unless a fault comes before, and return what is answered, unless one comes after.

    What changes an answer changes no error.

    Args:
        fault: The fault that it meets, if any.
        message: The request.
        execute: Executes it.
        turn: Which of the requests that the fault meets it is, from 1.
    """
    if fault and fault.positions == ("before",):
        return decision_on(fault.action, message, turn=turn)
    answer = execute()
    if answer.notice:
        print(for_terminal(f"crashproof: {answer.notice}"), file=sys.stderr, flush=True)
    if fault and fault.can_change(str(answer.status)):
        return decision_on(fault.action, message, turn=turn, answer=answer)
    return answer


def _script(script: ScriptFunction | Path | str, folder: Path) -> Script:
    if isinstance(script, str | Path):
        return scripts.load(folder / script)
    if not callable(script) or inspect.iscoroutinefunction(script):
        raise UsageError("answers_with() takes a plain function of the request, or the path of a file that defines one")
    return Script(Path(inspect.getsourcefile(script) or "the script"), script)


def encoded(body: Any) -> bytes:
    """Return the bytes of a body that was parsed, or that is a text."""
    return body.encode(errors="replace") if isinstance(body, str) else json.dumps(body).encode()
