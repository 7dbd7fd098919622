"""``crashproof model``: the scripted model server alone, in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import say

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
    from harness.cli.interrupting import interruptible

    return interruptible(_serve(script, names))


async def _serve(script: Path | None, names: tuple[str, ...]) -> int:
    from harness.app.model_server import model_server

    async with model_server(script=script, names=names, tell=_tell) as doors:
        say(f"export OPENAI_BASE_URL={doors.model_url('model', worker=1)} OPENAI_API_KEY=none")
        say(f"export ANTHROPIC_BASE_URL={doors.anthropic_url('model', worker=1)} ANTHROPIC_API_KEY=none")
        _tell("serving; Ctrl-C stops")
        await doors.watch()


def _tell(line: str) -> None:
    say(line, err=True)
