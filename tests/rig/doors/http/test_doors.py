"""The HTTP doors with a real process behind them, real sockets and the official client."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx
import openai
import psutil
import pytest

from harness.doors.decision import Decision
from harness.doors.http.doors import Decide, HttpDoors, HttpMessage, Notice
from harness.errors import RigError, UsageError
from tests.waiting import until_async

LIMIT = 120.0


async def let_go(message: HttpMessage) -> Decision:
    return "go"


class Recorder:
    """Lets every message go, drops those at one position, or holds those at one position until released."""

    def __init__(self, *, drop: str = "", hold: str = "") -> None:
        self.met: list[HttpMessage] = []
        self.held: asyncio.Queue[HttpMessage] = asyncio.Queue()
        self.release = asyncio.Event()
        self.drop = drop
        self._hold = hold

    async def __call__(self, message: HttpMessage) -> Decision:
        self.met.append(message)
        if message.position == self._hold:
            self.held.put_nowait(message)
            await self.release.wait()
        return "drop" if message.position == self.drop else "go"

    @property
    def positions(self) -> list[str]:
        return [message.position for message in self.met]


@asynccontextmanager
async def doors(
    decide: Decide,
    logs: Path,
    *,
    model: str = "",
    notice: Callable[[Notice], None] | None = None,
) -> AsyncIterator[HttpDoors]:
    script = logs / "model_script.py" if model else None
    if script:
        script.write_text(model)
    async with HttpDoors(decide=decide, logs=logs, model_script=script, notice=notice) as running:
        yield running
    assert not psutil.pid_exists(running.pid)


def client(running: HttpDoors, slot: str = "slot-1") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=running.model_url(slot, worker=1), api_key="sk-test", max_retries=0, timeout=LIMIT
    )


async def ask(running: HttpDoors, text: str = "hello", *, slot: str = "slot-1") -> str:
    async with client(running, slot) as asking:
        said = await asking.chat.completions.create(model="m", messages=[{"role": "user", "content": text}])
    return said.choices[0].message.content or ""


async def test_both_dialects_through_the_official_client(tmp_path: Path) -> None:
    decide = Recorder()
    echo = "def answer(request): return request['input'] if 'input' in request else request['messages'][-1]['content']"
    async with doors(decide, tmp_path, model=echo) as running, client(running) as asking:
        chat = await asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
        response = await asking.responses.create(model="m", input="good day")
    assert chat.choices[0].message.content == "hello"
    assert response.output_text == "good day"
    assert [(message.operation, message.position, message.number) for message in decide.met] == [
        ("chat.completions", "before", 1),
        ("chat.completions", "after", 1),
        ("responses", "before", 2),
        ("responses", "after", 2),
    ]
    before, after = decide.met[:2]
    assert (before.slot, before.door, before.method, before.path) == ("slot-1", "model", "POST", "/v1/chat/completions")
    assert before.body == {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    assert before.headers["authorization"] == "Bearer sk-test"
    assert before.headers["x-stainless-retry-count"] == "0"
    assert (before.status, before.answer) == (0, None)
    assert (after.body, after.headers) == (before.body, before.headers)
    assert (after.status, after.answer["choices"][0]["message"]["content"]) == (200, "hello")


async def test_streams_of_every_dialect_through_the_official_clients(tmp_path: Path) -> None:
    decide = Recorder()
    asked: Any = [{"role": "user", "content": "hello"}]
    script = "def answer(request): return 'A mechanism that weighs what it reads.'"
    async with doors(decide, tmp_path, model=script) as running, client(running) as asking:
        claude = anthropic.AsyncAnthropic(base_url=running.anthropic_url("s", worker=1), api_key="k", max_retries=0)
        chunks = [chunk async for chunk in await asking.chat.completions.create(model="m", messages=asked, stream=True)]
        async with asking.responses.stream(model="m", input="hello") as stream:
            response = await stream.get_final_response()
        async with claude, claude.messages.stream(model="m", max_tokens=9, messages=asked) as speaking:
            message = await speaking.get_final_message()
    text = "A mechanism that weighs what it reads."
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
    assert len(chunks) > 3
    assert response.output_text == text
    assert [block.text for block in message.content if block.type == "text"] == [text]
    assert [message.operation for message in decide.met[::2]] == [
        "chat.completions.stream",
        "responses.stream",
        "messages.stream",
    ]
    assert all(message.answer["usage"] for message in decide.met[1::2])  # the tape has the answer as a whole


async def test_an_effect(tmp_path: Path) -> None:
    decide = Recorder()
    async with doors(decide, tmp_path) as running, httpx.AsyncClient(timeout=LIMIT) as sender:
        url = running.effects_url("slot-7", worker=1)
        done = await sender.post(f"{url}/note?x=1", json={"step": 1}, headers={"Idempotency-Key": "k"})
        seen = await sender.get(f"{url}/note")
        no_json = await sender.post(f"{url}/note", content=b"\xff not JSON")
    assert [done.status_code, seen.status_code, no_json.status_code] == [200, 200, 200]
    assert done.json()["name"] == "note"
    effect = decide.met[1]
    assert (effect.slot, effect.door, effect.operation, effect.path) == ("slot-7", "effect", "note", "/note?x=1")
    assert (effect.body, effect.headers["idempotency-key"]) == ({"step": 1}, "k")
    assert (effect.status, effect.answer) == (200, done.json())
    assert [message.operation for message in decide.met[2:]] == ["GET:note", "GET:note", "note", "note"]
    assert decide.met[4].body == "\ufffd not JSON"


@pytest.mark.parametrize("position", ["before", "after"])
async def test_a_message_is_held_until_it_is_released(tmp_path: Path, position: str) -> None:
    decide = Recorder(hold=position)
    async with doors(decide, tmp_path) as running, asyncio.timeout(LIMIT):
        asking = asyncio.create_task(ask(running))
        await decide.held.get()
        # Another request goes the whole way meanwhile, so the held one has had its chance to go on.
        other = asyncio.create_task(ask(running, "other"))
        await decide.held.get()
        assert not asking.done()
        assert decide.positions == (["before"] * 2 if position == "before" else ["before", "after"] * 2)
        decide.release.set()
        assert await asking
        assert await other


async def test_a_request_dropped_before_is_not_executed(tmp_path: Path) -> None:
    decide = Recorder(drop="before")
    counted = "asked = []\ndef answer(request):\n    asked.append(1)\n    return str(len(asked))"
    async with doors(decide, tmp_path, model=counted) as running:
        with pytest.raises(openai.APIConnectionError):
            await ask(running)
        assert decide.positions == ["before"]
        decide.drop = ""
        assert await ask(running) == "1"


async def test_a_request_that_arrives_twice_is_executed_twice_and_the_first_answer_is_heard(tmp_path: Path) -> None:
    met: list[HttpMessage] = []

    async def decide(message: HttpMessage) -> Decision:
        met.append(message)
        return "twice" if message.position == "before" else "go"

    counted = "asked = []\ndef answer(request):\n    asked.append(1)\n    return str(len(asked))"
    async with doors(decide, tmp_path, model=counted) as running:
        assert [await ask(running), await ask(running)] == ["1", "3"]
    said = [message.answer and message.answer["choices"][0]["message"]["content"] for message in met]
    assert said == [None, "1", "2", None, "3", "4"]
    assert [message.again for message in met] == [False, False, True] * 2
    assert [message.number for message in met] == [1, 1, 1, 2, 2, 2]


async def test_an_answer_dropped_after_was_executed(tmp_path: Path) -> None:
    decide = Recorder(drop="after")
    counted = "asked = []\ndef answer(request):\n    asked.append(1)\n    return str(len(asked))"
    async with doors(decide, tmp_path, model=counted) as running:
        with pytest.raises(openai.APIConnectionError):
            await ask(running)
        assert decide.positions == ["before", "after"]
        assert decide.met[1].answer["choices"][0]["message"]["content"] == "1"
        decide.drop = ""
        assert await ask(running) == "2"


async def test_a_message_says_which_worker_process_sent_it(tmp_path: Path) -> None:
    decide = Recorder()
    async with doors(decide, tmp_path) as running, httpx.AsyncClient(timeout=LIMIT) as sender:
        await sender.post(f"{running.model_url('s', worker=12)}/responses", json={"model": "m", "input": "x"})
        await sender.post(f"{running.effects_url('s', worker=3)}/note", json={})
        await sender.post(f"{running.anthropic_url('s', worker=0)}/v1/messages", json={})
        for path in ("s/-1/model/v1/responses", "s/x/model/v1/responses", "s/model/v1/responses", "s/1/models"):
            port = urlsplit(running.effects_url("s", worker=1)).port
            assert (await sender.post(f"http://127.0.0.1:{port}/{path}", json={})).status_code == 404
    assert [message.worker for message in decide.met] == [12, 12, 3, 3, 0, 0]
    assert [message.path for message in decide.met[::2]] == ["/v1/responses", "/note", "/v1/messages"]


async def test_an_attack_by_who_does_not_know_the_secret_of_the_doors_meets_no_door(tmp_path: Path) -> None:
    decide, notices = Recorder(), list[Notice]()
    async with doors(decide, tmp_path, notice=notices.append) as running, httpx.AsyncClient(timeout=LIMIT) as sender:
        url = running.effects_url("s", worker=1)
        secret = urlsplit(url).path.split("/")[1]
        for guess in ("", "/guess", f"/{secret[:-1]}"):
            asked = f"{url.partition(secret)[0].rstrip('/')}{guess}/s/1/effects/note"
            assert (await sender.post(asked, json={})).status_code == 404
        assert (await sender.post(f"{url}/../../{secret}", json={})).status_code == 404
        command_lines = Path(f"/proc/{running.pid}/cmdline").read_text()
    assert decide.met == []
    assert secret not in command_lines
    assert not any(secret in notice.text for notice in notices)


@pytest.mark.parametrize("position", ["before", "after"])
async def test_what_is_let_go_is_executed_though_its_client_went_while_it_was_held(
    tmp_path: Path, position: str
) -> None:
    decide = Recorder(hold=position)
    async with doors(decide, tmp_path) as running, asyncio.timeout(LIMIT):
        asking = asyncio.create_task(ask(running))
        held = await decide.held.get()
        asking.cancel()
        server = psutil.Process(running.pid)
        await until_async(lambda: not any(each.raddr for each in server.net_connections("tcp")), "its client is gone")
        decide.release.set()
        assert await ask(running, "again")
        # The decision was to let it go: a server executes what it got, whether its client still lives or not.
        first = [message.position for message in decide.met if message.number == held.number]
        assert first == ["before", "after"]


async def test_requests_of_many_slots_are_told_apart(tmp_path: Path) -> None:
    decide = Recorder()
    echo = "def answer(request): return request['messages'][0]['content']"
    slots = [f"slot-{number % 4}" for number in range(50)]
    async with doors(decide, tmp_path, model=echo) as running, asyncio.timeout(LIMIT):
        texts = [f"{slot} asks {number}" for number, slot in enumerate(slots)]
        asked = [ask(running, text, slot=slot) for text, slot in zip(texts, slots, strict=True)]
        assert await asyncio.gather(*asked) == texts
    assert len(decide.met) == 100
    assert all(message.body["messages"][0]["content"].startswith(message.slot) for message in decide.met)
    answers = [message for message in decide.met if message.position == "after"]
    assert {message.number for message in answers} == set(range(1, 51))
    assert all(
        message.answer["choices"][0]["message"]["content"] == message.body["messages"][0]["content"]
        for message in answers
    )


async def test_one_connection_carries_many_requests_and_large_ones(tmp_path: Path) -> None:
    decide = Recorder()
    one = httpx.AsyncClient(limits=httpx.Limits(max_connections=1), timeout=LIMIT)
    async with doors(decide, tmp_path) as running, one as sender:
        url = f"{running.effects_url('s', worker=1)}/note"
        for number in range(300):
            assert (await sender.post(url, json={"n": number})).status_code == 200
        large = {"text": "x" * 3_000_000}
        assert (await sender.post(url, json=large)).status_code == 200
    assert decide.met[-1].body == large
    assert [message.body["n"] for message in decide.met[:600:2]] == list(range(300))


async def test_a_script_that_raises_is_told_once_for_each_slot(tmp_path: Path) -> None:
    notices: list[Notice] = []
    body = "def answer(request):\n    return 1 / 0"
    async with doors(let_go, tmp_path, model=body, notice=notices.append) as running:
        for slot in ("a", "a", "b"):
            with pytest.raises(openai.InternalServerError, match=r"model_script.py:2: ZeroDivisionError"):
                await ask(running, slot=slot)
    assert [notice.slot for notice in notices] == ["a", "b"]
    assert "model_script.py:2: ZeroDivisionError: division by zero" in notices[0].text


async def test_what_is_not_served_is_told(tmp_path: Path) -> None:
    notices: list[Notice] = []
    decide = Recorder()
    async with doors(decide, tmp_path, notice=notices.append) as running, client(running) as asking:
        with pytest.raises(openai.NotFoundError, match="is not served"):
            await asking.moderations.create(model="m", input="x")
        with pytest.raises(openai.BadRequestError, match="Missing required parameter"):
            await asking.responses.create(model="m", stream=True)
        async with httpx.AsyncClient(timeout=LIMIT) as sender:
            nowhere = await sender.post(running.anthropic_url("s", worker=1).replace("/model", "/nowhere"))
    assert nowhere.status_code == 404
    assert [message.operation for message in decide.met[::2]] == ["v1/moderations", "responses.stream"]
    assert [notice.slot for notice in notices] == ["slot-1", "slot-1", ""]


async def test_a_notice_is_printed_where_nobody_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with doors(let_go, tmp_path) as running, client(running) as asking:
        with pytest.raises(openai.NotFoundError):
            await asking.files.list()
    assert "slot-1: GET /v1/files is not served" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "told"),
    [("import no_such_module", "model_script.py:1: ModuleNotFoundError"), ("x = 1", "has no function answer(request)")],
)
async def test_a_script_that_cannot_be_used_stops_the_start(tmp_path: Path, body: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        async with doors(let_go, tmp_path, model=body):
            pass
    assert told in str(raised.value)
    assert "Traceback" not in str(raised.value)


async def test_a_script_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        async with HttpDoors(decide=let_go, logs=tmp_path, effects_scripts={"": tmp_path / "none.py"}):
            pass


async def test_a_script_that_ends_the_process_stops_the_start_with_its_log(tmp_path: Path) -> None:
    body = "import os, sys\nprint('about to end', file=sys.stderr, flush=True)\nos._exit(9)"
    with pytest.raises(RigError, match="exit status 9") as raised:
        async with doors(let_go, tmp_path, model=body):
            pass
    assert "about to end" in str(raised.value)


async def test_a_killed_process_is_told_to_whoever_watches(tmp_path: Path) -> None:
    decide = Recorder(hold="before")
    async with doors(decide, tmp_path) as running, asyncio.timeout(LIMIT):
        watching = asyncio.create_task(running.watch())
        asking = asyncio.create_task(ask(running))
        await decide.held.get()
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(RigError, match=r"\(pid \d+\) was killed with SIGKILL"):
            await watching
        with pytest.raises(openai.APIConnectionError):
            await asking
        with pytest.raises(RigError):
            running.model_url("slot-1", worker=1)


async def test_a_meet_that_raises_drops_the_message_and_is_told(tmp_path: Path) -> None:
    async def broken(message: HttpMessage) -> Decision:
        raise RuntimeError("the tape is full")

    async with doors(broken, tmp_path) as running, asyncio.timeout(LIMIT):
        with pytest.raises(openai.APIConnectionError):
            await ask(running)
        with pytest.raises(RuntimeError, match="the tape is full"):
            await running.watch()


async def test_what_is_held_at_the_end_is_dropped(tmp_path: Path) -> None:
    decide = Recorder(hold="after")
    async with asyncio.timeout(LIMIT):
        async with doors(decide, tmp_path) as running:
            asking = asyncio.create_task(ask(running))
            await decide.held.get()
        with pytest.raises(openai.APIConnectionError):
            await asking


OWNER = """
import asyncio, pathlib, sys
from harness.doors.http.doors import HttpDoors

async def decide(message):
    return "go"

async def main():
    async with HttpDoors(decide=decide, logs=pathlib.Path(sys.argv[1])) as running:
        print(running.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_the_process_is_gone_when_crashproof_is_killed(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    async with asyncio.timeout(LIMIT):
        pid = int(await owner.stdout.readline())
    serving = psutil.Process(pid)
    assert serving.is_running()
    owner.kill()
    await owner.wait()
    await asyncio.to_thread(serving.wait, LIMIT)
