"""Each action of a fault is carried out on the message, the process or the server that it means, and healed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import faults
from harness.doors.decision import Decision, Refusal
from harness.doors.http.answer import RESET, SILENT, Answer
from harness.errors import RigError
from harness.processes.command import environment
from harness.records.act_facts import WorkerExited, WorkerOverstayed
from harness.records.message_facts import EagerTasks, HttpCall
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.tape import Entry, acts
from harness.trial import striking
from harness.trial.live_tape import LiveTape
from harness.trial.nemesis import Nemesis, Struck
from harness.trial.registry import WorkerRegistry
from harness.trial.striking import Striking
from harness.trial.worker import WorkerProcesses
from tests.rig.trial.test_worker import GRACEFUL, LIMIT, SLEEPS, STUBBORN, noted, polling, python, says

OF_STEP: dict[str, Any] = {"workflow": "A", "subject": "step", "execution": 1, "attempt": 1}
DONE = Point(position="before", door="wire", operation="RespondActivityTaskCompleted", **OF_STEP)
POLLED = Point(position="after", door="wire", operation="PollActivityTaskQueue", **OF_STEP)
MODEL = Point(position="before", door="model", operation="chat.completions", **OF_STEP)
STOPPING = Point(position="before", door="wire", operation="ShutdownWorker")
EFFECT = Point(position="after", door="effect", operation="pay", **OF_STEP)


def entry(point: Point, *, worker: int = 1, number: int = 1, activity: str = "7") -> Entry:
    kind: Any = "reply" if point.position == "after" else "request"
    told: dict[str, Any] = {"door": point.door, "operation": point.operation, "point": point, "worker": worker}
    ids: dict[str, Any] = {"workflow_id": "w", "run_id": "r", "activity_id": activity}
    return Entry(at=time.time(), kind=kind, message=number, **told, **ids)


class Recovered:
    """Keeps which tasks were freed, and by which worker process what nobody had heard of was looked for."""

    def __init__(self) -> None:
        self.entries: list[tuple[Entry, bool]] = []
        self.looked_after: list[int] = []

    async def recover_task(self, entry: Entry, *, running: bool = False) -> None:
        self.entries.append((entry, running))

    async def recover_unheard(self, worker: int) -> None:
        self.looked_after.append(worker)


class Trial:
    """What a fault is carried out with: worker processes of one command, and a nemesis with its plan."""

    def __init__(
        self, folder: Path, *, command: str, plan: Plan, answers: Mapping[int, str], server: Server | None
    ) -> None:
        self.tape = LiveTape()
        self.registry = WorkerRegistry()
        self.workers = WorkerProcesses(
            self.registry,
            command=command,
            environment=self._environment,
            logs=folder,
            tape=self.tape,
            task_queue="",
            recover=self._recover,
            strict=True,
        )
        server = server or Server()
        recovered: Any = Recovered()
        self.recovered = recovered
        self.striking = Striking(
            self.workers, tape=self.tape, recovery=recovered, answers=answers, server=server, crashed=server.crashed
        )
        self.nemesis = Nemesis(plan, tape=self.tape, workers=self.registry, striker=self.striking)

    async def _environment(self, number: int) -> dict[str, str]:
        return environment({})

    def strike(self, fault: str, met: Entry) -> Struck:
        return self.striking.strike(faults.named(fault), met)

    async def _recover(self, worker: int) -> None:
        self.tape.note("recover", worker=worker)


@asynccontextmanager
async def trial(
    folder: Path,
    *strikes: Strike,
    command: str = "never-started",
    answers: Mapping[int, str] | None = None,
    server: Server | None = None,
) -> AsyncIterator[Trial]:
    found = Trial(folder, command=command, plan=Plan(strikes), answers=answers or {}, server=server)
    try:
        async with asyncio.timeout(LIMIT):
            yield found
    finally:
        await found.nemesis.finish()
        await found.workers.stop()


async def decided(struck: Struck) -> Decision:
    return await struck.decision if isinstance(struck.decision, Awaitable) else struck.decision


def told(tape: LiveTape) -> list[tuple[str, int]]:
    return [(each.operation, each.worker) for each in tape.entries if each.kind == "act"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("unavailable-once", "UNAVAILABLE"),
        ("resource-exhausted-until-healed", "RESOURCE_EXHAUSTED"),
        ("heartbeat-lost", "DEADLINE_EXCEEDED"),
    ],
)
async def test_a_request_is_refused_with_the_code_of_the_fault(tmp_path: Path, fault: str, code: str) -> None:
    async with trial(tmp_path) as found:
        struck = found.strike(fault, entry(DONE))
        assert struck == Struck(decision=Refusal(code, f"refused by crashproof: {fault}"))


async def test_a_lost_reply_of_an_rpc_is_a_broken_connection(tmp_path: Path) -> None:
    async with trial(tmp_path) as found:
        struck = found.strike("reply-lost", entry(DONE.at("after")))
        assert isinstance(struck.decision, Refusal)
        assert struck.decision.code == "UNAVAILABLE"
        assert (struck.dead, struck.healing) == (0, None)


async def test_a_task_that_was_handed_out_in_a_lost_reply_is_freed(tmp_path: Path) -> None:
    async with trial(tmp_path) as found:
        lost = entry(POLLED)
        struck = found.strike("reply-lost", lost)
        assert isinstance(struck.decision, Refusal)
        assert struck.healing is not None
        await struck.healing
        assert found.recovered.entries == [(lost, False)]


async def test_tasks_that_were_handed_out_eagerly_in_a_lost_reply_are_freed(tmp_path: Path) -> None:
    async with trial(tmp_path) as found:
        struck = found.strike("reply-lost", replace(entry(DONE.at("after")), facts=EagerTasks(hands_out=2)))
        assert struck.healing is not None
        await struck.healing
        assert found.recovered.looked_after == [1]


async def test_a_lost_reply_of_an_effect_is_a_closed_connection(tmp_path: Path) -> None:
    async with trial(tmp_path) as found:
        assert found.strike("effect-reply-lost", entry(EFFECT)) == Struck(decision="drop")


async def test_a_model_error_is_an_answer_in_the_format_of_the_provider(tmp_path: Path) -> None:
    async with trial(tmp_path) as found:
        asked = replace(entry(MODEL), facts=HttpCall(path="/v1/chat/completions"))
        struck = found.strike("model-429-seconds", asked)
        assert isinstance(struck.decision, Answer)
        assert (struck.decision.status, struck.decision.headers["retry-after"]) == (429, "3")
        assert '"rate_limit_exceeded"' in struck.decision.text
        anthropic = found.strike("model-400", replace(asked, facts=HttpCall(path="/v1/messages")))
        assert isinstance(anthropic.decision, Answer)
        assert '"type":"error"' in anthropic.decision.text.replace(" ", "")
        assert found.strike("model-reset", asked) == Struck(decision=RESET)


async def test_an_answer_is_cut_short_in_the_bytes_that_were_to_be_sent(tmp_path: Path) -> None:
    whole = '{"choices": [{"message": {"content": "long"}}]}'
    async with trial(tmp_path, answers={5: whole}) as found:
        struck = found.strike("model-truncated", entry(MODEL.at("after"), number=5))
        assert isinstance(struck.decision, Answer)
        assert struck.decision.delivery == "complete"
        assert struck.decision.text == whole[: len(whole) // 2]


async def silenced(found: Trial) -> asyncio.Task[None]:
    struck = found.strike("model-silent", entry(MODEL))
    assert struck.decision == SILENT
    assert struck.healing is not None
    return asyncio.create_task(_awaited(struck.healing))


async def _awaited(healing: Any) -> None:
    await healing


@pytest.mark.parametrize(
    "given_up",
    [
        pytest.param(MODEL, id="it asks again"),
        pytest.param(replace(DONE, operation="RespondActivityTaskFailed"), id="the attempt fails"),
    ],
)
async def test_silence_is_over_when_the_agent_has_given_up(tmp_path: Path, given_up: Point) -> None:
    async with trial(tmp_path) as found:
        healing = await silenced(found)
        for other in (
            entry(MODEL, activity="8"),
            entry(replace(DONE, operation="RespondActivityTaskFailed"), activity="8"),
            entry(replace(DONE, operation="RecordActivityTaskHeartbeat")),
            entry(EFFECT.at("before")),
            entry(MODEL.at("after")),
        ):
            await found.nemesis.decide(other)
        await found.tape.changed(timeout=0.05)
        assert not healing.done()
        await found.nemesis.decide(entry(given_up))
        await healing
        assert found.recovered.entries == []


async def test_an_agent_that_never_gives_up_has_its_activity_timed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(striking, "PATIENCE_SECONDS", 0.05)
    async with trial(tmp_path) as found:
        await (await silenced(found))
        assert [(each.activity_id, running) for each, running in found.recovered.entries] == [("7", True)]


async def test_an_attempt_that_no_client_outlasts_is_timed_out_at_once(tmp_path: Path) -> None:
    async with trial(tmp_path) as found:
        struck = found.strike("model-silent-always", entry(MODEL))
        assert struck.decision == SILENT
        assert struck.healing is not None
        await struck.healing
        assert [(each.activity_id, running) for each, running in found.recovered.entries] == [("7", True)]


class Server:
    """A server that is killed when the test lets it be, and keeps what was done to it."""

    def __init__(self, *, failure: Exception | None = None) -> None:
        self.done: list[str] = []
        self.may_die = asyncio.Event()
        self.may_start = asyncio.Event()
        self.may_start.set()
        self._failure = failure

    async def kill(self) -> None:
        await self.may_die.wait()
        self.done.append("killed")
        if self._failure:
            raise self._failure

    async def crashed(self) -> None:
        self.done.append("copied")

    async def start(self) -> None:
        await self.may_start.wait()
        self.done.append("started")


@asynccontextmanager
async def with_server(folder: Path, server: Server, *strikes: Strike) -> AsyncIterator[Trial]:
    async with trial(folder, *strikes, server=server) as found:
        yield found


@pytest.mark.parametrize(("point", "expected"), [(DONE, "UNAVAILABLE"), (MODEL, "go"), (EFFECT, "go")])
async def test_the_message_waits_for_the_death_of_the_server(tmp_path: Path, point: Point, expected: str) -> None:
    server = Server()
    async with with_server(tmp_path, server, Strike("kill-server", point.id)) as found:
        deciding = asyncio.create_task(found.nemesis.decide(entry(point)))
        await noted(found.tape, "strike")
        assert not deciding.done()
        server.may_die.set()
        decision = await deciding
        assert (decision.code if isinstance(decision, Refusal) else decision) == expected
        await noted(found.tape, "heal")
    assert server.done == ["killed", "copied", "started"]
    assert told(found.tape) == [("strike", 1), ("stop-server", 0), ("start-server", 0), ("heal", 1)]


async def test_once_the_server_is_back_it_is_looked_for_what_it_had_handed_out_unheard(tmp_path: Path) -> None:
    server = Server()
    async with with_server(tmp_path, server, Strike("kill-server", POLLED.id)) as found:
        deciding = asyncio.create_task(found.nemesis.decide(entry(POLLED)))
        await noted(found.tape, "strike")
        assert found.recovered.looked_after == []
        server.may_die.set()
        await deciding
        await noted(found.tape, "heal")
        assert (server.done[-1], found.recovered.looked_after, found.recovered.entries) == ("started", [1], [])


async def test_a_server_on_its_way_back_is_killed_when_it_is_there(tmp_path: Path) -> None:
    server = Server()
    server.may_die.set()
    server.may_start.clear()
    async with with_server(tmp_path, server, *(Strike("kill-server", each.id) for each in (MODEL, EFFECT))) as found:
        assert await found.nemesis.decide(entry(MODEL)) == "go"
        await noted(found.tape, "stop-server")
        deciding = asyncio.create_task(found.nemesis.decide(entry(EFFECT, number=2)))
        while len(list(acts(found.tape.entries, "strike"))) < 2:
            await asyncio.sleep(0.01)
        server.may_start.set()
        assert await deciding == "go"
        await found.nemesis.whole(timeout=LIMIT)
    assert server.done == ["killed", "copied", "started", "killed", "copied", "started"]


async def test_a_server_that_does_not_die_ends_the_trial_and_holds_no_message(tmp_path: Path) -> None:
    server = Server(failure=RigError("it does not die"))
    server.may_die.set()
    async with with_server(tmp_path, server, Strike("kill-server", DONE.id)) as found:
        assert isinstance(await found.nemesis.decide(entry(DONE)), Refusal)
        await found.nemesis.whole(timeout=LIMIT)
        assert str(found.tape.failure) == "it does not die"
    assert server.done == ["killed"]


async def test_a_process_killed_is_dead_at_once_and_the_next_one_is_started(tmp_path: Path) -> None:
    async with trial(tmp_path, Strike("kill-worker", DONE.id), command=python(SLEEPS)) as found:
        await polling(found.workers, "q")
        assert await found.nemesis.decide(entry(DONE)) == "drop"
        assert found.registry.died(1)
        await noted(found.tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await noted(found.tape, "heal")
        assert not found.registry.died(2)


@pytest.mark.parametrize(("script", "status"), [(GRACEFUL, 0), (SLEEPS, -15)], ids=["in its own way", "at once"])
async def test_a_message_goes_on_though_its_process_has_ended_as_it_was_asked_to(
    tmp_path: Path, script: str, status: int
) -> None:
    async with trial(tmp_path, Strike("terminate-worker", DONE.id), command=python(script)) as found:
        await polling(found.workers, "q")
        await says(found.workers, "here")
        assert await found.nemesis.decide(entry(DONE)) == "go"
        await noted(found.tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await noted(found.tape, "heal")
    acted = told(found.tape)
    begun = acted.index(("strike", 1))
    order = [("strike", 1), ("worker-exit", 1), ("start-worker", 2), ("worker-ready", 2), ("heal", 1)]
    assert [each for each in acted[begun:] if each in order] == order
    assert next(acts(found.tape.entries, "worker-exit")).facts == WorkerExited(exit_status=status, expected=True)


async def test_a_process_that_does_not_end_in_time_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(striking, "TERM_SECONDS", 0.3)
    async with trial(tmp_path, Strike("terminate-worker", DONE.id), command=python(STUBBORN)) as found:
        await polling(found.workers, "q")
        await says(found.workers, "here")
        assert await found.nemesis.decide(entry(DONE)) == "go"
        await noted(found.tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await noted(found.tape, "heal")
    assert next(acts(found.tape.entries, "worker-overstayed")).facts == WorkerOverstayed(limit=0.3)
    assert next(acts(found.tape.entries, "worker-exit")).facts == WorkerExited(exit_status=-9, expected=True)


async def test_a_message_is_held_until_the_process_that_is_asked_to_end_takes_no_task_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(striking, "_HEED_SECONDS", LIMIT)
    async with trial(tmp_path, Strike("terminate-worker", DONE.id), command=python(STUBBORN)) as found:
        await polling(found.workers, "q")
        await says(found.workers, "here")
        going = asyncio.ensure_future(found.nemesis.decide(entry(DONE)))
        await noted(found.tape, "strike", worker=1)
        for number, point in enumerate((POLLED, STOPPING), 2):
            assert await found.nemesis.decide(entry(point, number=number)) == "go"
        await asyncio.sleep(0)
        assert not going.done()
        assert await found.nemesis.decide(entry(STOPPING.at("after"), number=3)) == "go"
        assert await going == "go"


async def test_a_process_killed_while_it_ends_is_followed_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(striking, "_HEED_SECONDS", 0.0)
    strikes = (Strike("terminate-worker", DONE.id), Strike("kill-worker", MODEL.id))
    async with trial(tmp_path, *strikes, command=python(STUBBORN)) as found:
        await polling(found.workers, "q")
        await says(found.workers, "here")
        assert await found.nemesis.decide(entry(DONE)) == "go"
        assert await found.nemesis.decide(entry(MODEL, number=2)) == "drop"
        await noted(found.tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await noted(found.tape, "heal")
        assert [act.worker for act in acts(found.tape.entries, "start-worker")] == [1, 2]
