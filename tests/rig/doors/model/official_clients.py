"""Every fault of the model against the official clients of today, all at once, through the real door.

``python -m tests.rig.doors.model.official_clients`` prints the page that the package shows of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import openai

from harness import faults
from harness.doors.decision import Decision
from harness.doors.http.answer import RESET
from harness.doors.http.doors import HttpDoors, HttpMessage
from harness.doors.model.faulty import decision_on
from harness.faults.action import TimeOut
from harness.faults.fault import Fault
from harness.faults.transport import ForgetName, RefuseConnections
from harness.trial.addresses import HttpAddresses, http_addresses
from tests import ROOT

PAGE = ROOT / "harness/docs/model-faults.md"
VERSIONS = f"openai {openai.__version__}, anthropic {anthropic.__version__}"
CLIENT_WAITS = 10.0  # the time limit that the clients are given, in seconds
_SOON = 2.0  # how long they wait for an answer where none is to come, ever; for a connection as otherwise
WE_WAIT = 45.0  # how long one call may take in all, in seconds
_AT_ONCE = 4  # so many begin at the same time: a hundred would keep each other from their answers for longer than that
SAID = "Attention weighs every token of the sequence against every other."
CLIENTS = ("chat", "responses", "messages")
OPERATIONS = {"chat": "chat.completions", "responses": "responses", "messages": "messages"}
MODEL_FAULTS = tuple(fault for fault in faults.listed() if fault.family == "model")
SCRIPT = f"def answer(request): return {SAID!r}"

_HEAD = f"""# What the official clients make of each fault of a model

Each fault is made through the real model server, to each official client with its own default of two retries, a time
limit of {CLIENT_WAITS:g} s, and nothing around it. A cell says what the client raised or returned, and how many of its
requests reached the server (a connection that is refused brings none). *No error* with another text is what an agent
must look for itself: nobody else does.

Faults whose names begin with `stream` are made to streams, the others to whole answers. A test makes this table; it was
made with {{versions}}.

| fault | OpenAI Chat Completions | OpenAI Responses | Anthropic Messages |
|---|---|---|---|
"""


@dataclass
class Heard:
    """What one client made of one fault.

    Attributes:
        outcome: What it raised or returned.
        requests: How many requests it sent.
    """

    outcome: str
    requests: int

    def __str__(self) -> str:
        """Return it as a cell of the table."""
        return f"{self.outcome} ({self.requests})"


@dataclass
class _Striking:
    """Makes in each slot the fault that the slot is named after, as often as that says."""

    met: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    addresses: dict[str, HttpAddresses] = field(default_factory=dict)
    begun: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    async def __call__(self, message: HttpMessage) -> Decision:
        name = message.slot.partition("~")[0]
        fault = faults.named(name)
        self.requests[message.slot] += message.position == "before"
        self.begun[message.slot].set()
        if message.position not in fault.positions or 0 < fault.times <= self.met[message.slot]:
            return "go"
        self.met[message.slot] += 1
        if isinstance(fault.action, RefuseConnections):
            self.addresses[message.slot].refuse("model")
            return RESET
        return decision_on(fault.action, message, turn=self.met[message.slot])


async def heard_by_all() -> dict[str, dict[str, Heard]]:
    """Return for each fault what each client makes of it; a client that cannot meet it is left out."""
    striking = _Striking()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        script.write_text(SCRIPT)
        async with HttpDoors(decide=striking, logs=Path(folder), model_script=script, notice=lambda _: None) as doors:
            asked = [(fault, client) for fault in MODEL_FAULTS for client in CLIENTS if _meets(fault, client)]
            begins = asyncio.Semaphore(_AT_ONCE)
            outcomes = await asyncio.gather(
                *(_begun_in_turn(begins, doors, fault, client, striking) for fault, client in asked)
            )
    table: dict[str, dict[str, Heard]] = {fault.name: {} for fault in MODEL_FAULTS}
    for (fault, client), outcome in zip(asked, outcomes, strict=True):
        table[fault.name][client] = Heard(outcome, striking.requests[f"{fault.name}~{client}"])
    return table


def page(table: dict[str, dict[str, Heard]]) -> str:
    """Return the page that shows the table."""
    rows = [
        "| " + " | ".join([f"`{name}`", *(str(cells.get(client, "")) for client in CLIENTS)]) + " |"
        for name, cells in table.items()
    ]
    return _HEAD.format(versions=VERSIONS) + "\n".join(rows) + "\n"


def _streams(fault: Fault) -> bool:
    return fault.name.startswith("stream-")


def _meets(fault: Fault, client: str) -> bool:
    operation = OPERATIONS[client] + (".stream" if _streams(fault) else "")
    return not fault.operations or operation in fault.operations


async def _begun_in_turn(
    begins: asyncio.Semaphore, doors: HttpDoors, fault: Fault, client: str, striking: _Striking
) -> str:
    """Return what a client made of a fault; its turn is over when its first request is there, or all of it."""
    async with begins:
        outcome = asyncio.ensure_future(_outcome(doors, fault, client, striking))
        there = asyncio.ensure_future(striking.begun[f"{fault.name}~{client}"].wait())
        await asyncio.wait([outcome, there], return_when=asyncio.FIRST_COMPLETED)
        there.cancel()
    return await outcome


async def _outcome(doors: HttpDoors, fault: Fault, client: str, striking: _Striking) -> str:
    slot = f"{fault.name}~{client}"
    ask = {"chat": _chat, "responses": _responses, "messages": _messages}[client]
    try:
        async with _patience(), http_addresses(doors, slot=slot, faults=[fault]) as addresses:
            striking.addresses[slot] = addresses
            if isinstance(fault.action, ForgetName):
                addresses.forget_name("model")
            url = addresses.environment(1)["ANTHROPIC_BASE_URL" if client == "messages" else "OPENAI_BASE_URL"]
            text, calls = await ask(url, _streams(fault), _SOON if isinstance(fault.action, TimeOut) else CLIENT_WAITS)
    except TimeoutError:
        return f"no end within {WE_WAIT:g} s"
    except Exception as error:
        return type(error).__name__
    if calls:
        return f"no error, {calls} {'call' if calls == 1 else 'calls'}"
    return "the answer" if text == SAID else f"no error, {_described(text)}"


@contextlib.asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """End what goes on for longer than the limit, in time that this process had: what it waits for itself counts less.

    Raises:
        TimeoutError: It went on.
    """
    async with asyncio.timeout(None) as limit:

        async def count() -> None:
            for _ in range(round(WE_WAIT)):
                await asyncio.sleep(1)
            limit.reschedule(0)

        counting = asyncio.ensure_future(count())
        try:
            yield
        finally:
            counting.cancel()


def _described(text: Any) -> str:
    if not text:
        return "no text"
    return "half of the text" if SAID.startswith(str(text)) else "another text"


_ASKED: Any = [{"role": "user", "content": "What is attention?"}]
_FORM: Any = {"type": "object", "properties": {"query": {"type": "string"}}}


async def _chat(url: str, streams: bool, limit: float) -> tuple[Any, int]:
    tools: Any = [{"type": "function", "function": {"name": "look", "parameters": _FORM}}]
    async with openai.AsyncOpenAI(
        base_url=url, api_key="sk-test", timeout=openai.Timeout(CLIENT_WAITS, read=limit)
    ) as client:
        if streams:
            chunks = [
                chunk
                async for chunk in await client.chat.completions.create(
                    model="m", messages=_ASKED, tools=tools, stream=True
                )
            ]
            deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
            begun = sum(bool(call.id) for delta in deltas for call in delta.tool_calls or ())
            return "".join(delta.content or "" for delta in deltas), begun
        said: Any = await client.chat.completions.create(model="m", messages=_ASKED, tools=tools)
        message = said.choices[0].message
        return message.content or message.refusal, len(message.tool_calls or ())


async def _responses(url: str, streams: bool, limit: float) -> tuple[Any, int]:
    tools: Any = [{"type": "function", "name": "look", "parameters": _FORM}]
    async with openai.AsyncOpenAI(
        base_url=url, api_key="sk-test", timeout=openai.Timeout(CLIENT_WAITS, read=limit)
    ) as client:
        if streams:
            events = [
                event async for event in await client.responses.create(model="m", input="x", tools=tools, stream=True)
            ]
            text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            return text, sum(
                event.type == "response.output_item.added" and event.item.type == "function_call" for event in events
            )
        said: Any = await client.responses.create(model="m", input="x", tools=tools)
        return said.output_text, sum(item.type == "function_call" for item in said.output)


async def _messages(url: str, streams: bool, limit: float) -> tuple[Any, int]:
    tools: Any = [{"name": "look", "input_schema": _FORM}]
    async with anthropic.AsyncAnthropic(
        base_url=url, api_key="sk-test", timeout=anthropic.Timeout(CLIENT_WAITS, read=limit)
    ) as client:
        if streams:
            async with client.messages.stream(model="m", max_tokens=99, messages=_ASKED, tools=tools) as stream:
                said: Any = await stream.get_final_message()
        else:
            said = await client.messages.create(model="m", max_tokens=99, messages=_ASKED, tools=tools)
        texts = [block.text for block in said.content if block.type == "text"]
        return texts[0] if texts == [None] else "".join(texts), sum(block.type == "tool_use" for block in said.content)


def main() -> None:
    """Print the page."""
    print(page(asyncio.run(heard_by_all())), end="")


if __name__ == "__main__":
    main()
