"""``crashproof model``: the scripted model server alone, in the foreground."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.output import say

if TYPE_CHECKING:
    from harness.doors.decision import Decision
    from harness.doors.http.doors import HttpMessage, Notice
    from harness.faults import Fault

_EPILOG = """\b
Example:
  crashproof model --script script.py
  crashproof model --script script.py --fault model-429-seconds
\b
A script is a Python file with a function of the request, the same whenever it is asked the same:
\b
  def answer(request):                               # OpenAI Chat Completions
      return "Paris." if "France" in request["messages"][-1]["content"] else "I do not know."
\b
  def answer(request):                               # OpenAI Responses
      return {"tool_calls": [{"name": "look", "arguments": {"query": str(request["input"])}}]}
\b
  def answer(request):                               # Anthropic Messages
      return {"text": f"{len(request['messages'])} turns so far.", "finish_reason": "length"}
"""


@click.command(epilog=_EPILOG)
@click.option("--script", type=click.Path(path_type=Path), help="Python file with answer(request); else a short text.")
@click.option("--fault", "names", multiple=True, metavar="NAME", help="Fault that the first calls meet; repeatable.")
def model(script: Path | None, names: tuple[str, ...]) -> int:
    """Start the model server alone; Ctrl-C stops it.

    It plays OpenAI's Chat Completions, Responses and Embeddings and Anthropic's Messages, whole and streamed. It prints
    the variables that lead the official clients to it, and then a line for each call.
    """
    from harness import faults
    from harness.cli.interrupting import interruptible
    from harness.errors import UsageError

    chosen = [faults.named(name) for name in names]
    for fault in chosen:
        if "model" not in fault.doors or fault.family != "model":
            raise UsageError(f"{fault.name} is no fault of a model; `crashproof faults model` lists these")
    return interruptible(_serve(script, chosen))


async def _serve(script: Path | None, chosen: list[Fault]) -> int:
    from harness.doors.http.doors import HttpDoors

    with tempfile.TemporaryDirectory(prefix="crashproof-") as logs:
        playing = _Playing(chosen)
        async with HttpDoors(decide=playing, logs=Path(logs), model_script=script, notice=_tell) as doors:
            say(f"export OPENAI_BASE_URL={doors.model_url('model', worker=1)} OPENAI_API_KEY=none")
            say(f"export ANTHROPIC_BASE_URL={doors.anthropic_url('model', worker=1)} ANTHROPIC_API_KEY=none")
            say("serving; Ctrl-C stops", err=True)
            await doors.watch()


def _tell(notice: Notice) -> None:
    say(notice.text, err=True)


class _Playing:
    """Lets each call go, unless it is one of the first and a fault meets it; prints a line for each."""

    def __init__(self, chosen: list[Fault]) -> None:
        self._due = [(fault, turn) for fault in chosen for turn in range(1, max(fault.times, 1) + 1)]

    async def __call__(self, message: HttpMessage) -> Decision:
        from harness.doors.model.faulty import MetCall, answer_to
        from harness.faults.action import LoseReply

        fault, turn = self._due[0] if self._due else (None, 0)
        if fault is None or message.position not in fault.positions:
            if message.position == "after":
                say(f"{message.operation} {message.status}", err=True)
            return "go"
        if fault.times:
            del self._due[0]
        say(f"{message.operation} {fault.name}", err=True)
        if isinstance(fault.action, LoseReply):
            return "drop"
        call = MetCall(
            operation=message.operation,
            path=message.path,
            now=time.time(),
            text=message.answer_text,
            request=message.body,
            headers=message.headers,
            turn=turn,
        )
        return answer_to(fault.action, call)
