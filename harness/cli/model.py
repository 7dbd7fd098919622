"""``crashproof model``: the scripted model server alone, and scripts recorded from a real provider."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from harness.cli.output import say

_EPILOG = """\b
Example:
  crashproof model --script script.py
  crashproof model --script script.py --fault model-429-seconds
  crashproof model record --upstream https://api.openai.com/v1 --out script.py
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

_RECORD_EPILOG = """\b
Example:
  crashproof model record --upstream https://api.openai.com/v1
  OPENAI_BASE_URL=http://127.0.0.1:PORT/v1 python ask_the_agent.py      # as printed, with your own OPENAI_API_KEY
  crashproof run --worker "python worker.py" --workflow MyAgent --model recorded_script.py
"""


@click.group(epilog=_EPILOG, invoke_without_command=True)
@click.option("--script", type=click.Path(path_type=Path), help="Python file with answer(request); else a short text.")
@click.option("--fault", "names", multiple=True, metavar="NAME", help="Fault that the first calls meet; repeatable.")
@click.pass_context
def model(command: click.Context, script: Path | None, names: tuple[str, ...]) -> int:
    """Start the model server alone; Ctrl-C stops it.

    It plays OpenAI's Chat Completions, Responses and Embeddings and Anthropic's Messages, whole and streamed. It prints
    the variables that lead the official clients to it, and then a line for each call.
    """
    from harness.cli.interrupting import interruptible

    if command.invoked_subcommand is None:
        return interruptible(_serve(script, names))
    if script or names:
        raise click.UsageError("--script and --fault are for the server alone, and not for what is recorded", command)
    return 0


@model.command(epilog=_RECORD_EPILOG)
@click.option("--upstream", required=True, metavar="URL", help="The provider, as OPENAI_BASE_URL would name it.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("recorded_script.py"),
    show_default=True,
    help="The script to write.",
)
def record(upstream: str, out: Path) -> int:
    """Make a script of what a real provider answers; Ctrl-C stops it and keeps what was recorded.

    It prints the variables that lead the official clients, and so an agent, to a proxy on this machine. What they ask
    is passed on with their own key, and each whole answer to a conversation goes into the script, streamed or not.
    Keys are stored nowhere, and of questions the script holds a digest and the beginning of the last one.
    """
    from harness.cli.interrupting import interruptible

    return interruptible(_record(upstream, out))


async def _serve(script: Path | None, names: tuple[str, ...]) -> int:
    from harness.app.model_server import model_server

    async with model_server(script=script, names=names, tell=_tell) as doors:
        say(f"export OPENAI_BASE_URL={doors.model_url('model', worker=1)} OPENAI_API_KEY=none")
        say(f"export ANTHROPIC_BASE_URL={doors.anthropic_url('model', worker=1)} ANTHROPIC_API_KEY=none")
        _tell("serving; Ctrl-C stops")
        await doors.watch()


async def _record(upstream: str, out: Path) -> int:
    from harness.app.model_recording import model_recording

    async with model_recording(upstream=upstream, script=out, tell=_tell) as (proxy, recording):
        say(f"export OPENAI_BASE_URL={proxy.openai_url}")
        say(f"export ANTHROPIC_BASE_URL={proxy.anthropic_url}")
        _tell(f"recording {recording.host}; Ctrl-C stops")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            number = len(recording.answers)
            answers = f"{number} answer{'s' if number > 1 else ''}"
            _tell(f"{answers} in {out}: crashproof model --script {out}" if number else "nothing was recorded")
    return 0


def _tell(line: str) -> None:
    say(line, err=True)
